"""The fonts that a browser gets: made once, one language at a time, and kept."""

import asyncio
import logging
import sys
from pathlib import Path

import pytest

from device.ui.touch import font_subset as font_module
from device.ui.touch.font_subset import FontSubset, characters_of
from tests.rigs.time.wait import until
from tests.rigs.web.touch_page import TouchPage

OPENTYPE = b"OTTO"
"""How a font with PostScript outlines begins."""

CHILD = """#!/bin/sh
# Stands for the cutting of a font: says when it begins and ends, and waits for company.
echo begin >>{log}
for _ in $(seq {patience}); do
  [ "$(grep -c begin {log})" -ge {company} ] && break
  sleep 0.05
done
echo end >>{log}
[ ! -e {broken} ] || exit 1
printf 'a font of %s' "$3"
"""


class Workshop:
    """A folder for fonts, and a stand-in for the child process, which logs what it does."""

    def __init__(self, folder: Path, company: int = 1) -> None:
        self.folder = folder / "letters"
        self.log, self.broken = folder / "log", folder / "broken"
        self.program = folder / "child"
        self.program.write_text(
            CHILD.format(log=self.log, broken=self.broken, company=company, patience=10)
        )
        self.program.chmod(0o755)

    def done(self) -> list[str]:
        return self.log.read_text().split() if self.log.exists() else []

    def font(self, language: str = "zh", text: str = "评价", lock: asyncio.Lock | None = None):
        return FontSubset(language, text, self.folder, lock or asyncio.Lock())


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    made = Workshop(tmp_path)
    monkeypatch.setattr(sys, "executable", str(made.program))
    return made


def test_a_font_that_was_made_is_kept_for_the_next_start(workshop: Workshop) -> None:
    assert asyncio.run(workshop.font().font()) == b"a font of zh"
    assert asyncio.run(workshop.font().font()) == b"a font of zh"
    assert workshop.done() == ["begin", "end"]


def test_control_it_is_the_file_that_is_taken(workshop: Workshop) -> None:
    one = workshop.font()
    workshop.folder.mkdir()
    (workshop.folder / one.name).write_bytes(b"kept")
    assert asyncio.run(one.font()) == b"kept"
    assert workshop.done() == []


def test_other_signs_are_another_font_and_the_old_one_goes(workshop: Workshop) -> None:
    old, other, new = (
        workshop.font(),
        workshop.font("ko", "평가"),
        workshop.font(text="评价窗口"),
    )
    for one in (old, other, new):
        asyncio.run(one.font())
    assert old.name != new.name
    assert {file.name for file in workshop.folder.iterdir()} == {other.name, new.name}


def test_another_source_is_another_font(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = tmp_path / "another.ttc"
    source.write_bytes(b"another")
    before = workshop.font().name
    monkeypatch.setattr(font_module, "font_file", lambda: source)
    assert workshop.font().name != before


@pytest.mark.parametrize("locks", [1, 2])
def test_two_languages_are_never_cut_at_the_same_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locks: int
) -> None:
    """Control: with a lock for each, they are."""
    workshop = Workshop(tmp_path, company=2)
    monkeypatch.setattr(sys, "executable", str(workshop.program))

    async def both() -> None:
        lock = asyncio.Lock()
        one = workshop.font("zh", lock=lock)
        other = workshop.font("ko", lock=lock if locks == 1 else asyncio.Lock())
        await asyncio.gather(one.font(), other.font())

    asyncio.run(both())
    assert workshop.done()[:2] == (["begin", "end"] if locks == 1 else ["begin", "begin"])


def test_a_folder_that_cannot_be_written_costs_the_next_start_time_and_nothing_else(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    workshop.folder.write_text("a file")
    with caplog.at_level(logging.WARNING):
        assert asyncio.run(workshop.font().font()) == b"a font of zh"
    assert "is not kept" in caplog.text


def test_what_could_not_be_cut_is_tried_again_when_it_is_asked_for(workshop: Workshop) -> None:
    async def twice() -> list[bytes | None]:
        one = workshop.font()
        workshop.broken.touch()
        first = await one.font()
        workshop.broken.unlink()
        return [first, await one.font()]

    assert asyncio.run(twice()) == [None, b"a font of zh"]


def test_half_a_font_is_never_taken_for_one(workshop: Workshop) -> None:
    one = workshop.font()
    workshop.folder.mkdir()
    (workshop.folder / one.name).with_suffix(".new").write_bytes(b"hal")
    assert asyncio.run(one.font()) == b"a font of zh"


def test_a_page_makes_its_fonts_before_a_browser_asks(tmp_path: Path) -> None:
    room = TouchPage(tmp_path, ("zh", "ko"))
    try:
        folder = room.entry.with_name("letters")
        until(lambda: len(list(folder.glob("*.otf"))) == 3, 60, "three fonts")
        fonts = {file.name.partition("-")[0]: file.read_bytes() for file in folder.iterdir()}
    finally:
        room.stop()
    assert set(fonts) == {"zh", "ko", "en"}
    assert all(font.startswith(OPENTYPE) for font in fonts.values())


def test_every_language_has_its_own_signs() -> None:
    assert "评" in characters_of(["评价"])
    assert "评" not in characters_of(["평가"])
