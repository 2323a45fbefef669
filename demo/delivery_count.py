"""Pressed, thanked, stored, lost, doubled: what the words mean, and the count. Pure.

Counted in invitations, because one invitation is one rating (law 4):

- *thanked*: the citizen was told that the rating is kept: by the pad's screen, or, where the power
  was cut between the commit and the screen, by the clerk, whose desk said "rated" after the start.
- *pressed*: a level was pressed for the open invitation, and the pad thanked for it or committed
  it. A press whose power was cut before the commit thanked nobody: the citizen presses again.
- *stored*: the province counts a rating for it.
- *waiting*: the pad's own ledger holds it, the province does not yet.
- *lost*: thanked, but neither stored nor waiting. Once all is delivered: thanked but not stored.
- *doubled*: the province counts more than one rating for it.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple


class DeliveryCount(NamedTuple):
    """Six counts of invitations."""

    pressed: int
    thanked: int
    stored: int
    waiting: int
    lost: int
    doubled: int

    @property
    def kept(self) -> bool:
        """Whether no rating is lost or doubled; ratings may still be waiting."""
        return self.lost == 0 and self.doubled == 0

    @property
    def settled(self) -> bool:
        """Whether no rating is lost or doubled, and none is waiting."""
        return self.kept and self.pressed == self.thanked == self.stored

    def line(self) -> str:
        """The line that the story ends with."""
        return (
            f"pressed {self.pressed}, thanked {self.thanked}, stored {self.stored}, "
            f"lost {self.lost}, doubled {self.doubled}"
        )


def count(
    thanked: Collection[str], committed: Collection[str], stored: Mapping[str, int]
) -> DeliveryCount:
    """The counts of three sets of invitation ids.

    `committed`: a `rated` entry is in the pad's ledger. `stored`: how many ratings the province
    counts for each invitation.
    """
    thanked_ids, committed_ids = set(thanked), set(committed)
    stored_ids = {invitation for invitation, ratings in stored.items() if ratings}
    return DeliveryCount(
        pressed=len(thanked_ids | committed_ids),
        thanked=len(thanked_ids),
        stored=len(stored_ids),
        waiting=len(committed_ids - stored_ids),
        lost=len(thanked_ids - committed_ids - stored_ids),
        doubled=sum(ratings > 1 for ratings in stored.values()),
    )
