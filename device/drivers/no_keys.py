"""The keys of a board that has none: citizens use its touchscreen."""

from device.ports import OnFault, OnPress


class NoKeys:
    """Delivers no press and no fault."""

    alive = True

    def start(self, on_press: OnPress, on_fault: OnFault) -> None:
        """Does nothing."""

    def set_apart(self, names: frozenset[str]) -> None:
        """Does nothing."""

    def stop(self) -> None:
        """Does nothing; safe to call twice."""
