"""Which reason codes of MQTT 5.0 (2.4) somebody has to clear away."""

import pytest

from sync.obstacles import (
    NO_MATCHING_SUBSCRIBERS,
    PACKET_TOO_LARGE,
    QOS_NOT_SUPPORTED,
    RETAIN_NOT_SUPPORTED,
    SESSION_TAKEN_OVER,
    Obstacle,
    obstacle_of,
)


def test_the_reason_codes_are_those_of_the_standard() -> None:
    assert (SESSION_TAKEN_OVER, PACKET_TOO_LARGE) == (0x8E, 0x95)
    assert (RETAIN_NOT_SUPPORTED, QOS_NOT_SUPPORTED) == (0x9A, 0x9B)
    assert NO_MATCHING_SUBSCRIBERS == 0x10


@pytest.mark.parametrize(
    ("codes", "obstacle"),
    [
        ((0x85, 0x86, 0x87, 0x8A, 0x8C, 0x8F, 0x90), Obstacle.REFUSED),
        ((0x8E,), Obstacle.DUPLICATE),
        ((0x84, 0x9A, 0x9B, 0x9E, 0xA1, 0xA2), Obstacle.LACKING),
    ],
)
def test_an_obstacle_is_told_by_its_codes_and_by_no_others(
    codes: tuple[int, ...], obstacle: Obstacle
) -> None:
    assert tuple(sorted(c for c in range(256) if obstacle_of(c) is obstacle)) == tuple(
        sorted(codes)
    )
    assert obstacle_of(None) is None


def test_an_obstacle_is_named_in_one_word() -> None:
    assert [one.value for one in Obstacle] == ["refused", "duplicate", "lacking", "too-small"]
