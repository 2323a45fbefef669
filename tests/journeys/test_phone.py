"""A pad without a network, a phone that scans its code, and the province that gets both later."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from province.phone_ratings import Arrived, KnownInvitation, PhoneVerdict, Pressed, judge
from province.projection import Projection
from province.timestamps import date
from sync.entries import Rated, Withdrawn, write_body
from sync.mqtt import BrokerAddress
from sync.phone_token import CHARS, PhoneKey, Token, TokenRefusal, check, write_key
from tests.rigs.pad.pad_process import PadProcess
from tests.rigs.time.wait import until

KEY = PhoneKey("pad-1", 42, bytes(range(32)))
ADDRESS = "HTTPS://RATE.EXAMPLE.CN/R/"
NOWHERE = BrokerAddress("127.0.0.1", 9)


class ScannedPad(PadProcess):
    """A pad whose pictures a phone reads; the display watcher knows none that have a code."""

    def look(self) -> None:  # type: ignore[override]  # no test here uses the watcher
        """No watcher; the file `film` has every picture."""

    @property
    def codes(self) -> list[str | None]:
        """What a phone read in each picture so far, in order."""
        return [_scan(bytes.fromhex(line.split()[1])) for line in self._film()]

    @property
    def code(self) -> str | None:
        """What a phone reads now."""
        return _scan(bytes.fromhex(self._film()[-1].split()[1]))

    def _film(self) -> list[str]:
        with contextlib.suppress(FileNotFoundError):
            text = (self.folder / "film").read_text()
            return text[: text.rfind("\n") + 1].splitlines()
        return []


def _scan(pixels: bytes) -> str | None:
    picture = Image.frombytes("1", (128, 64), pixels).convert("L")
    framed = Image.new("L", (144, 80), 0)
    framed.paste(picture, (8, 8))
    found = zxingcpp.read_barcodes(framed.resize((432, 240), 0))
    return found[0].text if found else None


@pytest.fixture
def pad(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[ScannedPad]:
    """A pad whose invitations stand for 30 s, or for as many as the test asks for."""
    made = ScannedPad(
        tmp_path / "pad",
        "pad-1",
        NOWHERE,
        timings=f"invitation_s = {getattr(request, 'param', 30)}\ngrace_s = 0\nthanks_s = 1",
        film="film",
    )
    key = made.folder / "phone-key"
    key.touch(0o600)
    key.write_text(write_key(KEY))
    phone = '[phone]\nurl = "https://rate.example.cn/R/"\nkey_file = "phone-key"\nlate_s = 6\n'
    made.config.write_text(made.config.read_text() + phone)
    made.start()
    yield made
    made.remove()


def read(text: str | None, now_ms: int) -> Token:
    """What the province reads in a code, without the pad."""
    assert text is not None
    assert text.startswith(ADDRESS)
    token = check(text[-CHARS:], {KEY.number: KEY}.get, now_ms)
    assert not isinstance(token, TokenRefusal), token
    return token


def known(pad: ScannedPad, invitation: str, came_ms: int) -> KnownInvitation:
    """What the province knows when the pad's ledger has arrived."""
    derived = Projection(pad.id)
    derived.feed("ledger", 1, [write_body(body) for body in pad.bodies()])
    precedence = derived.invitations.get(invitation)
    if precedence is None or precedence.invited is None:
        return KnownInvitation()
    pressed = None
    if isinstance(precedence.outcome, Rated):
        pressed = Pressed(date(precedence.outcome.at, derived.anchors), came_ms)
    return KnownInvitation(
        Arrived(pad.id, date(precedence.invited.at, derived.anchors), came_ms), pressed
    )


@pytest.mark.parametrize("pad", [2], indirect=True)
def test_after_a_lapse_a_rating_by_phone_counts_when_the_pads_ledger_has_arrived(
    pad: ScannedPad,
) -> None:
    invitation = pad.invite("case-1")
    scanned = until(lambda: pad.code, 5, "a code beside the invitation")
    invited = next(body.at for body in pad.bodies() if body.at.utc is not None)
    assert invited.utc is not None
    now_ms = invited.utc + 3_000
    token = read(scanned, now_ms)
    assert (token.pad, token.invitation) == ("pad-1", invitation)
    until(lambda: pad.standing(invitation) == "unrated", 10, "the lapse")
    until(lambda: pad.window()["state"] == "ready", 10, "standby")
    assert pad.code == scanned  # the citizen needs time to scan it
    until(lambda: pad.code is None, 20, "the code is removed")
    assert judge(token, KnownInvitation(), now_ms) is PhoneVerdict.WAITS
    arrived = known(pad, invitation, now_ms + 86_400_000)
    assert judge(token, arrived, now_ms) is PhoneVerdict.COUNTS
    used = arrived._replace(phoned_ms=now_ms)
    assert judge(token, used, now_ms + 1_000) is PhoneVerdict.USED
    assert {code for code in pad.codes if code} == {scanned}


def test_a_press_removes_the_code_and_a_later_rating_by_phone_does_not_count(
    pad: ScannedPad,
) -> None:
    invitation = pad.invite("case-1")
    scanned = until(lambda: pad.code, 5, "a code beside the invitation")
    pad.press_until(lambda: pad.standing(invitation) == "rated", "dissatisfied", "the rating")
    until(lambda: pad.code is None, 5, "thanks")
    pad.free()
    after = len(pad.codes)
    rated = next(body for body in pad.bodies() if isinstance(body, Rated))
    assert rated.at.utc is not None
    later_ms = rated.at.utc + 1_000
    arrived = known(pad, invitation, later_ms)
    assert judge(read(scanned, later_ms), arrived, later_ms) is PhoneVerdict.RATED
    second = pad.invite("case-2")
    fresh = until(lambda: pad.code, 5, "another code for another case")
    assert fresh != scanned
    assert read(fresh, later_ms).invitation == second
    assert scanned not in pad.codes[after:]


def test_an_invitation_that_was_withdrawn_or_ended_by_a_power_cut_has_no_code(
    pad: ScannedPad,
) -> None:
    invitation = pad.invite("case-1")
    until(lambda: pad.code, 5, "a code beside the invitation")
    assert pad.desk.post(f"/v1/invitations/{invitation}/withdraw", json={}).status_code < 300
    until(lambda: pad.code is None, 5, "standby")
    pad.invite("case-2")
    until(lambda: pad.code, 5, "a code beside the next invitation")
    pad.end()
    pad.start()
    until(lambda: any(isinstance(body, Withdrawn) for body in pad.bodies()), 5, "the restart")
    assert pad.code is None
