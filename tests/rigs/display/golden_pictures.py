"""Every scene in every choice of languages on glass of both sizes, and their golden pictures.

A golden picture has the pages of one scene below each other.
`python -m tests.rigs.display.golden_pictures --write` draws the golden pictures anew; look at them
before they are committed. `--sheet FILE` puts those of one size on one page for looking.
"""

import argparse
from pathlib import Path
from typing import Any

from PIL import Image

from device.board.glass import WIDTH_MM, Glass
from device.errors import PadCode
from device.events import Scene
from device.ui import words
from device.ui.oled_pages import pages
from device.ui.oled_picture import pictures
from device.ui.qr_url import link
from device.ui.screens import Piece, Screen, screens

GOLDEN = Path(__file__).parents[2] / "device" / "ui" / "golden"
ROWS = GOLDEN / "rows.txt"
LANGUAGES = (("zh",), ("ko",), ("en",), ("zh", "ko"), ("ko", "zh"), ("zh", "ko", "en"))
SIZE = (128, 64)
GLASS = {"0.96": Glass(*SIZE, WIDTH_MM["ssd1306"]), "1.3": Glass(*SIZE, WIDTH_MM["sh1106"])}
"""By the diagonal in inches."""

NOTICE = "今日办理至16:30"
LINK = link("https://rate.example.cn/R/", "1001AM9K01JD5Z9QWV00000000000000A1BS6515DM6TWZ5FYV")
HOME = "HTTPS://RATE.EXAMPLE.GOV.CN/"
BESIDES: dict[str, tuple[Scene, dict[str, Any]]] = {
    "invitation-qr": (Scene.INVITATION, {"qr": LINK}),
    "invitation-turned": (Scene.INVITATION, {"turned": True}),
    "standby-notice": (Scene.STANDBY, {"notice": NOTICE, "time_text": "09:41"}),
    "standby-qr": (Scene.STANDBY, {"qr": HOME, "time_text": "09:41"}),
    "standby-turned": (Scene.STANDBY, {"qr": HOME, "time_text": "09:41", "turned": True}),
    "standby-late": (Scene.STANDBY, {"qr": LINK, "late": True}),
    "checking-percent": (Scene.CHECKING, {"percent": 37}),
    "lapsed-qr": (Scene.LAPSED, {"qr": LINK}),
}
"""What a scene may have besides, by the name of its pictures."""


def scenes() -> dict[str, tuple[Screen, ...]]:
    """Name -> screens, for all scenes and languages."""
    plain = {scene.value: (scene, dict[str, Any]()) for scene in Scene}
    found = {}
    for languages in LANGUAGES:
        spoken = words.load(languages)
        for name, (scene, besides) in {**plain, **BESIDES}.items():
            found[f"{'-'.join(languages)}-{name}"] = screens(
                scene,
                spoken,
                window="3",
                hall="市政务服务大厅",
                pad="pad-0317",
                code=PadCode.LEDGER_WRITE if scene is Scene.FAULT else None,
                **besides,
            )
    return found


def all_pages() -> dict[tuple[str, str], list[Screen]]:
    """(Inches, name) -> pages, on glass of both sizes."""
    return {
        (inches, name): [page for one in shown for page in pages(one, glass)]
        for inches, glass in GLASS.items()
        for name, shown in scenes().items()
    }


def golden_pages(inches: str = "1.3", glob: str = "*") -> dict[str, Image.Image]:
    """The golden pictures, page by page; all but the first page have a number behind the name."""
    found = {}
    for path in sorted((GOLDEN / inches).glob(f"{glob}.png")):
        with Image.open(path) as file:
            whole = file.convert("1")
        for number in range(whole.height // SIZE[1]):
            box = (0, number * SIZE[1], SIZE[0], (number + 1) * SIZE[1])
            found[f"{path.stem} {number + 1}" if number else path.stem] = whole.crop(box)
    return found


def below_each_other(shown: list[Image.Image]) -> Image.Image:
    """The pages of a scene as one picture."""
    wide, high = SIZE
    whole = Image.new("1", (wide, high * len(shown)), 0)
    for number, picture in enumerate(shown):
        whole.paste(picture, (0, high * number))
    return whole


def rows_of(shown: Screen) -> str:
    """The rows of a screen, each piece with the sizes that it may have: pictures show only one."""

    def told(piece: Piece) -> str:
        return f"{piece.text} {'/'.join(map(str, piece.sizes))}"

    lines = []
    for row in shown.rows:
        pieces = " + ".join(map(told, row.pieces))
        right = f" … {told(row.right)}" if row.right else ""
        marks = " band" * row.band + " stays" * row.stays
        lines.append(f"  {row.language}{marks}: {pieces}{right}\n")
    return "".join(lines)


def all_rows() -> str:
    """Name and rows of every screen, as in `golden/rows.txt`."""
    return "".join(
        f"{name}\n" + "  --\n".join(map(rows_of, shown)) for name, shown in scenes().items()
    )


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--write", action="store_true")
    options.add_argument("--sheet", type=Path)
    options.add_argument("--inches", choices=GLASS, default="1.3")
    chosen = options.parse_args()
    if chosen.write:
        for inches, glass in GLASS.items():
            for name, shown in scenes().items():
                picture = below_each_other(pictures(shown, glass))
                picture.save(GOLDEN / inches / f"{name}.png", optimize=True)
        ROWS.write_text(all_rows(), "utf-8")
    if chosen.sheet:
        _sheet(GLASS[chosen.inches]).save(chosen.sheet)


def _sheet(glass: Glass) -> Image.Image:
    """All pictures, a column for each choice of languages; each page twice as large."""
    shown = [below_each_other(pictures(one, glass)) for one in scenes().values()]
    high = len(Scene) + len(BESIDES)
    tops = [5]
    for row in range(high):
        tops.append(tops[-1] + 2 * max(one.height for one in shown[row::high]) + 10)
    sheet = Image.new("L", (266 * len(LANGUAGES), tops[-1]), 80)
    for number, one in enumerate(shown):
        place = (5 + 266 * (number // high), tops[number % high])
        sheet.paste(one.convert("L").resize((256, 2 * one.height), 0), place)
    return sheet


if __name__ == "__main__":
    main()
