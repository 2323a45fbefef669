"""Which steps of the documents belong together, who types them, and what a machine cannot do.

What stands in none of these tables is typed as it is written, by `pi` in the checkout.
"""

from typing import NamedTuple

from tests.rigs.source.documented_steps import BLOCK, CELL, SENTENCE, DocumentedStep, steps_of
from tests.rigs.source.source_tree import ROOT


class Section(NamedTuple):
    """A section of a document, by its English heading."""

    document: str
    heading: str


BY_HAND = Section("docs/hardware.md", "Installing by hand")
CHECKS = Section("docs/hardware.md", "How to check")
SELF_TEST = Section("docs/operations.md", "The self-test")
TOKEN = Section("docs/desk.md", "Ten minutes: a token, a port")
CALLS = Section("docs/desk.md", "The calls")
TICKET = Section("docs/desk.md", "Events instead of polling")
TOUCH_FILE = Section("docs/touch.md", "The touch page")
BROWSER = Section("docs/touch.md", "Which browser")
SETUP = Section("docs/hardware.md", "Installing")
NEWCOMER = Section("README.md", "Try it")

ON_A_PAD = (BY_HAND, CHECKS, SELF_TEST, TOKEN, CALLS, TICKET, TOUCH_FILE, BROWSER)
"""In this order on one system, which is bare at first."""
ELSEWHERE = {
    SETUP: "tests/hardware/long/test_setup.py types it",
    NEWCOMER: "on a system of its own",
}
REFERENCE = {
    Section("docs/operations.md", "Commands on a pad"): "what each command does, no sequence",
    Section("docs/operations.md", "Commands at the province"): "the same",
    Section("docs/operations.md", "The demo"): "the same",
}

PAD_FILE = "/etc/ratingpad/pad.toml"
SOCKET = "/run/ratingpad/control.sock"
LEFT_OUT = {
    "vcgencmd get_throttled": "asks a Raspberry Pi's firmware",
    "sudo i2cdetect -y 1": "no display is wired to the machine",
    "alsamixer && sudo alsactl store": "needs hands: a volume is set by keys and by ear",
    "make test": "CI runs it; emulated it takes a day",
    "sudo apt install gcc python3-dev": "for a kernel before 6.6; the other library was installed",
    "sudo /opt/ratingpad/bin/pip uninstall RPi.GPIO rpi-lgpio": "mends what was not done",
    "ratingpad ledger": "a name in the table of extras",
    "sudo ./ratingpad setup": "tests/hardware/long/test_setup.py types it",
}
"""Commands that are not typed, and why."""

APT = "sudo apt install python3-venv python3-evdev python3-spidev {}i2c-tools alsa-utils espeak-ng"
INSTEAD = {
    APT.format("python3-lgpio "): (APT.format(""), "only Raspberry Pi OS has that package"),
    "sudo reboot": ("", "the machine is restarted from outside"),
    "sudo systemctl edit ratingpad": ("", "opens an editor; the lines are written to its file"),
    "make demo": (
        "timeout --signal=INT --preserve-status 600 make demo >demo.log 2>&1 & "
        "for n in $(seq 500); do grep -q http demo.log && break; sleep 1; done; "
        "curl -sSf $(grep -o 'http://[^ ]*' demo.log | head -n 1) | grep -qi '<html'",
        "runs until Ctrl-C: its page is asked for, then it is ended",
    ),
}
"""What is typed in the place of a command, and why; nothing where the test does it by itself."""

_SELF_TEST = "sudo -u ratingpad ratingpad selftest --config /etc/ratingpad/pad.toml"
_NOBODY = "nobody presses: the parts are skipped, which is not passed"
ANSWERS = {
    _SELF_TEST: ("sleep 90; echo q; sleep 5", 1, _NOBODY),
    f"{_SELF_TEST} --report /var/lib/ratingpad/selftest.txt": (
        *("sleep 90; echo q; sleep 5", 1),
        _NOBODY,
    ),
}
"""Commands at a terminal: what types their answers, the exit code, and why it is that one."""
ALSO_TYPED = ("make story", "make help")
"""Commands in a sentence that the reader is meant to type."""

FILES = {
    "[pad]": (
        "rpi-4 and touch-7 have a header or a screen; simulated and simulated-touch have none"
    ),
    "[board.keys]": "for keys that the kernel reads: no header is there",
    "[desk]": "no certificate has been made: `plain_on_lan`, the other way that its comment names",
    "[Service]": "the network of the machine is QEMU's",
    "dtparam": "is written as it is; nothing on this machine reads it",
}
"""The files that documents show, by their first words, and what differs here."""


def steps_in(section: Section) -> list[DocumentedStep]:
    """The steps of a section, sentences left out but for `sudo …`, which somebody types."""
    text = (ROOT / section.document).read_text("utf-8")
    return [
        step
        for step in steps_of(text)
        if step.section == section.heading
        and (step.kind != SENTENCE or step.text.startswith("sudo ") or step.text in ALSO_TYPED)
    ]


def commands_in(section: Section) -> list[str]:
    """The commands that are typed."""
    return [step.text for step in steps_in(section) if step.kind in (BLOCK, CELL, SENTENCE)]
