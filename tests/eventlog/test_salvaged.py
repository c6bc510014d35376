"""The new log that a salvage writes: what it says of itself, how it gets to the disk, and what an error leaves behind.

Law: damage is done to bytes of a real history, and errors come from the disk, not from a changed engine.
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import os
from typing import TYPE_CHECKING

import pytest

from eventlog import EventLog, EventLogError, LogLockedError, read, verify
from eventlog.adoption import adopt
from eventlog.appending import Stamp
from eventlog.entry import FORMAT_VERSION, START, Entry, Event, decode, encode
from eventlog.errors import LogReplacedError, NewerFormatError
from eventlog.files import READ_SIZE
from eventlog.reading import load_head
from eventlog.recovery import State
from eventlog.repair import GAP, SALVAGED, Repair, kept_name, last_salvage, plan_repair, salvage
from eventlog.salvage import FOREIGN_LINE, ORIGINAL_SEQ
from tests.simulated_disk import Fault, Operation, SimulatedCrash, SimulatedDisk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LOG, HEAD = "/d/events.jsonl", "/d/events.head"
NEW, TEMPORARY = "/d/events.salvaged.jsonl", "/d/events.salvaged.jsonl.new"
TICKS = itertools.count(1_700_000_000_000_000_000, 1_000_000)
STAMP = Stamp(time_ns=lambda: 1_800_000_000_000_000_000, randomness=bytes)


def history(begin: bytes = b"", name: str = "said", count: int = 8, text: str = "") -> dict[str, bytes]:
    """The files of a log with so many entries, some of which were there before."""
    disk = SimulatedDisk({LOG: begin} if begin else {}, folders=["/d"])
    with EventLog.open(LOG, files=disk, time_ns=lambda: next(TICKS), randomness=bytes) as log:
        for number in range(max(1, begin.count(b"\n")), count):
            log.append(name, f"{text}{number}")
    return disk.contents()


CLEAN = history()
LINES = CLEAN[LOG].splitlines(keepends=True)
RIVAL = history(b"".join(LINES[:3]), "other")[LOG].splitlines(keepends=True)  # another history from seq 3 on
DAMAGED = b"".join([*LINES[:3], *LINES[4:]])


def disk_with(content: bytes = DAMAGED, *, head: bytes | None = CLEAN[HEAD]) -> SimulatedDisk:
    return SimulatedDisk({LOG: content} | ({HEAD: head} if head is not None else {}))


def salvaged(disk: SimulatedDisk) -> list[Entry]:
    salvage(LOG, files=disk, stamp=STAMP)
    assert verify(NEW, files=disk).state is State.CLEAN
    return list(read(NEW, files=disk))


def when(verb: str, path: str, do: Callable[[], Fault | None]) -> Callable[[int, Operation], Fault | None]:
    """Faults of a disk: this happens just before each such operation."""
    return lambda _, operation: do() if (operation.name, operation.path) == (verb, path) else None


def said_no(code: int) -> Callable[[], Fault]:
    return lambda: Fault(errno=code)


def rewrite(disk: SimulatedDisk, path: str, content: bytes) -> None:
    """What another program does that writes in place."""
    other = disk.process()
    handle = other.open(path, "overwrite")
    other.truncate(handle, 0)
    other.write_at(handle, 0, content)
    other.close(handle)


@pytest.mark.parametrize("first", [b"x\n", LINES[0]], ids=["without its first line", "with it"])
def test_the_new_log_says_who_made_it_and_of_what(first: bytes) -> None:
    content = b"".join([first, *LINES[1:3], *LINES[4:]])
    head = load_head(disk_with(), LOG)
    assert head is not None
    created, *_, last = salvaged(disk_with(content))
    digest = hashlib.sha256(content).hexdigest()
    whole = first == LINES[0]
    assert last.type == SALVAGED
    assert dict(last.meta) == {
        "kept": 7 if whole else 6,
        "verbatim": 3 if whole else 0,
        "lost": 1 if whole else 2,
        "source_bytes": len(content),
        "source_sha256": digest,
        "kept_in": f"quarantine/{kept_name(LOG, digest)}",
    }
    assert created.type == "log.created"
    assert (created.line == LINES[0]) is whole
    if not whole:
        device = os.uname().nodename
        log_id = head.log_id
        said = {"format": FORMAT_VERSION, "log": log_id, "device": device, "program": "eventlog repair"}
        assert dict(created.meta) == said


def test_a_file_of_a_damaged_log_is_kept_under_eight_digits_of_its_digest() -> None:
    assert kept_name("/d/events.head", "0123456789abcdef") == "events.head.01234567.damaged"


def test_a_gap_where_nothing_is_lost_names_no_seq() -> None:
    content = b"".join([*LINES[:2], b"junk\n", *LINES[2:4], *RIVAL[4:]])
    (gap,) = [entry for entry in salvaged(disk_with(content, head=None)) if entry.type == GAP]
    reason = "the line with seq 4 does not follow the one before it"
    assert dict(gap.meta) == {"offset": content.index(RIVAL[4]), "bytes": 0, "reason": reason}


def test_a_long_log_is_written_in_pieces_of_a_megabyte_and_read_in_smaller_ones() -> None:
    clean = history(count=16, text="x" * 100_000)
    lines = clean[LOG].splitlines(keepends=True)
    disk = disk_with(b"".join([lines[0], *lines[2:]]), head=clean[HEAD])
    kept = [entry for entry in salvaged(disk) if entry.type == "said"]
    assert [entry.data for entry in kept] == [decode(line).data for line in lines[2:]]  # type: ignore[union-attr]
    written = [each.details[0] for each in disk.trace if (each.name, each.path) == ("append", TEMPORARY)]
    read_at_once = [each.details[1] for each in disk.trace if each.name == "read_at"]
    sizes = [len(piece) for piece in written if isinstance(piece, bytes)]
    assert len(sizes) == 2
    assert 0 < sizes[0] - 16 * READ_SIZE < 110_000
    assert {size for size in read_at_once if isinstance(size, int) and size > READ_SIZE} == set()


def test_a_log_with_which_nothing_is_wrong_has_no_plan_and_says_what_it_is() -> None:
    disk = disk_with(CLEAN[LOG])
    assert plan_repair(LOG, files=disk) == Repair(found=verify(LOG, files=disk), target=NEW)


def half_adopted() -> SimulatedDisk:
    """The new log stands in the place of the damaged one, whose head is still there."""
    disk = disk_with()
    salvage(LOG, files=disk, stamp=STAMP)

    def die() -> None:
        raise SimulatedCrash

    disk.faults = when("open", f"{HEAD}.new", die)
    with pytest.raises(SimulatedCrash):
        adopt(LOG, files=disk)
    return disk.kill()


def test_an_adoption_that_was_interrupted_is_to_be_repeated_and_nothing_salvaged_again() -> None:
    disk = half_adopted()
    before = disk.contents()
    found = verify(LOG, files=disk)
    assert found.state is State.BEHIND
    assert plan_repair(LOG, files=disk) == Repair(found=found, target=NEW, adopting=True)
    assert salvage(LOG, files=disk).adopting
    assert disk.contents() == before


def test_a_log_behind_another_head_than_the_one_that_was_kept_is_no_interrupted_adoption() -> None:
    content = half_adopted().contents()
    kept_head = next(path for path in content if path.startswith("/d/quarantine/events.head."))
    repair = plan_repair(LOG, files=SimulatedDisk(content | {kept_head: b"another"}))
    assert repair.found.state is State.BEHIND
    assert not repair.adopting
    assert repair.plan is not None


def test_the_last_salvage_of_a_log_is_told_behind_a_torn_line_and_not_behind_damage() -> None:
    disk = disk_with()
    salvage(LOG, files=disk, stamp=STAMP)
    adopt(LOG, files=disk)
    with EventLog.open(LOG, files=disk) as log:
        for number in range(2):
            log.append("said", number)
    content = disk.contents()[LOG]
    *before, one, _ = content.splitlines(keepends=True)
    torn = last_salvage(disk_with(content + b'{"seq":'), LOG)
    assert torn is not None
    assert torn.line == before[-1]
    damaged = content.replace(one, b"x" * (len(one) - 1) + b"\n")  # the line after it vouches for it, and no further
    assert last_salvage(disk_with(damaged), LOG) is None


def test_what_cannot_be_salvaged_says_why_and_what_to_do() -> None:
    newer = encode(Event(type="log.created", id="x", time="t", meta={"format": 99}), after=START, dur=-1).line
    with pytest.raises(NewerFormatError, match=f"^{LOG}: the log has format 99, .*; install a newer one$"):
        salvage(LOG, files=disk_with(newer, head=None))
    nothing = f"^{LOG}: not a single line verifies, there is nothing to save; put a copy of it back$"
    with pytest.raises(EventLogError, match=nothing):
        salvage(LOG, files=disk_with(b"story\n" * 9))


def with_an_alien(names: tuple[str, str]) -> tuple[bytes, SimulatedDisk]:
    """A line of another program after a gap, and the disk with its log."""
    before = decode(LINES[4])
    assert before is not None
    alien = encode(Event(type="x"), after=before.position, dur=4, names=names).line
    return alien, disk_with(b"".join([*LINES[:3], LINES[4], alien]), head=None)


@pytest.mark.parametrize("names", [("i" * 600, "t"), ("i", "t" * 600)])
def test_a_line_whose_names_no_log_can_hold_is_kept_as_text(names: tuple[str, str]) -> None:
    alien, disk = with_an_alien(names)
    salvage(LOG, files=disk, stamp=STAMP)
    (kept,) = [entry for entry in read(NEW, files=disk) if entry.type == FOREIGN_LINE]
    assert kept.data == {"line": alien.decode()}
    assert kept.meta[ORIGINAL_SEQ] == 5
    assert verify(NEW, files=disk).state is State.CLEAN


def test_a_line_that_no_log_can_hold_again_is_named_and_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    alien, disk = with_an_alien(("i" * 600, "t"))
    content = disk.contents()
    monkeypatch.setattr("eventlog.entry.LINE_LIMIT", len(alien))
    place = f"{LOG}: byte {content[LOG].index(alien)}, seq 5"
    words = f"^{place}: it verifies, but there is no way to write it again: it is too large$"
    with pytest.raises(EventLogError, match=words):
        salvage(LOG, files=disk, stamp=STAMP)
    assert disk.contents() == content


@pytest.mark.parametrize(
    "content",
    [DAMAGED[:-60] + b"?" + DAMAGED[-59:], b"".join([*LINES[:3], *LINES[4:6], LINES[7], LINES[6]]), DAMAGED[:-60]],
    ids=["damaged", "in another order", "shorter"],
)
def test_a_log_that_changes_while_it_is_salvaged_is_not_taken_for_the_one_that_was_planned(content: bytes) -> None:
    disk = disk_with()
    disk.faults = when("truncate", TEMPORARY, lambda: rewrite(disk, LOG, content))
    with pytest.raises(LogReplacedError, match=f"^{LOG} changed while it was read; stop its writer, try again$"):
        salvage(LOG, files=disk, stamp=STAMP)
    assert disk.contents() == {LOG: content, HEAD: CLEAN[HEAD]}


ANOTHER = f"^{TEMPORARY} is being written by another salvage; wait for it to finish, or stop it$"


def test_two_salvages_at_once_do_not_write_one_file() -> None:
    disk = disk_with()
    holder = disk.process()
    holder.lock(holder.open(TEMPORARY, "append", create=True))
    before = disk.contents()
    with pytest.raises(LogLockedError, match=ANOTHER):
        salvage(LOG, files=disk, stamp=STAMP)
    assert disk.contents() == before


def test_a_salvage_whose_file_another_one_took_away_before_its_lock_does_not_write_it() -> None:
    disk = disk_with()
    disk.faults = when("lock", TEMPORARY, lambda: disk.process().remove(TEMPORARY))
    with pytest.raises(LogLockedError, match=ANOTHER):
        salvage(LOG, files=disk, stamp=STAMP)
    assert disk.contents() == disk_with().contents()


@pytest.mark.parametrize("verb", ["append", "sync", "rename"])
@pytest.mark.parametrize("removed", [True, False], ids=["removed", "not removed"])
def test_the_error_of_a_disk_is_the_one_that_is_told_and_nothing_has_the_name_of_a_salvage(
    verb: str,
    removed: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    disk = disk_with()
    full, stuck = when(verb, TEMPORARY, said_no(errno.ENOSPC)), when("remove", TEMPORARY, said_no(errno.EIO))
    disk.faults = full if removed else lambda *each: full(*each) or stuck(*each)
    with pytest.raises(OSError) as caught:  # noqa: PT011 - which one it is, is the question
        salvage(LOG, files=disk, stamp=STAMP)
    assert caught.value.errno == errno.ENOSPC
    assert (TEMPORARY in disk.contents()) is not removed
    assert NEW not in disk.contents()


def test_a_file_that_cannot_be_closed_when_all_of_it_is_on_disk_is_no_error() -> None:
    disk = disk_with()
    disk.faults = when("close", TEMPORARY, said_no(errno.EIO))
    salvage(LOG, files=disk, stamp=STAMP)
    assert ("sync_dir", "/d") in [(each.name, each.path) for each in disk.trace[-2:]]
    assert verify(NEW, files=disk).state is State.CLEAN


@pytest.mark.parametrize(
    "rot",
    [lambda content: content[: content[:-1].rindex(b"\n") + 1], lambda content: content + b"?"],
    ids=["its last line is not there", "something stands behind it"],
)
def test_a_new_log_that_the_disk_gives_back_otherwise_never_gets_its_name(rot: Callable[[bytes], bytes]) -> None:
    disk = disk_with()
    struck: list[bool] = []

    def strike() -> None:
        if not struck:
            struck.append(True)
            rewrite(disk, TEMPORARY, rot(disk.contents()[TEMPORARY]))

    disk.faults = when("read_at", TEMPORARY, strike)
    words = f"^{TEMPORARY}: what was written there does not verify; is the disk well[?]$"
    with pytest.raises(EventLogError, match=words):
        salvage(LOG, files=disk, stamp=STAMP)
    assert disk.contents() == disk_with().contents()


def test_nobody_else_can_read_a_new_log(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_bytes(DAMAGED)
    salvage(str(tmp_path / "events.jsonl"))
    assert (tmp_path / "events.salvaged.jsonl").stat().st_mode & 0o077 == 0
