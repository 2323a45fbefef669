"""The pad's end of the wire: carries what `delivery` decides over MQTT, and tells a listener.

All state lives on the asyncio loop; paho's network thread only puts what happened into the loop's
inbox. Nothing here blocks the loop: paho is imported, and long batches are deflated, on another
thread, and connecting happens on paho's. The uplink never gives up and never stops the pad: the
worst it can do is to leave entries in the ledger for later.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from contextlib import suppress

from sync.commands import Commands
from sync.delivery import (
    Bear,
    Chunk,
    Delivery,
    Diverged,
    Pace,
    Read,
    Receipted,
    Rejected,
    Wait,
    full_jitter_ms,
)
from sync.entries import HashName
from sync.messages import (
    VERSION,
    ContractError,
    Desired,
    Health,
    Message,
    Receipt,
    Reported,
    State,
    Status,
    Topic,
    deflate,
    read_message,
    read_topic,
    write_batch,
    write_message,
)
from sync.mqtt import (
    CONNECT_TIMEOUT_S,
    Acked,
    BrokerAddress,
    Connected,
    Connection,
    Disconnected,
    Event,
    Incoming,
    Outgoing,
    load,
)
from sync.uplink_ports import EntrySource, UplinkObserver

__all__ = ["BrokerAddress", "Chunk", "EntrySource", "Uplink", "UplinkObserver"]

log = logging.getLogger(__name__)

RECONNECT_BASE_MS = 1_000
FAREWELL_S = 2.0
"""How long `stop` waits for the broker to take the farewell, and then for the connection to end."""
LONG_ENTRIES = 64
"""Batches from here on are written and deflated on another thread, a few milliseconds each."""


Inbox = asyncio.Queue[Event | None]
"""What happened in one session, in its order; None only asks to look around."""


class Uplink:
    """Delivers one pad's ledger, for as long as it runs.

    `boots` counts the pad's starts and must grow with each; with the uplink's own count of
    connections it makes births and wills comparable. `mono_ms`: any monotonic clock.
    """

    def __init__(
        self,
        broker: BrokerAddress,
        pad: str,
        source: EntrySource,
        listener: UplinkObserver,
        *,
        boots: int,
        agent: str = "",
        board: str = "",
        keepalive_s: int = 30,
        reconnect_max_s: float = 60,
        probe_s: float = 5,
        pace: Pace | None = None,
        rng: random.Random | None = None,
        mono_ms: Callable[[], int] | None = None,
    ) -> None:
        self._broker = broker
        self._pad = pad
        self._source = source
        self._listener = listener
        self._about = {"agent": agent, "board": board}
        self._boots = boots
        self._session = 0
        self._keepalive_s = keepalive_s
        self._reconnect_max_ms = int(reconnect_max_s * 1000)
        self._rng = rng or random.SystemRandom()
        self._mono_ms = mono_ms or (lambda: time.monotonic_ns() // 1_000_000)
        self._delivery = Delivery(self._rng, pace or Pace(probe_ms=int(probe_s * 1000)))
        self._ledger = ""
        self._inbox: Inbox | None = None
        self._link: Connection | None = None
        self._up = False
        self._batches: set[int] = set()  # mids of batches that the broker has not taken yet
        self._reported: Reported | None = None
        self._commands = Commands(listener, self._put)
        self._stopping = asyncio.Event()
        self._life: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to connect, and return at once; connecting goes on in the background for ever."""
        if self._life is None:
            self._life = asyncio.create_task(self._live(), name="uplink")

    def grown(self) -> None:
        """The ledger has new entries, or `source` has a new ledger. Call it on the loop."""
        if self._inbox is not None:
            self._inbox.put_nowait(None)

    def publish_health(self, health: Health) -> None:
        """Publish health; dropped while there is no connection, the next one is newer anyway."""
        self._publish(Topic.HEALTH, health)

    def publish_reported(self, reported: Reported) -> None:
        """Publish the configuration in force, now and at every new connection."""
        self._reported = reported
        self._publish(Topic.REPORTED, reported, retained=True)

    async def stop(self) -> None:
        """Say that the pad stops, as far as the network allows within `FAREWELL_S`, and end."""
        self._stopping.set()
        self.grown()  # wakes the session
        if self._life is not None:
            await self._life
            self._life = None
        self._commands.stop()

    # --- one connection after another ---

    async def _live(self) -> None:
        await asyncio.to_thread(load)
        attempt = 0
        while not self._stopping.is_set():
            reached = False
            try:
                reached = await self._hold_session()
            except ConnectionError as error:
                reached = self._delivery.flowing
                log.log(logging.DEBUG if attempt else logging.INFO, "uplink: %s", error)
            except Exception:  # the task's outermost frame: the next session starts afresh
                log.exception("uplink: the session failed")
            finally:
                self._end_session()
            attempt = 0 if reached else attempt + 1
            wait_ms = full_jitter_ms(self._rng, attempt, RECONNECT_BASE_MS, self._reconnect_max_ms)
            await self._unless_stopping(wait_ms / 1000)

    async def _unless_stopping(self, wait_s: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), wait_s)
        except TimeoutError:
            return

    async def _hold_session(self) -> bool:
        """One connection from connect to farewell. Raises ConnectionError when it is lost."""
        self._session += 1
        inbox = self._inbox = Inbox()
        self._look_at_source()
        will = Outgoing(Topic.STATE.of(self._pad), write_message(self._state(Status.LOST)), True)
        link = self._link = Connection(
            self._broker, self._pad, _teller(inbox), keepalive_s=self._keepalive_s, will=will
        )
        link.open()
        await self._await_up(inbox)
        if self._stopping.is_set():
            return False
        self._up = True
        link.subscribe(
            [topic.of(self._pad) for topic in (Topic.RECEIPT, Topic.DESIRED, Topic.COMMAND)]
        )
        self._listener.connected(True)
        if self._reported is not None:
            self._publish(Topic.REPORTED, self._reported, retained=True)
        self._delivery.connected(f"{self._boots}.{self._session}", self._mono_ms())
        while not self._stopping.is_set():
            while not inbox.empty():
                await self._take(inbox.get_nowait())
            self._look_at_source()
            await self._step(inbox)
        await self._say_farewell(inbox)
        return True

    async def _await_up(self, inbox: Inbox) -> None:
        deadline_s = 2 * CONNECT_TIMEOUT_S  # one for TCP, one for the broker's answer
        try:
            async with asyncio.timeout(deadline_s):
                while not self._stopping.is_set():
                    item = await inbox.get()
                    if isinstance(item, Disconnected):
                        raise ConnectionError(item.reason)
                    if isinstance(item, Connected):
                        return
        except TimeoutError:
            raise ConnectionError(f"the broker did not answer within {deadline_s} s") from None

    async def _say_farewell(self, inbox: Inbox) -> None:
        farewell = self._publish(Topic.STATE, self._state(Status.STOPPED), retained=True)
        try:
            async with asyncio.timeout(FAREWELL_S):
                while True:
                    item = await inbox.get()
                    if isinstance(item, Disconnected) or (
                        isinstance(item, Acked) and item.mid == farewell
                    ):
                        break
                if self._link is not None:
                    self._link.close()
                while not isinstance(item, Disconnected):
                    item = await inbox.get()
        except TimeoutError:
            log.info("uplink: the broker did not take the farewell")

    def _end_session(self) -> None:
        if self._link is not None:
            self._link.abort()
        self._link = self._inbox = None
        self._batches.clear()
        self._delivery.disconnected()
        if self._up:
            self._up = False
            self._listener.connected(False)

    # --- within a session ---

    def _look_at_source(self) -> None:
        if self._source.ledger_id != self._ledger:
            self._ledger = self._source.ledger_id
            self._delivery.opened(self._ledger, self._source.head_seq, self._mono_ms())
        self._delivery.grown(self._source.head_seq)

    async def _step(self, inbox: Inbox) -> None:
        step = self._delivery.step(self._mono_ms())
        if isinstance(step, Bear):
            self._publish(Topic.STATE, self._state(Status.ONLINE), retained=True)
            self._delivery.born(self._mono_ms())
        elif isinstance(step, Read):
            await self._send(step)
        else:
            await self._rest(step, inbox)

    async def _rest(self, step: Wait, inbox: Inbox) -> None:
        wait_s = None
        if step.until_ms is not None:
            wait_s = max(0.0, (step.until_ms - self._mono_ms()) / 1000)
        try:
            async with asyncio.timeout(wait_s):
                item = await inbox.get()
        except TimeoutError:
            return
        await self._take(item)

    async def _send(self, step: Read) -> None:
        ledger, hash_name = self._ledger, self._source.hash_name
        chunk = await self._source.read(*step)
        if ledger != self._source.ledger_id:
            return  # a new ledger was opened meanwhile
        if chunk.entries:
            if len(chunk.entries) < LONG_ENTRIES:
                payload, deflated = _write(ledger, chunk, hash_name)
            else:
                payload, deflated = await asyncio.to_thread(_write, ledger, chunk, hash_name)
            self._batches.add(
                self._put(Outgoing(Topic.ENTRIES.of(self._pad), payload, deflated=deflated))
            )
        self._delivery.sent(chunk, self._mono_ms())

    async def _take(self, item: Event | None) -> None:
        if isinstance(item, Disconnected):
            raise ConnectionError(item.reason)
        if isinstance(item, Incoming):
            try:
                await self._hear(item)
            except ContractError as error:
                log.warning("uplink: a message on %s was not understood: %s", item.topic, error)
        elif isinstance(item, Acked):
            if item.refusal is not None:
                log.warning("uplink: the broker refused a message: %s", item.refusal)
            if item.mid in self._batches:
                self._batches.discard(item.mid)
                self._delivery.acked(self._mono_ms())

    async def _hear(self, message: Incoming) -> None:
        match read_topic(message.topic):
            case (self._pad, Topic.RECEIPT):
                await self._receipt(read_message(Receipt, message.payload))
            case (self._pad, Topic.DESIRED):
                if message.payload:  # an empty one is a retained wish taken back
                    self._listener.desired(read_message(Desired, message.payload))
            case (self._pad, Topic.COMMAND):
                self._commands.hear(message)

    async def _receipt(self, receipt: Receipt) -> None:
        here = self._delivery.digest_of(receipt.seq)
        within = 0 < receipt.seq <= self._delivery.head
        if here is None and within and receipt.ledger == self._ledger:
            here = await self._source.digest_at(receipt.seq)
        if self._source.ledger_id != self._ledger:
            return  # a new ledger was opened meanwhile
        news = self._delivery.received(receipt, here, self._mono_ms())
        if isinstance(news, Receipted):
            self._listener.receipted(news.seq)
        elif isinstance(news, Rejected):
            self._listener.refused(news.problem, news.detail)
        elif isinstance(news, Diverged):
            self._listener.diverged(news.detail)

    def _state(self, status: Status) -> State:
        return State(
            v=VERSION,
            pad=self._pad,
            status=status,
            boots=self._boots,
            session=self._session,
            ledger=self._ledger,
            seq=self._source.head_seq,
            digest=self._source.head_digest.hex(),
            **self._about,
        )

    def _publish(self, topic: Topic, message: Message, *, retained: bool = False) -> int | None:
        if not self._up:
            return None
        return self._put(Outgoing(topic.of(self._pad), write_message(message), retained))

    def _put(self, message: Outgoing) -> int:
        if self._link is None:
            raise ConnectionError("no connection")
        return self._link.publish(message)


def _teller(inbox: Inbox) -> Callable[[Event], None]:
    """Puts what paho's thread tells into the inbox, on the loop."""
    loop = asyncio.get_running_loop()

    def tell(event: Event) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody is left to tell
            loop.call_soon_threadsafe(inbox.put_nowait, event)

    return tell


def _write(ledger: str, chunk: Chunk, hash_name: HashName) -> tuple[bytes, bool]:
    return deflate(
        write_batch(ledger, chunk.entries, chunk.prev, hash_name=hash_name, torn=chunk.torn)
    )
