"""How a log is looked at through a lens: what is shown stays, what differs is told at its innermost place.

Law: each value is written down here; none is made by what is tested.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eventlog import Event, EventLog
from eventlog.tool.view import (
    ABSENT,
    COUNTING,
    Change,
    CountingLens,
    CountingProjection,
    Mark,
    changes,
    folded,
    shown,
    shown_part,
)
from tests.eventlog.histories import counted, write

if TYPE_CHECKING:
    from pathlib import Path

    from eventlog import Entry
    from eventlog.projection import Upcasters


def test_of_lists_and_objects_only_what_is_innermost_is_told_in_the_order_of_the_later() -> None:
    before = {"gone": 1, "same": [1, {"a": 2}], "list": ["a", {"b": [1, 2]}, "c"]}
    after = {"list": ["a", {"b": [1, 3, 4]}], "new": None, "same": [1, {"a": 2}]}
    assert list(changes(before, after)) == [
        Change(path=("list", "1", "b", "1"), before=2, after=3),
        Change(path=("list", "1", "b", "2"), before=ABSENT, after=4),
        Change(path=("list", "2"), before="c", after=ABSENT),
        Change(path=("new",), before=ABSENT, after=None),
        Change(path=("gone",), before=1, after=ABSENT),
    ]


def test_values_of_two_kinds_differ_though_they_count_as_equal() -> None:
    for before, after in ((1, True), (0, 0.0), ([], {}), (None, False), ({"0": 1}, [1])):
        assert list(changes(before, after)) == [Change(path=(), before=before, after=after)]
    alike: tuple[Any, ...] = (1, True, None, [], {}, "x")
    for same in alike:
        assert list(changes(same, same)) == []


def test_a_side_that_is_absent_has_no_key_and_one_that_is_null_has() -> None:
    assert Change(path=("a", "0"), before=ABSENT, after=None).to_json() == {"path": ["a", "0"], "after": None}
    assert Change(path=("a",), before=False, after=ABSENT).to_json() == {"path": ["a"], "before": False}


def test_what_was_shown_stays_what_it_was_when_the_state_goes_on(tmp_path: Path) -> None:
    entries = write(tmp_path / "events.jsonl", [[Event(type="noted", subject="item/1")]])
    state = folded(COUNTING, entries[:1])
    whole, part = shown(COUNTING, state), shown_part(COUNTING, state, entries[1])
    COUNTING.projection.apply(state, entries[1])
    assert whole == part == counted(entries[:1])
    assert shown(COUNTING, state) == shown_part(COUNTING, state, entries[1]) == counted(entries)


def test_an_entry_of_an_old_version_is_counted_as_the_newest(tmp_path: Path) -> None:
    def newer(entry: Entry) -> Entry:
        return entry.as_version(entry.v + 1, data=None)._replace(type="renamed")

    class Renaming(CountingLens):
        upcasters: Upcasters = {("noted", 1): newer}  # noqa: RUF012 - a Mapping: nothing is put into it

    entries = write(tmp_path / "events.jsonl", [[Event(type="noted"), Event(type="other")]])
    assert folded(Renaming(), entries)["types"] == {"log.created": 1, "renamed": 1, "other": 1}


def test_the_counts_go_on_from_a_checkpoint_and_leave_it_as_it_was(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    entries = write(log, [[Event(type="noted", subject="item/1")], [Event(type="other", subject="item/1")]])
    with EventLog.open(str(log), projection=CountingProjection()) as writer:
        writer.save_checkpoint(CountingProjection(), writer.fold(CountingProjection()))
    with EventLog.open(str(log), projection=CountingProjection()) as writer:
        assert writer.fold(CountingProjection()) == counted(entries)
    saved = counted(entries)
    loaded = CountingProjection().load(saved)
    loaded["entries"] = 0
    assert saved == counted(entries)


def test_the_lens_for_any_log_derives_no_file_and_counts_entries() -> None:
    def read(_offset: int, _size: int) -> Any:
        raise AssertionError("nothing is to be read")

    state = COUNTING.projection.initial() | {"entries": 3}
    assert (COUNTING.files(state, read), COUNTING.derived(state, read), [*COUNTING.optional(state)]) == ({}, {}, [])
    assert COUNTING.mark(state, "any") == Mark(amount=3, unit="entry", others=())
    assert not COUNTING.gives(state, "any", b"", read)
    assert COUNTING.tally() is None
