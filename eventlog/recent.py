"""The ids of the last entries, so that appending an event a second time finds the first.

Law: built on first use from the log itself, then kept up to date; bounded by LOOK_BACK entries.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

from eventlog.entry import Entry, Event, Position, decode, named_id, payload
from eventlog.errors import IdConflictError
from eventlog.files import READ_SIZE, read_chunks
from eventlog.plain import is_same_json
from eventlog.recovery import split_lines
from eventlog.salvage import ORIGINAL_SEQ, ORIGINAL_SUM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventlog.files import Files

LOOK_BACK = 10_000


def offset_of_last(files: Files, handle: int, end_offset: int, count: int) -> int:
    """The offset (bytes) at which the last `count` lines before `end_offset` begin; 0 if there are not so many."""
    offset, found = end_offset, 0
    while offset > 0:
        size = min(READ_SIZE, offset)
        block = files.read_at(handle, offset - size, size)
        at = len(block)
        while (at := block.rfind(b"\n", 0, at)) >= 0:
            found += 1
            if found == count + 1:
                return offset - size + at + 1
        offset -= size
    return 0


class RecentIds:
    """Where the lines of the last ids are; `end` is the place up to which they are known.

    What a line says of its id is believed, at a fifth of the cost, until one that is looked at does not verify.
    """

    def __init__(self, files: Files, handle: int, end: Position) -> None:
        self._verifies = False
        self._places: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._begin(files, handle, end)

    def _begin(self, files: Files, handle: int, end: Position) -> None:
        self.end = Position(offset=offset_of_last(files, handle, end.offset, LOOK_BACK))
        self.catch_up(files, handle, end)

    def catch_up(self, files: Files, handle: int, end: Position) -> None:
        """Take in the acknowledged lines up to `end` from the log itself."""
        for offset, line in split_lines(read_chunks(files, handle, self.end.offset), self.end.offset):
            if offset >= end.offset:
                break
            if not self._verifies:
                self._put(named_id(line), offset, len(line))
            elif entry := decode(line):
                self._put(entry.id, offset, len(line))
        self.end = end

    def add(self, entries: Sequence[Entry]) -> None:
        """Remember entries as they are acknowledged, forgetting the oldest beyond LOOK_BACK."""
        for entry in entries:
            self._put(entry.id, entry.offset, entry.size)
            self.end = entry.position

    def _put(self, event_id: str, offset: int, size: int) -> None:
        self._places[event_id] = (offset, size)
        if len(self._places) > LOOK_BACK:
            self._places.popitem(last=False)

    def find(self, event_id: str, files: Files, handle: int) -> Entry | None:
        """The entry with this id; None if it is new, or its line is damaged."""
        offset, size = self._places.get(event_id, (0, 0))
        entry = decode(files.read_at(handle, offset, size), offset=offset) if size else None
        if size == 0 or self._verifies or (entry is not None and entry.id == event_id):
            return entry
        self._verifies = True  # a damaged line may have lent this id, and hidden the one that has it
        self._places.clear()
        self._begin(files, handle, self.end)
        return self.find(event_id, files, handle)


def expect_same(event: Event, entry: Entry) -> Entry:
    """Give back the entry if it says what the event says; raises IdConflictError if it does not.

    The order of keys is not part of what is said, nor is the place that an entry had before it was salvaged.
    """
    said, there = payload(event), entry.payload_bytes
    if said == there or is_same_json(b"{%b}" % said, b"{%b}" % there):
        return entry
    meta = {key: value for key, value in entry.meta.items() if key not in (ORIGINAL_SEQ, ORIGINAL_SUM)}
    if len(meta) < len(entry.meta) and is_same_json(
        b"{%b}" % said, b"{%b}" % payload(replace(entry.to_event(), meta=meta))
    ):
        return entry
    raise IdConflictError(f"id {event.id} names the entry with seq {entry.seq}, which says something else")
