from web.rate_limit import MAX_CLIENTS, Rate, RateLimiter


def test_a_burst_is_served_and_then_only_what_flows_in() -> None:
    buckets = RateLimiter(Rate(burst=3, per_s=2))
    assert [buckets.take("a", 10.0) for _ in range(4)] == [True, True, True, False]
    assert not buckets.take("a", 10.4)
    assert buckets.take("a", 10.5)
    assert not buckets.take("a", 10.5)
    assert [buckets.take("a", 1000.0) for _ in range(4)] == [True, True, True, False]


def test_one_caller_does_not_empty_the_bucket_of_another() -> None:
    buckets = RateLimiter(Rate(burst=1, per_s=1))
    assert buckets.take("a", 0.0)
    assert not buckets.take("a", 0.0)
    assert buckets.take("b", 0.0)


def test_a_refused_call_takes_nothing_out_of_the_bucket() -> None:
    buckets = RateLimiter(Rate(burst=1, per_s=1))
    assert [buckets.take("a", at / 10) for at in range(11)] == [True, *[False] * 9, True]


def test_the_number_of_remembered_callers_is_limited() -> None:
    buckets = RateLimiter(Rate(burst=1, per_s=0.001))
    for n in range(MAX_CLIENTS + 1):
        assert buckets.take(f"10.0.0.{n}", 0.0)
    assert buckets.take("10.0.0.0", 0.0)  # forgotten, so new
    assert not buckets.take("10.0.0.9", 0.0)  # the control: remembered


def test_256_callers_are_remembered_and_the_one_before_them_is_not() -> None:
    buckets = RateLimiter(Rate(burst=1, per_s=0.001))
    for n in range(256):
        assert buckets.take(str(n), 0.0)
    assert not buckets.take("0", 0.0)  # still known, and now the newest
    assert buckets.take("256", 0.0)
    assert buckets.take("1", 0.0)  # the oldest of 257
