"""The manual pages and bash's completion of our commands, made from their parsers.

`make manuals` writes them to `hw/man/` and `hw/completions/`, which `ratingpad units` installs. The
pages are in man(7)'s macros, in English and Chinese; the completion is shtab's.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import shtab

from device import cli as device_cli
from device.board.profile import board_names
from province import cli as province_cli
from sync import __version__
from sync.arguments import CommandParser, Exit, Subcommand
from sync.language import CHINESE, ENGLISH, tr
from tests.rigs.source.source_tree import ROOT

HW = ROOT / "hw"
FOLDERS = {ENGLISH: Path("man/man1"), CHINESE: Path("man/zh_CN/man1")}
"""Below `hw/` and below `/usr/share`."""


class Program(NamedTuple):
    """A program: its parser, its commands, and files that its manual names."""

    parser: Callable[[], CommandParser]
    commands: tuple[Subcommand, ...]
    files: dict[str, tuple[str, str]]


PROGRAMS = {
    "ratingpad": Program(
        device_cli.parser,
        device_cli.COMMANDS,
        {
            "/etc/ratingpad/pad.toml": ("the configuration", "评价器的配置"),
            "/var/lib/ratingpad/": ("the ledger, and the files beside it", "账本及其附属文件"),
        },
    ),
    "ratingpad-province": Program(province_cli.parser, province_cli.COMMANDS, {}),
}

TITLES = {
    "NAME": "名称",
    "SYNOPSIS": "用法",
    "DESCRIPTION": "说明",
    "COMMANDS": "命令",
    "FILES": "文件",
    "ENVIRONMENT": "环境变量",
    "EXIT STATUS": "退出码",
    "SEE ALSO": "另见",
    "General Commands Manual": "用户命令手册",
    "COMMAND": "命令",
    "OPTIONS": "选项",
}

SENTENCES = {
    "Each command tells its arguments with": "每个命令的参数可用以下选项查看：",
    "Chinese where it begins with zh, else English; C and POSIX are English.": (
        "以 zh 开头时为中文，否则为英文；C 和 POSIX 为英文。"
    ),
    "if it is set, nothing is coloured": "设置后不使用颜色",
    "if it is set to more than 0, colours are used in a pipe, too": (
        "设为非 0 时，输出到管道也使用颜色"
    ),
    "Beside what each command says above:": "除上面各命令所写的以外：",
    "ended by Ctrl-C": "被 Ctrl-C 中断",
    "the output could not be written": "输出无法写入",
    "whoever read the output has gone": "读取输出的程序已经结束",
    "What --json prints, and what each error code means, is told in the project's documents.": (
        "--json 的输出和各错误码的含义见项目文档。"
    ),
}


def man_page(name: str, program: Program, language: str) -> str:
    """The manual page of a program in man(7)'s macros."""
    return "\n".join([*_lines(name, program, language), ""])


def _lines(name: str, program: Program, language: str) -> Iterator[str]:
    def say(text: str) -> str:
        known = SENTENCES.get(text) or TITLES.get(text) if language == CHINESE else text
        return roff(known or tr(text, language))

    parser = program.parser()
    yield r".\" Made from the parsers by `make manuals`."
    yield f'.TH {name.upper()} 1 "" "ratingpad {__version__}" "{say("General Commands Manual")}"'
    yield ".ad l"
    yield f".SH {say('NAME')}"
    yield rf"{roff(name)} \- {say(parser.description or '')}"
    yield f".SH {say('SYNOPSIS')}"
    yield f".B {roff(name)}"
    yield rf"[\-\-version] [\-h] {say('COMMAND')} \&..."
    yield f".SH {say('DESCRIPTION')}"
    yield say("Each command tells its arguments with")
    yield r".BR \-\-help ."
    yield f".SH {say('COMMANDS')}"
    actions = program.parser()._actions
    subparsers = next(one for one in actions if isinstance(one, argparse._SubParsersAction))
    for command in program.commands:
        parser = subparsers.choices[command.name]
        for one, its_parser in _with_commands(command, parser):
            yield from _command(name, one, its_parser, say)
    if program.files:
        yield f".SH {say('FILES')}"
        for file, (english, chinese) in program.files.items():
            yield from _item(
                rf"\fI{roff(file)}\fR", roff(chinese if language == CHINESE else english)
            )
    yield f".SH {say('ENVIRONMENT')}"
    yield from _item(
        r"\fBLANGUAGE\fR, \fBLC_ALL\fR, \fBLC_MESSAGES\fR, \fBLANG\fR",
        say("Chinese where it begins with zh, else English; C and POSIX are English."),
    )
    yield from _item(r"\fBNO_COLOR\fR", say("if it is set, nothing is coloured"))
    more = "if it is set to more than 0, colours are used in a pipe, too"
    yield from _item(r"\fBFORCE_COLOR\fR", say(more))
    yield f".SH {say('EXIT STATUS')}"
    yield say("Beside what each command says above:")
    for code, means in (
        (74, "the output could not be written"),
        (130, "ended by Ctrl-C"),
        (141, "whoever read the output has gone"),
    ):
        yield from _item(rf"\fB{code}\fR", say(means))
    yield f".SH {say('SEE ALSO')}"
    others = [rf"\fB{roff(other)}\fR(1)" for other in PROGRAMS if other != name]
    yield ", ".join(others)
    yield ".PP"
    yield say(
        "What --json prints, and what each error code means, is told in the project's documents."
    )


def _with_commands(
    command: Subcommand, parser: argparse.ArgumentParser
) -> Iterator[tuple[Subcommand, argparse.ArgumentParser]]:
    """The command, or the commands that it has of its own, by their whole names."""
    if not command.commands:
        yield command, parser
        return
    nested = next(one for one in parser._actions if isinstance(one, argparse._SubParsersAction))
    for one in command.commands:
        yield one._replace(name=f"{command.name} {one.name}"), nested.choices[one.name]


def _command(
    name: str, command: Subcommand, parser: argparse.ArgumentParser, say: Callable[[str], str]
) -> Iterator[str]:
    yield f".SS {roff(command.name)}"
    usage = parser.format_usage().split(":", 1)[-1].split("：", 1)[-1]
    words = " ".join(usage.split()).removeprefix(f"{name} ")
    yield rf"\fB{roff(name)}\fR {roff(words)}"
    yield ".PP"
    yield say(command.purpose)
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction):
            continue
        yield from _item(_named(action), say(str(action.help)) if action.help else "")
    yield ".PP"
    yield f"{say('EXIT STATUS')}:"
    for exit_code in command.exits:
        yield from _exit(exit_code, say)


def _exit(exit_code: Exit, say: Callable[[str], str]) -> Iterator[str]:
    yield from _item(rf"\fB{exit_code.code}\fR", say(exit_code.means))


def _item(tag: str, text: str) -> list[str]:
    return [".TP", tag, text or r"\&"]


def _named(action: argparse.Action) -> str:
    """An argument as it is typed."""
    if not action.option_strings:
        return rf"\fI{roff(action.metavar or action.dest)}\fR"
    names = ", ".join(rf"\fB{roff(option)}\fR" for option in action.option_strings)
    if action.nargs == 0:
        return names
    value = action.metavar or (
        f"{{{','.join(map(str, action.choices))}}}" if action.choices else action.dest.upper()
    )
    return rf"{names} \fI{roff(str(value))}\fR"


def roff(text: object) -> str:
    """A text that troff shows as it is."""
    escaped = str(text).replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq")
    escaped = escaped.replace("`", r"\(ga").replace("%%", "%")
    return rf"\&{escaped}" if escaped.startswith(".") else escaped


def completion(name: str, program: Program) -> str:
    """Bash's completion of a program, by shtab."""
    parser = program.parser()
    for one in parsers(parser):
        for action in one._actions:
            if action.dest == "board" and action.choices is None:
                action.choices = board_names()
            elif action.type is Path:
                folder = action.dest in FOLDER_OPTIONS and name == "ratingpad"
                vars(action)["complete"] = shtab.DIRECTORY if folder else shtab.FILE
    return str(shtab.complete(parser, shell="bash"))


FOLDER_OPTIONS = ("out", "wheels")


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """A parser and those of its subcommands."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for one in action.choices.values():
                yield from parsers(one)


def files() -> dict[Path, str]:
    """Every file, by its path below `hw/`."""
    made: dict[Path, str] = {}
    for name, program in PROGRAMS.items():
        made[Path("completions") / name] = completion(name, program)
        for language, folder in FOLDERS.items():
            made[folder / f"{name}.1"] = man_page(name, program, language)
    return made


def main() -> int:
    """Write them all."""
    for path, text in files().items():
        (HW / path).parent.mkdir(parents=True, exist_ok=True)
        (HW / path).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
