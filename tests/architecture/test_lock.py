"""The lock files fit `setup.cfg`: each package that it asks for, an allowed version, hashes.

When one of these fails after a change of the extras: `make lock`.
"""

import configparser
import re
import tomllib
from collections.abc import Iterator

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.rigs.source.source_tree import ROOT

SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg", "utf-8")
LOCKS = ("setup/dev.lock", "setup/build.lock")
MACHINES = [
    {"python_version": python, "python_full_version": f"{python}.0", "platform_machine": machine}
    for python in ("3.11", "3.12", "3.13")
    for machine in ("x86_64", "aarch64")
]


def lines(text: str) -> Iterator[str]:
    """The requirements of one key of setup.cfg, without comments."""
    for line in text.splitlines():
        if requirement := line.partition("#")[0].strip():
            yield requirement


def wanted(*extras: str) -> list[Requirement]:
    """What the project and these extras ask for; an extra may name others of the project."""
    found = [Requirement(line) for line in lines(SETUP["options"]["install_requires"])]
    for extra in extras:
        for line in lines(SETUP["options.extras_require"][extra]):
            requirement = Requirement(line)
            if requirement.name == "ratingpad":
                found += wanted(*requirement.extras)
            else:
                found.append(requirement)
    return found


def pins(text: str) -> list[tuple[Requirement, int]]:
    """Each requirement of a lock with the number of its hashes."""
    joined = re.sub(r"#.*", "", text).replace("\\\n", " ")
    return [
        (Requirement(line.partition("--hash")[0]), line.count("--hash=sha256:"))
        for line in joined.splitlines()
        if line.strip()
    ]


def misfits(text: str, machine: dict[str, str], *extras: str) -> list[str]:
    """The requirements that a lock does not meet on one machine."""
    versions = {
        canonicalize_name(pin.name): str(pin.specifier).removeprefix("==")
        for pin, _ in pins(text)
        if pin.marker is None or pin.marker.evaluate(machine)
    }
    return [
        str(requirement)
        for requirement in wanted(*extras)
        if requirement.marker is None or requirement.marker.evaluate(machine)
        if not requirement.specifier.contains(
            versions.get(canonicalize_name(requirement.name), "0"), prereleases=True
        )
    ]


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: "-".join(machine.values()))
def test_the_lock_meets_every_requirement_of_tests_and_lint(machine):
    text = (ROOT / "setup/dev.lock").read_text("utf-8")
    assert misfits(text, machine, "test", "lint") == []


def test_a_lock_that_lacks_a_package_or_has_a_version_out_of_range_is_noticed():
    text = (ROOT / "setup/dev.lock").read_text("utf-8")
    old = re.sub(r"^pytest==\S+", "pytest==7.0", text, flags=re.MULTILINE)
    without = re.sub(r"^ruff==", "rough==", text, flags=re.MULTILINE)
    assert [name[:7] for name in misfits(old, MACHINES[0], "test", "lint")] == ["pytest<"]
    assert [name[:4] for name in misfits(without, MACHINES[0], "test", "lint")] == ["ruff"]


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_of_a_lock_has_one_version_and_hashes(name):
    text = (ROOT / name).read_text("utf-8")
    for pin, hashes in pins(text):
        assert re.fullmatch(r"==[\w.+]+", str(pin.specifier)), str(pin)
        assert hashes >= 1, str(pin)


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_package_index(name):
    assert "://" not in (ROOT / name).read_text("utf-8")


def test_the_lock_of_the_build_meets_what_pyproject_asks_for():
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"]
    pinned = {pin.name: pin for pin, _ in pins((ROOT / "setup/build.lock").read_text("utf-8"))}
    for line in asked:
        requirement = Requirement(line)
        version = str(pinned[requirement.name].specifier).removeprefix("==")
        assert requirement.specifier.contains(version)
