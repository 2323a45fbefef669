"""Every scene in every choice of languages, and the golden pictures that they are compared with.

`python -m tests.rigs.display.golden_pictures --write` draws the golden pictures anew; look at them
before they are committed. `--sheet FILE` puts all of them on one page for looking.
"""

import argparse
from pathlib import Path
from typing import Any

from PIL import Image

from device.errors import PadCode
from device.events import Scene
from device.ui import words
from device.ui.oled_picture import draw
from device.ui.qr_url import link
from device.ui.screens import Piece, Screen, screen

GOLDEN = Path(__file__).parents[2] / "device" / "ui" / "golden"
ROWS = GOLDEN / "rows.txt"
LANGUAGES = (("zh",), ("ko",), ("en",), ("zh", "ko"), ("ko", "zh"), ("zh", "ko", "en"))
SIZE = (128, 64)


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


def screens() -> dict[str, Screen]:
    """Name -> screen, for all scenes and languages."""
    scenes = {scene.value: (scene, dict[str, Any]()) for scene in Scene}
    found = {}
    for languages in LANGUAGES:
        spoken = words.load(languages)
        for name, (scene, besides) in {**scenes, **BESIDES}.items():
            found[f"{'-'.join(languages)}-{name}"] = screen(
                scene,
                spoken,
                window="3",
                hall="市政务服务大厅",
                pad="pad-0317",
                code=PadCode.LEDGER_WRITE if scene is Scene.FAULT else None,
                **besides,
            )
    return found


def rows_of(shown: Screen) -> str:
    """The rows of a screen, each piece with the sizes that it may have: pictures show only one."""

    def told(piece: Piece) -> str:
        return f"{piece.text} {'/'.join(map(str, piece.sizes))}"

    lines = []
    for row in shown.rows:
        pieces = " + ".join(map(told, row.pieces))
        right = f" … {told(row.right)}" if row.right else ""
        lines.append(f"  {row.language}{' band' * row.band}: {pieces}{right}\n")
    return "".join(lines)


def all_rows() -> str:
    """Name and rows of every screen, as in `golden/rows.txt`."""
    return "".join(f"{name}\n{rows_of(shown)}" for name, shown in screens().items())


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--write", action="store_true")
    options.add_argument("--sheet", type=Path)
    chosen = options.parse_args()
    pictures = {name: draw(drawn, SIZE) for name, drawn in screens().items()}
    if chosen.write:
        for name, picture in pictures.items():
            picture.save(GOLDEN / f"{name}.png", optimize=True)
        ROWS.write_text(all_rows(), "utf-8")
    if chosen.sheet:
        high = len(Scene) + len(BESIDES)
        sheet = Image.new("L", (266 * len(LANGUAGES), 138 * high), 80)
        for number, picture in enumerate(pictures.values()):
            place = (5 + 266 * (number // high), 5 + 138 * (number % high))
            sheet.paste(picture.convert("L").resize((256, 128), 0), place)
        sheet.save(chosen.sheet)


if __name__ == "__main__":
    main()
