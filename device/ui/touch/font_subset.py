"""The page's font: Noto Sans CJK, cut down to the signs that the page shows. The one door to
fontTools.

A browser takes no font of 30 MB (Chromium refuses the whole collection as well as one face of it),
and a pad may have no Chinese font installed. Cutting takes seconds on a small board and 90 MB, so
it is done once in a pad's life, by a process of its own that ends, one language at a time: three at
once were more than the service may have, and the kernel ended the agent with them.

    python -m device.ui.touch.font_subset LANGUAGE < texts > font.otf
"""

import asyncio
import contextlib
import hashlib
import importlib.util
import io
import logging
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from device.ui.fonts import FACES, font_file

log = logging.getLogger(__name__)

ALWAYS = "".join(map(chr, range(0x20, 0x7F))) + "…·、。，：？！（）"
"""Printable ASCII, and what punctuates."""

UNUSED = ("GSUB", "GPOS", "BASE", "VORG", "vhea", "vmtx", "VVAR", "DSIG")
"""Tables for vertical text and fine print."""


def can_cut() -> bool:
    """Whether fontTools is installed."""
    return importlib.util.find_spec("fontTools") is not None


def signs_of(texts: Iterable[str]) -> str:
    """Every sign of the texts, and those that a page always needs, in order."""
    return "".join(sorted(set(ALWAYS).union(*texts)))


class FontSubset:
    """The font of one language for these signs. `name`: where the page finds it; it changes with
    what is in it, so a browser may keep it for ever, and so may the pad: once it is cut it lies in
    `folder` under that name. `turn` is shared by all that must not be cut at the same time.
    """

    def __init__(self, language: str, signs: str, folder: Path, turn: asyncio.Lock) -> None:
        self._language = language
        self._signs = signs
        face = font_file()
        parts = (signs, face.name, str(face.stat().st_size))
        digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
        self.name = f"{language}-{digest}.otf"
        self._file = folder / self.name
        self._turn = turn
        self._making: asyncio.Task[bytes | None] | None = None

    async def font(self) -> bytes | None:
        """The font's bytes; None, and a line in the log, when it could not be made. Asked again,
        it is tried again.
        """
        if self._making is None or (self._making.done() and self._making.result() is None):
            self._making = asyncio.ensure_future(self._make())
        return await asyncio.shield(self._making)

    async def stop(self) -> None:
        """Leave no process behind; safe to call twice."""
        if self._making is not None:
            self._making.cancel()
            await asyncio.gather(self._making, return_exceptions=True)

    async def _make(self) -> bytes | None:
        with contextlib.suppress(OSError):
            return await asyncio.to_thread(self._file.read_bytes)
        async with self._turn:
            font = await self._cut()
        if font is not None:
            await asyncio.to_thread(self._keep, font)
        return font

    def _keep(self, font: bytes) -> None:
        """For the next start, in place of what was cut for other signs. Without it that start cuts
        anew, so a folder that cannot be written is a line in the log.
        """
        fresh = self._file.with_suffix(".new")
        try:
            self._file.parent.mkdir(exist_ok=True)
            with fresh.open("wb") as opened:
                opened.write(font)
                opened.flush()
                os.fsync(opened.fileno())  # half a font under this name would stay for ever
            fresh.replace(self._file)
            for other in self._file.parent.glob(f"{self._language}-*.otf"):
                if other != self._file:
                    other.unlink()
        except OSError as error:
            log.warning("the touch page's font (%s) is not kept: %s", self._language, error)

    async def _cut(self) -> bytes | None:
        cutter = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", __name__, self._language),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            font, complaint = await cutter.communicate(self._signs.encode())
        except asyncio.CancelledError:
            cutter.kill()
            await cutter.wait()
            raise
        for line in complaint.decode(errors="replace").splitlines()[-3:]:
            log.warning("the touch page's font (%s): %s", self._language, line)
        return font if cutter.returncode == 0 and font else None


def cut(language: str, signs: str) -> tuple[bytes, str]:
    """The language's face with nothing but `signs`, and which of them it does not have."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    options = Options()
    options.layout_features = []
    options.hinting = False
    options.notdef_outline = True
    options.drop_tables = [*options.drop_tables, *UNUSED]
    with TTFont(font_file(), fontNumber=FACES[language], lazy=True) as face:
        missing = [sign for sign in signs if ord(sign) not in face.getBestCmap()]
        subsetter = Subsetter(options)
        subsetter.populate(text=signs)
        subsetter.subset(face)
        made = io.BytesIO()
        face.save(made)
    return made.getvalue(), "".join(missing)


def main() -> int:
    """Cut one font, from the signs on stdin, to stdout."""
    font, missing = cut(sys.argv[1], sys.stdin.read())
    if missing:
        sys.stderr.write(f"no sign for {missing!r}: shown in another font, or as a box\n")
    sys.stdout.buffer.write(font)
    return 0


if __name__ == "__main__":
    sys.exit(main())
