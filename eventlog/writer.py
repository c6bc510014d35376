"""Lines -> disk: write, sync, and what to do when the disk says no.

Law: the whole safety of an append is the order in `write`: every line on disk, then the position moves, then the head.
A failed write is undone; a failed sync or undo poisons, for nobody knows then what the disk holds.
"""

from __future__ import annotations

import contextlib
import errno
from typing import TYPE_CHECKING

from eventlog.errors import AppendError, LogPoisonedError, LogReadOnlyError, LogReplacedError
from eventlog.files import folder_of, write_all
from eventlog.head import Head, decode_head, encode_head
from eventlog.lock import is_at
from eventlog.opening import copy_verified
from eventlog.reading import head_path, load_head

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventlog.entry import Entry, Position
    from eventlog.files import Files

CLOSED = -1
MOST_AHEAD = 1 << 40  # bytes
_FOR_NOW = (errno.ENOSPC, errno.EDQUOT, errno.EINTR)  # it may be different next time


class LineWriter:
    """The end of one open log file: `position` is the place after the last line known to be on disk."""

    def __init__(self, files: Files, path: str, handle: int, position: Position) -> None:
        self.position = position
        self.poisoned: LogPoisonedError | None = None
        self._files, self._path, self._handle = files, path, handle
        self._head_handle: int | None = None
        self.ahead = 0  # bytes to have allocated beyond the end
        self._allocated = 0  # the offset up to which they are
        self._attempted = 0  # bytes of a write that was begun and is neither on disk nor undone

    @property
    def handle(self) -> int:
        """The open file; raises LogReadOnlyError once it is closed."""
        if self._handle == CLOSED:
            raise LogReadOnlyError(f"{self._path}: this log was closed; open it again")
        return self._handle

    def write(self, entries: Sequence[Entry], log_id: str) -> None:
        """Put the lines on disk, with one write and one sync. Raises AppendError or LogPoisonedError; see the law."""
        if self.poisoned is not None:
            raise self.poisoned.with_traceback(None)
        self._expect_own_file()
        lines, end = b"".join([entry.line for entry in entries]), entries[-1].position
        head = encode_head(Head(log_id=log_id, position=end))  # a third of what it costs after the wait for the disk
        self._attempted = len(lines)
        try:
            self._put(lines)
            self.position, self._attempted = end, 0
        except (AppendError, LogPoisonedError):
            raise
        except BaseException:
            self._poison("an append was interrupted")
            raise
        self._put_head(head)
        self.keep_ahead()  # after the head, which needs room as well

    def keep_ahead(self) -> None:
        """Have the disk keep room for what comes next, if less than half of what is wanted is left."""
        if self.ahead and self._allocated < self.position.offset + self.ahead // 2:
            self._allocate(self.position.offset + self.ahead)

    def _allocate(self, until: int) -> None:
        """A disk that has no room, or cannot keep it, is no error. What a writer that died had kept stays then."""
        before, kept = self._allocated, max(self._allocated, self.position.offset)
        self._allocated = kept  # noted first: whatever interrupts this, `leave` gives back what there is
        try:
            self._files.preallocate(self.handle, kept, until - kept)
            self._allocated = until
        except OSError as error:
            if error.errno not in _FOR_NOW:
                self.ahead, self._allocated = 0, before

    def _put(self, lines: bytes) -> None:
        try:
            write_all(self._files, self.handle, lines)
        except OSError as error:
            self._roll_back(error)
            raise AppendError(f"{self._path}: nothing was appended: {_said(error)}") from error
        try:
            self._files.sync(self.handle)
        except OSError as error:
            raise self._poison(f"the disk did not confirm a write ({_said(error)})") from error

    def _expect_own_file(self) -> None:
        """Two looks that cost next to nothing: an append to a file that was moved away would be lost.

        The handle is looked at each time as well: a slip elsewhere in the process can make its number another file's.
        """
        try:
            here, there = self._files.stat(self.handle), self._files.stat(self._path)
        except OSError as error:
            raise AppendError(f"{self._path}: nothing was appended: {_said(error)}") from error
        if here is None or there is None or not here.is_same_file(there):
            raise self._poison("the file was moved, removed or replaced while it was written")
        if here.size != self.position.offset:
            raise self._poison(
                f"it has {here.size} bytes, {self.position.offset} were written: somebody else writes to it"
            )

    def _roll_back(self, cause: OSError) -> None:
        """Make the file what it was; durably, so that no crash brings back what its caller was told is not there."""
        try:
            self._files.truncate(self.handle, self.position.offset)
            self._files.sync(self.handle)
            kept, self._attempted, self._allocated = self._allocated, 0, 0
            if kept > self.position.offset:
                self._allocate(kept)
            else:  # there may have been what a writer that died had kept
                self.keep_ahead()
        except OSError as error:
            raise self._poison(f"a write failed ({_said(cause)}) and could not be undone ({_said(error)})") from error

    def _poison(self, reason: str) -> LogPoisonedError:
        self.poisoned = LogPoisonedError(f"{self._path}: {reason}; nothing more is appended until the log is reopened")
        return self.poisoned

    def write_head(self, log_id: str) -> None:
        """Overwrite the head; it is only a witness, so a disk that says no here is not an error."""
        self._put_head(encode_head(Head(log_id=log_id, position=self.position)))

    def _put_head(self, head: bytes) -> None:
        with contextlib.suppress(OSError):
            if self._head_handle is not None:
                self._files.write_at(self._head_handle, 0, head)
            elif load_head(self._files, self._path) != decode_head(head):
                self._head_handle = self._files.open(head_path(self._path), "overwrite", create=True)
                self._files.write_at(self._head_handle, 0, head)
                self._files.truncate(self._head_handle, len(head))  # whatever longer thing stood there

    def leave(self, log_id: str) -> None:
        """Give back the files as they are to stand: with their head, and without what was allocated and not used.

        What is not exactly as long as what was written is left as it is.
        """
        self._restore_head(log_id)
        if self._allocated and self.poisoned is None:
            with contextlib.suppress(OSError):
                here = self._files.stat(self._handle)
                if here and here.size == self.position.offset and is_at(self._files, self._handle, self._path):
                    self._files.truncate(self._handle, self.position.offset)
        self.close()

    def _restore_head(self, log_id: str) -> None:
        """Write the head anew if somebody removed or replaced it: until now it was written where nobody finds it."""
        handle = self._head_handle
        with contextlib.suppress(OSError):
            if handle is not None and not is_at(self._files, handle, head_path(self._path)):
                self._head_handle = None
                self._files.close(handle)
                self.write_head(log_id)

    def reopen(self) -> None:
        """Go on in a new file that holds exactly what was acknowledged.

        Raises OSError (try again later), LogDamagedError if acknowledged lines no longer verify, and LogReplacedError
        if somebody else wrote to the log or replaced it: to go on would destroy what they wrote.
        """
        if self.poisoned is None:
            return
        self._expect_nobody_elses()
        handle = copy_verified(self._files, self._path, self.handle, self.position)
        old, self._handle, self._attempted, self._allocated = self._handle, handle, 0, 0
        with contextlib.suppress(OSError):
            self._files.close(old)
        self._files.sync_dir(folder_of(self._path))
        self.poisoned = None
        self.keep_ahead()

    def _expect_nobody_elses(self) -> None:
        here, there = self._files.stat(self.handle), self._files.stat(self._path)
        if there is not None and here is not None and not here.is_same_file(there):
            raise LogReplacedError(f"{self._path} was replaced by somebody else; close this log and open it again")
        own = self.position.offset + self._attempted
        if here is not None and here.size > own:
            raise LogReplacedError(
                f"{self._path} has {here.size} bytes, {own} are ours: somebody else writes to it; stop that, close this"
                f" log and open it again"
            )

    def close(self) -> None:
        """Give back the files."""
        for handle in (self._handle, self._head_handle):
            if handle == self._handle:
                self._handle = CLOSED
            else:
                self._head_handle = None
            if handle is not None and handle != CLOSED:
                with contextlib.suppress(OSError):
                    self._files.close(handle)


def _said(error: OSError) -> str:
    return error.strerror or str(error)
