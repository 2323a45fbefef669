"""Why a file could not be read, in words."""


def read_reason(error: OSError | ValueError) -> str:
    """Without the number that Python puts before it."""
    return (isinstance(error, OSError) and error.strerror) or str(error)
