"""What a run of the table was asked for; every module of rows is given one."""

import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Run:
    """`rounds` of interleaving, with or without the peers; how many crash states and kills."""

    rounds: int
    peers: bool
    states: int = 100_000
    kills: int = 120

    def say(self, text: str) -> None:
        """Progress, on stderr: the table alone is stdout."""
        print(f"  {text}", file=sys.stderr, flush=True)
