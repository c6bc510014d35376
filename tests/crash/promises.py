"""What a log has promised so far, and the check that a disk after a crash still keeps all of it.

Law: the book is kept by the caller's side alone: it knows what was submitted and what came back, nothing of the files.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from eventlog import Event, EventLog, LogPoisonedError, read, verify
from eventlog.errors import AppendError
from eventlog.recovery import State
from tests.crash_images import Pick, Tears, exhaust
from tests.simulated_disk import Fault, Operation, SimulatedCrash, SimulatedDisk

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eventlog import Entry

LOG = "/d/events.jsonl"
KIND = "said"


def open_log(disk: SimulatedDisk, *, preallocate: int = 0) -> EventLog:
    """The log on a disk, with a clock and chance that give the same run the same bytes."""
    ticks = itertools.count(1_700_000_000_000_000_000, 1_000_000)
    return EventLog.open(LOG, files=disk, time_ns=lambda: next(ticks), randomness=bytes, preallocate=preallocate)


def texts(entries: Iterable[Entry]) -> list[Any]:
    return [entry.data for entry in entries if entry.type == KIND]


@dataclass(slots=True)
class Book:
    """`kept` was acknowledged or shown and must be there; `doubtful` was submitted after it and may be, in order.

    `ahead` is how many bytes of disk are to be allocated ahead while the log is open.
    """

    kept: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)
    ahead: int = 0

    def copy(self) -> Book:
        return replace(self, kept=self.kept.copy(), doubtful=self.doubtful.copy())

    def open(self, disk: SimulatedDisk) -> EventLog:
        """Open the log; what it then shows is a promise like any other."""
        log = open_log(disk, preallocate=self.ahead)
        try:
            self.expect(texts(log.read()))
        except OSError:
            log.close()
            raise
        return log

    def expect(self, found: list[str]) -> None:
        """An exact prefix of what was submitted, at least all that was promised; from now on, that is promised."""
        submitted = self.kept + self.doubtful
        assert len(self.kept) <= len(found), f"lost: {submitted[len(found) : len(self.kept)]}"
        assert found == submitted[: len(found)]
        self.kept, self.doubtful = found, []

    def append(self, log: EventLog, *said: str) -> None:
        """Append one event, or several at once."""
        if log.poisoned is None:  # else it is not even tried, and what was in doubt stays so
            self.doubtful = [*said]
        try:
            if len(said) == 1:
                log.append(KIND, said[0], id=said[0])
            else:
                log.append_many([Event(type=KIND, data=each, id=each) for each in said])
        except AppendError:
            if log.poisoned is None:
                self.doubtful = []  # nothing was written, it said
            raise
        self.kept += said
        self.doubtful = []

    def reopen(self, log: EventLog) -> None:
        log.reopen()
        self.doubtful = []  # exactly what was acknowledged, it said

    def keep(self, log: EventLog, *said: str) -> None:
        """Append as a stubborn program does: once more after an error, after a reopen where that is needed."""
        for _ in range(3):
            try:
                return self.append(log, *said)
            except AppendError:
                continue
            except LogPoisonedError:
                try:
                    self.reopen(log)
                except OSError:
                    continue
        return None


Script: TypeAlias = Callable[[SimulatedDisk, Book], object]
Check: TypeAlias = Callable[[SimulatedDisk, Book], object]


def expect_kept(disk: SimulatedDisk, book: Book) -> EventLog:
    """Open the log after a crash and check every promise that can be checked there; returns the open log."""
    found = disk.contents().get(LOG, b"")
    log = book.open(disk)
    assert log.read_only is None, log.read_only
    good = max(
        (entry.offset for entry in log.read() if found.startswith(disk.contents()[LOG][: entry.offset])), default=0
    )
    tails = [data for path, data in disk.contents().items() if path.endswith(".torn")]
    assert found[good:] in disk.contents()[LOG][good:] or found[good:] in tails, "what is cut is in quarantine"
    kept_tails = {path.removeprefix("/d/") for path in disk.contents() if path.endswith(".torn")}
    told = [kept["path"] for entry in log.read() if entry.type == "log.recovered" for kept in entry.data["kept"]]
    assert sorted(told) == sorted(kept_tails), "what was cut is in quarantine, and the log says so, once"
    assert [entry.seq for entry in log.read()] == list(range(log.position.seq + 1))
    assert verify(LOG, files=disk.process()).state is State.CLEAN
    assert texts(read(LOG, files=disk.process())) == book.kept, "what the writer shows, any reader is shown"
    worst = book.copy()
    worst.expect(texts(open_log(disk.image(unkindest)).read()))
    before = disk.contents()[LOG]
    log.close()
    again = open_log(disk)
    assert disk.contents()[LOG] == before, "a second recovery finds nothing to do"
    return again


def unkindest(count: int) -> int:
    """Lose all that can be lost (`pick` of a power cut that keeps nothing that was not synced)."""
    return min(1, count - 1)


def fail_next(disk: SimulatedDisk, name: str, fault: Fault) -> None:
    """Let the next call of one verb fail, and none after it."""

    def strike(_number: int, operation: Operation) -> Fault | None:
        if operation.name != name:
            return None
        disk.faults = {}
        return fault

    disk.faults = strike


def crash_next(disk: SimulatedDisk, name: str) -> None:
    """Let the process die in the next call of one verb."""

    def strike(number: int, operation: Operation) -> Fault | None:
        if operation.name == name:
            disk.crash_at = number
        return None

    disk.faults = strike


WITNESSES = (b'{"log":', b"pid ", b"closed")  # how a head and a lock begin: overwritten in place, never synced


class Image:
    """The choices that make one image. All unsynced witnesses share one fate, of four; all else is free.

    Without that, n commits would make 6 to the n images that differ in nothing but a head that later ones replace.
    """

    def __init__(self, pick: Pick, tears: Tears, torn_witnesses: int = 0) -> None:
        self._pick, self._tears = pick, tears
        self._fate: int | None = None
        self._forced = False
        self._free = torn_witnesses  # so many of them may be torn at every place, like anything else

    def tears(self, data: bytes) -> Sequence[int]:
        self._forced = data.startswith(WITNESSES)
        if self._forced and self._free and self._pick(2) == 1:
            self._free -= 1
            self._forced = False
        return () if self._forced else self._tears(data)

    def pick(self, count: int) -> int:
        if not self._forced or count == 1:
            return self._pick(count)
        self._forced = False
        if self._fate is None:
            self._fate = self._pick(4)
        kept, fate = 0, self._fate
        if fate == OLDEST:
            self._fate = LOST
            return kept
        return fate


LOST, OLDEST = 1, 3  # of the fates; 0 is kept, 2 is zeros


def every_image(
    disk: SimulatedDisk, check: Callable[[SimulatedDisk], object], tears: Tears, torn_witnesses: int = 0
) -> int:
    """Call `check` with every disk a power cut now can leave; returns how many."""

    def run(pick: Pick) -> None:
        image = Image(pick, tears, torn_witnesses)
        check(disk.image(image.pick, tears=image.tears))

    return exhaust(run)


@dataclass(slots=True)
class Explorer:
    """Cuts the power at every operation of a script and checks every image, each kind of image once."""

    tears: Tears
    torn_witnesses: int = 0
    states: set[bytes] = field(default_factory=set)
    images: int = 0

    def explore(self, disk: SimulatedDisk, script: Script, check: Check, book: Book) -> None:
        """Run `script` on copies of `disk`, each cut one operation further on; `book` is what was promised before."""
        for number in itertools.count(len(disk.trace)):
            attempt, promised = disk.fork(), book.copy()
            attempt.crash_at = number
            is_done = False
            with contextlib.suppress(SimulatedCrash):
                script(attempt, promised)
                is_done = True
            self.images += every_image(attempt, partial(self.once, check, promised), self.tears, self.torn_witnesses)
            if is_done:
                return

    def once(self, check: Check, book: Book, image: SimulatedDisk) -> None:
        """Check an image, unless one like it, with the same promises, was checked before."""
        seen = repr((sorted(image.contents().items()), book.kept, book.doubtful)).encode()
        key = hashlib.sha256(seen).digest()
        if key not in self.states:
            self.states.add(key)
            check(image, book.copy())
