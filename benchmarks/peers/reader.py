"""An ordinary subscriber at the centre: paho, QoS 1, every record read. A process of its own,
so that it shares the machine with the peer as our receiver does with the pad, and no more.

Arguments: port, topic. Prints {"ready"}, then {"records", "different", "first_s", "last_s"} ten
times a second while they grow.
"""

import contextlib
import json
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.json_lines import ask
from benchmarks.scratch import BenchError, running


class Reader:
    """The parent's view of the child's counts."""

    def __init__(self) -> None:
        self.records = self.different = 0
        self.first_s = self.last_s = 0.0


@contextlib.contextmanager
def reading(port: int, topic: str) -> Iterator[Reader]:
    """A reading subscriber, ready when the block begins."""
    command = [sys.executable, "-m", "benchmarks.peers.reader", str(port), topic]
    with running(command, cwd=Path.cwd(), log=Path("/dev/null")) as child:
        ask(child, None, 20)
        reader = Reader()

        def follow() -> None:
            for line in child.stdout or ():
                for name, value in json.loads(line).items():
                    setattr(reader, name, value)

        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        yield reader
        child.terminate()
        thread.join(5)
        if thread.is_alive():
            raise BenchError("the reader did not end")


def identities(payload: bytes) -> list[object]:
    """What tells records apart: the gateway's `seq`, or our entries' invitation and kind."""
    parsed = json.loads(payload)
    if "kind" in parsed:
        return [(parsed["invitation"], parsed["kind"])]
    return [record["values"]["seq"] for records in parsed.values() for record in records]


def main() -> None:
    """Subscribe, read, report."""
    port, topic = int(sys.argv[1]), sys.argv[2]
    client = Client(CallbackAPIVersion.VERSION2, client_id="reader")
    seen: set[object] = set()
    counts = {"records": 0, "first_s": 0.0, "last_s": 0.0}
    ready = threading.Event()

    def take(_client: Client, _userdata: object, message: MQTTMessage) -> None:
        found = identities(bytes(message.payload))
        seen.update(found)
        counts["records"] += len(found)
        counts["last_s"] = time.perf_counter()
        counts["first_s"] = counts["first_s"] or counts["last_s"]

    def listen(*_: object) -> None:
        client.subscribe(topic, qos=1)

    client.on_message = take
    client.on_connect = listen
    client.on_subscribe = lambda *_: ready.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    ready.wait(10)
    print(json.dumps({"ready": True}), flush=True)
    pause, printed = threading.Event(), -1
    while True:
        pause.wait(0.1)
        if counts["records"] != printed:
            printed = int(counts["records"])
            print(json.dumps({**counts, "different": len(seen)}), flush=True)


if __name__ == "__main__":
    main()
