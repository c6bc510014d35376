"""What a person sees of an entry, a state and a change: exact texts, in exact columns.

Law: pure; every expected text is written out.
"""

from __future__ import annotations

import pytest

from eventlog.entry import START, Entry, Event, encode
from eventlog.tool.table import Table, cells
from eventlog.tool.text import clean, counted, escape, pad, shorten, width
from eventlog.tool.view import ABSENT, Change
from eventlog.tool.wording import change_lines, state_lines
from tests.eventlog.test_tool import EVIL

TIME = "2026-11-23T12:34:56.123456Z"


def entry(kind: str = "noted", **more: object) -> Entry:
    return encode(Event(type=kind, id="x", time=TIME, **more), after=START, dur=-1)  # type: ignore[arg-type]


def test_cleaned_text_is_one_line_without_sequences() -> None:
    assert clean(EVIL) == "灯redevil end"
    assert clean("a\t\n\r b\x00c\x1b(Bd\x9b31me") == "a  bcde"
    assert clean("plain 灯") == "plain 灯"


def test_escaped_text_holds_the_escapes_of_json() -> None:
    assert escape('"灯\u202e\x7f"\n') == '"灯\\u202e\\u007f"\n'
    assert escape("\U000e0000\U000e007f\ufffb") == "\\udb40\\udc00\\udb40\\udc7f\\ufffb"


def test_things_are_counted_in_words() -> None:
    assert [counted(number, "entry") for number in range(3)] == ["0 entries", "1 entry", "2 entries"]
    assert [counted(number, "line") for number in range(3)] == ["0 lines", "1 line", "2 lines"]


@pytest.mark.parametrize(
    ("text", "columns"),
    [("abc", 3), ("灯", 2), ("\uff21", 2), ("e\u0301", 1), ("a\u20dd", 1), ("a\u200d灯", 3), ("é·", 2), ("ｱ", 1)],
    ids=["ascii", "wide", "full", "accent", "enclosing", "joiner", "narrow", "half"],
)
def test_a_text_takes_the_columns_that_a_terminal_gives_it(text: str, columns: int) -> None:
    assert width(text) == columns
    assert pad(text, columns) == text
    assert pad(text, columns + 2) == text + "  "


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [
        ("abcd", 4, "abcd"),
        ("abcde", 4, "abc…"),
        ("灯灯灯", 6, "灯灯灯"),
        ("灯灯灯", 5, "灯灯…"),
        ("灯灯灯", 4, "灯…"),
        ("灯灯", 1, "…"),
        ("é灯a", 4, "é灯a"),
        ("é灯ab", 4, "é灯…"),
        ("éa\u0301b", 2, "é…"),
    ],
    ids=["fits", "ascii", "wide", "odd", "even", "none", "mixed", "cut", "accent"],
)
def test_a_text_is_cut_where_the_ellipsis_still_fits(text: str, columns: int, expected: str) -> None:
    assert shorten(text, columns) == expected


def test_an_entry_is_six_texts() -> None:
    said = entry("job\n", subject="s\t", meta={"k": "v", "n": 1, "none": None}, data={"a": "灯"})
    full = ("0", TIME, "job ", "s ", "k=v n=1 none=null", '{"a":"灯"}')
    assert cells(said, confirmed=True, full=True) == full
    assert cells(said, confirmed=True, full=False) == full
    assert cells(entry(), confirmed=False, full=False) == ("0?", TIME, "noted", "", "", "")
    assert cells(entry(), confirmed=False, full=True) == ("0?", TIME, "noted", "", "", "")


def test_what_is_long_is_shortened_unless_all_is_wanted() -> None:
    long = entry(meta={"k": "x" * 100}, data="a" + "灯" * 300)
    short = cells(long, confirmed=True, full=False)
    assert short[4:] == ("k=" + "x" * 57 + "…", '"a' + "灯" * 38 + "…")
    assert cells(long, confirmed=True, full=True)[4:] == ("k=" + "x" * 100, '"a' + "灯" * 300 + '"')
    four = entry(data="\U0001f600" * 300)
    assert cells(four, confirmed=True, full=False)[5] == '"' + "\U0001f600" * 39 + "…"


def test_the_titles_come_once_and_columns_grow() -> None:
    table = Table(None)
    assert table.lines(("0", TIME, "a", "b", "k=v", "said")) == (
        "seq   time                 type              subject       meta  data\n"
        "0     2026-11-23 12:34:56  a                 b             k=v  said\n"
    )
    assert table.lines(("12345?", TIME, "t" * 17, "s" * 40, "", "said")) == (
        f"12345?  2026-11-23 12:34:56  {'t' * 17}  {'s' * 31}…  said\n"
    )
    assert table.lines(("1", TIME, "a", "", "", "")) == "1       2026-11-23 12:34:56  a\n"
    assert table.lines(("1", TIME, "a", "b", "", "x")) == (
        f"1       2026-11-23 12:34:56  a{' ' * 16}  b{' ' * 31}  x\n"
    )


def test_a_line_is_cut_to_the_terminal() -> None:
    table = Table(20)
    assert table.lines(("0", TIME, "a", "b", "", "")) == "seq   time…\n0     2026-11-23 12…\n".replace(
        "time…", f"time{' ' * 9}…"
    )


def test_a_state_is_a_line_for_each_thing_in_it() -> None:
    value = {
        "entries": 3,
        "name": "a\tb",
        "blank": "  ",
        "types": {"job\n": 1, "noted": None},
        "subjects": {"item/1": {"seq": 1, "type": "x"}, "list": {"in": [1, 2]}},
        "rows": [{"a": 1}, [2]],
        "flat": [1, "x"],
    }
    assert list(state_lines(value)) == [
        "entries  3",
        "name  a b",
        'blank  "  "',
        "types  job =1  noted=null",
        "subjects",
        "  item/1  seq=1  type=x",
        "  list",
        "    in  [1,2]",
        "rows",
        "  a=1",
        "  [2]",
        'flat  [1,"x"]',
    ]
    assert list(state_lines(5)) == ["  5"]
    assert list(state_lines("", "  ")) == ['    ""']


def test_changes_stand_under_what_they_belong_to() -> None:
    found = [
        Change(path=("n",), before=1, after=2),
        Change(path=("a", "b\t", "c\n"), before=ABSENT, after={"x": "y"}),
        Change(path=("a", "b\t", "d"), before=[1], after=ABSENT),
        Change(path=("e",), before="", after=None),
        Change(path=(), before=1, after="z"),
    ]
    assert list(change_lines(found)) == [
        "n: 1 -> 2",
        "a / b ",
        "  c : new: x=y",
        "  d: gone: [1]",
        "",
        'e: "" -> null',
        "state: 1 -> z",
    ]
    assert list(change_lines([])) == []
