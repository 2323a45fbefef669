"""What `--json` prints of an error. Pure."""

import msgspec

from sync.error_codes import CodedError, Row

USAGE = "usage"
"""The code of an error that has none: what was typed is wrong."""


class ErrorReport(msgspec.Struct, frozen=True):
    """A command could not do what it was asked, or found this. `code`: that of docs/errors.md, or
    `usage`. The texts are English, whatever the locale.
    """

    code: str
    says: str
    detail: str
    remedy: str


def error_report(error: CodedError[Row]) -> ErrorReport:
    """An error for a program."""
    row = error.code
    return ErrorReport(row.code, row.says, error.detail, row.remedy)


def usage_report(text: str) -> ErrorReport:
    """An error without a code, for a program."""
    return ErrorReport(USAGE, "the command cannot be carried out like this", str(text), "")
