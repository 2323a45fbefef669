"""Debian's own kernel as a pad gets it, and the one module that Debian does not build: gpio-sim.

Nothing is installed: the packages are unpacked into the cache, and gpio-sim is built beside them
from linux-source against the stock headers. The first time takes half a minute and 225 MB of
downloads; what is kept afterwards is in `.cache/vm/ARCHITECTURE`.
"""

import fcntl
import re
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from tests.rigs.vm.archive import Archive, output_of, progress, unpack

CACHE = Path(__file__).parents[3] / ".cache" / "vm"

COMPILER = {"amd64": "gcc", "arm64": "aarch64-linux-gnu-gcc"}
KERNEL_ARCH = {"amd64": "x86_64", "arm64": "arm64"}
HOST = "amd64"
"""Whose build scripts are used: they run here, whatever the kernel is for."""

GPIO_SIM = {"gpio-sim.c": "drivers/gpio", "gpiolib.h": "drivers/gpio", "irq_sim.c": "kernel/irq"}
"""What gpio-sim is made of. irq_sim is its interrupt half, which Debian leaves out as well."""

KBUILD = "obj-m := gpio_sim.o\ngpio_sim-objs := gpio-sim.o irq_sim.o\n"


@dataclass(frozen=True)
class Kernel:
    """`image` for QEMU's -kernel; `modules` is the folder of one `lib/modules/VERSION`."""

    version: str
    image: Path
    modules: Path
    gpio_sim: Path
    busybox: Path


def prepare(architecture: str) -> Kernel:
    """The newest kernel of the archive, from the cache when it was fetched before."""
    folder = CACHE / architecture
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs may start at once; the second waits
        ready = folder / "ready"
        if not ready.exists():
            version = _fetch(architecture, folder)
            _build_gpio_sim(architecture, version, folder)
            ready.write_text(version)
        return _kernel(folder, ready.read_text())


def _kernel(folder: Path, version: str) -> Kernel:
    return Kernel(
        version,
        folder / "image/boot" / f"vmlinuz-{version}",
        folder / "image/lib/modules" / version,
        folder / "gpio-sim/gpio_sim.ko",
        folder / "busybox/bin/busybox",
    )


def _fetch(architecture: str, folder: Path) -> str:
    archive = Archive(architecture, CACHE)
    archive.refresh()
    image = _one(archive, f"linux-image-{architecture}")
    headers = _one(archive, f"linux-headers-{architecture}")
    common, kbuild = (
        _one(archive, headers, start) for start in (r"linux-headers-.*-common", "linux-kbuild-")
    )
    source = re.sub("kbuild", "source", kbuild)
    debs = folder / "debs"
    with progress(f"{image}, its headers and its source"):
        fetched = archive.download(debs, image, headers, common, source, "busybox-static")
        host = Archive(HOST, CACHE)
        host.refresh()
        fetched += host.download(debs, kbuild)
    with progress("unpacking them"):
        for deb, place in zip(
            fetched, ("image", "build", "build", None, "busybox", "build"), strict=True
        ):
            if place:
                unpack(deb, folder / place)
        _source_files(fetched[3], folder / "gpio-sim")
    shutil.rmtree(debs)
    return image.removeprefix("linux-image-")


def _one(archive: Archive, package: str, start: str = "linux-") -> str:
    """The one dependency of a package whose name begins so."""
    return next(name for name in archive.depends(package) if re.match(start, name))


def _source_files(deb: Path, folder: Path) -> None:
    """gpio-sim's files out of the tarball in linux-source, read as a stream until all are seen."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = {f"{place}/{name}" for name, place in GPIO_SIM.items()}
    with (
        subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE) as data,
        tarfile.open(fileobj=data.stdout, mode="r|") as package,
    ):
        tarball = next(member for member in package if member.name.endswith(".tar.xz"))
        with tarfile.open(fileobj=package.extractfile(tarball), mode="r|xz") as tree:
            for member in tree:
                inside = member.name.partition("/")[2]
                if inside in missing:
                    missing.remove(inside)
                    content = tree.extractfile(member)
                    assert content is not None
                    (folder / Path(inside).name).write_bytes(content.read())
                if not missing:
                    break
        data.kill()
    assert not missing, f"linux-source has no {missing} any more"


def _build_gpio_sim(architecture: str, version: str, folder: Path) -> None:
    place = folder / "gpio-sim"
    half = place / "irq_sim.c"
    # The interrupt is raised by the descriptor, and what finds that is not exported to modules.
    half.write_text(
        half.read_text().replace(
            "handle_simple_irq(irq_to_desc(irqnum))", "generic_handle_irq(irqnum)"
        )
    )
    (place / "Kbuild").write_text(KBUILD)
    headers = folder / "build/usr/src" / f"linux-headers-{version}"
    makefile = headers / "Makefile"
    # It includes the common headers by the name that they have once installed.
    makefile.write_text(
        re.sub(r"(?m)^include /usr/", f"include {folder}/build/usr/", makefile.read_text())
    )
    with progress("building gpio-sim"):
        output_of(
            [
                *("make", f"-C{headers}", f"M={place}", f"ARCH={KERNEL_ARCH[architecture]}"),
                *(f"CC={COMPILER[architecture]}", "modules"),
                f"CROSS_COMPILE={COMPILER[architecture].removesuffix('gcc')}",
            ],
            place,
        )
