"""The canonical form of the texts that serve as identity, such as case numbers. Pure.

Whether two requests are about one service is decided by comparing these texts. What a person cannot
tell apart must be one text, or a citizen is asked twice, or the next one is refused as rated. So
every way in takes the canonical form, and only that is stored, compared and sent:

1. Characters without a width of their own are left out (format characters, variation selectors and
   the like): a page, a scanner or an input method adds them, and nobody who would be refused for
   one could see it.
2. NFKC: full-width forms, the ideographic space and the Kangxi radicals (U+2F00 to U+2FD5) that
   PDF readers give become what they look like. Every platform has it, so another implementation
   needs one call.
3. The dashes U+2010 to U+2015 and the minus sign become `-`: word processors replace the key's
   hyphen by them. U+4E00 (the numeral one) and U+30FC are characters of their own and stay.
4. White space at both ends is cut, and a run of it inside becomes one space.
5. What is left must not be empty, has at most as many characters (code points; UTF-8 has at most
   four bytes for each) as its field allows, and none of these: control characters and line ends,
   which forge lines in logs and tables; private-use characters, which are another sign on each
   computer; radicals and strokes that NFKC leaves (U+2E80 to U+2EFF, U+31C0 to U+31EF), many of
   which look like a character (U+2ED3 like U+957F); unassigned ones, whose NFKC is not fixed yet;
   lone surrogates; and U+FFFD, which means that a decoder before us lost the text.

Letters of two scripts that look alike (Latin A, Greek Alpha) stay two texts.

Case is kept: numbers with letters of both cases exist, scanners give them exactly, and to merge two
citizens' cases is worse than to ask one citizen twice.

Pad ids are not in this list: they are `[a-z0-9-]{1,32}` and nothing is changed to fit.
`tests/sync/golden/identity-text.json` has examples for other implementations.
"""

import re
import unicodedata

import msgspec

from sync.sentence import Sentence

MAX_CHARS = {"case": 50, "matter": 40, "step": 20, "clerk": 40, "by": 40, "window": 8}
"""The longest canonical form of each field. A case number is an..50 (GB/T 39046-2020 table 9); the
live interfaces have matter codes of up to 31 characters."""

MAX_RAW_CHARS = 256
"""The longest text that is looked at: leaves room for white space and for what is left out, and
bounds the work."""

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Default_Ignorable_Code_Point of Unicode (fillers, joiners, selectors, tags), and blank Braille
(U+2800)."""

_DASHES = dict.fromkeys([*range(0x2010, 0x2016), 0x2212], "-")
_WHITE = "\t\n\x0b\x0c\r \x85\u1680\u2028\u2029"
"""What NFKC leaves of Unicode's White_Space."""
_SPACES = re.compile("[ \u1680]+")
_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_IDEOGRAPHS = range(0x20000, 0x40000)
"""Planes 2 and 3, which Unicode keeps for Han: names have characters that are newer than this
Python's tables."""
_PARTS = (range(0x2E80, 0x2F00), range(0x31C0, 0x31F0))
"""CJK Radicals Supplement and CJK Strokes: parts of characters, which are no text by themselves."""


class IdentityTextError(ValueError):
    """The text has no canonical form; the message says why, and quotes nothing of it."""


def canonical(text: str, max_chars: int) -> str:
    """The canonical form of `text`. Raises IdentityTextError when it has none, or a longer one."""
    if len(text) > MAX_RAW_CHARS:
        raise IdentityTextError(Sentence("is longer than {count} characters", count=max_chars))
    text = _folded(text)
    if _LINE.search(text):
        raise IdentityTextError(Sentence("has a control character or a line end in it"))
    text = _SPACES.sub(" ", text)
    if not text:
        raise IdentityTextError(Sentence("is blank"))
    for char in text:
        _check(char)
    if len(text) > max_chars:
        raise IdentityTextError(Sentence("is longer than {count} characters", count=max_chars))
    return text


def comparable(text: str) -> str:
    """The form in which a text that is stored already is compared: the canonical one, or the text
    itself where it has none. What is stored is not changed (law 5).
    """
    try:
        return canonical(text, MAX_RAW_CHARS)
    except IdentityTextError:
        return text


def make_canonical(fields: msgspec.Struct) -> None:
    """Give every field of `MAX_CHARS` in a struct that is being made its canonical form. To be
    called in `__post_init__`, where msgspec makes a ValidationError of the ValueError.
    """
    for name in fields.__struct_fields__:
        text = getattr(fields, name)
        if name in MAX_CHARS and text is not None:
            try:
                msgspec.structs.force_setattr(fields, name, canonical(text, MAX_CHARS[name]))
            except IdentityTextError as error:
                raise IdentityTextError(f"`{name}` {error}") from None


def _folded(text: str) -> str:
    """Steps 1 to 3, and the ends of step 4."""
    # Left out before NFKC, which does not compose over them; it makes none.
    text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    return text.translate(_DASHES).strip(_WHITE)


def _check(char: str) -> None:
    category = unicodedata.category(char)
    if category in ("Cf", "Co", "Cs") or char == "\ufffd":
        raise IdentityTextError(
            Sentence("has the character U+{code:04X}, which is not allowed", code=ord(char))
        )
    if any(ord(char) in part for part in _PARTS):
        raise IdentityTextError(
            Sentence("has the radical or stroke U+{code:04X}; type the character", code=ord(char))
        )
    if category == "Cn" and not (ord(char) in _IDEOGRAPHS and ord(char) & 0xFFFE != 0xFFFE):
        raise IdentityTextError(
            Sentence("has the character U+{code:04X}, which is unassigned", code=ord(char))
        )
