"""An agent that starts recalls what it was doing."""

from pathlib import Path

import pytest

from device.ledger import lookback
from rigs.ledger_child import at, open_in, rated
from sync.entries import Booted, Invited


def test_an_agent_looks_back_to_its_last_boot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookback, "RECALL_ENTRIES", 16)
    ledger = open_in(tmp_path)
    ledger.append(Booted(at=at(), agent="1", board="simulated", boots=41))
    ledger.append(Invited(at=at(), invitation="01OPEN", window="3", source="http"))
    for n in range(70):
        ledger.append(rated(n))
    memory = lookback.look_back(ledger)
    assert (memory.boots, memory.left_open) == (41, ["01OPEN"])
    ledger.append(Booted(at=at(), agent="1", board="simulated", boots=42))
    for n in range(20):
        ledger.append(rated(n))
    again = lookback.look_back(ledger)  # control: it looks no further than it must
    assert (again.boots, again.left_open) == (42, [])
    ledger.close()
