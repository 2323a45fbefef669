"""The display's thread: it sends the latest picture, and reports a display that fails."""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from PIL import Image

from device.drivers.display_worker import DisplayWorker
from device.errors import DriverError, PadCode
from device.ports import FaultReport

PATIENCE_S = 10.0


class Bench:
    """A display that keeps what it was shown, and can be slow or fail."""

    width, height = 128, 64

    def __init__(self) -> None:
        self.shown: queue.Queue[bytes] = queue.Queue()
        self.error: Exception | None = None
        self.ready = threading.Event()
        self.ready.set()
        self.entered = threading.Event()
        self.stops = 0
        self.brightness: list[float] = []

    def show(self, image: Image.Image) -> None:
        self.entered.set()
        assert self.ready.wait(PATIENCE_S)
        if self.error is not None:
            raise self.error
        self.shown.put(image.tobytes())

    def contrast(self, share: float) -> None:
        self.brightness.append(share)

    def stop(self) -> None:
        self.stops += 1


def picture(number: int) -> Image.Image:
    image = Image.new("1", (128, 64))
    image.putpixel((number, 0), 1)
    return image


@contextmanager
def running(
    bench: Bench, on_fault: Callable[[FaultReport], None], **times: float
) -> Iterator[DisplayWorker]:
    panel = DisplayWorker(bench, on_fault, **times)
    panel.start()
    try:
        yield panel
    finally:
        bench.ready.set()
        panel.stop()


def test_the_latest_picture_wins_while_a_slow_display_is_busy() -> None:
    bench, faults = Bench(), queue.Queue[FaultReport]()
    bench.ready.clear()
    with running(bench, faults.put, refresh_s=60) as panel:
        panel.show(picture(0))
        assert bench.entered.wait(PATIENCE_S)
        for number in range(1, 50):
            panel.show(picture(number))  # never waits for the display
        bench.ready.set()
        assert bench.shown.get(timeout=PATIENCE_S) == picture(0).tobytes()
        assert bench.shown.get(timeout=PATIENCE_S) == picture(49).tobytes()
    assert bench.shown.empty()
    assert faults.empty()


def test_a_display_that_is_gone_is_reported_once_and_gets_the_latest_picture_again() -> None:
    bench, faults = Bench(), queue.Queue[FaultReport]()
    bench.error = DriverError("bus: no answer", PadCode.DISPLAY_GONE)
    with running(bench, faults.put, refresh_s=0.01, retry_s=0.01) as panel:
        panel.show(picture(1))
        assert faults.get(timeout=PATIENCE_S) == FaultReport(
            PadCode.DISPLAY_GONE, True, "bus: no answer"
        )
        panel.show(picture(2))
        bench.error = None
        assert faults.get(timeout=PATIENCE_S).broken is False
        bench.shown = queue.Queue()
        assert bench.shown.get(timeout=PATIENCE_S) == picture(2).tobytes()
        assert faults.empty()


def test_a_cable_pulled_while_nothing_changes_is_found() -> None:
    bench, faults = Bench(), queue.Queue[FaultReport]()
    with running(bench, faults.put, refresh_s=0.01, retry_s=0.01) as panel:
        panel.show(picture(1))
        bench.shown.get(timeout=PATIENCE_S)
        bench.error = DriverError("unplugged", PadCode.DISPLAY_GONE)
        assert faults.get(timeout=PATIENCE_S).broken is True


def test_a_mistake_in_a_driver_ends_the_thread_and_is_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench, faults = Bench(), queue.Queue[FaultReport]()
    bench.error = TypeError("not an image")
    with running(bench, faults.put) as panel:
        panel.show(picture(1))
        assert "not an image" in faults.get(timeout=PATIENCE_S).detail
    assert "the display's thread ended" in caplog.text


def test_stopping_lets_the_display_go_once_and_twice_is_safe() -> None:
    bench = Bench()
    panel = DisplayWorker(bench, lambda _: None)
    panel.start()
    panel.stop()
    panel.stop()
    assert bench.stops == 1


def test_a_picture_is_sent_again_as_bright_as_it_was() -> None:
    bench = Bench()
    with running(bench, lambda _: None, refresh_s=0.01) as panel:
        panel.show(picture(1), 0.25)
        for _ in range(3):
            bench.shown.get(timeout=PATIENCE_S)
        panel.show(picture(2))
        while bench.shown.get(timeout=PATIENCE_S) != picture(2).tobytes():
            pass
    assert bench.brightness[:3] == [0.25] * 3
    assert bench.brightness[-1] == 1.0
