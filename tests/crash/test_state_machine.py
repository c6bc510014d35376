"""Long stories of a log: appends, crashes, kills, failures, readers, checkpoints and rot in any order.

Law: the book knows only what was submitted and what came back; after every step, and after any cut, it must be right.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from eventlog import EventLog, EventLogError, LogDamagedError, read, verify
from eventlog.recovery import State
from tests.crash.promises import LOG, Book, expect_kept, open_log, texts, unkindest
from tests.crash.test_every_crash import Texts
from tests.crash_images import few_tears
from tests.simulated_disk import Fault, SimulatedCrash, SimulatedDisk

if TYPE_CHECKING:
    from collections.abc import Callable

faults = st.builds(
    Fault, errno=st.sampled_from([errno.EIO, errno.ENOSPC, errno.EROFS]), through=st.sampled_from([None, 1, 300])
)
soon = st.integers(0, 12)


class LogUnderFire(RuleBasedStateMachine):
    """One log, one writer at a time, one reader that remembers what it was shown."""

    log: EventLog | None = None

    @initialize(has_drop_cache=st.booleans(), ahead=st.sampled_from([0, 500]))
    def a_new_disk(self, has_drop_cache: bool, ahead: int) -> None:  # noqa: FBT001 - a parameter
        self.disk = SimulatedDisk(folders=["/d"], has_drop_cache=has_drop_cache)
        self.book = Book(ahead=ahead)
        self.said = 0

    def new(self, count: int = 1) -> list[str]:
        self.said += count
        return [f"{self.said - at}" for at in reversed(range(count))]

    def writer(self) -> EventLog:
        if self.log is None:
            self.log = self.book.open(self.disk)
            assert self.log.read_only is None, self.log.read_only
        return self.log

    def tried(self, work: Callable[[], object]) -> None:
        """Do something that may run into a fault, or into the end of the process."""
        try:
            work()
        except SimulatedCrash:
            self.log = None
        except (OSError, EventLogError):
            if self.log is not None and self.log.poisoned is not None:
                return
        finally:
            self.disk.faults = {}
            self.disk.crash_at = None

    @rule(count=st.integers(1, 3))
    def append(self, count: int) -> None:
        log = self.writer()
        self.tried(lambda: self.book.append(log, *self.new(count)))

    @rule(count=st.integers(1, 3), at=soon, fault=faults)
    def append_with_a_failure(self, count: int, at: int, fault: Fault) -> None:
        log = self.writer()
        self.disk.faults = {len(self.disk.trace) + at: fault}
        self.tried(lambda: self.book.append(log, *self.new(count)))

    @rule(at=soon, short=st.integers(1, 60))
    def append_with_a_short_write(self, at: int, short: int) -> None:
        log = self.writer()
        number = len(self.disk.trace) + at
        self.disk.faults = lambda this, operation: (
            Fault(through=short) if this == number and operation.name in ("append", "write_at") else None
        )
        self.tried(lambda: self.book.append(log, *self.new()))

    @rule(at=soon, data=st.data(), count=st.integers(1, 2))
    def power_cut_in_an_append(self, at: int, data: st.DataObject, count: int) -> None:
        log = self.writer()
        self.disk.crash_at = len(self.disk.trace) + at
        self.tried(lambda: self.book.append(log, *self.new(count)))
        self.power_cut(data)

    @rule(data=st.data())
    def power_cut(self, data: st.DataObject) -> None:
        self.log = None
        self.disk = self.disk.image(lambda count: data.draw(st.integers(0, count - 1)), tears=few_tears)

    @rule(at=st.integers(0, 40), data=st.data())
    def power_cut_in_a_recovery(self, at: int, data: st.DataObject) -> None:
        self.kill()
        self.disk.crash_at = at
        self.tried(self.writer)
        self.power_cut(data)

    @rule()
    def kill(self) -> None:
        self.log = None
        self.disk = self.disk.kill()

    @rule(at=soon, through=st.integers(0, 300))
    def kill_in_an_append(self, at: int, through: int) -> None:
        log = self.writer()
        number = len(self.disk.trace) + at
        self.disk.crash_at = number
        self.disk.faults = {number: Fault(through=through)}
        self.tried(lambda: self.book.append(log, *self.new()))
        self.kill()

    @rule(at=st.integers(0, 40), fault=faults)
    def failure_in_an_opening(self, at: int, fault: Fault) -> None:
        """It is refused, or it serves; or it opens for reading only, and what it shows is less only for a time.

        Where no cache can be dropped, what lies beyond that which readers are shown may be in the cache alone.
        """
        self.kill()
        self.disk.faults = {at: fault}
        log = None
        try:
            log = open_log(self.disk)
            shown = texts(log.read())
        except (OSError, EventLogError):
            if log is not None:
                log.close()
            return
        finally:
            self.disk.faults = {}
        if log.read_only is None:
            self.book.expect(shown)
            self.log = log
            return
        log.close()
        submitted = self.book.kept + self.book.doubtful
        assert shown == submitted[: len(shown)]
        least = self.book.kept if self.disk.has_drop_cache else texts(read(LOG, files=self.disk.process()))
        assert len(shown) >= len(least)

    @precondition(lambda self: self.log is not None and self.log.poisoned is not None)
    @rule(at=soon, fault=st.none() | faults)
    def reopen(self, at: int, fault: Fault | None) -> None:
        log = self.writer()
        self.disk.faults = {len(self.disk.trace) + at: fault} if fault else {}
        self.tried(lambda: self.book.reopen(log))

    @rule()
    def close(self) -> None:
        if self.log is not None:
            self.log.close()
            self.log = None

    @rule(fault=st.none() | faults, at=soon)
    def checkpoint(self, fault: Fault | None, at: int) -> None:
        log = self.writer()
        self.disk.faults = {len(self.disk.trace) + at: fault} if fault else {}
        self.tried(lambda: log.save_checkpoint(Texts(), log.fold(Texts())))
        assert log.fold(Texts()) == self.book.kept

    @rule()
    def read(self) -> None:
        """Beside a writer, a reader is shown only what was acknowledged; what it is ever shown is a promise."""
        if LOG in self.disk.contents():
            shown = texts(read(LOG, files=self.disk.process()))
            if len(shown) > len(self.book.kept) and self.log is None:  # a recovery confirmed it, and was cut off
                submitted = self.book.kept + self.book.doubtful
                self.book.kept, self.book.doubtful = submitted[: len(shown)], submitted[len(shown) :]
            assert shown == self.book.kept[: len(shown)]

    @rule(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
    def rot(self, place: float, bit: int) -> None:
        """A bit of an acknowledged line turns over: the log is refused, and nothing in it is changed."""
        self.close()
        expect_kept(self.disk, self.book).close()
        self.disk = self.disk.image(unkindest).image(unkindest)
        size = len(self.disk.contents()[LOG])
        confirmed = verify(LOG, files=self.disk.process()).confirmed.offset
        at = int(place * size)
        rotten = self.disk.fork()
        rotten.bit_flip(LOG, at * 8 + bit)
        found = verify(LOG, files=rotten.process())
        assert found.state in {State.CORRUPT, State.BEHIND} or (at >= confirmed and found.state is State.TORN)
        if found.state is not State.TORN:
            damaged = rotten.contents()
            log = open_log(rotten)
            if log.read_only is None:  # what lies before the checkpoint is looked at when it is read
                with pytest.raises(LogDamagedError):
                    list(log.read())
            log.close()
            assert rotten.contents()[LOG] == damaged[LOG]

    @invariant()
    def what_is_kept_can_be_read(self) -> None:
        if self.log is not None:
            assert texts(self.log.read()) == self.book.kept

    def teardown(self) -> None:
        if hasattr(self, "disk"):
            self.disk.faults, self.disk.crash_at = {}, None
            expect_kept(self.disk.kill(), self.book).close()


TestLogUnderFire = LogUnderFire.TestCase
TestLogUnderFire.settings = settings(max_examples=400, stateful_step_count=20, derandomize=True, deadline=None)
