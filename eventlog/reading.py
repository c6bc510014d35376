"""Reading without a lock: survey a log as a whole, and stream its confirmed entries beside a living writer.

Law: no lock is taken and no byte is changed. A reader is shown only what can never disappear again: entries up to the
head, or vouched for by the `dur` of a later line.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from eventlog.entry import CREATED, START, Entry, Position, decode
from eventlog.errors import LogDamagedError, LogReplacedError, NewerFormatError
from eventlog.files import beside, read_chunks, read_file, resolve
from eventlog.head import Head, decode_head
from eventlog.lock import has_writer, is_at
from eventlog.projection import Upcasters, upcast
from eventlog.recovery import Fault, Seen, State, Verdict, check_first, classify, split_lines
from eventlog.values import frozen

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Generator, Iterator

    from eventlog.files import Files

POLL_S = 0.2


@frozen
class Verification:
    """What a log is, as a whole. `end` is the place after the last good line, `fault` what stands there instead.

    `confirmed` is the place after the last line that the head or a later line vouches for.
    `being_written` tells that the fault is the unfinished line of a living writer: nothing is wrong then.
    """

    path: str
    log_id: str
    state: State
    end: Position
    evidence: str
    fault: Fault | None = None
    head: Head | None = None
    being_written: bool = False
    confirmed: Position = START

    @property
    def message(self) -> str:
        """Where, what and what to do, in one line."""
        if self.state is State.CLEAN:
            return f"{self.path}: clean, {self.end.seq + 1} entries"
        if self.fault is None:
            return f"{self.path}: {self.state} after seq {self.end.seq}: {self.evidence}"
        fault = self.fault
        where = f"{self.path}: line {fault.line}, byte {fault.offset}, seq {fault.seq}"
        return f"{where}: {self.state}: {fault.reason}; {self.evidence}"


def head_path(log_path: str) -> str:
    """Where the head of a log stands: `events.head` beside `events.jsonl`."""
    return beside(log_path, ".head")


def load_head(files: Files, log_path: str) -> Head | None:
    """The head beside a log; None if it is absent, torn or cannot be read."""
    try:
        return decode_head(read_file(files, head_path(log_path)))
    except OSError:
        return None


def _created(files: Files, handle: int) -> Entry | None:
    for _, line in split_lines(read_chunks(files, handle)):
        entry = decode(line)
        return entry if entry is not None and entry.type == CREATED else None
    return None


def log_id_of(files: Files, handle: int) -> str:
    """The id in the log's first line; empty if that line does not verify."""
    entry = _created(files, handle)
    return str(entry.meta.get("log", "")) if entry is not None else ""


def survey(
    files: Files, path: str, handle: int, start: Position = START, *, take: Callable[[Entry], None] | None = None
) -> Verification:
    """Scan an open log from `start` to its end and classify it; an acknowledged fault is told from a torn tail.

    `take` is called with each good entry, so that what they add up to is not read a second time.
    """
    head = load_head(files, path)
    seen = Seen(start, take)
    log_id = ""
    try:
        if (created := _created(files, handle)) is not None:
            check_first(created)  # a scan that starts at a checkpoint does not meet it
            log_id = str(created.meta.get("log", ""))
        head = None if head and log_id and head.log_id != log_id else head
        seen.follow(read_chunks(files, handle, start.offset), head)
        verdict = classify(seen.end, seen.fault, head, seen.sum_at_head)
    except NewerFormatError as error:
        verdict = Verdict(state=State.NEWER, evidence=str(error))
    return Verification(
        path=path,
        log_id=log_id,
        state=verdict.state,
        end=seen.end,
        evidence=verdict.evidence,
        fault=seen.fault,
        head=head,
        confirmed=seen.confirmed,
    )


def verify(path: str | os.PathLike[str], *, files: Files | None = None) -> Verification:
    """Read every byte of a log and say whether it is clean, torn, corrupt, behind its head or of a newer format.

    Takes no lock and changes nothing. Raises OSError if the file cannot be read.
    """
    disk, path = resolve(files, path)
    while True:
        handle = disk.open(path, "read")
        try:
            found = _survey_beside_writer(disk, path, handle)
            if not _was_replaced(disk, handle, path):
                break
        finally:
            disk.close(handle)
    if found.state is State.TORN and found.fault and found.fault.partial and has_writer(disk, path):
        return replace(found, state=State.CLEAN, evidence="", being_written=True)
    return found


def _survey_beside_writer(files: Files, path: str, handle: int) -> Verification:
    """A living writer may undo a write while its bytes are read: damage is believed when it is seen twice."""
    found = survey(files, path, handle)
    while found.fault is not None and not found.fault.partial and has_writer(files, path):
        again = survey(files, path, handle)
        if again.fault is not None and _is_same(again.fault, found.fault):
            return again
        found = again
    return found


def _is_same(one: Fault, other: Fault) -> bool:
    return (one.offset, one.reason) == (other.offset, other.reason)


def _was_replaced(files: Files, handle: int, path: str) -> bool:
    """Whether another file stands at the path: then a head that was just read may be about that one."""
    return not is_at(files, handle, path) and files.stat(path) is not None


def read(
    path: str | os.PathLike[str],
    *,
    after: int | Position = -1,
    follow: bool = False,
    unconfirmed: bool = False,
    files: Files | None = None,
    upcasters: Upcasters | None = None,
    wait: Callable[[], bool] | None = None,
) -> Iterator[Entry]:
    """Yield the confirmed entries with a seq above `after`, in order; no lock is taken and no byte changed.

    What stands before a Position (that of a usable checkpoint) is not looked at. With `follow`, go on waiting for new
    ones; `wait` is called when there are none and ends the reading by returning False (by default it sleeps 0.2 s and
    returns True). With `unconfirmed`, verified entries that nothing vouches for are yielded as well. Raises OSError,
    LogDamagedError (after the good entries), NewerFormatError, LogReplacedError.
    """
    disk, path = resolve(files, path)  # now, not when the first entry is asked for: the program may change folders
    start = after if isinstance(after, Position) else Position(seq=after)
    entries = _read(
        disk, path, start, is_place=start is after, unconfirmed=unconfirmed, wait=(wait or _sleep) if follow else _stop
    )
    return (upcast(entry, upcasters) for entry in entries) if upcasters else entries


def _read(
    files: Files, path: str, start: Position, *, is_place: bool, unconfirmed: bool, wait: Callable[[], bool]
) -> Iterator[Entry]:
    reader = _Reader(files, path, unconfirmed=unconfirmed, start=start if is_place else START)
    is_whole = is_place or start.seq < 0
    try:
        while True:
            yield from reader.more() if is_whole else (entry for entry in reader.more() if entry.seq > start.seq)
            if not wait():
                return
    finally:
        reader.close()


def _stop() -> bool:
    return False


def _sleep() -> bool:
    time.sleep(POLL_S)
    return True


class _Reader:
    """One reader's place in a log, which survives the file being replaced under it."""

    def __init__(self, files: Files, path: str, *, unconfirmed: bool, start: Position) -> None:
        self._files, self._path, self._unconfirmed, self._start = files, path, unconfirmed, start
        self._handle = files.open(path, "read")
        self._shown: Entry | None = None
        self._log_id = ""
        self._unlike: Head | None = None

    def close(self) -> None:
        """Give back the file."""
        self._files.close(self._handle)

    def more(self) -> Iterator[Entry]:
        """Yield the confirmed entries that were not yet shown."""
        fault = yield from self._pass(None)
        if fault is not None:  # a writer may have undone a write while its bytes were read: look again
            yield from self._pass(fault)

    def _pass(self, before: Fault | None) -> Generator[Entry, None, Fault | None]:
        """Read on once; returns damage to confirmed lines, or raises it if it was there `before`."""
        head = self._head()
        self._log_id = self._log_id or log_id_of(self._files, self._handle)
        if head is not None and self._log_id and head.log_id != self._log_id:
            head = None
        vouched = head.position.seq if head is not None else -1
        confirmed = vouched if self._log_id else -1  # until the first line is there, the head may be of another log
        held: deque[Entry] = deque()
        start = self._shown.position if self._shown else self._start
        seen, damage = Seen(start, None), None
        for found in seen.each(read_chunks(self._files, self._handle, start.offset), head):
            if isinstance(found, Fault):
                vouched = max(vouched, confirmed, found.vouched)
                damage = found if found.seq <= vouched else None
                break
            if found.seq <= confirmed:  # as most are: nothing is held then, and its `dur` is below its seq
                self._shown = found
                yield found
                continue
            held.append(found)
            confirmed = max(confirmed, found.dur)
            while held and held[0].seq <= confirmed:  # as in `_release`, which is dear for each single entry
                self._shown = held.popleft()
                yield self._shown
        else:
            damage = self._missing(seen, head, before)
        if damage is not None and (before is None or not _is_same(damage, before)):
            return damage
        if damage is not None:
            yield from self._release(held, vouched)
            raise self._damaged(damage, vouched)
        if self._unconfirmed:
            yield from self._release(held, held[-1].seq if held else -1)
        return None

    def _missing(self, seen: Seen, head: Head | None, before: Fault | None) -> Fault | None:
        """What the head vouches for and a reading without a fault did not meet."""
        missing = seen.unlike(head)
        if missing is None and head is not None and head == self._unlike:
            missing = before  # all was shown by then: a line that the head does not name has not changed since
        self._unlike = head if missing is not None else None
        return missing

    def _release(self, held: deque[Entry], confirmed: int) -> Iterator[Entry]:
        while held and held[0].seq <= confirmed:
            self._shown = held.popleft()
            yield self._shown

    def _damaged(self, fault: Fault, vouched: int) -> LogDamagedError:
        where = f"{self._path}: line {fault.line}, byte {fault.offset}, seq {fault.seq}"
        return LogDamagedError(
            f"{where}: {fault.reason}, but it was acknowledged (all up to seq {vouched} was); look at it with:"
            f" python -m eventlog verify {self._path}"
        )

    def _head(self) -> Head | None:
        """The head, read while the file it speaks of stood at the path and was the one being read."""
        while True:
            head = load_head(self._files, self._path)
            if not _was_replaced(self._files, self._handle, self._path):
                self._expect_shown()
                return head
            following = self._files.open(self._path, "read")
            self._files.close(self._handle)
            self._handle = following

    def _expect_shown(self) -> None:
        """Notice that what was shown is no longer there: a person put another log in this one's place."""
        shown = self._shown
        if shown is not None and self._files.read_at(self._handle, shown.offset, shown.size) != shown.line:
            raise LogReplacedError(
                f"{self._path} was replaced: seq {shown.seq} is not the line it was; read it again from the start"
            )
