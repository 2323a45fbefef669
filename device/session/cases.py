"""Which invitations a case and its step have had. Pure.

Asking again for what is open is the same invitation; asking again for what has been rated is only
granted as such (`Invited.rated_before`), so that asking until the rating is better leaves a trace.
The pad remembers cases as far as it remembers standings: the last 256 invitations. Cases are
compared in their canonical form, because the ledger may have older ones that are not in it.
"""

from collections.abc import Iterator

from sync.entries import Service
from sync.identity_text import comparable

CASES_KEPT = 256


class Cases:
    """Invitations by case number and step; one without a case number is not noted."""

    def __init__(self) -> None:
        self._services: dict[str, tuple[str, str | None]] = {}

    def note(self, invitation: str, service: Service) -> None:
        """An invitation was made for `service`; at boot, was recalled."""
        if service.case is not None:
            self._services[invitation] = _key(service.case, service.step)
            if len(self._services) > CASES_KEPT:
                del self._services[next(iter(self._services))]

    def of(self, service: Service) -> Iterator[str]:
        """The invitations of the same case and step, the newest first."""
        if service.case is None:
            return
        wanted = _key(service.case, service.step)
        for invitation, known in reversed(self._services.items()):
            if known == wanted:
                yield invitation


def same_service(one: Service, other: Service) -> bool:
    """Whether two invitations are for the same case and step; never without a case number."""
    if one.case is None or other.case is None:
        return False
    return _key(one.case, one.step) == _key(other.case, other.step)


def _key(case: str, step: str | None) -> tuple[str, str | None]:
    return comparable(case), None if step is None else comparable(step)
