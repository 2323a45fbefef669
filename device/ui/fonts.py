"""The font faces: Noto Sans CJK from its wheel or the system, one face for each language.

The file is 30 MB and is never read as a whole: FreeType maps it, and a picture touches a few MB of
it. `release` unmaps it, so that an idle pad holds no font.
"""

import functools
import importlib.util
from pathlib import Path

from PIL import ImageFont
from PIL.ImageFont import FreeTypeFont, Layout

from device.errors import ConfigError
from sync.missing_extra import pip_install

FACES = {"ko": 1, "zh": 2, "en": 2}
"""Language -> face inside the Noto Sans CJK collection (0 JP, 1 KR, 2 SC, 3 TC, 4 HK)."""

SYSTEM_FILES = (
    Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),  # Debian: fonts-noto-cjk
    Path("/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc"),  # Arch, Alpine
    Path("/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc"),  # Fedora
)

NOWHERE = "\U0010fffe"
"""A noncharacter: no face has a glyph for it, so it is drawn as a missing glyph is."""


@functools.cache
def font_file() -> Path:
    """The collection's file. Raises ConfigError where there is none."""
    spec = importlib.util.find_spec("manimgx_fonts_cjk")
    if spec is not None and spec.origin is not None:
        for file in sorted(Path(spec.origin).parent.glob("NotoSansCJK*.ttc")):
            return file
    for file in SYSTEM_FILES:
        if file.is_file():
            return file
    pip = pip_install("manimgx-fonts-cjk")
    raise ConfigError(f"no Chinese font: `{pip}` or `apt-get install fonts-noto-cjk`")


@functools.cache
def font(language: str, size_px: int) -> FreeTypeFont:
    """The face of a language at `size_px` pixels to the em; heavier when it is large."""
    face = ImageFont.truetype(
        str(font_file()), size_px, index=FACES[language], layout_engine=Layout.BASIC
    )
    if font_file().name.endswith("-VF.otf.ttc"):
        face.set_variation_by_axes([500 if size_px > 16 else 400])
    return face


def release() -> None:
    """Close all faces, of which each keeps a few MiB of the file mapped; the next `font` opens one
    again, in 0.25 to 1 ms.
    """
    font.cache_clear()


def missing_glyphs(text: str, language: str) -> str:
    """The characters of `text` that the language's face draws as a box or not at all."""
    face = font(language, 16)
    box = bytes(face.getmask(NOWHERE, "1"))
    return "".join(
        char for char in dict.fromkeys(text) if not char.isspace() and _missing(face, char, box)
    )


def _missing(face: FreeTypeFont, char: str, box: bytes) -> bool:
    mask = bytes(face.getmask(char, "1"))
    return mask == box or not any(mask)
