"""What is done inside the machine: a log is written on a disk that is recorded, that fails, or that is about to go.

Law: the engine is the real one on the machine's own file system; what is promised is marked in the recording, or told,
after the promise and never before it.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from eventlog import EventLog, LogPoisonedError
from eventlog.files import RealFiles, make_dirs_durably
from tests.crash.real.children import Unsynced, WatchedFiles, start
from tests.crash.real.workload import SAID, Workload, chance, text, texts
from tests.crash.uml.machine import SAYS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.crash.real.children import Report

HERE = Path("/mnt")
LOG = f"{HERE}/p/events.jsonl"
SALT = "uml"
WAYS = ("one", "batch", "group", "checkpoint", "again")
DEVICE = "scenelog"
MARKED = 24  # things that are done while the disk is recorded
FILES: dict[str, Callable[[], WatchedFiles]] = {"engine": WatchedFiles, "unsynced": Unsynced}


def tell(line: str) -> None:
    """Report a line to whoever booted this machine."""
    sys.stdout.write(f"{SAYS}{line}\n")
    sys.stdout.flush()


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _sectors(device: str) -> str:
    return Path(f"/sys/block/{device}/size").read_text().strip()


def _mount(device: str, kind: str) -> None:
    options = ["-o", "commit=300"] if kind == "ext4" else []
    _run("mount", "-t", kind, *options, device, str(HERE))


def _work(files: str, report: Report, first: int, ways: Sequence[str]) -> None:
    Workload(LOG, FILES[files](), report, first=first, salt=SALT).do(ways)


def record(kind: str, files: str) -> None:
    """Append on a disk whose every write goes into the second disk, too, with a mark for each promise."""
    _run("dmsetup", "create", DEVICE, "--table", f"0 {_sectors('ubda')} log-writes /dev/ubda /dev/ubdb")
    _mount(f"/dev/mapper/{DEVICE}", kind)
    ways = chance("marked").choices(WAYS, (6, 3, 3, 1, 2), k=MARKED)
    _work(files, _mark, 0, ways)
    _run("umount", str(HERE))
    _run("dmsetup", "remove", DEVICE)
    tell("recorded")


def _mark(line: str) -> None:
    _run("dmsetup", "message", DEVICE, "0", "mark", line.replace(" ", "="))  # one word is what it takes


def until_killed(kind: str, files: str) -> None:
    """Append for ever, and tell of it."""
    _mount("/dev/ubda", kind)
    moments, first = chance("killed"), 0
    while True:
        reports: list[str] = []

        def report(line: str, seen: list[str] = reports) -> None:
            seen.append(line)
            tell(line)

        _work(files, report, first, moments.choices(WAYS, (6, 3, 3, 1, 2), k=8))
        first = max(int(line.split()[1]) for line in ["submit 0", *reports] if line.startswith("submit"))


class Flaky:
    """The first disk, under a device mapper that lets every write fail while it is told to."""

    def __init__(self) -> None:
        self._size = _sectors("ubda")
        _run("dmsetup", "create", DEVICE, "--table", self._table(0))

    def _table(self, failing: int) -> str:
        good = "0 3600 1 error_writes" if failing else "3600 0"
        return f"0 {self._size} flakey /dev/ubda 0 {good}"

    def switch(self, *, failing: bool) -> None:
        """Let writes fail, or pass again; nothing is flushed for it."""
        _run("dmsetup", "suspend", "--noflush", "--nolockfs", DEVICE)
        _run("dmsetup", "load", DEVICE, "--table", self._table(failing))
        _run("dmsetup", "resume", DEVICE)


class Credulous(RealFiles):
    """A disk under a program that believes its cache after a failed sync."""

    def drop_cache(self, handle: int) -> bool:
        """Say that it was done."""
        del handle
        return True


def fail(kind: str, files: str, rounds: str) -> None:
    """Rounds of an fdatasync that fails; then the disk is well, and what was promised must be there without a cache."""
    disk = Flaky()
    _mount(f"/dev/mapper/{DEVICE}", kind)
    make_dirs_durably(RealFiles(), f"{HERE}/p")
    believes = files == "credulous"
    for number in range(int(rounds)):
        path = f"{HERE}/p/{number}.jsonl"
        trial = _restart if believes or number % 2 else _reopen
        kept = trial(path, disk, f"r{number}")
        with EventLog.open(path, files=Credulous() if believes else RealFiles()) as log:
            shown = texts(log.read())
        _run("busybox", "sync")
        Path("/proc/sys/vm/drop_caches").write_text("3")
        with EventLog.open(path) as log:
            found = texts(log.read()) if log.read_only is None else []
        is_well = found[: len(shown)] == shown and len(shown) >= kept
        tell(f"round {kept} {len(shown)} {len(found)} {'kept' if is_well else 'LOST'}")
    tell("failed")


def _appended(log: EventLog, salt: str, numbers: range) -> None:
    for number in numbers:
        log.append(SAID, text(salt, number) + "文" * 3000)


def _poison(log: EventLog, disk: Flaky, salt: str) -> None:
    """Acknowledge three, then let a sync fail on the fourth."""
    _appended(log, salt, range(3))
    disk.switch(failing=True)
    try:
        _appended(log, salt, range(3, 4))
    except LogPoisonedError:
        pass
    else:
        tell("LOST: a disk that failed was believed")
    finally:
        disk.switch(failing=False)


def _reopen(path: str, disk: Flaky, salt: str) -> int:
    with EventLog.open(path) as log:
        _poison(log, disk, salt)
        with contextlib.suppress(LogPoisonedError):
            _appended(log, salt, range(4, 5))
            tell("LOST: a poisoned log took another event")
        if len(texts(log.read())) != 3:
            tell("LOST: a poisoned log is not read as it was")
        log.reopen()
        _appended(log, salt, range(3, 6))
    return 6


def _restart(path: str, disk: Flaky, salt: str) -> int:
    """The process ends just after the failure; the next one finds the page cache as that left it."""
    child = start(lambda _: _poison(EventLog.open(path), disk, salt))
    child.end()
    return 3


WORDS: dict[str, Callable[..., None]] = {"record": record, "until-killed": until_killed, "fail": fail}


def main(words: Sequence[str]) -> None:
    """Do what the words say."""
    WORDS[words[0]](*words[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
