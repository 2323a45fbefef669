"""`python -m benchmarks`: measure everything, print the table, write it when asked."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence

from benchmarks import (
    backlog_drain,
    bad_link,
    desk_load,
    glass_latency,
    idle_cost,
    ingest_rows,
    key_latency,
    kills,
    ledger_listing,
    oled_traffic,
    peer_losses,
    power_cuts,
    press_latency,
    rogue_pads,
    salvage,
    service_start,
    touch_latency,
    wire_bytes,
    write_cost,
)
from benchmarks.peers import install
from benchmarks.result_table import Row, markdown, write_between_markers
from benchmarks.run import Run
from benchmarks.scratch import BenchError
from sync.terminal import run_command

PARTS: dict[str, Callable[[Run], list[Row]]] = {
    "press": press_latency.rows,
    "edges": key_latency.rows,
    "thanks": glass_latency.rows,
    "touch": touch_latency.rows,
    "desk": desk_load.rows,
    "cost": write_cost.rows,
    "drain": backlog_drain.rows,
    "link": bad_link.rows,
    "ingest": ingest_rows.rows,
    "rogues": rogue_pads.rows,
    "wire": wire_bytes.rows,
    "idle": idle_cost.rows,
    "service": service_start.rows,
    "salvage": salvage.rows,
    "listing": ledger_listing.rows,
    "glass": oled_traffic.rows,
    "crashes": power_cuts.rows,
    "kills": kills.rows,
    "losses": peer_losses.rows,
}
FIGURES = install.ROOT / "docs" / "figures.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; 0 when every part was measured, 1 when one could not be, 2 for wrong use."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--peers", action="store_true", help="install and measure the peers too")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each comparison")
    parser.add_argument("--states", type=int, default=100_000, help="crash states to check")
    parser.add_argument("--kills", type=int, default=120, help="how often to kill the agent")
    parser.add_argument("--only", action="append", choices=PARTS, help="one part; may be repeated")
    parser.add_argument("--write", action="store_true", help=f"write docs/{FIGURES.name}")
    given = parser.parse_args(arguments)
    if min(given.rounds, given.states, given.kills) < 1:
        parser.error("rounds, states and kills are at least 1")
    if given.write and (given.only or not given.peers):
        parser.error("--write takes the whole table: with --peers, without --only")
    if given.peers and install.main():
        return 1
    run = Run(given.rounds, given.peers, given.states, given.kills)
    started = time.monotonic()
    rows: list[Row] = []
    failed = False
    for name in given.only or PARTS:
        try:
            found = PARTS[name](run)
        except (BenchError, AssertionError) as error:  # a rig raises the latter
            failed = True
            found = [Row(name, f"not measured: {error}", "", "")]
        for row in found:
            run.say(" | ".join(row.cells()))
        rows += found
    table = markdown(rows)
    took = f"{run.rounds} rounds, {(time.monotonic() - started) / 60:.1f} minutes"
    print(f"{table}\n\n{took}")
    if given.write:
        write_between_markers(FIGURES, f"\n{table}\n\n{took}.\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(run_command(main))
