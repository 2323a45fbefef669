"""Interleaving: in each round every contestant runs once, the order turning by one."""

from collections.abc import Callable, Mapping
from typing import TypeVar

Sample = TypeVar("Sample")


def interleaved(
    contestants: Mapping[str, Callable[[int], Sample]],
    rounds: int,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, list[Sample]]:
    """Run every contestant once a round with the round's number; the samples by name.

    Whoever runs first in a round finds the caches as the last one left them, so first turns.
    """
    names = list(contestants)
    samples: dict[str, list[Sample]] = {name: [] for name in names}
    for turn in range(rounds):
        shift = turn % len(names) if names else 0
        for name in names[shift:] + names[:shift]:
            progress(f"round {turn + 1}/{rounds}: {name}")
            samples[name].append(contestants[name](turn))
    return samples
