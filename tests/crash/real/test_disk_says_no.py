"""A real disk that says no: it is full, a file may not grow, it is read-only.

Law: whatever it says, the right error is raised, nothing is half-written, nothing acknowledged is lost, and the log
goes on as soon as the disk does.
"""

from __future__ import annotations

import errno
import itertools
import os
import resource
import signal
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eventlog import AppendError, Event, EventLog, LogPoisonedError, read, verify
from eventlog.files import RealFiles
from eventlog.recovery import State
from tests.crash.real.layers import real, required
from tests.crash.real.mounts import EXT4, XFS, How, Kind, fill, loop_disk, mount, remount, tmpfs, unmount
from tests.crash.real.workload import SAID, expect_exactly, texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.crash.real.conftest import Tell

pytestmark = real("disks that say no")

BIG = "x" * 3000
PAGE = 4096


def append_until_refused(log: EventLog, said: list[object]) -> AppendError:
    """Append ever more until the disk says no, and note what was acknowledged."""
    for number in itertools.count():
        try:
            log.append(SAID, f"{number} {BIG}", id=f"{number}")
        except AppendError as error:
            return error
        said.append(f"{number} {BIG}")
    raise AssertionError("no disk is endless")


def cause_of(error: BaseException) -> int | None:
    """The number of the system's own error behind an error."""
    assert isinstance(error.__cause__, OSError)
    return error.__cause__.errno


def test_a_full_disk_refuses_an_append_as_a_whole_and_takes_it_when_there_is_room(tmp_path: Path, tell: Tell) -> None:
    required("tmpfs")
    said: list[object] = []
    with tmpfs(tmp_path / "small", 16 * PAGE) as folder:
        path = folder / "events.jsonl"
        reserve = folder / "reserve"
        reserve.write_bytes(b"x" * 2 * PAGE)
        with EventLog.open(str(path)) as log:
            refused = append_until_refused(log, said)
            assert cause_of(refused) == errno.ENOSPC
            assert path.stat().st_size == log.position.offset, "a short write was undone"
            assert texts(read(str(path))) == said
            with pytest.raises(AppendError):
                log.append_many([Event(type=SAID, data=BIG)] * 3)
            reserve.unlink()
            log.append(SAID, "room", id="room")
            said.append("room")
        fill(folder).unlink()
        expect_exactly(path, said)
    tell(f"full tmpfs: {len(said)} appends kept, the others refused whole, then it went on")


@pytest.mark.parametrize("kind", [EXT4, XFS], ids=lambda kind: kind.name)
def test_a_full_real_disk_loses_nothing(kind: Kind, tmp_path: Path) -> None:
    required(kind.name)
    said: list[object] = []
    with loop_disk(kind, tmp_path) as disk:
        path = disk.folder / "events.jsonl"
        with EventLog.open(str(path)) as log:
            log.append(SAID, "before")
            said.append("before")
            filler = fill(disk.folder)
            refused = append_until_refused(log, said)
            assert cause_of(refused) == errno.ENOSPC
            filler.unlink()
            log.append(SAID, "after")
            said.append("after")
        disk.cut_power()
        disk.power_up()
        expect_exactly(path, said)


@pytest.mark.parametrize("kind", [None, EXT4, XFS], ids=["tmpfs", "ext4", "xfs"])
def test_what_was_allocated_ahead_is_there_when_others_fill_the_disk(kind: Kind | None, tmp_path: Path) -> None:
    """At least half of it, whenever that is; and the log goes on in it without an error."""
    required(kind.name if kind else "tmpfs")
    said: list[object] = []
    with loop_disk(kind, tmp_path) if kind else tmpfs(tmp_path / "small", 256 * PAGE) as disk:
        path = (disk if isinstance(disk, Path) else disk.folder) / "events.jsonl"
        with EventLog.open(str(path), preallocate=64 * PAGE) as log:
            for number in range(50):  # more than half of it: so more was allocated meanwhile
                log.append(SAID, f"before {number} {BIG}")
                said.append(f"before {number} {BIG}")
            filled_at, filler = log.position.offset, fill(path.parent)
            refused = append_until_refused(log, said)
            assert cause_of(refused) == errno.ENOSPC
            assert log.position.offset - filled_at > 32 * PAGE - 2 * len(BIG)
            filler.unlink()
            log.append(SAID, "after")
            said.append("after")
        expect_exactly(path, said)


def test_a_part_that_a_disk_grants_is_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where two ask at once: each sees the free room, and ext4 takes what there is before it fails."""
    required("ext4")
    with loop_disk(EXT4, tmp_path) as disk:
        free = os.statvfs(disk.folder).f_bfree * os.statvfs(disk.folder).f_frsize
        monkeypatch.setattr(os, "fstatvfs", lambda _: os.statvfs_result((PAGE, PAGE, *[1 << 40] * 3, *[0] * 5)))
        handle = RealFiles().open(str(disk.folder / "file"), "append", create=True)
        with pytest.raises(OSError, match="No space"):
            RealFiles().preallocate(handle, 0, 2 * free)
        RealFiles().close(handle)
        assert (disk.folder / "file").stat().st_blocks * 512 < 64 * 1024


def write_and_die(path: Path) -> None:
    """What a process that keeps disk ahead of its log leaves when it is killed."""
    child = os.fork()
    if child == 0:
        EventLog.open(str(path), preallocate=64 * PAGE).append(SAID, "by the dead")
        os._exit(0)
    assert os.waitpid(child, 0) == (child, 0)


@pytest.mark.parametrize("is_killed", [False, True], ids=["closed", "killed"])
@pytest.mark.parametrize("kind", [None, EXT4, XFS], ids=["tmpfs", "ext4", "xfs"])
def test_an_old_log_goes_on_in_what_was_kept_when_others_filled_the_disk(
    kind: Kind | None,
    is_killed: bool,  # noqa: FBT001 - a parameter
    tmp_path: Path,
) -> None:
    """From its first append on; or, on a disk that is full by then, in what a writer that was killed had kept."""
    required(kind.name if kind else "tmpfs")
    with loop_disk(kind, tmp_path) if kind else tmpfs(tmp_path / "small", 256 * PAGE) as disk:
        path = (disk if isinstance(disk, Path) else disk.folder) / "events.jsonl"
        EventLog.open(str(path)).close()
        if is_killed:
            write_and_die(path)
            fill(path.parent)
        with EventLog.open(str(path), preallocate=64 * PAGE) as log:
            log.append(SAID, "by the living")
            fill(path.parent)
            for number in range(7):
                log.append(SAID, f"{number} {BIG}")
        assert verify(str(path)).state is State.CLEAN


@pytest.mark.parametrize("kind", [None, EXT4, XFS], ids=["tmpfs", "ext4", "xfs"])
def test_an_append_that_is_too_large_costs_nothing_of_what_is_kept(kind: Kind | None, tmp_path: Path) -> None:
    required(kind.name if kind else "tmpfs")
    with loop_disk(kind, tmp_path) if kind else tmpfs(tmp_path / "small", 256 * PAGE) as disk:
        path = (disk if isinstance(disk, Path) else disk.folder) / "events.jsonl"
        with EventLog.open(str(path), preallocate=64 * PAGE) as log:
            fill(path.parent)
            for number in range(30):
                with pytest.raises(AppendError):
                    log.append(SAID, "x" * (2 << 20))
                fill(path.parent)
                log.append(SAID, f"{number} {BIG}")
        assert verify(str(path)).state is State.CLEAN


@pytest.mark.parametrize("kind", [None, EXT4, XFS], ids=["tmpfs", "ext4", "xfs"])
def test_a_disk_without_enough_room_keeps_none_from_others_until_there_is_more(
    kind: Kind | None, tmp_path: Path
) -> None:
    required(kind.name if kind else "tmpfs")
    with loop_disk(kind, tmp_path) if kind else tmpfs(tmp_path / "small", 2048 * PAGE) as disk:
        folder = disk if isinstance(disk, Path) else disk.folder
        spare = folder / "spare"
        spare.write_bytes(b"x" * 64 * PAGE)
        filler = fill(folder)
        spare.unlink()
        with EventLog.open(str(folder / "events.jsonl"), preallocate=1024 * PAGE) as log:
            assert (folder / "events.head").read_bytes(), "the head has its room"
            (folder / "other").write_bytes(b"x" * PAGE)
            filler.unlink()
            log.append(SAID, "x")
            assert (folder / "events.jsonl").stat().st_blocks * 512 >= 512 * PAGE
        assert verify(str(folder / "events.jsonl")).state is State.CLEAN


def test_a_log_cannot_begin_on_a_full_disk_and_can_later(tmp_path: Path) -> None:
    required("tmpfs")
    with tmpfs(tmp_path / "small", 4 * PAGE) as folder:
        path = folder / "events.jsonl"
        filler = fill(folder)
        with pytest.raises((OSError, AppendError)) as refused:
            EventLog.open(str(path))
        told = refused.value if isinstance(refused.value, OSError) else refused.value.__cause__
        assert isinstance(told, OSError)
        assert told.errno == errno.ENOSPC
        filler.unlink()
        with EventLog.open(str(path)) as log:
            log.append(SAID, "now")
        expect_exactly(path, ["now"])


def test_a_torn_tail_is_kept_where_it_is_while_there_is_no_room_to_save_it(tmp_path: Path) -> None:
    required("tmpfs")
    with tmpfs(tmp_path / "small", 16 * PAGE) as folder:
        path = folder / "events.jsonl"
        with EventLog.open(str(path)) as log:
            log.append(SAID, "kept")
        tail = b'{"seq":2,"prev":"'
        with path.open("ab") as file:
            file.write(tail)
        filler = fill(folder)
        with EventLog.open(str(path)) as log:
            assert "make room" in str(log.read_only)
            assert texts(log.read()) == ["kept"]
        assert path.read_bytes().endswith(tail)
        filler.unlink()
        with EventLog.open(str(path)) as log:
            assert log.read_only is None
            assert [entry.type for entry in log.read()][-1] == "log.recovered"
        assert [kept.read_bytes() for kept in folder.glob("quarantine/*.torn")] == [tail]


@contextmanager
def file_size_limit(size_bytes: int) -> Iterator[None]:
    """No file of this process may grow beyond so many bytes: a write that would is short, the next one fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_write_that_the_kernel_cuts_short_leaves_nothing_behind(tmp_path: Path, tell: Tell) -> None:
    required("fork")
    path = tmp_path / "events.jsonl"
    lengths = 0
    with EventLog.open(str(path)) as log:
        before = path.read_bytes()
        for short in range(1, 200, 7):
            with file_size_limit(len(before) + short), pytest.raises(AppendError) as refused:
                log.append(SAID, BIG)
            assert cause_of(refused.value) == errno.EFBIG
            assert path.read_bytes() == before
            lengths += 1
        log.append(SAID, "whole")
    expect_exactly(path, ["whole"])
    tell(f"short writes (RLIMIT_FSIZE): {lengths}, each undone")


def test_a_disk_that_turns_read_only_under_a_writer_poisons_it_and_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    """An ext4 that met an error of its own; no other way to make a disk read-only under an open file is known."""
    required("ext4")
    with loop_disk(EXT4, tmp_path) as disk:
        path = disk.folder / "events.jsonl"
        with EventLog.open(str(path)) as log:
            log.append(SAID, "kept")
            remount(disk.folder, data="abort")
            for _ in range(2):
                with pytest.raises(LogPoisonedError, match="Read-only file system"):
                    log.append(SAID, "refused")
            with pytest.raises(OSError, match="Read-only file system"):
                log.reopen()
            assert texts(log.read()) == ["kept"]
        with pytest.raises(OSError, match="Read-only file system"):
            EventLog.open(str(path))
        disk.power_up()
        expect_exactly(path, ["kept"])


def test_a_log_on_a_read_only_mount_can_be_read_and_not_opened_for_writing(tmp_path: Path) -> None:
    required("tmpfs")
    path = tmp_path / "events.jsonl"
    with EventLog.open(str(path)) as log:
        log.append(SAID, "kept")
    before = {found: found.read_bytes() for found in tmp_path.iterdir()}
    place = str(tmp_path)
    mount(place, tmp_path, kind="none", how=How.BIND)
    try:
        remount(tmp_path, How.BIND | How.READ_ONLY)
        with pytest.raises(OSError, match="Read-only file system") as refused:
            EventLog.open(str(path))
        assert refused.value.errno == errno.EROFS
        assert str(refused.value.filename).startswith(place)
        assert texts(read(str(path))) == ["kept"]
        assert verify(str(path)).state is State.CLEAN
        remount(tmp_path, How.BIND)
        assert {found: found.read_bytes() for found in tmp_path.iterdir()} == before
        expect_exactly(path, ["kept"])
    finally:
        unmount(tmp_path, lazily=True)
