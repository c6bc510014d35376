"""Many files synced at once: each of them once, a failure of any is heard of, whatever becomes of the threads.

Law: real files and threads; a thread that cannot begin, or never does, is made where Python starts one.
"""

from __future__ import annotations

import _thread
import errno
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eventlog.files import RealFiles
from eventlog.syncing import sync_files
from tests.simulated_disk import SimulatedDisk

if TYPE_CHECKING:
    from collections.abc import Callable


class Slow(RealFiles):
    """A disk that answers nobody before so many wait; `synced` holds the files it was asked to sync."""

    def __init__(self, waiting: int) -> None:
        self.synced: list[str] = []
        self.fails = ""
        self._all = threading.Barrier(waiting)

    def sync(self, handle: int) -> None:
        self._all.wait(20)
        name = str(Path(f"/proc/self/fd/{handle}").readlink())
        self.synced.append(name)
        if name == self.fails:
            raise OSError(errno.EIO, os.strerror(errno.EIO))


def files_in(folder: Path, count: int) -> list[str]:
    paths = [folder / f"{number}" for number in range(count)]
    for path in paths:
        path.write_bytes(b"x")
    return [str(path) for path in paths]


@pytest.mark.parametrize(("count", "at_once"), [(0, 1), (1, 1), (16, 1), (64, 32)])
def test_of_many_files_each_is_synced_and_many_are_waited_for_at_once(tmp_path: Path, count: int, at_once: int) -> None:
    disk, paths = Slow(at_once), files_in(tmp_path, count)
    sync_files(disk, paths)
    assert sorted(disk.synced) == sorted(paths)


@pytest.mark.parametrize(("count", "at_once"), [(3, 1), (64, 32)])
def test_one_of_many_files_that_the_disk_does_not_confirm_is_heard_of(tmp_path: Path, count: int, at_once: int) -> None:
    disk, paths = Slow(at_once), files_in(tmp_path, count)
    disk.fails = paths[count // 2]
    with pytest.raises(OSError, match="Input/output"):
        sync_files(disk, paths)


def test_many_files_are_synced_where_there_can_be_no_more_threads(tmp_path: Path) -> None:
    """There is room for the program, and none for the stack of a thread."""
    program = (
        "import resource, sys; from pathlib import Path; from eventlog.files import RealFiles;"
        "from eventlog.syncing import sync_files;"
        "held = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize();"
        "resource.setrlimit(resource.RLIMIT_AS, (held + (2 << 20),) * 2);"
        "sync_files(RealFiles(), sys.argv[1:]); print(1)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *files_in(tmp_path, 64)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")


def test_an_interruption_while_threads_begin_leaves_none_at_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced, start = list[int](), _thread.start_new_thread

    class Slowly(RealFiles):
        def sync(self, handle: int) -> None:
            time.sleep(0.01)
            synced.append(handle)

    def begin(function: Callable[..., object], arguments: tuple[int]) -> int:
        if arguments[0] == 4:
            while not synced:
                time.sleep(0.001)
            raise KeyboardInterrupt
        return start(function, arguments)

    monkeypatch.setattr(_thread, "start_new_thread", begin)
    with pytest.raises(KeyboardInterrupt):
        sync_files(Slowly(), files_in(tmp_path, 64))
    by_then = len(synced)
    time.sleep(0.1)
    assert len(synced) == by_then < 64


def test_a_failure_is_heard_of_whatever_it_says_of_itself(tmp_path: Path) -> None:
    class FalsyError(OSError):
        def __bool__(self) -> bool:
            return False

    class Failing(RealFiles):
        def sync(self, handle: int) -> None:  # noqa: ARG002 - it fails
            raise FalsyError

    with pytest.raises(FalsyError):
        sync_files(Failing(), files_in(tmp_path, 3))


def test_a_thread_that_never_begins_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory ended as it began: Python says so on stderr, to nobody, and what it was to do is never begun."""
    disk, paths = Slow(1), files_in(tmp_path, 64)
    monkeypatch.setattr(_thread, "start_new_thread", lambda _function, _arguments: 0)
    sync_files(disk, paths)
    assert sorted(disk.synced) == sorted(paths)


def test_a_thread_that_begins_when_all_is_done_syncs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk, paths = Slow(1), files_in(tmp_path, 64)
    late: list[Callable[[], object]] = []
    monkeypatch.setattr(
        _thread, "start_new_thread", lambda function, arguments: late.append(lambda: function(*arguments))
    )
    sync_files(disk, paths)
    for begin in late:
        begin()
    assert sorted(disk.synced) == sorted(paths)
    assert late


def test_a_sync_that_failed_is_not_tried_again_where_there_can_be_no_more_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk says once that it failed, as Linux does; the second thread cannot be started."""
    disk, paths = Slow(1), files_in(tmp_path, 64)
    disk.fails = paths[0]
    start = _thread.start_new_thread

    def begin(function: Callable[..., object], arguments: tuple[object, ...]) -> int:
        if disk.synced:
            raise RuntimeError("can't start new thread")
        number = start(function, arguments)
        while not disk.synced:
            time.sleep(0.001)
        return number

    monkeypatch.setattr(_thread, "start_new_thread", begin)
    with pytest.raises(OSError, match="Input/output"):
        sync_files(disk, paths)
    assert disk.synced.count(paths[0]) == 1


def test_after_a_failure_no_thread_begins_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each thread is done before the next begins, so that it is certain who knew of what."""
    disk, paths = Slow(1), files_in(tmp_path, 64)
    disk.fails = paths[2]
    monkeypatch.setattr(_thread, "start_new_thread", lambda function, arguments: function(*arguments))
    with pytest.raises(OSError, match="Input/output"):
        sync_files(disk, paths)
    assert disk.synced == paths[:3]


def test_a_file_that_another_thread_still_syncs_is_waited_for(tmp_path: Path) -> None:
    """The last file of all is the slow one, whoever has it: nobody is told before it is on disk."""
    synced: list[int] = []
    begun = threading.Event()

    class OneIsSlow(RealFiles):
        def sync(self, handle: int) -> None:
            if threading.current_thread() is not threading.main_thread() and not begun.is_set():
                begun.set()
                time.sleep(0.3)
            elif threading.current_thread() is threading.main_thread():
                begun.wait(20)
            synced.append(handle)

    sync_files(OneIsSlow(), files_in(tmp_path, 20))
    assert len(synced) == 20


@pytest.mark.parametrize(("count", "threads"), [(16, 0), (17, 31), (64, 31)])
def test_threads_begin_where_many_wait_for_a_disk_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, threads: int
) -> None:
    begun: list[object] = []
    monkeypatch.setattr(_thread, "start_new_thread", lambda function, _arguments: begun.append(function))
    sync_files(RealFiles(), files_in(tmp_path, count))
    assert len(begun) == threads
    sync_files(SimulatedDisk({f"/d/{number}": b"old" for number in range(count)}), [f"/d/{n}" for n in range(count)])
    assert len(begun) == threads, "none for a disk that is counted"


def test_on_a_disk_that_is_counted_files_are_synced_one_after_another_in_their_order() -> None:
    paths = [f"/d/{number:02d}" for number in range(40)]
    disk = SimulatedDisk(dict.fromkeys(paths, b"old"))
    sync_files(disk, paths)
    assert [one.path for one in disk.trace if one.name == "sync"] == paths
