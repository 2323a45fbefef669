"""Lets each message of a library into the log once a minute.

A library that logs what a client did logs it as often as the client does it, with a traceback where
it did not expect it: a client could fill the card. The first message of each kind is the one that
is needed to mend the fault.
"""

import logging

INTERVAL_S = 60.0
MAX_KINDS = 64


class LogLimit(logging.Filter):
    """Put it on a logger. A kind is a message's text before its arguments, and where the exception
    in it came from.
    """

    def __init__(self) -> None:
        super().__init__()
        self._passed_s: dict[tuple[object, ...], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is logged. Thread-safe, as far as a dict is."""
        kind = (record.msg, *_origin(record))
        passed_s = self._passed_s.pop(kind, None)
        is_due = passed_s is None or record.created - passed_s >= INTERVAL_S
        self._passed_s[kind] = record.created if passed_s is None or is_due else passed_s
        while len(self._passed_s) > MAX_KINDS:
            self._passed_s.pop(next(iter(self._passed_s)), None)
        return is_due


def _origin(record: logging.LogRecord) -> tuple[object, ...]:
    if not record.exc_info or record.exc_info[1] is None:
        return ()
    trace = record.exc_info[2]
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = () if trace is None else (trace.tb_frame.f_code.co_filename, trace.tb_lineno)
    return (record.exc_info[0], *where)


def limit_log(name: str) -> None:
    """Limit the logger of this name, once."""
    logger = logging.getLogger(name)
    if not any(isinstance(found, LogLimit) for found in logger.filters):
        logger.addFilter(LogLimit())
