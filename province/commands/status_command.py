"""`ratingpad-province status`: what the store holds, in numbers."""

import argparse

from province.commands.store_reading import add_store, reading
from sync.arguments import Subcommand


def run(given: argparse.Namespace) -> int:
    """Print a line for each number; the exit code."""
    with reading(given.store) as store:
        summary = store.summary()
    for name, number in summary._asdict().items():
        print(f"{name} {number}")
    return 0


COMMAND = Subcommand("status", "what the store holds, in numbers", add_store, run)
