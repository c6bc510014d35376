"""What one writer promises: idempotent appends, group commit, order, one lock, poison and what comes after it.

Law: every promise is checked through the front door, on a disk that counts its operations and can say no.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partialmethod
from pathlib import Path
from typing import Any

import pytest

from eventlog import AppendError, Entry, Event, EventLog, EventLogError, LogLockedError, LogPoisonedError, read, verify
from eventlog.adoption import adopt
from eventlog.appending import Append
from eventlog.entry import START, encode, seal
from eventlog.errors import (
    IdConflictError,
    InvalidEventError,
    LogDamagedError,
    LogReadOnlyError,
    LogReplacedError,
    NewerFormatError,
    SequenceConflictError,
)
from eventlog.files import READ_SIZE, RealFiles
from eventlog.lock import CLOSED, has_writer, lock_path, take_lock
from eventlog.mounts import NetworkFileSystemWarning
from eventlog.recent import offset_of_last
from eventlog.recovery import State
from eventlog.repair import salvage
from tests.crash.promises import KIND, LOG, crash_next, fail_next, open_log, texts, unkindest
from tests.simulated_disk import Fault, SimulatedCrash, SimulatedDisk

ENOSPC, EIO = Fault(errno=errno.ENOSPC), Fault(errno=errno.EIO)


class Texts:
    """Keeps all texts."""

    name, version = "texts", 1

    def initial(self) -> list[Any]:
        return []

    def apply(self, state: list[Any], entry: Entry) -> list[Any]:
        return state + texts([entry])

    def save(self, state: list[Any]) -> list[Any]:
        return state

    def load(self, saved: list[Any]) -> list[Any]:
        return saved


@pytest.fixture
def disk() -> SimulatedDisk:
    return SimulatedDisk(folders=["/d"])


@pytest.fixture
def log(disk: SimulatedDisk) -> EventLog:
    return open_log(disk)


def done(disk: SimulatedDisk, since: int) -> Counter[str]:
    return Counter(f"{operation.name} {operation.path.rpartition('.')[2]}" for operation in disk.trace[since:])


# acknowledged means on disk


def test_acknowledged_means_on_disk(disk: SimulatedDisk, log: EventLog) -> None:
    for said in "abc":
        log.append(KIND, said)
        assert texts(open_log(disk.image(unkindest)).read())[-1] == said


def test_a_commit_costs_one_write_one_sync_and_one_write_of_the_head(disk: SimulatedDisk, log: EventLog) -> None:
    log.append(KIND, "first")
    for events in ([Event(type=KIND)], [Event(type=KIND, id=f"{at}") for at in range(100)]):
        log.append_many([Event(type=KIND, id="the ids are read once")])
        since = len(disk.trace)
        log.append_many(events)
        cost = done(disk, since)
        assert cost == {"append jsonl": 1, "sync jsonl": 1, "write_at head": 1, "stat jsonl": 2}


def test_an_event_that_is_there_already_costs_no_write(disk: SimulatedDisk, log: EventLog) -> None:
    log.append(KIND, "a", id="1")
    since = len(disk.trace)
    log.append(KIND, "a", id="1")
    assert done(disk, since) == {"read_at jsonl": 1}


# the same event twice


def test_an_event_appended_again_under_its_id_is_the_one_that_is_there(log: EventLog) -> None:
    first = log.append(KIND, {"a": 1}, subject="s", meta={"m": 1}, id="1")
    log.append(KIND, "other")
    assert log.append(KIND, {"a": 1}, subject="s", meta={"m": 1}, id="1") == first
    assert log.position.seq == 2


@pytest.mark.parametrize("other", [{"data": 2}, {"subject": "t"}, {"meta": {"m": 2}}, {"type": "x"}], ids=repr)
def test_another_event_under_a_used_id_is_refused(log: EventLog, other: dict[str, Any]) -> None:
    log.append_many([Event(type=KIND, data=1, subject="s", meta={"m": 1}, id="1")])
    with pytest.raises(IdConflictError, match="id 1 names the entry with seq 1"):
        log.append_many([replace(Event(type=KIND, data=1, subject="s", meta={"m": 1}, id="1"), **other)])
    assert log.position.seq == 1


def test_the_order_of_keys_is_not_part_of_what_an_event_says(log: EventLog) -> None:
    first = log.append(KIND, {"a": 1, "b": [{"c": 1, "d": 2}]}, meta={"m": 1, "n": 2}, id="1")
    assert log.append(KIND, {"b": [{"d": 2, "c": 1}], "a": 1}, meta={"n": 2, "m": 1}, id="1") == first
    for other in ({"a": 1.0, "b": [{"c": 1, "d": 2}]}, {"a": True, "b": [{"c": 1, "d": 2}]}):
        with pytest.raises(IdConflictError):
            log.append(KIND, other, meta={"m": 1, "n": 2}, id="1")


def test_an_event_is_the_same_after_its_log_was_salvaged(disk: SimulatedDisk) -> None:
    with open_log(disk) as log:
        for said in "abcd":
            log.append(KIND, said, id=said, meta={"attempt": 1})
        places = [entry.offset for entry in log.read()]
    disk = disk.image(lambda _count: 0)
    disk.bit_flip(LOG, (places[1] + 60) * 8)
    salvage(LOG, files=disk)
    adopt(LOG, files=disk)
    log = open_log(disk)
    again = log.append(KIND, "d", id="d", meta={"attempt": 1})
    assert (again.seq, again.meta["original_seq"]) == (4, 4)
    with pytest.raises(IdConflictError):
        log.append(KIND, "d", id="d", meta={"attempt": 2})


def test_an_id_is_known_after_a_crash_and_while_it_is_in_the_same_batch(disk: SimulatedDisk, log: EventLog) -> None:
    twice = log.append_many([Event(type=KIND, data=1, id="1"), Event(type=KIND, data=1, id="1")])
    assert twice[0] == twice[1]
    again = open_log(disk.image(unkindest))
    assert again.append(KIND, 1, id="1") == twice[0]
    with pytest.raises(IdConflictError):
        again.append_many([Event(type=KIND, data=1, id="2"), Event(type=KIND, data=2, id="2")])
    assert again.position.seq == 1


def test_the_ids_of_the_last_entries_are_known_and_memory_is_bounded(
    disk: SimulatedDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventlog.recent.LOOK_BACK", 5)
    log = open_log(disk)
    log.append_many([Event(type=KIND, data=at, id=f"{at}") for at in range(8)])
    for opened in (log, open_log(disk.image(unkindest))):
        assert opened.append(KIND, 3, id="3").seq == 4
        assert opened.append(KIND, 2, id="2").seq == 9, "too long ago: it is a new event"


def test_the_ids_are_read_once_and_the_line_of_a_known_one_is_looked_at(disk: SimulatedDisk) -> None:
    log = open_log(disk)
    log.append_many([Event(type=KIND, data=each, id=each) for each in ("1", "2")])
    log.close()
    log = open_log(disk)
    reads = []
    for new, event_id in enumerate(("3", "4", "1", "4", "5")):
        since = len(disk.trace)
        assert log.append(KIND, event_id, id=event_id).data == event_id, new
        reads.append(sum(one.name == "read_at" and one.path == LOG for one in disk.trace[since:]))
    assert reads == [3, 0, 1, 1, 0], "where the ids begin, all of them, and that this was all"


@pytest.mark.parametrize("is_first", [True, False])
def test_a_damaged_line_neither_hides_an_id_nor_lends_its_own(disk: SimulatedDisk, *, is_first: bool) -> None:
    log = open_log(disk)
    entries = log.append_many([Event(type=KIND, data=each, id=each) for each in ("1", "2", "more")])
    kept, damaged = entries[:2] if is_first else entries[1::-1]
    log.save_checkpoint(Texts(), log.fold(Texts()))
    log.close()
    place = disk.contents()[LOG].index(b'"id":"%b"' % damaged.id.encode()) + len(b'"id":"')
    disk.write_at(disk.open(LOG, "overwrite"), place, kept.id.encode())
    again = open_log(disk)
    assert again.read_only is None, "what lies before the checkpoint is not looked at"
    assert again.append(KIND, kept.data, id=kept.id) == kept
    assert again.append(KIND, damaged.data, id=damaged.id).seq == again.position.seq, "it is not there as it was"


def test_the_last_lines_are_found_from_the_end_across_blocks(
    disk: SimulatedDisk, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = log.append_many([Event(type=KIND, data="x" * at) for at in range(0, 400, 7)])
    handle = disk.open(LOG, "read")
    for block in (1, 7, 100, 65536):
        monkeypatch.setattr("eventlog.recent.READ_SIZE", block)
        for count in (1, 2, 50):
            assert offset_of_last(disk, handle, log.position.offset, count) == entries[-count].offset
        assert offset_of_last(disk, handle, log.position.offset, 1000) == 0


def test_the_id_is_looked_at_before_the_expected_seq(log: EventLog) -> None:
    first = log.append(KIND, 1, id="1", expect_seq=0)
    assert log.append(KIND, 1, id="1", expect_seq=0) == first
    with pytest.raises(SequenceConflictError, match=f"{LOG}: expected the last seq to be 0, it is 1"):
        log.append(KIND, 2, id="2", expect_seq=0)
    assert log.append(KIND, 2, id="2", expect_seq=1).seq == 2


# several at once


def test_events_appended_together_are_all_there_or_none(disk: SimulatedDisk, log: EventLog) -> None:
    since = len(disk.trace)
    with pytest.raises(InvalidEventError):
        log.append_many([Event(type=KIND), Event(type=""), Event(type=KIND)])
    assert not any(operation.name == "append" for operation in disk.trace[since:])
    assert [entry.seq for entry in log.append_many([Event(type=KIND), Event(type=KIND)])] == [1, 2]
    assert log.append_many([]) == []


def test_the_lines_of_a_batch_say_what_was_on_disk_before_it(log: EventLog) -> None:
    log.append_many([Event(type=KIND)] * 3)
    log.append(KIND)
    log.append_many([Event(type=KIND)] * 2)
    assert [entry.dur for entry in log.read()] == [-1, 0, 0, 0, 3, 4, 4]


async def gathered(log: EventLog, *events: Event, **expect: Any) -> list[Entry | BaseException]:
    tasks = [asyncio.ensure_future(log.append_async(event, **expect)) for event in events]
    return list(await asyncio.gather(*tasks, return_exceptions=True))


def test_concurrent_appends_share_one_write_and_one_sync(disk: SimulatedDisk, log: EventLog) -> None:
    log.append(KIND, id="the ids are read once")
    since = len(disk.trace)
    entries = asyncio.run(gathered(log, *[Event(type=KIND, data=at, id=f"{at}") for at in range(50)]))
    assert [entry.data for entry in entries if isinstance(entry, Entry)] == list(range(50))
    assert done(disk, since) == {"append jsonl": 1, "sync jsonl": 1, "write_at head": 1, "stat jsonl": 2}


def test_who_comes_a_turn_later_shares_the_sync(disk: SimulatedDisk, log: EventLog) -> None:
    async def both() -> None:
        first = asyncio.ensure_future(log.append_async(Event(type=KIND, data="first")))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.gather(first, log.append_async(Event(type=KIND, data="a turn later")))

    since = len(disk.trace)
    asyncio.run(both())
    assert texts(log.read()) == ["first", "a turn later"]
    assert sum(one.name == "sync" for one in disk.trace[since:]) == 1


def test_between_two_syncs_the_loop_has_turns_for_everything_else(log: EventLog) -> None:
    turns: list[int] = []

    async def others() -> None:
        while True:
            await asyncio.sleep(0)
            turns.append(1)

    async def append() -> None:
        busy = asyncio.ensure_future(others())
        for _ in range(10):
            await log.append_async(Event(type=KIND))
        busy.cancel()

    asyncio.run(append())
    assert len(turns) >= 10 * 3


def test_in_a_batch_a_bad_event_fails_its_own_caller_only(log: EventLog) -> None:
    log.append(KIND, 1, id="1")
    bad_ids: list[Any] = [7, ["x"], {}, ""]
    outcomes = asyncio.run(
        gathered(
            log, Event(type=KIND, data=0, id="0"), Event(type=KIND, data=2, id="1"), Event(type="\ud800"),
            *[Event(type=KIND, id=each) for each in bad_ids], Event(type=KIND, data=1, id="1"), Event(type=KIND),
        )
    )  # fmt: skip
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [Entry, IdConflictError, *[InvalidEventError] * 5, Entry, Entry]
    assert [outcome.seq for outcome in outcomes if isinstance(outcome, Entry)] == [2, 1, 3]
    assert log.position.seq == 3
    assert len(list(log.read())) == 4


class Trap(Mapping[str, Any]):
    """Facts that cannot be looked at."""

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[str]:
        return iter("a")

    def __getitem__(self, _key: str) -> Any:
        raise ValueError("a trap")


class Unhashable(str):
    """An id that cannot be looked up."""

    __slots__ = ()

    def __hash__(self) -> int:
        raise ValueError("a trap")


@pytest.mark.parametrize("bad", [Event(type=KIND, meta=Trap()), Event(type=KIND, id=Unhashable("1"))])
def test_an_event_that_raises_when_it_is_looked_at_fails_its_own_caller_only(log: EventLog, bad: Event) -> None:
    before, refused, after = asyncio.run(gathered(log, Event(type=KIND), bad, Event(type=KIND)))
    assert [one.seq for one in (before, after) if isinstance(one, Entry)] == [1, 2]
    assert isinstance(refused, InvalidEventError)
    assert str(refused) == "an event cannot be written: looking at it raised ValueError"
    assert isinstance(refused.__cause__, ValueError)


@pytest.mark.parametrize("failure", [OSError(errno.EIO, "no randomness"), MemoryError()])
def test_a_failure_of_the_machine_is_not_said_to_be_one_of_the_event(disk: SimulatedDisk, failure: Exception) -> None:
    failures: list[Exception] = []

    def randomness(size: int) -> bytes:
        if failures:
            raise failures.pop()
        return bytes(size)

    log = EventLog.open("/d/other.jsonl", files=disk, randomness=randomness)
    failures.append(failure)
    with pytest.raises(type(failure)):
        log.append(KIND)
    assert log.append(KIND).seq == 1


def test_what_is_committed_at_once_is_all_or_nothing_only_if_asked_for(log: EventLog) -> None:
    wanted = [Append(event=Event(type="")), Append(event=Event(type=KIND, data="good"))]
    assert [type(outcome) for outcome in log.commit(wanted, together=True)] == [InvalidEventError, Entry]
    assert texts(log.read()) == []
    assert [type(outcome) for outcome in log.commit(wanted)] == [InvalidEventError, Entry]
    assert texts(log.read()) == ["good"]


def test_of_two_that_expect_the_same_seq_the_first_wins(log: EventLog) -> None:
    first, second = asyncio.run(gathered(log, Event(type=KIND), Event(type=KIND), expect_seq=0))
    assert isinstance(first, Entry)
    assert isinstance(second, SequenceConflictError)


def test_the_event_of_a_cancelled_caller_is_still_written_and_stops_nobody(log: EventLog) -> None:
    async def cancel_one() -> Entry:
        waiting = asyncio.ensure_future(log.append_async(Event(type=KIND, data="cancelled")))
        other = asyncio.ensure_future(log.append_async(Event(type=KIND, data="other")))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return await other

    assert asyncio.run(cancel_one()).data == "other"
    assert texts(log.read()) == ["cancelled", "other"]
    assert asyncio.run(log.append_async(Event(type=KIND, data="another loop"))).seq == 3


def test_a_write_that_fails_fails_those_who_waited_for_it_and_nobody_else(disk: SimulatedDisk, log: EventLog) -> None:
    there = log.append(KIND, 1, id="1")
    fail_next(disk, "append", ENOSPC)
    known, new, same = asyncio.run(
        gathered(log, Event(type=KIND, data=1, id="1"), Event(type=KIND, id="2"), Event(type=KIND, id="2"))
    )
    assert (known, type(new), type(same)) == (there, AppendError, AppendError)
    assert log.append(KIND, id="2").seq == 2, "what failed is not remembered as written"


def test_whoever_waits_while_the_log_is_closed_is_told(disk: SimulatedDisk, log: EventLog) -> None:
    async def close_meanwhile() -> tuple[Entry, int]:
        waiting = asyncio.ensure_future(log.append_async(Event(type=KIND, data="waits")))
        await asyncio.sleep(0)
        since = len(disk.trace)
        log.close()
        with pytest.raises(LogReadOnlyError, match="this log was closed"):
            await log.append_async(Event(type=KIND, data="too late"))
        return await waiting, done(disk, since)["sync jsonl"]

    entry, syncs = asyncio.run(close_meanwhile())
    assert (entry.data, syncs) == ("waits", 1)
    assert texts(open_log(disk.image(unkindest)).read()) == ["waits"]


# what is true in memory


def test_folds_hear_of_entries_in_order_and_only_after_they_are_on_disk(disk: SimulatedDisk, log: EventLog) -> None:
    heard: list[Any] = []

    def hear(entry: Entry) -> None:
        assert entry.seq <= log.position.seq
        assert texts(open_log(disk.image(unkindest)).read())[-1] == last[0]
        heard.append(entry.data)

    log.on_append = hear
    last = ["b"]
    log.append_many([Event(type=KIND, data="a"), Event(type=KIND, data="b")])
    fail_next(disk, "append", ENOSPC)
    with pytest.raises(AppendError):
        log.append(KIND, "lost")
    last = ["c"]
    log.append(KIND, "c")
    assert heard == ["a", "b", "c"]


def test_what_is_appended_while_an_entry_is_told_of_is_told_of_after_it(log: EventLog) -> None:
    heard: list[Any] = []

    def hear(entry: Entry) -> None:
        if entry.data == "a":
            log.append(KIND, "answer to a")
        heard.append((entry.seq, entry.data))

    log.on_append = hear
    log.append_many([Event(type=KIND, data="a"), Event(type=KIND, data="b")])
    assert heard == [(1, "a"), (2, "b"), (3, "answer to a")]


def test_a_listener_that_fails_loses_nothing(log: EventLog) -> None:
    heard: list[Any] = []

    def hear(entry: Entry) -> None:
        heard.append(entry.data)
        if entry.data == "a":
            raise ZeroDivisionError

    log.append(KIND, "0", id="0")
    log.on_append = hear
    with pytest.raises(ZeroDivisionError):
        log.append_many([Event(type=KIND, data="a", id="1"), Event(type=KIND, data="b", id="2")])
    assert log.append(KIND, "b", id="2").seq == 3, "its id is known"
    log.append(KIND, "c")
    assert heard == ["a", "b", "c"]


# one writer


def test_a_second_writer_is_refused_and_told_who_holds_the_log(disk: SimulatedDisk, log: EventLog) -> None:
    with pytest.raises(LogLockedError, match=f"pid {os.getpid()} on {socket.gethostname()}") as refused:
        open_log(disk.process())
    assert refused.value.holder == f"pid {os.getpid()} on {socket.gethostname()}"
    assert has_writer(disk.process(), LOG)
    log.close()
    again = open_log(disk.process())
    again.append(KIND)
    again.close()
    assert not has_writer(disk, LOG)


def test_a_lock_dies_with_its_process(disk: SimulatedDisk) -> None:
    log = open_log(disk)
    log.append(KIND, "a")
    assert texts(open_log(disk.kill()).read()) == ["a"]


def test_the_lock_is_held_until_all_is_given_back(disk: SimulatedDisk, log: EventLog) -> None:
    log.append(KIND)
    since = len(disk.trace)
    log.close()
    assert [operation.path for operation in disk.trace[since:] if operation.name == "close"][-1] == "/d/events.lock"
    asked: list[int] = []
    disk.unlock = asked.append  # type: ignore[method-assign, assignment]
    disk.close = asked.append  # type: ignore[method-assign, assignment]
    log.close()
    assert asked == [], "the second time there is nothing to give back, least of all a handle of somebody else"
    assert "this log was closed" in str(log.read_only)


def test_a_lock_file_that_was_replaced_guards_nothing(disk: SimulatedDisk) -> None:
    """Between open and lock somebody puts another lock file there: the lock must be taken on that one."""
    disk.sync_dir("/d")

    def swap(number: int, operation: Any) -> None:
        if operation.name == "lock" and number < 10:
            other = disk.process()
            other.open("/d/new", "append", create=True)
            other.rename("/d/new", "/d/events.lock")

    disk.faults = swap
    log = open_log(disk)
    with pytest.raises(LogLockedError):
        open_log(disk.process())
    log.close()


@pytest.mark.parametrize("name", ["open", "lock", "stat", "read_at", "write_at"])
def test_a_failure_while_the_lock_is_taken_leaves_no_lock(disk: SimulatedDisk, name: str) -> None:
    fail_next(disk, name, EIO)
    with pytest.raises(OSError, match="Input/output"):
        take_lock(disk, LOG)
    open_log(disk).close()


def test_an_opening_that_fails_gives_back_every_handle(disk: SimulatedDisk) -> None:
    for name in ("append", "sync_dir", "truncate"):
        fail_next(disk, name, ENOSPC)
        if name == "truncate":
            open_log(disk).close()
            continue
        with pytest.raises((OSError, EventLogError)):
            open_log(disk)
        assert not disk._handles  # noqa: SLF001 - the simulated disk's, to count what leaks


def test_only_a_proper_close_of_a_sound_log_says_closed() -> None:
    """Where the page cache cannot be dropped, the next writer relies on it."""

    def note(disk: SimulatedDisk) -> bool:
        return disk.contents()[lock_path(LOG)] == CLOSED

    disk = SimulatedDisk(folders=["/d"], has_drop_cache=False)
    log = open_log(disk)
    assert not note(disk)
    fail_next(disk, "sync", EIO)
    with pytest.raises(LogPoisonedError):
        log.append(KIND, "in doubt")
    log.close()
    assert not note(disk), "a poisoned log is not sound"
    log = open_log(disk)
    assert "rename" in [operation.name for operation in disk.trace[-20:]], "so it was copied"
    log.close()
    assert note(disk)


def test_a_writer_killed_while_it_took_the_lock_leaves_no_word_that_all_was_well() -> None:
    """The last one but one had died of a failed sync; the next one must still not trust the page cache."""
    disk = SimulatedDisk(folders=["/d"], has_drop_cache=False)
    open_log(disk).close()
    log = open_log(disk)
    fail_next(disk, "sync", EIO)
    with pytest.raises(LogPoisonedError):
        log.append(KIND, "in doubt")
    left = disk.kill()
    for number in range(8):
        attempt = left.fork()
        attempt.crash_at = number
        with pytest.raises(SimulatedCrash):
            open_log(attempt)
        attempt = attempt.kill()
        shown = texts(open_log(attempt).read())
        assert texts(open_log(attempt.image(unkindest)).read()) == shown


# the disk says no


@pytest.mark.parametrize("through", [0, 1, 100, 10**6])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG])
def test_after_a_failed_write_the_file_is_what_it_was(
    disk: SimulatedDisk, log: EventLog, code: int, through: int
) -> None:
    log.append(KIND, "a")
    before = disk.contents()[LOG]
    fail_next(disk, "append", Fault(errno=code, through=through))
    with pytest.raises(AppendError, match="nothing was appended: ") as refused:
        log.append(KIND, "b")
    assert isinstance(refused.value.__cause__, OSError)
    assert refused.value.__cause__.errno == code
    assert disk.contents()[LOG] == before
    assert verify(LOG, files=disk.image(unkindest)).state is State.CLEAN
    assert log.append(KIND, "b").seq == 2
    assert texts(open_log(disk.image(unkindest)).read()) == ["a", "b"]


def test_a_short_write_is_continued(disk: SimulatedDisk, log: EventLog) -> None:
    disk.faults = lambda _number, operation: Fault(through=9) if operation.name == "append" else None
    log.append(KIND, "a")
    assert texts(open_log(disk.image(unkindest)).read()) == ["a"]


def poison(disk: SimulatedDisk, log: EventLog) -> LogPoisonedError:
    fail_next(disk, "sync", EIO)
    with pytest.raises(LogPoisonedError, match="the disk did not confirm a write") as refused:
        log.append(KIND, "in doubt", id="in doubt")
    return refused.value


def test_after_a_failed_sync_every_append_raises_the_same_error_and_nothing_is_tried_again(
    disk: SimulatedDisk, log: EventLog
) -> None:
    log.append(KIND, "a", id="a")
    error = poison(disk, log)
    since = len(disk.trace)
    for _ in range(2):
        with pytest.raises(LogPoisonedError) as refused:
            log.append(KIND, "b")
        assert refused.value is error is log.poisoned
    assert not {"append", "sync", "truncate", "write_at"} & {operation.name for operation in disk.trace[since:]}
    assert texts(log.read()) == ["a"], "reading goes on"
    assert log.append(KIND, "a", id="a").seq == 1, "what is there is there"
    assert texts(read(LOG, files=disk.process())) == ["a"]


def test_a_failed_undo_poisons(disk: SimulatedDisk, log: EventLog) -> None:
    log.append(KIND, "a")
    disk.faults = lambda _number, operation: ENOSPC if operation.name in ("append", "truncate") else None
    with pytest.raises(LogPoisonedError, match="could not be undone"):
        log.append(KIND, "b")
    disk.faults = {}
    log.reopen()
    log.append(KIND, "c")
    assert texts(open_log(disk.image(unkindest)).read()) == ["a", "c"]


def test_an_append_that_is_interrupted_poisons(disk: SimulatedDisk, log: EventLog) -> None:
    """A Ctrl-C may come between the write and the sync."""

    def interrupt(_number: int, operation: Any) -> None:
        if operation.name == "sync":
            raise KeyboardInterrupt

    disk.faults = interrupt
    with pytest.raises(KeyboardInterrupt):
        log.append(KIND, "interrupted")
    disk.faults = {}
    with pytest.raises(LogPoisonedError, match=f"^{LOG}: an append was interrupted; nothing more"):
        log.append(KIND, "a")
    log.reopen()
    log.append(KIND, "a")
    assert texts(log.read()) == ["a"]


def test_a_reopened_log_goes_on_in_a_new_file_with_the_same_history(disk: SimulatedDisk, log: EventLog) -> None:
    log.append(KIND, "a", id="a")
    before, inode = disk.contents()[LOG], disk.stat(LOG)
    poison(disk, log)
    log.reopen()
    log.reopen()
    now = disk.stat(LOG)
    assert inode is not None
    assert now is not None
    assert (now.inode != inode.inode, disk.contents()[LOG]) == (True, before)
    assert log.poisoned is None
    assert log.append(KIND, "a", id="a").seq == 1
    assert log.append(KIND, "new", id="in doubt").seq == 2, "the refused event is not there, its id is free"
    with pytest.raises(LogLockedError):
        open_log(disk.process())
    assert texts(open_log(disk.image(unkindest)).read()) == ["a", "new"]


@pytest.mark.parametrize("at", range(20))  # more calls than it makes
def test_a_reopen_that_fails_can_be_tried_again(disk: SimulatedDisk, log: EventLog, at: int) -> None:
    log.append(KIND, "a")
    poison(disk, log)
    disk.faults = {len(disk.trace) + at: ENOSPC}
    try:
        log.reopen()
    except OSError:
        assert log.poisoned is not None
    disk.faults = {}
    log.reopen()
    log.append(KIND, "b")
    assert texts(open_log(disk.image(unkindest)).read()) == ["a", "b"]
    assert not [path for path in disk.contents() if path.endswith(".new")]


def test_a_sync_that_fails_while_the_log_is_opened_makes_a_copy(disk: SimulatedDisk) -> None:
    with open_log(disk) as log:
        log.append(KIND, "a")
    before = disk.stat(LOG)
    fail_next(disk, "sync", EIO)
    log = open_log(disk)
    now = disk.stat(LOG)
    assert before is not None
    assert now is not None
    assert before.inode != now.inode
    assert texts(open_log(disk.image(unkindest)).read()) == texts(log.read()) == ["a"]


# others


def test_somebody_else_who_writes_to_the_file_poisons_and_nothing_of_theirs_is_destroyed(
    disk: SimulatedDisk, log: EventLog
) -> None:
    log.append(KIND, "a")
    other = disk.process()
    other.append(other.open(LOG, "append"), b"theirs")
    with pytest.raises(LogPoisonedError, match="somebody else writes to it"):
        log.append(KIND, "b")
    with pytest.raises(LogReplacedError, match="close this log and open it again"):
        log.reopen()
    log.close()
    assert disk.contents()[LOG].endswith(b"\ntheirs")
    log = open_log(disk)
    assert "theirs" in " ".join(map(str, [content for path, content in disk.contents().items() if "torn" in path]))
    assert texts(log.read()) == ["a"]


def second_writer(disk: SimulatedDisk) -> EventLog:
    other = disk.process()
    other.remove(lock_path(LOG))
    return open_log(other)


def test_two_writers_without_a_lock_between_them_lose_nothing(disk: SimulatedDisk, log: EventLog) -> None:
    """Somebody removed the lock file: the first writer finds out before it writes."""
    log.append(KIND, "a")
    other = second_writer(disk)
    other.append(KIND, "theirs")
    with pytest.raises(LogPoisonedError):
        log.append(KIND, "b")
    with pytest.raises(LogReplacedError):
        log.reopen()
    assert texts(open_log(disk.image(unkindest)).read()) == ["a", "theirs"]


@pytest.mark.parametrize("how", ["moved", "removed", "replaced"])
def test_a_log_that_is_moved_away_while_it_is_written_takes_no_more_appends(
    disk: SimulatedDisk, log: EventLog, how: str
) -> None:
    log.append(KIND, "a")
    other = disk.process()
    match how:
        case "moved":
            other.rename(LOG, "/d/elsewhere")
        case "removed":
            other.remove(LOG)
        case _:
            other.rename("/d/events.head", LOG)
    with pytest.raises(LogPoisonedError, match=f"^{LOG}: the file was moved, removed or replaced while"):
        log.append(KIND, "would be lost")
    if how == "replaced":
        with pytest.raises(LogReplacedError, match="replaced by somebody else"):
            log.reopen()
    else:
        log.reopen()
        log.append(KIND, "b")
        assert texts(open_log(disk.image(unkindest)).read()) == ["a", "b"]


# torn and damaged logs


def torn(disk: SimulatedDisk) -> SimulatedDisk:
    log = open_log(disk)
    log.append(KIND, "a")
    crash_next(disk, "append")
    with pytest.raises(SimulatedCrash):
        log.append(KIND, "torn")
    image = disk.image(lambda _count: 0)
    image.cut(LOG, len(image.contents()[LOG]) - 5)
    return image


def test_a_torn_tail_is_on_disk_in_quarantine_before_it_is_cut_and_the_log_says_so(disk: SimulatedDisk) -> None:
    disk = torn(disk)
    tail = disk.contents()[LOG].rpartition(b"\n")[2]
    log = open_log(disk)
    (recovered,) = [entry for entry in log.read() if entry.type == "log.recovered"]
    (kept,) = recovered.data["kept"]
    assert (kept["bytes"], kept["offset"]) == (len(tail), recovered.offset)
    assert open_log(disk.image(unkindest)).position.seq == recovered.seq
    assert disk.image(unkindest).contents()[f"/d/{kept['path']}"] == tail
    cut = next(
        at for at, operation in enumerate(disk.trace) if operation.name == "truncate" and "events.j" in operation.path
    )
    assert "sync_dir" in [operation.name for operation in disk.trace[cut - 2 : cut]]


@pytest.mark.parametrize("verb", ["make_dir", "rename", "sync"])
def test_without_quarantine_the_log_is_read_only_and_nothing_is_cut(disk: SimulatedDisk, verb: str) -> None:
    disk = torn(disk)
    before = disk.contents()[LOG]
    disk.faults = lambda _number, operation: (
        ENOSPC if operation.name == verb and "quarantine" in operation.path else None
    )
    log = open_log(disk)
    assert log.read_only is not None
    assert "nothing was cut, for it could not be moved to quarantine" in str(log.read_only)
    with pytest.raises(LogReadOnlyError, match="No space left"):
        log.append(KIND)
    assert texts(log.read()) == ["a"]
    log.close()
    assert disk.contents()[LOG] == before
    disk.faults = {}
    assert texts(open_log(disk).read()) == ["a"]


def test_what_may_be_in_the_page_cache_alone_is_not_shown_by_a_log_that_cannot_be_copied() -> None:
    disk = SimulatedDisk(folders=["/d"], has_drop_cache=False)
    log = open_log(disk)
    log.append(KIND, "a")
    disk.faults = lambda _number, operation: EIO if operation.name == "sync" else None
    with pytest.raises(LogPoisonedError):
        log.append_many([Event(type=KIND, data="in doubt"), Event(type=KIND, data="torn")])
    disk = disk.kill()
    handle = disk.open(LOG, "append")
    disk.truncate(handle, len(disk.contents()[LOG]) - 5)
    disk.faults = lambda _number, operation: EIO if operation.name in ("sync", "make_dir") else None
    log = open_log(disk)
    assert log.read_only is not None
    assert texts(log.read()) == ["a"]


def damaged(disk: SimulatedDisk, line: int) -> SimulatedDisk:
    with open_log(disk) as log:
        for said in "abc":
            log.append(KIND, said)
        places = [entry.offset for entry in log.read()]
    disk = disk.image(lambda _count: 0)
    disk.bit_flip(LOG, (places[line] + 50) * 8)
    return disk


@pytest.mark.parametrize("line", range(4))
def test_damage_to_acknowledged_lines_is_never_cut(disk: SimulatedDisk, line: int) -> None:
    disk = damaged(disk, line)
    before = disk.contents()
    log = open_log(disk)
    assert isinstance(log.read_only, LogDamagedError)
    for said in (
        f"{LOG}: line {line + 1}, byte ",
        f"seq {line}: corrupt: its sum does not match",
        "python -m eventlog verify",
    ):
        assert said in str(log.read_only)
    with pytest.raises(LogDamagedError):
        log.append(KIND)
    assert texts(log.read()) == list("abc")[: max(0, line - 1)]
    log.close()
    after = disk.contents()
    assert {path: after[path] for path in after if not path.endswith(".lock")} == {
        path: before[path] for path in before if not path.endswith(".lock")
    }


def test_an_acknowledged_entry_that_is_damaged_while_the_log_is_open_is_an_error_not_a_shorter_log(
    disk: SimulatedDisk, log: EventLog
) -> None:
    for said in "abc":
        log.append(KIND, said)
    disk.sync(disk.open(LOG, "append"))
    disk.bit_flip(LOG, 8 * (log.position.offset - 400))
    shown = []
    told = r"^/d/events.jsonl: line 3, byte \d+, seq 2: it does not verify, but all up to seq 3 was acknowledged; look"
    with pytest.raises(LogDamagedError, match=told):
        shown.extend(texts(log.read()))
    poison(disk, log)
    with pytest.raises(LogDamagedError, match="seq 2"):
        log.reopen()


def test_a_log_of_a_newer_format_is_read_only_and_not_called_damaged(disk: SimulatedDisk) -> None:
    with open_log(disk) as log:
        log.append(KIND)
    created = Event(type="log.created", meta={"format": 99, "log": "x"}, id="1", time="t")
    for content in (
        encode(created, after=START, dur=-1).line,
        disk.contents()[LOG] + seal(b'{"seq":2'),
        seal(b'{"x":1'),
    ):
        newer = SimulatedDisk({LOG: content})
        log = open_log(newer)
        assert isinstance(log.read_only, NewerFormatError)
        log.close()
        assert newer.contents()[LOG] == content


# names


@pytest.mark.parametrize("name", ["events.lock", "events.head", "checkpoint.json", "events.jsonl.new", "/events.head"])
def test_a_log_may_not_have_the_name_of_a_file_that_stands_beside_one(name: str) -> None:
    with pytest.raises(EventLogError, match="a log cannot have this name"):
        EventLog.open(name, files=SimulatedDisk())


@pytest.mark.parametrize("path", ["/events.jsonl", "events", "a.b.jsonl", "d//events.jsonl"])
def test_the_files_beside_a_log_have_its_name(path: str) -> None:
    disk = SimulatedDisk(folders=["/d"])
    EventLog.open(path, files=disk).close()
    stem = "/" + path.replace("//", "/").lstrip("/").removesuffix(".jsonl")
    assert {f"{stem}.head", f"{stem}.lock"} < set(disk.contents())
    assert texts(read(path, files=disk)) == []


def test_a_closed_log_appends_to_nothing(log: EventLog) -> None:
    log.close()
    with pytest.raises(LogReadOnlyError, match="closed; open it again"):
        log.append(KIND)


# on the disk of this machine


def test_a_log_on_a_real_disk_is_one_log_under_all_its_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link.jsonl").symlink_to("real/events.jsonl")
    monkeypatch.chdir(tmp_path)
    with EventLog.open("link.jsonl") as log:
        log.append(KIND, "a")
        monkeypatch.chdir("/")
        log.append(KIND, "b")
        with pytest.raises(LogLockedError):
            EventLog.open(f"{tmp_path}/real/events.jsonl")
        assert verify(f"{tmp_path}/link.jsonl").state is State.CLEAN
        assert texts(read(f"{tmp_path}/link.jsonl")) == ["a", "b"]
    assert sorted(path.name for path in (tmp_path / "real").iterdir()) == ["events.head", "events.jsonl", "events.lock"]


def test_a_copy_of_a_private_log_stays_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "events.jsonl"
    EventLog.open(str(path)).close()
    path.chmod(0o600)

    def fail(_files: RealFiles, _handle: int) -> None:
        raise OSError(errno.EIO, "no")

    with EventLog.open(str(path)) as log:
        with monkeypatch.context() as patched:
            patched.setattr(RealFiles, "sync", fail)
            with pytest.raises(LogPoisonedError):
                log.append(KIND)
        inode = path.stat().st_ino
        log.reopen()
        assert (path.stat().st_mode & 0o777, path.stat().st_ino != inode) == (0o600, True)


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "9p", "fuse.sshfs"])
def test_a_log_on_a_network_file_system_is_opened_with_a_warning(kind: str) -> None:
    table = f"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n36 22 0:1 / /d rw,noatime shared:1 - {kind} server:/x rw\n"
    disk = SimulatedDisk({"/proc/self/mountinfo": table.encode()}, folders=["/d"])
    with pytest.warns(NetworkFileSystemWarning, match=f"{LOG} is on {kind}: a network file system may lose"):
        open_log(disk).close()


@pytest.mark.parametrize(
    "table", [b"", b"36 22 0:1 / /d rw - ext4 /dev/x rw\n", b"36 22 0:2 / /d rw - nfs x rw\n", b"?"]
)
def test_a_log_on_a_local_disk_is_opened_without_a_word(table: bytes) -> None:
    open_log(SimulatedDisk({"/proc/self/mountinfo": table}, folders=["/d"])).close()


def test_everything_beside_a_private_log_is_private_and_nothing_is_written_through_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, victim = tmp_path / "events.jsonl", tmp_path / "victim"
    checkpoint = tmp_path / "checkpoint.json"
    EventLog.open(str(path)).close()
    path.chmod(0o600)
    checkpoint.write_bytes(b"an old one, for all to read")
    checkpoint.chmod(0o644)
    victim.write_bytes(b"precious")
    for name in ("events.jsonl.new", "checkpoint.json.new"):
        (tmp_path / name).symlink_to(victim)
    with EventLog.open(str(path)) as log:
        log.append(KIND, "secret")
        log.save_checkpoint(Texts(), ["secret"])
        with monkeypatch.context() as patched:
            patched.setattr(RealFiles, "sync", refuse)
            with pytest.raises(LogPoisonedError):
                log.append(KIND)
        modes = []
        rename = RealFiles.rename

        def look(files: RealFiles, source: str, target: str, **options: bool) -> None:
            modes.append(Path(source).stat().st_mode & 0o777)
            rename(files, source, target, **options)

        monkeypatch.setattr(RealFiles, "rename", look)
        log.reopen()
    (tmp_path / "events.head").unlink()
    os.truncate(path, path.stat().st_size - 10)
    EventLog.open(str(path)).close()
    assert modes == [0o600, 0o600], "the copy of the log, and the torn tail"
    secret = [each for each in tmp_path.rglob("*") if each.is_file() and b"secret" in each.read_bytes()]
    assert {each.name.rsplit(".", 1)[-1] for each in secret} == {"json", "torn"}
    assert {each.stat().st_mode & 0o077 for each in secret} == {0}
    assert victim.read_bytes() == b"precious"


def refuse(_files: RealFiles, _handle: int) -> None:
    raise OSError(errno.EIO, "no")


def test_a_torn_tail_is_moved_in_pieces_however_large_it_is(disk: SimulatedDisk) -> None:
    with open_log(disk) as log:
        log.append(KIND, "a")
    disk = SimulatedDisk({LOG: disk.contents()[LOG] + b"\0" * (20 * READ_SIZE)})
    log = open_log(disk)
    assert log.read_only is None
    pieces = [
        operation.details[0] for operation in disk.trace if operation.name == "append" and "torn" in operation.path
    ]
    assert {len(piece) for piece in pieces if isinstance(piece, bytes)} == {READ_SIZE}
    (recovered,) = [entry for entry in log.read() if entry.type == "log.recovered"]
    assert recovered.data["kept"][0]["bytes"] == 20 * READ_SIZE


def test_a_quarantine_that_cannot_be_read_stops_no_clean_log(disk: SimulatedDisk) -> None:
    with open_log(disk) as log:
        log.append(KIND, "a")
    disk.faults = lambda _number, operation: Fault(errno=errno.EACCES) if operation.name == "list_dir" else None
    assert texts(open_log(disk).read()) == ["a"]


HOLD = """
import sys
from eventlog import EventLog
log = EventLog.open(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""


def test_another_process_holds_the_lock_until_it_is_killed(tmp_path: Path) -> None:
    path = f"{tmp_path}/events.jsonl"
    with subprocess.Popen([sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        with pytest.raises(LogLockedError, match=f"pid {process.pid} on"):
            EventLog.open(path)
        assert has_writer(RealFiles(), path)
        process.kill()
        process.wait()
    assert not has_writer(RealFiles(), path)
    EventLog.open(path).close()


def told(_files: RealFiles, answer: bool | None, _path: str) -> bool | None:  # noqa: FBT001 - what is told
    return answer


def test_a_lock_is_believed_only_of_a_process_that_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list of locks goes by inode; another disk may have a lock on the same number."""
    path = f"{tmp_path}/events.jsonl"
    here = socket.gethostname()
    answers: dict[tuple[str, bool | None], bool] = {
        (f"pid {os.getpid()} on {here}", True): True,
        (f"pid {os.getpid()} on {here}", None): True,
        (f"pid {os.getpid()} on {here}", False): False,
        (f"pid 999999999 on {here}", True): False,
        (f"pid 999999999 on {here}", None): False,
        ("pid 1 on elsewhere", True): True,
        ("pid 1 on elsewhere", None): False,
        (f"pid 1 on {here}", True): True,
        ("", True): True,
    }
    for (note, locked), expected in answers.items():
        (tmp_path / "events.lock").write_text(note)
        monkeypatch.setattr(RealFiles, "is_locked", partialmethod(told, locked))
        assert has_writer(RealFiles(), path) is expected, (note, locked)
