"""The clerk's page in a browser, with a pad whose answers and events the test gives.

The page's files are the product's; only `ratingpad.js` is replaced, by one that records its calls
and is answered by the test.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.rigs.source.source_tree import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

FOLDER = ROOT / "device" / "desk" / "static"
HOME = "http://pad.test/"
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}

PUPPET = """
window.calls = [];
window.RatingPad = function () {};
["invite", "withdraw", "pause", "resume"].forEach(function (name) {
  window.RatingPad.prototype[name] = function (wish) {
    return new Promise(function (done, refused) {
      window.calls.push({ name: name, wish: wish, done: done, refused: refused });
    });
  };
});
window.RatingPad.prototype.follow = function () {};
window.RatingPad.prototype.listen = function (hear) {
  window.tell = hear;
  return { close: function () {} };
};
"""


class ClerkPage:
    """One page in a browser context of its own."""

    def __init__(self, browser: "Browser", size: tuple[int, int] = (1366, 768)) -> None:
        self.context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
        )
        self.context.route("**/*", self._serve)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _serve(self, route: "Route") -> None:
        name = route.request.url.removeprefix(HOME).partition("?")[0] or "index.html"
        body = PUPPET if name == "ratingpad.js" else (FOLDER / name).read_text("utf-8")
        route.fulfill(body=body, content_type=f"{KINDS[Path(name).suffix]}; charset=utf-8")

    def come(
        self,
        *,
        token: str | None = "the-token",
        clerk: str | None = "C003",
        visits: list[dict[str, str]] | None = None,
    ) -> None:
        """Reload the page, with this in the browser's storage."""
        if self.page.url != HOME:
            self.page.goto(HOME)
        kept = {"clerk": clerk, "visits": json.dumps(visits or [], ensure_ascii=False)}
        self.page.evaluate(
            """([token, kept]) => {
              localStorage.clear();
              sessionStorage.clear();
              if (token) localStorage.setItem("token", token);
              for (const name in kept) if (kept[name]) sessionStorage.setItem(name, kept[name]);
            }""",
            [token, kept],
        )
        self.page.reload()

    def tell(self, event: str, **said: Any) -> None:
        """An event from the pad."""
        self.page.evaluate("(said) => window.tell(said)", {"event": event, **said})

    def window(self, state: str = "ready", **said: Any) -> None:
        self.tell("window", **{"window": "3", "state": state, "invitation": None, **said})

    def called(self) -> list[tuple[str, Any]]:
        """The calls of the page, in order: name and argument."""
        told = self.page.evaluate("window.calls.map((one) => [one.name, one.wish])")
        return [(name, wish) for name, wish in told]

    def answer(self, invitation: str = "I1", standing: str = "open") -> None:
        """Answer the last call."""
        self.page.evaluate(
            "(made) => window.calls[window.calls.length - 1].done(made)",
            {"invitation": invitation, "standing": standing},
        )

    def refuse(self, code: str) -> None:
        """Refuse the last call with an error code."""
        self.page.evaluate(
            "(code) => window.calls[window.calls.length - 1].refused({ code: code })", code
        )

    def scan(self, case: str) -> None:
        """A scanner is a keyboard that types wherever the focus is, and then Enter."""
        self.page.keyboard.type(case)
        self.page.keyboard.press("Enter")

    @property
    def focus(self) -> str:
        """The id of what has the focus."""
        return str(self.page.evaluate("document.activeElement.id"))

    def close(self) -> None:
        self.context.close()


def visit(
    case: str = "DH-2026-0417", standing: str = "rated", at: str = "09:41", number: int = 1
) -> dict[str, str]:
    """A case as the page keeps it."""
    return {"invitation": f"I{number}", "case": case, "standing": standing, "time": at}


LONG = "LN-2102-2026-" + "0123456789" * 3 + "-窗口办件"
"""As long as a case number may be, nearly."""

TEN = [
    visit(f"2201-2026-{417 - at:05d}", standing, f"{11 - at // 4:02d}:{52 - at * 3:02d}", at + 1)
    for at, standing in enumerate(
        ["rated", "rated", "unrated", "rated", "withdrawn", *["rated"] * 5], 0
    )
]
"""Ten cases, the newest first."""


SLOW = "document.querySelector('#problem[data-kind=slow]')?.checkVisibility()"
"""Checked at every frame; `wait_for_selector` may wait half a second between two checks."""


def _signed_in(
    *then: Callable[[ClerkPage], Any], visits: list[dict[str, str]] | None = None
) -> Callable[[ClerkPage], None]:
    def show(page: ClerkPage) -> None:
        page.come(visits=TEN if visits is None else visits)
        for step in then:
            step(page)

    return show


def _refused(code: str) -> Callable[[ClerkPage], None]:
    return _signed_in(
        ClerkPage.window,
        lambda page: page.scan("2201-2026-00417"),
        lambda page: page.refuse(code),
        lambda page: page.page.wait_for_selector("#problem:visible"),
    )


STATES: dict[str, Callable[[ClerkPage], None]] = {
    "first-time": lambda page: page.come(token=None, clerk=None),
    "sign-in": lambda page: page.come(clerk=None),
    "connecting": _signed_in(visits=[]),
    "ready-first": _signed_in(ClerkPage.window, visits=[]),
    "slow": _signed_in(
        ClerkPage.window,
        lambda page: page.scan("2201-2026-00418"),
        lambda page: page.page.wait_for_function(SLOW),
    ),
    "open": _signed_in(
        ClerkPage.window,
        lambda page: page.scan("2201-2026-00418"),
        lambda page: page.answer("I99"),
        lambda page: page.window("busy", invitation="I99"),
    ),
    "ending": _signed_in(lambda page: page.window("busy", invitation="I1")),
    "rated": _signed_in(ClerkPage.window),
    "unrated": _signed_in(ClerkPage.window, visits=TEN[2:]),
    "withdrawn": _signed_in(ClerkPage.window, visits=TEN[4:]),
    "long": _signed_in(ClerkPage.window, visits=[visit(LONG, "open"), visit(LONG)]),
    "paused": _signed_in(lambda page: page.window("paused")),
    "fault": _signed_in(lambda page: page.window("fault", fault="L01")),
    "unbound": _signed_in(lambda page: page.window("unbound", window="")),
    "away": _signed_in(
        ClerkPage.window, lambda page: page.tell("link", connected=False, code="unreachable")
    ),
    **{code: _refused(code) for code in ("busy", "already-rated", "bad-request", "unreachable")},
}
"""How the page comes to each of its states, by name."""
