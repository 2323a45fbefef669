"""thingsboard-gateway as shipped, talking to a real mosquitto and a stand-in for its server.

The stand-in answers the one question without which the gateway sends nothing (getSessionLimits)
with "no limits", so nothing slows the peer but itself. Remote shell, remote configuration and
statistics are off and its update check is led into a closed port: nothing leaves loopback.
"""

import contextlib
import json
import shutil
import sqlite3
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Event
from typing import NamedTuple

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.peers.install import THINGSBOARD, thingsboard_python
from benchmarks.scratch import BenchError, running

TELEMETRY = "v1/gateway/telemetry"
DEVICE = "pad-1"
_ASK = "v1/devices/me/rpc/request/"
_ANSWER = "v1/devices/me/rpc/response/"
_NO_LIMITS = {
    "maxPayloadSize": 65536,
    "maxInflightMessages": 100,
    "rateLimits": {"messages": "", "telemetryMessages": "", "telemetryDataPoints": ""},
    "gatewayRateLimits": {"messages": "", "telemetryMessages": "", "telemetryDataPoints": ""},
}
SHIPPED = "lib/python3*/site-packages/thingsboard_gateway/config/logs.json"


def installed() -> Path:
    """The peer's interpreter. Raises BenchError when it is not installed."""
    python = thingsboard_python()
    if python is None:
        raise BenchError("thingsboard-gateway is not installed: make bench-peers")
    return python


def configure(place: Path, port: int) -> Path:
    """Write the gateway's configuration below `place`, its store at `place/data/`; the folder.

    As shipped, logging included, but for the broker, what would leave loopback, and its SQLite
    store in place of the one in memory, with the defaults that its code gives that store.
    """
    folder = place / "config"
    folder.mkdir(parents=True, exist_ok=True)
    (place / "logs").mkdir(exist_ok=True)
    (place / "data").mkdir(exist_ok=True)
    gateway = {
        "thingsboard": {
            "host": "127.0.0.1",
            "port": port,
            "remoteShell": False,
            "remoteConfiguration": False,
            "statistics": {"enable": False, "enableCustom": False},
            "deviceFiltering": {"enable": False},
            "maxPayloadSizeBytes": 65536,
            "minPackSendDelayMS": 50,
            "minPackSizeToSend": 500,
            "checkConnectorsConfigurationInSeconds": 60,
            "handleDeviceRenaming": True,
            "security": {"type": "accessToken", "accessToken": "bench"},
            "qos": 1,
            "reportStrategy": {"type": "ON_RECEIVED"},
            "checkingDeviceActivity": {"checkDeviceInactivity": False},
        },
        "storage": {
            "type": "sqlite",
            "data_file_path": f"{place / 'data'}/",
            "messages_ttl_check_in_hours": 1,
            "messages_ttl_in_days": 7,
        },
        "grpc": {"enabled": False},
        "connectors": [],
    }
    shutil.copy(next(THINGSBOARD.glob(SHIPPED)), folder)
    (folder / "tb_gateway.json").write_text(json.dumps(gateway))
    (folder / "connected_devices.json").write_text("{}")
    return folder


@contextlib.contextmanager
def gateway(place: Path, port: int) -> Iterator["subprocess.Popen[str]"]:
    """The gateway, running against the broker on `port`."""
    installed()
    folder = configure(place, port)
    env = {
        "TB_GW_CONFIG_DIR": str(folder),
        "TB_GW_LOGS_PATH": str(place / "logs"),
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
    }
    command = [THINGSBOARD / "bin" / "thingsboard-gateway"]
    with running(command, cwd=place, log=place / "gateway.log", env=env) as process:
        yield process


@contextlib.contextmanager
def server(port: int) -> Iterator[Event]:
    """Plays ThingsBoard on the broker at `port`; the event is set when a gateway has asked."""
    asked, ready = Event(), Event()
    client = Client(CallbackAPIVersion.VERSION2, client_id=f"server-{port}")

    def answer(_client: Client, _userdata: object, message: MQTTMessage) -> None:
        if json.loads(message.payload).get("method") == "getSessionLimits":
            asked.set()
            request = message.topic.rpartition("/")[2]
            client.publish(_ANSWER + request, json.dumps(_NO_LIMITS), qos=1)

    def listen(*_: object) -> None:
        client.subscribe(_ASK + "+", qos=1)

    client.on_message = answer
    client.on_connect = listen
    client.on_subscribe = lambda *_: ready.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        if not ready.wait(10):
            raise BenchError("the stand-in for ThingsBoard could not subscribe")
        yield asked
    finally:
        client.disconnect()
        client.loop_stop()


def message(record: object) -> str:
    """A record as the gateway's own connectors put it into its store."""
    wrapped = {
        "deviceName": DEVICE,
        "deviceType": "default",
        "telemetry": [record],
        "attributes": [],
    }
    return json.dumps(wrapped, separators=(",", ":"))


def fill(store: Path, records: Iterable[object], at_ms: int) -> Path:
    """A store as the gateway leaves it behind after an outage, without waiting for its queue."""
    store.mkdir(parents=True, exist_ok=True)
    path = store / "data.db"
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute(
            "CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT,"
            " timestamp INTEGER NOT NULL, message TEXT NOT NULL)"
        )
        database.execute("CREATE INDEX idx_timestamp ON messages (timestamp)")
        database.executemany(
            "INSERT INTO messages (timestamp, message) VALUES (?, ?)",
            ((at_ms, message(record)) for record in records),
        )
    return path


def restore(saved: Path, place: Path) -> None:
    """Put a copy of a filled store under `place/data/`."""
    shutil.rmtree(place / "data", ignore_errors=True)
    (place / "data").mkdir(parents=True)
    shutil.copy(saved, place / "data" / "data.db")


def flood_request(message: str, count: int, pace_s: float) -> str:
    """What `thingsboard_put.py` is told for many puts."""
    request = {"flood": count, "message": message, "pace_s": pace_s}
    return json.dumps(request, separators=(",", ":"))


class Put(NamedTuple):
    """Seconds from `put` until it returned, and until another connection saw the row."""

    put_s: float
    visible_s: float


class Store:
    """The gateway's SQLite store in a process of its own, in the peer's environment."""

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self.process = process
        self.folder = folder
        self._ask(None)

    def _ask(self, line: str | None) -> dict[str, float]:
        if self.process.stdin is None or self.process.stdout is None:
            raise BenchError("the store's process has no pipes")
        if line is not None:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise BenchError("thingsboard-gateway's store ended by itself")
        parsed: dict[str, float] = json.loads(answer)
        return parsed

    def put(self, record: object) -> Put:
        """Put one record and wait until it is committed."""
        return Put(**self._ask(message(record)))

    def flood(self, record: object, count: int, pace_s: float) -> Iterator[int]:
        """Put `count` copies, `pace_s` apart; how many were accepted, after each one."""
        yield int(self._ask(flood_request(message(record), count, pace_s))["accepted"])
        for _ in range(count - 1):
            yield int(self._ask(None)["accepted"])

    def held(self) -> int:
        """How many rows another process finds in the store's file."""
        path = self.folder / "data.db"
        with contextlib.closing(sqlite3.connect(path)) as database:
            rows: int = database.execute("SELECT count(*) FROM messages").fetchone()[0]
        return rows


@contextlib.contextmanager
def store(folder: Path) -> Iterator[Store]:
    """A running `Store` on an empty folder."""
    folder.mkdir(parents=True, exist_ok=True)
    script = Path(__file__).with_name("thingsboard_put.py")
    command = [installed(), script, folder]
    with running(command, cwd=folder, log=folder.with_suffix(".log")) as process:
        yield Store(process, folder)


def sequence_numbers(payload: bytes) -> list[int]:
    """The `seq` of every record in a telemetry payload."""
    devices = json.loads(payload)
    return [record["values"]["seq"] for records in devices.values() for record in records]
