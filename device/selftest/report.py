"""The result of a self-test as a text that can be filed. Pure.

Its last line is the digest of all lines before it: `head -n -1 FILE | sha256sum`.
"""

import hashlib
from collections.abc import Callable, Iterable
from typing import NamedTuple

from device.errors import PadCode
from device.selftest.steps import Item, StepOutcome

IN_CHINESE = {
    "clock": "时钟",
    "ledger": "存储",
    "broker": "网络",
    "key": "按键",
    "display": "显示屏",
    "border": "边框",
    "checker": "方格",
    "text": "文字",
    "light": "按键灯",
    "beeper": "蜂鸣器",
    "voice": "语音",
    "passed": "通过",
    "FAILED": "未通过",
    "skipped": "跳过",
    "zh": "中文",
    "ko": "朝鲜文",
    "en": "英文",
}
"""The words of which items' names are made; another word stays as it is."""


class ReportHead(NamedTuple):
    """Which pad was tested, when, with what."""

    pad: str
    window: str
    hall: str
    board: str
    machine: str
    versions: str
    date: str


def in_chinese(about: str, levels: dict[str, str]) -> str:
    """An item's name in Chinese; `levels` are the names on the keys."""
    words = {**IN_CHINESE, **levels}
    return " ".join(words.get(word, word) for word in about.split())


class DetailWording(NamedTuple):
    """How details are said: `text` in the reader's language, `of_code` what a code means and what
    to do.
    """

    text: Callable[[str], str] = str
    of_code: Callable[[PadCode], tuple[str, str]] = lambda code: (code.says, code.remedy)


ENGLISH = DetailWording()


def line(item: Item, levels: dict[str, str], wording: DetailWording = ENGLISH) -> str:
    """An item as one line, and its remedy as a second."""
    outcome = f"{item.outcome.value} {IN_CHINESE[item.outcome.value]}"
    first = f"{outcome} | {item.about} {in_chinese(item.about, levels)} | "
    if item.code is None:
        return first + wording.text(item.says)
    says, remedy = wording.of_code(item.code)
    return f"{first}{item.code.code} {says}: {wording.text(item.says)}\n        {remedy}"


def total(items: Iterable[Item]) -> str:
    """The count of each outcome."""
    outcomes = [item.outcome for item in items]
    return ", ".join(
        f"{outcomes.count(outcome)} {outcome.value} {IN_CHINESE[outcome.value]}"
        for outcome in StepOutcome
    )


def report(
    head: ReportHead,
    items: Iterable[Item],
    levels: dict[str, str],
    wording: DetailWording = ENGLISH,
) -> str:
    """The whole text, with its digest as the last line."""
    items = list(items)
    rows = [
        "ratingpad self-test 自检报告",
        f"pad 终端: {head.pad}",
        f"window 窗口: {head.window or '-'}",
        f"hall 大厅: {head.hall or '-'}",
        f"board 主板: {head.board}",
        f"machine 设备: {head.machine or '-'}",
        f"versions 版本: {head.versions}",
        f"date 日期: {head.date}",
        "",
        *(line(item, levels, wording) for item in items),
        "",
        total(items),
    ]
    text = "\n".join(rows) + "\n"
    return f"{text}sha256 {hashlib.sha256(text.encode()).hexdigest()}\n"
