"""Why the operating system refused something, in words that can be translated. Pure."""

from sync.sentence import Sentence

KNOWN = (
    Sentence("Operation not permitted"),
    Sentence("No such file or directory"),
    Sentence("Input/output error"),
    Sentence("No such device or address"),
    Sentence("Permission denied"),
    Sentence("Device or resource busy"),
    Sentence("File exists"),
    Sentence("No such device"),
    Sentence("Not a directory"),
    Sentence("Is a directory"),
    Sentence("Invalid argument"),
    Sentence("Too many open files"),
    Sentence("File too large"),
    Sentence("No space left on device"),
    Sentence("Read-only file system"),
    Sentence("File name too long"),
    Sentence("Too many levels of symbolic links"),
    Sentence("Address already in use"),
    Sentence("Cannot assign requested address"),
    Sentence("Network is unreachable"),
    Sentence("Connection refused"),
    Sentence("Connection timed out"),
    Sentence("No route to host"),
    Sentence("Disk quota exceeded"),
    Sentence("timed out"),
    Sentence("Name or service not known"),
    Sentence("Temporary failure in name resolution"),
)
"""What Linux says (`strerror`), for the catalogue."""


def reason(error: OSError | ValueError) -> Sentence:
    """What the system says, without a number and without the file; for another error its text."""
    given = error.args[0] if len(error.args) == 1 else None
    if isinstance(given, Sentence):
        return given
    says = error.strerror if isinstance(error, OSError) else None
    if isinstance(says, Sentence):
        return says
    return Sentence(says or str(error) or type(error).__name__)
