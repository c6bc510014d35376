"""Running a program as a child: how long it took and how much memory it had at most.

Law: what is measured is what a user has, whose modules were compiled when they were installed. So a child may keep what
it compiles, whatever this shell says of that, and who measures lets it do so once beforehand.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[1]
_STARTED_WITHIN_S = 20.0
# The kernel's own account of a child (ru_maxrss) counts what its parent had when it was started.
_PROGRAM = """
import os, sys
sys.argv[0] = "scenelog"
from cli import main
try:
    main()
finally:
    if os.environ.get("BENCH_MEMORY"):
        with open("/proc/self/status") as status, open(os.environ["BENCH_MEMORY"], "w") as file:
            file.write(next(line for line in status if line.startswith("VmHWM")))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What one run of a program cost."""

    wall_s: float
    memory_mb: float
    code: int


def python(*arguments: str) -> list[str]:
    """A command line of this interpreter."""
    return [sys.executable, *arguments]


def scenelog(*arguments: str) -> list[str]:
    """A command line of the program, as its entry point starts it; at its end it tells what memory it had at most."""
    return python("-c", _PROGRAM, *arguments)


def ran(command: Sequence[str], folder: Path, *, with_memory: bool = False) -> Ran:
    """Run a command in a folder, its output thrown away; the memory is known if asked for, of `scenelog` alone."""
    memory = folder / "memory"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["BENCH_MEMORY"] = str(memory) if with_memory else ""
    begin = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env=environment, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, check=False
    )
    wall_s = time.perf_counter() - begin
    memory_mb = int(memory.read_text(encoding="ascii").split()[1]) / 1024 if with_memory and memory.exists() else 0.0
    return Ran(wall_s=wall_s, memory_mb=memory_mb, code=done.returncode)


@contextmanager
def server(folder: Path, delay_s: float) -> Iterator[str]:
    """A model server of the tests as a process of its own; gives its base URL."""
    port_file = folder / "port"
    command = python(str(ROOT / "tests/loopback_server.py"), "--port-file", str(port_file), "--delay-s", str(delay_s))
    with Popen(command, stdout=DEVNULL, stderr=DEVNULL) as child:
        try:
            until = time.monotonic() + _STARTED_WITHIN_S
            while not port_file.exists() and time.monotonic() < until:
                time.sleep(0.02)
            yield f"http://127.0.0.1:{port_file.read_text(encoding='ascii')}/v1"
        finally:
            child.kill()
