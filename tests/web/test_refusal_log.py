from web.refusal_log import INTERVAL_S, LINES, MAX_KINDS, RefusalLog


def test_the_first_is_logged_at_once_and_the_next_ones_together() -> None:
    refused = RefusalLog()
    line = refused.note("unauthorised", "10.0.0.7", "/v1/window", 5.0)
    assert line == "refused unauthorised to 10.0.0.7 at /v1/window"
    for n in range(1000):
        assert refused.note("unauthorised", "10.0.0.7", "/v1/window", 6.0 + n / 100) is None
    again = refused.note("unauthorised", "10.0.0.7", "/v1/window", 5.0 + INTERVAL_S)
    assert again is not None
    assert again.endswith("and 1000 times since the line before")
    assert refused.total == 1002


def test_another_caller_and_another_error_are_logged_separately() -> None:
    refused = RefusalLog()
    assert refused.note("unauthorised", "a", "/", 0.0)
    assert refused.note("unauthorised", "b", "/", 0.0)
    assert refused.note("too-large", "a", "/", 0.0)
    assert refused.counts == {"unauthorised": 2, "too-large": 1}


def test_a_thousand_callers_are_counted_in_limited_memory() -> None:
    refused = RefusalLog()
    for n in range(1000):
        refused.note("unauthorised", f"client {n}", "/", 0.0)
    assert refused.total == 1000
    assert len(refused._logged) == MAX_KINDS


def test_ever_new_addresses_do_not_fill_the_log() -> None:
    log = RefusalLog()
    lines = [log.note("unauthorised", f"10.{n >> 8}.{n & 255}.1", "/", 0.0) for n in range(5_000)]
    assert sum(line is not None for line in lines) == LINES.burst
    assert log.total == 5_000
    later = log.note("too-often", "10.9.9.9", "/", 60.0)
    assert later == ("refused too-often to 10.9.9.9 at /; 4940 lines of other kinds were left out")
