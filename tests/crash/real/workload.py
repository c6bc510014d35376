"""What a child does to a log, in every way there is, and the book in which the test keeps what it was promised.

Law: an item is reported before it is submitted and after it is acknowledged; the book knows nothing else.
"""

from __future__ import annotations

import asyncio
import os
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eventlog import Event, EventLog, LogPoisonedError, read, verify
from eventlog.entry import encode
from eventlog.files import RealFiles, folder_of, make_dirs_durably
from eventlog.recovery import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from eventlog import Entry
    from eventlog.entry import Position
    from tests.crash.real.children import Report, WatchedFiles

SAID = "said"
WAYS = ("one", "batch", "group", "checkpoint", "again", "poisoned")
AHEAD = 64 * 1024  # bytes of disk
_SIZES = (0, 10, 300, 5000, 20_000)


def chance(seed: str) -> random.Random:
    """Chance that is the same in every run."""
    return random.Random(seed)  # noqa: S311 - a repeatable test, no secret


def text(salt: str, number: int) -> str:
    """Item `number` of the child `salt`; some fit into a sector, some need several pages."""
    return f"{number} {salt} " + "电" * (chance(f"{salt}{number}").choice(_SIZES) // 3)


def texts(entries: Iterable[Entry]) -> list[Any]:
    """The items among the entries."""
    return [entry.data for entry in entries if entry.type == SAID]


def expect_exactly(path: Path, said: list[Any]) -> None:
    """The log is clean, with no trace of a torn tail, and holds exactly this; the next append works."""
    assert verify(str(path)).state is State.CLEAN
    with EventLog.open(str(path)) as log:
        assert texts(log.read()) == said
        assert [entry for entry in log.read() if entry.type == "log.recovered"] == []
        assert texts(read(str(path))) == said
        log.append(SAID, "and on")


@dataclass(slots=True)
class Counting:
    """How many items there are; `applied` counts those that were folded, not taken from a checkpoint."""

    applied: int = 0
    name: str = "counting"
    version: int = 1

    def initial(self) -> int:
        return 0

    def apply(self, state: int, entry: Entry) -> int:
        self.applied += entry.type == SAID
        return state + (entry.type == SAID)

    def save(self, state: int) -> Any:
        return state

    def load(self, saved: Any) -> int:
        return int(saved)


class Workload:
    """One child's work: `first` is the number of its first item, `salt` tells its items from those of others.

    The first time it opens the log it has disk allocated ahead, the next time not, and so on.
    """

    def __init__(self, path: str, files: WatchedFiles, report: Report, *, first: int, salt: str) -> None:
        self._path, self._files, self._report = path, files, report
        self._next, self._salt = first, salt
        self._ahead = 0
        self._log = self._opened()

    def _opened(self) -> EventLog:
        make_dirs_durably(self._files, folder_of(self._path))
        self._ahead = AHEAD - self._ahead
        log = EventLog.open(self._path, files=self._files, preallocate=self._ahead)
        self._report("opened")
        return log

    def do(self, ways: Iterable[str]) -> None:
        """Do all this, one after the other, and close the log."""
        actions: dict[str, Callable[[], None]] = {
            "one": self._one,
            "batch": self._batch,
            "group": lambda: asyncio.run(self._group()),
            "checkpoint": self._checkpoint,
            "again": self._again,
            "poisoned": self._poisoned,
        }
        for way in ways:
            actions[way]()
        self._log.close()

    def _events(self, count: int) -> list[Event]:
        numbers = range(self._next, self._next + count)
        self._next += count
        self._report(f"submit {self._next}")
        return [Event(type=SAID, data=text(self._salt, n), id=f"{self._salt}-{n}") for n in numbers]

    def _one(self) -> None:
        event = self._events(1)[0]
        self._log.append(event.type, event.data, id=event.id)
        self._report(f"kept {self._next}")

    def _batch(self) -> None:
        self._log.append_many(self._events(4))
        self._report(f"kept {self._next}")

    async def _group(self) -> None:
        first = self._next
        waits = [self._wait(event, number) for number, event in enumerate(self._events(5), first + 1)]
        outcomes = await asyncio.gather(*waits, return_exceptions=True)
        for outcome in outcomes:
            if outcome is not None:
                raise outcome

    async def _wait(self, event: Event, number: int) -> None:
        await self._log.append_async(event)
        self._report(f"kept {number}")

    def _checkpoint(self) -> None:
        counting = Counting()
        self._log.save_checkpoint(counting, self._log.fold(counting))
        self._report(f"checkpoint {self._next}")

    def _again(self) -> None:
        self._log.close()
        self._log = self._opened()

    def _poisoned(self) -> None:
        event = self._events(1)[0]
        self._files.fails_next_sync = True
        try:
            self._log.append(event.type, event.data, id=event.id)
        except LogPoisonedError:
            self._log.reopen()
            self._log.append(event.type, event.data, id=event.id)
        self._report(f"kept {self._next}")


@dataclass(slots=True)
class Book:
    """What one log promised: `kept` items, in order, the torn tails that were planted, the last checkpoint."""

    path: str
    kept: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)
    tails: list[bytes] = field(default_factory=list)
    checkpoint: int = 0
    end: Position | None = None

    def note(self, reports: Sequence[str], salt: str, *, until: int | None = None) -> None:
        """Take in what a child reported; what it said after its first `until` lines is no promise."""
        first = len(self.kept)
        promised = reports[:until]
        submitted = [text(salt, number) for number in range(first, _last("submit", reports, first))]
        certain = _last("kept", promised, first) - first
        self.kept += submitted[:certain]
        self.doubtful = submitted[certain:]
        self.checkpoint = _last("checkpoint", promised, self.checkpoint)

    def expect_kept(self) -> None:
        """Open the log and check each promise; what it shows now is promised from now on."""
        counting = Counting()
        make_dirs_durably(RealFiles(), folder_of(self.path))  # the cut may have come before that was done
        with EventLog.open(self.path) as log:
            assert log.read_only is None, log.read_only
            found = texts(log.read())
            assert len(self.kept) <= len(found), f"lost: acknowledged {len(self.kept)}, found {len(found)}"
            assert found == (self.kept + self.doubtful)[: len(found)], "not a prefix of what was submitted"
            assert log.fold(counting) == len(found)
            assert counting.applied <= len(found) - self.checkpoint, "a saved checkpoint was lost"
            self._expect_tails([entry for entry in log.read() if entry.type == "log.recovered"])
            self.end = log.position
        self.kept, self.doubtful = found, []
        assert verify(self.path).state is State.CLEAN
        assert texts(read(self.path)) == found, "what the writer shows, any reader is shown"

    def _expect_tails(self, recovered: list[Entry]) -> None:
        folder = Path(folder_of(self.path))
        there = {f"quarantine/{path.name}": path.read_bytes() for path in folder.glob("quarantine/*.torn")}
        told = [kept["path"] for entry in recovered for kept in entry.data["kept"]]
        assert sorted(told) == sorted(there), "each tail is told of, once"
        assert set(self.tails) <= set(there.values())

    def plant_torn_tail(self, moments: random.Random) -> None:
        """Put the beginning of one more line at the end of the closed log, on disk."""
        if self.end is None:
            return
        event = Event(type=SAID, data=f"torn {moments.random()}", id="torn", time="2026-01-01T00:00:00.000000Z")
        line = encode(event, after=self.end, dur=self.end.seq).line
        tail = line[: moments.randrange(1, len(line))]
        with Path(self.path).open("ab") as file:
            file.write(tail)
            file.flush()
            os.fsync(file.fileno())
        self.tails.append(tail)


def _last(word: str, reports: Sequence[str], otherwise: int) -> int:
    """The number that was reported last with this word."""
    numbers = [int(report.split()[1]) for report in reports if report.split()[0] == word]
    return numbers[-1] if numbers else otherwise
