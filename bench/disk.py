"""A disk that counts, and one that does not wait: real files with the costs counted or left out."""

from __future__ import annotations

from collections import Counter

from eventlog.files import Mode, RealFiles


class UnsyncedFiles(RealFiles):
    """Real files without a single sync: for making logs to measure, where nobody waits for the disk."""

    def sync(self, handle: int) -> None:
        """Return at once."""

    def sync_dir(self, path: str) -> None:
        """Return at once."""


class CountingFiles(UnsyncedFiles):
    """Unsynced files that count the bytes written to each file."""

    def __init__(self) -> None:
        self.written: Counter[str] = Counter()
        self._paths: dict[int, str] = {}

    def open(self, path: str, mode: Mode, *, create: bool = False, private: bool = False, fresh: bool = False) -> int:
        """Open, and remember what the handle means."""
        handle = super().open(path, mode, create=create, private=private, fresh=fresh)
        self._paths[handle] = path.removesuffix(".new")
        return handle

    def append(self, handle: int, data: bytes) -> int:
        """Append, and count."""
        self.written[self._paths[handle]] += len(data)
        return super().append(handle, data)

    def write_at(self, handle: int, offset: int, data: bytes) -> int:
        """Overwrite, and count."""
        self.written[self._paths[handle]] += len(data)
        return super().write_at(handle, offset, data)
