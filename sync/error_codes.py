"""The row of a stable error code, and the exception that carries one. Pure.

Pad and province have a table of codes each (`device/errors.py`, `province/errors.py`); what a row
and its exception look like is the same at both ends.
"""

from typing import Generic, NamedTuple, TypeVar


class ErrorRow(NamedTuple):
    """What a code means and what to do. `blocks`: whether the window must close while it stands,
    which only a pad's code may ask for.
    """

    code: str
    says: str
    remedy: str
    blocks: bool = False


class ChineseText(NamedTuple):
    """The words of a row in Chinese, as docs/errors.zh-CN.md has them."""

    says: str
    remedy: str


Row = TypeVar("Row", bound=ErrorRow)


class CodedError(Exception, Generic[Row]):
    """An error with a row of a table, and a detail: what exactly, where.

    The class has a `code` of its own; one of its errors may be raised with another. `wording`: the
    detail as it was given; where that is a `Sentence`, it can be said in another language.
    """

    code: Row

    def __init__(self, detail: str, code: Row | None = None) -> None:
        self.code = code or type(self).code
        self.wording = detail
        self.detail = detail = str(detail)
        super().__init__(f"{self.summary}{'' if detail[-1:] in '.?!' else '.'} {self.code.remedy}")

    @property
    def summary(self) -> str:
        """The code, what it means and the detail, without the remedy."""
        return f"{self.code.code} {self.code.says}: {self.detail}"
