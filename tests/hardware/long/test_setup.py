"""`ratingpad setup` on a bare system, as a technician types it."""

import os
import re
import shlex

import pytest

from tests.rigs.vm.bare_system import BareSystem, Ran

pytestmark = [
    pytest.mark.kernel_vm,
    pytest.mark.kiosk_vm,
    pytest.mark.timeout(5400),
    pytest.mark.skipif(
        os.environ.get("RATINGPAD_LONG") != "1", reason="takes half an hour; RATINGPAD_LONG=1"
    ),
]

GIVEN = "--board simulated --window 3 --broker mqtt://127.0.0.1 --hall 延吉市政务服务大厅"

PRESS = """
from pathlib import Path
from device.drivers.sim.client import SimClient
with SimClient(Path("/run/ratingpad/control.sock")) as board:
    board.press("satisfied")
"""


def at_terminal(system: BareSystem, command: str, *answers: str) -> Ran:
    """Type a command and its answers at a terminal, as pi."""
    typed = "".join(f"{answer}\n" for answer in answers)
    script = f"script -qec {shlex.quote(command)} /dev/null"
    return system.ask(script, user="pi", folder="~/ratingpad", stdin=typed)


def invite(system: BareSystem, case: str) -> str:
    """Ask for a rating over the desk with the token that setup has made."""
    return system.run(
        f'curl -sS http://127.0.0.1:8600/v1/invitations -d \'{{"case": "{case}"}}\''
        ' -H "Authorization: Bearer $(cat /etc/ratingpad/desk-token)"'
    )


def ledger(system: BareSystem) -> str:
    return system.run("ratingpad verify /var/lib/ratingpad/ledger.db")


def test_a_bare_board_becomes_a_pad_that_takes_ratings() -> None:
    with BareSystem() as system:
        system.put_checkout()
        # A dry run changes nothing, and needs no root.
        shown = system.ask(
            f"./ratingpad setup --dry-run --yes {GIVEN}", user="pi", folder="~/ratingpad"
        )
        assert shown.code == 0, shown
        assert "python3-venv" in shown.out
        assert system.ask("ls /opt/ratingpad /etc/ratingpad").code != 0
        # A step that fails: the reason, and it goes on there.
        system.run("mkdir /empty")
        failed = system.ask(
            f"sudo ./ratingpad setup --yes --wheels /empty {GIVEN}", user="pi", folder="~/ratingpad"
        )
        assert failed.code == 1, failed
        assert "No matching distribution" in failed.err
        assert "ratingpad-setup.log" in failed.err
        # The questions, at a terminal.
        done = at_terminal(
            system, "sudo ./ratingpad setup", "nonsense", "simulated", "much too long", "3", "", ""
        )
        assert done.code == 0, done
        assert "the pad is set up" in done.out
        assert "Debian packages" not in re.sub(r"(?s).*Go on", "", done.out)
        asked = len(re.findall(r"^(?:Board|Window|Broker|Go on)[^\n]*\[?[^\n]*: ", done.out, re.M))
        # It serves: as the service's user, with the rights of its files.
        assert system.run("systemctl is-active ratingpad").strip() == "active"
        assert "in order" in system.run("ratingpad check --config /etc/ratingpad/pad.toml")
        assert '"standing":"open"' in invite(system, "DH-1").replace(" ", "")
        system.run(f"/opt/ratingpad/bin/python -c {shlex.quote(PRESS)}")
        system.run(
            "for n in $(seq 60); do"
            ' curl -sS http://127.0.0.1:8600/v1/today -H "Authorization: Bearer'
            ' $(cat /etc/ratingpad/desk-token)" | grep -q \'"rated": *1\' && exit 0; sleep 1;'
            " done; exit 1"
        )
        assert "chain good" in ledger(system)
        rights = system.run("stat -c '%U:%G %a' /etc/ratingpad/desk-token /etc/ratingpad/pad.toml")
        assert rights.split("\n")[:2] == ["root:ratingpad 640"] * 2
        token = system.run("cat /etc/ratingpad/desk-token")
        # Once more: nothing to do, and the service was not disturbed.
        before = system.run("systemctl show --property=MainPID ratingpad")
        again = at_terminal(system, "sudo ./ratingpad setup")
        assert again.code == 0, again
        assert "everything is in order already" in again.out
        assert system.run("systemctl show --property=MainPID ratingpad") == before
        # Another window: the file is written anew, the token stays.
        other = system.ask("sudo ratingpad setup --yes --window 4", user="pi")
        assert other.code == 0, other
        assert 'window = "4"' in system.run("cat /etc/ratingpad/pad.toml")
        assert system.run("cat /etc/ratingpad/desk-token") == token
        system.reboot()
        assert system.run("systemctl is-active ratingpad").strip() == "active"
        print(f"{asked} questions", system.times(), sep="\n")
