"""The simulated disk tells the truth: the same scripts on it and on the disk of this machine have the same results.

Law: results, contents, sizes, error numbers and which name leads to which file are compared after every single step.
"""

from __future__ import annotations

import errno
import sys
import tempfile
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventlog.files import READ_SIZE, Files, RealFiles, make_dirs_durably, read_file
from tests.simulated_disk import SimulatedDisk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Step = tuple[Any, ...]
PATHS = ["", "a", "b", "c/a", "d", "d/a", "d/b", "d/e", "d/e/a", "missing/a"]
FRESH = "fresh"
HANDLE_VERBS = {
    "append", "close", "drop_cache", "lock", "preallocate", "read_at", "sync", "truncate", "unlock", "write_at",
}  # fmt: skip


class Player:
    """Plays a script on one disk and tells each step's result in terms that can be compared with another disk's."""

    def __init__(self, files: Files, root: str) -> None:
        self.files = files
        self.root = root
        self.handles: list[int] = []

    def play(self, step: Step) -> tuple[str, object]:
        verb, *arguments = step
        try:
            if verb in HANDLE_VERBS:
                return "ok", self._play_on_handle(verb, *arguments)
            if verb == "open":
                path, mode, create = arguments
                fresh = create == FRESH
                handle = self.files.open(self._path(path), mode, create=bool(create), private=fresh, fresh=fresh)
                self.handles.append(handle)
                return "ok", None
            result = getattr(self.files, verb)(*map(self._path, arguments))
        except OSError as refused:
            return "error", errno.errorcode[refused.errno or 0]
        return "ok", self._comparable(result.inode, result) if verb == "stat" and result else result

    def _play_on_handle(self, verb: str, slot: int, *arguments: object) -> object:
        if not self.handles:
            return None
        handle = self.handles[slot % len(self.handles)]
        if verb == "close":
            self.handles.remove(handle)
        return getattr(self.files, verb)(handle, *arguments)

    def _comparable(self, inode: int, found: Any) -> object:
        """A file's size, and which of the open handles lead to it."""
        return found.is_dir or found.size, [self._inode(handle) == inode for handle in self.handles]

    def _inode(self, handle: int) -> int:
        found = self.files.stat(handle)
        assert found is not None
        return found.inode

    def _path(self, path: str) -> str:
        return f"{self.root}/{path}"

    def everything(self) -> object:
        """What the names lead to, and what the open handles see."""
        behind = [self.files.read_at(handle, 0, READ_SIZE) for handle in self.handles]
        return self._below(self.root), behind

    def _below(self, folder: str) -> dict[str, object]:
        found: dict[str, object] = {}
        for name in self.files.list_dir(folder):
            path = f"{folder}/{name}"
            about = self.files.stat(path)
            assert about is not None
            found[name] = self._below(path) if about.is_dir else read_file(self.files, path)
        return found


def compare(script: list[Step]) -> None:
    real_files = RealFiles()
    with tempfile.TemporaryDirectory() as root:
        real, simulated = Player(real_files, root), Player(SimulatedDisk(folders=["/r"]), "/r")
        try:
            for number, step in enumerate(script):
                try:
                    expected_by_the_model = simulated.play(step)
                except NotImplementedError:
                    continue
                assert (step, expected_by_the_model) == (step, real.play(step)), f"step {number}"
                assert simulated.everything() == real.everything(), f"after step {number}: {step}"
        finally:
            for handle in real.handles:
                real_files.close(handle)


paths, slots, sizes = st.sampled_from(PATHS), st.integers(0, 3), st.integers(0, 12)
modes, datas = st.sampled_from(["read", "append", "overwrite"]), st.binary(max_size=6)
steps = st.one_of(
    st.tuples(st.just("open"), paths, modes, st.booleans()),
    st.tuples(st.just("open"), paths, st.just("append"), st.sampled_from([True, FRESH])),
    st.tuples(st.just("append"), slots, datas),
    st.tuples(st.just("write_at"), slots, sizes, datas),
    st.tuples(st.just("read_at"), slots, sizes, sizes),
    st.tuples(st.just("truncate"), slots, sizes),
    st.tuples(st.just("preallocate"), slots, sizes, st.integers(1, 12)),
    st.tuples(st.sampled_from(["close", "drop_cache", "lock", "sync", "unlock"]), slots),
    st.tuples(st.sampled_from(["is_locked", "list_dir", "make_dir", "make_dir", "remove", "stat", "sync_dir"]), paths),
    st.tuples(st.just("rename"), paths.filter(bool), paths.filter(bool)),
)
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="the simulated disk takes Linux for its model")


@linux_only
@settings(max_examples=300, deadline=None)
@given(st.lists(steps, min_size=1, max_size=30))
def test_the_simulated_disk_does_what_the_real_one_does(script: list[Step]) -> None:
    compare(script)


@linux_only
@pytest.mark.parametrize(
    "script",
    [
        pytest.param(
            [
                ("open", "a", "append", False), ("open", "missing/a", "append", True), ("remove", "a"), ("stat", "a"),
                ("rename", "a", "b"), ("list_dir", "d"), ("sync_dir", "d"), ("make_dir", "missing/a"),
                ("is_locked", "a"),
            ],
            id="nothing there",
        ),
        pytest.param(
            [
                ("make_dir", "d"), ("make_dir", "d"), ("open", "d", "read", False), ("open", "d", "append", True),
                ("open", "", "read", True), ("remove", "d"), ("stat", "d"), ("rename", "d", "d/a"),
                ("open", "d", "append", FRESH), ("open", "f", "append", FRESH), ("open", "f", "append", FRESH),
            ],
            id="a folder where a file is wanted",
        ),
        pytest.param(
            [
                ("open", "a", "append", True), ("make_dir", "a"), ("list_dir", "a"), ("sync_dir", "a"),
                ("stat", "a/b"), ("open", "a/b", "append", True), ("remove", "a/b"), ("make_dir", "a/b"),
                ("rename", "a", "a/b"), ("rename", "a/b", "a"),
            ],
            id="a file where a folder is wanted",
        ),
        pytest.param(
            [
                ("make_dir", "d"), ("make_dir", "d/e"), ("open", "d/e/a", "append", True),
                ("open", "a", "append", True), ("rename", "a", "d"), ("rename", "d", "a"), ("rename", "d/e/a", "d"),
                ("rename", "d", "d/e/x"), ("rename", "d/e", "d/e"), ("rename", "d", "f"), ("make_dir", "g"),
                ("rename", "g", "f"), ("rename", "f", "g"),
            ],
            id="moves that are refused, and folders that move",
        ),
        pytest.param(
            [
                ("open", "a", "append", True), ("append", 0, b"one"), ("open", "b", "append", True),
                ("append", 1, b"two"), ("rename", "a", "b"), ("append", 0, b"!"), ("append", 1, b"?"), ("stat", "b"),
                ("remove", "b"), ("append", 0, b"!"), ("lock", 0), ("open", "b", "append", True), ("lock", 2),
                ("stat", "b"),
            ],
            id="handles that outlive their names",
        ),
        pytest.param(
            [
                ("open", "a", "append", True), ("open", "a", "read", False), ("lock", 0), ("lock", 0), ("lock", 1),
                ("unlock", 1), ("lock", 1), ("unlock", 0), ("lock", 1), ("lock", 0), ("unlock", 1), ("lock", 0),
                ("is_locked", "a"), ("close", 0), ("lock", 0), ("append", 0, b"x"), ("truncate", 0, 0),
                ("write_at", 0, 0, b"x"), ("sync", 0), ("is_locked", "a"), ("is_locked", "a/b"), ("close", 0),
                ("is_locked", "a"), ("is_locked", ""),
            ],
            id="two locks, and a handle for reading",
        ),
        pytest.param(
            [
                ("open", "a", "append", True), ("append", 0, b"one"), ("write_at", 0, 0, b"two"),
                ("write_at", 0, 9, b""), ("truncate", 0, 8), ("open", "a", "overwrite", False),
                ("write_at", 1, 12, b"far"), ("append", 1, b"AB"), ("append", 1, b"C"), ("read_at", 1, 3, 99),
                ("read_at", 1, 99, 3), ("drop_cache", 0), ("append", 0, b""),
            ],
            id="every way to write",
        ),
    ],
)  # fmt: skip
def test_the_simulated_disk_refuses_what_the_real_one_refuses(script: list[Step]) -> None:
    compare(script)


@pytest.mark.parametrize("files", [RealFiles(), SimulatedDisk()], ids=["real", "simulated"])
def test_a_closed_handle_is_good_for_nothing(files: Files, tmp_path: Path) -> None:
    make_dirs_durably(files, str(tmp_path))
    handle = files.open(f"{tmp_path}/a", "append", create=True)
    files.close(handle)
    verbs: list[Callable[[int], object]] = [
        files.close,
        files.sync,
        files.drop_cache,
        files.stat,
        files.lock,
        files.unlock,
    ]
    verbs += [partial(files.read_at, offset=0, size=1), partial(files.append, data=b"x")]
    for verb in verbs:
        with pytest.raises(OSError, match="Bad file descriptor"):
            verb(handle)
