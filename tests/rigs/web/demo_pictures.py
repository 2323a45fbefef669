"""`make pictures`: the pictures of both READMEs, taken from the running demo.

Window 1 has no network and holds two ratings back; window 2 asks its citizen on the touchscreen;
both ends were verified before the last rating.
"""

import tempfile
from pathlib import Path

from PIL import Image

from tests.rigs.web.chromium import chromium
from tests.rigs.web.demo_visitor import Visitor, running_demo

DOCS = Path(__file__).parents[3] / "docs"
PICTURES = {"demo.png": ("en", "C.UTF-8"), "demo.zh-CN.png": ("zh", "zh_CN.UTF-8")}
"""By file: the page's language, and the terminal's locale."""

COLOURS = 256
STILL_MS = 2500
"""New rows have lost their colour, and the displays are at rest."""


def take(file: Path, language: str, locale: str) -> None:
    """Play the scene and keep its picture, in few colours."""
    with (
        tempfile.TemporaryDirectory(prefix="rp-", dir="/tmp") as folder,
        running_demo(Path(folder), locale) as address,
        chromium() as browser,
    ):
        me = Visitor(browser, address, Path(folder), language)
        for level in ("very_satisfied", "satisfied"):
            me.rate(level)
        me.invite("pad-02")
        me.touch("basically_satisfied")
        me.counts(stored=3)
        me.switch("cable", False)
        me.rate("satisfied")
        me.page.click("#verify")
        me.page.wait_for_selector("#verdicts li")
        me.rate("dissatisfied")
        me.page.wait_for_selector("#pad-02 [data-part=invite]:enabled")
        me.page.wait_for_timeout(STILL_MS)
        me.invite("pad-02")
        me.page.click("#books button:first-child")
        me.page.mouse.move(0, 0)
        me.page.evaluate("document.activeElement.blur()")
        me.page.frame_locator("#pad-02 iframe").locator("html.invitation").wait_for()
        me.page.wait_for_timeout(STILL_MS)
        me.page.screenshot(path=file)
    with Image.open(file) as picture:
        few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(file, optimize=True)


def main() -> None:
    """Take both."""
    for name, (language, locale) in PICTURES.items():
        take(DOCS / name, language, locale)
        print(f"docs/{name}: {(DOCS / name).stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
