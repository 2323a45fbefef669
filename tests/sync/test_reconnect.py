"""How long a client waits, and when it suspects another one with its id. No clock."""

from random import Random

from sync.obstacles import SESSION_TAKEN_OVER
from sync.reconnect import BRIEF_MAX, BRIEF_MS, HELD_MS, Reconnect, full_jitter_ms
from tests.rigs.sync.delivery_bench import LongestJitter

LONGEST_MS = 60_000


def client(seed: int = 1) -> Reconnect:
    return Reconnect(Random(seed), 1_000, LONGEST_MS)


def test_an_accepted_connection_that_achieves_nothing_does_not_end_the_back_off() -> None:
    """A broker that accepts and then refuses every subscription."""
    reconnect = client()
    now_ms, waits = 0, []
    for _ in range(40):
        reconnect.connected(now_ms)
        now_ms += BRIEF_MS // 2
        waits.append(reconnect.ended(now_ms, achieved=False, moved=False))
        now_ms += waits[-1]
    assert sum(waits[20:]) > 20 * LONGEST_MS / 4
    assert max(waits) <= LONGEST_MS
    assert not reconnect.contested


def test_the_back_off_begins_anew_after_something_was_achieved() -> None:
    reconnect = client()
    for _ in range(20):
        reconnect.ended(0, achieved=False, moved=False)
    waits = [reconnect.ended(0, achieved=True, moved=True) for _ in range(100)]
    assert max(waits) <= 1_000


def test_a_session_that_was_taken_over_is_an_obstacle_at_once() -> None:
    reconnect = client()
    reconnect.connected(0)
    wait_ms = reconnect.ended(60_000, achieved=True, moved=True, code=SESSION_TAKEN_OVER)
    assert reconnect.contested
    assert wait_ms >= 8_000


def test_two_clients_with_one_id_connect_ever_more_seldom_and_one_knows() -> None:
    """Each accepted connection ends the other's without a word, as mosquitto 2.0 does.

    The one that backs off leaves the other's connections long enough to look sound.
    """
    pair = [client(1), client(2)]
    due_ms, holder, connects = [0, 10], None, []
    for _ in range(200):
        turn = min((0, 1), key=lambda one: due_ms[one])
        now_ms = due_ms[turn]
        if now_ms > 75_000:
            break
        connects.append(now_ms)
        other = 1 - turn
        if holder == other:
            wait_ms = pair[other].ended(now_ms, achieved=True, moved=False, broke=True)
            due_ms[other] = now_ms + wait_ms
        pair[turn].connected(now_ms)
        due_ms[turn] = 10**9
        holder = turn
    assert len(connects) < 30
    assert any(one.contested for one in pair)


def test_a_link_that_is_cut_again_and_again_while_it_delivers_is_no_second_client() -> None:
    reconnect = client()
    for now_ms in range(0, 600_000, 3_000):
        reconnect.connected(now_ms)
        wait_ms = reconnect.ended(now_ms + 2_900, achieved=True, moved=True, broke=True)
        assert wait_ms <= 1_000
    assert not reconnect.contested


def test_a_few_brief_connections_are_no_second_client() -> None:
    reconnect = client()
    for _ in range(BRIEF_MAX - 1):
        reconnect.connected(0)
        reconnect.ended(100, achieved=True, moved=False, broke=True)
    assert not reconnect.contested


def test_the_suspicion_ends_with_a_connection_that_lasts() -> None:
    reconnect = client()
    reconnect.connected(0)
    reconnect.ended(100, achieved=True, moved=False, code=SESSION_TAKEN_OVER)
    reconnect.connected(1_000)
    assert reconnect.settles_ms == 1_000 + HELD_MS
    seen = []
    for now_ms in (HELD_MS, 1_000 + HELD_MS, 2_000 + HELD_MS):
        seen.append((reconnect.settled(now_ms), reconnect.contested))
    assert seen == [(False, True), (True, False), (False, False)]


def longest(base_ms: int = 1_000, longest_ms: int = LONGEST_MS) -> Reconnect:
    """A client whose every wait is the longest that is allowed."""
    return Reconnect(LongestJitter(), base_ms, longest_ms)


class ShortestJitter(Random):
    """Draws the shortest wait that is allowed."""

    def uniform(self, a: float, b: float) -> float:
        del b
        return a


def test_the_bounds_are_these() -> None:
    assert (BRIEF_MS, BRIEF_MAX, HELD_MS) == (10_000, 5, 300_000)


def test_a_wait_is_between_nothing_and_a_bound_that_doubles_65536_times_at_most() -> None:
    assert full_jitter_ms(ShortestJitter(), 5, 1_000, 60_000) == 0
    waits = [full_jitter_ms(LongestJitter(), n, 1, 10**9) for n in (0, 1, 2, 15, 16, 17, 999)]
    assert waits == [1, 2, 4, 32_768, 65_536, 65_536, 65_536]


def test_each_connection_that_achieves_nothing_doubles_the_wait_up_to_its_bound() -> None:
    reconnect = longest()
    waits = [reconnect.ended(0, achieved=False, moved=False) for _ in range(7)]
    assert waits == [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]
    assert reconnect.ended(0, achieved=True, moved=False) == 1_000


def test_a_link_that_is_cut_while_it_delivers_and_has_more_to_deliver_waits_a_quarter() -> None:
    reconnect = longest()
    assert reconnect.ended(0, achieved=True, moved=True, waits=True) == 250
    assert reconnect.ended(0, achieved=True, moved=True, waits=False) == 1_000
    assert reconnect.ended(0, achieved=True, moved=True) == 1_000
    assert reconnect.ended(0, achieved=True, moved=False, waits=True) == 1_000


def test_each_take_over_doubles_the_wait_of_which_the_first_half_is_certain() -> None:
    for jitter, part in ((LongestJitter(), 1), (ShortestJitter(), 2)):
        reconnect = Reconnect(jitter, 100, LONGEST_MS)
        waits = [
            reconnect.ended(0, achieved=True, moved=True, code=SESSION_TAKEN_OVER) for _ in range(6)
        ]
        bounds = [3_200, 6_400, 12_800, 25_600, 51_200, 60_000]
        assert waits == [bound // part for bound in bounds]


def test_a_contested_clients_wait_doubles_65536_times_at_most() -> None:
    reconnect = longest(1, 10**9)
    waits = [
        reconnect.ended(0, achieved=False, moved=False, code=SESSION_TAKEN_OVER) for _ in range(20)
    ]
    assert waits[9:14] == [16_384, 32_768, 65_536, 65_536, 65_536]


def ends_brief(reconnect: Reconnect, lasted_ms: int, times: int) -> None:
    """Connections at a later time of the clock, each ended by the other side after so long."""
    for n in range(times):
        begun_ms = 5_000_000 + n * 100_000
        reconnect.connected(begun_ms)
        reconnect.ended(begun_ms + lasted_ms, achieved=True, moved=False, broke=True)


def test_the_fifth_connection_in_a_row_that_ends_within_10_s_looks_like_a_second_client() -> None:
    reconnect = client()
    seen = []
    for _ in range(5):
        ends_brief(reconnect, 9_999, 1)
        seen.append(reconnect.contested)
    assert seen == [False, False, False, False, True]
    sound = client()
    ends_brief(sound, 10_000, 20)
    assert not sound.contested


def test_a_connection_that_could_not_be_made_is_not_brief() -> None:
    reconnect = client()
    ends_brief(reconnect, 100, 4)
    for _ in range(9):
        reconnect.ended(5_300_200, achieved=False, moved=False, broke=True)
    assert not reconnect.contested


def test_without_a_connection_nothing_settles() -> None:
    reconnect = client()
    assert reconnect.settles_ms is None
    reconnect.connected(0)
    assert reconnect.settles_ms is None, "nobody is suspected"
    reconnect.ended(100, achieved=True, moved=False, code=SESSION_TAKEN_OVER)
    assert reconnect.settles_ms is None
    assert not reconnect.settled(10**9)
    assert reconnect.contested


def test_a_connection_that_lasted_settles_at_its_end_too() -> None:
    reconnect = longest()
    reconnect.ended(0, achieved=True, moved=False, code=SESSION_TAKEN_OVER)
    reconnect.connected(1_000)
    assert reconnect.ended(1_000 + HELD_MS, achieved=True, moved=False) == 1_000
    assert not reconnect.contested
