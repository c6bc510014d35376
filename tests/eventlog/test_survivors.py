"""Small promises, each of which a change of one line once broke without a test that noticed.

Law: a test here fails if its line is changed back.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from eventlog import AppendError, Entry, Event, EventLog, EventLogError, LogPoisonedError, read, verify
from eventlog.errors import InvalidEventError, LogDamagedError, LogReplacedError
from eventlog.files import RealFiles
from eventlog.lock import CLOSED
from eventlog.projection import fold
from eventlog.reading import survey
from eventlog.recent import RecentIds
from eventlog.recovery import State
from eventlog.repair import plan_repair, salvage
from tests.crash.promises import KIND, LOG, crash_next, fail_next, open_log, texts, unkindest
from tests.crash_images import kindest
from tests.eventlog.test_log import EIO, ENOSPC, Texts, poison
from tests.simulated_disk import Fault, Operation, SimulatedCrash, SimulatedDisk

if TYPE_CHECKING:
    from collections.abc import Callable
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


def opened_again(disk: SimulatedDisk, log: EventLog) -> EventLog:
    log.close()
    return open_log(disk)


def appended(_disk: SimulatedDisk, log: EventLog) -> EventLog:
    log.append(KIND, "a")
    return log


def undone(disk: SimulatedDisk, log: EventLog) -> EventLog:
    fail_next(disk, "append", Fault(errno=errno.ENOSPC, through=100))
    with pytest.raises(AppendError):
        log.append(KIND, "refused")
    return log


def reopened(disk: SimulatedDisk, log: EventLog) -> EventLog:
    poison(disk, log)
    log.reopen()
    return log


@pytest.mark.parametrize("before", [opened_again, appended, undone, reopened])
def test_not_even_one_byte_of_somebody_else_is_taken_for_ones_own(
    disk: SimulatedDisk, log: EventLog, before: Callable[[SimulatedDisk, EventLog], EventLog]
) -> None:
    log = before(disk, log)
    other = disk.process()
    other.append(other.open(LOG, "append"), b"x")
    with pytest.raises(LogPoisonedError, match="somebody else writes to it"):
        log.append(KIND, "b")
    with pytest.raises(LogReplacedError, match="somebody else writes to it"):
        log.reopen()
    assert disk.contents()[LOG].endswith(b"\nx")


def test_a_handle_that_came_to_be_another_file_is_noticed_before_anything_is_written_to_it(tmp_path: Path) -> None:
    handles: list[int] = []

    class Watched(RealFiles):
        def append(self, handle: int, data: bytes) -> int:
            handles.append(handle)
            return super().append(handle, data)

    log = EventLog.open(tmp_path / "events.jsonl", files=Watched())
    with (tmp_path / "other").open("w+b", buffering=0) as other:
        os.dup2(other.fileno(), handles[-1])  # as after a handle that somebody closed twice
        other.write((tmp_path / "events.jsonl").read_bytes())
        before = other.tell()
        with pytest.raises(LogPoisonedError, match="moved, removed or replaced"):
            log.append(KIND, "a")
        assert other.seek(0, os.SEEK_END) == before
    log.close()


def test_a_refusal_ends_with_what_the_disk_said(disk: SimulatedDisk, log: EventLog) -> None:
    fail_next(disk, "stat", EIO)
    with pytest.raises(AppendError, match=f"^{LOG}: nothing was appended: Input/output error$"):
        log.append(KIND, "a")

    def strike(_number: int, operation: Operation) -> Fault | None:
        if operation.name == "append":
            raise OSError("no number, only words")
        return None

    disk.faults = strike
    with pytest.raises(AppendError, match=f"^{LOG}: nothing was appended: no number, only words$"):
        log.append(KIND, "a")


def test_a_head_that_cannot_be_looked_at_stops_no_close(disk: SimulatedDisk, log: EventLog) -> None:
    log.append(KIND, "a")
    disk.faults = lambda _number, operation: EIO if (operation.name, operation.path) == ("stat", HEAD) else None
    log.close()
    assert texts(open_log(disk).read()) == ["a"]


# copies


def test_a_log_of_many_pieces_is_copied_whole_and_in_pieces_of_some_size(
    disk: SimulatedDisk, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventlog.opening._COPY_SIZE", 400)
    for said in "abcdefghi":
        log.append(KIND, said)
    before = disk.contents()[LOG]
    poison(disk, log)
    since = len(disk.trace)
    log.reopen()
    assert disk.contents()[LOG] == before
    written = [one.details[0] for one in disk.trace[since:] if one.name == "append"]
    pieces = [piece for piece in written if isinstance(piece, bytes)]
    assert len(pieces) > 2
    assert {len(piece) > 400 for piece in pieces[:-1]} == {True}
    assert max(map(len, pieces)) <= 400 + max(map(len, before.splitlines(keepends=True)))


def test_a_copy_stops_at_the_line_that_no_longer_verifies_and_names_it(disk: SimulatedDisk, log: EventLog) -> None:
    for said in "abc":
        log.append(KIND, said)
    place = list(log.read())[2].offset
    poison(disk, log)
    handle = disk.open(LOG, "overwrite")
    disk.write_at(handle, place + 60, b"!")
    with pytest.raises(LogDamagedError) as refused:
        log.reopen()
    assert str(refused.value) == (
        f"{LOG}: line 3, byte {place}, seq 2: it does not verify, but all up to seq 3 did; nothing was changed; look at"
        f" it with: python -m eventlog verify {LOG}"
    )


def test_a_copy_that_fails_leaves_no_handle_and_says_the_first_that_failed(disk: SimulatedDisk, log: EventLog) -> None:
    log.append(KIND, "a")
    poison(disk, log)
    handles, renamed = len(disk._handles), []  # noqa: SLF001 - the simulated disk's, to count what leaks

    def strike(_number: int, operation: Operation) -> Fault | None:
        renamed.extend([True] if operation.name == "rename" else [])
        return EIO if operation.name == "remove" and renamed else ENOSPC if operation.name == "rename" else None

    disk.faults = strike
    with pytest.raises(OSError, match="No space left"):
        log.reopen()
    assert len(disk._handles) == handles  # noqa: SLF001 - the same


def test_a_log_that_is_copied_while_it_is_opened_has_one_handle_for_it(disk: SimulatedDisk, log: EventLog) -> None:
    log.append(KIND, "a")
    log.close()
    fail_next(disk, "sync", EIO)
    log = open_log(disk)
    held = [each.path for each in disk._handles.values()]  # noqa: SLF001 - the simulated disk's, to count what leaks
    assert sum(path.startswith(LOG) for path in held) == 1


def test_a_file_that_appears_in_the_place_of_the_copy_is_not_written_to(disk: SimulatedDisk, log: EventLog) -> None:
    log.append(KIND, "a")
    poison(disk, log)
    other = disk.process()

    def strike(_number: int, operation: Operation) -> None:
        if (operation.name, operation.path) == ("open", f"{LOG}.new"):
            other.append(other.open(f"{LOG}.new", "append", create=True), b"theirs")

    disk.faults = strike
    with pytest.raises(FileExistsError):
        log.reopen()
    assert disk.contents()[f"{LOG}.new"] == b"theirs"


def test_a_log_that_must_be_copied_is_read_from_its_beginning_whatever_checkpoint_it_has() -> None:
    for has_drop_cache in (True, False):
        disk = SimulatedDisk(folders=["/d"], has_drop_cache=has_drop_cache)
        log = open_log(disk)
        log.append(KIND, "a")
        log.save_checkpoint(Texts(), log.fold(Texts()))
        log = open_log(disk.kill())
        assert log.checkpoint_seq == (1 if has_drop_cache else -1)


# openings


def test_a_log_that_cannot_be_repaired_shows_all_that_is_on_disk_and_its_name(
    disk: SimulatedDisk, log: EventLog
) -> None:
    log.append(KIND, "a")
    before = log.id
    crash_next(disk, "sync")
    with pytest.raises(SimulatedCrash):
        log.append_many([Event(type=KIND, data="whole"), Event(type=KIND, data="torn")])
    disk = disk.image(kindest)
    disk.cut(LOG, len(disk.contents()[LOG]) - 5)
    disk.faults = lambda _number, operation: EIO if operation.name == "make_dir" else None
    log = open_log(disk)
    assert log.read_only is not None
    assert (texts(log.read()), log.id) == (["a", "whole"], before)


def test_a_torn_tail_that_cannot_be_cut_is_left_behind_with_the_old_file(disk: SimulatedDisk, log: EventLog) -> None:
    log.append(KIND, "a")
    log.close()
    disk = SimulatedDisk({LOG: disk.contents()[LOG] + b'{"seq":2', HEAD: disk.contents()[HEAD]})
    fail_next(disk, "truncate", EIO)
    log = open_log(disk)
    log.append(KIND, "b")
    assert texts(open_log(disk.image(unkindest)).read()) == ["a", "b"]


def test_what_was_cut_is_told_with_its_place_its_size_and_its_sum(disk: SimulatedDisk, log: EventLog) -> None:
    log.append(KIND, "a")
    log.close()
    tail, at = b'{"seq":2', len(disk.contents()[LOG])
    log = open_log(SimulatedDisk({LOG: disk.contents()[LOG] + tail, HEAD: disk.contents()[HEAD]}))
    (recovered,) = [entry for entry in log.read() if entry.type == "log.recovered"]
    digest = hashlib.sha256(tail).hexdigest()
    path = f"quarantine/events.jsonl.{at}.{digest[:8]}.torn"
    kept = {"path": path, "offset": at, "bytes": len(tail), "sha256": digest}
    assert recovered.data == {"reason": "it has no end", "kept": [kept]}


def test_a_torn_creation_is_told_of_once_even_if_the_opening_that_cut_it_was_interrupted(
    disk: SimulatedDisk, log: EventLog
) -> None:
    log.close()
    created = disk.contents()[LOG]
    cut_off = SimulatedDisk({LOG: created[:-5]})
    log = open_log(cut_off)
    (quarantined,) = (path for path in cut_off.contents() if path.endswith(".torn"))
    interrupted = SimulatedDisk({LOG: created, quarantined: created[:-5]})
    for place, reason in ((cut_off, "it has no end"), (interrupted, "the opening that cut it was interrupted")):
        for _ in range(2):
            log.close()
            log = open_log(place)
            (told,) = [entry.data for entry in log.read() if entry.type == "log.recovered"]
            digest = hashlib.sha256(created[:-5]).hexdigest()
            kept = {"path": quarantined.removeprefix("/d/"), "offset": 0, "bytes": len(created) - 5, "sha256": digest}
            assert told == {"reason": reason, "kept": [kept]}


@pytest.mark.parametrize(("lines", "advice"), [(2, ""), (1, ""), (0, "; put the log back, or, to begin a new one,")])
def test_only_where_no_line_is_left_one_is_told_how_to_begin_anew(
    disk: SimulatedDisk, log: EventLog, lines: int, advice: str
) -> None:
    for said in "ab":
        log.append(KIND, said)
    log.close()
    whole = disk.contents()
    kept = b"".join(whole[LOG].splitlines(keepends=True)[:lines])
    told = str(open_log(SimulatedDisk({LOG: kept, HEAD: whole[HEAD]})).read_only)
    assert told.partition(f"look at it with: python -m eventlog verify {LOG}")[2].startswith(advice)
    assert told.endswith(LOG) is not bool(advice)


def test_damage_is_told_with_the_way_to_look_at_it_and_no_advice_to_begin_anew(
    disk: SimulatedDisk, log: EventLog
) -> None:
    log.append(KIND, "a")
    log.close()
    disk = settled(disk)
    disk.bit_flip(LOG, 60 * 8)
    assert str(open_log(disk).read_only).endswith(f"; look at it with: python -m eventlog verify {LOG}")


def test_a_log_is_begun_once(disk: SimulatedDisk, log: EventLog) -> None:
    before = log.id
    for _ in range(2):
        log.close()
        log = EventLog.open(LOG, files=disk)
        assert ([entry.seq for entry in log.read()], log.id) == ([0], before)


def test_an_opening_that_failed_does_not_say_that_its_log_was_closed_well() -> None:
    disk = SimulatedDisk(folders=["/d"], has_drop_cache=False)
    fail_next(disk, "append", ENOSPC)
    with pytest.raises(AppendError):
        open_log(disk)
    assert disk.contents()["/d/events.lock"] != CLOSED


# ids and the clock


def test_two_ids_that_were_made_and_are_equal_drop_no_line() -> None:
    log = EventLog.open(LOG, files=SimulatedDisk(folders=["/d"]), time_ns=lambda: 10**18, randomness=bytes)
    assert [entry.seq for entry in log.append_many([Event(type=KIND, data="a"), Event(type=KIND, data="b")])] == [1, 2]
    assert texts(log.read()) == ["a", "b"]


def test_a_clock_that_runs_beyond_all_times_is_an_error_in_words(disk: SimulatedDisk) -> None:
    with pytest.raises(InvalidEventError, match="the clock says"):
        EventLog.open(LOG, files=disk, time_ns=lambda: 10**21)
    open_log(disk).close()


def test_an_event_keeps_the_time_it_brings_and_one_that_is_made_is_never_ahead_of_the_clock(
    disk: SimulatedDisk,
) -> None:
    with EventLog.open(LOG, files=disk, time_ns=lambda: 1_700_000_000_123_456_999, randomness=bytes) as log:
        there = "2020-01-01T00:00:00Z"
        brought, made = log.append_many([Event(type=KIND, id="a", time=there, v=3), Event(type=KIND, id="b")])
    assert (brought.time, made.time) == (there, "2023-11-14T22:13:20.123456Z")
    assert (brought.v, made.v) == (3, 1)


def test_ids_that_are_made_are_of_the_length_and_version_that_others_expect(disk: SimulatedDisk) -> None:
    with EventLog.open(LOG, files=disk) as log:
        for made in (log.id, log.append(KIND).id):
            assert (str(uuid.UUID(made)), uuid.UUID(made).version) == (made, 7)


def test_an_id_beyond_the_acknowledged_end_is_not_known(disk: SimulatedDisk, log: EventLog) -> None:
    log.append(KIND, "a", id="a")
    end = log.position
    log.append(KIND, "b", id="b")
    handle = disk.open(LOG, "read")
    known = RecentIds(disk, handle, end)
    found = [known.find(each, disk, handle) for each in "ab"]
    assert (found[0] is not None, found[1], known.end) == (True, None, end)


def test_an_entry_has_the_subject_and_the_meta_it_was_appended_with(log: EventLog) -> None:
    entry = log.append(KIND, "a", subject="s", meta={"m": 1})
    assert (entry.subject, entry.meta, list(log.read())[-1]) == ("s", {"m": 1}, entry)


def test_what_is_read_after_a_seq_begins_with_the_next(log: EventLog) -> None:
    for said in "abc":
        log.append(KIND, said)
    assert [entry.seq for entry in log.read(after=1)] == [2, 3]


def test_ids_that_cannot_be_read_refuse_an_append_in_words(disk: SimulatedDisk, log: EventLog) -> None:
    fail_next(disk, "read_at", EIO)
    with pytest.raises(AppendError, match=f"^{LOG}: nothing was appended, the ids could not be read: .*Input/output"):
        log.append(KIND, "a", id="a")


@pytest.mark.parametrize("wrong", [(-1, 10), (0, 0), (0, 10**9), (10**9, 1), (1, 50)])
def test_a_place_where_no_entry_stands_is_an_error(log: EventLog, wrong: tuple[int, int]) -> None:
    offset, size = wrong
    told = f"^{LOG}: no entry of {size} bytes stands at byte {offset}; run verify on it$"
    with pytest.raises(EventLogError, match=told):
        log.entry_at(offset, size)
    last = log.append(KIND, "a")
    assert log.entry_at(last.offset, last.size) == last


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
    assert log.checkpoint_seq == 2
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
