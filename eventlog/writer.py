"""Lines -> disk: write, sync, and what to do when the disk says no.

Law: the whole safety of an append is the order in `write`: every line on disk, then the position moves, then the head.
A failed write is undone; a failed sync or undo poisons, for nobody knows then what the disk holds.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from eventlog.errors import AppendError, LogPoisonedError
from eventlog.files import write_all
from eventlog.head import Head, encode_head
from eventlog.opening import reopen_after_failure
from eventlog.reading import head_path, load_head

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventlog.entry import Entry, Position
    from eventlog.files import Files


class LineWriter:
    """The end of one open log file: `position` is the place after the last line known to be on disk."""

    def __init__(self, files: Files, path: str, handle: int, position: Position) -> None:
        self.handle, self.position = handle, position
        self.poisoned: LogPoisonedError | None = None
        self._files, self._path = files, path
        self._head_handle: int | None = None

    def write(self, entries: Sequence[Entry], log_id: str) -> None:
        """Put the lines on disk, with one write and one sync. Raises AppendError or LogPoisonedError; see the law."""
        if self.poisoned is not None:
            raise self.poisoned
        self._expect_own_end()
        try:
            write_all(self._files, self.handle, b"".join(entry.line for entry in entries))
        except OSError as error:
            self._roll_back(error)
            raise AppendError(f"{self._path}: nothing was appended: {_said(error)}") from error
        try:
            self._files.sync(self.handle)
        except OSError as error:
            raise self._poison(f"the disk did not confirm a write ({_said(error)})") from error
        self.position = entries[-1].position
        self.write_head(log_id)

    def _expect_own_end(self) -> None:
        found = self._files.stat(self.handle)
        if found is not None and found.size != self.position.offset:
            raise self._poison(
                f"it has {found.size} bytes, {self.position.offset} were written: somebody else writes to it"
            )

    def _roll_back(self, cause: OSError) -> None:
        """Make the file what it was; durably, so that no crash brings back what its caller was told is not there."""
        try:
            self._files.truncate(self.handle, self.position.offset)
            self._files.sync(self.handle)
        except OSError as error:
            raise self._poison(f"a write failed ({_said(cause)}) and could not be undone ({_said(error)})") from error

    def _poison(self, reason: str) -> LogPoisonedError:
        self.poisoned = LogPoisonedError(f"{self._path}: {reason}; nothing more is appended until the log is reopened")
        return self.poisoned

    def write_head(self, log_id: str) -> None:
        """Overwrite the head; it is only a witness, so a disk that says no here is not an error."""
        head = Head(log_id=log_id, position=self.position)
        with contextlib.suppress(OSError):
            if self._head_handle is None:
                if load_head(self._files, self._path) == head:
                    return
                self._head_handle = self._files.open(head_path(self._path), "overwrite", create=True)
            self._files.write_at(self._head_handle, 0, encode_head(head))

    def reopen(self, log_id: str) -> None:
        """Go on in a new file that holds exactly what was acknowledged; raises OSError, LogDamagedError."""
        if self.poisoned is None:
            return
        handle = reopen_after_failure(self._files, self._path, self.handle, end=self.position, log_id=log_id)
        self._files.close(self.handle)
        self.handle, self.poisoned = handle, None

    def close(self) -> None:
        """Give back the files."""
        for handle in (self.handle, self._head_handle):
            if handle is not None:
                self._files.close(handle)


def _said(error: OSError) -> str:
    return error.strerror or str(error)
