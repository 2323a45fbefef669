"""The stage: broker, receiver, store and pads on free loopback ports, in one temporary directory.

`async with Stage(...)` starts everything and stops everything again, whatever happened in between.
When the demo itself is killed, `die_with_parent.py` ends the programs and removes the directory. On
one asyncio loop, in the main thread.
"""

import asyncio
import shutil
import socket
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

import msgspec

from demo.broker import write_settings
from demo.db_readers import ProvincePage, ProvinceReader
from demo.delivery_count import DeliveryCount, count
from demo.processes import Program, StageError, Sweeper, bound_to_parent, module, utf8_environment
from demo.staged_pad import StagedPad, Timings

READY_S = 20.0
REFRESH_S = 0.25


class StageVerdict(msgspec.Struct, frozen=True):
    """The result of one `verify` command: which end (`who`), whether it is in order, its output.

    `ledger`, `entries`: what was there when it began; at the province `ledger` is empty.
    """

    who: str
    ok: bool
    says: str
    ledger: str = ""
    entries: int = 0


class Stage:
    """One province and `pads` pads. `on_change` is called on the loop after every refresh.

    `framed_by`: the origins of the page that shows the pads in frames. With one, every second pad
    is a touchscreen; without, all have keys and an OLED. `languages`: of the pads' public.
    """

    def __init__(
        self,
        pads: int = 1,
        timings: Timings | None = None,
        on_change: Callable[[], None] = lambda: None,
        *,
        framed_by: Sequence[str] = (),
        languages: tuple[str, ...] = ("zh",),
    ) -> None:
        self._count = pads
        self._framed_by = tuple(framed_by)
        self._languages = languages
        self._timings = timings or Timings()
        self._on_change = on_change
        self._looking: asyncio.Task[None] | None = None
        self.pads: dict[str, StagedPad] = {}
        self.province = ProvincePage()

    # --- up and down ----------------------------------------------------------------------------

    async def __aenter__(self) -> "Stage":
        self.home = Path(tempfile.mkdtemp(prefix="ratingpad-demo-"))
        self._sweeper = Sweeper(self.home)
        try:
            await self._sweeper.start()
            await self._start()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stop()

    async def _start(self) -> None:
        broker_port, *ports = free_ports(1 + 2 * self._count)
        desk_ports, touch_ports = ports[: self._count], ports[self._count :]
        self._broker_port = broker_port
        settings = self.home / "broker.toml"
        write_settings(settings, broker_port)
        self.store_url = f"sqlite:///{self.home / 'province.db'}"
        self._store_reader = ProvinceReader(self.home / "province.db")
        self.broker = Program(
            "broker", module("demo.broker", str(settings)), self.home / "broker.log"
        )
        receive = ("receive", "--store", self.store_url, "--no-share")
        self.receiver = Program(
            "receiver",
            module("province.cli", *receive, "--broker", f"mqtt://127.0.0.1:{broker_port}"),
            self.home / "receiver.log",
        )
        for number, (desk_port, touch_port) in enumerate(
            zip(desk_ports, touch_ports, strict=True), start=1
        ):
            name = f"pad-{number:02}"
            self.pads[name] = StagedPad(
                name,
                window=str(number),
                home=self.home / name,
                broker_port=broker_port,
                desk_port=desk_port,
                timings=self._timings,
                on_change=self._on_change,
                touch_port=touch_port if self._framed_by and number % 2 == 0 else None,
                framed_by=self._framed_by,
                languages=self._languages,
            )
        await self.broker.start()
        await self.broker_ready()
        await self.receiver.start()
        await asyncio.gather(*(pad.power_on() for pad in self.pads.values()))
        self._looking = asyncio.create_task(self._watch())
        self._looking.add_done_callback(_report_failure)

    async def _stop(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        pads = list(self.pads.values())
        await asyncio.gather(*(pad.remove() for pad in pads), return_exceptions=True)
        for program in (getattr(self, "receiver", None), getattr(self, "broker", None)):
            if program is not None:
                await program.kill()
        await self._sweeper.sweep()
        shutil.rmtree(self.home, ignore_errors=True)

    async def broker_ready(self) -> None:
        """Wait until the broker takes connections. Raises StageError."""
        try:
            async with asyncio.timeout(READY_S):
                while True:
                    try:
                        _, writer = await asyncio.open_connection("127.0.0.1", self._broker_port)
                    except OSError:
                        await asyncio.sleep(0.02)
                        continue
                    writer.close()
                    return
        except TimeoutError as error:
            words = self.broker.last_words()
            raise StageError(f"the broker did not start\n{words}") from error

    # --- what the programs have done ------------------------------------------------------------

    async def _watch(self) -> None:
        while True:
            await self.refresh()
            await asyncio.sleep(REFRESH_S)

    @property
    def watching_failed(self) -> bool:
        """Whether the task that refreshes ended in an error, which is a bug; it is logged."""
        return self._looking is not None and self._looking.done()

    async def refresh(self) -> None:
        """Read both ends' databases and ask every desk once."""
        for pad in self.pads.values():
            pad.read_ledger()
            await pad.detect_exit()
            await pad.ask()
        self.province = self._store_reader.read()
        self._on_change()

    def delivery_count(self) -> DeliveryCount:
        """Pressed, thanked, stored, lost, doubled at the last refresh."""
        pads = self.pads.values()
        return count(
            thanked=set().union(*(pad.thanked for pad in pads)),
            committed=set().union(*(pad.ledger_reader.committed for pad in pads)),
            stored=self._store_reader.stored,
        )

    def delivery_count_of(self, pad: StagedPad) -> DeliveryCount:
        """The same for one pad."""
        mine = {visit.id for visit in pad.visits} | pad.ledger_reader.committed
        stored = {
            invitation: ratings
            for invitation, ratings in self._store_reader.stored.items()
            if invitation in mine
        }
        return count(thanked=pad.thanked, committed=pad.ledger_reader.committed, stored=stored)

    # --- proof ----------------------------------------------------------------------------------

    async def verify(self) -> list[StageVerdict]:
        """Verify both ends' chains, each with the command that a technician would use."""
        await self.refresh()
        pads = [
            _verdict(
                module("device.cli", "verify", str(pad.ledger_path)),
                pad.name,
                pad.page.id if pad.page else "",
                pad.page.seq if pad.page else 0,
            )
            for pad in self.pads.values()
        ]
        command = module("province.cli", "verify", "--store", self.store_url)
        province = _verdict(command, "province", "", self.province.entries)
        return list(await asyncio.gather(*pads, province))


def _report_failure(looking: "asyncio.Task[None]") -> None:
    if not looking.cancelled() and (error := looking.exception()):
        asyncio.get_running_loop().call_exception_handler(
            {"message": "the demo cannot refresh any more", "exception": error}
        )


async def _verdict(command: list[str], who: str, ledger: str, entries: int) -> StageVerdict:
    process = await asyncio.create_subprocess_exec(
        *bound_to_parent(command),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=utf8_environment() | {"LC_ALL": "C.UTF-8"},  # in English, as the rest of what it says
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    says = output.decode("utf-8", "replace").strip()
    return StageVerdict(who, process.returncode == 0, says, ledger, entries)


def free_ports(wanted: int) -> list[int]:
    """Different loopback TCP ports that were free a moment ago."""
    sockets = [socket.socket() for _ in range(wanted)]
    try:
        for listener in sockets:
            listener.bind(("127.0.0.1", 0))
        return [int(listener.getsockname()[1]) for listener in sockets]
    finally:
        for listener in sockets:
            listener.close()
