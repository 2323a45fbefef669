"""The configuration file of a five-key pad on the simulated board, as `ratingpad run` reads it."""

from pathlib import Path
from typing import NamedTuple


class Files(NamedTuple):
    """Where a pad of ours keeps what."""

    config: Path
    ledger: Path
    control: Path


def write_config(place: Path, port: int, *, pad: str = "pad-1", quick: bool = False) -> Files:
    """Write `pad.toml` into `place`, for the broker on `port`; shipped defaults otherwise.

    `quick`: short times, so that a run with many kills does not wait for reconnects.
    """
    place.mkdir(parents=True, exist_ok=True)
    files = Files(place / "pad.toml", place / "ledger.db", place / "board.sock")
    lines = [
        "[pad]", f'id = "{pad}"', 'window = "3"',
        "[ledger]", f'path = "{files.ledger}"',
        "[province]", f'broker = "mqtt://127.0.0.1:{port}"',
    ]  # fmt: skip
    if quick:
        lines += ["reconnect_max_s = 0.2", "probe_s = 0.3"]
    lines += ["[board]", f'control = "{files.control}"', ""]
    files.config.write_text("\n".join(lines))
    return files
