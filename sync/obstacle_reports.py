"""Tells the pad which obstacles keep it from the province: each once, and its end."""

from sync.mqtt import PacketTooLargeError
from sync.obstacles import Obstacle
from sync.uplink_ports import UplinkObserver


class ObstacleReports:
    """The obstacles of one uplink. Called on the loop."""

    def __init__(self, observer: UplinkObserver) -> None:
        self._observer = observer
        self._standing: set[Obstacle] = set()
        self._too_long_seq = 0

    def stands(self, obstacle: Obstacle, detail: str) -> None:
        """There is an obstacle; the first detail is the one that is reported."""
        if obstacle not in self._standing:
            self._standing.add(obstacle)
            self._observer.obstructed(obstacle, detail)

    def entry_too_long(self, seq: int, error: PacketTooLargeError | str) -> None:
        """The entry `seq` alone is longer than the broker takes; it stays in the ledger."""
        self._too_long_seq = seq
        self.stands(Obstacle.TOO_SMALL, f"entry {seq}: {error}")

    def over(self, *obstacles: Obstacle) -> None:
        """What stood there does not, any more."""
        for obstacle in obstacles:
            if obstacle in self._standing:
                self._standing.discard(obstacle)
                self._observer.unobstructed(obstacle)

    def achieved(self, mark: int) -> None:
        """The province answers, and has everything up to `mark`."""
        self.over(Obstacle.REFUSED, Obstacle.LACKING)
        if mark >= self._too_long_seq:
            self.over(Obstacle.TOO_SMALL)
