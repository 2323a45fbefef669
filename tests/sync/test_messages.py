"""Every message, byte for byte, and what becomes of bytes that are no message."""

import zlib

import msgspec
import pytest

from sync import messages as contract
from sync import schema
from sync.entries import GENESIS, Entry
from sync.messages import (
    MAX_BATCH_BYTES,
    MAX_BATCH_ENTRIES,
    MAX_SEQ,
    BatchHeader,
    Command,
    ContractError,
    Desired,
    Problem,
    Receipt,
    State,
    Topic,
)
from tests.rigs.sync import golden_values as goldens

LINES = goldens.golden_lines("messages.txt")
BATCH = (goldens.FOLDER / "batch.ndjson").read_bytes()
DEFLATED = bytes.fromhex((goldens.FOLDER / "batch-deflated.hex").read_text())


def refused(action, *arguments) -> Problem:
    """The problem with which a call is refused."""
    with pytest.raises(ContractError) as caught:
        action(*arguments)
    assert caught.value.detail
    return caught.value.problem


# --- golden bytes ------------------------------------------------------------------------------


def test_every_message_type_has_golden_bytes():
    wanted = {row.message for row in schema.TOPICS.values()} | {contract.CommandResult}
    assert {type(m) for m in goldens.MESSAGES.values()} == wanted - {contract.Batch}
    assert LINES.keys() == goldens.MESSAGES.keys()


@pytest.mark.parametrize("case", LINES)
def test_a_message_is_written_as_the_committed_bytes_and_read_back(case):
    message = goldens.MESSAGES[case]
    assert contract.write_message(message) == LINES[case]
    assert contract.read_message(type(message), LINES[case]) == message


def test_a_batch_is_written_as_the_committed_bytes_and_read_back():
    chain = goldens.chain()
    assert contract.write_batch(goldens.LEDGER, chain, GENESIS) == BATCH
    batch = contract.read_batch(BATCH)
    assert batch.bodies == [entry.body for entry in chain]
    assert (batch.header.first, batch.header.last) == (1, len(chain))
    assert batch.header.prev == GENESIS.hex()
    assert batch.header.head == chain[-1].digest.hex()


def test_a_batch_has_the_committed_bytes_unchanged_even_of_an_unknown_kind():
    strange = '{"kind":"sang",  "spaces kept":"一"}'.encode()
    payload = contract.write_batch("L", [Entry(7, strange, b"\x01" * 32)], b"\x02" * 32, torn=True)
    batch = contract.read_batch(payload)
    assert batch.bodies == [strange]
    assert batch.header.torn


def test_the_committed_deflated_batch_is_inflated_to_the_same_bytes():
    assert contract.inflate(DEFLATED) == BATCH


def test_a_long_batch_is_deflated_and_inflated_again_and_a_short_one_is_not():
    packed, is_deflated = contract.deflate(BATCH)
    assert is_deflated
    assert len(packed) < len(BATCH) / 2
    assert contract.inflate(packed) == BATCH
    assert contract.deflate(BATCH[:1000]) == (BATCH[:1000], False)


def test_backlog_is_what_the_province_has_not_receipted():
    health = goldens.MESSAGES["health"]
    assert isinstance(health, contract.Health)
    assert health.backlog == 14


# --- the rule on versions -----------------------------------------------------------------------


@pytest.mark.parametrize("case", LINES)
def test_another_version_is_refused_as_such_whatever_else_it_holds(case):
    kind = type(goldens.MESSAGES[case])
    assert refused(contract.read_message, kind, LINES[case].replace(b'"v":1', b'"v":2')) is (
        Problem.VERSION
    )
    assert refused(contract.read_message, kind, b'{"v":2,"all":"new"}') is Problem.VERSION


def test_a_batch_of_another_version_is_refused_as_such():
    assert refused(contract.read_batch, BATCH.replace(b'"v":1', b'"v":9', 1)) is Problem.VERSION


@pytest.mark.parametrize("case", LINES)
def test_an_unknown_field_within_the_version_is_ignored(case):
    message = goldens.MESSAGES[case]
    raw = LINES[case][:-1] + b',"weather":{"snow":[1]}}'
    assert contract.read_message(type(message), raw) == message


def test_of_a_repeated_key_the_last_one_counts():
    raw = LINES["receipt"]
    message = contract.read_message(Receipt, raw[:-1] + b',"seq":7}')
    assert message.seq == 7
    assert refused(contract.read_message, Receipt, raw[:-1] + b',"v":2}') is Problem.VERSION
    assert contract.read_message(Receipt, b'{"v":2,' + raw[1:]).v == 1


REPEATED = [
    (Command, b'{"v":1,"order":"invite","by":"q","ask":{"sent":1,"case":"T-1","case":"T-2"}}'),
    (
        Command,
        b'{"v":1,"order":"invite","by":"q","ask":{"sent":1,"case":"T-1","\\u0063ase":"T-2"}}',
    ),
    (Command, b'{"v":1,"order":"pause","order":"resume","by":"q"}'),
    (Command, b'{"v":1,"order":"pause","by":"q","later":[{"a":1,"a":1}]}'),
    (Command, b'{"v":1,"order":"pause","by":"q","later":' + b'{"a":' * 9_000 + b"1" + b"}" * 9_001),
    (Desired, b'{"v":1,"version":2,"version":3,"settings":{}}'),
    (Desired, b'{"v":1,"version":2,"settings":{"window":"1","window":"2"}}'),
]


@pytest.mark.parametrize(("kind", "raw"), REPEATED)
def test_what_orders_something_and_repeats_a_key_is_malformed(kind, raw):
    assert refused(contract.read_message, kind, raw) is Problem.MALFORMED


def test_control_the_same_name_in_two_objects_is_not_repeated():
    raw = b'{"v":1,"order":"invite","by":"q","ask":{"sent":1},"x":[{"by":1},{"by":"\xe5\x8a\x9e"}]}'
    assert contract.read_message(Command, raw).by == "q"


# --- what is no message ------------------------------------------------------------------------

NO_MESSAGE = [
    b"",
    b"{",
    b"[]",
    b"7",
    b"{}",
    b'{"v":"1"}',
    b'{"v":1}',
    b'{"v":1.5}',
    b'{"v":1,"ledger":"\xff"}',
    b'{"v":1}{"v":1}',
    b"\x00" * 32,
    b"\xef\xbb\xbf" + LINES["receipt"],
    b"[" * 100_000,
    b'{"v":1,"a":' + b'{"a":' * 50_000,
]


@pytest.mark.parametrize("raw", NO_MESSAGE, ids=lambda raw: repr(raw[:20]))
@pytest.mark.parametrize("kind", [Receipt, State, BatchHeader])
def test_bytes_that_are_no_message_are_malformed(kind, raw):
    assert refused(contract.read_message, kind, raw) is Problem.MALFORMED


@pytest.mark.parametrize("raw", NO_MESSAGE, ids=lambda raw: repr(raw[:20]))
def test_bytes_that_are_no_batch_are_malformed(raw):
    assert refused(contract.read_batch, raw) is Problem.MALFORMED
    assert refused(contract.read_batch, raw + b"\n") is Problem.MALFORMED


def header(**changes) -> bytes:
    """A batch of one entry whose header has these fields changed."""
    fields = {
        "v": 1,
        "ledger": "L",
        "first": 1,
        "count": 1,
        "prev": "00" * 32,
        "head": "11" * 32,
    } | changes
    return msgspec.json.encode(fields) + b'\n{"kind":"x"}\n'


@pytest.mark.parametrize(
    "changes",
    [
        {"count": 0},
        {"count": 2},
        {"count": -1},
        {"first": 0},
        {"first": -5},
        {"ledger": ""},
        {"prev": ""},
        {"prev": "00" * 31},
        {"head": "zz" * 32},
        {"head": "00" * 33},
        {"hash": "md5"},
        {"torn": "yes"},
        {"first": 1 << 70},
        {"first": MAX_SEQ + 1, "prev": "22" * 32},
        {"first": MAX_SEQ, "count": 2, "prev": "22" * 32},
        {"count": MAX_BATCH_ENTRIES + 1},
        {"ledger": "a b"},
        {"ledger": "a\n"},
        {"ledger": "a" * 65},
        {"head": "AB" * 32},
        {"head": "ab " * 32},
        {"head": " " + "ab" * 32},
        {"head": "ab" * 32 + "\n"},
        {"sig": "s" * 257},
        {"prev": "11" * 32},
        {"first": 2},
        {"torn": True},
    ],
    ids=repr,
)
def test_a_header_that_does_not_fit_its_entries_is_malformed(changes):
    assert contract.read_batch(header()).header.count == 1  # the control
    assert refused(contract.read_batch, header(**changes)) is Problem.MALFORMED


@pytest.mark.parametrize(
    "payload",
    [
        BATCH[:-1],
        BATCH + b"\n",
        BATCH.replace(b"\n", b"\r\n\n", 1),
        BATCH.replace(b"\n", b"\r\n"),
        BATCH.replace(b"\n", b"\r\n", 1),
        BATCH[:-1] + b"\r\n",
        BATCH.replace(b"\n", b"\n\n", 1),
        BATCH[: len(BATCH) // 2],
        BATCH.partition(b"\n")[0],
        BATCH.partition(b"\n")[2],
    ],
    ids=[
        "unended",
        "empty line",
        "CRLF and a line",
        "CRLF",
        "CRLF once",
        "CRLF at the end",
        "blank entry",
        "cut",
        "header only",
        "no header",
    ],
)
def test_a_batch_whose_lines_do_not_match_its_header_is_malformed(payload):
    assert refused(contract.read_batch, payload) is Problem.MALFORMED


REASONS = {
    "262145 bytes; at most 262144": b"x" * (MAX_BATCH_BYTES + 1),
    "not UTF-8: invalid start byte": BATCH.replace("办结".encode(), b"\xff", 1),
    "the last line is not ended": BATCH + b"tail",
    "a carriage return; lines end with a newline only": BATCH.replace(b"\n", b"\r\n"),
    "count says 18, 17 entries follow": BATCH.rpartition(b"\n{")[0] + b"\n",
    "an entry is empty or too long": BATCH.partition(b"\n")[0] + b"\n" * 19,
    "the last seq is out of range": header(first=MAX_SEQ, count=2, prev="22" * 32) + b"{}\n",
    "`prev` is all zeros before entry 1, and only there": header(prev="22" * 32),
    "`torn`, and nothing comes before entry 1": header(torn=True),
}


@pytest.mark.parametrize("reason", REASONS)
def test_a_batch_is_refused_with_the_reason_in_words(reason):
    with pytest.raises(ContractError) as caught:
        contract.read_batch(REASONS[reason])
    assert caught.value.problem is Problem.MALFORMED
    assert caught.value.detail.startswith(reason)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"x" * (MAX_BATCH_BYTES + 1), "262145 bytes; at most 262144"),
        (b"plain", "not deflate: "),
        (zlib.compress(bytes(MAX_BATCH_BYTES + 1)), "inflates past 262144 bytes"),
        (DEFLATED + b"tail", "the deflate stream is cut short or has a tail"),
    ],
    ids=["long", "plain", "a bomb", "tail"],
)
def test_a_deflate_stream_is_refused_with_the_reason_in_words(payload, reason):
    with pytest.raises(ContractError) as caught:
        contract.inflate(payload)
    assert caught.value.problem is Problem.MALFORMED
    assert caught.value.detail.startswith(reason)


def test_the_last_entry_of_a_ledger_may_have_the_greatest_seq():
    payload = header(first=MAX_SEQ, prev="22" * 32, sig="s" * 256)
    assert contract.read_batch(payload).header.last == MAX_SEQ


@pytest.mark.parametrize(
    "changes",
    [{"seq": -1}, {"seq": 2**53 + 1}, {"digest": "junk"}, {"digest": ""}, {"session": "1"}],
    ids=repr,
)
def test_a_receipt_of_another_form_is_malformed(changes):
    fields = {"v": 1, "ledger": "L", "seq": 2**53, "digest": "00" * 32, "session": "1.1"}
    assert contract.read_message(Receipt, msgspec.json.encode(fields)).seq == 2**53
    raw = msgspec.json.encode(fields | changes)
    assert refused(contract.read_message, Receipt, raw) is Problem.MALFORMED


def test_what_a_state_or_a_health_report_leaves_out_is_none_or_nothing():
    state = contract.read_message(
        State, b'{"v":1,"pad":"a","status":"online","boots":1,"session":1,"ledger":"L"}'
    )
    assert (state.seq, state.digest, state.agent, state.board) == (0, "", "", "")
    health = contract.read_message(
        contract.Health,
        b'{"v":1,"at":{"utc":null,"mono":1,"boot":"b","trust":"none"},"boots":1,"ledger":"",'
        b'"head":0,"receipted":0}',
    )
    assert (health.faults, health.strays, health.refused) == ((), 0, 0)
    assert (health.disk_free_bytes, health.card_wear_percent, health.temperature_c) == (
        None,
        None,
        None,
    )


def test_a_digest_is_read_from_hex_and_any_other_text_is_none():
    assert contract.read_digest("00ff" * 16) == b"\x00\xff" * 16
    for other in ("", "0", "zz", "办"):
        assert contract.read_digest(other) == b""


def test_an_empty_batch_is_never_written():
    with pytest.raises(ValueError, match=r"^a batch carries at least one entry$"):
        contract.write_batch("L", [], GENESIS)


def test_what_an_entry_holds_is_not_checked_here_and_kept_as_it_came():
    odd = [b'{ "kind" : "rated" }', b'{"kind":"rated","kind":"sang"}', b"no JSON", b"\x00"]
    rows = [Entry(seq, body, b"\x01" * 32) for seq, body in enumerate(odd, 2)]
    payload = contract.write_batch("L", rows, b"\x02" * 32)
    assert contract.read_batch(payload).bodies == odd


# --- harmful deflate streams --------------------------------------------------------------------


def test_a_zip_bomb_is_refused_without_being_inflated():
    bomb = zlib.compress(b"0" * (64 * MAX_BATCH_BYTES), 9)
    assert len(bomb) < MAX_BATCH_BYTES / 8
    assert refused(contract.inflate, bomb) is Problem.MALFORMED


@pytest.mark.parametrize(
    "payload",
    [b"", b"plain text", DEFLATED[:-1], DEFLATED[:20], DEFLATED + b"tail", DEFLATED * 2, BATCH],
    ids=["empty", "plain", "no checksum", "cut", "tail", "twice", "not deflated"],
)
def test_a_deflate_stream_that_is_damaged_is_malformed(payload):
    assert refused(contract.inflate, payload) is Problem.MALFORMED


# --- topics ------------------------------------------------------------------------------------


def test_the_topics_are_those_of_the_contract():
    assert [topic.value for topic in Topic] == [
        "up/entries",
        "up/state",
        "up/health",
        "up/reported",
        "down/receipt",
        "down/desired",
        "down/command",
    ]


@pytest.mark.parametrize("topic", Topic)
def test_a_topic_names_its_pad_and_is_read_back(topic):
    assert topic.of("jl-0431-017") == f"pad/v1/jl-0431-017/{topic.value}"
    assert contract.read_topic(topic.of("jl-0431-017")) == ("jl-0431-017", topic)


def test_every_topic_has_a_row():
    assert schema.TOPICS.keys() == set(Topic)


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "pad/v1/a",
        "pad/v2/a/up/state",
        "pad/v1//up/state",
        "pad/v1/A/up/state",
        "pad/v1/a b/up/state",
        "pad/v1/+/up/state",
        "pad/v1/#/up/state",
        "pad/v1/窗/up/state",
        "pad/v1/a\n/up/state",
        "pad/v1/" + "a" * 33 + "/up/state",
        "pad/v1/a/up/state/",
        "pad/v1/a/up/nonsense",
        "/pad/v1/a/up/state",
    ],
)
def test_a_topic_of_another_form_names_no_pad(topic):
    assert contract.read_topic(topic) is None
