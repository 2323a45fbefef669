"""Documents in two languages: what must be the same in both."""

import re
from pathlib import Path
from typing import Any

Table = list[list[str]]

CHINESE = ".zh-CN.md"
"""How the Chinese document's name ends; the English one's ends with `.md`."""

COMMENT = re.compile(r"(?:^|(?<=\s))#(?: .*)?$", re.MULTILINE)
"""A comment in an example; in a `console` block `# ` is root's prompt."""


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
        "cells": [[[_exact(cell) for cell in row] for row in table] for table in tables(plain)],
        "steps": re.findall(r"^(?:\*\*)?(\d)\. ", plain, re.MULTILINE),
        "points": len(re.findall(r"^- ", plain, re.MULTILINE)),
        "blocks": [_without_comments(block) for block in blocks(text)],
        "comments": re.findall(r"^<!--.*-->$", plain, re.MULTILINE),
        "links": [_file_of(link) for link in _links(plain) if not link.startswith("#")],
        "code": code_spans(plain),
    }


def code_spans(text: str) -> list[str]:
    """What stands between backticks, each once, in order of the alphabet."""
    return sorted(set(re.findall(r"`([^`\n]+)`", text)))


def numbers(text: str) -> list[list[int]]:
    """The numbers in the prose of each section, in order of size."""
    sections = re.split(r"^#+ ", _without_code(prose(text)), flags=re.MULTILINE)
    return [_numbers_of(part) for part in sections]


def sections(text: str) -> list[str]:
    """The prose below each heading, the heading included; the first is what stands before any."""
    return re.split(r"^(?=#+ )", prose(text), flags=re.MULTILINE)


def lost_anchors(path: Path) -> list[str]:
    """The links of a document that lead to no heading of their target, where they name one."""
    return [link for link, place in _places(path) if place == -1]


def places(path: Path) -> list[int]:
    """To which heading each link to a place inside a document leads, counted from 0."""
    return [place for _, place in _places(path)]


def english_links(path: Path) -> list[str]:
    """The links of a Chinese document, but the first, to English ones that are there in Chinese."""
    targets = [_file_of(link) for link in _links(prose(path.read_text("utf-8")))]
    written = [link.partition("#")[0] for link in _links(prose(path.read_text("utf-8")))]
    return [
        link
        for link, target in zip(written, targets, strict=True)
        if link == target
        and link.endswith(".md")
        and (path.parent / link.replace(".md", CHINESE)).exists()
    ]


def other_language(path: Path) -> Path:
    """Where the first link of a document leads."""
    links: list[str] = re.findall(r"\]\(([^)]+)\)", path.read_text("utf-8"))
    return path.parent / links[0]


def slug(heading: str) -> str:
    """The anchor that GitHub gives to a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def _places(path: Path) -> list[tuple[str, int]]:
    """Each link with an anchor, and the number of its heading; -1: there is no such heading."""
    found = []
    for link in _links(prose(path.read_text("utf-8"))):
        name, _, anchor = link.partition("#")
        if not anchor or "://" in link or not name.endswith((".md", "")):
            continue
        target = path.parent / name if name else path
        headings = re.findall(r"^#+ (.+)$", prose(target.read_text("utf-8")), re.MULTILINE)
        slugs = [slug(heading) for heading in headings]
        found.append((link, slugs.index(anchor) if anchor in slugs else -1))
    return found


def _links(plain: str) -> list[str]:
    """All link targets but the first one, which is the other language."""
    return re.findall(r"\]\(([^)]+)\)", plain)[1:]


def _file_of(link: str) -> str:
    """The file that a link leads to, as it is called in English."""
    return link.partition("#")[0].replace(CHINESE, ".md")


def _without_comments(block: str) -> str:
    """A fenced block with its comments as bare `#`; of a command with its output the command: what
    it prints is in the person's language.
    """
    if block.startswith("```text\n$ "):
        return "\n".join(line for line in block.splitlines() if line.startswith("$ "))
    return block if block.startswith("```console") else COMMENT.sub("#", block)


def _without_code(text: str) -> str:
    return re.sub(r"`[^`\n]+`|\]\([^)]+\)", "", text)


def _numbers_of(text: str) -> list[int]:
    return sorted({int(digits) for digits in re.findall(r"\d+", text)})


def _exact(cell: str) -> tuple[list[str], list[int]]:
    """What a cell says that needs no language: code and numbers."""
    return code_spans(cell), _numbers_of(_without_code(cell))


def _without_language(cell: str) -> str:
    """A cell that is the same in every language; else nothing."""
    return cell if re.fullmatch(r"`[^`]+`|[A-Z]\d\d|-?\d+", cell) else ""
