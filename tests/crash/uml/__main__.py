"""`python -m tests.crash.uml`, as root: the engine on a real kernel of our own, whose disks can be recorded and fail.

Law: exit code 1 if a promise is broken, or if a program that does without syncs gets away with it; 2 if the machine
lacks something, which is named. No part of CI: it needs packages, root and some minutes.

SCENELOG_UML_SHOW=1 shows what the kernels say. A run on two cores (the README has its figures) took 5 minutes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from eventlog import EventLogError
from tests.crash.real.mounts import EXT4, XFS, Disk, Kind, make_image, unmount
from tests.crash.real.workload import Book, chance
from tests.crash.uml.guest import SALT
from tests.crash.uml.machine import machine, missing
from tests.crash.uml.recording import steps

if TYPE_CHECKING:
    from collections.abc import Sequence

STATES = {"engine": 10_000, "unsynced": 60}  # at most so many of a recording
ROUNDS = {"engine": 12, "credulous": 4}
KILLS = {"engine": 6, "unsynced": 3}


def say(line: str) -> None:
    """Tell who runs this."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def is_kept(kind: Kind, image: Path, folder: Path, reports: Sequence[str]) -> str:
    """Mount a disk as a power cut left it; what is wrong with the log on it, empty if nothing."""
    disk = Disk(kind=kind, image=image, folder=folder)
    disk.mount()
    try:
        book = Book(f"{folder}/p/events.jsonl")
        book.note(reports, SALT)
        book.expect_kept()
    except (AssertionError, OSError, EventLogError) as error:
        return str(error) or type(error).__name__
    finally:
        unmount(folder, lazily=True)
    return ""


def recorded(kind: Kind, files: str, folder: Path) -> tuple[int, list[str]]:
    """Record, then look at the disk after each of its writes; how many there were, and what was wrong."""
    first, disk, log = folder / "first.image", folder / "disk.image", folder / "log.image"
    make_image(kind, first)
    _copy(first, disk)
    with log.open("wb") as file:
        file.truncate(256 * 2**20)
    with machine(folder, ["record", kind.name, files], disk, log) as running:
        if list(running.lines()) != ["recorded"]:
            raise AssertionError("the machine did not record; SCENELOG_UML_SHOW=1 shows what its kernel says")
    found = list(steps(log))
    writes = [number for number, step in enumerate(found) if not step.mark]
    chosen = set(writes[:: -(-len(writes) // STATES[files])])
    reports: list[str] = []
    wrong = []
    with first.open("r+b") as file:
        for number, step in enumerate(found):
            step.apply(file)
            reports += [step.mark] if step.mark else []
            if number in chosen:
                _copy(first, disk)
                wrong.append(is_kept(kind, disk, folder / "there", reports))
    return len(wrong), [each for each in wrong if each]


def _copy(source: Path, target: Path) -> None:
    subprocess.run(["cp", "--sparse=always", source, target], check=True)


def failed(kind: Kind, files: str, folder: Path) -> tuple[int, list[str]]:
    """Let syncs fail; how many did, and after which of them something was lost."""
    disk = folder / "disk.image"
    make_image(kind, disk)
    with machine(folder, ["fail", kind.name, files, str(ROUNDS[files])], disk) as running:
        lines = list(running.lines())
    if "failed" not in lines:
        raise AssertionError("the machine did not come to its end; SCENELOG_UML_SHOW=1 shows what its kernel says")
    return len([line for line in lines if line.startswith("round")]), [line for line in lines if "LOST" in line]


def killed(kind: Kind, files: str, folder: Path) -> tuple[int, list[str]]:
    """Kill the machine while it appends, again and again; how often, and what was wrong."""
    moments, wrong = chance(f"{kind.name} kills"), []
    for _ in range(KILLS[files]):
        disk = folder / "disk.image"
        make_image(kind, disk)
        reports: list[str] = []
        last = moments.randrange(20, 400)
        with machine(folder, ["until-killed", kind.name, files], disk) as running:
            for line in running.lines():
                reports.append(line)
                if len(reports) == last:
                    running.kill()
        wrong.append(is_kept(kind, disk, folder / "there", reports))
    return len(wrong), [each for each in wrong if each]


TRIALS = (
    ("power gone after each recorded write", recorded, "unsynced"),
    ("failed fdatasyncs", failed, "credulous"),
    ("machines killed", killed, "unsynced"),
)


def main() -> int:
    """Try everything on both file systems and return the exit code."""
    if lacking := missing():
        say(f"skipped: {lacking}")
        return 2
    broken, began = False, time.monotonic()
    for kind in (EXT4, XFS):
        for what, trial, control in TRIALS:
            for files in ("engine", control):
                with tempfile.TemporaryDirectory(prefix="scenelog-uml-") as place:
                    (Path(place) / "there").mkdir()
                    count, wrong = trial(kind, files, Path(place))
                is_broken = bool(wrong) if files == "engine" else not wrong
                broken |= is_broken or count == 0
                verdict = "  <- WRONG" if is_broken or count == 0 else ""
                say(f"{kind.name}: {what}, {files}: {count}, promises broken in {len(wrong)}{verdict}")
                if is_broken:
                    say("\n".join(f"    {each}" for each in wrong[:5]))
    say(f"in {time.monotonic() - began:.0f} s")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
