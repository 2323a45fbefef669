"""The examples of docs/desk.md, in both languages, run against a real pad as a reader would."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.rigs.pad.desk_pad import desk_pad
from tests.rigs.pad.pad_process import TOKEN
from tests.rigs.source.source_tree import ROOT
from web.api_errors import MAX_REQUEST_BYTES

PRESSES = "<!-- the citizen presses -->"
PARTS = re.compile(rf"```sh\n(.*?)```\n\n```json\n(.*?)```|({re.escape(PRESSES)})", re.DOTALL)


def document(name: str = "desk.md") -> str:
    return (ROOT / "docs" / name).read_text("utf-8")


def fits(documented: Any, found: Any) -> bool:
    """Whether an answer is the documented one; `…` stands for any text."""
    if isinstance(documented, dict):
        return set(documented) == set(found) and all(
            fits(documented[key], found[key]) for key in documented
        )
    return isinstance(found, str) if documented == "…" else bool(documented == found)


@pytest.mark.parametrize("name", ["desk.md", "desk.zh-CN.md"])
def test_every_example_has_the_documented_answer(tmp_path: Path, name: str) -> None:
    with desk_pad(tmp_path / "pad") as pad:
        address = str(pad.desk.base_url).rstrip("/")
        known = {**os.environ, "PAD": address, "TOKEN": TOKEN, "ID": ""}
        examples = PARTS.findall(document(name))
        assert (
            len([command for command, _, _ in examples if command])
            == document(name).count("```sh\n")
            == 11
        )
        for command, documented, presses in examples:
            if presses:
                pad.press("satisfied")
                pad.free()  # a reader takes longer than thanks is shown
                continue
            printed = subprocess.run(
                ["bash", "-c", command], env=known, capture_output=True, text=True, check=True
            ).stdout
            found = json.loads(printed)
            assert fits(json.loads(documented.replace("$ID", known["ID"])), found), (
                command,
                printed,
            )
            known["ID"] = found.get("invitation") or known["ID"]


@pytest.mark.parametrize(
    ("documented", "found"),
    [({"a": "…"}, {"a": 1}), ({"a": 1}, {"a": 1, "b": 2}), ({"a": 1}, {"a": 2})],
)
def test_an_answer_that_differs_is_noticed(documented: Any, found: Any) -> None:
    """The control."""
    assert not fits(documented, found)


def test_the_limits_are_the_ones_in_the_code() -> None:
    from device.desk.admission import CALLS, WRONG_TOKENS
    from device.desk.event_stream import HEARTBEAT_S, MAX_LISTENERS
    from device.desk.plugin_answers import CODES, REFUSED
    from web.listener import MAX_CONNECTIONS, MAX_OF_ONE_CLIENT
    from web.ws_tickets import VALID_S

    text = document()
    for words in (
        f"{CALLS.per_s} times a second, {CALLS.burst} at once",
        f"{WRONG_TOKENS.burst}, then one every {1 / WRONG_TOKENS.per_s:.0f} s",
        f"{MAX_CONNECTIONS}, of one address {MAX_OF_ONE_CLIENT}",
        f"{MAX_REQUEST_BYTES // 1024} KiB",
        f"| listeners | {MAX_LISTENERS} |",
        f"every {HEARTBEAT_S:.0f} s",
        f"within {VALID_S} s",
    ):
        assert words in text, words
    for code in (*CODES.values(), REFUSED):
        assert f"\n| {code} |" in text
