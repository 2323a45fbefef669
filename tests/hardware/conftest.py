"""Tests on real kernel devices, inside a machine that is booted here."""

import os
from collections.abc import Iterator

import pytest

from tests.rigs.vm import kernel
from tests.rigs.vm.machine import Machine

INSIDE = os.environ.get("RATINGPAD_KERNEL") == "1"
"""Set by the machine: this is the run inside."""
LONG = os.environ.get("RATINGPAD_LONG") == "1"

collect_ignore = [] if INSIDE else ["inside"]
collect_ignore_glob = [] if LONG and not INSIDE else ["long/*"]


@pytest.fixture(scope="session")
def stock_kernel(request: pytest.FixtureRequest) -> kernel.Kernel:
    """Debian's kernel; fetched when it is not in the cache, which is said on the terminal."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        return kernel.prepare("amd64")


@pytest.fixture(scope="module")
def vm(stock_kernel: kernel.Kernel) -> Iterator[Machine]:
    """One machine for the tests of a module."""
    with Machine() as machine:
        yield machine
