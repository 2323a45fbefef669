"""What Chinese text for people must look like: full-width punctuation, a space beside Latin."""

import re

HAN = r"[\u4e00-\u9fff]"
_HALF_WIDTH = re.compile(rf"{HAN}[,;:!?()]|[,;:!?()]{HAN}|\d;\d|{HAN}\.(?:\s|$)|\"{HAN}|{HAN}\"")
_WITHOUT_SPACE = re.compile(rf"{HAN}[A-Za-z0-9`]|[A-Za-z0-9`]{HAN}")
_BROKEN_LINE = re.compile(rf"{HAN}\n{HAN}")
"""A line break is shown as a space."""


def badly_set(text: str) -> list[str]:
    """Where a text has half-width punctuation between Chinese characters; Latin letters, digits or
    code without a space before or after a Chinese character; a line broken between two Chinese
    characters. Code and the targets of links are not looked into.
    """
    plain = re.sub(r"`[^`\n]+`", "`code`", re.sub(r"\]\([^)]*\)", "]", text))
    found = [*_HALF_WIDTH.finditer(plain), *_WITHOUT_SPACE.finditer(plain)]
    found += _BROKEN_LINE.finditer(plain)
    return [plain[max(0, hit.start() - 8) : hit.end() + 8] for hit in found]
