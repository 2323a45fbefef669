"""The errors of the province's end: stable codes, each with a remedy. Pure.

`docs/errors.md` lists the codes beside the pad's (a test compares); a code is never reused.
`errors_zh.py` has them in Chinese.
"""

import enum

from sync.error_codes import CodedError, ErrorRow
from sync.store_port import Cause, StoreFailureError


class ProvinceCode(ErrorRow, enum.Enum):
    """The stable codes of the province's end."""

    STORE_URL = ErrorRow(
        "P01",
        "the store's URL is not supported",
        "Give `sqlite:///path/to/file` or `postgresql://user@host/database`.",
    )
    STORE_ABSENT = ErrorRow(
        "P02",
        "the store cannot be reached",
        "Check that the database runs, the path exists, and this user may open it.",
    )
    STORE_FOREIGN = ErrorRow(
        "P03",
        "the database is not a store of this version",
        "Point to an empty database or to a store; the database is left as it is.",
    )
    STORE_WRITE = ErrorRow(
        "P04",
        "the store could not commit",
        "Look at the database's log and free space. Nothing was receipted; the pads send again.",
    )
    BACKEND_MISSING = ErrorRow(
        "P05",
        "the driver for this database is not installed",
        "Type the pip line of the detail.",
    )
    CHAIN_BROKEN = ErrorRow(
        "P06",
        "stored entries do not carry their chain",
        "Keep the database as evidence; restore a backup, the pads send what it lacks again.",
    )
    DERIVED_WRONG = ErrorRow(
        "P07",
        "a derived row is not what the stored entries say",
        "Somebody or something changed it. The raw entries are the truth; report the row.",
    )
    BROKER_URL = ErrorRow(
        "P08",
        "the broker's address is not supported",
        "Give `mqtt://127.0.0.1:1883`: plain MQTT goes over loopback only.",
    )
    KEY_FILE = ErrorRow(
        "P09",
        "a phone's key file cannot be used",
        "Give a file that `ratingpad-province phone-key` made, and a new name for a new one.",
    )
    STORE_SILENT = ErrorRow(
        "P10",
        "the database does not answer in time",
        "Look at the database's load and at the network between; the receiver connects again by"
        " itself and the pads keep what is not stored.",
    )
    STORE_ENCODING = ErrorRow(
        "P11",
        "the database's encoding is not UTF8",
        "Make another one for the store: `createdb -T template0 -E UTF8 NAME`.",
    )
    STORE_LOCKED = ErrorRow(
        "P12",
        "another session holds a lock on the database",
        "Find and end it (PostgreSQL: `pg_locks`, `pg_blocking_pids`; SQLite: `fuser FILE`). What"
        " waits is stored afterwards.",
    )
    STORE_ROOM = ErrorRow(
        "P13",
        "the database has no disk space, memory or connections left",
        "Make room, or allow more connections. What waits is stored afterwards.",
    )
    STORE_REFUSES = ErrorRow(
        "P14",
        "the database does not let this user write",
        "Give the store's user its rights on all tables, and a database that is not a read-only"
        " standby. What waits is stored afterwards.",
    )
    BROKER_REFUSED = ErrorRow(
        "P15",
        "the broker does not admit this receiver",
        "Allow it to connect, to subscribe to `pad/v1/+/up/#` and to publish `pad/v1/+/down/#`.",
    )
    BROKER_LACKS = ErrorRow(
        "P16",
        "the broker is without something that a receiver needs",
        "Set it up for what the detail names; without shared subscriptions use `--no-share`.",
    )
    RECEIVER_TWICE = ErrorRow(
        "P17",
        "another client connects with this receiver's id",
        "Find it at the broker; every receiver takes a random id, so this is no receiver of ours.",
    )
    STORE_NO_FILE = ErrorRow(
        "P18",
        "there is no such store",
        "Check the path in `--store`. `receive` makes a new store, in a directory that exists; the"
        " other commands make none.",
    )
    STORE_RIGHTS = ErrorRow(
        "P19",
        "this user may not open the store",
        "Run the command as the store's user. To look at it as another one, copy the file, and the"
        " `-wal` beside it, into a directory of your own.",
    )
    STORE_NO_DATABASE = ErrorRow(
        "P20",
        "this is no database",
        "Give the file that `receive` made; the one named is left as it is.",
    )
    STORE_DISPLACED = ErrorRow(
        "P21",
        "the store's file was removed, renamed, replaced or overwritten while the receiver runs",
        "Put the file and its `-wal` back: the receiver resumes by itself. If they are gone, stop"
        " it, move what is left aside (`-wal` and `-shm`, too), and start it with a backup or a new"
        " store; the pads send what is missing.",
    )
    LOOKED_AT_FILE = ErrorRow(
        "P22",
        "the file of `verify --looked-at` cannot be used",
        "Mend the line that the detail names: each finding as `verify` printed it, below a line"
        " `# ` with date and reason.",
    )
    RATINGS_OF_NONE = ErrorRow(
        "P23",
        "`ratings` was asked for what the store does not know",
        "Correct what the detail names; without that option the list shows how it is spelt.",
    )


class ProvinceError(CodedError[ProvinceCode]):
    """The base of all errors of the province's end."""

    code = ProvinceCode.STORE_WRITE


class StoreError(ProvinceError, StoreFailureError, OSError):
    """The store could not be opened, read or written; `cause`: what a receiver does about it."""

    def __init__(
        self, detail: str, code: ProvinceCode | None = None, cause: Cause = Cause.WAIT
    ) -> None:
        super().__init__(detail, code)
        self.cause = cause


class StoreUrlError(ProvinceError, ValueError):
    """The store's URL is wrong."""

    code = ProvinceCode.STORE_URL


class BrokerUrlError(ProvinceError, ValueError):
    """The broker's address is wrong."""

    code = ProvinceCode.BROKER_URL


class LookedAtFileError(ProvinceError, ValueError):
    """The file of the findings that were looked at cannot be read, or is not one."""

    code = ProvinceCode.LOOKED_AT_FILE


class KeyFileError(ProvinceError, ValueError):
    """A key file cannot be read, or not be made."""

    code = ProvinceCode.KEY_FILE


class UnknownFilterError(ProvinceError, ValueError):
    """A list of ratings was asked for that are of nothing which the store knows."""

    code = ProvinceCode.RATINGS_OF_NONE
