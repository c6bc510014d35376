"""Reading without a lock: survey a log as a whole, and stream its confirmed entries beside a living writer.

Law: no lock is taken and no byte is changed. A reader is shown only what can never disappear again: entries up to the
head, or vouched for by the `dur` of a later line.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from eventlog.entry import CREATED, START, Entry, Position, decode
from eventlog.errors import LogDamagedError, LogReplacedError, NewerFormatError
from eventlog.files import RealFiles, folder_of, read_chunks, read_file
from eventlog.head import Head, decode_head
from eventlog.lock import has_writer
from eventlog.projection import Upcasters, upcast
from eventlog.recovery import Fault, State, Verdict, classify, scan, split_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eventlog.files import Files

POLL_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a log is, as a whole. `end` is the place after the last good line, `fault` what stands there instead.

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
    name = log_path[len(folder_of(log_path)) + 1 :] if "/" in log_path else log_path
    return f"{folder_of(log_path)}/{name.rsplit('.', 1)[0]}.head"


def load_head(files: Files, log_path: str) -> Head | None:
    """The head beside a log; None if it is absent, torn or cannot be read."""
    try:
        return decode_head(read_file(files, head_path(log_path)))
    except OSError:
        return None


def log_id_of(files: Files, handle: int) -> str:
    """The id in the log's first line; empty if that line does not verify."""
    for _, line in split_lines(read_chunks(files, handle)):
        entry = decode(line)
        return str(entry.meta.get("log", "")) if entry is not None and entry.type == CREATED else ""
    return ""


def survey(files: Files, path: str, handle: int, start: Position = START) -> Verification:
    """Scan an open log from `start` to its end and classify it; an acknowledged fault is told from a torn tail."""
    head = load_head(files, path)
    end, fault, sum_at_head = start, None, None
    if head and head.position.seq == start.seq:
        sum_at_head = start.sum
    log_id = ""
    try:
        log_id = log_id_of(files, handle)
        for found in scan(read_chunks(files, handle, start.offset), start):
            if isinstance(found, Fault):
                fault = found
                break
            end = found.position
            if head and end.seq == head.position.seq:
                sum_at_head = end.sum
    except NewerFormatError as error:
        verdict = Verdict(state=State.NEWER, evidence=str(error))
    else:
        head = None if head and log_id and head.log_id != log_id else head
        verdict = classify(end, fault, head, sum_at_head)
    return Verification(
        path=path, log_id=log_id, state=verdict.state, end=end, evidence=verdict.evidence, fault=fault, head=head
    )


def verify(path: str, *, files: Files | None = None) -> Verification:
    """Read every byte of a log and say whether it is clean, torn, corrupt, behind its head or of a newer format.

    Takes no lock and changes nothing. Raises OSError if the file cannot be read.
    """
    disk = files or RealFiles()
    handle = disk.open(path, "read")
    try:
        found = survey(disk, path, handle)
        if found.state is State.TORN and has_writer(disk, path):
            return replace(found, state=State.CLEAN, evidence="", being_written=True)
        return found
    finally:
        disk.close(handle)


def read(
    path: str,
    *,
    after: int = -1,
    follow: bool = False,
    unconfirmed: bool = False,
    files: Files | None = None,
    upcasters: Upcasters | None = None,
    wait: Callable[[], bool] | None = None,
) -> Iterator[Entry]:
    """Yield the confirmed entries with a seq above `after`, in order; no lock is taken and no byte changed.

    With `follow`, go on waiting for new ones; `wait` is called when there are none and ends the reading by returning
    False (by default it sleeps 0.2 s and returns True). With `unconfirmed`, verified entries that nothing vouches for
    are yielded as well. Raises OSError, LogDamagedError (after the good entries), NewerFormatError, LogReplacedError.
    """
    reader = _Reader(files or RealFiles(), path, unconfirmed=unconfirmed)
    try:
        while True:
            for entry in reader.more():
                if entry.seq > after:
                    yield upcast(entry, upcasters or {})
            if not follow or not (wait or _sleep)():
                return
            reader.refresh()
    finally:
        reader.close()


def _sleep() -> bool:
    time.sleep(POLL_S)
    return True


class _Reader:
    """One reader's place in a log, which survives the file being replaced under it."""

    def __init__(self, files: Files, path: str, *, unconfirmed: bool) -> None:
        self._files, self._path, self._unconfirmed = files, path, unconfirmed
        self._handle = files.open(path, "read")
        self._shown: Entry | None = None
        self._log_id = log_id_of(files, self._handle)

    def close(self) -> None:
        """Give back the file."""
        self._files.close(self._handle)

    def more(self) -> Iterator[Entry]:
        """Yield the confirmed entries that were not yet shown."""
        head = load_head(self._files, self._path)
        usable = head is not None and head.log_id in (self._log_id or head.log_id, self._log_id)
        confirmed = head.position.seq if head is not None and usable else -1
        held: deque[Entry] = deque()
        start = self._shown.position if self._shown else START
        for found in scan(read_chunks(self._files, self._handle, start.offset), start):
            if isinstance(found, Fault):
                self._judge(found, max(confirmed, found.vouched))
                break
            held.append(found)
            confirmed = max(confirmed, found.dur)
            yield from self._release(held, confirmed)
        if self._unconfirmed:
            yield from self._release(held, held[-1].seq if held else -1)

    def _release(self, held: deque[Entry], confirmed: int) -> Iterator[Entry]:
        while held and held[0].seq <= confirmed:
            self._shown = held.popleft()
            yield self._shown

    def _judge(self, fault: Fault, confirmed: int) -> None:
        if fault.seq <= confirmed:
            where = f"{self._path}: line {fault.line}, byte {fault.offset}, seq {fault.seq}"
            raise LogDamagedError(f"{where}: {fault.reason}, but it was acknowledged (all up to seq {confirmed} was)")

    def refresh(self) -> None:
        """Notice that the file was replaced (a writer reopened it, or a person put another one there)."""
        here, there = self._files.stat(self._handle), self._files.stat(self._path)
        if there is None:
            return
        shown = self._shown
        same = here is not None and (here.device, here.inode) == (there.device, there.inode)
        if not same:
            self._files.close(self._handle)
            self._handle = self._files.open(self._path, "read")
            self._log_id = log_id_of(self._files, self._handle)
        if shown is not None and (not same or there.size < shown.position.offset):
            line = self._files.read_at(self._handle, shown.offset, shown.size)
            if line != shown.line:
                raise LogReplacedError(
                    f"{self._path} was replaced: seq {shown.seq} is not the line it was; read it again"
                )
