"""Small promises, each of which a change of one line once broke without a test that noticed.

Law: a test here fails if its line is changed back.
"""

from __future__ import annotations

import errno
import fcntl
from typing import TYPE_CHECKING, Any

import pytest

from eventlog import AppendError, Entry, Event, EventLog, EventLogError, LogPoisonedError, read, verify
from eventlog.errors import InvalidEventError, LogDamagedError, LogReplacedError
from eventlog.files import RealFiles
from eventlog.projection import fold
from eventlog.reading import survey
from eventlog.recent import RecentIds
from eventlog.recovery import State
from eventlog.repair import plan_repair, salvage
from tests.crash.promises import KIND, LOG, crash_next, fail_next, open_log, texts, unkindest
from tests.crash_images import kindest
from tests.eventlog.test_log import EIO, Texts, poison
from tests.simulated_disk import Fault, Operation, SimulatedCrash, SimulatedDisk

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "/d/events.head"


@pytest.fixture
def disk() -> SimulatedDisk:
    return SimulatedDisk(folders=["/d"])


@pytest.fixture
def log(disk: SimulatedDisk) -> EventLog:
    return open_log(disk)


def settled(disk: SimulatedDisk) -> SimulatedDisk:
    return disk.image(kindest)


# failed writes


@pytest.mark.parametrize(
    "pick", [lambda _count: 0, unkindest, lambda count: int(count == 2)], ids=["all", "none", "cut"]
)
def test_no_power_cut_brings_back_a_line_that_was_refused(disk: SimulatedDisk, log: EventLog, pick: Any) -> None:
    """More than one line of the batch had passed before the disk was full."""
    log.append(KIND, "a")
    fail_next(disk, "append", Fault(errno=errno.ENOSPC, through=450))
    with pytest.raises(AppendError):
        log.append_many([Event(type=KIND, data="refused 1"), Event(type=KIND, data="refused 2")])
    assert texts(open_log(disk.image(pick)).read()) == ["a"]


def test_after_a_reopen_only_acknowledged_bytes_are_ones_own(disk: SimulatedDisk, log: EventLog) -> None:
    log.append(KIND, "a")
    poison(disk, log)
    log.reopen()
    other = disk.process()
    other.append(other.open(LOG, "append"), b"theirs")
    with pytest.raises(LogPoisonedError, match="somebody else writes to it"):
        log.append(KIND, "b")
    with pytest.raises(LogReplacedError):
        log.reopen()


def test_what_a_crash_in_a_reopen_left_is_removed_by_the_next_opening(disk: SimulatedDisk, log: EventLog) -> None:
    log.append(KIND, "x" * 1000)
    poison(disk, log)
    crash_next(disk, "sync")
    with pytest.raises(SimulatedCrash):
        log.reopen()
    left = disk.kill()
    assert any(path.endswith(".new") for path in left.contents())
    open_log(left).close()
    assert not [path for path in left.contents() if path.endswith(".new")]


# ids and the clock


def test_two_ids_that_were_made_and_are_equal_drop_no_line() -> None:
    log = EventLog.open(LOG, files=SimulatedDisk(folders=["/d"]), time_ns=lambda: 10**18, randomness=bytes)
    assert [entry.seq for entry in log.append_many([Event(type=KIND, data="a"), Event(type=KIND, data="b")])] == [1, 2]
    assert texts(log.read()) == ["a", "b"]


def test_a_clock_that_runs_beyond_all_times_is_an_error_in_words(disk: SimulatedDisk) -> None:
    with pytest.raises(InvalidEventError, match="the clock says"):
        EventLog.open(LOG, files=disk, time_ns=lambda: 10**21)
    open_log(disk).close()


def test_an_id_beyond_the_acknowledged_end_is_not_known(disk: SimulatedDisk, log: EventLog) -> None:
    log.append(KIND, "a", id="a")
    end = log.position
    log.append(KIND, "b", id="b")
    known = RecentIds(disk, disk.open(LOG, "read"), end)
    assert (known.find("a") is not None, known.find("b"), known.end) == (True, None, end)


# folds


class Last:
    """The last content, which may be nothing."""

    name, version = "last", 1

    def initial(self) -> Any:
        return "nothing yet"

    def apply(self, _state: Any, entry: Entry) -> Any:
        return entry.data

    def save(self, state: Any) -> Any:
        return state

    def load(self, saved: Any) -> Any:
        return saved


def test_a_state_may_be_none(log: EventLog) -> None:
    log.append(KIND, "x")
    log.append(KIND, None)
    log.save_checkpoint(Last(), log.fold(Last()))
    assert log.fold(Last()) is None
    assert fold(Last(), [], fold(Last(), log.read())) is None


class Unloadable(Texts):
    """Cannot load what it saved."""

    def load(self, saved: list[Any]) -> list[Any]:
        raise KeyError(saved)


def test_a_checkpoint_that_cannot_be_loaded_stops_no_fold(disk: SimulatedDisk, log: EventLog) -> None:
    log.append(KIND, "a")
    log.save_checkpoint(Unloadable(), log.fold(Unloadable()))
    assert log.fold(Unloadable()) == ["a"]
    log.close()
    log = EventLog.open(LOG, files=disk, projection=Unloadable())
    assert log.fold(Unloadable()) == ["a"]


def test_the_head_is_compared_where_a_scan_begins(disk: SimulatedDisk, log: EventLog) -> None:
    """A scan from a checkpoint does not meet the line that the head names, if the checkpoint ends with it."""
    log.append(KIND, "a")
    end = log.position
    log.close()
    for position, expected in (
        (end, State.CLEAN),
        (type(end)(seq=end.seq, offset=end.offset, sum="1" * 32), State.BEHIND),
    ):
        assert survey(disk, LOG, disk.open(LOG, "read"), position).state is expected


# salvage


def test_a_salvage_that_reads_back_otherwise_gets_no_name(disk: SimulatedDisk) -> None:
    with open_log(disk) as log:
        for said in "abc":
            log.append(KIND, said)
        places = [entry.offset for entry in log.read()]
    disk = settled(disk)
    disk.bit_flip(LOG, (places[2] + 60) * 8)
    read_at = disk.read_at

    def lies(handle: int, offset: int, size: int) -> bytes:
        data = read_at(handle, offset, size)
        return data.replace(b'"c"', b'"C"') if disk.trace[-1].path.endswith(".new") else data

    disk.read_at = lies  # type: ignore[method-assign]
    with pytest.raises(EventLogError, match="does not verify; is the disk well"):
        salvage(LOG, files=disk)
    assert "/d/events.salvaged.jsonl" not in disk.contents()
    assert plan_repair(LOG, files=disk).plan is not None


# beside a living writer


def test_rot_in_a_whole_line_is_never_called_a_line_being_written(disk: SimulatedDisk, log: EventLog) -> None:
    for said in "abc":
        log.append(KIND, said)
    places = [entry.offset for entry in log.read()]
    content = disk.contents()[LOG]
    handle = disk.open(LOG, "overwrite")
    disk.write_at(handle, places[-1] + 60, bytes((content[places[-1] + 60] ^ 1,)))
    reader = disk.process()
    assert (verify(LOG, files=reader).state, verify(LOG, files=reader).being_written) == (State.CORRUPT, False)
    disk.remove(HEAD)
    assert (verify(LOG, files=reader).state, verify(LOG, files=reader).being_written) == (State.TORN, False)
    disk.write_at(handle, places[1] + 60, bytes((content[places[1] + 60] ^ 1,)))
    assert (verify(LOG, files=reader).state, verify(LOG, files=reader).being_written) == (State.CORRUPT, False)


# the page cache


def test_a_log_that_was_closed_well_is_not_copied_where_pages_cannot_be_dropped() -> None:
    disk = SimulatedDisk(folders=["/d"], has_drop_cache=False)
    open_log(disk).close()
    since = len(disk.trace)
    open_log(disk).close()
    assert "rename" not in [operation.name for operation in disk.trace[since:]]


def test_a_sync_reaches_the_disk_itself_where_the_system_has_such_a_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(fcntl, "F_FULLFSYNC", 51, raising=False)
    monkeypatch.setattr(fcntl, "fcntl", lambda handle, verb: asked.append((handle, verb)))
    files = RealFiles()
    handle = files.open(f"{tmp_path}/a", "append", create=True)
    files.sync(handle)
    files.close(handle)
    assert asked == [(handle, 51)]


# names


def test_a_log_can_be_named_by_a_path_object(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "events.jsonl") as log:
        log.append(KIND, "a")
    assert texts(read(tmp_path / "events.jsonl")) == ["a"]
    assert verify(tmp_path / "events.jsonl").state is State.CLEAN


def test_a_reading_is_of_the_log_that_its_path_named_when_it_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with EventLog.open("events.jsonl") as log:
        log.append(KIND, "a")
        entries = read("events.jsonl")
        monkeypatch.chdir("/")
        assert texts(entries) == ["a"]


def test_where_the_log_is_gone_and_its_head_is_left_the_error_says_what_to_do(disk: SimulatedDisk) -> None:
    with open_log(disk) as log:
        log.append(KIND, "a")
    disk.remove(LOG)
    log = open_log(disk)
    assert isinstance(log.read_only, LogDamagedError)
    assert "put the log back, or, to begin a new one, move events.head away" in str(log.read_only)
    log.close()
    disk.rename(HEAD, "/d/elsewhere")
    disk.remove(LOG)
    open_log(disk).append(KIND, "new")


def test_a_head_that_was_removed_beside_a_writer_is_there_again_when_it_closes(
    disk: SimulatedDisk, log: EventLog
) -> None:
    log.append(KIND, "a")
    disk.remove(HEAD)
    log.append(KIND, "b")
    log.close()
    assert texts(read(LOG, files=disk)) == ["a", "b"]
    head = verify(LOG, files=disk).head
    assert head is not None
    assert head.position.seq == 2


def test_an_interrupted_sync_is_no_acknowledgement(disk: SimulatedDisk, log: EventLog) -> None:
    def strike(_number: int, operation: Operation) -> Fault | None:
        return EIO if operation.name == "sync" else None

    disk.faults = strike
    with pytest.raises(LogPoisonedError):
        log.append(KIND, "a")
    assert texts(log.read()) == []
