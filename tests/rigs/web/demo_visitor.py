"""The demo as a program, and somebody at its page."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

MAIN = "from demo.cli import main; raise SystemExit(main())"
SLOWLY_MS = 60_000
"""A machine that builds beside the tests is slow; the page itself answers in milliseconds."""

NOT_ENGLISH = """() => {
  const foreign = /[\\u3000-\\u9fff\\uac00-\\ud7af\\uff00-\\uffef]/;
  const found = [document.title].filter((text) => foreign.test(text));
  for (const node of document.querySelectorAll("body *")) {
    if (node.closest("#languages")) continue;
    const own = [...node.childNodes].filter((one) => one.nodeType === Node.TEXT_NODE);
    const said = ["aria-label", "title", "alt", "placeholder"].map((one) => node.getAttribute(one));
    for (const text of [...own.map((one) => one.data), ...said, node.value]) {
      if (typeof text === "string" && foreign.test(text)) found.push(text);
    }
  }
  return found;
}"""
"""Every text that is not in English, but the names of the other languages."""


@contextlib.contextmanager
def running_demo(folder: Path, locale: str = "C.UTF-8") -> Iterator[str]:
    """The demo as a new user starts it, the URL of its page; ended with Ctrl-C. Its files are below
    `folder`, whose path is short. `locale`: of the terminal, which decides what the pads speak.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, "--no-open"],
        stdout=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(folder), "LC_ALL": locale},
        text=True,
    )
    assert process.stdout is not None
    try:
        yield _address(process.stdout)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
    assert process.returncode == 0


def _address(output: Iterable[str]) -> str:
    for line in output:
        if found := re.search(r"http://127\.0\.0\.1:\d+/", line):
            return found[0]
    raise AssertionError("the demo printed no address")


class Visitor:
    """Somebody at the page."""

    def __init__(
        self, browser: "Browser", address: str, album: Path, language: str = "zh", scale: float = 1
    ) -> None:
        self.page = browser.new_page(
            viewport={"width": 1366, "height": 768}, locale="zh-CN", device_scale_factor=scale
        )
        self.page.set_default_timeout(SLOWLY_MS)
        self.requests, self.complaints = list[str](), list[str]()
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(f"{address}?lang={language}")
        self._album = album
        self._shots = 0
        self.not_english: dict[str, list[str]] = {}

    def look(self, name: str) -> None:
        """Note what is not in English; keep a picture."""
        self._shots += 1
        self.page.screenshot(path=self._album / f"{self._shots:02}-{name}.png")
        if found := self.page.evaluate(NOT_ENGLISH):
            self.not_english[name] = found

    def hint(self, name: str) -> None:
        self.page.wait_for_selector(f'#hint[data-hint="{name}"]')

    def counts(self, **expected: int) -> None:
        for name, value in expected.items():
            self.page.wait_for_function(
                "([name, value]) => "
                "document.querySelector(`[data-count=${name}]`).textContent === String(value)",
                arg=[name, value],
            )

    def see(self, selector: str, words: str) -> None:
        """Wait until an element has these words."""
        self.page.wait_for_selector(f"{selector} >> text={words}")

    def oled(self) -> str:
        """The lit pixels of the OLED on the page; they come when the page has drawn them."""
        lit: str = self.page.evaluate(
            """() => {
              const pixels = document.querySelector("canvas").getContext("2d")
                .getImageData(0, 0, 128, 64).data;
              let lit = "";
              for (let at = 0; at < pixels.length; at += 4) lit += pixels[at] > 100 ? "1" : "0";
              return lit;
            }"""
        )
        return lit

    def invite(self, pad: str = "pad-01") -> None:
        self.page.click(f"#{pad} [data-part=invite]:enabled")
        self.page.wait_for_selector(f"#{pad} .visit .open")

    def rate(self, level: str, pad: str = "pad-01") -> None:
        """Invite and press a key; over when the clerk knows."""
        self.invite(pad)
        self.page.click(f"#{pad} [data-level={level}]")
        self.page.wait_for_selector(f"#{pad} .visit .rated")

    def switch(self, name: str, on: bool, pad: str = "pad-01") -> None:
        self.page.click(f"#{pad} [data-switch={name}]:enabled")
        self.page.wait_for_selector(
            f'#{pad} [data-switch={name}][aria-checked="{str(on).lower()}"]'
        )

    @property
    def touch_page(self) -> str:
        """The address of the touch page in the frame, without its secret."""
        return (self.page.get_attribute("#pad-02 iframe", "src") or "").split("#")[0]

    def touch(self, level: str, pad: str = "pad-02") -> None:
        """Touch a face on the touchscreen, as soon as a touch counts."""
        glass = self.page.frame_locator(f"#{pad} iframe")
        glass.locator("html.invitation").wait_for(timeout=SLOWLY_MS)
        self.page.wait_for_timeout(400)  # as long as a citizen reads at least, until a face counts
        glass.locator(f'[data-key="{level}"]').click()
        glass.locator("html.thanks").wait_for(timeout=SLOWLY_MS)

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector)
