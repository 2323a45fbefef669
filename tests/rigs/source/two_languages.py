"""Documents in two languages: what must be the same in both."""

import re
from pathlib import Path
from typing import Any

Table = list[list[str]]


def tables(text: str) -> list[Table]:
    """The Markdown tables of a text: rows of cells, the head left out."""
    found = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    return [
        [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()[2:]]
        for table in found
    ]


def blocks(text: str) -> list[str]:
    """The fenced blocks: commands, rules, examples."""
    return re.findall(r"^```.*?^```$", text, re.MULTILINE | re.DOTALL)


def prose(text: str) -> str:
    """A text without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def shape(text: str) -> dict[str, Any]:
    """What must be the same in two languages. Links to itself and to the other may differ."""
    plain = prose(text)
    return {
        "headings": re.findall(r"^(#+) ", plain, re.MULTILINE),
        "rows": [[_without_language(row[0]) for row in table] for table in tables(plain)],
        "columns": [{len(row) for row in table} for table in tables(plain)],
        "steps": re.findall(r"^(?:\*\*)?(\d)\. ", plain, re.MULTILINE),
        "blocks": blocks(text),
        "comments": re.findall(r"^<!--.*-->$", plain, re.MULTILINE),
        "links": [link for link in _links(plain) if not link.startswith("#")],
        "code": code_spans(plain),
    }


def code_spans(text: str) -> list[str]:
    """What stands between backticks, each once, in order of the alphabet."""
    return sorted(set(re.findall(r"`([^`\n]+)`", text)))


def numbers(text: str) -> list[list[int]]:
    """The numbers in the prose of each section, in order of size."""
    plain = re.sub(r"`[^`\n]+`|\]\([^)]+\)", "", prose(text))
    sections = re.split(r"^#+ ", plain, flags=re.MULTILINE)
    return [sorted({int(digits) for digits in re.findall(r"\d+", part)}) for part in sections]


def lost_anchors(text: str) -> list[str]:
    """Links into the text itself that lead to none of its headings."""
    headings = re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE)
    slugs = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return [link for link in _links(prose(text)) if link[0] == "#" and link[1:] not in slugs]


def _links(plain: str) -> list[str]:
    """All link targets but the first one, which is the other language."""
    return re.findall(r"\]\(([^)]+)\)", plain)[1:]


def _without_language(cell: str) -> str:
    """A cell that is the same in every language; else nothing."""
    return cell if re.fullmatch(r"`[^`]+`|[A-Z]\d\d|-?\d+", cell) else ""


def other_language(path: Path) -> Path:
    """Where the first link of a document leads."""
    links: list[str] = re.findall(r"\]\(([^)]+)\)", path.read_text("utf-8"))
    return path.parent / links[0]
