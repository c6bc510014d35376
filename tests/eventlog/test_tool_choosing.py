"""What is typed to choose entries: every way to write it, and one plain error for everything else.

Law: an error knows the option that it is of, and shows how to write it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import click
import pytest

from eventlog.entry import START, Entry, Event, encode
from eventlog.tool.choosing import Pattern, PlaceType, SeqRange, Time, selecting, selection, up_to
from eventlog.tool.walk import Selection

OPTION = click.Option(["--option"])
CONTEXT = click.Context(click.Command("command"))
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "chosen"),
    [
        ("10:20", (10, 20)),
        ("10:", (10, None)),
        (":20", (0, 20)),
        ("7", (7, 7)),
        ("0", (0, 0)),
        (":", (0, None)),
        ("0:0", (0, 0)),
    ],
)
def test_a_range_of_seq(typed: str, chosen: tuple[int, int | None]) -> None:
    assert SeqRange().convert(typed, OPTION, CONTEXT) == chosen


@pytest.mark.parametrize(
    ("typed", "time"),
    [
        ("2026-11-23 12:00", NOON),
        ("2026-11-23T12:00Z", NOON),
        ("2026-11-23T13:00+01:00", NOON),
        ("2026-11-23", datetime(2026, 11, 23, tzinfo=UTC)),
    ],
)
def test_a_time_without_a_zone_is_utc(typed: str, time: datetime) -> None:
    for kind in (Time(), PlaceType()):
        found = kind.convert(typed, OPTION, CONTEXT)
        assert (found, isinstance(found, datetime) and found.tzinfo is not None) == (time, True)


@pytest.mark.parametrize(
    ("typed", "place"),
    [
        ("-1", -1),
        ("0", 0),
        ("999999999999999999", 10**18 - 1),
        ("20261123", datetime(2026, 11, 23, tzinfo=UTC)),
        ("30261123", 30_261_123),
        ("1026112", 1_026_112),
        ("202611230", 202_611_230),
    ],
)
def test_a_place_is_a_seq_unless_it_reads_as_a_day(typed: str, place: object) -> None:
    assert PlaceType().convert(typed, OPTION, CONTEXT) == place


WRONG: list[tuple[click.ParamType[Any], str, str]] = [
    (SeqRange(), "a:b", "'a:b' is not a range of seq; write 10:20, 10:, :20 or 10"),
    (SeqRange(), "", "'' is not a range of seq; write 10:20, 10:, :20 or 10"),
    (SeqRange(), "-1", "'-1' is not a range of seq; write 10:20, 10:, :20 or 10"),
    (Time(), "soon", "'soon' is not a time; write 2026-11-23, '2026-11-23 12:34' or 2026-11-23T12:34Z"),
    (PlaceType(), "-2", "'-2' is not a time; write 2026-11-23, '2026-11-23 12:34' or 2026-11-23T12:34Z"),
    (
        Pattern(),
        "(",
        (
            "'(' is no pattern: missing ), unterminated subpattern at position 0;"
            " write . * + ? ( ) [ ] with a backslash before"
        ),
    ),
]


@pytest.mark.parametrize(("kind", "typed", "said"), WRONG, ids=["range", "empty", "minus", "time", "place", "pattern"])
def test_a_wrong_word_is_told_with_its_option_and_how_to_write_it(
    kind: click.ParamType[Any], typed: str, said: str
) -> None:
    with pytest.raises(click.BadParameter) as refused:
        kind.convert(typed, OPTION, CONTEXT)
    assert (refused.value.message, refused.value.param, refused.value.ctx) == (said, OPTION, CONTEXT)


def test_a_pattern_is_a_regular_expression() -> None:
    assert Pattern().convert("a.c", OPTION, CONTEXT) == re.compile("a.c")


def test_the_options_stand_in_the_help_as_they_are_told_here() -> None:
    command = click.command()(selecting(lambda **_chosen: None))
    assert [option.name for option in command.params] == ["kind", "subject", "seq", "since", "until", "grep"]


def test_what_was_typed_becomes_one_choice() -> None:
    pattern = re.compile("x")
    assert selection(kind="a*", seq=(2, 5), limit=3, subject="s", since=NOON, until=NOON, grep=pattern) == Selection(
        type="a*", first=2, last=5, limit=3, subject="s", since=NOON, until=NOON, grep=pattern
    )
    assert selection(kind="*", seq=(0, None)) == Selection()


def history() -> list[tuple[Entry, bool]]:
    found: list[tuple[Entry, bool]] = []
    position = START
    for time in ("2026-11-23T12:00:00Z", "no time", "2026-11-23T12:00:01", "2026-11-23T12:00:00Z"):
        entry = encode(Event(type="noted", id="x", time=time), after=position, dur=-1)
        position = entry.position
        found.append((entry, True))
    return found


@pytest.mark.parametrize(
    ("place", "seqs"),
    [
        (None, [0, 1, 2, 3]),
        (-1, []),
        (0, [0]),
        (2, [0, 1, 2]),
        (9, [0, 1, 2, 3]),
        (NOON, [0, 1]),
        (NOON.replace(second=1), [0, 1, 2, 3]),
        (NOON.replace(hour=11), []),
    ],
    ids=["all", "none", "first", "seq", "beyond", "time", "later", "before"],
)
def test_a_place_ends_before_the_first_entry_that_is_later(place: int | datetime | None, seqs: list[int]) -> None:
    assert [entry.seq for entry in up_to(history(), place)] == seqs
