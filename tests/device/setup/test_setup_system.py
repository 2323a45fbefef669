"""Commands with a log, files that are whole at every moment."""

import os
import sys

import pytest

from device.setup.setup_system import LOG, CommandFailedError, SetupSystem


def test_a_command_gives_its_lines_as_they_come_and_the_log_keeps_them(tmp_path):
    system = SetupSystem(tmp_path)
    lines: list[str] = []
    program = "print('窗口'); print('two')"
    output = system.run(sys.executable, "-c", program, on_line=lines.append)
    assert lines == ["窗口", "two"]
    assert output == "窗口\ntwo\n"
    assert "窗口\ntwo\n" in (tmp_path / LOG).read_text("utf-8")


def test_a_command_that_fails_says_which_and_its_last_lines(tmp_path):
    program = "print(*range(40), sep='\\n'); raise SystemExit(3)"
    with pytest.raises(CommandFailedError) as failed:
        SetupSystem(tmp_path).run(sys.executable, "-c", program)
    text = str(failed.value)
    assert "ended with 3" in text
    assert text.endswith("  38\n  39")
    assert "\n  20" not in text
    assert "\n20\n" in (tmp_path / LOG).read_text()


def test_a_command_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CommandFailedError, match="no-such-program"):
        SetupSystem(tmp_path).run("no-such-program")
    assert not SetupSystem(tmp_path).succeeds("no-such-program")


def test_commands_do_not_see_the_variables_of_this_python(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    program = "import os; print(os.environ.get('PYTHONPATH'), os.environ['LANG'])"
    assert SetupSystem(tmp_path).run(sys.executable, "-c", program) == "None C.UTF-8\n"


def test_a_file_has_its_mode_before_it_has_its_name(tmp_path, monkeypatch):
    system = SetupSystem(tmp_path)
    seen = []
    replace = os.replace

    def watched(self, target):
        seen.append(self.stat().st_mode & 0o777)
        replace(self, target)

    monkeypatch.setattr("pathlib.Path.replace", watched)
    system.write("/etc/ratingpad/desk-token", "secret\n", mode=0o640)
    assert seen == [0o640]
    assert system.read("/etc/ratingpad/desk-token") == "secret\n"


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    system = SetupSystem(tmp_path)
    system.write("/etc/x", "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        system.write("/etc/x", "new")
    assert system.read("/etc/x") == "old"
    assert [path.name for path in (tmp_path / "etc").iterdir()] == ["x"]


def test_a_file_that_is_not_there_or_no_text_is_none(tmp_path):
    system = SetupSystem(tmp_path)
    (tmp_path / "b").write_bytes(b"\xff")
    assert system.read("/a/b/c") is None
    assert system.read("/b") is None


def test_what_only_looks_leaves_nothing_behind(tmp_path):
    system = SetupSystem(tmp_path)
    assert system.succeeds(sys.executable, "-c", "print(1)")
    assert system.look(sys.executable, "-c", "print('x'); raise SystemExit(2)") == (2, "x\n")
    assert list(tmp_path.iterdir()) == []
