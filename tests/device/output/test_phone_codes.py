"""The code of an invitation: made once, with a key, with a last day if the time is known."""

import logging
from pathlib import Path
from typing import cast

import pytest

from device.config.config import Config, load
from device.errors import ConfigError
from device.events import Invitation, Invite, Press, Stored, Tick
from device.output.phone_codes import PhoneCodes
from device.ports import WallReading
from device.session.session import Session, SessionState, Timing
from device.system.clock import TrustedClock
from sync.entries import Level, Trust
from sync.phone_token import CHARS, DAY_MS, PhoneKey, Purpose, Token, check, day_of, write_key

KEY = PhoneKey("pad-1", 42, bytes(range(32)))
SERVED_MS = 1795399200000
FIRST, SECOND = "01JD5Z9QWV00000000000000A1", "01JD5ZAB1C00000000000000A2"
ADDRESS = "HTTPS://RATE.EXAMPLE.CN/R/"
TIMING = Timing()


class Clocks:
    """Both clocks of a board, set by hand."""

    boot = "0d9f2a0e6f0a4a539c0c8d8f4f0a1b2c"

    def __init__(self) -> None:
        self.now_ms = 1000
        self.trust = Trust.NTP
        self.utc_ms = SERVED_MS

    def mono_ms(self) -> int:
        return self.now_ms

    def read(self) -> WallReading:
        return WallReading(self.utc_ms, self.trust, 10, "bench")


class Window:
    """A session with its codes, and the clocks that both read."""

    def __init__(self, config: Config, *, details: bool = False) -> None:
        self.clocks = Clocks()
        self.clock = TrustedClock(self.clocks, self.clocks)
        self.session = Session("3", TIMING, details=details)
        self.codes = PhoneCodes(config, self.clock, self.session)

    def invite(self, invitation: str = FIRST) -> None:
        self.session.step(Invite(Invitation(invitation, "http")), self.clock.at())
        self.session.step(Stored(), self.clock.at())

    def press(self) -> None:
        press = Press("k1", Level.SATISFIED, "sim", self.clocks.now_ms)
        self.session.step(press, self.clock.at())

    def wait(self, passed_ms: int) -> None:
        self.clocks.now_ms += passed_ms
        self.clocks.utc_ms += passed_ms
        self.session.step(Tick(), self.clock.at())

    def lapse(self) -> None:
        self.wait(TIMING.invitation_ms + TIMING.report_delay_ms)

    def token(self) -> Token:
        """What the province reads in the code that is shown."""
        text = self.codes.now()
        assert text is not None
        assert text[:-CHARS] == ADDRESS
        return cast("Token", check(text[-CHARS:], {KEY.number: KEY}.get, self.clocks.utc_ms))


def configured(folder: Path, more: str = "", *, keyed: bool = True) -> Config:
    key = folder / "phone-key"
    key.touch(0o600)
    key.write_text(write_key(KEY))
    file = folder / "pad.toml"
    key_line = 'key_file = "phone-key"\n' if keyed else ""
    file.write_text(
        '[pad]\nid = "pad-1"\n[ledger]\npath = "ledger.db"\n[phone]\n'
        f'url = "https://rate.example.cn/R/"\n{key_line}{more}\n'
    )
    return load(file)


@pytest.fixture
def window(tmp_path: Path) -> Window:
    return Window(configured(tmp_path))


def test_an_open_invitation_has_its_own_token_for_seven_days(window: Window) -> None:
    assert window.codes.now() is None
    window.invite()
    assert window.token() == Token("pad-1", 42, FIRST, day_of(SERVED_MS) + 7)
    window.lapse()
    window.invite(SECOND)
    assert window.token().invitation == SECOND


def test_the_days_can_be_configured(tmp_path: Path) -> None:
    window = Window(configured(tmp_path, "days = 30"))
    window.invite()
    assert window.token().last_day == day_of(SERVED_MS) + 30


def test_a_code_does_not_change_at_midnight(window: Window) -> None:
    window.invite()
    before = window.codes.now()
    window.clocks.utc_ms += DAY_MS
    assert window.codes.now() == before
    window.lapse()
    assert window.codes.now() == before


def test_a_pressed_key_removes_the_code_permanently(window: Window) -> None:
    window.invite()
    assert window.codes.now() is not None
    window.press()
    assert window.codes.now() is None
    window.session.step(Stored(), window.clock.at())
    for _ in range(4):
        assert window.codes.now() is None
        window.wait(10_000)
    assert window.session.state is SessionState.IDLE


def test_after_a_lapse_the_code_is_shown_for_a_minute(window: Window) -> None:
    window.invite()
    window.lapse()
    assert window.token().invitation == FIRST
    window.wait(59_999)
    assert window.token().invitation == FIRST
    window.wait(1)
    assert window.codes.now() is None


def test_the_minute_after_a_lapse_can_be_configured(tmp_path: Path) -> None:
    window = Window(configured(tmp_path, "late_s = 0"))
    window.invite()
    window.lapse()
    assert window.codes.now() is None


def test_a_pad_that_does_not_know_the_time_names_no_last_day(window: Window) -> None:
    window.clocks.trust = Trust.NONE
    window.invite()
    assert window.token().last_day is None


@pytest.mark.parametrize("trust", [Trust.RTC, Trust.NTP])
def test_a_pad_that_knows_the_time_names_the_last_day(window: Window, trust: Trust) -> None:
    window.clocks.trust = trust
    window.invite()
    assert window.token().last_day == day_of(SERVED_MS) + 7


def test_a_clock_of_the_year_5138_gives_no_last_day(window: Window) -> None:
    window.clocks.utc_ms = 10**14
    window.invite()
    assert window.token().last_day is None


def test_while_reasons_are_asked_for_a_code_takes_words_and_no_level(tmp_path: Path) -> None:
    window = Window(configured(tmp_path), details=True)
    window.invite()
    window.press()
    window.session.step(Stored(), window.clock.at())
    window.wait(TIMING.grace_ms + TIMING.report_delay_ms)
    assert window.session.state is SessionState.DETAILS
    assert window.token() == Token("pad-1", 42, FIRST, day_of(SERVED_MS) + 7, Purpose.WORDS)


def test_without_a_key_there_is_no_code_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A code without a signature could be made by anybody."""
    caplog.set_level(logging.WARNING)
    window = Window(configured(tmp_path, keyed=False))
    window.invite()
    assert window.codes.now() is None
    assert "no key_file" in caplog.text


def test_a_key_file_that_was_deleted_after_the_check_is_an_error(tmp_path: Path) -> None:
    config = configured(tmp_path)
    (tmp_path / "phone-key").unlink()
    with pytest.raises(ConfigError, match="key_file"):
        Window(config)
