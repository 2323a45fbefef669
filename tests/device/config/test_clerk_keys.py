"""The clerk's keys: configured in the pad's file or a key map; they never make a level."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.board.keypad import parse_keypad
from device.board.profile import load_profile, parse_profile
from device.config.clerk_keys import DUTIES
from device.config.config import Config, load
from device.config_errors import ConfigErrors
from device.errors import ConfigError
from device.events import ClerkKeyAction, Press, Scene
from sync.entries import Invited, Level, Paused, Rated, Resumed, Strayed
from tests.rigs.pad.virtual_pad import VirtualPad
from tests.rigs.time.virtual_time import now_ms, pass_s, run

PAD = '[pad]\nid = "pad-1"\nwindow = "3"\nboard = "{board}"\n[ledger]\npath = "ledger.db"\n'
KEYS: dict[str, ClerkKeyAction] = {"clerk_invite": "invite", "clerk_pause": "pause"}


def loaded(folder: Path, board: str, lines: str) -> Config:
    file = folder / "pad.toml"
    file.write_text(PAD.format(board=board) + lines)
    return load(file)


def config_error(folder: Path, board: str, lines: str) -> str:
    with pytest.raises(ConfigError) as caught:
        loaded(folder, board, lines)
    return caught.value.detail


# --- where they are configured ------------------------------------------------------------------


@pytest.mark.parametrize("board", ["simulated", "rpi-4", "rpi-3b-plus", "rpi-5", "rpi-zero-2w"])
def test_two_lines_of_the_pads_own_file_give_a_board_its_clerks_keys(
    tmp_path: Path, board: str
) -> None:
    config = loaded(tmp_path, board, "[clerk_keys]\ninvite = 4\npause = 12\n")
    assert config.clerk_keys == KEYS
    *keys, invite, pause = config.profile.keys.key
    assert tuple(keys) == load_profile(board).keys.key
    assert [(key.name, key.line, key.level) for key in (invite, pause)] == [
        ("clerk_invite", 4, None),
        ("clerk_pause", 12, None),
    ]


def test_without_these_lines_a_board_has_no_clerks_keys(tmp_path: Path) -> None:
    config = loaded(tmp_path, "rpi-4", "")
    assert config.clerk_keys == {}
    assert config.profile == load_profile("rpi-4")


@pytest.mark.parametrize(
    ("board", "lines", "expected"),
    [
        ("rpi-4", "invite = 5", "clerk_keys.invite = 5: is the line of key 'very_satisfied'"),
        ("rpi-4", "invite = 4\npause = 4", "clerk_keys.pause = 4: is the line of key 'invite'"),
        ("rpi-4", "invite = 17", "line 17 (pin 11): key clerk_invite and light very_satisfied"),
        ("rpi-4", "invite = 99", "invite"),
        ("rpi-4", "invites = 4", "did you mean"),
        ("linux-touch", "invite = 4", "the keys of board linux-touch are on no lines"),
    ],
)
def test_a_line_that_is_in_use_or_absent_is_named(
    tmp_path: Path, board: str, lines: str, expected: str
) -> None:
    touch = '[touch]\nentry_file = "kiosk.html"\npx_per_mm = 5\n' if board == "linux-touch" else ""
    assert expected in config_error(tmp_path, board, f"{touch}[clerk_keys]\n{lines}\n")


def described(level_line: str) -> str:
    levels = "".join(
        f'[[key]]\nname = "{level.value}"\ncode = {code}\nlevel = "{level.value}"\n'
        for code, level in enumerate(Level, 2)
    )
    return (
        f'title = "t"\nprotocol = "input"\n{levels}[[key]]\nname = "bell"\ncode = 28\n{level_line}'
    )


def test_a_key_map_names_the_clerks_key() -> None:
    problems = ConfigErrors()
    keypad = parse_keypad("k", described('does = "invite"\n'), problems)
    assert keypad is not None, problems.lines
    assert {key.name: key.does for key in keypad.key if key.does} == {"bell": "invite"}
    assert parse_keypad("k", described('does = "rate"\n'), problems) is None


def test_no_key_has_a_level_and_a_duty_and_no_two_keys_have_one_duty() -> None:
    profile = """
    title = "t"
    driver = "simulated"
    [keys]
    key = [
        { name = "a", line = 1, level = "very_satisfied", does = "invite" },
        { name = "b", line = 2, level = "satisfied" },
        { name = "c", line = 3, level = "basically_satisfied" },
        { name = "d", line = 4, level = "dissatisfied" },
        { name = "e", line = 5, level = "very_dissatisfied" },
        { name = "f", line = 6, does = "invite" },
    ]
    """
    problems = ConfigErrors()
    assert parse_profile("p", profile, problems) is None
    assert len(problems.lines) == 2
    assert "a key with a level does nothing else" in problems.lines[0]
    assert "already taken by key 'a'" in problems.lines[1]


# --- what they do -------------------------------------------------------------------------------


def press(bench: VirtualPad, key: str, level: Level | None = None) -> None:
    bench.pad.press(Press(key, level, "keys", now_ms()))


def test_the_key_to_invite_pressed_in_standby_invites_and_the_citizen_rates() -> None:
    async def story() -> None:
        bench = VirtualPad(clerk_keys=KEYS)
        bench.pad.start()
        press(bench, "clerk_invite")
        await bench.settle()
        assert bench.scene is Scene.INVITATION
        press(bench, "clerk_invite")  # pressed a second time
        bench.press(Level.DISSATISFIED)
        await bench.settle()
        press(bench, "clerk_invite")  # while thanks is shown
        await bench.settle()
        (invited,) = bench.recorded(Invited)
        assert (invited.source, invited.service.case) == ("key", None)
        assert [body.level for body in bench.recorded(Rated)] == [Level.DISSATISFIED]
        strays = [(body.key, body.state) for body in bench.recorded(Strayed)]
        assert strays == [("clerk_invite", "invited"), ("clerk_invite", "grace")]

    run(story())


def test_the_pause_key_closes_the_window_and_opens_it_again() -> None:
    async def story() -> None:
        bench = VirtualPad(clerk_keys=KEYS)
        bench.pad.start()
        press(bench, "clerk_pause")
        press(bench, "clerk_invite")
        press(bench, "clerk_pause")
        await bench.settle()
        assert [body.by for body in bench.recorded(Paused)] == ["key"]
        assert [body.by for body in bench.recorded(Resumed)] == ["key"]
        assert bench.recorded(Invited) == []
        assert bench.scene is Scene.STANDBY

    run(story())


@pytest.mark.parametrize("chord", ["satisfied+clerk_invite", "clerk_invite+clerk_pause"])
def test_a_clerks_key_together_with_another_key_is_a_press_without_a_level(chord: str) -> None:
    async def story() -> None:
        bench = VirtualPad(clerk_keys=KEYS)
        bench.pad.start()
        press(bench, chord)
        await bench.settle()
        assert [body.key for body in bench.recorded(Strayed)] == [chord]
        assert bench.recorded(Invited) + bench.recorded(Rated) == []

    run(story())


def test_a_key_that_is_not_the_clerks_does_not_invite() -> None:
    async def story() -> None:
        bench = VirtualPad()
        bench.pad.start()
        press(bench, "clerk_invite")
        await bench.settle()
        assert bench.recorded(Invited) == []

    run(story())


PRESSES = st.one_of(
    st.sampled_from([(name, None) for name in (*KEYS, "satisfied+clerk_invite", "unknown")]),
    st.sampled_from([(level.value, level) for level in Level]),
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.tuples(PRESSES, st.sampled_from([0, 0.05, 1, 5, 40])), max_size=30))
def test_whatever_is_pressed_a_level_is_that_of_a_level_key(
    presses: list[tuple[tuple[str, Level | None], float]],
) -> None:
    async def story() -> None:
        bench = VirtualPad(clerk_keys=KEYS)
        bench.pad.start()
        at_ms: dict[int, set[Level]] = {}
        for (key, level), wait_s in presses:
            if level is not None:
                at_ms.setdefault(now_ms(), set()).add(level)
            press(bench, key, level)
            await pass_s(wait_s)
        await bench.settle()
        for rated in bench.recorded(Rated):
            assert rated.level in at_ms.get(rated.at.mono, set())
        assert {body.source for body in bench.recorded(Invited)} <= {"key"}

    run(story())


def test_the_pads_file_has_a_line_for_each_duty_of_a_clerks_key() -> None:
    assert DUTIES == ("invite", "pause")
