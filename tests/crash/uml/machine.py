"""A machine of our own: user-mode Linux with the files of this machine, read-only, and disks that are files here.

Law: what runs in it is tests/crash/uml/guest.py; what that reports comes line by line. Killed is killed: the kernel
goes with all its memory, and nothing is flushed.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.crash.real.layers import tool

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[3]
SAYS = "> "  # how a line of the guest begins; all others are the kernel's
LIMIT_S = 300
_SHIM = Path(__file__).with_name("xstate.c")
_PACKAGES = {
    "linux.uml": "user-mode-linux",
    "busybox": "busybox-static",
    "dmsetup": "dmsetup",
    "mkfs.ext4": "e2fsprogs",
    "mkfs.xfs": "xfsprogs",
}
_INIT = """#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DM_DISABLE_UDEV=1
mount -t proc proc /proc; mount -t sysfs sys /sys
for module in dm-mod dm-flakey dm-log-writes; do
  busybox insmod /usr/lib/uml/modules/$(uname -r)/kernel/drivers/md/$module.ko
done
cd {root} && {python} -B -m tests.crash.uml.guest {words}
busybox poweroff -f
"""


def missing() -> str:
    """What this machine lacks, as a sentence that says what to do; empty if nothing."""
    if os.geteuid() != 0:
        return "it needs root"
    packages = [package for name, package in _PACKAGES.items() if tool(name) is None]
    if _needs_shim() and tool("cc") is None:
        packages.append("gcc libc6-dev")
    return f"apt-get install {' '.join(packages)}" if packages else ""


def _needs_shim() -> bool:
    return "amx_tile" in Path("/proc/cpuinfo").read_text()


@dataclass(slots=True)
class Machine:
    """A machine that is running."""

    process: subprocess.Popen[bytes]

    def lines(self) -> Iterator[str]:
        """What the guest reports, until the machine is off."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said = line.decode(errors="replace").rstrip("\r\n")
            if said.startswith(SAYS) and line.endswith(b"\n"):
                yield said.removeprefix(SAYS)
            elif os.environ.get("SCENELOG_UML_SHOW"):
                sys.stderr.write(f"{said}\n")

    def kill(self) -> None:
        """Take the whole machine away, with all that was in its memory."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


@contextlib.contextmanager
def machine(folder: Path, words: Sequence[str], *disks: Path) -> Iterator[Machine]:
    """Boot a machine that does what `words` tell the guest; it is off when this ends, or after LIMIT_S."""
    init = folder / "init.sh"
    init.write_text(_INIT.format(root=shlex.quote(str(ROOT)), python=sys.executable, words=shlex.join(words)))
    init.chmod(0o755)
    kernel = ["mem=256M", "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", f"init={init}", "quiet"]
    kernel += ["con=null", "con0=null,fd:1", f"uml_dir={folder}", f"umid={folder.name}"]
    kernel += [f"ubd{number}={disk}" for number, disk in enumerate(disks)]
    program = tool("linux.uml")
    assert program is not None
    process = subprocess.Popen(
        [program, *kernel],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, **_shim(folder)},
        start_new_session=True,
    )
    running = Machine(process)
    alarm = threading.Timer(LIMIT_S, running.kill)
    alarm.start()
    try:
        yield running
    finally:
        alarm.cancel()
        running.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _shim(folder: Path) -> dict[str, str]:
    """The environment with which this processor can run a user-mode kernel."""
    if not _needs_shim():
        return {}
    library, compiler = folder / "xstate.so", tool("cc")
    assert compiler is not None
    if not library.exists():
        subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, _SHIM], check=True)
    return {"LD_PRELOAD": str(library)}
