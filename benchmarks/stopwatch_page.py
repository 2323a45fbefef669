"""A proxy between a browser and the touch page of a real agent: the page reports when it was drawn.

Everything passes as it is, but for the page's program, which gets a stopwatch at its end. So any
browser can be timed, also one that no tool drives.
"""

import contextlib
import queue
import socket
import socketserver
import threading
from collections.abc import Iterator
from importlib.resources import files
from urllib.parse import unquote

PRESSES = 20

STOPWATCH = """
const tell = (what) => fetch("/stopwatch?" + what, { cache: "no-store" });
const painted = (then) =>
  requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = then;
    channel.port2.postMessage(0);
  });
const touch = (kind) =>
  page.querySelector("button[data-do]").dispatchEvent(
    new PointerEvent(kind, { bubbles: true, pointerId: 7 }),
  );
const press = (left, times) => {
  const start = performance.now();
  touch("pointerdown");
  painted(() => {
    times.push(performance.now() - start);
    touch("pointercancel");
    page.querySelector("button[data-do]").classList.remove("down");
    if (left > 1) setTimeout(press, 100 + Math.random() * 100, left - 1, times);
    else tell("pressed," + times.map((one) => one.toFixed(2)).join(","));
  });
};
const look = new MutationObserver(() => {
  if (!document.documentElement.classList.contains("standby")) return;
  look.disconnect();
  painted(() =>
    document.fonts.ready.then(() =>
      painted(() => {
        tell("drawn");
        setTimeout(press, 2000, PRESSES, []);
      }),
    ),
  );
});
look.observe(document.documentElement, { attributes: true });
""".replace("PRESSES", str(PRESSES))

_SCRIPT = "/touch.js"
_HEAD_END = b"\r\n\r\n"


class StopwatchPage:
    """The page of the agent at `agent_port`, on a port of its own. `told`: what it reported, each
    `["drawn"]` or `["pressed", milliseconds...]`.
    """

    def __init__(self, agent_port: int) -> None:
        self.told: queue.Queue[list[str]] = queue.Queue()
        self.agent_port = agent_port
        page = self

        class Caller(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    page.serve(self.request)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Caller)
        self.port = int(self._server.server_address[1])

    @contextlib.contextmanager
    def open(self) -> Iterator["StopwatchPage"]:
        """Serve until the end of the block."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.1,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def serve(self, browser: socket.socket) -> None:
        """One connection, for one request. Raises OSError when either side has closed."""
        head = b""
        while _HEAD_END not in head:
            part = browser.recv(65_536)
            if not part:
                return
            head += part
        target = unquote(head.split(b" ", 2)[1].decode())
        if target.startswith("/stopwatch?"):
            self.told.put(target.partition("?")[2].split(","))
            browser.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        elif target == _SCRIPT:
            script = (files("device.ui.touch") / "static" / "touch.js").read_bytes()
            script += STOPWATCH.encode()
            browser.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/javascript\r\nConnection: close\r\n"
                b"Content-Length: %d\r\n\r\n" % len(script) + script
            )
        else:
            self._pass_on(browser, head)

    def _pass_on(self, browser: socket.socket, head: bytes) -> None:
        """The agent answers to its own address only, so the request is made to name it."""
        ours, theirs = (b"127.0.0.1:%d" % port for port in (self.port, self.agent_port))
        head = head.replace(ours, theirs)
        if b"upgrade: websocket" not in head.lower():
            kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"conn")]
            head = b"\r\n".join([kept[0], b"Connection: close", *kept[1:]])
        with socket.create_connection(("127.0.0.1", self.agent_port)) as agent:
            agent.sendall(head)
            back = threading.Thread(target=_pump, args=(agent, browser), daemon=True)
            back.start()
            _pump(browser, agent)
            back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    """Until `source` ends; then close `sink` for writing."""
    with contextlib.suppress(OSError):
        while part := source.recv(65_536):
            sink.sendall(part)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
