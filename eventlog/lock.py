"""The lock that makes one process the writer of a log.

Law: the lock is the kernel's (flock), so it dies with its holder; what stands in the lock file is for messages only.
The file is never renamed or removed.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from eventlog.errors import LogLockedError
from eventlog.files import folder_of, read_file

if TYPE_CHECKING:
    from eventlog.files import Files

_TRIES = 3


def lock_path(log_path: str) -> str:
    """Where the lock of a log stands: `events.lock` beside `events.jsonl`."""
    stem = os.path.basename(log_path).rsplit(".", 1)[0]
    return f"{folder_of(log_path)}/{stem}.lock"


def take_lock(files: Files, log_path: str) -> tuple[int, bool]:
    """Become the writer: the handle that holds the lock, and whether the writer before closed its log properly.

    Raises LogLockedError, naming the holder, if there is a writer; OSError if the lock file cannot be made.
    """
    path = lock_path(log_path)
    for _ in range(_TRIES):
        handle = files.open(path, "overwrite", create=True)
        if not files.lock(handle):
            files.close(handle)
            raise LogLockedError(log_path, holder(files, log_path))
        here, there = files.stat(handle), files.stat(path)
        if here and there and (here.device, here.inode) == (there.device, there.inode):
            was_clean = here.size == 0
            files.truncate(handle, 0)
            files.write_at(handle, 0, f"pid {os.getpid()} on {socket.gethostname()}\n".encode())
            return handle, was_clean
        files.close(handle)  # somebody replaced the file between open and lock: this lock guards nothing
    raise LogLockedError(log_path, "somebody who keeps replacing the lock file")


def release_lock(files: Files, handle: int) -> None:
    """Stop being the writer after a proper close: an empty lock file says so."""
    try:
        files.truncate(handle, 0)
    finally:
        files.close(handle)


def holder(files: Files, log_path: str) -> str:
    """What the lock file says of the writer; only meaningful while somebody holds the lock."""
    try:
        found = read_file(files, lock_path(log_path))
    except OSError:
        found = None
    return (found or b"").decode(errors="replace").strip()[:200] or "another process"


def has_writer(files: Files, log_path: str) -> bool:
    """Whether a writer is alive, told without touching the lock."""
    return files.is_locked(lock_path(log_path))
