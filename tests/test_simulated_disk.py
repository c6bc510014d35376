"""The simulated disk's own model: what a power cut, a kill, a failed sync and rot leave of a file.

Law: for small scripts the set of all images is written out here in full.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from tests.crash_images import after_every_crash, every_byte, exhaust, few_tears
from tests.simulated_disk import Fault, SimulatedCrash, SimulatedDisk

if TYPE_CHECKING:
    from tests.crash_images import Pick, Tears


def images(disk: SimulatedDisk, path: str = "/f", tears: Tears = every_byte) -> set[bytes | None]:
    """All the contents the file can have after a power cut now; None where it is not there."""
    found: set[bytes | None] = set()

    def look(pick: Pick) -> None:
        found.add(disk.image(pick, tears=tears).contents().get(path))

    exhaust(look)
    return found


def test_an_unsynced_append_is_kept_lost_or_torn_at_any_byte() -> None:
    disk = SimulatedDisk({"/f": b"-"})
    disk.append(disk.open("/f", "append"), b"abc")
    prefixes, suffixes = {b"-a", b"-ab"}, {b"-\0bc", b"-\0\0c"}
    zeros, padded = {b"-\0", b"-\0\0", b"-\0\0\0"}, {b"-a\0\0", b"-ab\0"}
    assert images(disk) == {b"-", b"-abc"} | prefixes | suffixes | zeros | padded


def test_an_unsynced_overwrite_leaves_the_old_bytes_where_it_is_torn() -> None:
    disk = SimulatedDisk({"/f": b"xyz!"})
    disk.write_at(disk.open("/f", "overwrite"), 0, b"ab")
    assert images(disk) == {b"xyz!", b"abz!", b"ayz!", b"xbz!", b"\0yz!", b"\0\0z!", b"a\0z!"}


def test_the_second_of_two_appends_may_survive_the_first() -> None:
    disk = SimulatedDisk({"/f": b""})
    handle = disk.open("/f", "append")
    disk.append(handle, b"a")
    disk.append(handle, b"b")
    assert images(disk) == {b"", b"a", b"ab", b"\0b", b"\0", b"a\0", b"\0\0"}


def test_an_unsynced_truncation_may_be_lost() -> None:
    disk = SimulatedDisk({"/f": b"abc"})
    disk.truncate(disk.open("/f", "append"), 1)
    assert images(disk) == {b"a", b"abc"}


def test_a_synced_write_has_one_image() -> None:
    disk = SimulatedDisk({"/f": b""})
    handle = disk.open("/f", "append")
    disk.append(handle, b"abc")
    disk.sync(handle)
    assert images(disk) == {b"abc"}


def test_few_tears_are_some_of_all_tears_and_keep_the_line_ends() -> None:
    disk = SimulatedDisk({"/f": b""})
    disk.append(disk.open("/f", "append"), b"first line\nsecond line\n")
    few, every = images(disk, tears=few_tears), images(disk)
    assert few < every
    assert {b"", b"first line\n", b"first line\nsecond line"} < few


def test_a_created_file_is_lost_until_its_folder_is_synced_whatever_else_was() -> None:
    disk = SimulatedDisk()
    handle = disk.open("/f", "append", create=True)
    disk.append(handle, b"abc")
    disk.sync(handle)
    assert images(disk) == {None, b"abc"}
    disk.sync_dir("/")
    assert images(disk) == {b"abc"}


def test_a_rename_within_a_folder_is_atomic_and_pending() -> None:
    disk = SimulatedDisk({"/f": b"old", "/g": b"new"})
    disk.rename("/g", "/f")
    found = set()
    exhaust(lambda pick: found.add(tuple(disk.image(pick).contents().items())))
    assert found == {(("/f", b"old"), ("/g", b"new")), (("/f", b"new"),)}


def test_a_rename_across_folders_is_two_changes() -> None:
    disk = SimulatedDisk({"/a/f": b"it"}, folders=["/b"])
    disk.rename("/a/f", "/b/f")
    found = set()
    exhaust(lambda pick: found.add(tuple(disk.image(pick).contents())))
    assert found == {("/a/f",), ("/b/f",), ("/a/f", "/b/f"), ()}


def test_after_a_failed_sync_the_next_one_succeeds_and_the_data_is_lost() -> None:
    disk = SimulatedDisk({"/f": b""})
    handle = disk.open("/f", "append")
    disk.append(handle, b"abc")
    disk.faults = {len(disk.trace): Fault(errno=errno.EIO)}
    with pytest.raises(OSError, match="Input/output error"):
        disk.sync(handle)
    disk.sync(handle)
    disk.append(handle, b"d")
    disk.sync(handle)
    assert disk.contents() == {"/f": b"abcd"}
    assert {b"abcd", b"\0\0\0d", b"a\0\0d"} < images(disk)
    reborn = disk.kill()
    assert reborn.contents() == {"/f": b"abcd"}, "a new process reads from the cache what is not on the platter"


def test_what_was_cut_after_a_failed_sync_stays_cut_once_that_is_synced() -> None:
    disk = SimulatedDisk({"/f": b"-"})
    handle = disk.open("/f", "append")
    disk.append(handle, b"abc")
    disk.faults = {len(disk.trace): Fault(errno=errno.EIO)}
    with pytest.raises(OSError, match="Input/output error"):
        disk.sync(handle)
    disk.truncate(handle, 1)
    disk.sync(handle)
    assert images(disk) == {b"-"}


@pytest.mark.parametrize("has_drop_cache", [True, False])
def test_dropping_the_cache_shows_what_a_failed_sync_lost(has_drop_cache: bool) -> None:  # noqa: FBT001 - a parameter
    seen: set[bytes] = set()

    def run(pick: Pick) -> None:
        disk = SimulatedDisk({"/f": b""}, has_drop_cache=has_drop_cache)
        disk.pick, disk.faults = pick, {2: Fault(errno=errno.EIO)}
        handle = disk.open("/f", "append")
        disk.append(handle, b"ab")
        with pytest.raises(OSError, match="Input/output error"):
            disk.sync(handle)
        disk.append(handle, b"!")
        assert disk.drop_cache(handle) == has_drop_cache
        seen.add(disk.read_at(handle, 0, 9))
        if has_drop_cache:
            disk.sync(handle)
            assert images(disk) == {disk.read_at(handle, 0, 9)}

    exhaust(run)
    lost = {b"\0\0!", b"a\0!", b"\0b!"}  # the last byte stands where it was written, behind a hole
    assert seen == {b"ab!"} | (lost if has_drop_cache else set())


def test_a_crash_lets_the_operation_happen_in_memory_and_ends_the_process() -> None:
    disk = SimulatedDisk({"/f": b""})
    disk.crash_at = 1
    handle = disk.open("/f", "append")
    with pytest.raises(SimulatedCrash):
        disk.append(handle, b"abc")
    for verb in [disk.sync, disk.close, disk.stat]:
        with pytest.raises(SimulatedCrash):
            verb(handle)
    assert {b"", b"abc"} < images(disk)
    assert disk.kill().contents() == {"/f": b"abc"}


def test_a_process_can_be_killed_in_the_middle_of_a_write() -> None:
    disk = SimulatedDisk({"/f": b""})
    disk.crash_at, disk.faults = 1, {1: Fault(through=2)}
    handle = disk.open("/f", "append")
    with pytest.raises(SimulatedCrash):
        disk.append(handle, b"abc")
    assert disk.kill().contents() == {"/f": b"ab"}


def test_a_sync_that_a_crash_interrupts_has_promised_nothing() -> None:
    disk = SimulatedDisk({"/f": b""})
    handle = disk.open("/f", "append")
    disk.append(handle, b"a")
    disk.crash_at = 2
    with pytest.raises(SimulatedCrash):
        disk.sync(handle)
    assert b"" in images(disk)


def test_a_lock_is_of_one_handle_and_dies_with_its_process() -> None:
    writer = SimulatedDisk({"/f": b""})
    other = writer.process()
    held, wanted = writer.open("/f", "append"), other.open("/f", "append")
    assert writer.lock(held)
    assert not other.lock(wanted)
    again = writer.kill()
    assert other.lock(wanted)
    assert not again.lock(again.open("/f", "append"))
    other.close(wanted)
    assert again.lock(again.open("/f", "read"))


def test_a_fork_goes_its_own_way() -> None:
    disk = SimulatedDisk({"/f": b""})
    handle = disk.open("/f", "append")
    assert disk.lock(handle)
    fork = disk.fork()
    fork.append(handle, b"abc")
    assert not fork.lock(fork.open("/f", "append"))
    assert (disk.contents(), fork.contents()) == ({"/f": b""}, {"/f": b"abc"})
    assert [operation.name for operation in fork.trace] == ["open", "lock", "append", "open", "lock"]
    assert len(disk.trace) == 2


def test_rot_is_seen_at_once_and_after_a_crash() -> None:
    disk = SimulatedDisk({"/f": b"abc"})
    disk.bit_flip("/f", 8)
    disk.cut("/f", 2)
    assert disk.contents() == {"/f": b"ac"}
    assert images(disk) == {b"ac"}


def test_every_crash_includes_each_operation_and_the_end() -> None:
    acknowledged: list[bytes] = []
    seen = set()

    def script(disk: SimulatedDisk) -> None:
        acknowledged.clear()
        handle = disk.open("/f", "append")
        for data in [b"a", b"b"]:
            disk.append(handle, data)
            disk.sync(handle)
            acknowledged.append(data)

    def check(image: SimulatedDisk) -> None:
        content = image.contents()["/f"]
        assert content.startswith(b"".join(acknowledged))
        seen.add((len(acknowledged), content))

    after_every_crash(SimulatedDisk({"/f": b""}), script, check)
    nothing, one = {(0, b""), (0, b"a"), (0, b"\0")}, {(1, b"a"), (1, b"ab"), (1, b"a\0")}
    assert seen == nothing | one | {(2, b"ab")}


def test_the_walk_meets_every_sequence_of_choices_once() -> None:
    walked = []

    def run(pick: Pick) -> None:
        first = pick(2)
        walked.append((first, pick(3) if first else 0))

    assert exhaust(run) == 4
    assert walked == [(0, 0), (1, 0), (1, 1), (1, 2)]


def test_nothing_is_picked_for_the_bytes_of_a_file_that_nobody_reads() -> None:
    disk = SimulatedDisk({"/f": b"", "/f.new": b"-"})
    for path in ("/f", "/f.new"):
        disk.append(disk.open(path, "append"), b"a")
    found = []
    exhaust(lambda pick: found.append(disk.image(pick, unread=lambda name: name.endswith(".new")).contents()))
    assert sorted(each["/f"] for each in found) == [b"", b"\0", b"a"]
    assert {each["/f.new"] for each in found} == {b"-"}


def test_a_look_leaves_what_a_power_cut_would_tell_and_a_change_does_not() -> None:
    disk = SimulatedDisk({"/f": b"-"})
    before = disk.fate()
    handle = disk.open("/f", "append")
    disk.read_at(handle, 0, 1)
    assert disk.fate() == before
    disk.append(handle, b"a")
    appended = disk.fate()
    disk.sync(handle)
    disk.close(handle)
    synced = disk.fate()
    disk.rename("/f", "/g")
    fates = [before, appended, synced, disk.fate()]
    assert all(one != other for at, one in enumerate(fates) for other in fates[at + 1 :])
