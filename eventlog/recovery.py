"""Bytes -> clean, torn or corrupt, with the evidence: what a file that may have seen a crash holds.

Law: pure. Only a proof makes damage "corrupt": a later line's `dur`, the head, or bytes that no crash leaves behind.
Without one it is a torn tail.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from eventlog.entry import CREATED, FORMAT_VERSION, LINE_LIMIT, START, ZERO_SUM, Entry, Position, decode, sealed_sum
from eventlog.errors import NewerFormatError
from eventlog.values import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from eventlog.head import Head

_HEADER = re.compile(rb'\{"seq":(\d{1,19}),"prev":"[0-9a-f]{32}","dur":(-?\d{1,19}),')
_FIRST_LINE = b'{"seq":0,"prev":"' + ZERO_SUM.encode() + b'","dur":-1,"id":"'
_FIRST_LINE_LIMIT = 4096
_CONTROL = re.compile(rb"[\x01-\x09\x0b-\x1f]")


class State(StrEnum):
    """What a log file is, as a whole."""

    CLEAN = "clean"
    TORN = "torn"
    CORRUPT = "corrupt"
    BEHIND = "behind"
    NEWER = "newer"


@frozen
class Fault:
    """The first bytes that are not the next entry: `seq` is the one expected there, `offset` (bytes) where they begin.

    `vouched` is the highest seq that lines at or after the fault claim to have been on disk (-1: none), and `voucher`
    the offset of the line that says so. `foreign`: no crash of a writer leaves such bytes here, so they are never cut.
    `newer` is the offset of a line at or after the fault that verifies and has a header of no known format (-1: none):
    what it vouches for is unknown, so nothing is cut either. `partial`: it is a last line that has no end.
    """

    seq: int
    offset: int
    reason: str
    vouched: int = -1
    voucher: int = -1
    foreign: bool = False
    newer: int = -1
    partial: bool = False

    @property
    def line(self) -> int:
        """The 1-based line number."""
        return self.seq + 1


@frozen
class Verdict:
    """The state of a log, and in one sentence why it is that and not another (empty when clean)."""

    state: State
    evidence: str = ""


def split_lines(chunks: Iterable[bytes], offset: int = 0) -> Iterator[tuple[int, bytes]]:
    """Pair each line, its newline included, with its offset; the last one may lack its newline.

    Split on the newline byte alone: a JSON text may hold U+2028. Memory is bounded: what is longer than LINE_LIMIT
    comes in pieces of about that size.
    """
    parts: list[bytes] = []
    held = 0
    for chunk in chunks:
        begin = 0
        while end := chunk.find(b"\n", begin) + 1:
            line = chunk[begin:end]
            if parts:
                line = b"".join((*parts, line))
                parts, held = [], 0
            yield offset, line
            offset += len(line)
            begin = end
        if begin < len(chunk):
            parts.append(chunk[begin:])
            held += len(chunk) - begin
        if held > LINE_LIMIT:
            yield offset, b"".join(parts)
            offset += held
            parts, held = [], 0
    if held:
        yield offset, b"".join(parts)


def scan(chunks: Iterable[bytes], after: Position = START) -> Iterator[Entry | Fault]:
    """Yield the entries that follow `after`, each verified and chained to the one before; then the fault, if any.

    `chunks` are the bytes of the file from `after.offset` on. After a fault the rest is read for lines that vouch for
    the damaged one. Raises NewerFormatError.
    """
    return Seen(after, None).each(chunks, None)


class Seen:
    """What one scan met. Memory is bounded by one batch of the writer."""

    def __init__(self, start: Position, take: Callable[[Entry], None] | None) -> None:
        self.fault: Fault | None = None
        self.sum_at_head: str | None = None
        self._start, self._take = start, take
        self._last: Entry | None = None
        self._confirmed: Entry | None = None

    @property
    def end(self) -> Position:
        """The place after the last good line."""
        return self._last.position if self._last else self._start

    @property
    def confirmed(self) -> Position:
        """The place after the last line that something vouches for."""
        return self._confirmed.position if self._confirmed else self._start

    def follow(self, chunks: Iterable[bytes], head: Head | None) -> None:
        """Scan to the end, or to a fault."""
        held: deque[Entry] = deque()
        vouched = head.position.seq if head else -1
        for each in self.each(chunks, head):
            if isinstance(each, Fault):
                self.fault = each
                return
            if each.seq <= vouched:  # as most are: nothing is held then, and its `dur` is below its seq
                self._confirmed = each
            else:
                held.append(each)
                vouched = max(vouched, each.dur)
                while held and held[0].seq <= vouched:
                    self._confirmed = held.popleft()
            if self._take is not None:
                self._take(each)

    def each(self, chunks: Iterable[bytes], head: Head | None) -> Iterator[Entry | Fault]:
        """Yield what `scan` does, noting the last entry and the sum of the line that the head names."""
        seq, last = self._start.seq, self._start.sum  # two names, not a Position: the innermost loop of all reading
        at_head = head.position.seq if head else -1
        self.sum_at_head = last if seq == at_head else None
        lines = split_lines(chunks, self._start.offset)
        for offset, line in lines:
            entry = decode(line, offset=offset)
            if entry is None or entry.seq != seq + 1 or entry.prev != last:
                yield _fault(Position(seq=seq, offset=offset, sum=last), line, entry, lines)
                return
            seq, last = seq + 1, entry.sum
            if seq == 0:
                check_first(entry)
            if seq == at_head:
                self.sum_at_head = last
            self._last = entry
            yield entry

    def unlike(self, head: Head | None) -> Fault | None:
        """What a scan without a fault misses that the head vouches for."""
        if head is None:
            return None
        if head.position.seq > self.end.seq:
            return Fault(seq=self.end.seq + 1, offset=self.end.offset, reason="the log ends before it")
        if self.sum_at_head is not None and self.sum_at_head != head.position.sum:
            reason = f"the head says that its sum is {head.position.sum}, the log has {self.sum_at_head}"
            return Fault(seq=head.position.seq, offset=head.position.offset, reason=reason)
        return None


def check_first(entry: Entry) -> None:
    """Raise NewerFormatError if the log's first entry is not that of a format which this version knows."""
    if entry.type != CREATED:
        raise NewerFormatError(f"the log begins with {entry.type[:60]!r}, not with {CREATED}; install a newer eventlog")
    version = entry.meta.get("format")
    if type(version) is not int or not 1 <= version <= FORMAT_VERSION:
        raise NewerFormatError(
            f"the log has format {str(version)[:60]}, this eventlog reads up to {FORMAT_VERSION}; install a newer one"
        )


def _fault(position: Position, line: bytes, entry: Entry | None, rest: Iterator[tuple[int, bytes]]) -> Fault:
    seq = position.seq + 1
    claimed = claim(line, position.offset)
    foreign = entry is not None  # a crash does not remove, repeat or move whole lines
    foreign = foreign or (position == START and not _may_be_torn_creation(line))
    for offset, later in rest:
        foreign = foreign or position == START  # the first line is always written alone
        if claimed.vouched >= seq:
            break
        claimed = claimed.and_also(claim(later, offset))
    return Fault(
        seq=seq,
        offset=position.offset,
        reason=_reason(position, line, entry),
        vouched=claimed.vouched,
        voucher=claimed.voucher,
        foreign=foreign,
        newer=claimed.newer,
        partial=not line.endswith(b"\n"),
    )


def _may_be_torn_creation(line: bytes) -> bool:
    """Whether a crash while a log was created can have left this: parts of a small first line, zeros for the rest."""
    written = all(byte in (0, expected) for byte, expected in zip(line, _FIRST_LINE, strict=False))
    return len(line) <= _FIRST_LINE_LIMIT and written and not _CONTROL.search(line, len(_FIRST_LINE))


def _reason(position: Position, line: bytes, entry: Entry | None) -> str:
    if entry is not None:
        if entry.seq != position.seq + 1:
            return f"seq {entry.seq} stands where {position.seq + 1} must"
        return f"its prev is {entry.prev}, the line before has sum {position.sum}"
    if not line.strip(b"\0\n"):
        return f"{len(line)} zero bytes: blocks that were never written"
    return "its sum does not match its bytes" if line.endswith(b"\n") else "it has no end"


@dataclass(frozen=True, slots=True)
class Claim:
    """What lines that verify say: `vouched`, `voucher` and `newer` as in a Fault."""

    vouched: int = -1
    voucher: int = -1
    newer: int = -1

    def and_also(self, other: Claim) -> Claim:
        """What both say together."""
        best = other if other.vouched > self.vouched else self
        return Claim(best.vouched, best.voucher, self.newer if self.newer >= 0 else other.newer)


def claim(line: bytes, offset: int = 0) -> Claim:
    """What the lines in these bytes say that verify; a damaged newline fuses one with the next."""
    from eventlog.fused import sealed_lines  # noqa: PLC0415 - only damage needs it

    claimed = Claim()
    whole = sealed_sum(line) is not None
    for begin, _, each in ((0, len(line), line),) if whole else sealed_lines(line):
        header = _HEADER.match(each)
        place = offset + begin
        claimed = claimed.and_also(Claim(int(header[2]), place) if header else Claim(newer=place))
    return claimed


def classify(end: Position, fault: Fault | None, head: Head | None, sum_at_head: str | None) -> Verdict:
    """Decide what a scanned log is.

    `end` is where the verified lines end, `sum_at_head` the sum of the line at the head's seq, None if that line was
    not scanned.
    """
    if fault and fault.vouched >= fault.seq:
        evidence = f"the line at byte {fault.voucher} verifies and says that all up to seq {fault.vouched} was on disk"
        return Verdict(state=State.CORRUPT, evidence=evidence)
    if head and head.position.seq > end.seq:
        evidence = f"the head file says that all up to seq {head.position.seq} was on disk"
        return Verdict(state=State.CORRUPT if fault else State.BEHIND, evidence=evidence)
    if head and sum_at_head is not None and sum_at_head != head.position.sum:
        evidence = f"the head file has sum {head.position.sum} at seq {head.position.seq}, the log has {sum_at_head}"
        return Verdict(state=State.BEHIND, evidence=evidence)
    return _without_a_voucher(fault) if fault else Verdict(state=State.CLEAN)


def _without_a_voucher(fault: Fault) -> Verdict:
    if fault.newer >= 0:
        evidence = f"the line at byte {fault.newer} verifies and is of a newer format; a newer eventlog can tell"
        return Verdict(state=State.CORRUPT, evidence=evidence)
    if fault.foreign:
        here = "this is not the beginning of an event log" if fault.seq == 0 else "no crash leaves a whole line there"
        return Verdict(state=State.CORRUPT, evidence=here)
    return Verdict(state=State.TORN, evidence="nothing says that it was ever acknowledged")
