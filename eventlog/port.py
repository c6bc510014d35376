"""The file-system port: the primitive verbs the engine needs of a disk.

Law: each verb is one step that a crash cannot cut in two; what is built of several stands above the port (files.py), so
that a simulated disk can cut the power between any two of them.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, Protocol

Mode = Literal["read", "append", "overwrite"]


class FileStat(NamedTuple):
    """Which file this is (device and inode), and its size in bytes."""

    device: int
    inode: int
    size: int
    is_dir: bool = False

    def is_same_file(self, other: FileStat) -> bool:
        """Whether both are of one file, whatever its size was."""
        return self.inode == other.inode and self.device == other.device


class Files(Protocol):
    """What the engine asks of a file system. Every verb raises OSError as the system does."""

    def open(self, path: str, mode: Mode, *, create: bool = False, private: bool = False, fresh: bool = False) -> int:
        """Open a file and return its handle; `create` makes it (0644, or 0600 if `private`) if it does not exist.

        With `fresh` it must not exist, not even as a link that leads nowhere (FileExistsError); a link is not followed
        to create a private file.
        """

    def close(self, handle: int) -> None:
        """Close the handle, which gives back a lock held through it."""

    def read_at(self, handle: int, offset: int, size: int) -> bytes:
        """Read at most `size` bytes at `offset`; fewer only at the end of the file."""

    def append(self, handle: int, data: bytes) -> int:
        """Write at the end of the file in one call; returns how many bytes were written, which may be fewer."""

    def write_at(self, handle: int, offset: int, data: bytes) -> int:
        """Overwrite at `offset` in one call; returns how many bytes were written."""

    def truncate(self, handle: int, size: int) -> None:
        """Cut the file to `size` bytes; what is allocated beyond them is given back."""

    def preallocate(self, handle: int, offset: int, size: int) -> None:
        """Allocate `size` bytes of disk from `offset` on for what will be written; the file's own size stays.

        Raises OSError where there is no room for them, or no such call (EOPNOTSUPP).
        """

    def sync(self, handle: int) -> None:
        """Return once the file's content is on disk (fdatasync; F_FULLFSYNC where that exists)."""

    def drop_cache(self, handle: int) -> bool:
        """Ask that the next read comes from the disk; False where the system has no such call."""

    def stat(self, target: str | int) -> FileStat | None:
        """What stands at a path or behind a handle; None if nothing does."""

    def rename(self, source: str, target: str, *, private: bool = False) -> None:
        """Put `source` in the place of `target`, atomically.

        It takes over the permissions of what stood there, unless it is to stay `private`.
        """

    def remove(self, path: str) -> None:
        """Remove a file."""

    def make_dir(self, path: str) -> None:
        """Make one folder; whatever has that name already is left as it is."""

    def list_dir(self, path: str) -> list[str]:
        """The names in a folder, sorted."""

    def sync_dir(self, path: str) -> None:
        """Return once the names in the folder are on disk."""

    def lock(self, handle: int) -> bool:
        """Take the exclusive lock on an open file without waiting; False if somebody else holds it."""

    def unlock(self, handle: int) -> None:
        """Give back the lock, whoever else has a copy of the handle."""

    def is_locked(self, path: str) -> bool | None:
        """Whether some process holds the lock on a file, told without trying to take it; None if nobody can tell."""
