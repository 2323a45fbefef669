"""Runs inside the peer's environment: its SQLite store, one `put` for each line on stdin.

A line is the message to put. The answer, one line of JSON, comes when an independent connection
sees the row: {"put_s", "visible_s"} on perf_counter's scale, so that waiting for the poll is at
most half a millisecond of it. `{"flood": n}` puts n rows as fast as put takes them and answers
at once with how many it accepted, which is what a kill afterwards is held against.
"""

import json
import logging
import sqlite3
import sys
import time
from pathlib import Path
from threading import Event

from thingsboard_gateway.storage.sqlite.sqlite_event_storage import (  # type: ignore[import-not-found]  # in the peer's own
    SQLiteEventStorage,
)

POLL_S = 0.0005


class Quiet(logging.Logger):
    """The peer's own logger class has one level more than logging knows."""

    def trace(self, *_: object, **__: object) -> None:
        """Nothing."""


def main() -> None:
    """Serve until stdin closes. Arguments: the store's folder; lines in place of stdin."""
    folder = Path(sys.argv[1])
    store = SQLiteEventStorage({"data_file_path": f"{folder}/"}, Quiet("x", logging.ERROR), Event())
    witness = sqlite3.connect(folder / "data.db", isolation_level=None)
    newest = "SELECT coalesce(max(id), 0) FROM messages"
    pause = Event()
    seen = witness.execute(newest).fetchone()[0]
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.argv[2:] or sys.stdin:
        message = line.rstrip("\n")
        if message.startswith('{"flood"'):
            request = json.loads(message)
            accepted = 0
            for _ in range(request["flood"]):
                accepted += bool(store.put(request["message"]))
                pause.wait(request["pace_s"])
                print(json.dumps({"accepted": accepted}), flush=True)
            continue
        start = time.perf_counter()
        store.put(message)
        returned = time.perf_counter()
        while witness.execute(newest).fetchone()[0] == seen:
            pause.wait(POLL_S)
        done = time.perf_counter()
        seen = witness.execute(newest).fetchone()[0]
        print(json.dumps({"put_s": returned - start, "visible_s": done - start}), flush=True)


if __name__ == "__main__":
    main()
