"""Bytes of a damaged log -> what can be saved of them: a plan that says what is kept, what is damaged, what is lost.

Law: pure. Every line that verifies is kept, once; none is made up. What was vouched for and is not there is named.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from eventlog.entry import ZERO_SUM, Entry, Event, decode
from eventlog.errors import NewerFormatError
from eventlog.fused import sealed_lines
from eventlog.recovery import split_lines
from eventlog.values import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from eventlog.entry import Position

FOREIGN_LINE = "log.foreign_line"
ORIGINAL_SEQ, ORIGINAL_SUM = "original_seq", "original_sum"


@frozen
class Run:
    """Lines that verify and follow each other: `count` entries from seq `first`, in `size` bytes from `offset`.

    `prev` is what its first line follows, `sum` the sum of its last. `follows`: it follows the run before, so that
    no gap is between them; `verbatim`: there is none before it at all, so that its lines are kept as they are.
    """

    first: int
    offset: int
    size: int
    prev: str
    sum: str
    count: int = 1
    follows: bool = False
    verbatim: bool = False

    @property
    def last(self) -> int:
        """The seq of its last entry."""
        return self.first + self.count - 1

    @property
    def end(self) -> int:
        """The offset after its last byte."""
        return self.offset + self.size


@frozen
class Gap:
    """A place where the entries do not follow each other: seq `first` to `last` are lost (`last` < `first`: none).

    `offset` and `size` are the bytes that stand there instead.
    """

    first: int
    last: int
    offset: int
    size: int
    reason: str

    @property
    def lost(self) -> int:
        """How many entries are missing."""
        return max(0, self.last - self.first + 1)


@frozen
class Damage:
    """Bytes that are no line that verifies."""

    offset: int
    size: int


@frozen
class Plan:
    """What a salvage keeps (`runs`, in the order of seq), and what it does not. `repeated` lines are kept once.

    `size` and `sha256` are those of the damaged file.
    """

    runs: tuple[Run, ...]
    gaps: tuple[Gap, ...]
    damaged: tuple[Damage, ...]
    repeated: int
    size: int
    sha256: str

    @property
    def kept(self) -> int:
        """How many entries are kept."""
        return sum(run.count for run in self.runs)

    @property
    def verbatim(self) -> int:
        """How many of them keep their line, byte for byte."""
        return sum(run.count for run in self.runs if run.verbatim)

    @property
    def lost(self) -> int:
        """How many entries are known to be missing."""
        return sum(gap.lost for gap in self.gaps)


def verified_lines(chunks: Iterable[bytes], offset: int = 0) -> Iterator[tuple[int, int, Entry | None]]:
    """Cut bytes into lines that verify and bytes that do not (None), each with its offset and size.

    A line whose newline alone is damaged, missing or turned to CR LF verifies: its sum vouches for all the rest.
    Raises NewerFormatError.
    """
    for at, line in split_lines(chunks, offset):
        entry = decode(line, offset=at)
        yield from _pieces(line, at) if entry is None else ((at, len(line), entry),)


def _pieces(line: bytes, offset: int) -> Iterator[tuple[int, int, Entry | None]]:
    """Take damaged bytes apart: a damaged newline has fused one line with the next."""
    at = 0
    for begin, size, each in sealed_lines(line):
        if begin > at:
            yield offset + at, begin - at, None
        yield offset + begin, size, decode(each, offset=offset + begin)
        at = begin + size
    if at < len(line):
        yield offset + at, len(line) - at, None


def plan_salvage(read: Callable[[], Iterable[bytes]], *, head: Position | None = None) -> Plan:
    """Make the plan for the bytes that `read` yields anew at each call; `head` is what the head file vouches for.

    Raises NewerFormatError.
    """
    found = _Found(read(), head)
    if found.late:
        found = _Found(read(), head, skip=_repeats(read(), found.late))
    runs, gaps = found.in_order()
    return Plan(
        runs=tuple(runs),
        gaps=tuple(gaps),
        damaged=tuple(found.damaged),
        repeated=found.repeated,
        size=found.size,
        sha256=found.digest.hexdigest(),
    )


def _repeats(chunks: Iterable[bytes], late: Collection[tuple[int, str]]) -> set[int]:
    """The offsets of lines that stood in the file before."""
    seen: set[tuple[int, str]] = set()
    offsets: set[int] = set()
    for offset, _, entry in verified_lines(chunks):
        if entry is not None and (entry.seq, entry.sum) in late:
            if (entry.seq, entry.sum) in seen:
                offsets.add(offset)
            seen.add((entry.seq, entry.sum))
    return offsets


class _Found:
    """What one reading met. `late` are the lines whose seq is not above all before it: they may be repeats."""

    def __init__(self, chunks: Iterable[bytes], head: Position | None, skip: Collection[int] = ()) -> None:
        self.runs: list[Run] = []
        self.damaged: list[Damage] = []
        self.late: set[tuple[int, str]] = set()
        self.repeated = self.size = 0
        self.digest = hashlib.sha256()
        self._head, self._has_head = head, head is None
        self._highest = self._vouched = -1
        for offset, size, entry in verified_lines(self._counted(chunks)):
            if entry is None:
                self._damage(offset, size)
            elif offset in skip:
                self.repeated += 1
            else:
                self._keep(offset, size, entry)

    def _counted(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.size += len(chunk)
            self.digest.update(chunk)
            yield chunk

    def _damage(self, offset: int, size: int) -> None:
        last = self.damaged[-1] if self.damaged else None
        if last is not None and last.offset + last.size == offset:
            self.damaged[-1] = replace(last, size=last.size + size)
        else:
            self.damaged.append(Damage(offset=offset, size=size))

    def _keep(self, offset: int, size: int, entry: Entry) -> None:
        if self._head is not None and (entry.seq, entry.sum) == (self._head.seq, self._head.sum):
            self._has_head = True
        if entry.seq <= self._highest:
            self.late.add((entry.seq, entry.sum))
        self._highest, self._vouched = max(self._highest, entry.seq), max(self._vouched, entry.dur)
        run = self.runs[-1] if self.runs else None
        if run is not None and (entry.seq, entry.prev, offset) == (run.last + 1, run.sum, run.end):
            self.runs[-1] = replace(run, size=run.size + size, sum=entry.sum, count=run.count + 1)
        else:
            self.runs.append(Run(first=entry.seq, offset=offset, size=size, prev=entry.prev, sum=entry.sum))

    def in_order(self) -> tuple[list[Run], list[Gap]]:
        """The runs in the order of seq, and the gaps between and after them."""
        runs: list[Run] = []
        gaps: list[Gap] = []
        last, end, before = -1, 0, ZERO_SUM
        for run in sorted(self.runs, key=lambda run: (run.first, run.offset)):
            follows = (run.first, run.prev) == (last + 1, before)
            runs.append(replace(run, follows=follows, verbatim=follows and not gaps))
            if not follows:
                reason = _reason(run, last)
                size = max(0, run.offset - end)
                gaps.append(Gap(first=last + 1, last=run.first - 1, offset=end, size=size, reason=reason))
            last, end, before = max(last, run.last), run.end, run.sum
        gaps.extend(self._at_the_end(last, end))
        return runs, gaps

    def _at_the_end(self, last: int, end: int) -> Iterator[Gap]:
        vouched = max(self._vouched, self._head.seq if self._head else -1)
        size = max(0, self.size - end)
        if vouched > last:
            reason = f"all up to seq {vouched} was on disk"
            yield Gap(first=last + 1, last=vouched, offset=end, size=size, reason=reason)
        elif self._head is not None and not self._has_head:
            reason = f"the head file names another line with seq {self._head.seq}: sum {self._head.sum}"
            yield Gap(first=last + 1, last=last, offset=end, size=0, reason=reason)


def _reason(run: Run, last: int) -> str:
    if run.first > last + 1:
        return "these entries are not there, or do not verify"
    if run.first == last + 1:
        return f"the line with seq {run.first} does not follow the one before it"
    return f"seq {run.first} stands here once more, as another entry"


def ways_to_write(entry: Entry) -> Iterator[tuple[Event, bool]]:
    """The event with its original place in meta; without it (True) if there is no room; at worst its line as text.

    The last one has no id, nor time: those of a line that another program wrote may be none that a log can hold.
    """
    place = {ORIGINAL_SEQ: entry.seq, ORIGINAL_SUM: entry.sum}
    with contextlib.suppress(NewerFormatError):  # its content is no JSON: another program wrote this line
        event = entry.to_event()
        if not place.keys() & event.meta.keys():
            yield replace(event, meta={**event.meta, **place}), False
        yield event, True
    text = entry.line.decode(errors="backslashreplace")
    foreign = Event(type=FOREIGN_LINE, data={"line": text}, meta=place, id=entry.id, time=entry.time)
    yield foreign, False
    yield replace(foreign, id=None, time=None), False
