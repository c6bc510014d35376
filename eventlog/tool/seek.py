"""Finding a place in a log file without reading it from its start: by seq, or its last line.

Law: only a line that verifies tells a place; where none does, the place found is an earlier one, never a later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventlog.entry import LINE_LIMIT, START, Entry, Position, decode
from eventlog.errors import NewerFormatError
from eventlog.files import READ_SIZE

if TYPE_CHECKING:
    from eventlog.files import Files

_NEAR = READ_SIZE


def place_before(files: Files, handle: int, seq: int) -> Position:
    """A place at or before the entry with this seq, from which reading on finds it; the nearer, the better.

    A search by halves over the bytes of the file: each probe verifies the first line that begins after it.
    """
    found = files.stat(handle)
    low, high = 0, found.size if found else 0
    nearest = _entry_at(files, handle, 0)
    if nearest is None or nearest.seq > 0 or seq <= 0:  # without its first line no log is whole
        return START
    while high - low > _NEAR:
        middle = (low + high) // 2
        start = _next_line(files, handle, middle, high)
        if start is None:
            high = middle
            continue
        entry = _entry_at(files, handle, start)
        if entry is None:
            break
        if entry.seq <= seq:
            low, nearest = start, entry
        else:
            high = middle
    return Position(seq=nearest.seq - 1, offset=nearest.offset, sum=nearest.prev)


def last_line_end(files: Files, handle: int) -> int:
    """The offset after the last newline of the file; 0 if none is near enough to its end."""
    found = files.stat(handle)
    size = found.size if found else 0
    start = max(0, size - LINE_LIMIT)
    stop = size
    while stop > start:
        begin = max(start, stop - READ_SIZE)
        at = files.read_at(handle, begin, stop - begin).rfind(b"\n")
        if at >= 0:
            return begin + at + 1
        stop = begin
    return 0


def _next_line(files: Files, handle: int, offset: int, end: int) -> int | None:
    """Where the first line that begins after `offset` and before `end` does."""
    while offset < end:
        chunk = files.read_at(handle, offset, min(READ_SIZE, end - offset))
        if not chunk:
            return None
        at = chunk.find(b"\n")
        if at >= 0:
            return offset + at + 1 if offset + at + 1 < end else None
        offset += len(chunk)
    return None


def _entry_at(files: Files, handle: int, offset: int) -> Entry | None:
    """The entry whose line begins at `offset`; None if none verifies there."""
    parts: list[bytes] = []
    at = offset
    while at - offset <= LINE_LIMIT and (chunk := files.read_at(handle, at, READ_SIZE)):
        stop = chunk.find(b"\n")
        if stop >= 0:
            return _decoded(b"".join((*parts, chunk[: stop + 1])), offset)
        parts.append(chunk)
        at += len(chunk)
    return None


def _decoded(line: bytes, offset: int) -> Entry | None:
    try:
        return decode(line, offset=offset)
    except NewerFormatError:  # reading on from an earlier place will meet it, and say so
        return None
