"""Debounce on waveforms of contacts that really bounce; no clock, no thread."""

import itertools
import random

import pytest

from device.board.profile import KeysProfile, load_profile
from device.drivers.debounce import Debounce
from device.drivers.key_events import KeyEvent
from device.errors import PadCode
from device.events import Press
from device.ports import FaultReport
from sync.entries import Level
from tests.rigs.keys.contact_bounce import Contacts, faults, presses, sampled

KEYS = load_profile("simulated").keys
VERY, SATISFIED, BASICALLY = 0, 1, 2


def fresh(profile: KeysProfile = KEYS) -> Debounce:
    return Debounce(profile, "test")


def watched(contacts: Contacts, until_ms: int, phase_ms: int = 0) -> list[KeyEvent]:
    """Sampled as a driver does: every scan_ms, from some phase on."""
    return list(sampled(fresh(), contacts, range(phase_ms, until_ms, KEYS.scan_ms)))


@pytest.mark.parametrize("seed", range(25))
def test_each_physical_press_is_exactly_one_press_however_it_bounces(seed: int) -> None:
    rng = random.Random(seed)
    contacts, wanted, at_ms = Contacts(), [], 100.0
    for _ in range(40):
        bit = rng.randrange(len(KEYS.key))
        hold_ms = rng.uniform(60, 400)
        contacts.press(bit, at_ms, hold_ms, rng)
        wanted.append((KEYS.key[bit].name, KEYS.key[bit].level, at_ms))
        at_ms += hold_ms + rng.uniform(60, 300)
    found = watched(contacts, int(at_ms) + 100, phase_ms=seed % KEYS.scan_ms)
    assert faults(found) == []
    assert [(one.key, one.level) for one in presses(found)] == [row[:2] for row in wanted]
    for press, (_, _, pressed_ms) in zip(presses(found), wanted, strict=True):
        assert 0 <= press.mono_ms - pressed_ms <= 10 + KEYS.scan_ms


def test_control_without_debounce_the_same_waveforms_give_more_presses() -> None:
    rng, contacts = random.Random(1), Contacts()
    for number in range(40):
        contacts.press(VERY, 100 + number * 300, 120, rng)
    masks = [contacts.at(moment) for moment in range(0, 13_000, KEYS.scan_ms)]
    naive = sum(now and not before for before, now in itertools.pairwise(masks))
    assert naive > 40
    assert len(presses(watched(contacts, 13_000))) == 40


@pytest.mark.parametrize("seed", range(15))
def test_glitches_shorter_than_the_debounce_time_give_nothing(seed: int) -> None:
    rng, contacts, at_ms = random.Random(seed), Contacts(), 100.0
    for _ in range(50):
        length_ms = rng.uniform(0.1, KEYS.debounce_ms - 0.1)
        contacts.glitch(rng.randrange(5), at_ms, length_ms)
        at_ms += length_ms + rng.uniform(30, 200)
    assert watched(contacts, int(at_ms) + 100, phase_ms=seed % KEYS.scan_ms) == []


@pytest.mark.parametrize("seed", range(25))
def test_two_keys_together_never_give_a_level(seed: int) -> None:
    rng, contacts = random.Random(seed), Contacts()
    first, second = rng.sample(range(5), 2)
    contacts.press(first, 100, rng.uniform(80, 300), rng)
    contacts.press(second, 100 + rng.uniform(0, KEYS.debounce_ms - 6), rng.uniform(80, 300), rng)
    found = presses(watched(contacts, 1000, phase_ms=seed % KEYS.scan_ms))
    names = "+".join(KEYS.key[bit].name for bit in sorted((first, second)))
    assert [(one.key, one.level) for one in found] == [(names, None)]


def test_nothing_more_comes_until_all_keys_are_released() -> None:
    rng, contacts = random.Random(3), Contacts()
    contacts.press(VERY, 100, 900, rng)
    contacts.press(SATISFIED, 300, 100, rng)
    contacts.press(BASICALLY, 600, 600, rng)
    contacts.press(SATISFIED, 1400, 100, rng)
    assert [one.key for one in presses(watched(contacts, 2000))] == ["very_satisfied", "satisfied"]


def test_a_key_that_is_down_at_the_start_is_no_press() -> None:
    rng, contacts = random.Random(4), Contacts()
    contacts.toggles[VERY] = [-50.0]
    contacts.edge(VERY, 400, rng)
    contacts.press(VERY, 700, 100, rng)
    (press,) = presses(watched(contacts, 1500))
    assert press.mono_ms >= 700


def test_a_key_without_a_level_presses_without_one() -> None:
    keys = KeysProfile(key=(*KEYS.key, type(KEYS.key[0])(name="clerk", line=9)))
    contacts = Contacts()
    contacts.press(5, 100, 100, random.Random(5))
    (press,) = presses(sampled(fresh(keys), contacts, range(0, 500, 5)))
    assert press == Press("clerk", None, "test", press.mono_ms)


def test_a_stuck_key_is_a_fault_and_the_others_go_on() -> None:
    rng, contacts = random.Random(6), Contacts()
    contacts.press(VERY, 100, 40_000, rng)
    contacts.press(SATISFIED, 20_000, 100, rng)
    contacts.press(VERY, 41_000, 100, rng)
    found = watched(contacts, 42_000)
    assert faults(found) == [
        FaultReport(PadCode.KEY_STUCK, True, "very_satisfied"),
        FaultReport(PadCode.KEY_STUCK, False, "very_satisfied"),
    ]
    assert [one.level for one in presses(found)] == [
        Level.VERY_SATISFIED,
        Level.SATISFIED,
        Level.VERY_SATISFIED,
    ]


def test_a_chattering_key_is_a_fault_gives_no_press_and_leaves_the_others_free() -> None:
    rng, contacts = random.Random(7), Contacts()
    contacts.toggles[VERY] = []
    at_ms = 1000.0
    while at_ms < 4000:
        contacts.toggles[VERY].append(at_ms)
        at_ms += rng.uniform(1, 9)
    if len(contacts.toggles[VERY]) % 2:
        contacts.toggles[VERY].pop()
    contacts.press(SATISFIED, 2000, 100, rng)
    contacts.press(VERY, 9000, 100, rng)
    found = watched(contacts, 10_000)
    assert faults(found) == [
        FaultReport(PadCode.KEY_CHATTER, True, "very_satisfied"),
        FaultReport(PadCode.KEY_CHATTER, False, "very_satisfied"),
    ]
    assert [one.level for one in presses(found)] == [Level.SATISFIED, Level.VERY_SATISFIED]


@pytest.mark.parametrize("seed", range(8))
def test_sampling_only_when_asked_finds_the_same(seed: int) -> None:
    """A driver that sleeps for `rest_ms` unless a line moves misses nothing."""
    rng, contacts, at_ms = random.Random(seed), Contacts(), 100.0
    for _ in range(12):
        contacts.press(rng.randrange(5), at_ms, rng.choice([5, 100, 200, 17_000]), rng)
        at_ms += rng.uniform(100, 20_000)
    end_ms = int(at_ms) + 20_000
    always, lazily = fresh(), fresh()
    moments = list(range(0, end_ms, KEYS.scan_ms))
    wanted = list(sampled(always, contacts, moments))
    found: list[KeyEvent] = []
    samples, wake_ms, before = 0, 0, 0
    for moment in moments:
        mask = contacts.at(moment)
        if moment >= wake_ms or mask != before:
            found += lazily.feed(moment, mask)
            samples, before = samples + 1, mask
            rest_ms = lazily.rest_ms(moment)
            wake_ms = end_ms if rest_ms is None else moment + rest_ms
    assert found == wanted
    assert samples < len(moments) / 20


# --- samples that come late ---------------------------------------------------------------------

GAP_MS = KEYS.debounce_ms // 2


def fed(debounce: Debounce, *samples: tuple[int, int]) -> list[KeyEvent]:
    return [one for mono_ms, mask in samples for one in debounce.feed(mono_ms, mask)]


def every(start_ms: int, end_ms: int, mask: int) -> list[tuple[int, int]]:
    return [(mono_ms, mask) for mono_ms in range(start_ms, end_ms, KEYS.scan_ms)]


def test_two_glitches_that_a_starved_driver_sampled_are_no_press() -> None:
    glitches = [*every(0, 100, 0), (100, 1), (400, 1), *every(402, 500, 0)]
    assert fed(Debounce(KEYS, "test", GAP_MS), *glitches) == []
    assert len(fed(fresh(), *glitches)) == 1  # the control: far apart they would count


def test_a_key_that_is_down_after_a_gap_is_a_press_from_then_on() -> None:
    found = fed(Debounce(KEYS, "test", GAP_MS), *every(0, 100, 0), *every(400, 500, 1))
    assert [(one.key, one.mono_ms) for one in presses(found)] == [(KEYS.key[0].name, 400)]


@pytest.mark.parametrize("seed", range(25))
def test_whatever_the_gaps_a_press_has_samples_all_through_its_debounce_time(seed: int) -> None:
    rng, debounce = random.Random(seed), Debounce(KEYS, "test", GAP_MS)
    mono_ms, seen, count = 0, list[tuple[int, int]](), 0
    for _ in range(4000):
        mono_ms += rng.choice([2, 2, 2, 5, 9, 11, 15, 300])
        seen.append((mono_ms, rng.choice([0, 0, 1, seen[-1][1] if seen else 0])))
        for press in presses(debounce.feed(*seen[-1])):
            count += 1
            since = [(ms, mask) for ms, mask in seen if ms >= press.mono_ms]
            assert {mask for _, mask in since} == {1}
            assert mono_ms - press.mono_ms >= KEYS.debounce_ms
            assert all(b[0] - a[0] <= GAP_MS for a, b in itertools.pairwise(since))
    assert count


def test_a_key_found_down_when_the_lines_can_be_read_again_is_no_press() -> None:
    debounce = fresh()
    assert fed(debounce, *every(0, 100, 0)) == []
    assert debounce.armed
    debounce.restart(5000)
    assert fed(debounce, *every(5000, 5200, 1)) == []
    assert len(presses(fed(debounce, *every(5200, 5300, 0), *every(5300, 5400, 1)))) == 1


def test_a_stuck_key_that_came_up_while_the_lines_could_not_be_read_is_reported() -> None:
    debounce = fresh()
    stuck = fed(debounce, *every(0, 100, 0), *every(100, 16_000, 1))
    assert faults(stuck) == [FaultReport(PadCode.KEY_STUCK, True, KEYS.key[0].name)]
    debounce.restart(20_000)
    mended = faults(fed(debounce, *every(20_000, 20_100, 0)))
    assert mended == [FaultReport(PadCode.KEY_STUCK, False, KEYS.key[0].name)]


# --- a key that is set apart ---------------------------------------------------------------------


def set_apart(*bits: int) -> Debounce:
    debounce = fresh()
    debounce.apart = frozenset(KEYS.key[bit].name for bit in bits)
    return debounce


def test_a_key_that_is_set_apart_is_a_press_without_a_level_each_time_it_goes_down() -> None:
    rng, contacts = random.Random(7), Contacts()
    for number in range(5):
        contacts.press(VERY, 100 + number * 450, 60, rng)
    found = list(sampled(set_apart(VERY), contacts, range(0, 3_000, KEYS.scan_ms)))
    assert [(one.key, one.level) for one in presses(found)] == [(KEYS.key[VERY].name, None)] * 5
    assert all(0 <= one.mono_ms - 100 - n * 450 <= 15 for n, one in enumerate(presses(found)))


@pytest.mark.parametrize("begins_ms", range(100, 550, 30))
def test_a_key_that_is_set_apart_takes_no_press_from_another(begins_ms: int) -> None:
    rng, contacts = random.Random(begins_ms), Contacts()
    for number in range(6):
        contacts.press(VERY, 100 + number * 450, 60, rng)
    contacts.press(SATISFIED, begins_ms, 200, rng)
    found = presses(list(sampled(set_apart(VERY), contacts, range(0, 3_000, KEYS.scan_ms))))
    assert [one.level for one in found if one.level] == [KEYS.key[SATISFIED].level]
    assert {one.key for one in found} == {KEYS.key[VERY].name, KEYS.key[SATISFIED].name}


def test_a_key_is_set_apart_while_it_is_down_and_used_again_only_once_it_is_up() -> None:
    debounce, name = fresh(), KEYS.key[VERY].name
    moments = iter(range(0, 10_000, KEYS.scan_ms))

    def held(bits: int, scans: int = 20) -> list[Press]:
        return presses([one for _ in range(scans) for one in debounce.feed(next(moments), bits)])

    assert held(0) == []
    assert [one.key for one in held(1 << VERY)] == [name]
    debounce.apart = frozenset({name})
    assert held(1 << VERY) == []  # it has been told
    assert [one.key for one in held(1 << VERY | 1 << SATISFIED)] == [KEYS.key[SATISFIED].name]
    debounce.apart = frozenset()
    assert held(1 << VERY) == []
    assert held(0) == []
    assert [one.level for one in held(1 << VERY)] == [KEYS.key[VERY].level]


def test_a_key_that_is_set_apart_is_stuck_and_chatters_as_any() -> None:
    debounce = set_apart(VERY)
    stuck_ms = round(KEYS.stuck_s * 1000)
    found = [
        one
        for moment in range(0, stuck_ms + 500, KEYS.scan_ms)
        for one in debounce.feed(moment, (1 << VERY) * (moment > 100))
    ]
    assert [one.code for one in faults(found)] == [PadCode.KEY_STUCK]
    assert len(presses(found)) == 1
