"""What a connection has received and not dealt with: bounded, acknowledged in the order of arrival.

An honest broker sends no more than Receive Maximum messages before they are acknowledged and uses
no packet id twice meanwhile. Messages at QoS 0 have neither; they are numbered below 0 here, and
their number is bounded by the inbox alone.
"""

import itertools
import threading

MESSAGE_BYTES = 512
"""What a message takes in memory besides its payload."""


class Inbox:
    """The messages of one connection. paho's thread puts in, one other thread takes out.

    `receive_maximum`: how many messages the broker may have sent that are not acknowledged.
    `most_bytes`: how much of what came may wait to be dealt with.
    """

    def __init__(self, receive_maximum: int, most_bytes: int) -> None:
        self._receive_maximum = receive_maximum
        self._most_bytes = most_bytes
        self._room = threading.Condition()
        self._closed = False
        self._held: dict[int, int] = {}  # bytes of each message that is not dealt with
        self._held_bytes = 0
        self._unacknowledged: dict[int, bool] = {}  # by arrival; True: dealt with
        self._dealt_with = 0
        self._unnumbered = 0

    @property
    def dealt_with(self) -> int:
        """How many messages were taken out."""
        return self._dealt_with

    @property
    def held(self) -> int:
        """How many messages wait to be dealt with."""
        return len(self._held)

    @property
    def held_bytes(self) -> int:
        """What those messages take in memory."""
        return self._held_bytes

    def exceeds(self, mid: int) -> bool:
        """Whether an honest broker would not have sent the message `mid` yet."""
        numbered = sum(1 for held in tuple(self._held) if held > 0)
        return mid in self._unacknowledged or numbered >= self._receive_maximum

    def put(self, mid: int, payload_bytes: int) -> int | None:
        """Count a message in, after waiting for room; the number to take it out by.

        `mid`: the packet id, 0 at QoS 0. None when the inbox was closed meanwhile. While this
        waits, nothing is read from the socket.
        """
        size = payload_bytes + MESSAGE_BYTES
        with self._room:
            while not self._closed and self._held and self._is_full(size):
                self._room.wait()
            if self._closed:
                return None
            if mid:
                self._unacknowledged[mid] = False
            else:
                self._unnumbered -= 1
                mid = self._unnumbered
            self._held[mid] = size
            self._held_bytes += size
            return mid

    def take_out(self, mid: int) -> list[int]:
        """A message is dealt with: make room; the packet ids to acknowledge now, in this order.

        Acknowledgements leave in the order of arrival (MQTT 5, 4.6: a client must; some brokers end
        the connection of one that does not). So one may wait for an earlier message, until half of
        Receive Maximum waits: then all that are dealt with go, lest one pad that cannot be stored
        hold up the others.
        """
        with self._room:
            size = self._held.pop(mid, None)
            if size is None:
                return []
            self._held_bytes -= size
            self._dealt_with += 1
            self._room.notify_all()
            if mid not in self._unacknowledged:  # QoS 0
                return []
            self._unacknowledged[mid] = True
            done = [number for number, dealt_with in self._unacknowledged.items() if dealt_with]
            if len(done) <= self._receive_maximum // 2:
                done = list(itertools.takewhile(self._unacknowledged.get, self._unacknowledged))
            for number in done:
                del self._unacknowledged[number]
            return done

    def close(self) -> None:
        """Nothing is put in any more; who waits for room waits no longer."""
        with self._room:
            self._closed = True
            self._room.notify_all()

    def _is_full(self, size: int) -> bool:
        return (
            self._held_bytes + size > self._most_bytes
            or len(self._held) >= 2 * self._receive_maximum
        )
