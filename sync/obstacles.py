"""Why a broker cannot be worked with, as far as its reason codes say so. Pure.

Most ends of a connection are a matter of waiting: a cut, a restart, a busy broker. An obstacle is
one that somebody has to clear away, so each has an error code at either end.

Source: MQTT 5.0, 2.4 (reason codes).
"""

import enum

SESSION_TAKEN_OVER = 0x8E
PACKET_TOO_LARGE = 0x95
RETAIN_NOT_SUPPORTED = 0x9A
QOS_NOT_SUPPORTED = 0x9B
NO_MATCHING_SUBSCRIBERS = 0x10


class Obstacle(enum.Enum):
    """What stands in the way until somebody changes something."""

    REFUSED = "refused"
    """The broker does not let this client connect, subscribe or publish."""
    DUPLICATE = "duplicate"
    """Another client connects with the same id, and each connection ends the other's."""
    LACKING = "lacking"
    """The broker is without something that is needed."""
    TOO_SMALL = "too-small"
    """One message alone is longer than the broker takes."""


_OBSTACLES = {
    0x85: Obstacle.REFUSED,  # client identifier not valid
    0x86: Obstacle.REFUSED,  # bad user name or password
    0x87: Obstacle.REFUSED,  # not authorized
    0x8A: Obstacle.REFUSED,  # banned
    0x8C: Obstacle.REFUSED,  # bad authentication method
    0x8F: Obstacle.REFUSED,  # topic filter invalid
    0x90: Obstacle.REFUSED,  # topic name invalid
    SESSION_TAKEN_OVER: Obstacle.DUPLICATE,
    0x84: Obstacle.LACKING,  # unsupported protocol version
    RETAIN_NOT_SUPPORTED: Obstacle.LACKING,
    QOS_NOT_SUPPORTED: Obstacle.LACKING,
    0x9E: Obstacle.LACKING,  # shared subscriptions not supported
    0xA1: Obstacle.LACKING,  # subscription identifiers not supported
    0xA2: Obstacle.LACKING,  # wildcard subscriptions not supported
}


def obstacle_of(code: int | None) -> Obstacle | None:
    """The obstacle that a reason code names; None for one that passes by itself."""
    return _OBSTACLES.get(code) if code is not None else None
