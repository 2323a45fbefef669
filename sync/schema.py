"""The contract as documents: JSON Schema for every message, and one AsyncAPI 3 document.

`python -m sync.schema` writes them to `docs/contract/`; a test compares what is committed with
what the types say now. Nothing at run time reads them: they are for an engineer who builds another
pad or another province.
"""

import inspect
import sys
from pathlib import Path
from typing import Any

import msgspec

from sync import messages as contract
from sync.entries import KINDS, AnyBody
from sync.messages import Topic

Json = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FOLDER = Path("docs/contract")

MESSAGES: dict[str, type[Any]] = {
    "batch-header": contract.BatchHeader,
    "receipt": contract.Receipt,
    "state": contract.State,
    "health": contract.Health,
    "desired": contract.Desired,
    "reported": contract.Reported,
    "command": contract.Command,
    "command-result": contract.CommandResult,
}
"""The message types by the name of their document."""


class TopicRow(msgspec.Struct, frozen=True):
    """One row of the topic table, from which the AsyncAPI document is made."""

    message: type[Any]
    retained: bool
    says: str


TOPICS: dict[Topic, TopicRow] = {
    Topic.ENTRIES: TopicRow(contract.Batch, False, "a batch of ledger entries"),
    Topic.STATE: TopicRow(contract.State, True, "birth, stop and will"),
    Topic.HEALTH: TopicRow(contract.Health, False, "backlog, faults, clock, card, temperature"),
    Topic.REPORTED: TopicRow(contract.Reported, True, "the configuration in force"),
    Topic.RECEIPT: TopicRow(contract.Receipt, False, "what the province has stored"),
    Topic.DESIRED: TopicRow(contract.Desired, True, "the whole desired configuration"),
    Topic.COMMAND: TopicRow(contract.Command, False, "an order for now"),
}

RESULT_CHANNEL = "commandResult"


def _tidy(node: Any) -> Any:
    """Docstrings without their indentation, and patterns as ECMA-262 has them, where Python's `\\Z`
    is `$`; all the way down.

    A field that is called `description` is not taken for one: fields are objects, not text.
    """
    if isinstance(node, dict):
        return {
            key: _tidy(value)
            if key not in ("description", "pattern") or not isinstance(value, str)
            else inspect.cleandoc(value).replace(r"\Z", "$")
            for key, value in node.items()
        }
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    return node


def _definitions(template: str) -> dict[str, Json]:
    """Every named type of the contract, referring to one another by `template`."""
    _, found = msgspec.json.schema_components([*MESSAGES.values(), AnyBody], ref_template=template)
    definitions: dict[str, Json] = _tidy(found)
    for kind in MESSAGES.values():
        definitions[kind.__name__]["properties"]["v"] = {"const": contract.VERSION}
    definitions["UnknownEntry"] = {
        "title": "UnknownEntry",
        "description": "An entry of a kind that this version does not know. The province stores"
        " its bytes as they came and derives nothing from it.",
        "type": "object",
        "properties": {"kind": {"type": "string", "minLength": 1, "not": {"enum": [*KINDS]}}},
        "required": ["kind"],
    }
    kinds = {tag: template.format(name=kind.__name__) for tag, kind in sorted(KINDS.items())}
    definitions["Entry"] = {
        "title": "Entry",
        "description": "One ledger entry as canonical JSON: UTF-8, keys sorted, no spaces.",
        "oneOf": [
            *({"$ref": ref} for ref in kinds.values()),
            {"$ref": template.format(name="UnknownEntry")},
        ],
    }
    return definitions


def _reached(name: str, definitions: dict[str, Json]) -> dict[str, Json]:
    """The definitions that `name` needs, itself left out."""
    found: dict[str, Json] = {}
    waiting: list[Any] = [definitions[name]]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            ref = str(node.get("$ref", "")).rpartition("/")[2]
            if ref and ref != name and ref not in found:
                found[ref] = definitions[ref]
                waiting.append(definitions[ref])
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
    return dict(sorted(found.items()))


def json_schemas() -> dict[str, Json]:
    """One JSON Schema for each message and one for the entries, by document name."""
    definitions = _definitions("#/$defs/{name}")
    roots = {name: kind.__name__ for name, kind in MESSAGES.items()} | {"entry": "Entry"}
    return {
        name: {
            "$schema": DIALECT,
            "$id": f"urn:ratingpad:contract:v{contract.VERSION}:{name}",
            **definitions[root],
            "$defs": _reached(root, definitions),
        }
        for name, root in roots.items()
    }


def _message_name(kind: type[Any]) -> str:
    return kind.__name__[0].lower() + kind.__name__[1:]


def _batch_payload() -> Json:
    return {
        "title": "Batch",
        "description": "NDJSON: the first line is a BatchHeader, then come `count` lines, each"
        " the exact bytes of one entry; every line is ended by a newline. `x-lines` gives the"
        " schemas of the lines.",
        "type": "string",
        "maxLength": contract.MAX_BATCH_BYTES,
        "x-lines": {
            "first": {"$ref": "#/components/schemas/BatchHeader"},
            "rest": {"$ref": "#/components/schemas/Entry"},
        },
    }


def _messages() -> dict[str, Json]:
    key, value = contract.DEFLATE
    deflated = {
        "type": "object",
        "properties": {
            key: {
                "const": value,
                "description": "MQTT 5 user property: the payload is deflated (zlib, RFC 1950).",
            }
        },
    }
    found: dict[str, Json] = {}
    for kind in [row.message for row in TOPICS.values()] + [contract.CommandResult]:
        is_batch = kind is contract.Batch
        found[_message_name(kind)] = {
            "name": kind.__name__,
            "title": kind.__name__,
            "summary": inspect.cleandoc(kind.__doc__ or "").splitlines()[0],
            "contentType": "application/x-ndjson" if is_batch else "application/json",
            **({"headers": deflated} if is_batch else {}),
            "payload": {"$ref": f"#/components/schemas/{kind.__name__}"},
        }
    return found


def _operations() -> dict[str, Json]:
    found: dict[str, Json] = {}
    for topic, row in TOPICS.items():
        name = topic.name.lower()
        direction = "send" if topic.value.startswith("up/") else "receive"
        found[f"{direction}-{name}"] = operation = {
            "action": direction,
            "channel": {"$ref": f"#/channels/{name}"},
            "summary": row.says,
            "bindings": {
                "mqtt": {"qos": 1, "retain": row.retained, "bindingVersion": "0.2.0"},
            },
        }
        if topic is Topic.COMMAND:
            operation["reply"] = {
                "address": {
                    "description": "The response topic of the command, with its correlation data.",
                    "location": "$message.header#/responseTopic",
                },
                "channel": {"$ref": f"#/channels/{RESULT_CHANNEL}"},
            }
    return found


def _channels() -> dict[str, Json]:
    found: dict[str, Json] = {}
    for topic, row in TOPICS.items():
        message = _message_name(row.message)
        found[topic.name.lower()] = {
            "address": topic.of("{pad}"),
            "description": f"{row.says}; {'retained' if row.retained else 'not retained'}",
            "parameters": {"pad": {"$ref": "#/components/parameters/pad"}},
            "messages": {message: {"$ref": f"#/components/messages/{message}"}},
        }
    found[RESULT_CHANNEL] = {
        "address": None,
        "description": "where the answer to a command goes: the command names it",
        "messages": {"commandResult": {"$ref": "#/components/messages/commandResult"}},
    }
    return found


def asyncapi() -> Json:
    """The AsyncAPI 3.0.0 document, from the pad's point of view."""
    schemas = _definitions("#/components/schemas/{name}")
    schemas["Batch"] = _batch_payload()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "ratingpad: pad and province",
            "version": f"{contract.VERSION}.0.0",
            "description": "Generated from sync/messages.py and sync/entries.py of ratingpad, from"
            " the pad's point of view: it sends on up/ and receives on down/.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "loopback": {
                "host": "127.0.0.1:1883",
                "protocol": "mqtt",
                "protocolVersion": "5.0",
                "description": "Without TLS a broker is only ever spoken to on loopback.",
            }
        },
        "channels": _channels(),
        "operations": _operations(),
        "components": {
            "parameters": {
                "pad": {
                    "description": "The pad's id, the CN of its certificate:"
                    f" {contract.PAD_ID.pattern}",
                    "examples": ["jl-0431-017"],
                }
            },
            "messages": _messages(),
            "schemas": dict(sorted(schemas.items())),
        },
    }


def documents() -> dict[str, bytes]:
    """Every document: its file name and its bytes."""
    found = {f"{name}.schema.json": schema for name, schema in json_schemas().items()}
    found["asyncapi.json"] = asyncapi()
    return {
        name: msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
        for name, document in found.items()
    }


def main(folder: Path = FOLDER) -> None:
    """Write every document, and remove the schema of a message that no longer exists."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = documents()
    for old in folder.glob("*.schema.json"):
        if old.name not in wanted:
            old.unlink()
    for name, text in wanted.items():
        (folder / name).write_bytes(text)
    sys.stdout.write(f"{len(wanted)} documents in {folder}\n")


if __name__ == "__main__":
    main()
