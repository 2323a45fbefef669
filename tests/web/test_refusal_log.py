from web.refusal_log import INTERVAL_S, MAX_KINDS, RefusalLog


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
