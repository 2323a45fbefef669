"""The row of `benchmarks/ingest.py`: one process of the province against a bare COPY."""

from benchmarks import ingest
from benchmarks.result_table import Reach, Row, median, rate
from benchmarks.rounds import interleaved
from benchmarks.run import Run
from benchmarks.servers import postgres

ENTRIES = 100_000

_NOTE = (
    "`ProvinceStore.take` (reading the payloads, chain, raw bytes, derived rows, receipts) against"
    " the same entries as plain rows: COPY to a stage, INSERT .. ON CONFLICT DO NOTHING by (ledger,"
    " seq), as many entries a commit; PostgreSQL with fsync on."
)


def rows(run: Run) -> list[Row]:
    """Entries a second, both ways."""
    with postgres() as cluster:
        ours_url, control_url = cluster.create("ours"), cluster.create("control")
        samples = interleaved(
            {
                "ours": lambda _: ENTRIES / ingest.measure(ours_url, ENTRIES),
                "control": lambda _: ENTRIES / ingest.measure_control(control_url, ENTRIES),
            },
            run.rounds,
            lambda what: run.say(f"ingest, {what}"),
        )
    ours, control = samples["ours"], samples["control"]
    return [
        Row(
            f"province ingest of {ENTRIES:,} entries, one process",
            rate(median(ours), "entries"),
            "bare COPY → stage → ON CONFLICT",
            rate(median(control), "entries"),
            median([per_s / other for per_s, other in zip(ours, control, strict=True)]),
            "as fast",
            Reach("≥", 0.6),
            _NOTE,
        )
    ]
