"""Readers: no lock, no byte changed, and what was shown once as confirmed is there for ever.

Law: a reader looks at every single operation of the writer, and then the power is cut at that very operation.
"""

from __future__ import annotations

import errno
import itertools
from typing import TYPE_CHECKING, Any

import pytest

from eventlog import Event, EventLog, LogDamagedError, LogPoisonedError, read, verify
from eventlog.entry import START, encode, seal
from eventlog.errors import AppendError, LogReplacedError, NewerFormatError
from eventlog.files import RealFiles
from eventlog.head import Head, encode_head
from eventlog.reading import log_id_of
from eventlog.recovery import State
from eventlog.tool.walk import Selection, Walk
from tests.crash.promises import KIND, LOG, Book, Explorer, expect_kept, fail_next, open_log, texts, unkindest
from tests.crash_images import few_tears
from tests.simulated_disk import Fault, Operation, SimulatedDisk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from eventlog import Entry
    from eventlog.files import FileStat, Mode

HEAD = "/d/events.head"


@pytest.fixture
def disk() -> SimulatedDisk:
    return SimulatedDisk(folders=["/d"])


@pytest.fixture
def log(disk: SimulatedDisk) -> EventLog:
    return open_log(disk)


def shown(disk: SimulatedDisk, **options: Any) -> list[Any]:
    return texts(read(LOG, files=disk.process(), **options))


def work(disk: SimulatedDisk, book: Book) -> None:
    """A creation, commits, an undone write, a failed sync, a reopen, a close."""
    log = book.open(disk)
    look = disk.faults
    book.append(log, "a")
    book.append(log, "b", "c")
    for verb, fault in (("append", Fault(errno=errno.ENOSPC, through=200)), ("sync", Fault(errno=errno.EIO))):
        disk.faults = beside(look, verb, fault)
        with pytest.raises((AppendError, LogPoisonedError)):
            book.append(log, "refused", "too")
        disk.faults = look
    book.reopen(log)
    book.append(log, "d")
    log.close()


def beside(look: Any, verb: str, fault: Fault) -> Callable[[int, Operation], Fault | None]:
    struck: list[int] = []

    def strike(number: int, operation: Operation) -> Fault | None:
        look(number, operation)
        if operation.name == verb and not struck:
            struck.append(number)
            return fault
        return None

    return strike


def test_what_a_reader_was_shown_beside_a_writer_survives_every_crash(disk: SimulatedDisk) -> None:
    shown_most: list[int] = []

    def watched(disk: SimulatedDisk, book: Book) -> None:
        def look(_number: int, _operation: Operation) -> None:
            if LOG not in disk.contents():
                return
            seen = shown(disk)
            if len(seen) > len(book.kept):  # on disk, and not yet acknowledged to the writer
                submitted = book.kept + book.doubtful
                book.kept, book.doubtful = submitted[: len(seen)], submitted[len(seen) :]
            assert seen == book.kept[: len(seen)]
            shown_most.append(len(seen))

        disk.faults = look
        work(disk, Told(book))

    class Told(Book):
        """Keeps the reader's promises in the same book."""

        def __init__(self, book: Book) -> None:
            self.book, self.ahead = book, book.ahead

        kept = property(lambda self: self.book.kept, lambda self, kept: setattr(self.book, "kept", kept))
        doubtful = property(lambda self: self.book.doubtful, lambda self, said: setattr(self.book, "doubtful", said))

    explorer = Explorer(few_tears)
    explorer.explore(disk, watched, lambda image, book: expect_kept(image, book).close(), Book())
    assert max(shown_most) == 4
    assert len(explorer.states) > 100


class Interleaved:
    """A reader's disk on which something happens before each of its operations, once."""

    def __init__(self, disk: SimulatedDisk, at: int, happens: Callable[[], object]) -> None:
        self._disk, self._at, self._happens = disk.process(), at, happens
        self.operations = 0

    def _step(self) -> None:
        if self.operations == self._at:
            self._happens()
        self.operations += 1

    def open(self, path: str, mode: Mode, *, create: bool = False) -> int:
        self._step()
        return self._disk.open(path, mode, create=create)

    def read_at(self, handle: int, offset: int, size: int) -> bytes:
        self._step()
        return self._disk.read_at(handle, offset, min(size, 300))  # a line comes in several pieces

    def stat(self, target: str | int) -> FileStat | None:
        self._step()
        return self._disk.stat(target)

    def close(self, handle: int) -> None:
        self._disk.close(handle)

    def is_locked(self, path: str) -> bool:
        return self._disk.is_locked(path)


def undo_and_write_others(disk: SimulatedDisk, log: EventLog) -> Iterator[None]:
    """Leave half a batch in the file, then undo it and acknowledge other lines in its place."""
    undone: list[Callable[[], object]] = []

    def strike(_number: int, operation: Operation) -> Fault | None:
        if operation.name == "append":
            return Fault(errno=errno.ENOSPC, through=700)
        if operation.name == "truncate" and not undone:
            undone.append(lambda: None)
            raise KeyboardInterrupt
        return None

    disk.faults = strike
    with pytest.raises(KeyboardInterrupt):
        log.append_many([Event(type=KIND, data=f"refused {at}" + "x" * at) for at in range(3)])
    disk.faults = {}
    yield
    handle = disk.open(LOG, "append")
    disk.truncate(handle, log.position.offset)
    disk.sync(handle)
    disk.close(handle)
    log._writer.poisoned = None  # noqa: SLF001 - as if the interrupted undoing had gone on
    for at in range(4):
        log.append(KIND, f"b{at}")
    yield


def reopen_and_append(disk: SimulatedDisk, log: EventLog) -> Iterator[None]:
    """Leave a refused batch in the old file, then acknowledge other lines under the same numbers in a new one."""
    fail_next(disk, "sync", Fault(errno=errno.EIO))
    with pytest.raises(LogPoisonedError):
        log.append_many([Event(type=KIND, data=f"refused {at}") for at in range(3)])
    yield
    log.reopen()
    for at in range(4):
        log.append(KIND, f"b{at}")
    yield


@pytest.mark.parametrize("story", [undo_and_write_others, reopen_and_append])
@pytest.mark.parametrize("with_head", [True, False], ids=["head", "no head"])
def test_a_reader_in_the_middle_of_a_read_is_shown_only_acknowledged_entries_and_no_false_damage(
    story: Callable[[SimulatedDisk, EventLog], Iterator[None]],
    with_head: bool,  # noqa: FBT001 - a parameter
) -> None:
    for what in (lambda files: texts(read(LOG, files=files)), lambda files: verify(LOG, files=files).state):
        for at in itertools.count():
            disk = SimulatedDisk(folders=["/d"])
            log = open_log(disk)
            log.append(KIND, "a")
            if not with_head:
                disk.remove(HEAD)
            told = story(disk, log)
            next(told)
            files: Any = Interleaved(disk, at, lambda told=told: next(told))  # type: ignore[misc]
            result = what(files)
            if isinstance(result, State):
                assert result is State.CLEAN
            else:
                assert result == ["a", "b0", "b1", "b2", "b3"][: len(result)]
            if files.operations <= at:
                break


@pytest.mark.parametrize("story", [undo_and_write_others, reopen_and_append])
def test_the_tool_calls_no_refused_entry_confirmed_whenever_the_writer_goes_on(
    story: Callable[[SimulatedDisk, EventLog], Iterator[None]],
) -> None:
    for at in itertools.count():
        disk = SimulatedDisk(folders=["/d"])
        log = open_log(disk)
        log.append(KIND, "a")
        told = story(disk, log)
        next(told)
        files: Any = Interleaved(disk, at, lambda told=told: next(told))  # type: ignore[misc]
        walk = Walk(files, LOG, files.open(LOG, "read"), Selection())
        confirmed = texts(entry for entry, confirmed in walk.forward() if confirmed)
        assert confirmed == ["a", "b0", "b1", "b2", "b3"][: len(confirmed)]
        if files.operations <= at:
            break


def test_readers_take_no_lock_and_change_no_byte(disk: SimulatedDisk, log: EventLog) -> None:
    log.append(KIND, "a")
    reader = disk.process()
    list(read(LOG, files=reader))
    verify(LOG, files=reader)
    assert {operation.name for operation in reader.trace} <= {"open", "read_at", "close", "stat", "is_locked"}
    assert {operation.details[0] for operation in reader.trace if operation.name == "open"} == {"read"}
    before = disk.contents()
    log.close()
    assert shown(disk) == ["a"]
    assert {path: data for path, data in disk.contents().items() if path != "/d/events.lock"} == {
        path: data for path, data in before.items() if path != "/d/events.lock"
    }


def test_without_a_head_the_last_batch_waits_for_the_next_one(disk: SimulatedDisk, log: EventLog) -> None:
    log.append(KIND, "a")
    log.append_many([Event(type=KIND, data="b"), Event(type=KIND, data="c")])
    assert shown(disk) == ["a", "b", "c"]
    disk.remove(HEAD)
    assert shown(disk) == ["a"]
    assert shown(disk, unconfirmed=True) == ["a", "b", "c"]
    log.append(KIND, "d")
    assert shown(disk) == ["a", "b", "c"]


@pytest.mark.parametrize("head", [b"", b"x", b"\0" * 188], ids=["empty", "other", "zeros"])
def test_a_head_that_cannot_be_read_counts_as_absent(disk: SimulatedDisk, log: EventLog, head: bytes) -> None:
    log.append(KIND, "a")
    log.append(KIND, "b")
    log.close()
    files = disk.contents() | {HEAD: head}
    assert shown(SimulatedDisk(files)) == ["a"]
    again = open_log(SimulatedDisk(files))
    assert (again.read_only, texts(again.read())) == (None, ["a", "b"])


def test_the_head_of_another_log_vouches_for_nothing(disk: SimulatedDisk, log: EventLog) -> None:
    for said in "abc":
        log.append(KIND, said)
    other = SimulatedDisk(folders=["/d"])
    with EventLog.open(LOG, files=other) as created:
        created.append(KIND, "other")
    mixed = SimulatedDisk(other.contents() | {HEAD: disk.contents()[HEAD]})
    assert shown(mixed) == []
    assert verify(LOG, files=mixed).state is State.CLEAN


def test_entries_after_a_number_are_those_after_it(disk: SimulatedDisk, log: EventLog) -> None:
    log.append_many([Event(type=KIND, data=at) for at in range(5)])
    assert [entry.seq for entry in read(LOG, files=disk, after=3)] == [4, 5]
    assert [entry.seq for entry in log.read(after=3)] == [4, 5]


# following


def followed(disk: SimulatedDisk, *steps: Callable[[], object], **options: Any) -> list[Any]:
    """What a follower is shown, while one step happens at each of its waits."""
    left = list(steps)

    def wait() -> bool:
        if not left:
            return False
        left.pop(0)()
        return True

    return texts(read(LOG, files=disk.process(), follow=True, wait=wait, **options))


def test_a_follower_is_shown_each_entry_once_across_a_reopen(disk: SimulatedDisk, log: EventLog) -> None:
    def poison_and_reopen() -> None:
        fail_next(disk, "sync", Fault(errno=errno.EIO))
        with pytest.raises(LogPoisonedError):
            log.append(KIND, "refused")
        log.reopen()

    steps = [
        lambda: log.append(KIND, "a"), lambda: None, poison_and_reopen, lambda: log.append(KIND, "b"),
        poison_and_reopen,
        lambda: log.append_many([Event(type=KIND, data="c"), Event(type=KIND, data="d")]),
    ]  # fmt: skip
    assert followed(disk, *steps) == ["a", "b", "c", "d"]


def test_a_follower_of_an_empty_file_sees_the_log_begin() -> None:
    disk = SimulatedDisk({LOG: b""})
    opened: list[EventLog] = []
    assert followed(disk, lambda: opened.append(open_log(disk)), lambda: opened[0].append(KIND, "a")) == ["a"]


def test_a_log_replaced_by_another_is_noticed(disk: SimulatedDisk, log: EventLog) -> None:
    log.append(KIND, "a")
    log.close()

    def replace() -> None:
        disk.rename(LOG, "/d/old")
        disk.remove(HEAD)
        with EventLog.open(LOG, files=disk) as other:
            other.append(KIND, "other")
            other.append(KIND, "other still")

    with pytest.raises(LogReplacedError, match="seq 1 is not the line it was; read it again from the start"):
        followed(disk, replace)


@pytest.mark.parametrize("size", [0, 5, 335])
def test_a_log_that_was_cut_under_a_follower_is_noticed(disk: SimulatedDisk, log: EventLog, size: int) -> None:
    log.append(KIND, "a")
    with pytest.raises(LogReplacedError):
        followed(disk, lambda: disk.truncate(disk.open(LOG, "append"), size))


def test_a_follower_of_a_log_that_is_gone_waits_for_it(disk: SimulatedDisk, log: EventLog) -> None:
    log.append(KIND, "a")
    log.close()
    steps = [lambda: disk.rename(LOG, "/d/away"), lambda: None, lambda: disk.rename("/d/away", LOG)]
    assert followed(disk, *steps, lambda: open_log(disk).append(KIND, "b")) == ["a", "b"]


def test_a_torn_tail_ends_a_reading_quietly_and_is_not_a_living_writers_fault(
    disk: SimulatedDisk, log: EventLog
) -> None:
    log.append(KIND, "a")
    disk.append(disk.open(LOG, "append"), b'{"seq":2,"prev":"')
    assert shown(disk) == ["a"]
    found = verify(LOG, files=disk.process())
    assert (found.state, found.being_written) == (State.CLEAN, True)
    found = verify(LOG, files=disk.kill())
    assert (found.state, found.being_written) == (State.TORN, False)
    assert found.message == (
        f"{LOG}: line 3, byte {found.end.offset}, seq 2: torn: it has no end;"
        " nothing says that it was ever acknowledged"
    )


# damage


def collect(entries: Iterator[Entry], into: list[Entry]) -> None:
    """Keep what came before an error."""
    for entry in entries:
        into.append(entry)  # noqa: PERF402 - an extend would keep nothing


def damaged(said: Sequence[str], line: int, *, head: bool) -> tuple[SimulatedDisk, list[Entry]]:
    disk = SimulatedDisk(folders=["/d"])
    with open_log(disk) as log:
        log.append_many([Event(type=KIND, data=each) for each in said])
        log.append(KIND, "later")
        entries = list(log.read())
    disk = disk.image(lambda _count: 0)
    disk.bit_flip(LOG, 8 * (entries[line].offset + 60))
    if not head:
        disk.remove(HEAD)
    return disk, entries


@pytest.mark.parametrize("head", [True, False], ids=["head", "no head"])
@pytest.mark.parametrize("line", [0, 1, 2, 3])
def test_of_a_damaged_log_the_good_entries_are_shown_and_then_the_damage_is_named(line: int, head: bool) -> None:  # noqa: FBT001 - a parameter
    disk, entries = damaged("abc", line, head=head)
    before = disk.contents()
    seen: list[Entry] = []
    with pytest.raises(LogDamagedError, match=f"line {line + 1}, byte .*, seq {line}: its sum does not match") as named:
        collect(read(LOG, files=disk), seen)
    assert seen == entries[:line]
    assert "python -m eventlog verify" in str(named.value)
    found = verify(LOG, files=disk)
    assert (found.state, found.fault is not None and found.fault.seq, found.end.seq) == (State.CORRUPT, line, line - 1)
    assert disk.contents() == before


def test_an_older_copy_is_behind_its_head(disk: SimulatedDisk, log: EventLog) -> None:
    log.append(KIND, "a")
    older = disk.contents()[LOG]
    log.append(KIND, "b")
    log.close()
    disk = SimulatedDisk(disk.contents() | {LOG: older})
    found = verify(LOG, files=disk)
    assert (found.state, found.end.seq) == (State.BEHIND, 1)
    assert "the head file says that all up to seq 2 was on disk" in found.message
    assert isinstance(open_log(disk).read_only, LogDamagedError)
    assert disk.contents()[LOG] == older
    got: list[Entry] = []
    with pytest.raises(LogDamagedError, match="seq 2: the log ends before it, but it was acknowledged"):
        collect(read(LOG, files=disk), got)
    assert texts(got) == ["a"], "what is there is shown before"
    empty = SimulatedDisk(disk.contents() | {LOG: b""})
    with pytest.raises(LogDamagedError, match="line 1, byte 0, seq 0: the log ends before it"):
        collect(read(LOG, files=empty), got)


def test_a_log_that_is_shorter_than_what_was_acknowledged_is_an_error_not_a_shorter_reading(
    disk: SimulatedDisk, log: EventLog
) -> None:
    for said in "abc":
        log.append(KIND, said)
    places = [entry.offset for entry in log.read()]
    log.close()
    for count in range(1, 4):
        cut = disk.image(lambda _count: 0)
        cut.cut(LOG, places[count])
        read_before = ["a", "b", "c"][: count - 1]
        entries = read(LOG, files=cut.process())
        assert texts(itertools.islice(entries, count)) == read_before
        with pytest.raises(LogDamagedError, match=f"seq {count}: the log ends before it, but it was acknowledged"):
            next(entries)


def test_a_log_with_another_history_than_its_head_is_an_error() -> None:
    """The same id and length: only the sum tells."""
    histories = []
    for text in "xy":
        created = Event(type="log.created", meta={"format": 1, "log": "L"}, id="0", time="t")
        entries = [encode(created, after=START, dur=-1)]
        for at in range(3):
            event = Event(type=KIND, data=f"{text}{at}", id=str(at), time="t")
            entries.append(encode(event, after=entries[-1].position, dur=entries[-1].seq))
        histories.append(entries)
    content = b"".join(entry.line for entry in histories[0])
    for at in range(1, 4):
        head = encode_head(Head(log_id="L", position=histories[1][at].position))
        other = SimulatedDisk({LOG: content, HEAD: head})
        reading = read(LOG, files=other)
        assert texts(itertools.islice(reading, max(at + 1, 3))) == ["x0", "x1", "x2"][: max(at, 2)]
        with pytest.raises(LogDamagedError, match=f"seq {at}: the head says that its sum is"):
            next(reading)
        assert verify(LOG, files=other).state is State.BEHIND


def test_the_head_of_an_unknown_log_vouches_for_no_entry(disk: SimulatedDisk) -> None:
    """The log appears under the reader, beside a head that another one left."""
    with open_log(disk) as log:
        log.append_many([Event(type=KIND, data="a"), Event(type=KIND, data="b")])
        content = disk.contents()[LOG]
    head = encode_head(Head(log_id="another", position=log.position))
    empty = SimulatedDisk({LOG: b"", HEAD: head})

    def begins(_number: int, operation: Operation) -> None:
        if operation.name == "read_at" and operation.path == LOG:
            begun.append(operation)
            if len(begun) == 2:  # the first looks for the log's id
                empty.append(handle, content)

    begun: list[Operation] = []
    handle = empty.open(LOG, "append")
    reader = empty.process()
    reader.faults = begins
    assert texts(read(LOG, files=reader)) == []


def test_a_newer_format_is_named(disk: SimulatedDisk, log: EventLog) -> None:
    log.append(KIND, "a")
    disk.append(disk.open(LOG, "append"), seal(b'{"n":1'))
    got: list[Entry] = []
    with pytest.raises(NewerFormatError):
        collect(read(LOG, files=disk.process()), got)
    assert texts(got) == ["a"]
    assert verify(LOG, files=disk.process()).state is State.NEWER


def test_a_clean_log_says_so_and_how_far_it_is_confirmed(disk: SimulatedDisk, log: EventLog) -> None:
    log.append(KIND, "a")
    log.append(KIND, "b")
    found = verify(LOG, files=disk.process())
    assert (found.state, found.message, found.confirmed) == (State.CLEAN, f"{LOG}: clean, 3 entries", log.position)
    disk.remove(HEAD)
    assert verify(LOG, files=disk.process()).confirmed.seq == 1


def test_a_missing_file_and_a_folder_are_the_systems_own_errors(disk: SimulatedDisk) -> None:
    for what in (lambda: list(read(LOG, files=disk)), lambda: verify(LOG, files=disk)):
        with pytest.raises(FileNotFoundError):
            what()
    with pytest.raises(IsADirectoryError):
        list(read("/d", files=disk))


def test_a_reader_gives_back_its_file_whatever_happens(disk: SimulatedDisk) -> None:
    damaged_disk, _ = damaged("abc", 1, head=True)
    reader = damaged_disk.process()
    with pytest.raises(LogDamagedError):
        list(read(LOG, files=reader))
    entries = read(LOG, files=reader)
    next(entries)
    getattr(entries, "close")()  # noqa: B009 - an iterator promises no close, a generator has one
    assert not reader._handles  # noqa: SLF001 - the simulated disk's, to count what leaks
    assert disk.contents() == {}


def test_a_reader_needs_no_permission_to_write(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with EventLog.open(str(path)) as log:
        log.append(KIND, "a")
    for each in (path, tmp_path / "events.head", tmp_path / "events.lock"):
        each.chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        assert texts(read(str(path))) == ["a"]
        assert verify(str(path)).state is State.CLEAN
    finally:
        tmp_path.chmod(0o755)


def test_the_power_cut_after_a_reading_loses_nothing_of_it(disk: SimulatedDisk, log: EventLog) -> None:
    for said in "abc":
        log.append(KIND, said)
        assert shown(disk) == texts(open_log(disk.image(unkindest)).read())


@pytest.mark.parametrize("size", [1, 3])
def test_what_nothing_vouches_for_is_shown_whole_or_not_at_all(disk: SimulatedDisk, log: EventLog, size: int) -> None:
    assert shown(disk, unconfirmed=True) == []
    log.append_many([Event(type=KIND, data=at) for at in range(size)])
    assert shown(disk, unconfirmed=True) == list(range(size))
    disk.remove(HEAD)
    assert shown(disk) == []
    assert shown(disk, unconfirmed=True) == list(range(size))


def test_a_head_vouches_for_a_first_line_that_no_longer_tells_its_log(disk: SimulatedDisk, log: EventLog) -> None:
    log.close()
    content = disk.contents()
    rotten = SimulatedDisk({LOG: content[LOG].replace(b"log.created", b"log.CREATED"), HEAD: content[HEAD]})
    with pytest.raises(LogDamagedError) as refused:
        list(read(LOG, files=rotten))
    assert str(refused.value) == (
        f"{LOG}: line 1, byte 0, seq 0: its sum does not match its bytes, but it was acknowledged (all up to seq 0"
        f" was); look at it with: python -m eventlog verify {LOG}"
    )


def test_a_follower_who_brings_no_wait_of_his_own_goes_on_by_himself(
    disk: SimulatedDisk, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventlog.reading.POLL_S", 0)
    following = read(LOG, files=disk.process(), follow=True)
    assert next(following).seq == 0
    log.append(KIND, "a")
    assert next(following).data == "a"


def test_a_reading_from_a_place_begins_there(disk: SimulatedDisk, log: EventLog) -> None:
    for said in "abc":
        log.append(KIND, said)
    entries = list(log.read())
    for at, entry in enumerate(entries):
        assert list(read(LOG, files=disk, after=entry.position)) == entries[at + 1 :]
        assert list(read(LOG, files=disk, after=entry.seq)) == entries[at + 1 :]
    disk.write_at(disk.open(LOG, "overwrite"), entries[1].offset + 60, b"!")
    assert list(read(LOG, files=disk, after=entries[1].position)) == entries[2:], "what stands before is not looked at"


def test_a_follower_on_a_real_disk_goes_on_across_a_reopen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_files: RealFiles, _handle: int) -> None:
        raise OSError(errno.EIO, "no")

    with EventLog.open(tmp_path / "events.jsonl") as log:
        following = read(tmp_path / "events.jsonl", follow=True, wait=lambda: True)
        assert next(following).seq == 0
        with monkeypatch.context() as patched:
            patched.setattr(RealFiles, "sync", fail)
            with pytest.raises(LogPoisonedError):
                log.append(KIND, "refused")
        log.reopen()
        log.append(KIND, "a")
        assert next(following).data == "a"


def test_a_log_that_names_no_id_has_none() -> None:
    nameless = encode(Event(type="log.created", meta={"format": 1}, id="0", time="t"), after=START, dur=-1)
    stranger = encode(Event(type=KIND, meta={"log": "x"}, id="0", time="t"), after=START, dur=-1)
    for content in (nameless.line, stranger.line, b"", b"# notes\n"):
        disk = SimulatedDisk({LOG: content})
        assert log_id_of(disk, disk.open(LOG, "read")) == ""
        assert verify(LOG, files=disk).log_id == ""


def test_of_a_line_that_is_being_written_nothing_is_said(disk: SimulatedDisk, log: EventLog) -> None:
    log.append(KIND, "a")
    disk.append(disk.open(LOG, "append"), b'{"seq":2')
    found = verify(LOG, files=disk.process())
    assert (found.state, found.evidence, found.being_written) == (State.CLEAN, "", True)
