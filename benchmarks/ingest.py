"""How fast does one process of the province take a backlog in, commit by commit?

`measure` drives `ProvinceStore.take` with invited + rated pairs in batches of 1,000, groups of 8 as
a draining receiver makes them. `measure_control` is the physical limit asked for: the same entries
as plain rows, COPY into a temporary stage, INSERT .. ON CONFLICT DO NOTHING into a table keyed by
(ledger, seq), the same number of entries a commit, without a chain, a derived row or a receipt.

    python -m benchmarks.ingest postgresql://... [entries]
"""

import statistics
import sys
import time
from collections.abc import Iterator
from typing import Any

from province.store import open_store
from sync.entries import (
    FORMAT,
    GENESIS,
    At,
    Body,
    Entry,
    HashName,
    Invited,
    Level,
    Opened,
    Rated,
    Service,
    Trust,
    next_digest,
    write_body,
)
from sync.messages import read_batch, write_batch
from sync.store_port import Arrival

BATCH_ENTRIES = 1000
GROUP_BATCHES = 8
ROUNDS = 5
START_MS = 1_790_000_000_000
STEP_MS = 9000
"""From one entry to the next."""


def bodies(pad: str, ledger: str, count: int) -> Iterator[Body]:
    """`opened`, then `invited` and `rated` in turn: about 250 bytes each, as a window writes."""
    boot = f"boot-{ledger}"
    levels = list(Level)
    opened_at = At(utc=START_MS, mono=0, boot=boot, trust=Trust.NTP)
    yield Opened(at=opened_at, ledger=ledger, pad=pad, hash=HashName.SHA256, format=FORMAT)
    for n in range(1, count):
        at = At(utc=START_MS + n * STEP_MS, mono=n * STEP_MS, boot=boot, trust=Trust.NTP)
        invitation = f"01K{ledger[-8:]}{(n + 1) // 2:015d}"
        if n % 2:
            service = Service(
                case=f"220102{n:014d}", matter=f"11220000{n % 97:016d}00", step="办结"
            )
            yield Invited(
                at=at,
                invitation=invitation,
                window="A03",
                source="http",
                service=service,
                clerk=f"c{n % 7:04d}",
            )
        else:
            yield Rated(
                at=at,
                invitation=invitation,
                level=levels[n % 5],
                source="keys",
                elapsed_ms=4000 + n % 1000,
            )


def batches(pad: str, ledger: str, count: int) -> Iterator[bytes]:
    """The same as the payloads of batches."""
    prev, held = GENESIS, []
    digest = prev
    for seq, body in enumerate(bodies(pad, ledger, count), 1):
        raw = write_body(body)
        digest = next_digest(HashName.SHA256, digest, raw)
        held.append(Entry(seq, raw, digest))
        if len(held) == BATCH_ENTRIES or seq == count:
            yield write_batch(ledger, held, prev)
            prev, held = digest, []


def measure(store_url: str, entries: int) -> float:
    """Seconds until `entries` entries of one new pad are committed and receipted.

    Reading the payloads is in it, making them is not. Raises ValueError for a wrong receipt.
    """
    run = time.time_ns()
    pad, ledger = f"p{run}", f"01L{run}"
    payloads = list(batches(pad, ledger, entries))
    received_ms = START_MS + entries * STEP_MS  # not before they happened, or each were an oddity
    store = open_store(store_url)
    try:
        started = time.perf_counter()
        for start in range(0, len(payloads), GROUP_BATCHES):
            group = [
                Arrival(pad, read_batch(payload), None, "", payload, received_ms)
                for payload in payloads[start : start + GROUP_BATCHES]
            ]
            receipts = store.take(group)
        seconds = time.perf_counter() - started
    finally:
        store.close()
    if receipts[-1].seq != entries or receipts[-1].problem is not None:
        raise ValueError(f"not all was stored: {receipts[-1]}")
    return seconds


def measure_control(store_url: str, entries: int) -> float:
    """Seconds for the same entries as rows: COPY -> stage -> INSERT .. ON CONFLICT, PostgreSQL."""
    import psycopg

    run = time.time_ns()
    pad, ledger = f"p{run}", f"01L{run}"
    rows: list[tuple[Any, ...]] = []
    digest = GENESIS
    for seq, body in enumerate(bodies(pad, ledger, entries), 1):
        raw = write_body(body)
        digest = next_digest(HashName.SHA256, digest, raw)
        rows.append((ledger, seq, raw, digest))
    columns = "ledger text, seq bigint, body bytea, digest bytea"
    with psycopg.connect(store_url) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE IF NOT EXISTS control ({columns}, PRIMARY KEY (ledger, seq))")
        cursor.execute(f"CREATE TEMP TABLE stage ({columns}) ON COMMIT DELETE ROWS")
        connection.commit()
        started = time.perf_counter()
        size = BATCH_ENTRIES * GROUP_BATCHES
        for start in range(0, len(rows), size):
            with cursor.copy("COPY stage FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(["text", "int8", "bytea", "bytea"])
                for row in rows[start : start + size]:
                    copy.write_row(row)
            cursor.execute("INSERT INTO control SELECT * FROM stage ON CONFLICT DO NOTHING")
            connection.commit()
        return time.perf_counter() - started


def main(arguments: list[str]) -> None:
    """Both, in turn, and the ratio of their medians."""
    url, entries = arguments[0], int(arguments[1]) if len(arguments) > 1 else 100_000
    ours, control = [], []
    for _ in range(ROUNDS):
        ours.append(entries / measure(url, entries))
        control.append(entries / measure_control(url, entries))
        print(f"take {ours[-1]:,.0f}/s   control {control[-1]:,.0f}/s")
    take, bare = statistics.median(ours), statistics.median(control)
    print(f"median: take {take:,.0f}/s, control {bare:,.0f}/s, ratio {take / bare:.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
