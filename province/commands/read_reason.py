"""Why a file could not be read, in words."""

from sync.sentence import Sentence
from sync.system_reasons import reason


def read_reason(file: object, error: OSError | ValueError) -> Sentence:
    """The file, and what is wrong with it, without the number that Python puts before it."""
    return Sentence.joined(": ", (file, reason(error)))
