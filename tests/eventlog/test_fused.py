"""Lines that a damaged newline has fused: each is found again, none is made of what another one holds.

Law: the cost is counted in bytes that are hashed, not in seconds.
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
import pytest

from eventlog import read
from eventlog.entry import START, Entry, Event, encode
from eventlog.fused import sealed_lines
from eventlog.recovery import State, claim
from eventlog.repair import plan_repair, salvage
from tests.crash.promises import KIND, LOG, open_log, texts
from tests.simulated_disk import SimulatedDisk

SHA256 = hashlib.sha256
SALVAGED = "/d/events.salvaged.jsonl"


def chain(*datas: Any) -> list[Entry]:
    """The entries of a log that says this."""
    entries: list[Entry] = []
    for data in (None, *datas):
        after = entries[-1].position if entries else START
        kind, meta = (KIND, {}) if entries else ("log.created", {"format": 1, "log": "x"})
        event = Event(type=kind, data=data, meta=meta, id=str(len(entries)), time="t")
        entries.append(encode(event, after=after, dur=after.seq))
    return entries


OTHERS = chain(*"abcdef")
EXPORTED = [orjson.loads(entry.line) for entry in OTHERS]


@pytest.mark.parametrize("junk", [b"", b"\r", b"\r\n", b" ", b"X", b"\0", b"\x0b", b"\x8a", b"\xff\xff"], ids=bytes.hex)
def test_every_fused_line_is_found_whatever_became_of_its_newline(junk: bytes) -> None:
    fused = b"".join(entry.line[:-1] + junk for entry in OTHERS)
    found = list(sealed_lines(fused))
    assert [line for _, _, line in found] == [entry.line for entry in OTHERS]
    assert sum(size for _, size, _ in found) == len(fused)


@pytest.mark.parametrize(("junk", "kept"), [(b"\0", 1), (b"\r\0", 2), (b"XX\0", 1), (b"XXXX\0", 1)])
def test_a_line_takes_its_newline_and_a_carriage_return_and_nothing_else_that_stands_there(
    junk: bytes, kept: int
) -> None:
    begin = 0
    for found, entry in zip(sealed_lines(b"".join(entry.line[:-1] + junk for entry in OTHERS)), OTHERS, strict=True):
        assert found == (begin, entry.size - 1 + kept, entry.line)
        begin += entry.size - 1 + len(junk)


def test_the_end_of_the_line_before_is_enough_to_find_a_line_behind_it() -> None:
    rest = OTHERS[0].line[OTHERS[0].line.index(b',"sum":"') : -1]
    assert list(sealed_lines(rest + b"X" + OTHERS[1].line)) == [(len(rest) + 1, OTHERS[1].size, OTHERS[1].line)]
    assert list(sealed_lines(rest + OTHERS[1].line)) == [(len(rest), OTHERS[1].size, OTHERS[1].line)]


@pytest.mark.parametrize("damaged", range(len(OTHERS)))
def test_a_fused_line_that_is_damaged_costs_itself_only(damaged: int) -> None:
    lines = [entry.line[:-1] for entry in OTHERS]
    lines[damaged] = lines[damaged].replace(b'"time":"t"', b'"time":"T"')
    found = [line for _, _, line in sealed_lines(b"*".join(lines))]
    assert found == [entry.line for at, entry in enumerate(OTHERS) if at != damaged]


@pytest.mark.parametrize("held", [EXPORTED, EXPORTED[:1], {"deep": [EXPORTED]}, [{"x": each} for each in EXPORTED]])
def test_no_line_is_made_of_what_a_damaged_line_holds(held: Any) -> None:
    whole = chain("a", held)[-1].line
    for cut in range(len(whole)):
        assert list(sealed_lines(whole[:cut])) in ([], [(0, len(whole) - 1, whole)])
    for at in range(0, len(whole), 7):
        flipped = bytearray(whole)
        flipped[at] ^= 4
        assert list(sealed_lines(bytes(flipped))) in ([], [(0, len(whole), whole)])


def test_a_salvage_keeps_nothing_of_another_log_that_a_torn_line_holds() -> None:
    disk = SimulatedDisk(folders=["/d"])
    with open_log(disk) as log:
        log.append(KIND, "a")
        log.append("imported", EXPORTED[1:])
    content = disk.contents()[LOG]
    disk = disk.image(lambda _count: 0)
    disk.cut(LOG, content.rindex(b'"}]') + 2)  # it ends just after what it holds
    salvage(LOG, files=disk)
    assert [entry.type for entry in read(SALVAGED, files=disk)] == ["log.created", KIND, "log.gap", "log.salvaged"]


def test_a_torn_line_is_not_vouched_for_by_what_it_holds() -> None:
    torn = chain("a", EXPORTED)[-1].line
    assert claim(torn[: torn.rindex(b'"}]') + 2] + b"\n").vouched == -1


def test_a_line_that_holds_many_beginnings_is_kept_behind_a_damaged_newline() -> None:
    disk = SimulatedDisk(folders=["/d"])
    with open_log(disk) as log:
        log.append(KIND, "a")
        log.append(KIND, [{"seq": at} for at in range(150)])
        log.append(KIND, "c")
        entries = list(log.read())
    disk = disk.image(lambda _count: 0)
    disk.bit_flip(LOG, (entries[2].offset - 1) * 8)
    plan = plan_repair(LOG, files=disk).plan
    assert plan is not None
    assert (plan.kept, plan.lost, plan.gaps) == (4, 0, ())


class CountingHash:
    """A SHA-256 that counts what it is given."""

    def __init__(self, counted: list[int]) -> None:
        self._counted, self._digest = counted, SHA256()

    def update(self, data: memoryview) -> None:
        self._counted.append(len(data))
        self._digest.update(data)

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


FUSED = b"".join(entry.line.replace(b"\n", b" ") for entry in chain(*"y" * 300))
NESTED = chain([EXPORTED] * 60)[-1].line.replace(b'"time":"t"', b'"time":"T"', 1)


@pytest.mark.parametrize("data", [FUSED, NESTED, b'{"seq":' * 40_000, OTHERS[1].line[:-2] * 200], ids=len)
def test_each_byte_is_hashed_once(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    counted: list[int] = []
    monkeypatch.setattr("eventlog.fused.hashlib.sha256", lambda: CountingHash(counted))
    list(sealed_lines(data))
    assert sum(counted) <= len(data)


def test_lines_of_a_newer_version_after_a_damaged_one_are_not_cut() -> None:
    """Nobody here can tell what they vouch for."""
    disk = SimulatedDisk(folders=["/d"])
    with open_log(disk) as log:
        for said in "abc":
            log.append(KIND, said)
        last = list(log.read())[-1]
    newer = b"".join(
        b'%b,"sum":"%b"}\n' % (body, hashlib.sha256(body).hexdigest()[:32].encode())
        for body in (b'{"fmt":2,"seq":4', b'{"fmt":2,"seq":5')
    )
    content = bytearray(disk.contents()[LOG] + newer)
    content[last.offset + 60] ^= 1
    for damaged in (bytes(content), bytes(content).replace(b'"}\n{"fmt"', b'"}*{"fmt"', 1)):
        left = SimulatedDisk({LOG: damaged})
        log = open_log(left)
        assert log.read_only is not None
        assert "verifies and is of a newer format" in str(log.read_only)
        assert left.contents()[LOG] == damaged
        assert texts(log.read()) == ["a", "b"]


def test_a_damaged_newline_before_the_last_line_is_vouched_for_by_that_line() -> None:
    disk = SimulatedDisk(folders=["/d"])
    with open_log(disk) as log:
        for said in "abc":
            log.append(KIND, said)
        last = list(log.read())[-1]
    content = bytearray(disk.contents()[LOG])
    content[last.offset - 1] ^= 1
    left = SimulatedDisk({LOG: bytes(content)})
    log = open_log(left)
    assert f"{State.CORRUPT}: its sum does not match" in str(log.read_only)
    assert f"the line at byte {last.offset} verifies and says that all up to seq 2 was on disk" in str(log.read_only)
    assert left.contents()[LOG] == content
