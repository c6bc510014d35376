"""One walk over a log file, from its start or from its end: verified entries, each with whether it is confirmed.

Law: only verified entries are yielded, and memory is bounded by one batch of the writer. Confirmed is what the head or
the `dur` of a later line vouches for.
"""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from eventlog.entry import LINE_LIMIT, START, Entry, Position, decode
from eventlog.errors import LogReplacedError, NewerFormatError
from eventlog.files import READ_SIZE, read_chunks
from eventlog.lock import is_at
from eventlog.reading import load_head, log_id_of, survey
from eventlog.recovery import Fault, State, scan
from eventlog.tool.seek import last_line_end, place_before
from eventlog.values import frozen

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from eventlog.files import Files

EVERY = "*"


@frozen
class Selection:
    """Which entries are wanted: two globs, a range of seq (`last` is in it; None: no end), and at most how many.

    `since` and `until` are times, both included; `grep` is searched for in all that an entry says.
    """

    type: str = EVERY
    subject: str = EVERY
    first: int = 0
    last: int | None = None
    limit: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    grep: re.Pattern[str] | None = None

    def has(self, entry: Entry) -> bool:
        """Whether the entry is wanted; the limit is left to whoever counts."""
        return (
            entry.seq >= self.first
            and (self.last is None or entry.seq <= self.last)
            and (self.type == EVERY or fnmatchcase(entry.type, self.type))
            and (self.subject == EVERY or fnmatchcase(entry.subject, self.subject))
            and (self.since is self.until is None or self._is_then(time_of(entry)))
            and (self.grep is None or self.grep.search(entry.payload_bytes.decode(errors="replace")) is not None)
        )

    def _is_then(self, time: datetime | None) -> bool:
        if time is None:
            return False
        return (self.since is None or time >= self.since) and (self.until is None or time <= self.until)

    @property
    def is_near_the_end(self) -> bool:
        """Whether, from the end, only a part of the log is wanted."""
        return self.limit is not None or self.first > 0 or self.last is not None


def time_of(entry: Entry) -> datetime | None:
    """When the entry says it happened; None if that is no time. One without a zone is UTC."""
    try:
        time = datetime.fromisoformat(entry.time)
    except ValueError:
        return None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


class Walk:
    """A walk over an open log. `in_doubt` tells afterwards that the log must be judged as a whole.

    A walk that was not taken to its end leaves what lies beyond unjudged, and so does one that begins at a seq with
    what lies before.
    """

    def __init__(self, files: Files, path: str, handle: int, selection: Selection) -> None:
        self.in_doubt = False
        self._files, self._path, self._handle, self._selection = files, path, handle, selection

    def forward(self) -> Iterator[tuple[Entry, bool]]:
        """Yield the wanted entries from the first on; one waits until it is confirmed, or the log ends."""
        head, last, held = self._head(), self._selection.last, deque[Entry]()
        start = place_before(self._files, self._handle, self._selection.first) if self._selection.first else START
        confirmed = head.seq
        agrees = head == START or (start != START and self._agrees(head))
        for found in self._scan(start):
            if isinstance(found, Fault):
                confirmed = max(confirmed, found.vouched)
                break
            if last is not None and found.seq > last and not held:
                return
            confirmed = max(confirmed, found.dur)
            agrees = agrees or found.position == head
            if self._selection.has(found):
                held.append(found)
            while held and held[0].seq <= confirmed:
                yield held.popleft(), True
            if found.seq == last and not held:
                return
        self.in_doubt = self.in_doubt or not agrees
        for entry in held:  # a head read now might speak of other lines in their place: a write may be undone
            yield entry, entry.seq <= confirmed and self._stands(entry)

    def _stands(self, entry: Entry) -> bool:
        """Whether the line is still there: what vouches after a fault may vouch for another one in its place."""
        return self._files.read_at(self._handle, entry.offset, entry.size) == entry.line

    def _head(self) -> Position:
        """Where the head says that the log ends; START if there is none, or it is of another log."""
        head = load_head(self._files, self._path)
        if not is_at(self._files, self._handle, self._path):  # it may be that of the file which is there now
            return START
        log_id = log_id_of(self._files, self._handle)
        return head.position if head is not None and head.log_id == (log_id or head.log_id) else START

    def _agrees(self, head: Position) -> bool:
        """Whether the line that the head names is where it says."""
        entry = self._entry_before(head.offset)
        return entry is not None and entry.position == head

    def _scan(self, start: Position) -> Iterator[Entry | Fault]:
        try:
            for found in scan(read_chunks(self._files, self._handle, start.offset), start):
                self.in_doubt = isinstance(found, Fault)
                yield found
        except NewerFormatError:
            self.in_doubt = True

    def backward(self) -> Iterator[tuple[Entry, bool]]:
        """Yield the wanted entries from the last on.

        If all are wanted, the whole log is verified first. Otherwise each line is verified, and chained to the next
        one, as it is met; the walk ends at damage.
        """
        return self._near_the_end() if self._selection.is_near_the_end else self._from_the_end()

    def _from_the_end(self) -> Iterator[tuple[Entry, bool]]:
        found = survey(self._files, self._path, self._handle)
        self.in_doubt = found.state is not State.CLEAN
        confirmed = max(self._head().seq, found.fault.vouched if found.fault else -1)
        for offset, line in lines_backward(self._files, self._handle, found.end.offset):
            entry = decode(line, offset=offset)
            if entry is None:
                raise LogReplacedError(f"{self._path}: byte {offset} changed while it was read; try again")
            if self._selection.has(entry):
                yield entry, entry.seq <= confirmed
            confirmed = max(confirmed, entry.dur)

    def _near_the_end(self) -> Iterator[tuple[Entry, bool]]:
        found = self._files.stat(self._handle)
        end, head = last_line_end(self._files, self._handle), self._head()
        if self._entry_before(end) is None:
            yield from self._from_the_end()
            return
        confirmed = head.seq
        self.in_doubt = (found is not None and end != found.size) or not (head == START or self._agrees(head))
        if self._selection.last is not None:
            end, vouched = self._end_of(self._selection.last, end)
            confirmed = max(confirmed, vouched)
        following: Entry | None = None
        for offset, line in lines_backward(self._files, self._handle, end):
            entry = self._decoded(line, offset)
            if entry is None or (following and (entry.seq + 1, entry.sum) != (following.seq, following.prev)):
                self.in_doubt = True
                return
            if entry.seq < self._selection.first:
                return
            if self._selection.has(entry):
                yield entry, entry.seq <= confirmed
            confirmed = max(confirmed, entry.dur)
            following = entry
        if following is None or (following.seq, following.offset) != (0, 0):
            self.in_doubt = True  # the first line is not there, or lies behind what is no line

    def _end_of(self, seq: int, end: int) -> tuple[int, int]:
        """A place from which, read backward, the line with this seq is soon met, and what is vouched for there."""
        start = place_before(self._files, self._handle, seq)
        known = start.offset
        try:
            for found in scan(read_chunks(self._files, self._handle, start.offset), start):
                if isinstance(found, Fault):
                    self.in_doubt = True
                    return found.offset, found.vouched
                known = found.position.offset
                if found.dur >= seq:
                    return known, found.dur
        except NewerFormatError:
            self.in_doubt = True
            return known, -1
        return end, -1

    def _entry_before(self, end: int) -> Entry | None:
        """The entry whose line ends at this offset; None if none verifies there."""
        for offset, line in lines_backward(self._files, self._handle, end):
            return self._decoded(line, offset)
        return None

    def _decoded(self, line: bytes, offset: int) -> Entry | None:
        try:
            return decode(line, offset=offset)
        except NewerFormatError:
            return None


def lines_backward(files: Files, handle: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Pair each line before `end`, which must be the end of one, with its offset; the last one first.

    Ends early at what is longer than a line can be.
    """
    if end == 0:
        return
    parts: list[bytes] = [b"\n"]  # what is known of a line, its end first
    stop = end - 1
    held = 0
    while stop > 0 and held <= LINE_LIMIT:
        start = max(0, stop - READ_SIZE)
        first, *others = files.read_at(handle, start, stop - start).split(b"\n")
        for piece in reversed(others):
            stop -= len(piece)
            yield stop, piece + b"".join(reversed(parts))
            parts, stop, held = [b"\n"], stop - 1, 0
        parts.append(first)
        held += len(first)
        stop = start
    if stop == 0:
        yield 0, b"".join(reversed(parts))
