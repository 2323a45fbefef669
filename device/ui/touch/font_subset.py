"""The page's font: Noto Sans CJK, reduced to the characters that the page shows. The only module
that imports fontTools.

A browser takes no font of 30 MB (Chromium refuses the whole collection as well as one face of it),
and a pad may have no Chinese font installed. Making a subset takes seconds on a small board and
90 MB of memory. So it is made once and kept, by a child process that ends, one language at a time:
three at the same time exceeded the memory limit of the service, and the kernel killed the agent.

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
from functools import partial
from pathlib import Path

from device.loop_bridge import in_daemon_thread
from device.ui.fonts import FACES, font_file

log = logging.getLogger(__name__)

ALWAYS = "".join(map(chr, range(0x20, 0x7F))) + "…·、。，：？！（）"
"""Printable ASCII, and punctuation."""

UNUSED = ("GSUB", "GPOS", "BASE", "VORG", "vhea", "vmtx", "VVAR", "DSIG")
"""Tables for vertical text and fine typography."""


def has_fonttools() -> bool:
    """Whether fontTools is installed."""
    return importlib.util.find_spec("fontTools") is not None


def characters_of(texts: Iterable[str]) -> str:
    """Every character of the texts, and those that a page always needs, in order."""
    return "".join(sorted(set(ALWAYS).union(*texts)))


class FontSubset:
    """The font of one language for these characters.

    `name`: under which the page gets it and the pad keeps it in `folder`. It changes with the
    content, so browser and pad can keep a font of this name without a limit in time. `lock` is
    shared by the fonts that must not be made at the same time.
    """

    def __init__(self, language: str, characters: str, folder: Path, lock: asyncio.Lock) -> None:
        self._language = language
        self._characters = characters
        face = font_file()
        parts = (characters, face.name, str(face.stat().st_size))
        digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
        self.name = f"{language}-{digest}.otf"
        self._file = folder / self.name
        self._lock = lock
        self._making: asyncio.Task[bytes | None] | None = None

    async def font(self) -> bytes | None:
        """The font's bytes; None, and a line in the log, when it could not be made. The next call
        tries again.
        """
        if self._making is None or (self._making.done() and self._making.result() is None):
            self._making = asyncio.ensure_future(self._make())
        return await asyncio.shield(self._making)

    async def stop(self) -> None:
        """End the child process; safe to call twice."""
        if self._making is not None:
            self._making.cancel()
            await asyncio.gather(self._making, return_exceptions=True)

    async def _make(self) -> bytes | None:
        with contextlib.suppress(OSError):
            return await in_daemon_thread(self._file.read_bytes, "font")
        async with self._lock:
            font = await self._run_child()
        if font is not None:
            await in_daemon_thread(partial(self._keep, font), "font")
        return font

    def _keep(self, font: bytes) -> None:
        """Keep the font for the next start, and remove those of other characters. Without it the
        next start makes it again, so a folder that cannot be written is only a line in the log.
        """
        fresh = self._file.with_suffix(".new")
        try:
            self._file.parent.mkdir(exist_ok=True)
            fresh.unlink(missing_ok=True)
            with fresh.open("xb") as opened:  # not through a link that somebody put there
                opened.write(font)
                opened.flush()
                os.fsync(opened.fileno())  # half a font under this name would never be replaced
            fresh.replace(self._file)
            for other in self._file.parent.glob(f"{self._language}-*.otf"):
                if other != self._file:
                    other.unlink()
        except OSError as error:
            log.warning("the touch page's font (%s) is not kept: %s", self._language, error)

    async def _run_child(self) -> bytes | None:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", __name__, self._language),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            font, errors = await child.communicate(self._characters.encode())
        except asyncio.CancelledError:
            child.kill()
            await child.wait()
            raise
        for line in errors.decode(errors="replace").splitlines()[-3:]:
            log.warning("the touch page's font (%s): %s", self._language, line)
        return font if child.returncode == 0 and font else None


def make_subset(language: str, characters: str) -> tuple[bytes, str]:
    """The language's face with nothing but `characters`, and which of them it does not have."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    options = Options()
    options.layout_features = []
    options.hinting = False
    options.notdef_outline = True
    options.drop_tables = [*options.drop_tables, *UNUSED]
    with TTFont(font_file(), fontNumber=FACES[language], lazy=True) as face:
        known = face.getBestCmap()
        missing = [character for character in characters if ord(character) not in known]
        subsetter = Subsetter(options)
        subsetter.populate(text=characters)
        subsetter.subset(face)
        made = io.BytesIO()
        face.save(made)
    return made.getvalue(), "".join(missing)


def main() -> int:
    """Make one font, of the characters on stdin, to stdout."""
    font, missing = make_subset(sys.argv[1], sys.stdin.read())
    if missing:
        sys.stderr.write(f"no character for {missing!r}: shown in another font, or as a box\n")
    sys.stdout.buffer.write(font)
    return 0


if __name__ == "__main__":
    sys.exit(main())
