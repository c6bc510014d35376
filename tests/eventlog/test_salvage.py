"""A plan of a salvage: where each piece stands, why each gap is there, and what vouches for what is lost.

Law: pure: bytes of real histories go in, and the places and words that come out are told from those bytes.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from eventlog import EventLog
from eventlog.entry import ZERO_SUM, Entry, Event, decode, encode, seal
from eventlog.head import decode_head
from eventlog.salvage import (
    FOREIGN_LINE,
    ORIGINAL_SEQ,
    ORIGINAL_SUM,
    Damage,
    Gap,
    Run,
    plan_salvage,
    verified_lines,
    ways_to_write,
)
from tests.simulated_disk import SimulatedDisk

if TYPE_CHECKING:
    from eventlog.entry import Position

LOG, HEAD = "/d/events.jsonl", "/d/events.head"
TICKS = itertools.count(1_700_000_000_000_000_000, 1_000_000)


def history(begin: bytes = b"", name: str = "said", count: int = 8) -> dict[str, bytes]:
    """The files of a log with so many entries, some of which were there before."""
    disk = SimulatedDisk({LOG: begin} if begin else {}, folders=["/d"])
    with EventLog.open(LOG, files=disk, time_ns=lambda: next(TICKS), randomness=bytes) as log:
        for number in range(max(1, begin.count(b"\n")), count):
            log.append(name, number)
    return disk.contents()


CLEAN = history()
LINES = CLEAN[LOG].splitlines(keepends=True)
RIVAL = history(b"".join(LINES[:3]), "other")[LOG].splitlines(keepends=True)  # another history from seq 3 on


@pytest.mark.parametrize("base", [0, 1000])
def test_each_piece_stands_where_it_says_and_each_entry_too(base: int) -> None:
    fused = [LINES[3][:-1], b"Jjunk\0", LINES[4][:-1], b"J", b'{"seq":no line\n']  # two newlines are damaged
    content = b"".join([LINES[2], b"\xef\xbb\xbf", *fused, LINES[5]])
    at, found = base, []
    for offset, size, entry in verified_lines([content], base):
        assert offset == at
        assert size > 0
        if entry is not None:
            assert entry.offset == offset
            assert content[offset - base :].startswith(entry.line[:-1])
            found.append(entry.seq)
        at += size
    assert at == base + len(content)
    assert found == [2, 3, 4, 5]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([*LINES[:3], *LINES[4:]], "these entries are not there, or do not verify"),
        ([*LINES[:4], RIVAL[4]], "the line with seq 4 does not follow the one before it"),
        ([*LINES[:5], RIVAL[4]], "seq 4 stands here once more, as another entry"),
        ([*LINES[:6], RIVAL[4]], "seq 4 stands here once more, as another entry"),
        ([*LINES, RIVAL[4]], "seq 4 stands here once more, as another entry"),
    ],
    ids=["one lost", "next", "same", "one above", "far above"],
)
def test_a_gap_says_why_it_is_there(lines: list[bytes], reason: str) -> None:
    plan = plan_salvage(lambda: [b"".join(lines)])
    assert plan.gaps[0].reason == reason
    assert plan.size == len(b"".join(lines))


def place_of_head() -> Position:
    head = decode_head(CLEAN[HEAD])
    assert head is not None
    return head.position


def test_the_head_vouches_for_what_is_gone_behind_repeated_lines_too() -> None:
    content = b"".join([*LINES[:5], LINES[3], LINES[4]])
    plan = plan_salvage(lambda: [content], head=place_of_head())
    assert plan.repeated == 2
    assert [(gap.first, gap.last, gap.reason) for gap in plan.gaps] == [(5, 7, "all up to seq 7 was on disk")]


@pytest.mark.parametrize("junk", [b"", b"junk\n"])
def test_a_gap_at_the_end_stands_where_the_lines_end_and_is_as_long_as_what_stands_there(junk: bytes) -> None:
    content = b"".join(LINES[:5])
    (gap,) = plan_salvage(lambda: [content, junk], head=place_of_head()).gaps
    assert (gap.first, gap.last, gap.offset, gap.size) == (5, 7, len(content), len(junk))


def test_another_line_than_the_one_that_the_head_names_is_a_gap_without_a_loss() -> None:
    content = b"".join(RIVAL)
    plan = plan_salvage(lambda: [content], head=place_of_head())
    reason = f"the head file names another line with seq 7: sum {place_of_head().sum}"
    assert plan.gaps == (Gap(first=8, last=7, offset=len(content), size=0, reason=reason),)
    assert plan.lost == 0


def test_a_whole_log_is_one_run_of_all_its_bytes_in_however_many_chunks() -> None:
    content = CLEAN[LOG]
    last = decode(LINES[-1], offset=0)
    assert last is not None
    whole = Run(first=0, offset=0, size=len(content), prev=ZERO_SUM, sum=last.sum, count=8, follows=True, verbatim=True)
    for head in (place_of_head(), None):
        plan = plan_salvage(lambda: [content[:700], content[700:]], head=head)
        assert (plan.runs, plan.gaps, plan.damaged, plan.size) == ((whole,), (), (), len(content))


def test_a_missing_first_line_is_a_gap_of_no_bytes_at_the_beginning() -> None:
    (gap,) = plan_salvage(lambda: LINES[1:]).gaps
    assert (gap.first, gap.last, gap.offset, gap.size) == (0, 0, 0, 0)


def test_damaged_bytes_side_by_side_are_one_damage_and_others_are_not() -> None:
    at = sum(map(len, LINES[:2]))
    plan = plan_salvage(lambda: [*LINES[:2], b"one\n", b"two\n", LINES[2], b"three\n"])
    behind = at + 8 + len(LINES[2])
    assert plan.damaged == (Damage(offset=at, size=8), Damage(offset=behind, size=6))


def test_where_nothing_verifies_and_nothing_is_vouched_for_nothing_is_known_to_be_lost() -> None:
    plan = plan_salvage(lambda: [b"junk\n"])
    assert (plan.runs, plan.gaps, plan.damaged) == ((), (), (Damage(offset=0, size=5),))


def test_the_text_of_a_foreign_line_has_its_place_and_every_byte() -> None:
    before = decode(LINES[4], offset=0)
    assert isinstance(before, Entry)
    body = encode(Event(type="x", id="i", time="t"), after=before.position, dur=4).line
    line = seal(body[: body.index(b',"sum"')].replace(b'"data":null', b'"data":"\xff"'))
    foreign = decode(line, offset=0)
    assert foreign is not None
    *_, named, nameless = ways_to_write(foreign)
    assert [(event.id, event.time) for event, _ in (named, nameless)] == [("i", "t"), (None, None)]
    for event, unmarked in (named, nameless):
        assert (event.type, unmarked) == (FOREIGN_LINE, False)
        assert event.data == {"line": line.decode(errors="backslashreplace")}
        assert dict(event.meta) == {ORIGINAL_SEQ: 5, ORIGINAL_SUM: foreign.sum}
