"""The clerk's page in a browser, with a pad whose answers and events the test gives.

The page's files are the product's; only `ratingpad.js` is replaced, by one that records its calls
and is answered by the test.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from device.desk.clerk_words import Language, words_script
from tests.rigs.source.source_tree import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Route

FOLDER = ROOT / "device" / "desk" / "static"
HOME = "http://pad.test/"
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
DAY = "2026-11-23"

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
window.RatingPad.prototype.listen = function (hear) {
  window.tell = hear;
  return { close: function () {} };
};
"""


class ClerkPage:
    """One page in a browser context of its own; `another_tab` is a second one of the same browser.
    `language`: the pad's.
    """

    def __init__(
        self,
        browser: "Browser",
        size: tuple[int, int] = (1366, 768),
        language: Language = "zh",
        beside: "ClerkPage | None" = None,
    ) -> None:
        self._is_guest = beside is not None
        self._language = language
        self.context: BrowserContext = (
            beside.context
            if beside is not None
            else browser.new_context(
                viewport={"width": size[0], "height": size[1]},
                locale="zh-CN",
                timezone_id="Asia/Shanghai",
            )
        )
        if not self._is_guest:
            self.context.route("**/*", self._serve)
        self.page: Page = self.context.new_page()
        self.page.clock.set_fixed_time(f"{DAY}T11:58:00+08:00")
        self.page.set_default_timeout(60_000)
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def another_tab(self, browser: "Browser") -> "ClerkPage":
        """A second tab, which shares what the browser keeps."""
        tab = ClerkPage(browser, beside=self)
        tab.page.goto(HOME)
        return tab

    def _serve(self, route: "Route") -> None:
        name = route.request.url.removeprefix(HOME).partition("?")[0] or "index.html"
        if name == "ratingpad.js":
            body = PUPPET
        elif name == "clerk-words.js":
            body = words_script(self._language).decode()
        else:
            body = (FOLDER / name).read_text("utf-8")
        route.fulfill(body=body, content_type=f"{KINDS[Path(name).suffix]}; charset=utf-8")

    def come(
        self,
        *,
        token: str | None = "the-token",
        clerk: str | None = "C003",
        waiting: list[dict[str, str]] | None = None,
        language: str | None = None,
    ) -> None:
        """Reload the page, with this kept in the browser."""
        if self.page.url != HOME:
            self.page.goto(HOME)
        kept = {
            "clerk": clerk and {"number": clerk},
            "waiting": waiting and {"cases": waiting},
        }
        self.page.evaluate(
            """([token, language, kept]) => {
              localStorage.clear();
              sessionStorage.clear();
              if (token) localStorage.setItem("token", token);
              if (language) localStorage.setItem("language", language);
              const day = new Date().toDateString();
              for (const name in kept)
                if (kept[name]) localStorage.setItem(name, JSON.stringify({ ...kept[name], day }));
            }""",
            [token, language, kept],
        )
        self.page.reload()

    def tell(self, event: str, **said: Any) -> None:
        """An event from the pad."""
        self.page.evaluate("(said) => window.tell(said)", {"event": event, **said})

    def window(self, state: str = "ready", **said: Any) -> None:
        self.tell("window", **{"window": "3", "state": state, "invitation": None, **said})

    def today(self, cases: list[dict[str, Any]], **said: Any) -> None:
        """The day with these cases, the newest first, and the counts that follow."""
        today = [case for case in cases if str(case["since"]).startswith(DAY)]
        counts = {
            name: sum(case["standing"] == name for case in today)
            for name in ("rated", "unrated", "withdrawn")
        }
        day = {"date": DAY, "invited": len(today), **counts, "complete": True, "gap": None}
        self.tell("today", **{**day, "cases": cases, **said})

    def open(self, case: str | None = "2201-2026-00419", left_s: int = 24) -> None:
        """An invitation is open, made by whatever desk."""
        asked = {"case": case, "matter": None, "step": None, "clerk": "C003", "left_s": left_s}
        since = f"{DAY}T11:57:54+08:00"
        self.tell("standing", invitation="I99", standing="open")
        self.window("busy", invitation="I99", open={**asked, "since": since})
        self.today([{**visit(case, "open", "11:57"), "invitation": "I99"}, *TEN])

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

    @property
    def kept(self) -> dict[str, Any]:
        """What the browser keeps."""
        told: str = self.page.evaluate("JSON.stringify({ ...localStorage })")
        return dict(json.loads(told))

    def close(self) -> None:
        if self._is_guest:
            self.page.close()
        else:
            self.context.close()


def visit(
    case: str | None = "DH-2026-0417",
    standing: str = "rated",
    at: str = "09:41",
    number: int = 1,
    day: str = DAY,
) -> dict[str, Any]:
    """A case as the pad tells it."""
    return {
        **dict.fromkeys(("matter", "step")),
        "invitation": f"I{number}",
        "case": case,
        "standing": standing,
        "clerk": "C003",
        "since": f"{day}T{at}:00+08:00",
    }


LONG = "LN-2102-2026-" + "0123456789" * 3 + "-窗口办件"
"""As long as a case number may be, nearly."""

_ENDS = ["rated", "rated", "unrated", "rated", "withdrawn", *["rated"] * 5]

TEN = [
    visit(f"2201-2026-{417 - at:05d}", standing, f"{11 - at // 4:02d}:{52 - at * 3:02d}", at + 1)
    for at, standing in enumerate(_ENDS)
]
"""Ten cases, the newest first."""

BEFORE = [
    visit(f"2201-2026-{400 - at:05d}", "rated", f"16:{50 - at * 7}", at + 40, "2026-11-20")
    for at in range(6)
]
"""The last ones of the working day before."""

GAP = {"minutes": 41, "usual_minutes": 6}

SLOW = "document.querySelector('#problem[data-kind=slow]')?.checkVisibility()"
"""Checked at every frame; `wait_for_selector` may wait half a second between two checks."""

Show = Callable[[ClerkPage], None]


def _signed_in(
    *then: Callable[[ClerkPage], Any],
    visits: list[dict[str, Any]] | None = None,
    waiting: list[dict[str, str]] | None = None,
) -> Show:
    def show(page: ClerkPage) -> None:
        page.come(waiting=waiting)
        for step in then:
            step(page)
        if then and visits is not None:
            page.today(visits)
        page.page.wait_for_timeout(0)

    return show


def _refused(code: str, shown: str = "#waiting:visible") -> Show:
    def show(page: ClerkPage) -> None:
        page.come()
        page.window()
        page.today(TEN)
        page.scan("2201-2026-00418")
        page.refuse(code)
        page.page.wait_for_selector(shown)

    return show


def _waits(code: str) -> list[dict[str, str]]:
    return [{"case": "2201-2026-00418", "code": code}]


def _ask_about_pausing(page: ClerkPage) -> None:
    page.open()
    page.page.click("#pause")


def _slow(page: ClerkPage) -> None:
    page.today(TEN)
    page.scan("2201-2026-00418")
    page.page.wait_for_function(SLOW)


STATES: dict[str, Show] = {
    "first-time": lambda page: page.come(token=None, clerk=None),
    "sign-in": lambda page: page.come(clerk=None),
    "connecting": _signed_in(),
    "ready-first": _signed_in(ClerkPage.window, visits=[]),
    "morning": _signed_in(ClerkPage.window, visits=BEFORE),
    "slow": _signed_in(ClerkPage.window, _slow),
    "open": _signed_in(ClerkPage.open),
    "open-by-key": _signed_in(lambda page: page.open(None)),
    "pause-question": _signed_in(_ask_about_pausing),
    "ending": _signed_in(lambda page: page.window("busy", invitation="I1"), visits=TEN),
    "rated": _signed_in(ClerkPage.window, visits=[*TEN, *BEFORE]),
    "unrated": _signed_in(ClerkPage.window, visits=TEN[2:]),
    "withdrawn": _signed_in(ClerkPage.window, visits=TEN[4:]),
    "long": _signed_in(ClerkPage.window, visits=[visit(LONG), visit(LONG, "unrated")]),
    "gap": _signed_in(ClerkPage.window, lambda page: page.today(TEN, gap=GAP)),
    "no-date": _signed_in(
        ClerkPage.window, lambda page: page.today([{**TEN[0], "since": None}], date=None)
    ),
    "incomplete": _signed_in(ClerkPage.window, lambda page: page.today(TEN, complete=False)),
    "paused": _signed_in(lambda page: page.window("paused"), visits=TEN),
    "fault": _signed_in(lambda page: page.window("fault", fault="L01"), visits=TEN),
    "unbound": _signed_in(lambda page: page.window("unbound", window=""), visits=[]),
    "away": _signed_in(
        ClerkPage.window,
        lambda page: page.today(TEN),
        lambda page: page.tell("link", connected=False, code="unreachable"),
    ),
    "waiting-open": _signed_in(ClerkPage.open, waiting=_waits("busy")),
    "waiting-paused": _signed_in(
        lambda page: page.window("paused"), visits=TEN, waiting=_waits("paused")
    ),
    "waiting-ready": _signed_in(
        ClerkPage.window,
        visits=TEN,
        waiting=[*_waits("busy"), {"case": LONG, "code": "already-rated"}],
    ),
    **{code: _refused(code) for code in ("busy", "already-rated", "unreachable")},
    "bad-request": _refused("bad-request", "#problem:visible"),
}
"""How the page comes to each of its states, by name."""
