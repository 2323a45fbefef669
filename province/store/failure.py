"""What an error of a database means: whose fault it is, and which code it gets. Pure.

The one place that decides. An error is judged by its class, PostgreSQL's SQLSTATE or SQLite's
result code, never by how often it came: a lock, a full disk or a lost connection says nothing about
the message that was to be stored.
"""

from typing import NamedTuple

from province.errors import ProvinceCode
from sync.store_port import Cause


class Failure(NamedTuple):
    """What the receiver does, and what the log says."""

    cause: Cause
    code: ProvinceCode


_NO_CONNECTION = Failure(Cause.DOWN, ProvinceCode.STORE_ABSENT)
_SILENT = Failure(Cause.DOWN, ProvinceCode.STORE_SILENT)
_SLOW = Failure(Cause.WAIT, ProvinceCode.STORE_SILENT)
_LOCKED = Failure(Cause.WAIT, ProvinceCode.STORE_LOCKED)
_NO_ROOM = Failure(Cause.WAIT, ProvinceCode.STORE_ROOM)
_REFUSED = Failure(Cause.SETUP, ProvinceCode.STORE_REFUSES)
_OTHER = Failure(Cause.WAIT, ProvinceCode.STORE_WRITE)
_DATA = Failure(Cause.DATA, ProvinceCode.STORE_WRITE)
_DAMAGED = Failure(Cause.SETUP, ProvinceCode.STORE_WRITE)

SILENT = _SILENT
"""A connection that did not answer in time."""

_SQLSTATES = {
    "55P03": _LOCKED,  # lock_not_available: `lock_timeout`
    "57014": _SLOW,  # query_canceled: `statement_timeout`, or an administrator
    "53300": Failure(Cause.DOWN, ProvinceCode.STORE_ROOM),  # too_many_connections
    "25006": _REFUSED,  # read_only_sql_transaction: a standby
}
"""PostgreSQL's error codes (its manual, appendix A) that differ from their class."""

_SQLSTATE_CLASSES = {
    "08": _NO_CONNECTION,
    "0A": _REFUSED,
    "22": _DATA,  # data exception, wrong encodings among them
    "23": _DATA,  # integrity constraint violation
    "25": _NO_CONNECTION,  # invalid transaction state: the connection is made anew
    "26": _NO_CONNECTION,  # invalid statement name: a pooler gave us another connection
    "28": _REFUSED,
    "3D": _REFUSED,
    "3F": _REFUSED,
    "40": _LOCKED,  # transaction rollback: lost against another one
    "42": _REFUSED,  # a table, a column or a right is missing
    "53": _NO_ROOM,  # insufficient resources
    "54": _DATA,  # program limit exceeded: a value that no index or row can hold
    "55": _LOCKED,
    "57": _NO_CONNECTION,  # operator intervention: shutdown, crash, restart
    "58": _OTHER,  # system error
    "P0": _REFUSED,  # raised by a trigger
    "XX": _OTHER,  # internal error
}

_SQLITE_CODES = {
    3: _REFUSED,  # PERM
    5: _LOCKED,  # BUSY
    6: _LOCKED,  # LOCKED
    7: _NO_ROOM,  # NOMEM
    8: _REFUSED,  # READONLY
    11: _DAMAGED,  # CORRUPT
    13: _NO_ROOM,  # FULL
    14: _NO_CONNECTION,  # CANTOPEN
    18: _DATA,  # TOOBIG
    19: _DATA,  # CONSTRAINT
    20: _DATA,  # MISMATCH
    23: _REFUSED,  # AUTH
    25: _DATA,  # RANGE
    26: _DAMAGED,  # NOTADB
}
"""SQLite's primary result codes (https://sqlite.org/rescode.html)."""


def of_sqlstate(sqlstate: str) -> Failure:
    """PostgreSQL's error."""
    return _SQLSTATES.get(sqlstate) or _SQLSTATE_CLASSES.get(sqlstate[:2], _OTHER)


def of_sqlite(result_code: int) -> Failure:
    """SQLite's error, by its extended result code."""
    return _SQLITE_CODES.get(result_code & 0xFF, _OTHER)


def of_driver(error: BaseException | None) -> Failure:
    """The error of a database driver: by its code, or for one without a code by the name that its
    class has in the Python database API (PEP 249). A client that says `operational` or `interface`
    without a code has no connection.
    """
    result_code = getattr(error, "sqlite_errorcode", None)
    if result_code is not None:
        return of_sqlite(result_code)
    sqlstate = getattr(error, "sqlstate", None)
    if sqlstate is not None:
        return of_sqlstate(sqlstate)
    names = {kind.__name__ for kind in type(error).__mro__}
    if "DataError" in names:
        return _DATA
    return _NO_CONNECTION if names & {"OperationalError", "InterfaceError"} else _OTHER
