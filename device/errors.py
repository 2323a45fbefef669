"""The errors of a pad: stable codes, each with a remedy. Pure.

A code is a letter and two digits, short enough for a 128×64 screen, a log line and the telephone,
and is never reused. `docs/errors.md` lists them all (a test compares); `errors_zh.py` has
them in Chinese.
"""

import enum

from sync.error_codes import CodedError, ErrorRow

_LOOK_AT_SCREEN = (
    "Look at the screen and its cable, then at `systemctl status ratingpad-kiosk`; the browser is"
    " started again by itself. Where another program shows the page: `[touch] watch_s = 0`."
)


class PadCode(ErrorRow, enum.Enum):
    """The stable codes. L ledger, K keys, D display, A lights and sound, B bus,
    C clock, N network, S set-up, X inside."""

    LEDGER_WRITE = ErrorRow(
        "L01",
        "an entry could not be written",
        "Look at the card: `dmesg`, free space, read-only mount. The pad tries again by itself.",
        blocks=True,
    )
    LEDGER_FULL = ErrorRow(
        "L02",
        "the card is full",
        "Free space on the ledger's file system. The pad resumes by itself.",
        blocks=True,
    )
    LEDGER_DAMAGED = ErrorRow(
        "L03",
        "the ledger file was damaged or gone; a new one was opened",
        "Keep what was set aside. Change the card, unless somebody removed the file; `ratingpad"
        " verify` names what is missing.",
    )
    LEDGER_IN_USE = ErrorRow(
        "L04",
        "another agent holds this ledger",
        "Stop the other agent; only one may run on a pad.",
        blocks=True,
    )
    LEDGER_DIVERGED = ErrorRow(
        "L05",
        "the province holds another history of this ledger",
        "A card was restored or copied. The pad goes on in a new ledger; report it.",
    )
    LEDGER_FOREIGN = ErrorRow(
        "L06",
        "the ledger file belongs to another pad or is no ledger",
        "Check `[pad] id` and `[ledger] path`; the file is left as it is.",
        blocks=True,
    )
    LEDGER_CUT = ErrorRow(
        "L07",
        "committed entries are gone from the end of the ledger",
        "Keep the set-aside file. Ask who copied or removed files beside the ledger; if nobody did,"
        " change the card. The detail and the province's `verify` say which entries.",
    )
    LEDGER_DISPLACED = ErrorRow(
        "L08",
        "the ledger's file was removed, renamed, replaced or overwritten while the pad runs",
        "Put the files back: the pad resumes by itself. If they are gone, leave it on until"
        " `systemctl status ratingpad` says that nothing waits for the province; then restart it.",
        blocks=True,
    )
    KEY_STUCK = ErrorRow(
        "K01",
        "a key has been down too long",
        "Free or replace the key named in the detail.",
    )
    KEY_CHATTER = ErrorRow(
        "K02",
        "a key bounces longer than its debounce time",
        "Replace the key named in the detail or check its wiring.",
    )
    KEY_WRONG = ErrorRow(
        "K04",
        "another key answers than the one that was asked for",
        "Check the wires of the keys named in the detail, or the key map of this model.",
    )
    KEYS_GONE = ErrorRow(
        "K03",
        "the keys do not answer",
        "Check what the detail names, else the cable of the key pad; it is taken up again by"
        " itself.",
        blocks=True,
    )
    KEY_REPEATS = ErrorRow(
        "K06",
        "a key is pressed again and again while nobody is asked",
        "Look at the key named in the detail: stuck half-way, wet, a loose wire, or a child that"
        " plays. Its presses do not count until it has been quiet for some 10 s.",
    )
    SCREEN_GONE = ErrorRow(
        "K05",
        "no screen shows the touch page, and there are no other keys",
        _LOOK_AT_SCREEN,
        blocks=True,
    )
    DISPLAY_GONE = ErrorRow(
        "D01",
        "the display does not answer",
        "Check what the detail names, else the display's cable; it is taken up again by itself.",
    )
    SCREEN_GONE_KEYS_LEFT = ErrorRow(
        "D02",
        "no screen shows the touch page; the keys work",
        _LOOK_AT_SCREEN,
    )
    SCREEN_MISFIT = ErrorRow(
        "D03",
        "the touch page does not fit its screen",
        "Measure the screen's picture: `[touch] px_per_mm` is its width in pixels by its width in"
        " mm. Where the detail says that a text is too long: shorten the hall's name or the"
        " notice.",
    )
    SIGNAL_GONE = ErrorRow(
        "A01",
        "a light, the beeper or the voice does not work",
        "Check the part named in the detail; ratings are taken without it.",
    )
    BUS_GONE = ErrorRow(
        "B01",
        "the bus of the old controller does not answer",
        "Check the adapter, its two wires and the controller; the pad goes on by itself.",
    )
    CLOCK_UNKNOWN = ErrorRow(
        "C01",
        "the time of day is not known",
        "Check the time server. Ratings are kept and dated once the time is known.",
    )
    PROVINCE_SILENT = ErrorRow(
        "N01",
        "the province has not answered for a long time",
        "Check the network. Ratings are kept on the pad and sent later.",
    )
    PROVINCE_REFUSED = ErrorRow(
        "N02",
        "the province refused a batch",
        "Report the problem named in the detail; every entry is kept on the pad.",
    )
    BROKER_REFUSED = ErrorRow(
        "N03",
        "the broker does not admit this pad",
        "Give the pad its account and its topics at the broker; the detail has the broker's words.",
    )
    ID_TWICE = ErrorRow(
        "N04",
        "another device connects with this pad's id",
        "Find it, give it its own `[pad] id`. If there is none, the link breaks every few seconds.",
    )
    BROKER_LACKS = ErrorRow(
        "N05",
        "the broker is without something that the pad needs",
        "Set up the broker for what the detail names, for instance `max_qos 1`; ratings are kept.",
    )
    BROKER_TOO_SMALL = ErrorRow(
        "N06",
        "the broker takes no message as long as this one",
        "Raise the broker's `max_packet_size`; the entry in the detail is kept, as all behind it.",
    )
    CONFIG_WRONG = ErrorRow(
        "S01",
        "the configuration cannot be used",
        "Mend what the detail names; `ratingpad check` names all of it at once.",
        blocks=True,
    )
    RIGHTS_MISSING = ErrorRow(
        "S02",
        "a file belongs to another user",
        "Do what the detail says; what `sudo ratingpad` makes belongs to root.",
        blocks=True,
    )
    DESK_CLOSED = ErrorRow(
        "S03",
        "the desk cannot be opened",
        "Mend the port, token file or certificate that the detail names. The keys work; the desk is"
        " tried again by itself.",
    )
    TOUCH_CLOSED = ErrorRow(
        "S04",
        "the touch page cannot be served",
        "Mend the port, file or library that the detail names. The page is tried again by itself.",
    )
    FILE_UNUSED = ErrorRow(
        "S05",
        "a file that the pad can do without cannot be used",
        "Mend the file that the detail names; it is read again by itself.",
    )
    RESTARTED_OFTEN = ErrorRow(
        "S06",
        "the agent was started again and again",
        "Look into the log for why it ended: `journalctl -u ratingpad`. It waits longer each time.",
    )
    LIBRARY_MISSING = ErrorRow(
        "S07",
        "a library that the keys need is not installed",
        "Type the pip line of the detail, then `systemctl restart ratingpad`.",
        blocks=True,
    )
    PART_LIBRARY_MISSING = ErrorRow(
        "S08",
        "a library of the display, lights, beeper or voice is not installed",
        "Type the pip line of the detail, then `systemctl restart ratingpad`. Ratings are taken.",
    )
    INTERNAL = ErrorRow(
        "X01",
        "a part of the agent failed",
        "Send the log to support; the agent is started again by itself.",
        blocks=True,
    )


def by_code(code: str) -> PadCode:
    """The row of a stable code such as "L02". Raises StopIteration for an unknown one."""
    return next(row for row in PadCode if row.code == code)


class PadError(CodedError[PadCode]):
    """The base of all errors of the pad."""

    code = PadCode.INTERNAL


class LedgerError(PadError, OSError):
    """The ledger could not be opened, read or written."""

    code = PadCode.LEDGER_WRITE


class DriverError(PadError, OSError):
    """A piece of hardware does not answer."""

    code = PadCode.KEYS_GONE


class ConfigError(PadError, ValueError):
    """The configuration has mistakes; the detail holds one line for each of them."""

    code = PadCode.CONFIG_WRONG
