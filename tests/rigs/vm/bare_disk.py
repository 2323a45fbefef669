"""The disk of a board before anybody has done anything: Debian as it is installed.

It has what Raspberry Pi OS Lite has besides: the user `pi`, who may use sudo without a password,
curl, OpenSSL and lsusb. What that system has and this one lacks (pip, git, a compiler, gpiozero,
the groups `gpio`, `i2c` and `spi`) the documents must not count on. apt has no lists yet.

The first time takes two minutes and 100 MB of downloads, for each suite.
"""

from pathlib import Path

from tests.rigs.vm.debian_disk import debootstrap, image_hook, kept, sources
from tests.rigs.vm.kernel import CACHE

PACKAGES = (
    *("systemd-sysv", "systemd-timesyncd", "dbus", "libpam-systemd", "udev", "sudo", "python3"),
    *("ca-certificates", "curl", "openssl", "usbutils", "kmod", "netbase"),
)
GROUPS = "adm,dialout,sudo,audio,video,plugdev,users,input,render"
"""Those of the first user of Raspberry Pi OS, as far as Debian has them."""

NETWORK = r"[Match]\nType=ether\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\n"
"""QEMU's own network; its name server is 10.0.2.3."""
SIZE = "8G"


def prepare_disk(suite: str) -> Path:
    """The image, from the cache when it was made of the same. Nobody may write into it."""
    folder = CACHE / f"bare-{suite}"
    hooks = _hooks(folder)
    with kept(folder, "\n".join([*sources(suite), *PACKAGES, *hooks])) as stale:
        if stale:
            debootstrap(folder, suite, PACKAGES, hooks)
    return folder / "disk"


def _hooks(folder: Path) -> list[str]:
    return [
        f'chroot "$1" useradd --create-home --shell /bin/bash --groups {GROUPS} pi',
        "printf 'pi ALL=(ALL) NOPASSWD: ALL\\n' >\"$1\"/etc/sudoers.d/010_pi-nopasswd",
        f"printf '{NETWORK}' >\"$1\"/etc/systemd/network/80-qemu.network",
        "printf 'nameserver 10.0.2.3\\n' >\"$1\"/etc/resolv.conf",
        "printf '127.0.0.1 localhost\\n127.0.1.1 rig\\n' >\"$1\"/etc/hosts",
        "printf 'rig\\n' >\"$1\"/etc/hostname",
        'chroot "$1" systemctl enable systemd-networkd.service',
        'rm -rf "$1"/var/cache/apt/archives/*.deb "$1"/var/lib/apt/lists/*',
        # It tells apt to leave recommended packages out. The apt of a board does not.
        ': >"$1"/etc/apt/apt.conf.d/00mmdebstrap',
        image_hook(folder, SIZE),
    ]
