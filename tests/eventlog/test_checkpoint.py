"""A checkpoint saves time and nothing else: a bad one, a foreign one and a stale one are as if they were not there.

Law: every flipped bit and every cut of a checkpoint is tried; the fold is always the fold of all entries.
"""

from __future__ import annotations

import errno
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from eventlog import Event, EventLog, LogDamagedError
from eventlog.checkpoint import Checkpoint, decode_checkpoint, encode_checkpoint, save_checkpoint
from eventlog.entry import START, Position, decode, encode, seal
from eventlog.errors import InvalidEventError, LogPoisonedError
from tests.crash.promises import KIND, LOG, fail_next, open_log, texts, unkindest
from tests.crash.test_every_crash import Texts
from tests.simulated_disk import Fault, SimulatedDisk

if TYPE_CHECKING:
    from pathlib import Path

    from eventlog import Entry

CHECKPOINT = "/d/checkpoint.json"


class Counted(Texts):
    """Counts how many entries a fold had to look at."""

    def __init__(self) -> None:
        self.looked_at = 0

    def apply(self, state: list[str], entry: Entry) -> list[str]:
        self.looked_at += 1
        return super().apply(state, entry)


def written(*, after: tuple[str, ...] = ("c",)) -> SimulatedDisk:
    """A log with entries before and after its checkpoint, properly closed and on the platter."""
    disk = SimulatedDisk(folders=["/d"])
    with open_log(disk) as log:
        log.append(KIND, "a")
        log.append(KIND, "b")
        log.save_checkpoint(Texts(), log.fold(Texts()))
        for each in after:
            log.append(KIND, each)
    return disk.image(lambda _count: 0)


def with_checkpoint(data: bytes) -> SimulatedDisk:
    return SimulatedDisk(written().contents() | {CHECKPOINT: data})


def folded(disk: SimulatedDisk) -> tuple[list[str], int]:
    with open_log(disk) as log:
        assert log.read_only is None
        counted = Counted()
        return log.fold(counted), counted.looked_at


DATA = written().contents()[CHECKPOINT]


def test_a_fold_starts_at_the_checkpoint_and_is_the_fold_of_all() -> None:
    assert folded(written()) == (["a", "b", "c"], 1)
    assert folded(written(after=())) == (["a", "b"], 0)


def test_opening_reads_only_what_is_new_since_the_checkpoint() -> None:
    big = SimulatedDisk(folders=["/d"])
    with open_log(big) as log:
        log.append_many([Event(type=KIND, data="x" * 1000)] * 4000)
        log.save_checkpoint(Texts(), [])
    big = big.image(lambda _count: 0)
    open_log(big)
    read = sum(int(str(operation.details[1])) for operation in big.trace if operation.name == "read_at")
    assert read < len(big.contents()[LOG]) // 5


def test_every_flipped_bit_and_every_cut_of_a_checkpoint_makes_it_absent() -> None:
    for bit in range(len(DATA) * 8):
        damaged = bytearray(DATA)
        damaged[bit // 8] ^= 1 << bit % 8
        assert decode_checkpoint(bytes(damaged)) is None
    for size in range(len(DATA)):
        assert decode_checkpoint(DATA[:size]) is None
    for at in range(0, len(DATA), 37):
        assert folded(with_checkpoint(DATA[:at] + b"#" + DATA[at + 1 :])) == (["a", "b", "c"], 4)
        assert folded(with_checkpoint(DATA[:at])) == (["a", "b", "c"], 4)


FIELDS = json.loads(DATA)
del FIELDS["sum"]
WRONG: list[dict[str, Any]] = [
    {"log": "another"}, {"log": None}, {"projection": "another"}, {"version": 2}, {"seq": 1}, {"seq": 3}, {"seq": "2"},
    {"line_offset": 0}, {"line_offset": -1}, {"line_offset": 10**30}, {"line_offset": None}, {"line_offset": 1.0},
    {"end": 0}, {"end": 10**12}, {"end": 2**64 - 1}, {"end": "x"}, {"end": True}, {"last": "0" * 32}, {"last": 5},
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_a_checkpoint_that_does_not_fit_is_not_used(wrong: dict[str, Any]) -> None:
    disk = with_checkpoint(seal(json.dumps(FIELDS | wrong).encode()[:-1]))
    assert folded(disk) == (["a", "b", "c"], 4)


def test_a_checkpoint_that_does_not_fit_is_not_used_on_a_real_disk_either(tmp_path: Path) -> None:
    """A system call may refuse what a slice in memory takes: an offset or a size beyond all files."""
    path = tmp_path / "events.jsonl"
    for wrong in WRONG:
        for name, data in written().contents().items():
            if name.count("/") == 2:  # those beside the log
                (tmp_path / name.rpartition("/")[2]).write_bytes(data)
        (tmp_path / "checkpoint.json").write_bytes(seal(json.dumps(FIELDS | wrong).encode()[:-1]))
        with EventLog.open(path) as log:
            assert (log.read_only, log.fold(Texts())) == (None, ["a", "b", "c"])


def test_a_checkpoint_after_the_first_line_or_the_longest_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    disk = SimulatedDisk(folders=["/d"])
    log = open_log(disk)
    log.save_checkpoint(Texts(), [])
    log = open_log(disk.kill())
    assert log.checkpoint_seq == 0
    disk = written()
    size = FIELDS["end"] - FIELDS["line_offset"]
    for limit, seq in ((size, 2), (size - 1, -1)):
        monkeypatch.setattr("eventlog.checkpoint.LINE_LIMIT", limit)
        log = open_log(disk)
        assert log.checkpoint_seq == seq
        log.close()


@pytest.mark.parametrize("data", [b"", b"{}", seal(b'{"a":1'), seal(b"[1"), seal(b"{"), b"\0" * 500, DATA * 2])
def test_a_file_that_is_no_checkpoint_is_not_used(data: bytes) -> None:
    assert folded(with_checkpoint(data)) == (["a", "b", "c"], 4)


def test_a_checkpoint_that_cannot_be_read_is_not_used() -> None:
    disk = SimulatedDisk({path: data for path, data in written().contents().items() if path != CHECKPOINT})
    disk.make_dir(CHECKPOINT)
    assert folded(disk) == (["a", "b", "c"], 4)
    disk = written()
    disk.faults = lambda _number, operation: Fault(errno=errno.EIO) if "checkpoint" in operation.path else None
    assert folded(disk) == (["a", "b", "c"], 4)


def test_the_checkpoint_of_another_history_with_the_same_id_is_not_used() -> None:
    """A copy of the log went its own way: same id, same offsets, other lines."""
    disk, other = written(), SimulatedDisk(folders=["/d"])
    with open_log(other) as log:
        for each in ("a", "x", "c"):
            log.append(KIND, each)
    files = disk.contents() | {LOG: other.contents()[LOG], "/d/events.head": other.contents()["/d/events.head"]}
    assert folded(SimulatedDisk(files)) == (["a", "x", "c"], 4)


def test_a_checkpoint_saved_while_poisoned_holds_what_was_acknowledged() -> None:
    disk = SimulatedDisk(folders=["/d"])
    log = open_log(disk)
    log.append(KIND, "a")
    fail_next(disk, "sync", Fault(errno=errno.EIO))
    with pytest.raises(LogPoisonedError):
        log.append(KIND, "in doubt")
    log.save_checkpoint(Texts(), log.fold(Texts()))
    log.reopen()
    log.append(KIND, "b")
    log.close()
    assert folded(disk.image(unkindest))[0] == ["a", "b"]


def test_a_checkpoint_that_cannot_be_saved_harms_nothing() -> None:
    disk = written()
    log = open_log(disk)
    for verb in ("append", "sync", "rename", "sync_dir"):
        fail_next(disk, verb, Fault(errno=errno.ENOSPC))
        with pytest.raises(OSError, match="No space left"):
            log.save_checkpoint(Texts(), log.fold(Texts()))
        assert log.fold(Texts()) == ["a", "b", "c"]
    log.append(KIND, "d")
    assert texts(log.read()) == ["a", "b", "c", "d"]


def test_a_state_that_json_cannot_hold_is_refused() -> None:
    disk = written()
    with open_log(disk) as log, pytest.raises(InvalidEventError, match=r"^state\[0\] is nan"):
        log.save_checkpoint(Nan(), [])
    assert disk.contents()[CHECKPOINT] == DATA


class Nan(Texts):
    """Saves what would come back as null."""

    def save(self, state: list[str]) -> Any:
        return [float("nan"), state]


def test_damage_before_the_checkpoint_is_found_before_a_copy_is_made_and_when_it_is_read() -> None:
    disk = written()
    disk.bit_flip(LOG, 8 * 450)
    with open_log(disk) as log:
        assert log.read_only is None, "opening reads only what is new"
        assert log.fold(Texts()) == ["a", "b", "c"]
        with pytest.raises(LogDamagedError):
            list(log.read())
    before = disk.contents()[LOG]
    fail_next(disk, "sync", Fault(errno=errno.EIO))
    log = open_log(disk)
    assert isinstance(log.read_only, LogDamagedError)
    log.close()
    assert disk.contents()[LOG] == before
    log = open_log(disk)
    fail_next(disk, "sync", Fault(errno=errno.EIO))
    with pytest.raises(LogPoisonedError):
        log.append(KIND, "d")
    with pytest.raises(LogDamagedError, match="seq 1"):
        log.reopen()
    assert disk.contents()[LOG].startswith(before)


def test_a_newer_format_is_noticed_behind_a_checkpoint_too() -> None:
    disk = SimulatedDisk(folders=["/d"])
    with open_log(disk) as log:
        log.append(KIND, "a")
        log.save_checkpoint(Texts(), ["a"])
    first = decode(disk.contents()[LOG].split(b"\n")[0] + b"\n")
    assert first is not None
    event = Event(type="log.created", meta=dict(first.meta) | {"format": 2}, id="1", time="t")
    created = encode(event, after=START, dur=-1)
    said = encode(Event(type=KIND, id="2", time="t"), after=created.position, dur=0)
    newer = SimulatedDisk({LOG: created.line + said.line})
    place = Checkpoint(
        log_id=str(first.meta["log"]), projection="texts", version=1, position=said.position, line_offset=said.offset,
        state=[],
    )  # fmt: skip
    save_checkpoint(newer, LOG, place)
    log = open_log(newer)
    assert "format 2, this eventlog reads up to 1" in str(log.read_only)


def test_a_checkpoint_is_read_back_as_it_was_written() -> None:
    place = Position(seq=5, offset=900, sum="ab" * 16)
    made = Checkpoint(
        log_id="x", projection="p", version=3, position=place, line_offset=800, state={"a": [1, None, "灯"]}
    )
    assert decode_checkpoint(encode_checkpoint(made)) == made
    assert decode_checkpoint(encode_checkpoint(replace(made, state=None))) == replace(made, state=None)


def test_a_checkpoint_of_the_log_of_another_folder_does_not_stop_it() -> None:
    disk = written()
    other = SimulatedDisk({CHECKPOINT: disk.contents()[CHECKPOINT]})
    with EventLog.open(LOG, files=other) as log:
        log.append(KIND, "new")
        assert log.fold(Texts()) == ["new"]


@pytest.mark.parametrize("after", [(), ("c",), ("c", "d")])
def test_what_is_folded_while_the_log_is_opened_is_looked_at_once(after: tuple[str, ...]) -> None:
    disk, counted = written(after=after), Counted()
    with EventLog.open(LOG, files=disk, projection=counted) as log:
        assert counted.looked_at == len(after)
        assert log.checkpoint_seq == 2
        log.append(KIND, "later")
        assert log.fold(counted) == ["a", "b", *after, "later"]
        assert counted.looked_at == len(after) + 1
        assert log.fold(Texts()) == ["a", "b", *after, "later"]  # and again from the checkpoint


def test_a_fold_made_while_opening_needs_all_entries_if_the_checkpoint_is_of_another_projection() -> None:
    class Other(Counted):
        version = 2

    counted = Other()
    with EventLog.open(LOG, files=written(), projection=counted) as log:
        assert log.checkpoint_seq == -1
        assert log.fold(counted) == ["a", "b", "c"]


def test_the_fold_of_a_log_that_opens_read_only_is_not_made_while_it_is_opened() -> None:
    files = written().contents()
    damaged = SimulatedDisk(files | {LOG: files[LOG].replace(b'"data":"c"', b'"data":"x"')})
    with EventLog.open(LOG, files=damaged, projection=Counted()) as log:
        assert log.read_only is not None
        assert log.fold(Texts()) == ["a", "b"]
