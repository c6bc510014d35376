"""Folding is lawful: however the entries are split, the state is the same; old entries are brought up to date first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog import Entry, Event, EventLog, Projection, read
from eventlog.entry import START, encode
from eventlog.projection import Upcasters, fold, upcast
from tests.crash.promises import LOG
from tests.simulated_disk import SimulatedDisk

if TYPE_CHECKING:
    from collections.abc import Sequence


class Last:
    """The last seq and the number of entries of each type, changed in place."""

    name, version = "last", 1

    def initial(self) -> dict[str, list[int]]:
        return {}

    def apply(self, state: dict[str, list[int]], entry: Entry) -> dict[str, list[int]]:
        count = state.get(entry.type, [0, 0])[1]
        state[entry.type] = [entry.seq, count + 1]
        return state

    def save(self, state: dict[str, list[int]]) -> Any:
        return state

    def load(self, saved: Any) -> dict[str, list[int]]:
        return dict(saved)


def entries(types: Sequence[str]) -> list[Entry]:
    made: list[Entry] = []
    for each in types:
        after = made[-1].position if made else START
        made.append(encode(Event(type=each, id="1", time="t"), after=after, dur=-1))
    return made


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.integers(0, 12), max_size=4))
def test_a_fold_is_the_same_however_the_entries_are_split(types: list[str], cuts: list[int]) -> None:
    projection: Projection[dict[str, list[int]]] = Last()
    made = entries(types)
    state = projection.initial()
    for begin, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(made)], strict=True):
        state = fold(projection, made[begin:end], projection.load(projection.save(state)))
    assert state == fold(projection, made)


def second(entry: Entry) -> Entry:
    return entry.as_version(2, data={"text": entry.data})


def third(entry: Entry) -> Entry:
    return entry.as_version(3, data=entry.data | {"new": True})._replace(type="renamed")


UPCASTERS: Upcasters = {("said", 1): second, ("said", 2): third}


def test_old_entries_are_brought_to_the_newest_version_wherever_they_are_read() -> None:
    disk = SimulatedDisk(folders=["/d"])
    with EventLog.open(LOG, files=disk) as log:
        log.append_many([Event(type="said", data="a", id="1"), Event(type="said", data={"text": "b"}, v=2)])
    before = disk.contents()[LOG]
    with EventLog.open(LOG, files=disk, upcasters=UPCASTERS) as log:
        first, other = list(log.read())[1:]
        assert (first.type, first.v, first.data) == ("renamed", 3, {"text": "a", "new": True})
        assert (other.type, other.v, other.data) == ("renamed", 3, {"text": "b", "new": True})
        assert log.entry_at(first.offset, first.size) == first
        assert log.entry_at(first.offset, first.size).type == "renamed"
        assert log.fold(Last())["renamed"] == [2, 2]
        assert log.append("said", "a", id="1").v == 1, "what is the same event is judged by what was written"
    with EventLog.open(LOG, files=disk, upcasters=UPCASTERS, projection=Last()) as log:
        assert log.fold(Last())["renamed"] == [2, 2], "in the fold that is made while the log is opened, too"
    assert disk.contents()[LOG] == before, "the log is never rewritten"
    assert [entry.type for entry in read(LOG, files=disk, upcasters=UPCASTERS)][1:] == ["renamed", "renamed"]


def test_an_upcaster_that_skips_a_version_is_a_bug() -> None:
    (entry,) = entries(["said"])
    with pytest.raises(AssertionError, match="must give version 2, not 3"):
        upcast(entry, {("said", 1): lambda old: old._replace(v=3)})
    assert upcast(entry, {}) is entry
