"""The disk of this machine behind the port: who may read what is made, what is refused, which name is followed.

Law: real files alone; what a simulated disk does the same way is compared with it in tests/test_disk_fidelity.py.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eventlog import EventLog, EventLogError, verify
from eventlog.files import (
    READ_SIZE,
    FileStat,
    RealFiles,
    beside,
    copy_durably,
    holds,
    make_dirs_durably,
    replace_durably,
    resolve,
    write_new,
)
from eventlog.recovery import State
from tests.simulated_disk import SimulatedDisk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DISK = RealFiles()


@pytest.fixture
def _for_all() -> Iterator[None]:
    """Nothing is taken from the rights that a program asks for."""
    before = os.umask(0)
    yield
    os.umask(before)


def rights(path: Path) -> int:
    return path.stat().st_mode & 0o777


def handles() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - of this process, to count what leaks


@pytest.mark.usefixtures("_for_all")
def test_what_is_private_can_be_read_by_its_owner_alone_and_the_rest_by_all(tmp_path: Path) -> None:
    for private, expected in ((True, 0o600), (False, 0o644)):
        made = tmp_path / f"made{private}"
        DISK.close(DISK.open(str(made), "append", create=True, private=private))
        written = tmp_path / f"written{private}"
        write_new(DISK, str(written), [b"x"], private=private)
        replaced = tmp_path / f"replaced{private}"
        replaced.touch(0o640)
        replace_durably(DISK, str(replaced), b"x", private=private)
        assert [rights(path) for path in (made, written, replaced)] == [
            expected,
            expected,
            expected if private else 0o640,
        ]
    write_new(DISK, str(tmp_path / "new"), [b"x"])
    replace_durably(DISK, str(tmp_path / "plain"), b"x")
    DISK.close(DISK.open(str(tmp_path / "made"), "append", create=True))
    assert [rights(tmp_path / name) for name in ("new", "plain", "made")] == [0o644] * 3


@pytest.mark.usefixtures("_for_all")
def test_a_copy_is_private_and_begins_where_it_is_told_to(tmp_path: Path) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    source.write_bytes(b"a" * READ_SIZE + b"end")
    copy.touch(0o644)
    handle = DISK.open(str(source), "read")
    copy_durably(DISK, handle, str(copy))
    assert (copy.read_bytes(), rights(copy)) == (source.read_bytes(), 0o600)
    copy_durably(DISK, handle, str(copy), offset=READ_SIZE)
    assert (copy.read_bytes(), rights(copy)) == (b"end", 0o600)
    DISK.close(handle)


def test_what_is_no_file_is_refused_by_its_path_and_leaves_no_handle(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    before = handles()
    for path, code in ((fifo, errno.EINVAL), (tmp_path, errno.EISDIR)):
        with pytest.raises(OSError, match=os.strerror(code)) as refused:
            DISK.open(str(path), "read")
        assert (refused.value.errno, refused.value.filename) == (code, str(path))
    with pytest.raises(NotADirectoryError):
        DISK.sync_dir(str(fifo))
    DISK.sync_dir(str(tmp_path))
    assert handles() == before


def test_a_link_is_followed_unless_the_file_is_made_private_or_fresh(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"precious")
    link.symlink_to(target)
    for more in ({}, {"create": True}, {"private": True}, {"fresh": True}):
        handle = DISK.open(str(link), "append", **more)
        assert DISK.read_at(handle, 0, 100) == b"precious"
        DISK.close(handle)
    with pytest.raises(OSError, match=os.strerror(errno.ELOOP)):
        DISK.open(str(link), "append", create=True, private=True)
    for path in (link, target):
        with pytest.raises(FileExistsError):
            DISK.open(str(path), "append", create=True, fresh=True)


def test_a_look_tells_which_file_it_is_and_how_long(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"four")
    known = path.stat()
    expected = FileStat(device=known.st_dev, inode=known.st_ino, size=4, is_dir=False)
    handle = DISK.open(str(path), "read")
    assert DISK.stat(str(path)) == DISK.stat(handle) == expected
    DISK.close(handle)
    folder = DISK.stat(str(tmp_path))
    assert folder is not None
    assert folder.is_dir
    assert DISK.stat(str(tmp_path / "missing")) is DISK.stat(str(path / "below")) is None


def test_a_file_that_takes_the_place_of_another_takes_its_rights_unless_it_is_private(tmp_path: Path) -> None:
    for private, expected in ((False, 0o640), (True, 0o600)):
        source, target = tmp_path / "source", tmp_path / "target"
        source.touch(0o600)
        source.chmod(0o600)
        target.touch()
        target.chmod(0o640)
        DISK.rename(str(source), str(target), **({"private": True} if private else {}))
        assert (rights(target), source.exists()) == (expected, False)


def test_a_lock_is_seen_by_others_until_it_is_given_back(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert DISK.is_locked(str(path)) is False
    path.touch()
    first, second = (DISK.open(str(path), "append") for _ in range(2))
    assert DISK.is_locked(str(path)) is False
    assert (DISK.lock(first), DISK.lock(second)) == (True, False)
    assert DISK.is_locked(str(path)) is True
    assert DISK.is_locked(str(tmp_path)) is False
    DISK.unlock(first)
    assert DISK.is_locked(str(path)) is False
    assert DISK.lock(second)
    DISK.close(first)
    DISK.close(second)


def test_the_disk_of_the_machine_is_taken_where_none_is_given_and_its_links_are_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = tmp_path.resolve() / "real"
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    monkeypatch.chdir(tmp_path)
    for given in (None, DISK):
        files, path = resolve(given, Path("link/events.jsonl"))
        assert (type(files), path) == (RealFiles, f"{real}/events.jsonl")
        assert given is None or files is given
    disk = SimulatedDisk()
    assert resolve(disk, Path("link/events.jsonl")) == (disk, "link/events.jsonl")


def test_what_belongs_to_a_log_has_its_name_with_another_ending() -> None:
    assert beside("/d.e/events.of.2025.jsonl", ".head") == "/d.e/events.of.2025.head"
    assert beside("events", ".lock") == "./events.lock"


def test_a_file_where_a_folder_is_wanted_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(NotADirectoryError) as refused:
            make_dirs_durably(DISK, str(path))
        assert (refused.value.errno, refused.value.filename) == (errno.ENOTDIR, str(tmp_path / "file"))
        assert refused.value.strerror == os.strerror(errno.ENOTDIR)


def test_pages_are_given_up_where_the_system_can(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    handle = DISK.open(str(tmp_path / "file"), "read")
    assert DISK.drop_cache(handle) is hasattr(os, "posix_fadvise")
    DISK.close(handle)


class Racing(RealFiles):
    """Where a file was removed, somebody else puts a link at once."""

    def __init__(self, victim: Path) -> None:
        self.victim = victim

    def remove(self, path: str) -> None:
        super().remove(path)
        Path(path).symlink_to(self.victim)


def test_a_new_file_is_never_written_through_a_link_that_was_put_there_meanwhile(tmp_path: Path) -> None:
    victim, path = tmp_path / "victim", tmp_path / "file"
    victim.write_bytes(b"precious")
    path.touch()
    with pytest.raises(FileExistsError):
        write_new(Racing(victim), str(path), [b"x"])
    assert victim.read_bytes() == b"precious"


def test_a_folder_is_made_once_and_its_names_are_listed_in_order(tmp_path: Path) -> None:
    folder = str(tmp_path / "folder")
    for _ in range(2):
        DISK.make_dir(folder)
    for name in ("b", "c", "a"):
        (tmp_path / "folder" / name).touch()
    assert DISK.list_dir(folder) == ["a", "b", "c"]


def test_a_file_of_the_real_disk_holds_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    assert (holds(DISK, str(tmp_path / "file"), b"x"), holds(DISK, str(tmp_path / "file"), b"y")) == (True, False)


def blocks(path: Path) -> int:
    return path.stat().st_blocks * 512


def test_disk_is_allocated_ahead_while_a_log_is_open_and_given_back_when_it_is_closed(tmp_path: Path) -> None:
    path, ahead = tmp_path / "events.jsonl", 1 << 20
    with EventLog.open(str(path), preallocate=ahead) as log:
        for _ in range(400):
            log.append("said", "x" * 3000)
            assert path.stat().st_size == log.position.offset, "whoever reads it sees nothing of it"
            assert log.position.offset + ahead // 2 <= blocks(path) <= log.position.offset + ahead + 64 * 1024
    assert blocks(path) < path.stat().st_size + 64 * 1024
    assert verify(path).state is State.CLEAN


def test_disk_is_kept_ahead_of_an_old_log_from_its_first_append_on(tmp_path: Path) -> None:
    """Not before it: what only reads, or has files to put right first, takes no disk from anybody."""
    path = tmp_path / "events.jsonl"
    EventLog.open(str(path)).close()
    before = untouched(tmp_path)
    EventLog.open(str(path), preallocate=1 << 20).close()
    assert untouched(tmp_path) == before
    with EventLog.open(str(path), preallocate=1 << 20) as log:
        assert blocks(path) < 64 * 1024
        log.append("said", "x")
        assert blocks(path) >= 1 << 20


def test_what_was_kept_stays_where_no_more_can_be_kept(tmp_path: Path) -> None:
    path = tmp_path / "file"
    handle = DISK.open(str(path), "append", create=True)
    DISK.preallocate(handle, 0, 1 << 20)
    with pytest.raises(OSError, match="too large"):
        DISK.preallocate(handle, sys.maxsize, 1)
    assert blocks(path) >= 1 << 20
    DISK.close(handle)


def test_a_file_that_is_open_for_reading_alone_is_refused_as_the_system_refuses_it(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    handle = DISK.open(str(tmp_path / "file"), "read")
    with pytest.raises(OSError, match="Bad file descriptor"):
        DISK.preallocate(handle, 0, 1)
    DISK.close(handle)


def test_more_than_there_is_is_not_begun_to_be_allocated(tmp_path: Path) -> None:
    """ext4 would take all there is before it fails, and others would find the disk full."""
    path = tmp_path / "file"
    handle = DISK.open(str(path), "append", create=True)
    with pytest.raises(OSError, match="No space") as refused:
        DISK.preallocate(handle, 0, 1 << 60)
    assert refused.value.errno == errno.ENOSPC
    assert path.stat().st_blocks == 0
    DISK.close(handle)


# Blocks in all, free ones, those that are free for all users; the user; whether three blocks are refused.
ROOM = {
    "root": (100, 2, 0, 0, False), "root, full": (100, 1, 0, 0, True),
    "user": (100, 99, 2, 1000, False), "user, full": (100, 99, 1, 1000, True),
    "one block in all": (1, 0, 0, 0, True), "a disk that does not say": (0, 0, 0, 0, False),
}  # fmt: skip


@pytest.mark.parametrize("room", ROOM.values(), ids=ROOM)
def test_what_is_kept_back_for_root_is_room_for_root_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: tuple[int, int, int, int, bool]
) -> None:
    """A part of the first block may be there already: the last block in question is left to the system to refuse."""
    blocks, free, available, user, is_refused = room
    monkeypatch.setattr(os, "fstatvfs", lambda _: os.statvfs_result((4096, 4096, blocks, free, available, *[0] * 5)))
    monkeypatch.setattr(os, "geteuid", lambda: user)
    handle = DISK.open(str(tmp_path / "file"), "append", create=True)
    with pytest.raises(OSError, match="No space") if is_refused else nullcontext():
        DISK.preallocate(handle, 0, 3 * 4096)
    assert ((tmp_path / "file").stat().st_blocks == 0) == is_refused
    DISK.close(handle)


def test_a_log_allocates_nothing_ahead_unless_it_is_asked_to(tmp_path: Path) -> None:
    with EventLog.open(str(tmp_path / "events.jsonl")) as log:
        log.append("said", "x")
        assert blocks(tmp_path / "events.jsonl") < 64 * 1024


def untouched(folder: Path) -> dict[str, tuple[bytes, int]]:
    """The files of a folder, but the lock, with the times at which they were changed."""
    there = [path for path in folder.iterdir() if path.suffix != ".lock"]
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in there}


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"not ours")


def replace_it(path: Path) -> None:
    size = path.stat().st_size
    path.rename(f"{path}.moved")
    path.write_bytes(bytes(size))


def move(path: Path) -> None:
    path.rename(f"{path}.moved")


def cut(path: Path) -> None:
    os.truncate(path, 10)


@pytest.mark.parametrize("change", [grow, replace_it, move, cut])
def test_closing_cuts_no_file_that_is_not_exactly_what_was_written(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    path = tmp_path / "events.jsonl"
    log = EventLog.open(str(path), preallocate=1 << 20)
    log.append("said", "x")
    change(path)
    before = untouched(tmp_path)
    log.close()
    assert untouched(tmp_path) == before


def leads_to(handle: int, path: Path) -> bool:
    return Path(f"/proc/self/fd/{handle}").resolve() == path


def test_a_handle_that_became_another_files_is_not_cut_when_a_log_is_closed(tmp_path: Path) -> None:
    """A slip elsewhere in the process: the number of the log's handle leads to a file of the same size."""
    path, other = tmp_path / "events.jsonl", tmp_path / "other"
    log = EventLog.open(str(path), preallocate=1 << 20)
    other.write_bytes(bytes(path.stat().st_size))
    took = other.stat().st_mtime_ns
    opened = map(int, os.listdir("/proc/self/fd"))  # noqa: PTH208 - numbers
    handle = next(number for number in opened if leads_to(number, path))
    with other.open("r+b") as file:
        os.dup2(file.fileno(), handle)
    log.close()
    assert other.stat().st_mtime_ns == took
    assert other.stat().st_size == path.stat().st_size


@pytest.mark.parametrize("ahead", [0, 1 << 20])
def test_closing_touches_a_log_only_if_disk_was_kept_for_it(tmp_path: Path, ahead: int) -> None:
    path = tmp_path / "events.jsonl"
    with EventLog.open(str(path), preallocate=ahead):
        os.utime(path, (0, 0))
    assert (path.stat().st_mtime == 0) == (ahead == 0)


def test_a_disk_that_does_not_give_back_what_was_kept_does_not_stop_a_close(tmp_path: Path) -> None:
    class Stubborn(RealFiles):
        def truncate(self, handle: int, size: int) -> None:
            if size > 1000:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            super().truncate(handle, size)

    log = EventLog.open(str(tmp_path / "events.jsonl"), files=Stubborn(), preallocate=1 << 20)
    log.append("said", "x" * 3000)
    log.close()
    with EventLog.open(str(tmp_path / "events.jsonl")) as again:
        assert again.position == log.position


def test_a_disk_that_cannot_allocate_ahead_is_no_error(tmp_path: Path) -> None:
    class Without(RealFiles):
        def preallocate(self, handle: int, offset: int, size: int) -> None:  # noqa: ARG002 - it cannot
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    with EventLog.open(str(tmp_path / "events.jsonl"), files=Without(), preallocate=1 << 20) as log:
        log.append("said", "x")
    assert verify(tmp_path / "events.jsonl").state is State.CLEAN


def test_a_system_without_the_call_says_that_it_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda *_arguments, **_options: object())
    handle = DISK.open(str(tmp_path / "file"), "append", create=True)
    with pytest.raises(OSError, match="not supported") as refused:
        DISK.preallocate(handle, 0, 10)
    assert refused.value.errno == errno.EOPNOTSUPP
    DISK.close(handle)


@pytest.mark.parametrize(
    ("offset", "size", "code"),
    [(0, 0, errno.EINVAL), (sys.maxsize, 1, errno.EFBIG)],
    ids=["of no size", "beyond the end of any file"],
)
def test_why_no_disk_was_allocated_is_told_as_the_system_told_it(
    tmp_path: Path, offset: int, size: int, code: int
) -> None:
    """It is by the number that a disk without room is told from one that never will have any."""
    handle = DISK.open(str(tmp_path / "file"), "append", create=True)
    with pytest.raises(OSError, match=os.strerror(code)) as refused:
        DISK.preallocate(handle, offset, size)
    assert (refused.value.errno, refused.value.strerror) == (code, os.strerror(code))
    DISK.close(handle)


def test_less_than_nothing_and_more_than_any_disk_has_cannot_be_allocated(tmp_path: Path) -> None:
    for wrong in (-1, 1e6, (1 << 40) + 1):
        with pytest.raises(EventLogError, match=rf"preallocate is a number of bytes from 0 to {1 << 40}, not {wrong}$"):
            EventLog.open(str(tmp_path / "events.jsonl"), preallocate=wrong)  # type: ignore[arg-type]
    assert [*tmp_path.iterdir()] == []
    asked: list[int] = []

    class Asked(RealFiles):
        def preallocate(self, handle: int, offset: int, size: int) -> None:  # noqa: ARG002 - only how much
            asked.append(size)

    EventLog.open(str(tmp_path / "events.jsonl"), files=Asked(), preallocate=1 << 40).close()
    assert asked == [1 << 40]
