"""What the writer itself can read of its log: the acknowledged lines, and nothing beyond them.

Law: a line that was acknowledged and is no longer what it was is an error, never a shorter log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventlog.entry import decode
from eventlog.errors import EventLogError, LogDamagedError
from eventlog.files import READ_SIZE
from eventlog.recovery import Fault, scan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventlog.entry import Entry, Position
    from eventlog.files import Files
    from eventlog.writer import LineWriter


class Acknowledged:
    """The lines of one open log, as far as they are known to be on disk."""

    def __init__(self, files: Files, path: str, writer: LineWriter) -> None:
        self._files, self._path, self._writer = files, path, writer

    @property
    def end(self) -> Position:
        """The place after the last acknowledged line."""
        return self._writer.position

    def entries(self, start: Position) -> Iterator[Entry]:
        """Yield the entries after `start`, in order; raises LogDamagedError where one is not what it was."""
        promised = self.end.seq
        last = start
        for found in scan(self._bytes(start.offset), start):
            if isinstance(found, Fault):
                break
            last = found.position
            yield found
        if last.seq < promised:
            raise LogDamagedError(
                f"{self._path}: line {last.seq + 2}, byte {last.offset}, seq {last.seq + 1}: it does not verify, but"
                f" all up to seq {promised} was acknowledged; look at it with: python -m eventlog verify {self._path}"
            )

    def _bytes(self, offset: int) -> Iterator[bytes]:
        while chunk := self._files.read_at(
            self._writer.handle, offset, max(0, min(READ_SIZE, self.end.offset - offset))
        ):
            yield chunk
            offset += len(chunk)

    def entry_at(self, offset: int, size: int) -> Entry:
        """The entry whose line has `size` bytes at `offset`; raises EventLogError if no line verifies there."""
        entry = None
        if 0 <= offset < offset + size <= self.end.offset:
            entry = decode(self._files.read_at(self._writer.handle, offset, size), offset=offset)
        if entry is None:
            raise EventLogError(f"{self._path}: no entry of {size} bytes stands at byte {offset}; run verify on it")
        return entry
