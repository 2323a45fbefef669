"""The rig itself: the system is bare, its commands are those of the users, and it starts again."""

from collections.abc import Iterator

import pytest

from tests.rigs.vm.bare_system import BareSystem
from tests.rigs.vm.kernel import Kernel
from tests.rigs.vm.machine import ROOT

pytestmark = [pytest.mark.kernel_vm, pytest.mark.kiosk_vm, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def system(stock_kernel: Kernel) -> Iterator[BareSystem]:
    """One for the module."""
    with BareSystem() as one:
        yield one
        print(one.times())


def test_nothing_of_the_project_is_there_before_it_is_put(system: BareSystem) -> None:
    found = system.run("find / -xdev -iname '*ratingpad*' -not -path '/proc/*'")
    assert found == ""
    assert system.ask(f"test -e {ROOT}/setup.cfg").code == 1
    assert system.ask("python3 -m pip --version", user="pi").code == 1
    assert system.run("ls /var/lib/apt/lists") == ""


def test_a_command_runs_as_its_user_at_home_and_says_how_it_ended(system: BareSystem) -> None:
    told = system.run("whoami; basename $PWD; sudo -n whoami", user="pi")
    assert told.split() == ["pi", "pi", "root"]
    assert system.ask("cat; echo no >&2; exit 3", stdin="1\n2\n") == (3, "1\n2\n", "no\n")
    assert "sbin" in system.run("echo $PATH")
    assert "sbin" not in system.run("echo $PATH", user="pi")
    with pytest.raises(AssertionError, match="pi: false: 1"):
        system.run("false", user="pi")


def test_the_checkout_is_a_users_own_copy(system: BareSystem) -> None:
    folder = system.put_checkout()
    assert system.run(f"stat -c %U {folder}/setup.cfg", user="pi") == "pi\n"
    assert system.run(f"cat {folder}/setup.cfg") == (ROOT / "setup.cfg").read_text("utf-8")
    assert system.run(f"ls -A {folder} | grep '^[.]' || true") == ""


def test_the_archive_is_reached(system: BareSystem) -> None:
    system.run("sudo apt-get -q update", user="pi")
    assert "Candidate: 3" in system.run("apt-cache policy python3-venv")


def test_what_was_written_is_there_after_a_restart_and_after_a_power_cut() -> None:
    with BareSystem() as system:
        boots = set()
        for again in (system.reboot, system.cut_power):
            boots.add(system.run("cat /proc/sys/kernel/random/boot_id"))
            system.put("/srv/kept", f"{again}".encode(), owner="pi", mode=0o600)
            system.run("sync")
            again()
            assert system.run("cat /srv/kept", user="pi") == f"{again}"
        assert system.run("cat /proc/sys/kernel/random/boot_id") not in boots
