"""A disk in memory that can lose its power, say no, or lose its process between any two operations.

Law: to the program it behaves as eventlog.files.RealFiles does on Linux (tests/test_disk_fidelity.py compares them);
what a power cut leaves is told in tests/simulated_platter.py. Every call of a verb is one numbered operation.

    disk = SimulatedDisk(folders=["/log"])
    disk.crash_at = 5                            # operation 5 takes effect in memory only, then SimulatedCrash
    disk.faults = {3: Fault(errno=ENOSPC, through=7)}  # or a function of (number, operation)
    disk = disk.image(pick)                      # the power was cut: one possible disk
    disk = disk.kill()                           # the process died: the kernel and its cache live on
"""

from __future__ import annotations

import contextlib
import errno as errors
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

from eventlog.files import FileStat, Mode
from tests.crash_images import Pick, SimulatedCrash, Tears, every_byte, kindest
from tests.simulated_platter import Change, File, Folder, Platter, error, parts, refuse_rename

__all__ = ["Fault", "Operation", "SimulatedCrash", "SimulatedDisk"]


class Operation(NamedTuple):
    """One call of a verb, as the trace keeps it."""

    name: str
    path: str
    details: tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The disk says no: an error, or without one a short write; `through` bytes of a read or a write still pass."""

    errno: int | None = None
    through: int | None = None

    def passed(self, size: int) -> int:
        through = self.through if self.through is not None else 0 if self.errno else size
        return min(through, size)


@dataclass(slots=True, kw_only=True)
class Handle:
    """An open file."""

    path: str
    file: File
    mode: Mode
    position: int = 0


Faults: TypeAlias = Mapping[int, Fault] | Callable[[int, Operation], Fault | None]


class SimulatedDisk:
    """One process's view of a simulated disk; an eventlog.files.Files."""

    def __init__(
        self, files: Mapping[str, bytes] | None = None, *, folders: Iterable[str] = (), has_drop_cache: bool = True
    ) -> None:
        self.trace: list[Operation] = []
        self.crash_at: int | None = None
        self.faults: Faults = {}
        self.pick: Pick = kindest  # decides what drop_cache finds of writes that are in doubt
        self.tears: Tears = every_byte  # where it may find them torn
        self.has_drop_cache = has_drop_cache
        self.dead = False
        self._platter = Platter()
        self._handles: dict[int, Handle] = {}
        for path in folders:
            self._platter.furnish(path)
        for path, data in (files or {}).items():
            *above, name = parts(path)
            folder = self._platter.furnish("/".join(above))
            file = File(number=self._platter.number(), live=bytearray(data), durable=bytearray(data))
            folder.live[name] = folder.durable[name] = file

    # what may happen to a disk

    def image(
        self, pick: Pick, *, tears: Tears = every_byte, unread: Callable[[str], bool] = lambda _: False
    ) -> SimulatedDisk:
        """One possible disk after a power cut now; this one is left as it is.

        Files whose name is `unread` lose what was not synced, and nothing is picked for them; the caller sees to it
        that nobody reads them.
        """
        return self._with(self._platter.image(pick, tears, unread))

    def fate(self) -> object:
        """All that a power cut now can tell from: equal fates leave equal disks."""
        return self._platter.root.fate()

    def kill(self) -> SimulatedDisk:
        """End the process, its handles and its locks; returns the disk as the next process sees it."""
        self.dead = True
        for number in list(self._handles):
            self._release(number)
        return self.process()

    def process(self) -> SimulatedDisk:
        """Another process on the same disk, with a numbering of its own."""
        return self._with(self._platter)

    def fork(self) -> SimulatedDisk:
        """Return an independent copy, open handles, locks, trace and plans included."""
        platter, file_of = self._platter.copy()
        copy = self._with(platter)
        copy.trace, copy.crash_at, copy.faults, copy.dead = self.trace.copy(), self.crash_at, self.faults, self.dead
        handles = {number: replace(each, file=file_of(each.file)) for number, each in self._handles.items()}
        copy._handles = handles  # noqa: SLF001 - the copy is one of us
        return copy

    def _with(self, platter: Platter) -> SimulatedDisk:
        disk = SimulatedDisk(has_drop_cache=self.has_drop_cache)
        disk.pick, disk.tears, disk._platter = self.pick, self.tears, platter
        return disk

    def bit_flip(self, path: str, bit: int) -> None:
        """Rot: one bit of a file turns over, in the cache and on the platter."""
        file = self._settled(path)
        for content in (file.live, file.durable):
            content[bit // 8] ^= 1 << bit % 8

    def cut(self, path: str, size: int) -> None:
        """Rot: the file ends after `size` bytes."""
        file = self._settled(path)
        del file.live[size:], file.durable[size:]

    def contents(self) -> dict[str, bytes]:
        """Every file a process would see, by its path from the root; not an operation."""
        return {path: bytes(file.live) for path, file in self._platter.files().items()}

    def _settled(self, path: str) -> File:
        file = self._platter.node(path)
        assert isinstance(file, File), f"{path} is a folder"
        assert not file.pending, f"{path} has unsynced changes: rot is for what is on the platter"
        return file

    # one numbered operation

    @contextlib.contextmanager
    def _operation(self, name: str, path: str, *details: object, late: bool = False) -> Iterator[Fault]:
        """Count it, let its fault strike (before the body, or after it if `late`), and die if it is its turn."""
        if self.dead:
            raise SimulatedCrash
        number, operation = len(self.trace), Operation(name, path, details)
        self.trace.append(operation)
        fault = (self.faults(number, operation) if callable(self.faults) else self.faults.get(number)) or Fault()
        self.dead = number == self.crash_at
        try:
            if fault.errno and not late:
                raise error(fault.errno, path)
            yield fault
            if fault.errno:
                raise error(fault.errno, path)
        finally:
            if self.dead:
                raise SimulatedCrash

    def _handle(self, number: int) -> Handle:
        if self.dead:
            raise SimulatedCrash
        if number not in self._handles:
            raise error(errors.EBADF, f"handle {number}")
        return self._handles[number]

    def _release(self, number: int) -> None:
        handle = self._handles.pop(number)
        if handle.file.holder == number:
            handle.file.holder = None

    # the verbs of eventlog.files.Files

    def open(self, path: str, mode: Mode, *, create: bool = False, private: bool = False, fresh: bool = False) -> int:  # noqa: ARG002
        with self._operation("open", path, mode, create):
            folder, name = self._platter.place(path)
            file = folder.live.get(name)
            if create and fresh and file is not None:
                raise error(errors.EISDIR if path.endswith("/") else errors.EEXIST, path)
            if isinstance(file, Folder):
                raise error(errors.EISDIR, path)
            if file is None and not create:
                raise error(errors.ENOENT, path)
            if file is None:
                file = File(number=self._platter.number())
                folder.change({name: file})
            number = self._platter.number()
            self._handles[number] = Handle(path=path, file=file, mode=mode)
            return number

    def close(self, handle: int) -> None:
        with self._operation("close", self._handle(handle).path, late=True):
            self._release(handle)

    def read_at(self, handle: int, offset: int, size: int) -> bytes:
        opened = self._handle(handle)
        with self._operation("read_at", opened.path, offset, size) as fault:
            return bytes(opened.file.live[offset : offset + fault.passed(size)])

    def append(self, handle: int, data: bytes) -> int:
        opened = self._handle(handle)
        with self._operation("append", opened.path, data, late=True) as fault:
            opened.position = self._write(opened, opened.position, data[: fault.passed(len(data))])
            return fault.passed(len(data))

    def write_at(self, handle: int, offset: int, data: bytes) -> int:
        opened = self._handle(handle)
        with self._operation("write_at", opened.path, offset, data, late=True) as fault:
            self._write(opened, offset, data[: fault.passed(len(data))])
            return fault.passed(len(data))

    def _write(self, opened: Handle, offset: int, data: bytes) -> int:
        """Write and return where it ended. Linux: a handle for appending appends, whatever offset it is given."""
        if opened.mode == "read":
            raise error(errors.EBADF, opened.path)
        if opened.mode == "append":
            offset = len(opened.file.live)
        if data:
            opened.file.change(Change(offset, data))
        return offset + len(data)

    def truncate(self, handle: int, size: int) -> None:
        opened = self._handle(handle)
        with self._operation("truncate", opened.path, size):
            if opened.mode == "read":
                raise error(errors.EINVAL, opened.path)
            if size != len(opened.file.live):
                opened.file.change(Change(size, None))

    def preallocate(self, handle: int, offset: int, size: int) -> None:
        opened = self._handle(handle)
        with self._operation("preallocate", opened.path, offset, size):
            if opened.mode == "read":
                raise error(errors.EBADF, opened.path)

    def sync(self, handle: int) -> None:
        opened = self._handle(handle)
        with self._operation("sync", opened.path, late=True) as fault:
            if fault.errno:
                opened.file.doubt()
            elif not self.dead:  # a sync that the power cut interrupts has promised nothing
                opened.file.sync()

    def drop_cache(self, handle: int) -> bool:
        opened = self._handle(handle)
        with self._operation("drop_cache", opened.path):
            if self.has_drop_cache:
                opened.file.reread(self.pick, self.tears)
            return self.has_drop_cache

    def stat(self, target: str | int) -> FileStat | None:
        opened = self._handle(target) if isinstance(target, int) else None
        with self._operation("stat", opened.path if opened else str(target)):
            try:
                node = opened.file if opened else self._platter.node(str(target))
            except (FileNotFoundError, NotADirectoryError):
                return None
            return FileStat(device=1, inode=node.number, size=len(node.live), is_dir=isinstance(node, Folder))

    def rename(self, source: str, target: str, *, private: bool = False) -> None:  # noqa: ARG002
        with self._operation("rename", source, target):
            (old_folder, old_name), (new_folder, new_name) = self._platter.place(source), self._platter.place(target)
            node, replaced = old_folder.live.get(old_name), new_folder.live.get(new_name)
            if node is None:
                raise error(errors.ENOENT, source)
            if node is replaced:
                return
            refuse_rename(parts(source), parts(target), node, replaced)
            if old_folder is new_folder:
                old_folder.change({old_name: None, new_name: node})
            else:
                new_folder.change({new_name: node})
                old_folder.change({old_name: None})

    def remove(self, path: str) -> None:
        with self._operation("remove", path):
            if isinstance(self._platter.node(path), Folder):
                raise error(errors.EISDIR, path)
            folder, name = self._platter.place(path)
            folder.change({name: None})

    def make_dir(self, path: str) -> None:
        with self._operation("make_dir", path):
            folder, name = self._platter.place(path)
            if name not in folder.live:
                folder.change({name: Folder(number=self._platter.number())})

    def list_dir(self, path: str) -> list[str]:
        with self._operation("list_dir", path):
            return sorted(self._platter.folder(path).live)

    def sync_dir(self, path: str) -> None:
        with self._operation("sync_dir", path):
            folder = self._platter.folder(path)
            if not self.dead:
                folder.sync()

    def lock(self, handle: int) -> bool:
        opened = self._handle(handle)
        with self._operation("lock", opened.path):
            if opened.file.holder not in {None, handle}:
                return False
            opened.file.holder = handle
            return True

    def unlock(self, handle: int) -> None:
        opened = self._handle(handle)
        with self._operation("unlock", opened.path):
            if opened.file.holder == handle:
                opened.file.holder = None

    def is_locked(self, path: str) -> bool:
        with self._operation("is_locked", path):
            found = [file for at, file in self._platter.files().items() if parts(at) == parts(path)]
            return any(file.holder is not None for file in found)
