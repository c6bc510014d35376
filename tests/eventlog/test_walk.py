"""One walk over a log, by itself: what is yielded and whether it is confirmed, and when the log is left in doubt.

Law: the files are real and damaged for real; what vouches for an entry is told from the events, not from the code.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from eventlog import Event, EventLog, read
from eventlog.entry import LINE_LIMIT, START, Entry, Position, decode, encode, seal
from eventlog.errors import LogReplacedError
from eventlog.files import READ_SIZE, RealFiles
from eventlog.head import Head, decode_head, encode_head
from eventlog.tool.walk import Selection, Walk, lines_backward, time_of
from tests.eventlog.histories import write
from tests.eventlog.test_tool import damage_the_middle, head_of, lines_of, make, put

if TYPE_CHECKING:
    from pathlib import Path

    from eventlog.files import Files

LONG = 300  # entries of 2000 bytes: many reads
Walked = tuple[list[tuple[int, bool]], bool]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return make(tmp_path / "events.jsonl")


@pytest.fixture
def long(tmp_path: Path) -> Path:
    log = tmp_path / "long.jsonl"
    write(log, [[Event(type="job", data="x" * 2000)] for _ in range(LONG)])
    return log


def entries_of(
    log: Path, selection: Selection, *, reverse: bool, files: Files | None = None
) -> tuple[list[tuple[Entry, bool]], bool]:
    """What a walk yields, and whether it leaves the log in doubt."""
    files = files or RealFiles()
    handle = files.open(str(log), "read")
    try:
        walk = Walk(files, str(log), handle, selection)
        assert walk.in_doubt is False
        return list(walk.backward() if reverse else walk.forward()), walk.in_doubt
    finally:
        files.close(handle)


def walked(log: Path, *, reverse: bool = False, files: Files | None = None, **wanted: Any) -> Walked:
    found, in_doubt = entries_of(log, Selection(**wanted), reverse=reverse, files=files)
    return [(entry.seq, confirmed) for entry, confirmed in found], in_doubt


def all_of(first: int, last: int) -> list[tuple[int, bool]]:
    """These seqs, each confirmed."""
    return [(seq, True) for seq in range(first, last + 1)]


def set_head(log: Path, position: Position) -> None:
    head = decode_head(head_of(log).read_bytes())
    assert head is not None
    head_of(log).write_bytes(encode_head(Head(log_id=head.log_id, position=position)))


@pytest.mark.parametrize(
    ("said", "time"),
    [
        ("2023-11-14T22:13:20Z", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ("2023-11-14T22:13:20+02:00", datetime(2023, 11, 14, 20, 13, 20, tzinfo=UTC)),
        ("2023-11-14T22:13:20", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ("soon", None),
    ],
)
def test_a_time_without_a_zone_is_utc_and_an_entry_without_a_time_is_never_within_a_range(
    said: str, time: datetime | None
) -> None:
    entry = encode(Event(type="noted", id="x", time=said), after=START, dur=-1)
    assert time_of(entry) == time
    assert Selection().has(entry)
    before = datetime(2000, 1, 1, tzinfo=UTC)
    assert Selection(since=before).has(entry) == (time is not None)
    assert Selection(until=before + timedelta(days=36500)).has(entry) == (time is not None)


def test_text_is_searched_for_in_an_entry_that_holds_bytes_of_no_text() -> None:
    line = encode(Event(type="noted", id="x", time="soon", data="a?word"), after=START, dur=-1).line
    body = line.partition(b',"sum":"')[0]
    entry = decode(seal(body.replace(b"?", b"\xff")))
    assert entry is not None
    assert Selection(grep=re.compile("a\ufffdword")).has(entry)
    assert not Selection(grep=re.compile("other")).has(entry)


@pytest.mark.parametrize("wanted", [{}, {"limit": 100}], ids=["all", "limited"])
def test_an_entry_met_from_the_end_knows_its_place(log: Path, wanted: dict[str, Any]) -> None:
    found, _ = entries_of(log, Selection(**wanted), reverse=True)
    places = [(entry.seq, entry.offset) for entry, _ in found]
    assert places == [(entry.seq, entry.offset) for entry in read(str(log))][::-1]


def test_a_log_without_a_head_is_not_in_doubt(log: Path) -> None:
    head_of(log).unlink()
    assert walked(log) == ([*all_of(0, 8), (9, False)], False)
    assert walked(log, reverse=True) == ([(9, False), *all_of(0, 8)[::-1]], False)
    assert walked(log, reverse=True, limit=20) == ([(9, False), *all_of(0, 8)[::-1]], False)


def test_nothing_vouches_for_the_only_entry_that_was_written(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    write(log, [[Event(type="noted") for _ in range(3)]])
    head_of(log).unlink()
    assert walked(log, reverse=True)[0] == [(3, False), (2, False), (1, False), (0, True)]
    assert walked(log, reverse=True, last=1)[0] == [(1, False), (0, True)]
    put(log, lines_of(log)[:2])
    assert walked(log, reverse=True)[0] == [(1, False), (0, True)]


def test_what_a_line_after_damage_vouches_for_is_confirmed_from_the_end_as_well(log: Path) -> None:
    damage_the_middle(log)
    head_of(log).unlink()
    assert walked(log) == (all_of(0, 3), True)
    assert walked(log, reverse=True) == (all_of(0, 3)[::-1], True)


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
def test_a_range_is_walked_to_its_last_entry_and_what_lies_beyond_is_not_judged(
    log: Path,
    reverse: bool,  # noqa: FBT001 - pytest fills it in
) -> None:
    head_of(log).unlink()
    found, in_doubt = walked(log, first=2, last=5, reverse=reverse)
    assert (sorted(found), in_doubt) == (all_of(2, 5), False)


def test_a_walk_to_the_entry_of_the_head_ends_there(log: Path) -> None:
    set_head(log, list(read(str(log)))[5].position)
    lines = lines_of(log)
    put(log, [*lines[:6], b"x" * 100, *lines[7:]])
    assert walked(log, last=5) == (all_of(0, 5), False)


@pytest.mark.parametrize("wrong", [{"sum": "0" * 32}, {"offset": 100}, {"seq": 3}], ids=["sum", "offset", "seq"])
def test_a_head_that_names_another_line_leaves_the_log_in_doubt(long: Path, wrong: dict[str, Any]) -> None:
    place = list(read(str(long)))[10].position
    set_head(long, place)
    assert not walked(long, first=250)[1]
    assert not walked(long, limit=2, reverse=True)[1]
    right: dict[str, Any] = {"seq": place.seq, "offset": place.offset, "sum": place.sum}
    set_head(long, Position(**(right | wrong)))
    assert walked(long, first=250)[1]
    assert walked(long, limit=2, reverse=True)[1]


def test_a_walk_from_the_end_stops_where_the_chain_is_broken(log: Path) -> None:
    lines = lines_of(log)
    put(log, [*lines[:5], *lines[6:]])
    head_of(log).unlink()
    assert walked(log, limit=20, reverse=True) == ([(9, False), (8, True), (7, True), (6, True)], True)


@pytest.mark.parametrize("count", [3, 4])
def test_an_entry_that_a_line_after_damage_vouches_for_is_confirmed_while_its_line_stands(
    log: Path, count: int
) -> None:
    with EventLog.open(str(log)) as writer:
        writer.append_many([Event(type="batch") for _ in range(count)])
        writer.append("later")
    head_of(log).unlink()
    lines = lines_of(log)
    put(log, [*lines[:11], b"x" * 100, *lines[12:]])
    assert walked(log) == (all_of(0, 10), True)
    stands = sum(len(line) + 1 for line in lines[:10])

    class Undone(RealFiles):
        """The line is another one when it is looked at again."""

        def read_at(self, handle: int, offset: int, size: int) -> bytes:
            data = super().read_at(handle, offset, size)
            return data.swapcase() if offset == stands else data

    assert walked(log, files=Undone()) == ([*all_of(0, 9), (10, False)], True)


def test_an_entry_is_confirmed_by_the_very_line_that_vouches_for_no_more(log: Path) -> None:
    with EventLog.open(str(log)) as writer:
        writer.append("alone")
        writer.append_many([Event(type="batch") for _ in range(2)])
    head_of(log).unlink()
    lines = lines_of(log)
    put(log, [*lines[:11], b"x" * 100, *lines[12:]])
    assert walked(log) == (all_of(0, 10), True)


def test_a_line_that_changes_under_a_walk_from_the_end_is_told_with_its_place(log: Path) -> None:
    size = log.stat().st_size
    offset = size - len(lines_of(log)[-1]) - 1

    class Changing(RealFiles):
        """The last line is another one when it is read backward."""

        def read_at(self, handle: int, offset: int, wanted: int) -> bytes:
            data = super().read_at(handle, offset, wanted)
            return data.replace(b"item/9", b"item/x") if wanted == size - 1 else data

    with pytest.raises(LogReplacedError) as refused:
        walked(log, reverse=True, files=Changing())
    assert str(refused.value) == f"{log}: byte {offset} changed while it was read; try again"


def test_what_is_longer_than_a_line_can_be_is_not_held(log: Path) -> None:
    class Endless(RealFiles):
        """Bytes without a newline."""

        read = 0

        def read_at(self, _handle: int, _offset: int, size: int) -> bytes:
            self.read += size
            return b"x" * size

    files = Endless()
    handle = files.open(str(log), "read")
    try:
        assert list(lines_backward(files, handle, 2 * LINE_LIMIT)) == []
    finally:
        files.close(handle)
    assert LINE_LIMIT < files.read <= LINE_LIMIT + READ_SIZE


def test_a_range_from_the_end_is_read_no_further_than_what_vouches_for_it(log: Path) -> None:
    lines = lines_of(log)
    put(log, [*lines[:6], seal(b'{"newer":1')[:-1], *lines[6:]])
    head_of(log).unlink()
    assert walked(log, first=2, last=4, reverse=True) == (all_of(2, 4)[::-1], False)


@pytest.mark.parametrize("damage", ["flipped", "lost", "newer"])
@pytest.mark.parametrize("has_head", [True, False])
@pytest.mark.parametrize("at", [2, 6])
def test_a_range_that_goes_beyond_damage_is_the_same_from_both_ends(
    log: Path, damage: str, *, has_head: bool, at: int
) -> None:
    lines = lines_of(log)
    instead = {"flipped": [lines[at].replace(b"seq", b"sEq")], "lost": [], "newer": [seal(b'{"newer":1')[:-1]]}
    put(log, [*lines[:at], *instead[damage], *lines[at + 1 :]])
    if not has_head:
        head_of(log).unlink()
    for last in range(at, 9):
        shown, in_doubt = walked(log, last=last)
        assert [seq for seq, _ in shown] == list(range(at))
        assert in_doubt
        assert walked(log, last=last, reverse=True) == (shown[::-1], True)


def test_a_log_without_its_first_line_is_in_doubt_wherever_a_walk_begins(log: Path) -> None:
    put(log, lines_of(log)[1:])
    assert walked(log) == walked(log, first=3) == walked(log, last=3, reverse=True) == ([], True)
    shown, in_doubt = walked(log, limit=99, reverse=True)
    assert ([seq for seq, _ in shown], in_doubt) == ([*range(9, 0, -1)], True)
