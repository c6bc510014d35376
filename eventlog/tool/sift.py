"""Finding the few entries that are wanted among very many, without taking the others apart.

Law: the bytes of the log are searched once, from the start; only a line in which a needle stands is verified, and only
one that verifies is yielded. Of the other lines nothing is known afterwards but how many there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventlog.entry import LINE_LIMIT, Entry, decode
from eventlog.errors import NewerFormatError
from eventlog.files import READ_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eventlog.files import Files

_PIECE = 16 * READ_SIZE


class Sift:
    """One search over an open log.

    `lines` counts the lines that were met, `unread` those in which a needle stands and that do not verify.
    """

    def __init__(self, files: Files, handle: int) -> None:
        self.lines = self.unread = 0
        self._files, self._handle = files, handle

    def entries(self, needles: Sequence[bytes]) -> Iterator[Entry]:
        """Yield, in order, the entries whose line holds one of the needles, none of which has a newline in it."""
        for offset, lines in self._pieces():
            self.lines += lines.count(b"\n")
            for start, end in _places(lines, needles):
                entry = self._entry(lines[start:end], offset + start)
                if entry is not None:
                    yield entry

    def _pieces(self) -> Iterator[tuple[int, bytes]]:
        """The file in pieces of whole lines, each with its offset; bytes after the last newline are left out."""
        offset, held = 0, bytearray()
        at = 0
        while piece := self._files.read_at(self._handle, at, _PIECE):
            at += len(piece)
            stop = piece.rfind(b"\n") + 1
            if stop:
                held += piece[:stop]
                yield offset, bytes(held)
                offset += len(held)
                held = bytearray(piece[stop:])
            else:
                held += piece
            if len(held) > LINE_LIMIT:  # no line is as long: these bytes are damage
                offset, held = offset + len(held), bytearray()

    def _entry(self, line: bytes, offset: int) -> Entry | None:
        try:
            entry = decode(line, offset=offset)
        except NewerFormatError:
            entry = None
        self.unread += entry is None
        return entry


def _places(lines: bytes, needles: Sequence[bytes]) -> list[tuple[int, int]]:
    """Where the lines that hold a needle begin and end, in order, each once."""
    found: dict[int, int] = {}
    for needle in needles:
        at = lines.find(needle)
        while at >= 0:
            start, end = lines.rfind(b"\n", 0, at) + 1, lines.index(b"\n", at) + 1
            found[start] = end
            at = lines.find(needle, end)
    return sorted(found.items())
