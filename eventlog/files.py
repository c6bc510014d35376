"""The disk of this machine as a file-system port (port.py), and what is built of several of its verbs.

Law: the only file that touches the disk.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from typing import TYPE_CHECKING

from eventlog.port import Files, FileStat, Mode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "READ_SIZE", "TEMPORARY", "FileStat", "Files", "Mode", "RealFiles", "beside", "copy_durably", "folder_of",
    "holds", "make_dirs_durably", "name_of", "read_chunks", "read_file", "replace_durably", "resolve",
    "write_all", "write_new",
]  # fmt: skip
READ_SIZE, TEMPORARY = 64 * 1024, ".new"
_KEEP_SIZE = 1  # FALLOC_FL_KEEP_SIZE of linux/falloc.h
_SECTOR = 512  # bytes in one of st_blocks
_FLAGS = {"read": os.O_RDONLY, "append": os.O_RDWR | os.O_APPEND, "overwrite": os.O_RDWR}


class RealFiles:
    """The disk of this machine."""

    def open(self, path: str, mode: Mode, *, create: bool = False, private: bool = False, fresh: bool = False) -> int:
        """See Files.open. A path that is a folder, a socket or a device is refused (EISDIR, EINVAL)."""
        flags = _FLAGS[mode] | os.O_CLOEXEC | os.O_NONBLOCK | (os.O_CREAT if create else 0)
        flags |= (os.O_EXCL if create and fresh else 0) | (os.O_NOFOLLOW if create and (private or fresh) else 0)
        handle = os.open(path, flags, 0o600 if private else 0o644)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            code = errno.EISDIR if stat.S_ISDIR(os.fstat(handle).st_mode) else errno.EINVAL
            os.close(handle)
            raise OSError(code, os.strerror(code), path)
        return handle

    def close(self, handle: int) -> None:
        """See Files.close."""
        os.close(handle)

    def read_at(self, handle: int, offset: int, size: int) -> bytes:
        """See Files.read_at."""
        return os.pread(handle, size, offset)

    def append(self, handle: int, data: bytes) -> int:
        """See Files.append."""
        return os.write(handle, data)

    def write_at(self, handle: int, offset: int, data: bytes) -> int:
        """See Files.write_at."""
        return os.pwrite(handle, data, offset)

    def truncate(self, handle: int, size: int) -> None:
        """See Files.truncate."""
        os.ftruncate(handle, size)

    def preallocate(self, handle: int, offset: int, size: int) -> None:
        """See Files.preallocate (fallocate of Linux; Python's own posix_fallocate makes the file longer)."""
        disk, file = os.fstatvfs(handle), os.fstat(handle)
        free = disk.f_bavail if os.geteuid() else disk.f_bfree
        if disk.f_blocks > 0 and (free + 1) * disk.f_frsize < size:  # ext4 would take all there is, and then fail
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        try:
            import ctypes  # noqa: PLC0415 - few need it

            system = ctypes.CDLL(None, use_errno=True)
            fallocate = getattr(system, "fallocate64", None) or system.fallocate
        except (ImportError, AttributeError):
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP)) from None
        fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
        if fallocate(handle, _KEEP_SIZE, offset, size) != 0:
            code = ctypes.get_errno()
            # If nothing was kept before, what was granted all the same is given back.
            if file.st_blocks * _SECTOR < file.st_size + READ_SIZE:
                with contextlib.suppress(OSError):
                    os.ftruncate(handle, file.st_size)
            raise OSError(code, os.strerror(code))

    def sync(self, handle: int) -> None:
        """See Files.sync. On macOS fdatasync leaves data in the drive's cache, so F_FULLFSYNC is used there."""
        full_sync = getattr(fcntl, "F_FULLFSYNC", None)
        if full_sync is not None:
            fcntl.fcntl(handle, full_sync)
        else:
            os.fdatasync(handle)

    def drop_cache(self, handle: int) -> bool:
        """See Files.drop_cache (POSIX_FADV_DONTNEED: clean pages are read again from the disk)."""
        if not hasattr(os, "posix_fadvise"):
            return False
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        return True

    def stat(self, target: str | int) -> FileStat | None:
        """See Files.stat."""
        try:
            found = os.stat(target)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return FileStat(found.st_dev, found.st_ino, found.st_size, stat.S_ISDIR(found.st_mode))

    def rename(self, source: str, target: str, *, private: bool = False) -> None:
        """See Files.rename."""
        with contextlib.suppress(OSError):
            if not private:
                os.chmod(source, stat.S_IMODE(os.stat(target).st_mode))
        os.replace(source, target)

    def remove(self, path: str) -> None:
        """See Files.remove."""
        os.unlink(path)

    def make_dir(self, path: str) -> None:
        """See Files.make_dir."""
        with contextlib.suppress(FileExistsError):
            os.mkdir(path)

    def list_dir(self, path: str) -> list[str]:
        """See Files.list_dir."""
        return sorted(os.listdir(path))

    def sync_dir(self, path: str) -> None:
        """See Files.sync_dir."""
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def lock(self, handle: int) -> bool:
        """See Files.lock (flock: the kernel gives it back when the process dies)."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def unlock(self, handle: int) -> None:
        """See Files.unlock."""
        fcntl.flock(handle, fcntl.LOCK_UN)

    def is_locked(self, path: str) -> bool | None:
        """See Files.is_locked. Linux lists its locks by inode; elsewhere only a try would tell, and disturb others."""
        found = self.stat(path)
        if found is None:
            return False
        try:
            with open("/proc/locks", encoding="ascii") as table:
                return any("FLOCK" in line and f":{found.inode} " in line for line in table)
        except OSError:
            return None


def resolve(files: Files | None, path: str | os.PathLike[str]) -> tuple[Files, str]:
    """The disk to use (this machine's if none is given) and the path that stays right if the program changes folders.

    Links are followed, so that two names of one log have one lock and one head.
    """
    name = os.fspath(path)
    if files is None or isinstance(files, RealFiles):
        return files or RealFiles(), os.path.realpath(name)
    return files, name


def folder_of(path: str) -> str:
    """The folder a path stands in."""
    return os.path.dirname(path) or "."


def name_of(path: str) -> str:
    """The last name of a path."""
    return os.path.basename(path)


def beside(path: str, suffix: str) -> str:
    """The path of a file that belongs to a log: `events.lock` beside `events.jsonl`."""
    return f"{folder_of(path)}/{name_of(path).rsplit('.', 1)[0]}{suffix}"


def write_all(files: Files, handle: int, data: bytes) -> None:
    """Append all of `data`, going on after a short write; the error of the last attempt is raised."""
    while data:
        written = files.append(handle, data)
        if written == 0:
            raise OSError(errno.EIO, "the system wrote nothing and gave no reason")
        data = data[written:]


def read_chunks(files: Files, handle: int, offset: int = 0) -> Iterator[bytes]:
    """The file from `offset` to its end, in pieces."""
    while chunk := files.read_at(handle, offset, READ_SIZE):
        yield chunk
        offset += len(chunk)


def read_file(files: Files, path: str) -> bytes | None:
    """The whole content of a small file; None if there is none."""
    try:
        handle = files.open(path, "read")
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        return b"".join(read_chunks(files, handle))
    finally:
        files.close(handle)


def holds(files: Files, path: str, data: bytes) -> bool:
    """Whether a file has exactly this content; of what stands there one piece at a time is in memory."""
    try:
        handle = files.open(path, "read")
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        at, wanted = 0, memoryview(data)
        for chunk in read_chunks(files, handle):
            if chunk != wanted[at : at + len(chunk)]:
                return False
            at += len(chunk)
        return at == len(data)
    finally:
        files.close(handle)


def replace_durably(files: Files, path: str, data: bytes | Iterable[bytes], *, private: bool = False) -> None:
    """Put `data` at `path` so that after any crash there is either the old content or all of the new, on disk.

    It may come in pieces. The order is the whole point: temporary file, its sync, rename, sync of the folder. Raises
    OSError: then the old content stands and the temporary file is removed if possible; if the last sync failed, the new
    one stands, whole, but a crash may bring the old one back. If `private`, nobody else can read it.
    """
    _put_durably(files, path, (data,) if isinstance(data, bytes) else data, private=private)


def copy_durably(files: Files, source: int, path: str, *, offset: int = 0) -> None:
    """Put what is behind an open handle from `offset` on at `path`, in pieces and private, as `replace_durably`."""
    _put_durably(files, path, read_chunks(files, source, offset), private=True)


def _put_durably(files: Files, path: str, pieces: Iterable[bytes], *, private: bool) -> None:
    temporary = path + TEMPORARY
    try:
        write_new(files, temporary, pieces, private=private)
        files.rename(temporary, path, private=private)
    except OSError:
        with contextlib.suppress(OSError):
            files.remove(temporary)
        raise
    files.sync_dir(folder_of(path))


def write_new(files: Files, path: str, pieces: Iterable[bytes], *, private: bool = False) -> None:
    """Write a new file in the place of whatever has that name, and sync it; its name is not yet durable."""
    with contextlib.suppress(FileNotFoundError):
        files.remove(path)  # never written through: it may be a link
    handle = files.open(path, "append", create=True, private=private, fresh=True)
    try:
        for piece in pieces:
            write_all(files, handle, piece)
        files.sync(handle)
    finally:
        files.close(handle)


def make_dirs_durably(files: Files, path: str) -> None:
    """Make a folder and those above it, each name on disk before the next is used.

    The folder above is synced even if nothing is missing: whoever made the last one may have died before doing so.
    Raises OSError; NotADirectoryError if something else has that name.
    """
    parent, found = folder_of(path), files.stat(path)
    if found is None:
        make_dirs_durably(files, parent)
        files.make_dir(path)
    elif not found.is_dir:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
    files.sync_dir(parent)
