"""The simulated platter: files and folders, their unsynced changes, and what a power cut makes of them.

Law: the only source of chance is `pick(n)`, a number below n where 0 is the kindest outcome, so that Hypothesis shrinks
towards a healthy disk and tests/crash_images.py can walk every outcome there is.

The model is weaker than ext4 or xfs on purpose. A change of a file is seen at once and is on the platter only after a
sync of that file; until then any subset of the changes survives, a write also in part. A change of a folder (a name
that appears, moves or goes) is on the platter only after a sync of that folder, whatever was synced inside it. A sync
that fails leaves its changes *doubtful*: the kernel believes they are written and no later sync writes them again.
"""

from __future__ import annotations

import errno as errors
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.crash_images import Pick, Tears


@dataclass(frozen=True, slots=True)
class Change:
    """One write at an offset, or, without data, a truncation to it."""

    offset: int
    data: bytes | None
    state: Literal["dirty", "doubtful", "settled"] = "dirty"

    def apply(self, content: bytearray) -> None:
        if self.data is None:
            del content[self.offset :]
        content.extend(bytes(max(0, self.offset - len(content))))
        if self.data:
            content[self.offset : self.offset + len(self.data)] = self.data

    def survive(self, pick: Pick, tears: Tears) -> Change | None:
        """Return what the platter holds of this change after a power cut; None if nothing."""
        if self.state == "settled":
            return self
        if self.data is None:
            return replace(self, state="settled") if pick(2) == 0 else None
        return self._tear(self.data, pick, tears(self.data))

    def _tear(self, data: bytes, pick: Pick, places: Sequence[int]) -> Change | None:
        outcome = pick(6 if places else 3)
        if outcome == 0:
            return Change(self.offset, data, "settled")
        if outcome == 1:
            return None
        lengths = [*places, len(data)] if outcome == 2 else places
        at = lengths[pick(len(lengths))]
        match outcome:
            case 2:  # the size reached the platter, the bytes did not
                return Change(self.offset, bytes(at), "settled")
            case 3:  # the beginning only
                return Change(self.offset, data[:at], "settled")
            case 4:  # the end only: before it, what was there, or zeros
                return Change(self.offset + at, data[at:], "settled")
            case _:  # the beginning only, but the whole size
                return Change(self.offset, data[:at] + bytes(len(data) - at), "settled")


@dataclass(slots=True, kw_only=True, eq=False)
class File:
    """An inode: what a process reads, what the platter holds, and the changes between the two, oldest first."""

    number: int
    live: bytearray = field(default_factory=bytearray)
    durable: bytearray = field(default_factory=bytearray)
    pending: list[Change] = field(default_factory=list)
    holder: int | None = None  # the handle that holds the lock

    def change(self, change: Change) -> None:
        change.apply(self.live)
        self.pending.append(change)

    def sync(self) -> None:
        """Sync with success, which says nothing about what an earlier, failed sync left in doubt."""
        self.pending = [replace(each, state="settled") if each.state == "dirty" else each for each in self.pending]
        self._fold()

    def doubt(self) -> None:
        """Sync in vain: the kernel marks the changes as written."""
        self.pending = [replace(each, state="doubtful") if each.state == "dirty" else each for each in self.pending]

    def reread(self, pick: Pick, tears: Tears) -> None:
        """Drop the cache: what was in doubt is now seen as the platter has it; what is dirty stays."""
        seen = [each if each.state == "dirty" else each.survive(pick, tears) for each in self.pending]
        self.pending = [each for each in seen if each is not None]
        self._fold()
        self.live = self.durable.copy()
        for each in self.pending:
            each.apply(self.live)

    def _fold(self) -> None:
        settled = 0
        while settled < len(self.pending) and self.pending[settled].state == "settled":
            self.pending[settled].apply(self.durable)
            settled += 1
        del self.pending[:settled]

    def image(self, pick: Pick, tears: Tears) -> File:
        content = self.durable.copy()
        for each in self.pending:
            if (rest := each.survive(pick, tears)) is not None:
                rest.apply(content)
        return File(number=self.number, live=content, durable=content.copy())

    def fate(self) -> object:
        return self.number, bytes(self.durable), tuple(self.pending)

    def copy(self) -> File:
        return replace(self, live=self.live.copy(), durable=self.durable.copy(), pending=self.pending.copy())


@dataclass(slots=True, kw_only=True, eq=False)
class Folder:
    """A folder: the names a process sees, those on the platter, and the changes between; None takes a name away."""

    number: int
    live: dict[str, Node] = field(default_factory=dict)
    durable: dict[str, Node] = field(default_factory=dict)
    pending: list[Mapping[str, Node | None]] = field(default_factory=list)

    def change(self, names: Mapping[str, Node | None]) -> None:
        """One change, atomic however many names it touches."""
        _rename(self.live, names)
        self.pending.append(names)

    def sync(self) -> None:
        for names in self.pending:
            _rename(self.durable, names)
        self.pending = []

    def fate(self) -> object:
        changes = [self.durable, *self.pending]
        return [{name: node and node.fate() for name, node in names.items()} for names in changes]


Node: TypeAlias = File | Folder
Unread: TypeAlias = Callable[[str], bool]


def _rename(entries: dict[str, Node], names: Mapping[str, Node | None]) -> None:
    for name, node in names.items():
        if node is None:
            entries.pop(name, None)
        else:
            entries[name] = node


@dataclass(slots=True, kw_only=True)
class Platter:
    """The machine's one disk, shared by its processes: the root folder and the next free number."""

    root: Folder = field(default_factory=lambda: Folder(number=1))
    last_number: int = 1

    def number(self) -> int:
        """Return a number no inode and no handle has had."""
        self.last_number += 1
        return self.last_number

    def node(self, path: str) -> Node:
        """Return what stands at a path; OSError as the system raises it."""
        node: Node = self.root
        for part in parts(path):
            if isinstance(node, File):
                raise error(errors.ENOTDIR, path)
            if part not in node.live:
                raise error(errors.ENOENT, path)
            node = node.live[part]
        return node

    def folder(self, path: str) -> Folder:
        node = self.node(path)
        if isinstance(node, File):
            raise error(errors.ENOTDIR, path)
        return node

    def place(self, path: str) -> tuple[Folder, str]:
        """Return the folder a path stands in, and its name there; the root stands in one nobody sees."""
        if not parts(path):
            return Folder(number=0, live={"": self.root}), ""
        *above, name = parts(path)
        return self.folder("/".join(above)), name

    def furnish(self, path: str) -> Folder:
        """Make a folder and those above it, all on the platter."""
        folder = self.root
        for part in parts(path):
            below = folder.live.get(part) or Folder(number=self.number())
            assert isinstance(below, Folder), f"{path}: {part} is a file"
            folder.live[part] = folder.durable[part] = below
            folder = below
        return folder

    def files(self) -> dict[str, File]:
        """Every file a process can see, by its path from the root."""
        return dict(_walk(self.root, ""))

    def image(self, pick: Pick, tears: Tears, unread: Unread) -> Platter:
        """One possible platter after a power cut now; of what is `unread`, no unsynced write is there."""
        return Platter(root=_Imaging(pick, tears, unread).folder(self.root), last_number=self.last_number)

    def copy(self) -> tuple[Platter, Callable[[File], File]]:
        """Return the same platter again, and the way from a file to its copy."""
        copying = _Copying()
        return Platter(root=copying.folder(self.root), last_number=self.last_number), copying.file


class _Imaging:
    """One walk of the durable names; a file that has two names after half a move is one file."""

    def __init__(self, pick: Pick, tears: Tears, unread: Unread) -> None:
        self._pick = pick
        self._tears = tears
        self._unread = unread
        self._files: dict[File, File] = {}

    def folder(self, folder: Folder) -> Folder:
        names = folder.durable.copy()
        for change in folder.pending:
            if self._pick(2) == 0:
                _rename(names, change)
        found = {name: self._node(names[name], name) for name in sorted(names)}
        return Folder(number=folder.number, live=found, durable=found.copy())

    def _node(self, node: Node, name: str) -> Node:
        if isinstance(node, Folder):
            return self.folder(node)
        if node not in self._files:
            pick = (lambda count: min(1, count - 1)) if self._unread(name) else self._pick
            self._files[node] = node.image(pick, self._tears)
        return self._files[node]


class _Copying:
    """One walk of everything, pending changes too."""

    def __init__(self) -> None:
        self._files: dict[File, File] = {}
        self._folders: dict[Folder, Folder] = {}

    def folder(self, folder: Folder) -> Folder:
        if folder not in self._folders:
            copy = self._folders[folder] = Folder(number=folder.number)
            copy.live = {name: self._node(node) for name, node in folder.live.items()}
            copy.durable = {name: self._node(node) for name, node in folder.durable.items()}
            copy.pending = [
                {name: None if node is None else self._node(node) for name, node in change.items()}
                for change in folder.pending
            ]
        return self._folders[folder]

    def file(self, file: File) -> File:
        if file not in self._files:
            self._files[file] = file.copy()
        return self._files[file]

    def _node(self, node: Node) -> Node:
        return self.folder(node) if isinstance(node, Folder) else self.file(node)


def error(code: int, path: str) -> OSError:
    """Return the OSError the system would raise."""
    return OSError(code, os.strerror(code), path)


def parts(path: str) -> list[str]:
    """Return the names along a path; the current folder of a process is the root."""
    names = [name for name in path.split("/") if name not in {"", "."}]
    assert ".." not in names, f"{path}: the simulated disk knows no .."
    return names


def _walk(folder: Folder, above: str) -> Iterator[tuple[str, File]]:
    for name, node in sorted(folder.live.items()):
        if isinstance(node, File):
            yield f"{above}/{name}", node
        else:
            yield from _walk(node, f"{above}/{name}")


def refuse_rename(source: list[str], target: list[str], node: Node, replaced: Node | None) -> None:
    """Raise what Linux raises for a move it refuses."""
    path = "/".join(target)
    if target[: len(source)] == source:
        raise error(errors.EINVAL, path)
    if source[: len(target)] == target:
        raise error(errors.ENOTEMPTY, path)
    if isinstance(node, File):
        if isinstance(replaced, Folder):
            raise error(errors.EISDIR, path)
        return
    if isinstance(replaced, File):
        raise error(errors.ENOTDIR, path)
    if replaced is not None and replaced.live:
        raise error(errors.ENOTEMPTY, path)
    if source[:-1] != target[:-1]:
        raise NotImplementedError("the model does not move a folder into another folder")
