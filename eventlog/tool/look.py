"""One look at a log: its entries, and afterwards what must be said of it and the exit code.

Law: every command that reads a log reads it here: no lock, no byte changed, the good entries of a damaged log, then one
line on what is not good.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from eventlog.entry import Entry, decode
from eventlog.errors import EventLogError
from eventlog.tool.console import flush, say
from eventlog.tool.finding import OK, TORN, examine
from eventlog.tool.sift import Sift
from eventlog.tool.walk import Selection, Walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eventlog.files import RealFiles

EVERYTHING = Selection()


class Look:
    """A log that is open for a look. `in_doubt` tells, after one, that the log must be judged as a whole."""

    def __init__(self, files: RealFiles, path: str, handle: int) -> None:
        self.path, self.files, self.handle = path, files, handle
        self._unconfirmed: list[int] = []
        self.in_doubt = False

    def entries(self, selection: Selection = EVERYTHING, *, reverse: bool = False) -> Iterator[tuple[Entry, bool]]:
        """Yield the wanted entries, each with whether it is confirmed; the limit is left to whoever counts."""
        walk = Walk(self.files, self.path, self.handle, selection)
        try:
            for entry, confirmed in walk.backward() if reverse else walk.forward():
                if not confirmed:
                    self._unconfirmed = [*self._unconfirmed[:1], entry.seq]
                yield entry, confirmed
        finally:
            self.in_doubt = self.in_doubt or walk.in_doubt

    def sifted(self, needles: Sequence[bytes]) -> Iterator[tuple[Entry, bool]]:
        """Yield, in order, the entries whose line holds one of the needles; see Sift for what is verified of the log.

        What a writer appends meanwhile is left out.
        """
        newest, before = Selection(limit=1), self._unconfirmed
        last, is_confirmed = next(self.entries(newest, reverse=True), (None, False))
        self._unconfirmed = before  # the last entry was not shown
        sift = Sift(self.files, self.handle)
        for entry in sift.entries(needles):
            if last is not None and entry.seq > last.seq:
                break
            confirmed = is_confirmed or (last is not None and entry.seq <= last.dur)
            if not confirmed:
                self._unconfirmed = [*self._unconfirmed[:1], entry.seq]
            yield entry, confirmed
        self.in_doubt = self.in_doubt or sift.unread > 0 or sift.lines <= (last.seq if last else -1)

    def entry_at(self, offset: int, size: int) -> Entry:
        """The entry whose line has `size` bytes at `offset`; raises EventLogError if no line verifies there."""
        entry = decode(self.files.read_at(self.handle, offset, size), offset=offset)
        if entry is None:
            raise EventLogError(f"{self.path}: no entry of {size} bytes stands at byte {offset}; run verify on it")
        return entry

    def code(self, program: str) -> int:
        """Say what is not good, and return the exit code; a torn tail was never an entry, so that all was shown."""
        flush()
        if self._unconfirmed:
            low, high = min(self._unconfirmed), max(self._unconfirmed)
            which = f"seq {low}" if low == high else f"seq {low} to {high}"
            say(f"{self.path}: {which}: verified, but nothing vouches yet that it was acknowledged")
        if not self.in_doubt:
            return OK
        finding = examine(self.path, program, files=self.files)
        if finding.message:
            say(finding.message)
        return OK if finding.code == TORN else finding.code


@contextlib.contextmanager
def look(files: RealFiles, path: str) -> Iterator[Look]:
    """Open a log for a look."""
    handle = files.open(path, "read")
    try:
        yield Look(files, path, handle)
    finally:
        files.close(handle)
