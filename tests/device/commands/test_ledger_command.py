"""`ratingpad ledger`, as it is typed."""

import json
import os
import pty
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from device import cli
from tests.rigs.ledger.ledger_process import open_in, rated
from tests.rigs.ledger.told_ledger import tell
from tests.rigs.time.wait import until

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.delenv("LANGUAGE", raising=False)


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = cli.main(["ledger", *map(str, arguments)])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    with pytest.raises(SystemExit) as ended:
        cli.main(["ledger", *map(str, arguments)])
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_a_file_alone_gives_its_summary(tmp_path, capsys):
    path = tell(tmp_path)
    code, out, err = run(capsys, path)
    assert (code, err) == (0, "")
    assert "jl-2224-017, window A03" in out
    assert (code, out) == run(capsys, "summary", path)[:2]
    record = json.loads(run(capsys, path, "--json")[1])
    assert record == json.loads(run(capsys, "--json", path)[1])
    assert (record["pad"], record["entries"], record["not_receipted"]) == ("jl-2224-017", 18, 4)


def test_the_entries_are_listed_and_what_was_left_out_is_said(tmp_path, capsys):
    path = tell(tmp_path)
    code, out, err = run(capsys, "show", path)
    assert (code, len(out.splitlines())) == (0, 19)
    assert err == "levels are not shown (--levels)\n"
    code, out, err = run(capsys, "show", path, "--limit", 2)
    assert [line.split()[0] for line in out.splitlines()] == ["entry", "17", "18"]
    assert err.startswith("the newest 2 of them; --limit 0 lists all\n")
    code, out, err = run(capsys, "show", path, "--from", "2026-11-29", "--to", "2026-11-29")
    assert len(out.splitlines()) == 18
    assert "1 entry without a date was left out: its pad did not know the time" in err
    code, out, err = run(capsys, "show", path, "--to", "2026-11-28")
    assert "no entry is like that" in err


def test_filters_are_given_by_words_of_the_table(tmp_path, capsys):
    path = tell(tmp_path)
    _, out, _ = run(capsys, "show", path, "--kind", "fault", "--kind", "cleared", "--ndjson")
    assert [json.loads(line)["seq"] for line in out.splitlines()] == [16, 17]
    _, out, _ = run(capsys, "show", path, "--seq", "5-6", "--ndjson")
    assert [json.loads(line)["seq"] for line in out.splitlines()] == [5, 6]
    # As somebody types it who copied it from a page: full width.
    _, out, _ = run(capsys, "show", path, "--case", "办件－2026－0417", "--ndjson")
    assert [json.loads(line)["seq"] for line in out.splitlines()] == [5, 6, 7, 8]
    assert "no kind 'stars'; there are: opened, booted" in refused(
        capsys, "show", path, "--kind", "stars"
    )
    assert "there is no 2026-02-30" in refused(capsys, "show", path, "--from", "2026-02-30")
    assert "has no entry in it" in refused(capsys, "show", path, "--seq", "9-5")
    assert "not allowed with" in refused(capsys, "show", path, "--csv", "--json")


def test_levels_are_shown_where_they_are_asked_for_only(tmp_path, capsys):
    path = tell(tmp_path)
    for form in ([], ["--csv"], ["--ndjson"], ["--json"]):
        without = run(capsys, "show", path, *form)
        assert "satisfied" not in without[1] + without[2]
        assert "satisfied" in run(capsys, "show", path, "--levels", *form)[1]
    assert "satisfied" not in run(capsys, path)[1]


@pytest.mark.parametrize("form", ["--json", "--ndjson"])
def test_a_ledger_that_is_replaced_during_a_listing_ends_it_and_it_is_said(
    tmp_path, capsys, monkeypatch, form
):
    monkeypatch.setattr("device.ledger_view.entry_reader.STEP_ENTRIES", 4)
    path = tell(tmp_path)
    steps = iter([(1, 1)] * 4)
    monkeypatch.setattr("device.ledger_view.entry_reader._place_of", lambda _: next(steps, (1, 2)))
    code, out, err = run(capsys, "show", path, form)
    assert code == 1
    assert "was replaced meanwhile: begin again" in err
    if form == "--json":
        document = json.loads(out)
        assert 0 < document["listed"] < 18
        assert document["complete"] is False
    else:
        assert 0 < len(out.splitlines()) < 18


def test_a_damaged_file_is_listed_with_what_is_missing_and_exit_code_1(tmp_path, capsys):
    path = tell(tmp_path)
    with path.open("r+b") as file:
        file.write(b"\0" * 100)
    code, out, err = run(capsys, "show", path)
    assert (code, len(out.splitlines())) == (1, 19)
    assert "SQLite cannot read the file; it is read without it" in err
    assert run(capsys, path)[0] == 1
    assert json.loads(run(capsys, "show", path, "--json")[1])["complete"] is False


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("missing", ("usage", "is not there")),
        ("folder", ("usage", "is a folder")),
        ("text", ("L06", "is no ledger")),
        ("pipe", ("usage", "not a regular file")),
    ],
)
@pytest.mark.parametrize("command", ["summary", "show", "copy"])
def test_what_is_no_ledger_is_said_in_words_and_in_json(tmp_path, capsys, command, what, error):
    path = tmp_path / "file"
    match what:
        case "folder":
            path.mkdir()
        case "text":
            path.write_text("no ledger " * 300)
        case "pipe":
            os.mkfifo(path)
    to = [tmp_path / "evidence" / "copy"] * (command == "copy")
    (tmp_path / "evidence").mkdir()
    exit_code, out, err = run(capsys, command, path, *to)
    assert (exit_code, out) == (2, "")
    assert error[1] in err
    exit_code, out, err = run(capsys, command, path, *to, "--json")
    assert (exit_code, err) == (2, "")
    told = json.loads(out)
    assert told["code"] == error[0]
    assert error[1] in told["detail"]
    assert list((tmp_path / "evidence").iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
def test_a_file_without_rights_says_whose_it_is(tmp_path):
    path = tell(tmp_path)
    path.chmod(0o600)
    for folder in (tmp_path, *list(tmp_path.parents)[:-2]):
        folder.chmod(folder.stat().st_mode | 0o055)
    program = (
        "import os, sys; from device import cli; from device.commands import ledger_runs;"
        "os.setgid(65534); os.setuid(65534); sys.exit(cli.main(['ledger', sys.argv[1]]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "Permission denied" in done.stderr
    assert "root" in done.stderr


def test_a_copy_says_where_it_is_and_how_to_check_it(tmp_path, capsys):
    path = tell(tmp_path)
    (tmp_path / "evidence").mkdir()
    code, out, err = run(capsys, "copy", path, tmp_path / "evidence" / "a.db")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"copied to {tmp_path}/evidence/a.db",
        "  pad jl-2224-017, ledger 01KBA3S0Q0RATINGPAD0000001, 18 entries, the last is number 18",
        "  verified: it is whole",
        "  manifest: a.db.manifest.json",
        "  to check all files: sha256sum -c a.db.sha256",
    ]
    code, out, err = run(capsys, "copy", path, tmp_path / "evidence" / "a.db")
    assert (code, out) == (2, "")
    assert "a.db is there already; give a new name" in err
    code, out, _ = run(capsys, "copy", path, tmp_path / "evidence" / "b.db", "--json")
    assert json.loads(out) == json.loads((tmp_path / "evidence/b.db.manifest.json").read_text())


def test_a_damaged_one_is_copied_with_exit_code_1(tmp_path, capsys):
    path = tell(tmp_path).rename(tmp_path / "ledger.db.damaged-1")
    with path.open("r+b") as file:
        file.write(b"\0" * 100)
    (tmp_path / "evidence").mkdir()
    code, out, _ = run(capsys, "copy", path, tmp_path / "evidence")
    assert code == 1
    assert "copied as it is; the ledger is not whole, see `ratingpad verify`" in out


def test_beside_an_agent_that_runs_nothing_is_said_of_it(tmp_path, capsys):
    with closing(open_in(tmp_path)) as agent:
        agent.append(rated(1))
        assert run(capsys, tmp_path / "ledger")[0] == 0
        code, out, _ = run(capsys, "show", tmp_path / "ledger")
        assert (code, len(out.splitlines())) == (0, 3)


# --- at a terminal -------------------------------------------------------------------------------


def at_a_terminal(*arguments: object, **environment: str) -> str:
    """What a terminal of 80 columns is sent."""
    ours, theirs = pty.openpty()
    program = "import sys; from device.cli import command; sys.exit(command())"
    with subprocess.Popen(
        [sys.executable, "-c", program, "ledger", *map(str, arguments)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "80", "TERM": "xterm"} | environment,
    ):
        os.close(theirs)
        sent = b""
        try:
            while piece := os.read(ours, 65536):
                sent += piece
        except OSError:  # EIO: it has ended
            pass
    os.close(ours)
    return sent.decode()


def test_a_table_at_a_terminal_has_the_newest_hundred_and_fits(tmp_path):
    with closing(open_in(tmp_path)) as ledger:
        for n in range(149):
            ledger.append(rated(n))
    lines = re.sub(r"\x1b\[[0-9;]*m", "", at_a_terminal("show", tmp_path / "ledger")).splitlines()
    assert all(len(line) <= 80 for line in lines)
    numbers = [line.split()[0] for line in lines if line.strip() and line[:5].strip().isdigit()]
    assert (numbers[0], numbers[-1], len(numbers)) == ("51", "150", 100)
    assert "the newest 100 of them; --limit 0 lists all" in lines


def test_a_kind_is_coloured_at_a_terminal_and_not_where_nobody_wants_it(tmp_path):
    path = tell(tmp_path)
    assert "\x1b[31mfault" in at_a_terminal("show", path)
    assert "\x1b[" not in at_a_terminal("show", path, NO_COLOR="1")
    assert "\x1b[32m  chain" in at_a_terminal(path)


# --- nobody else loads it ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "loads"),
    [
        (["check", "--config", "pad.toml"], False),
        (["verify", "ledger.db"], False),
        (["--help"], False),
        (["ledger", "ledger.db"], True),
    ],
)
def test_the_library_is_loaded_for_this_command_only(tmp_path, arguments, loads):
    tell(tmp_path)
    (tmp_path / "pad.toml").write_text(
        '[pad]\nid = "jl-2224-017"\nboard = "simulated"\n[ledger]\npath = "ledger.db"\n'
    )
    program = (
        "import sys; from device.cli import command; command();"
        "print('sqlite_utils' in sys.modules, 'device.ledger_view' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.stdout.splitlines()[-1] == f"{loads} {loads}", done.stderr


def test_the_running_agent_does_not_load_it(tmp_path):
    (tmp_path / "pad.toml").write_text(
        '[pad]\nid = "a"\nboard = "simulated"\n[ledger]\npath = "ledger.db"\n'
    )
    program = "import sys; from device.cli import command; sys.exit(command())"
    with subprocess.Popen(
        [sys.executable, "-X", "importtime", "-c", program, "run", "--config", "pad.toml"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    ) as agent:
        until((tmp_path / "ledger.db.head").exists, 20, "the agent has written its first entries")
        agent.terminate()
        told = agent.communicate()[1]
    assert "device.ledger.writer" in told
    assert "sqlite_utils" not in told
    assert "device.ledger_view" not in told


# --- what the documents show ---------------------------------------------------------------------

DOCUMENTS = {"docs/operations.md": "C.UTF-8", "docs/operations.zh-CN.md": "zh_CN.UTF-8"}
PLACE = "/var/lib/ratingpad/ledger.db"


def examples(document: str) -> list[tuple[str, str]]:
    """The commands of this kind that a document shows, with their output."""
    text = (ROOT / document).read_text("utf-8")
    return re.findall(r"```text\n\$ ratingpad ledger ([^\n]+)\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_a_document_shows_is_what_is_printed(tmp_path, capsys, monkeypatch, document):
    monkeypatch.setenv("LC_ALL", DOCUMENTS[document])
    path = tell(tmp_path)
    shown = examples(document)
    assert len(shown) == 2
    for command, output in shown:
        code, out, err = run(capsys, *command.replace(PLACE, str(path)).split())
        assert (code, (out + err).replace(str(path), PLACE)) == (0, output)


def test_the_way_to_compute_a_digest_again_is_one_that_works(tmp_path, capsys):
    text = (ROOT / "docs/operations.md").read_text("utf-8")
    (program,) = re.findall(r"```python\n(import hashlib.*?)```", text, re.DOTALL)
    lines = run(capsys, "show", tell(tmp_path), "--ndjson", "--levels")[1]

    def check(text: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", program], input=text, capture_output=True, text=True, check=False
        )

    assert check(lines).returncode == 0
    assert check(lines.replace("attitude", "altitude")).returncode != 0
