"""What the receiver gives to a store for each payload, and what a store's exception says."""

import pytest

from sync.messages import (
    MAX_BATCH_BYTES,
    Health,
    Problem,
    Reported,
    State,
    Topic,
    deflate,
    write_message,
)
from sync.store_port import (
    Arrival,
    Cause,
    PadsHeldError,
    StoreFailureError,
    Told,
    cause_of,
    read_arrival,
    read_upward,
)
from tests.rigs.sync import golden_values as goldens

BATCH = (goldens.FOLDER / "batch.ndjson").read_bytes()


class DownError(StoreFailureError):
    """A failure with a cause of its own."""

    cause = Cause.DOWN


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (StoreFailureError("locked"), Cause.WAIT),
        (DownError("no connection"), Cause.DOWN),
        (PadsHeldError("held", ["a"]), Cause.WAIT),
        (OSError("full"), Cause.WAIT),
        (MemoryError(), Cause.WAIT),
        (ValueError("a surrogate"), Cause.DATA),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogate"), Cause.DATA),
        (OverflowError("2**64"), Cause.DATA),
        (KeyError("a defect"), None),
        (AssertionError(), None),
    ],
    ids=repr,
)
def test_a_message_is_blamed_for_its_own_content_only(error: Exception, cause: Cause) -> None:
    assert cause_of(error) is cause


def test_an_error_about_held_pads_names_them() -> None:
    error = PadsHeldError("two rows are locked", iter(["a", "b", "a"]))
    assert error.pads == {"a", "b"}
    assert str(error) == "two rows are locked"


def test_each_cause_has_its_word() -> None:
    assert [cause.value for cause in Cause] == ["data", "wait", "down", "setup"]


def test_a_batch_arrives_as_its_plain_lines_deflated_or_not() -> None:
    packed, is_deflated = deflate(BATCH)
    assert is_deflated
    for payload, deflated in ((BATCH, False), (packed, True)):
        arrival = read_arrival("pad-1", payload, deflated, 77)
        assert arrival.batch is not None
        assert arrival == Arrival("pad-1", arrival.batch, None, "", BATCH, 77)
        assert read_upward("pad-1", Topic.ENTRIES, payload, deflated, 77) == arrival


@pytest.mark.parametrize(
    ("payload", "deflated", "problem", "detail"),
    [
        (b"junk\n", False, Problem.MALFORMED, "BatchHeader: "),
        (b"junk", True, Problem.MALFORMED, "not deflate: "),
        (BATCH.replace(b'"v":1', b'"v":9', 1), False, Problem.VERSION, "v is 9, this end speaks 1"),
        (b"x" * (MAX_BATCH_BYTES + 1), False, Problem.MALFORMED, "262145 bytes; at most 262144"),
    ],
    ids=["junk", "not deflated", "version", "long"],
)
def test_a_payload_that_cannot_be_read_is_evidence_as_it_came(
    payload: bytes, deflated: bool, problem: Problem, detail: str
) -> None:
    arrival = read_arrival("pad-1", payload, deflated, 77)
    assert arrival == Arrival("pad-1", None, problem, arrival.detail, payload, 77)
    assert arrival.detail.startswith(detail)


@pytest.mark.parametrize("topic", [Topic.STATE, Topic.HEALTH, Topic.REPORTED])
def test_what_a_pad_tells_of_itself_is_read_by_its_topic(topic: Topic) -> None:
    told = {Topic.STATE: State, Topic.HEALTH: Health, Topic.REPORTED: Reported}
    message = next(m for m in goldens.MESSAGES.values() if type(m) is told[topic])
    assert isinstance(message, State | Health | Reported)
    pad = message.pad if isinstance(message, State) else "pad-1"
    assert read_upward(pad, topic, write_message(message), False, 77) == Told(pad, message)
    broken = read_upward(pad, topic, b"{}", False, 77)
    assert isinstance(broken, Arrival)
    assert (broken.problem, broken.payload) == (Problem.MALFORMED, b"{}")


def test_a_pad_that_speaks_as_another_one_is_refused_and_kept_as_evidence() -> None:
    state = next(m for m in goldens.MESSAGES.values() if isinstance(m, State))
    raw = write_message(state)
    assert read_upward("pad-9", Topic.STATE, raw, False, 77) == Arrival(
        "pad-9", None, Problem.FOREIGN, f"pad pad-9 speaks as pad {state.pad}", raw, 77
    )
