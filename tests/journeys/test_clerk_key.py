"""The clerk's keys of a pad as a process, with contacts that bounce."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from device.events import Scene
from sync.entries import Invited, Level, Paused, Rated, Resumed, Strayed, Withdrawn
from sync.mqtt import BrokerAddress
from tests.rigs.pad.pad_process import PadProcess
from tests.rigs.system.loopback import free_port
from tests.rigs.time.wait import until

KEYS = "[clerk_keys]\ninvite = 4\npause = 12\n"


@contextmanager
def pad_with(folder: Path, lines: str) -> Iterator[PadProcess]:
    """A pad of an unchanged board profile, with these lines in its own file."""
    province = BrokerAddress("127.0.0.1", free_port())  # which never answers
    pad = PadProcess(folder / "pad", "pad-1", province)
    pad.config.write_text(pad.config.read_text() + lines)
    try:
        yield pad.start()
    finally:
        pad.remove()


def invited(pad: PadProcess) -> list[Invited]:
    return [body for body in pad.bodies() if isinstance(body, Invited)]


def test_a_button_at_the_clerks_side_invites_and_the_citizen_rates(tmp_path: Path) -> None:
    with pad_with(tmp_path, KEYS) as pad:
        pad.press_until(lambda: pad.window()["state"] == "busy", "clerk_invite", "an invitation")
        invitation = str(pad.window()["invitation"])
        pad.press("clerk_invite")  # a second press changes nothing
        pad.press_until(lambda: pad.standing(invitation) == "rated", "dissatisfied", "rated")
        assert [(body.source, body.invitation) for body in invited(pad)] == [("key", invitation)]
        assert [body.level for body in pad.bodies() if isinstance(body, Rated)] == [
            Level.DISSATISFIED
        ]
        pad.free()
        pad.press_until(lambda: pad.window()["state"] == "paused", "clerk_pause", "it is closed")
        pad.display.until(Scene.PAUSED)
        pad.press_until(lambda: pad.window()["state"] == "ready", "clerk_pause", "it is open")

        def by() -> list[str]:
            return [body.by for body in pad.bodies() if isinstance(body, Paused | Resumed)]

        until(lambda: by() == ["key", "key"], 5, "both are recorded")


def test_pressed_together_with_a_level_key_it_is_a_stray(tmp_path: Path) -> None:
    with pad_with(tmp_path, KEYS) as pad:
        pad.press("clerk_invite", "very_satisfied")

        def strays() -> list[str]:
            return [body.key for body in pad.bodies() if isinstance(body, Strayed)]

        until(strays, 5, "the press is recorded")
        assert set(strays()) == {"very_satisfied+clerk_invite"}
        assert invited(pad) == []
        assert pad.window()["state"] == "ready"


def test_an_invitation_by_key_that_a_power_cut_ended_is_withdrawn(tmp_path: Path) -> None:
    with pad_with(tmp_path, KEYS) as pad:
        pad.press_until(lambda: pad.window()["state"] == "busy", "clerk_invite", "an invitation")
        invitation = str(pad.window()["invitation"])
        pad.end(signal.SIGKILL)
        pad.start()
        assert pad.standing(invitation) == "withdrawn"
        (withdrawn,) = [body for body in pad.bodies() if isinstance(body, Withdrawn)]
        assert withdrawn.reason == "restart"


def test_control_a_board_without_them_has_no_such_key(tmp_path: Path) -> None:
    with pad_with(tmp_path, "") as pad, pytest.raises(ValueError, match="no key 'clerk_invite'"):
        pad.press("clerk_invite")
