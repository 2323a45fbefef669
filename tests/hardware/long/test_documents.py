"""The documents, typed on a bare system: each step as it is written, by whom they name.

What a machine cannot do is in tests/rigs/system/documented_sequences.py, and is printed.
"""

import json
import re
import shlex

import pytest

from tests.rigs.source.documented_steps import COMMENT, DocumentedStep
from tests.rigs.system.documented_sequences import (
    ANSWERS,
    FILES,
    INSTEAD,
    LEFT_OUT,
    NEWCOMER,
    ON_A_PAD,
    PAD_FILE,
    SOCKET,
    Section,
    steps_in,
)
from tests.rigs.time.wait import until
from tests.rigs.vm.bare_system import BareSystem, Ran
from tests.rigs.vm.kernel import Kernel

pytestmark = [pytest.mark.kernel_vm, pytest.mark.kiosk_vm, pytest.mark.timeout(7200)]

LEDGER = "/var/lib/ratingpad/ledger.db"
PRESS = f"""
from pathlib import Path
from device.drivers.sim.client import SimClient
with SimClient(Path("{SOCKET}")) as board:
    board.press("satisfied")
"""
RATED = f"""
import sqlite3
ledger = sqlite3.connect("file:{LEDGER}?mode=ro", uri=True)
bodies = [bytes(body) for (body,) in ledger.execute("SELECT body FROM entry")]
print(sum(b'"kind":"rated"' in body for body in bodies))
"""


class Reader:
    """Types what the documents say: as `pi`, in the checkout, one line after the other."""

    def __init__(self, system: BareSystem) -> None:
        """The checkout is put there. `untrue`: what did not go as it is written."""
        self.untrue: list[str] = []
        self._system = system
        self._folder = system.put_checkout()
        self._told: dict[str, str] = {}
        self._answer = Ran(0, "", "")

    def follow(self, section: Section) -> None:
        """Do all steps of a section."""
        print(f"--- {section.document}, {section.heading}")
        for step in steps_in(section):
            if step.is_command:
                self._type(step.text)
            elif step.kind == COMMENT:
                self._press(step.text)
            elif step.kind == "json":
                self._compare(step.text)
            else:
                self._write(step)

    def _type(self, command: str) -> None:
        if command in LEFT_OUT:
            print(f"left out: {command}: {LEFT_OUT[command]}")
        elif command in INSTEAD:
            typed, reason = INSTEAD[command]
            print(f"instead of {command}: {reason}")
            if typed:
                self._run(typed, stdin="y\n" if " apt " in typed else "")
            elif command == "sudo reboot":
                self._system.reboot()
        elif command in ANSWERS:
            answers, code, reason = ANSWERS[command]
            print(f"answered: {command}: {reason}")
            at_terminal = f"script -qec {shlex.quote(command)} /dev/null"
            self._run(f"({answers}) | {at_terminal}", stdin="", code=code)
        elif assigned := re.fullmatch(r"([A-Z]+)=(.*)", command):
            self._told[assigned[1]] = assigned[2]
        else:
            self._run(command, stdin="y\n" if " apt " in command else "")
            _, _, following = self._answer.out.partition("then, as root:\n")
            for line in following.splitlines():
                self._run(f"sudo sh -c {shlex.quote(line.strip())}", stdin="")

    def _run(self, command: str, *, stdin: str, code: int = 0) -> None:
        known = "".join(f"{name}={value}\n" for name, value in self._told.items())
        self._answer = self._system.ask(
            known + command, user="pi", folder=self._folder, stdin=stdin
        )
        if self._answer.code != code:
            self.untrue.append(f"{command}: {self._answer}")

    def _press(self, remark: str) -> None:
        assert remark == "the citizen presses"
        self._system.run(f"/opt/ratingpad/bin/python -c {shlex.quote(PRESS)}", user="ratingpad")
        # A reader takes longer than thanks is shown.
        until(self._is_ready, 120, "the window is ready again", 1)

    def _is_ready(self) -> bool:
        self._run('curl -s "$PAD/v1/window" -H "Authorization: Bearer $TOKEN"', stdin="")
        return bool(json.loads(self._answer.out)["state"] == "ready")

    def _compare(self, documented: str) -> None:
        """The same refusal, or none; tests/journeys/test_desk_document.py compares all of it."""
        if not self._answer.out.startswith("{"):
            return  # of an answer that no command above has asked for
        found = json.loads(self._answer.out)
        expected = re.search(r'"error": "([\w-]+)"', documented)
        if found.get("error") != (expected and expected[1]):
            self.untrue.append(f"{found} instead of {documented}")
        if "invitation" in found:
            self._told["ID"] = shlex.quote(found["invitation"] or "")

    def _write(self, step: DocumentedStep) -> None:
        first = step.text.split("=")[0].split("\n")[0]
        print(f"written: {first} of {step.section}: {FILES[first]}")
        if first == "[pad]":
            self._system.put(PAD_FILE, pad_file(step.text).encode())
        elif first == "[desk]":
            there = self._system.run(f"cat {PAD_FILE}")
            plain = re.sub(r"(?m)^certificate.*", "plain_on_lan = true", step.text)
            self._system.put(PAD_FILE, f"{there}\n{plain}".encode())
        elif first == "[Service]":
            folder = "/etc/systemd/system/ratingpad.service.d"
            self._system.run(f"mkdir -p {folder}")
            here = re.sub(r"[\d./]+", "10.0.2.0/24", step.text)
            self._system.put(f"{folder}/override.conf", here.encode())
            self._system.run("systemctl daemon-reload")
        elif first == "dtparam":
            self._system.run(f"cat >>/boot/firmware/config.txt <<'END'\n{step.text}\nEND")


def pad_file(documented: str) -> str:
    """The documented file, for a board without header and screen, and for the pad that is here."""
    ours = documented.replace('"rpi-4"', '"simulated"').replace('"touch-7"', '"simulated-touch"')
    ours = re.sub(r'(?m)^id = .*"$', 'id = "jl-0431-017"', ours)
    ours = re.sub(r"\[board.display\]\n.*\n", "", ours)
    return f'{ours}\n[board]\ncontrol = "{SOCKET}"\n'


def test_a_bare_system_becomes_a_pad_that_serves_by_what_the_documents_say(
    stock_kernel: Kernel,
) -> None:
    with BareSystem() as system:
        # As on a Raspberry Pi.
        system.run("mkdir -p /boot/firmware/overlays && touch /boot/firmware/config.txt")
        reader = Reader(system)
        try:
            for section in ON_A_PAD:
                reader.follow(section)
            assert reader.untrue == []
            assert system.run("systemctl is-active ratingpad") == "active\n"
            assert system.run("systemctl is-enabled ratingpad-kiosk", user="pi") == "enabled\n"
            entry = "/var/lib/ratingpad/kiosk/entry.html"
            until(lambda: system.ask(f"test -s {entry}").code == 0, 300, "the page's entry", 5)
            told = system.run(f"sudo ratingpad check --config {PAD_FILE}", user="pi")
            assert "in order" in told
            assert int(system.run(f"python3 -c {shlex.quote(RATED)}")) == 1
            assert "chain good" in system.run(f"ratingpad verify {LEDGER}")
            system.reboot()
            assert system.run("systemctl is-active ratingpad", user="pi") == "active\n"
            said = system.run("systemctl show --property=RuntimeWatchdogUSec", user="pi")
            assert said == "RuntimeWatchdogUSec=14s\n"
        finally:
            print(system.times())


def test_a_newcomer_sees_the_demo_on_a_bare_system(stock_kernel: Kernel) -> None:
    with BareSystem(memory_mib=2048) as system:
        try:
            system.run("sudo apt update", user="pi")
            reader = Reader(system)
            reader.follow(NEWCOMER)
            assert reader.untrue == []
        finally:
            print(system.times())
