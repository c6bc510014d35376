"""Child processes that do a job, tell of it line by line, and may die at any file-system call of theirs.

Law: a child never returns into the test, and never outlives it by more than its alarm.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from eventlog import EventLogError
from eventlog.files import Files, RealFiles

if TYPE_CHECKING:
    from collections.abc import Iterator

ALARM_S = 60
NOBODY = 65534
STOPPED, BROKEN = 3, 99
KILLED = -signal.SIGKILL
VERBS = frozenset(name for name in vars(Files) if not name.startswith("_"))
Report: TypeAlias = Callable[[str], None]


@dataclass(slots=True)
class Child:
    """A process that was forked; `lines` yields what it reports, `end` waits for it and gives its exit code."""

    pid: int
    pipe: int
    reports: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Each line it reports, as it comes, until the child is gone; all of them are kept in `reports`."""
        rest = b""
        while chunk := os.read(self.pipe, 65536):
            *whole, rest = (rest + chunk).split(b"\n")
            told = [line.decode() for line in whole]
            self.reports += told
            yield from told

    def end(self) -> int:
        """Take in what it still reports and wait for its end; -9 if it was killed. A bug met in it fails the test."""
        for _ in self.lines():
            pass
        os.close(self.pipe)
        _, status = os.waitpid(self.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        assert code != BROKEN, "\n".join(self.reports)
        return code


def start(body: Callable[[Report], None]) -> Child:
    """Run `body` in a child, with a function that reports a line.

    Its exit code is 0, STOPPED if the disk or the engine said no, BROKEN for anything else.
    """
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        os.close(writing)
        return Child(pid, reading)
    code = BROKEN
    try:
        os.close(reading)
        signal.alarm(ALARM_S)
        code = _outcome(body, lambda line: _write(writing, line))
    finally:
        os._exit(code)


def _write(pipe: int, line: str) -> None:
    os.write(pipe, f"{line}\n".encode())


def _outcome(body: Callable[[Report], None], report: Report) -> int:
    try:
        body(report)
    except (OSError, EventLogError):
        return STOPPED
    except BaseException:  # noqa: BLE001 - the test must hear of it, and no child may return into pytest
        report(traceback.format_exc())
        return BROKEN
    return 0


def die() -> None:
    """End this process as a kill does: at once, with nothing flushed or closed."""
    os.kill(os.getpid(), signal.SIGKILL)


def become_nobody() -> None:
    """Give up every right this process has beyond those of any stranger."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


class WatchedFiles(RealFiles):
    """The disk of this machine, with one moment at which something happens (`then`).

    The moment is just before call number `call`, or in the middle of append number `append`: half of its bytes are in
    the file by then. `calls` counts the calls so far. `fails_next_sync` makes one sync fail without syncing.
    """

    def __init__(self, then: Callable[[], None] = die, *, call: int = -1, append: int = -1) -> None:
        self.calls = self.appends = 0
        self.fails_next_sync = False
        self._then, self._call, self._append = then, call, append

    def __getattribute__(self, name: str) -> Any:
        """Whoever takes a verb of the port from here is about to call it."""
        if name in VERBS:
            if self.calls == self._call:
                self._then()
            self.calls += 1
        return super().__getattribute__(name)

    def append(self, handle: int, data: bytes) -> int:
        """See Files.append."""
        if self.appends == self._append:
            super().append(handle, data[: len(data) // 2])
            self._then()
        self.appends += 1
        return super().append(handle, data)

    def sync(self, handle: int) -> None:
        """See Files.sync."""
        if self.fails_next_sync:
            self.fails_next_sync = False
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().sync(handle)


class Unsynced(WatchedFiles):
    """A disk under a program that forgot to sync files."""

    def sync(self, handle: int) -> None:
        """Sync nothing."""


class Nameless(WatchedFiles):
    """A disk under a program that forgot to sync folders."""

    def sync_dir(self, path: str) -> None:
        """Sync nothing."""
