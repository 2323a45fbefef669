"""The pad's file: written from the answers, and read back.

A file that setup has written and nobody has changed since may be written anew with other answers.
Any other file is the technician's and stays as it is.
"""

import json
import tomllib
from typing import Any

from device.setup.answers import BROKER, Answers
from device.setup.board_parts import BoardParts, board_names, read_parts

HEAD = (
    "# Written by `ratingpad setup`. With other options it writes this file anew, as long as\n"
    "# nobody has changed it. 由 ratingpad setup 写成；\n"
    "# 未经手工修改时，可用其他选项重新写入。\n"
)

LEDGER = "/var/lib/ratingpad/ledger.db"
TOKEN = "desk-token"
"""The file of the desk's token, beside the pad's file."""
ENTRY = "/var/lib/ratingpad/kiosk/entry.html"
CONTROL = "/run/ratingpad/control.sock"
"""Where the keys of a simulated board are pressed."""


def pad_file(answers: Answers, parts: BoardParts) -> str:
    """The text of the pad's file."""
    pad: dict[str, Any] = {"id": answers.pad_id, "board": answers.board, "window": answers.window}
    if answers.hall:
        pad["hall"] = answers.hall
    pad["languages"] = list(answers.languages)
    tables: dict[str, dict[str, Any]] = {"pad": pad, "ledger": {"path": LEDGER}}
    if answers.broker != BROKER:
        tables["province"] = {"broker": answers.broker}
    tables["desk"] = {"token_file": TOKEN}
    if parts.touchscreen:
        tables["touch"] = {"entry_file": ENTRY}
        if answers.px_per_mm is not None:
            tables["touch"]["px_per_mm"] = answers.px_per_mm
    if parts.simulated:
        tables["board"] = {"control": CONTROL}
    if answers.keys:
        tables["board.keys"] = dict(answers.keys)
    if answers.chip is not None:
        tables["board.display"] = {"chip": answers.chip}
        if not parts.names_bus:
            tables["board.display"]["bus"] = "i2c-1"
    return HEAD + "".join(
        f"\n[{name}]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in table.items())
        for name, table in tables.items()
    )


def read_answers(text: str) -> Answers | None:
    """The answers in a pad's file; None when it is none, or has no id."""
    try:
        file = tomllib.loads(text)
        pad, board = file["pad"], file.get("board", {})
        return Answers(
            pad_id=str(pad["id"]),
            board=str(pad.get("board", "simulated")),
            window=str(pad.get("window", "")),
            hall=str(pad.get("hall", "")),
            languages=tuple(map(str, pad.get("languages", ["zh"]))),
            broker=str(file.get("province", {}).get("broker", BROKER)),
            chip=board.get("display", {}).get("chip"),
            keys=board.get("keys", {}),
            px_per_mm=file.get("touch", {}).get("px_per_mm"),
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError):
        return None


def is_ours(text: str) -> bool:
    """Whether a file is as setup has written it, for a board that there is."""
    answers = read_answers(text)
    if answers is None or answers.board not in board_names():
        return False
    return pad_file(answers, read_parts(answers.board)) == text


def _toml(value: object) -> str:
    """A string, a number or a list of strings as TOML."""
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    # JSON's strings are TOML's basic strings, but for DEL, which no answer may have.
    return json.dumps(value, ensure_ascii=False)
