"""What stands above the file-system port: whole writes, files replaced and folders made so that no crash hurts.

Law: every promise of eventlog/files.py is checked at every operation and on every image a crash can leave.
"""

from __future__ import annotations

import errno
from functools import partial
from typing import TYPE_CHECKING

import pytest

from eventlog.files import (
    READ_SIZE,
    folder_of,
    holds,
    make_dirs_durably,
    read_file,
    replace_durably,
    write_all,
    write_new,
)
from tests.crash_images import after_every_crash, exhaust, few_tears
from tests.simulated_disk import Fault, Operation, SimulatedCrash, SimulatedDisk

if TYPE_CHECKING:
    from tests.crash_images import Pick

OLD, NEW = b"old content", b"new, longer content"


def replace(disk: SimulatedDisk, data: bytes = NEW) -> None:
    replace_durably(disk, "/d/file", data)


def held(disk: SimulatedDisk) -> bytes | None:
    return disk.contents().get("/d/file")


def test_what_comes_in_pieces_is_replaced_as_what_comes_whole() -> None:
    disk = SimulatedDisk({"/d/file": OLD})
    replace_durably(disk, "/d/file", iter([NEW[:4], b"", NEW[4:]]))
    assert disk.contents() == {"/d/file": NEW}
    assert [one.details[0] for one in disk.trace if one.name == "append"] == [NEW[:4], NEW[4:]]


def operations_of_a_replacement() -> int:
    disk = SimulatedDisk({"/d/file": OLD})
    replace(disk)
    return len(disk.trace)


def in_every_image(disk: SimulatedDisk, allowed: set[bytes | None]) -> None:
    """The file has one of the allowed contents, and each of them is possible."""
    seen = set()

    def look(pick: Pick) -> None:
        seen.add(held(disk.image(pick)))

    exhaust(look)
    assert seen == allowed


@pytest.mark.parametrize("before", [None, OLD], ids=["new", "there"])
@pytest.mark.parametrize(
    "temporary", [None, b"left by a crash, and longer than all the rest"], ids=["clean", "crashed"]
)
def test_a_file_replaced_durably_is_old_or_wholly_new_after_any_crash(
    before: bytes | None, temporary: bytes | None
) -> None:
    contents = {"/d/file": before, "/d/file.new": temporary}
    disk = SimulatedDisk({path: data for path, data in contents.items() if data is not None}, folders=["/d"])
    promised: list[set[bytes | None]] = []
    seen: set[bytes | None] = set()

    def script(disk: SimulatedDisk) -> None:
        promised[:] = [{before, NEW}]
        replace(disk)
        promised[:] = [{NEW}]

    def check(image: SimulatedDisk) -> None:
        assert held(image) in promised[0]
        seen.add(held(image))
        replace(image, OLD)
        assert image.contents() == {"/d/file": OLD}

    assert after_every_crash(disk, script, check) > 100
    assert seen == {before, NEW}


def test_a_replacement_that_crashed_can_be_repeated_and_crash_again() -> None:
    images: list[int] = []

    def crash_again(image: SimulatedDisk) -> None:
        allowed = {held(image), NEW}
        images.append(after_every_crash(image, replace, lambda second: check(second, allowed), tears=few_tears))

    def check(image: SimulatedDisk, allowed: set[bytes | None]) -> None:
        assert held(image) in allowed

    after_every_crash(SimulatedDisk({"/d/file": OLD}), replace, crash_again, tears=few_tears)
    assert sum(images) > 1000


def test_a_file_replaced_after_a_killed_replacement_is_on_disk() -> None:
    for number in range(operations_of_a_replacement()):
        disk = SimulatedDisk({"/d/file": OLD})
        disk.crash_at = number
        with pytest.raises(SimulatedCrash):
            replace(disk)
        disk = disk.kill()
        assert held(disk) in {OLD, NEW}
        replace(disk, b"again")
        in_every_image(disk, {b"again"})


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS])
@pytest.mark.parametrize("through", [0, 4])
def test_a_replacement_that_fails_leaves_the_old_content_and_nothing_else(code: int, through: int) -> None:
    failed = []
    for number in range(operations_of_a_replacement()):
        disk = SimulatedDisk({"/d/file": OLD})
        disk.faults = {number: Fault(errno=code, through=through)}
        with pytest.raises(OSError, match=r"\[Errno") as refused:
            replace(disk)
        assert refused.value.errno == code
        failed.append(disk.trace[number].name)
        too_late = failed[-1] == "sync_dir"  # the new content stands in its place, but nobody promised it
        assert disk.contents() == {"/d/file": NEW if too_late else OLD}
        in_every_image(disk, {OLD, NEW} if too_late else {OLD})
    assert failed == ["remove", "open", "append", "sync", "close", "rename", "sync_dir"]


def test_a_disk_that_fails_for_good_keeps_the_old_content() -> None:
    for first in range(operations_of_a_replacement() - 1):
        disk = SimulatedDisk({"/d/file": OLD})
        disk.faults = partial(fail_from, first)
        with pytest.raises(OSError, match="No space left"):
            replace(disk)
        in_every_image(disk, {OLD})


def fail_from(first: int, number: int, _operation: Operation) -> Fault | None:
    return Fault(errno=errno.ENOSPC) if number >= first else None


def short_writes(_number: int, operation: Operation) -> Fault | None:
    return Fault(through=3) if operation.name == "append" else None


def test_short_writes_are_continued() -> None:
    disk = SimulatedDisk({"/d/file": OLD})
    disk.faults = short_writes
    replace(disk)
    in_every_image(disk, {NEW})
    assert [operation.name for operation in disk.trace].count("append") == -(-len(NEW) // 3)


def test_a_write_that_stays_short_raises_what_the_disk_said_last() -> None:
    disk = SimulatedDisk()
    disk.faults = {1: Fault(through=4), 2: Fault(errno=errno.ENOSPC)}
    handle = disk.open("/file", "append", create=True)
    with pytest.raises(OSError, match="No space left"):
        write_all(disk, handle, NEW)
    assert disk.contents() == {"/file": NEW[:4]}


def test_a_disk_that_writes_nothing_and_gives_no_reason_is_an_error() -> None:
    disk = SimulatedDisk()
    disk.faults = {1: Fault(through=0)}
    handle = disk.open("/file", "append", create=True)
    with pytest.raises(OSError, match=r"^\[Errno 5\] the system wrote nothing and gave no reason$") as refused:
        write_all(disk, handle, NEW)
    assert refused.value.errno == errno.EIO


def write_below(disk: SimulatedDisk, folder: str) -> None:
    make_dirs_durably(disk, folder)
    write_new(disk, f"{folder}/file", [NEW])
    disk.sync_dir(folder)


@pytest.mark.parametrize("folder", ["/a/b/c", "a/b/c", "/there/b/c", "/there"])
def test_what_stands_in_folders_made_durably_survives_any_crash(folder: str) -> None:
    whole = {f"/{folder.strip('/')}/file": NEW}
    promised: list[dict[str, bytes]] = []

    def script(disk: SimulatedDisk) -> None:
        promised.clear()
        write_below(disk, folder)
        promised.append(whole)

    def check(image: SimulatedDisk) -> None:
        assert not promised or image.contents() == whole
        write_below(image, folder)
        assert image.image(lambda count: count - 1).contents() == whole

    assert after_every_crash(SimulatedDisk(folders=["/there"]), script, check, tears=few_tears) > 10


def test_folders_left_by_a_killed_process_are_made_durable_before_they_are_used() -> None:
    def check(disk: SimulatedDisk, pick: Pick) -> None:
        assert disk.image(pick).contents() == {"/a/b/file": NEW}

    whole = SimulatedDisk()
    write_below(whole, "/a/b")
    for number in range(len(whole.trace)):
        disk = SimulatedDisk()
        disk.crash_at = number
        with pytest.raises(SimulatedCrash):
            write_below(disk, "/a/b")
        disk = disk.kill()
        write_below(disk, "/a/b")
        exhaust(partial(check, disk))


def test_a_file_is_read_whole_or_is_not_there() -> None:
    disk = SimulatedDisk({"/d/file": b"x" * (2 * READ_SIZE + 1), "/d/empty": b""})
    assert read_file(disk, "/d/file") == b"x" * (2 * READ_SIZE + 1)
    assert read_file(disk, "/d/empty") == b""
    assert read_file(disk, "/d/missing") is None
    assert read_file(disk, "/d/file/below") is None
    with pytest.raises(IsADirectoryError):
        read_file(disk, "/d")


def test_the_folder_of_a_bare_name_is_the_current_one() -> None:
    assert [folder_of(path) for path in ["a", "a/b", "/a", "/a/b"]] == [".", "a", "/", "/a"]


def test_a_file_holds_what_is_in_it_and_nothing_else() -> None:
    whole = b"x" * (2 * READ_SIZE) + b"end"
    disk = SimulatedDisk({"/d/file": whole, "/d/empty": b""})
    assert holds(disk, "/d/file", whole)
    assert holds(disk, "/d/empty", b"")
    for other in (b"", whole[:-1], whole + b"x", whole[:READ_SIZE], b"y" + whole[1:], whole[:-1] + b"D"):
        assert not holds(disk, "/d/file", other)
    assert not holds(disk, "/d/empty", b"x")
    for missing in ("/d/missing", "/d/file/below"):
        assert not holds(disk, missing, b"")
    with pytest.raises(IsADirectoryError):
        holds(disk, "/d", b"")
