"""The two documents for whoever connects a window system: true (test_chinese_docs.py: the same)."""

import pytest

from device.desk.api_errors import ERRORS
from tests.rigs.source import source_tree
from tests.rigs.source.two_languages import tables

PATHS = {
    "en": source_tree.ROOT / "docs/desk.md",
    "zh": source_tree.ROOT / "docs/desk.zh-CN.md",
}
DOCUMENTS = {language: path.read_text("utf-8") for language, path in PATHS.items()}


@pytest.mark.parametrize("language", PATHS)
def test_every_refusal_is_told_with_its_status(language):
    told = {
        row[0].strip("`"): int(row[1])
        for table in tables(DOCUMENTS[language])
        for row in table
        if len(row) == 3 and row[1].isdigit()
    }
    assert told == {name: row.status for name, row in ERRORS.items()}
