"""A pad whose desk keeps its port over restarts, and another web server beside it."""

import functools
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sync.mqtt import BrokerAddress
from tests.rigs.pad.pad_process import PadProcess
from tests.rigs.system.loopback import free_port

PLUGIN_TOKEN = "the-plug-ins-own-token"


@contextmanager
def desk_pad(
    folder: Path, lines: str = "", timings: str = "invitation_s = 30\ngrace_s = 0\nthanks_s = 1"
) -> Iterator[PadProcess]:
    """A running pad with further `lines` of [desk]; a file `plugin-token` is beside its token."""
    province = BrokerAddress("127.0.0.1", free_port())  # which never answers
    pad = PadProcess(folder, "pad-1", province, timings=timings)
    (folder / "plugin-token").write_text(PLUGIN_TOKEN)
    config = pad.config.read_text()
    pad.config.write_text(
        config.replace("[desk]\nport = 0", f"[desk]\nport = {free_port()}\n{lines}")
    )
    try:
        yield pad.start()
    finally:
        pad.remove()


@contextmanager
def web_server(folder: Path, port: int) -> Iterator[str]:
    """A web server that is not the pad's, for the files of a folder; its URL."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", port), functools.partial(Quiet, directory=str(folder))
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
