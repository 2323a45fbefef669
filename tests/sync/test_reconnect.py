"""How long a client waits, and when it suspects another one with its id. No clock."""

from random import Random

from sync.obstacles import SESSION_TAKEN_OVER
from sync.reconnect import BRIEF_MAX, BRIEF_MS, HELD_MS, Reconnect

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
