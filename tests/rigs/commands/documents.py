"""What the commands print with `--json`, as JSON Schema.

`make schema` writes it to `docs/contract/commands.schema.json`; a test compares.
"""

import json
import sys
from typing import Any

import msgspec

from device.commands import json_reports as device_reports
from device.ledger_report import LedgerReport
from province.commands.token_report import TokenReport
from province.verify_report import StoreReport
from sync.error_report import ErrorReport
from tests.rigs.source.source_tree import ROOT

FILE = ROOT / "docs/contract/commands.schema.json"

DOCUMENTS: dict[str, type[Any]] = {
    "error": ErrorReport,
    "ratingpad check": device_reports.CheckReport,
    "ratingpad selftest": device_reports.SelftestReport,
    "ratingpad verify": LedgerReport,
    "ratingpad wiring": device_reports.WiringReport,
    "ratingpad-province token": TokenReport,
    "ratingpad-province verify": StoreReport,
}
"""The types by the command that prints them."""


def text() -> str:
    """The whole file."""
    schemas, parts = msgspec.json.schema_components(
        DOCUMENTS.values(), ref_template="#/$defs/{name}"
    )
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What the commands print with --json, by command; `error` where one could not run",
        "properties": dict(zip(DOCUMENTS, schemas, strict=True)),
        "$defs": parts,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Write it."""
    FILE.write_text(text(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
