"""Disk kept ahead of a log: asked for again where it may be there next time, and given back where none of it is left.

Law: the disk is simulated and its trace tells what it was asked for; of the room itself test_real_disk.py tells.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from eventlog import AppendError, EventLog
from eventlog.files import TEMPORARY
from eventlog.head import decode_head
from tests.crash.promises import KIND, LOG, fail_next, open_log
from tests.eventlog.test_log import ENOSPC, poison
from tests.simulated_disk import Fault, Operation, SimulatedDisk

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD, AHEAD = "/d/events.head", 1 << 20


@pytest.fixture
def disk() -> SimulatedDisk:
    return SimulatedDisk(folders=["/d"])


def asked(disk: SimulatedDisk) -> list[tuple[object, ...]]:
    """From where on room was asked for, and how much."""
    return [one.details for one in disk.trace if one.name == "preallocate"]


def cuts(disk: SimulatedDisk) -> list[Operation]:
    """Of the log, which after a reopen is the file that was made as its copy."""
    return [one for one in disk.trace if one.name == "truncate" and one.path in (LOG, LOG + TEMPORARY)]


def without_room(disk: SimulatedDisk, code: int) -> None:
    """Lines find their place, but nothing is kept for what comes next."""
    disk.faults = lambda _number, operation: Fault(errno=code) if operation.name == "preallocate" else None


def undo_an_append(disk: SimulatedDisk, log: EventLog) -> None:
    fail_next(disk, "append", ENOSPC)
    with pytest.raises(AppendError):
        log.append(KIND, "refused")


def poison_and_reopen(disk: SimulatedDisk, log: EventLog) -> None:
    poison(disk, log)
    log.reopen()


def test_no_disk_is_asked_for_room_unless_a_caller_wants_it(disk: SimulatedDisk) -> None:
    with EventLog.open(LOG, files=disk) as log:
        log.append(KIND, "a")
    assert asked(disk) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EINTR])
def test_room_that_is_not_there_now_is_asked_for_at_each_append_until_it_is(disk: SimulatedDisk, code: int) -> None:
    without_room(disk, code)
    log = open_log(disk, preallocate=AHEAD)
    begun = log.position.offset
    ends = [begun, log.append(KIND, "a").position.offset]
    disk.faults = {}
    ends.append(log.append(KIND, "b").position.offset)
    log.append(KIND, "c")
    assert asked(disk) == [(end, AHEAD) for end in ends]


@pytest.mark.parametrize("code", [errno.EOPNOTSUPP, errno.EINVAL, errno.EIO])
def test_a_disk_that_cannot_keep_room_is_asked_once(disk: SimulatedDisk, code: int) -> None:
    without_room(disk, code)
    log = open_log(disk, preallocate=AHEAD)
    log.append(KIND, "a")
    disk.faults = {}
    log.append(KIND, "b")
    assert len(asked(disk)) == 1


def test_the_room_that_was_kept_is_asked_for_again_once_an_append_was_undone(disk: SimulatedDisk) -> None:
    """To undo it, the file is cut, which gives back all that lies beyond its end."""
    log = open_log(disk, preallocate=AHEAD)
    begun = log.position.offset
    end = log.append(KIND, "a").position.offset
    undo_an_append(disk, log)
    log.append(KIND, "b")
    assert asked(disk) == [(begun, AHEAD), (end, begun + AHEAD - end)]


def test_room_that_was_used_to_its_last_byte_is_none(disk: SimulatedDisk) -> None:
    """An append that is undone asks for no room of no size."""
    log = open_log(SimulatedDisk(folders=["/d"]))
    begun = log.position.offset
    size = log.append(KIND, "a").position.offset - begun
    log = open_log(disk, preallocate=size)
    without_room(disk, errno.ENOSPC)
    end = log.append(KIND, "a").position.offset
    undo_an_append(disk, log)
    assert asked(disk) == [(begun, size), (end, size), (end, size)]
    after = log.append(KIND, "b").position.offset
    assert asked(disk)[3:] == [(after, size)]


def test_of_what_is_kept_no_byte_is_asked_for_twice(disk: SimulatedDisk) -> None:
    log = open_log(disk, preallocate=2000)
    until = log.position.offset + 2000
    end = log.append(KIND, "x" * 1500).position.offset
    assert asked(disk)[1:] == [(until, end + 2000 - until)]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_what_a_writer_that_died_had_kept_stays_where_there_is_no_more_room(disk: SimulatedDisk, code: int) -> None:
    """To cut the file would give it back, and to whoever fills the disk."""
    open_log(disk, preallocate=AHEAD).append(KIND, "a")
    disk = disk.kill()
    without_room(disk, code)
    log = open_log(disk, preallocate=AHEAD)
    log.append(KIND, "b")
    assert len(asked(disk)) >= 1
    assert cuts(disk) == []
    log.close()
    assert [one.details for one in cuts(disk)] == [(log.position.offset,)]


def test_room_is_kept_ahead_of_the_file_that_took_the_place_of_a_poisoned_one(disk: SimulatedDisk) -> None:
    log = open_log(disk, preallocate=AHEAD)
    poison_and_reopen(disk, log)
    assert asked(disk)[-1] == (log.position.offset, AHEAD)
    assert [one.path for one in disk.trace if one.name == "preallocate"] == [LOG, LOG + TEMPORARY]


def test_an_interruption_while_room_is_asked_for_leaves_none_of_it(disk: SimulatedDisk) -> None:
    def interrupt(_number: int, operation: Operation) -> None:
        if operation.name == "preallocate":
            raise KeyboardInterrupt

    disk.faults = interrupt
    with pytest.raises(KeyboardInterrupt):
        open_log(disk, preallocate=AHEAD)
    assert [one.details for one in cuts(disk)] == [(len(disk.contents()[LOG]),)]
    disk.faults = {}
    log = open_log(disk, preallocate=2000)
    disk.faults = interrupt
    with pytest.raises(KeyboardInterrupt):
        log.append(KIND, "x" * 1500)
    log.close()
    assert [one.details for one in cuts(disk)[1:]] == [(log.position.offset,)]


def test_an_opening_that_is_interrupted_leaves_a_head_that_names_the_log(disk: SimulatedDisk) -> None:
    """Though somebody removed it meanwhile: until then it was written where nobody finds it."""
    written: list[bytes] = []

    def interrupt(_number: int, operation: Operation) -> None:
        if operation.name == "preallocate":
            disk.faults = {}
            written.append(disk.contents()[HEAD])
            disk.remove(HEAD)
            raise KeyboardInterrupt

    disk.faults = interrupt
    with pytest.raises(KeyboardInterrupt):
        open_log(disk, preallocate=AHEAD)
    assert [disk.contents()[HEAD]] == written
    found = decode_head(written[0])
    assert found is not None
    with open_log(disk) as log:
        assert (found.log_id, found.position) == (log.id, log.position)


@pytest.mark.parametrize("happened", [lambda *_: None, undo_an_append, poison_and_reopen])
def test_closing_cuts_no_log_on_a_disk_that_cannot_keep_room(
    disk: SimulatedDisk, happened: Callable[[SimulatedDisk, EventLog], None]
) -> None:
    without_room(disk, errno.EOPNOTSUPP)
    log = open_log(disk, preallocate=AHEAD)
    log.append(KIND, "a")
    happened(disk, log)
    before = cuts(disk)
    log.close()
    assert cuts(disk) == before


def test_after_an_interruption_room_is_asked_for_again(disk: SimulatedDisk) -> None:
    """Nobody knows whether it was given: to believe so would let it run out."""
    log = open_log(disk, preallocate=2000)

    def interrupt(_number: int, operation: Operation) -> None:
        if operation.name == "preallocate":
            raise KeyboardInterrupt

    until = log.position.offset + 2000
    disk.faults = interrupt
    with pytest.raises(KeyboardInterrupt):
        log.append(KIND, "x" * 1500)
    disk.faults = {}
    end = log.append(KIND, "b").position.offset
    assert asked(disk)[-1] == (until, end + 2000 - until)


@pytest.mark.parametrize("happened", [undo_an_append, poison_and_reopen])
def test_closing_cuts_no_log_for_which_nothing_was_kept_whatever_happened_to_it(
    disk: SimulatedDisk, happened: Callable[[SimulatedDisk, EventLog], None]
) -> None:
    log = open_log(disk)
    log.append(KIND, "a")
    happened(disk, log)
    before = cuts(disk)
    log.close()
    assert cuts(disk) == before
