"""How our commands run: what every command line shares, whatever it does.

A terminal shows what its encoding has (`PYTHONIOENCODING=gbk`, `LANG=C`): the rest is escaped, as
in Python's own error messages, and no command ends with a UnicodeEncodeError. Whoever reads the
output may stop reading (`| head`): the command then ends quietly, with the exit code that a shell
gives a program which SIGPIPE ended. SIGPIPE itself stays ignored, because a broker that hangs up
must not end a receiver.
"""

import contextlib
import io
import logging
import os
import select
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TextIO

from sync.missing_extra import pip_line, told
from sync.shown_text import shown

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

MISUSED = 2
OUTPUT_CLOSED = 141
"""128 and SIGPIPE."""
INTERRUPTED = 130
"""128 and SIGINT."""
OUTPUT_FAILED = 74
"""The output could not be written, to a full disk for instance (EX_IOERR of sysexits.h)."""


class OutputError(Exception):
    """Standard output took no more: its reader has gone, or the disk is full.

    No OSError, so that a command which reports the files it could not write does not take its own
    output for one of them.
    """


class _Output(io.TextIOWrapper):
    """Standard output whose errors can be told from those of any other file."""

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError as error:
            raise OutputError(error.strerror) from error

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            raise OutputError(error.strerror) from error


def run_command(main: Callable[[], int], *, extra: str | None = None) -> int:
    """Run a command's `main` and give the exit code, also when argparse ends it (`--help`), and
    when a library is missing: 2, with the line that installs it. `extra`: the one that brings all
    that this command needs.
    """
    for stream in (sys.stdout, sys.stderr):
        _escape_what_cannot_be_encoded(stream)
    sys.stdout = _with_errors_of_its_own(sys.stdout)
    try:
        try:
            code: int | str | None = main()
        except SystemExit as end:  # argparse: --help, wrong use
            code = end.code
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except ModuleNotFoundError as error:
        line = pip_line(error.name or "", extra)
        if line is None:
            raise
        sys.stderr.write(told(error.name or "", line))
        return MISUSED
    except ExceptionGroup as errors:  # of asyncio's tasks that print
        if errors.split(OutputError)[1] is not None:
            raise
        return _output_failed(str(errors.exceptions[0]))
    except OutputError as error:
        return _output_failed(str(error))
    return code if isinstance(code, int) else int(code is not None)


def log_to_stderr(level: str) -> None:
    """Send the log of this process to stderr, a line for each record. `level`: a name of logging,
    in any case.
    """
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(LineFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[output])


class LineFormatter(logging.Formatter):
    """Formats a record so that no text from outside can forge a line of the log. Only a traceback
    has line breaks, and its lines are indented.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- logging's name
        """The record's line, with what cannot be seen escaped."""
        record.message = shown(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802 -- logging's name
        """The traceback, each of its lines with what cannot be seen escaped."""
        return "\n".join(f"  {shown(line)}" for line in super().formatException(ei).split("\n"))


def _escape_what_cannot_be_encoded(stream: TextIO | None) -> None:
    """Leaves what the user chose (`PYTHONIOENCODING=gbk:replace`)."""
    if isinstance(stream, io.TextIOWrapper) and stream.errors in {"strict", "surrogateescape"}:
        stream.reconfigure(errors="backslashreplace")


def _with_errors_of_its_own(stream: TextIO) -> TextIO:
    """The same output as an `_Output`; one that somebody has put in its place is left."""
    if type(stream) is not io.TextIOWrapper:
        return stream
    settings = (stream.encoding, stream.errors, None, stream.line_buffering, stream.write_through)
    return _Output(stream.detach(), *settings)


def _output_failed(reason: str) -> int:
    """End quietly when the reader has gone; otherwise say why. The exit code."""
    gone = _reader_is_gone(sys.stdout)
    _discard_the_rest(sys.stdout)
    if gone:
        return OUTPUT_CLOSED
    sys.stderr.write(f"the output could not be written: {reason}\n")
    return OUTPUT_FAILED


def _reader_is_gone(stream: TextIO | None) -> bool:
    """Whether `stream` is a pipe that nobody reads any more; other broken pipes are errors."""
    try:
        number = stream.fileno() if stream is not None else -1
    except (OSError, ValueError):
        return False
    poll = select.poll()
    poll.register(number, select.POLLOUT)
    return any(events & select.POLLERR for _, events in poll.poll(0))


def _discard_the_rest(stream: TextIO | None) -> None:
    """So that the interpreter's own flush at its end does not fail, too."""
    if stream is not None:
        with contextlib.suppress(OSError, ValueError), Path(os.devnull).open("wb") as nothing:
            os.dup2(nothing.fileno(), stream.fileno())
