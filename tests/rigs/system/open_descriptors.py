"""What this process has open: a descriptor that is left open holds a lock, or they run out."""

from pathlib import Path


def open_below(folder: Path) -> list[str]:
    """The folder and the files below it that are open, as `/proc` names them."""
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            found.append(str(descriptor.readlink()))
        except FileNotFoundError:
            continue  # of the listing itself
    return sorted(name for name in found if Path(name).is_relative_to(folder))
