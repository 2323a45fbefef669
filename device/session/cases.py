"""Which invitations a case and its step have had. Pure.

Asking again for what is open is the same invitation; asking again for what has been rated is only
granted as such (`Invited.rated_before`), so that asking until the rating is better leaves a trace.
The pad remembers cases as far as it remembers standings: the last 256 invitations.
"""

from collections.abc import Iterator

from sync.entries import Service

CASES_KEPT = 256


class Cases:
    """Invitations by case number and step; one without a case number is not noted."""

    def __init__(self) -> None:
        self._services: dict[str, tuple[str, str | None]] = {}

    def note(self, invitation: str, service: Service) -> None:
        """An invitation was made for `service`; at boot, was recalled."""
        if service.case is not None:
            self._services[invitation] = (service.case, service.step)
            if len(self._services) > CASES_KEPT:
                del self._services[next(iter(self._services))]

    def of(self, service: Service) -> Iterator[str]:
        """The invitations of the same case and step, the newest first."""
        wanted = (service.case, service.step)
        for invitation, known in reversed(self._services.items()):
            if known == wanted:
                yield invitation
