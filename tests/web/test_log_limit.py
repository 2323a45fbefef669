import logging

from web.log_limit import INTERVAL_S, MAX_KINDS, LogLimit, limit_log


def record(text: str, now_s: float = 0.0, error: Exception | None = None) -> logging.LogRecord:
    made = logging.LogRecord("library", logging.ERROR, "file", 1, text, (), None)
    made.created = now_s
    if error is not None:
        made.exc_info = (type(error), error, error.__traceback__)
    return made


def raised(kind: type[Exception]) -> Exception:
    try:
        raise kind("of a client")
    except Exception as error:  # noqa: BLE001 -- its traceback is what is wanted
        return error


def test_each_message_is_logged_once_a_minute():
    limit = LogLimit()
    assert [limit.filter(record("a", s)) for s in (0, 1, INTERVAL_S - 1)] == [True, False, False]
    assert limit.filter(record("b", 2))
    assert [limit.filter(record("a", INTERVAL_S + s)) for s in (0, 1)] == [True, False]


def test_exceptions_of_another_kind_are_another_message():
    limit = LogLimit()
    assert limit.filter(record("failed", 0, raised(ValueError)))
    assert limit.filter(record("failed", 0, raised(KeyError)))
    assert not limit.filter(record("failed", 0, raised(ValueError)))


def test_what_is_remembered_is_bounded():
    limit = LogLimit()
    for n in range(MAX_KINDS + 1):
        limit.filter(record(f"kind {n}"))
    assert limit.filter(record("kind 0"))  # forgotten
    assert not limit.filter(record(f"kind {MAX_KINDS}"))


def test_a_logger_is_limited_once():
    limit_log("a library's")
    limit_log("a library's")
    assert len(logging.getLogger("a library's").filters) == 1
