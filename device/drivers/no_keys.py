"""The keys of a board that has none: its citizens touch a screen."""

from device.ports import OnFault, OnPress


class NoKeys:
    """No key is ever pressed, and none breaks."""

    alive = True

    def start(self, on_press: OnPress, on_fault: OnFault) -> None:
        """Nothing to read."""

    def stop(self) -> None:
        """Nothing to let go; safe to call twice."""
