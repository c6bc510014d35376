"""The lock that makes one process the writer of a log.

Law: the lock is the kernel's (flock), so it dies with its holder; what stands in the lock file is for messages, and to
tell whether the last writer closed its log properly. The file is never renamed or removed.
"""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING

from eventlog.errors import LogLockedError
from eventlog.files import beside, read_file

if TYPE_CHECKING:
    from eventlog.files import Files

LOCK_SIZE = 128
_TRIES = 3
_HOLDER = re.compile(r"pid (\d{1,9}) on (.+)")


def lock_path(log_path: str) -> str:
    """Where the lock of a log stands: `events.lock` beside `events.jsonl`."""
    return beside(log_path, ".lock")


def _note(text: str) -> bytes:
    """Always the same width: each overwrites the last in place, so there is no moment at which nothing stands there."""
    return text.encode()[: LOCK_SIZE - 1].ljust(LOCK_SIZE - 1) + b"\n"


CLOSED = _note("closed")


def take_lock(files: Files, log_path: str) -> tuple[int, bool]:
    """Become the writer: the handle that holds the lock, and whether the writer before closed its log properly.

    Raises LogLockedError, naming the holder, if there is a writer; OSError if the lock file cannot be made or written.
    """
    path = lock_path(log_path)
    for _ in range(_TRIES):
        handle = files.open(path, "overwrite", create=True)
        try:
            if not files.lock(handle):
                raise LogLockedError(log_path, holder(files, log_path))  # noqa: TRY301 - the handle must be closed
            if is_at(files, handle, path):
                was_clean = files.read_at(handle, 0, LOCK_SIZE) == CLOSED
                files.write_at(handle, 0, _note(f"pid {os.getpid()} on {os.uname().nodename}"))
                return handle, was_clean
        except BaseException:
            drop_lock(files, handle)
            raise
        drop_lock(files, handle)  # somebody replaced the file between open and lock: this lock guards nothing
    raise LogLockedError(log_path, "somebody who keeps replacing the lock file")


def release_lock(files: Files, handle: int, *, clean: bool) -> None:
    """Stop being the writer. `clean` says that what the log holds is on disk; the next open relies on it."""
    free_lock(files, handle, clean=clean)
    drop_lock(files, handle)


def free_lock(files: Files, handle: int, *, clean: bool) -> None:
    """Give back the lock, not yet its handle: a forked process may have a copy of it, which would keep the lock."""
    with contextlib.suppress(OSError):
        if clean:
            files.write_at(handle, 0, CLOSED)
    with contextlib.suppress(OSError):
        files.unlock(handle)


def drop_lock(files: Files, handle: int) -> None:
    """Close the handle, which alone gives back the lock if no other process has a copy of it."""
    with contextlib.suppress(OSError):
        files.close(handle)


def is_at(files: Files, handle: int, path: str) -> bool:
    """Whether the open file is the one that stands at the path."""
    here, there = files.stat(handle), files.stat(path)
    return here is not None and there is not None and here.is_same_file(there)


def holder(files: Files, log_path: str) -> str:
    """What the lock file says of the writer; only meaningful while somebody holds the lock."""
    try:
        found = read_file(files, lock_path(log_path))
    except OSError:
        found = None
    return (found or b"").decode(errors="replace").strip()[:200] or "another process"


def has_writer(files: Files, log_path: str) -> bool:
    """Whether a writer is alive, told without touching the lock.

    A list of locks by inode may name a file of another disk: so a holder on this machine must be alive as well.
    """
    locked = files.is_locked(lock_path(log_path))
    named = _HOLDER.fullmatch(holder(files, log_path))
    if locked is False or named is None or named[2] != os.uname().nodename:
        return bool(locked)
    return _is_alive(int(named[1]))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is somebody else's process
        return True
    return True
