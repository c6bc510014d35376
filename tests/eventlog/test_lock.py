"""The lock file, byte by byte and failure by failure: what stands in it, and what a lock that is not got leaves behind.

Law: whatever fails, the lock is free again and no handle is left; what the file says is for messages alone.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from eventlog import LogLockedError
from eventlog.lock import CLOSED, LOCK_SIZE, has_writer, holder, release_lock, take_lock
from tests.crash.promises import LOG, fail_next
from tests.simulated_disk import Fault, Operation, SimulatedDisk

if TYPE_CHECKING:
    from pathlib import Path

LOCK = "/d/events.lock"
EIO = Fault(errno=errno.EIO)


@pytest.fixture
def disk() -> SimulatedDisk:
    return SimulatedDisk(folders=["/d"])


def handles(disk: SimulatedDisk) -> int:
    return len(disk._handles)  # noqa: SLF001 - the simulated disk's, to count what leaks


def test_a_lock_file_says_in_128_bytes_who_holds_it_or_that_its_log_was_closed(disk: SimulatedDisk) -> None:
    handle, was_clean = take_lock(disk, LOG)
    assert not was_clean
    name = f"pid {os.getpid()} on {os.uname().nodename}".encode()[:127]
    assert disk.contents()[LOCK] == name + b" " * (127 - len(name)) + b"\n"
    release_lock(disk, handle, clean=True)
    assert disk.contents()[LOCK] == CLOSED == b"closed" + b" " * 121 + b"\n"
    assert handles(disk) == 0
    handle, was_clean = take_lock(disk, LOG)
    assert was_clean
    release_lock(disk, handle, clean=False)
    assert disk.contents()[LOCK] != CLOSED


def test_the_longest_name_of_a_machine_does_not_make_the_lock_file_longer(
    disk: SimulatedDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = os.uname_result(("Linux", "n" * 300, "", "", ""))
    monkeypatch.setattr(os, "uname", lambda: named)
    take_lock(disk, LOG)
    said = f"pid {os.getpid()} on ".encode()
    assert disk.contents()[LOCK] == said + b"n" * (LOCK_SIZE - 1 - len(said)) + b"\n"


def test_who_is_refused_is_told_of_the_log_and_of_its_holder(disk: SimulatedDisk) -> None:
    take_lock(disk, LOG)
    with pytest.raises(LogLockedError, match=rf"^{LOG} is being written by pid {os.getpid()} on "):
        take_lock(disk.process(), LOG)


def test_a_lock_file_that_is_replaced_again_and_again_is_not_waited_for(disk: SimulatedDisk) -> None:
    def swap(_number: int, operation: Operation) -> None:
        if operation.name == "lock":
            other = disk.process()
            other.open("/d/new", "append", create=True)
            other.rename("/d/new", LOCK)

    disk.faults = swap
    with pytest.raises(LogLockedError) as refused:
        take_lock(disk, LOG)
    assert str(refused.value) == (
        f"{LOG} is being written by somebody who keeps replacing the lock file; wait for it to finish, or stop it"
    )
    assert [operation.name for operation in disk.trace].count("lock") == 3
    assert handles(disk) == 0


@pytest.mark.parametrize("verb", ["write_at", "unlock", "close"])
def test_a_disk_that_says_no_while_the_lock_is_given_back_does_not_keep_it(disk: SimulatedDisk, verb: str) -> None:
    handle, _ = take_lock(disk, LOG)
    fail_next(disk, verb, EIO)
    release_lock(disk, handle, clean=True)
    take_lock(disk.kill() if verb == "close" else disk.process(), LOG)


def test_a_lock_is_free_before_its_handle_is_closed(disk: SimulatedDisk) -> None:
    """A forked process may have a copy of the handle, which would keep the lock."""
    handle, _ = take_lock(disk, LOG)
    release_lock(disk, handle, clean=False)
    assert [operation.name for operation in disk.trace[-2:]] == ["unlock", "close"]


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"", "another process"), (b"  \n", "another process"), (b"\xff\xfe", "\ufffd\ufffd"), (b"x" * 201, "x" * 200)],
)
def test_whatever_stands_in_a_lock_file_a_holder_can_be_named(data: bytes, said: str) -> None:
    assert holder(SimulatedDisk({LOCK: data}), LOG) == said


def test_a_lock_file_that_cannot_be_read_has_another_process_for_its_holder() -> None:
    disk = SimulatedDisk({LOCK: b"pid 1 on here"})
    disk.faults = lambda _number, _operation: EIO
    assert holder(disk, LOG) == "another process"


def test_a_process_of_somebody_else_is_alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(_pid: int, _signal: int) -> None:
        raise PermissionError

    disk = SimulatedDisk({LOCK: f"pid 1 on {os.uname().nodename}".encode()})
    disk.lock(disk.open(LOCK, "overwrite"))
    monkeypatch.setattr(os, "kill", forbidden)
    assert has_writer(disk.process(), LOG)
    assert not has_writer(SimulatedDisk(folders=["/d"]), f"{tmp_path}/none.jsonl")
