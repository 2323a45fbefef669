"""The generated documents: the committed files are those of the types, and validate rightly."""

from pathlib import Path

import jsonschema
import msgspec
import pytest

from sync import messages as contract
from sync import schema
from sync.entries import KINDS, read_body
from sync.messages import Topic
from tests.rigs.sync import golden_values as goldens

COMMITTED = Path(__file__).parent.parent.parent / schema.FOLDER
SCHEMAS = schema.json_schemas()
ASYNCAPI = schema.asyncapi()
NAMES = {kind: name for name, kind in schema.MESSAGES.items()}
ENTRIES = goldens.golden_lines("entries.txt")
MESSAGES = goldens.golden_lines("messages.txt")


def fits(document: dict, value: object) -> bool:
    """Whether an independent reader of the schema takes the value."""
    return bool(jsonschema.Draft202012Validator(document).is_valid(value))


def schema_of(case: str) -> dict:
    """The schema of a golden message."""
    return SCHEMAS[NAMES[type(goldens.MESSAGES[case])]]


def test_what_is_committed_is_what_the_types_say():
    """Run `make schema` after a change of the contract."""
    committed = {path.name: path.read_bytes() for path in COMMITTED.glob("*.json")}
    for other in ("desk.openapi.json", "commands.schema.json"):  # not of these messages
        del committed[other]
    assert committed == schema.documents()


def test_the_documents_are_written_and_leftovers_removed(tmp_path, capsys):
    (tmp_path / "of-another-time.schema.json").write_text("{}")
    schema.main(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == schema.documents().keys()


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_schema_is_valid_and_needs_no_other_file(name):
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])
    needed = {ref.rpartition("/")[2] for ref in references(SCHEMAS[name])}
    assert needed == set(SCHEMAS[name]["$defs"])


@pytest.mark.parametrize("case", MESSAGES)
def test_the_golden_messages_fit_and_changed_ones_do_not(case):
    value = msgspec.json.decode(MESSAGES[case])
    assert fits(schema_of(case), value)
    assert fits(schema_of(case), value | {"a_later_field": 1})
    assert not fits(schema_of(case), value | {"v": 2})
    for field in schema_of(case)["required"]:
        assert not fits(schema_of(case), {k: v for k, v in value.items() if k != field})
        assert not fits(schema_of(case), value | {field: ["of another type"]})


@pytest.mark.parametrize("seq", ENTRIES)
def test_the_golden_entries_fit_and_changed_ones_do_not(seq):
    value = msgspec.json.decode(ENTRIES[seq])
    assert fits(SCHEMAS["entry"], value)
    assert fits(SCHEMAS["entry"], value | {"a_later_field": 1})
    assert not fits(SCHEMAS["entry"], value | {"at": 7})
    assert not fits(SCHEMAS["entry"], {k: v for k, v in value.items() if k != "kind"})


def test_an_entry_of_an_unknown_kind_fits_and_one_without_a_kind_does_not():
    assert fits(SCHEMAS["entry"], {"kind": "sang", "anything": True})
    assert not fits(SCHEMAS["entry"], {"kind": ""})
    assert not fits(SCHEMAS["entry"], {"kind": "rated"})


def test_a_level_outside_the_five_does_not_fit():
    value = msgspec.json.decode(ENTRIES["9"])
    assert not fits(SCHEMAS["entry"], value | {"level": "quite_satisfied"})
    assert not fits(SCHEMAS["entry"], value | {"level": 5})


def test_every_kind_and_every_message_is_in_the_asyncapi_document():
    named = set(ASYNCAPI["components"]["schemas"])
    assert {kind.__name__ for kind in KINDS.values()} <= named
    assert {kind.__name__ for kind in schema.MESSAGES.values()} <= named


def references(node: object) -> set[str]:
    """Every $ref in a document."""
    if isinstance(node, dict):
        own = {node["$ref"]} if "$ref" in node else set()
        return own.union(*map(references, node.values()))
    if isinstance(node, list):
        return set().union(*map(references, node))
    return set()


def resolve(reference: str) -> dict:
    """What a reference of the AsyncAPI document points to; KeyError if there is nothing."""
    node: dict = ASYNCAPI
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node


def test_every_reference_of_the_asyncapi_document_can_be_resolved():
    found = references(ASYNCAPI)
    assert len(found) > 40
    for reference in found:
        assert resolve(reference)


@pytest.mark.parametrize("topic", Topic)
def test_each_topic_is_a_channel_with_its_direction_and_retention(topic):
    name = topic.name.lower()
    assert ASYNCAPI["channels"][name]["address"] == topic.of("{pad}")
    action = "send" if topic.value.startswith("up/") else "receive"
    operation = ASYNCAPI["operations"][f"{action}-{name}"]
    assert operation["action"] == action
    assert operation["bindings"]["mqtt"]["retain"] is schema.TOPICS[topic].retained
    assert operation["bindings"]["mqtt"]["qos"] == 1


def test_the_lines_of_the_golden_batch_fit_their_schemas_in_the_document():
    lines = (goldens.FOLDER / "batch.ndjson").read_bytes().splitlines()
    payload = ASYNCAPI["components"]["schemas"]["Batch"]
    parts = {"components": ASYNCAPI["components"]}
    first, *rest = map(msgspec.json.decode, lines)
    assert fits(payload["x-lines"]["first"] | parts, first)
    assert len(rest) == first["count"]
    assert all(fits(payload["x-lines"]["rest"] | parts, entry) for entry in rest)
    assert not fits(payload["x-lines"]["first"] | parts, rest[0])


def test_only_a_batch_may_be_deflated():
    deflated = {name for name, m in ASYNCAPI["components"]["messages"].items() if "headers" in m}
    assert deflated == {"batch"}


def test_the_bounds_of_a_batch_are_in_its_headers_schema():
    count = SCHEMAS["batch-header"]["properties"]["count"]
    assert (count["minimum"], count["maximum"]) == (1, contract.MAX_BATCH_ENTRIES)


ODD: tuple[object, ...] = (
    *(None, True, "", "x", "-", "a b", " ab", "7.2", "7", "007.1", "x" * 33, "x" * 65, "x" * 129),
    *("ab" * 32, "AB" * 32, "ab " * 32, "00" * 32, "ab" * 31, "s" * 257, "\u7a97", "a\u0000b"),
    *(-1, 0, 1, 1024, 1025, 2**31, 2**53, 2**53 + 1, 2**63, 2**70, -(2**53), -(2**53) - 1),
    *(0.5, [], [1], {}, {"kind": "opened"}),
)
"""Values that a field may or may not have."""


@pytest.mark.parametrize("case", [*MESSAGES, "batch-header"])
def test_the_schema_is_the_law_each_value_is_read_or_refused_as_it_says(case):
    """The schema, read by a library that is not ours, and the decoder agree."""
    kind: type[contract.Message]
    if case == "batch-header":
        raw = (goldens.FOLDER / "batch.ndjson").read_bytes().partition(b"\n")[0]
        kind, document = contract.BatchHeader, SCHEMAS[case]
    else:
        raw, kind, document = MESSAGES[case], type(goldens.MESSAGES[case]), schema_of(case)
    value = msgspec.json.decode(raw)
    for field in document["properties"]:
        for odd in ODD:
            changed = value | {field: odd}
            assert fits(document, changed) is is_read(kind, changed), (field, odd)


@pytest.mark.parametrize("seq", ENTRIES)
def test_an_entrys_schema_and_its_reader_agree(seq):
    value = msgspec.json.decode(ENTRIES[seq])
    document = SCHEMAS["entry"]
    for field in value.keys() - {"kind"}:
        for odd in ODD:
            changed = value | {field: odd}
            assert fits(document, changed) is is_entry(changed), (field, odd)
    for field in value["at"]:
        for odd in ODD:
            changed = value | {"at": value["at"] | {field: odd}}
            assert fits(document, changed) is is_entry(changed), (field, odd)


def is_read(kind: type[contract.Message], value: dict) -> bool:
    """Whether the decoder takes a message."""
    try:
        contract.read_message(kind, msgspec.json.encode(value))
    except contract.ContractError:
        return False
    return True


def is_entry(value: dict) -> bool:
    """Whether the entry is read as one of a known kind."""
    try:
        return read_body(msgspec.json.encode(value)) is not None
    except ValueError:
        return False
