"""`diff`: what is told as different is exactly what turns one state into the other.

Law: the differences are applied to the first state by the test itself, and must give the second.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from eventlog import Event, read
from eventlog.tool import diff_command
from eventlog.tool.view import ABSENT, changes
from tests.eventlog.histories import DATA, HISTORIES, counted, write
from tests.eventlog.test_tool import EVIL, damage_the_middle, lose_the_last_entries, make, run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("diff")


def applied(value: Any, path: list[str], change: dict[str, Any]) -> Any:
    """The value with one change made to it."""
    if not path:
        return change["after"]
    copy = dict(value)
    if len(path) == 1 and "after" not in change:
        del copy[path[0]]
    else:
        copy[path[0]] = applied(copy.get(path[0]), path[1:], change)
    return copy


@settings(deadline=None, max_examples=25)
@given(history=HISTORIES, data=st.data())
def test_the_differences_turn_one_moment_into_the_other(
    folder: Path, history: list[list[Event]], data: st.DataObject
) -> None:
    log = folder / "events.jsonl"
    entries = write(log, history)
    moments = st.integers(-1, len(entries) - 1)
    before, after = data.draw(moments), data.draw(moments)
    ran = run("diff", log, "--from", str(before), "--to", str(after), "--json")
    assert ran.exit_code == 0
    state = counted(entries[: before + 1])
    for change in json.loads(ran.stdout):
        state = applied(state, change["path"], change)
    assert state == counted(entries[: after + 1])
    assert (ran.stdout == "[]\n") == (before == after)


VALUES = st.dictionaries(st.text(max_size=2), DATA | st.dictionaries(st.text(max_size=2), DATA), max_size=3)


@given(VALUES, VALUES)
def test_only_what_differs_is_told(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert list(changes(before, before)) == []
    found = list(changes(before, after))
    assert bool(found) == (json.dumps(before, sort_keys=True) != json.dumps(after, sort_keys=True))
    for change in found:
        assert (
            change.before is ABSENT
            or change.after is ABSENT
            or change.before != change.after
            or (type(change.before) is not type(change.after))
        )


def test_two_logs_are_compared_subject_by_subject(tmp_path: Path) -> None:
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    same = [[Event(type="noted", subject="item/1")]]
    write(one, [*same, [Event(type="noted", subject="item/2")]])
    write(two, [*same, [Event(type="job", subject="item/1")]])
    first, second = list(read(str(one))), list(read(str(two)))
    ran = run("diff", one, two)
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == [
        "types",
        "  noted: 2 -> 1",
        "  job: new: 1",
        "subjects / item/1",
        "  seq: 1 -> 2",
        f"  time: {first[1].time} -> {second[2].time}",
        "  type: noted -> job",
        "subjects",
        f"  item/2: gone: seq=2  time={first[2].time}  type=noted",
    ]
    assert run("diff", one, one).output == ""
    assert run("diff", one, two, "--from", "1", "--to", "1").output == ""


def test_a_damaged_log_is_compared_as_far_as_it_is_good(tmp_path: Path) -> None:
    log = make(tmp_path / "events.jsonl")
    damage_the_middle(log)
    ran = run("diff", log, "--from", "1")
    assert ran.exit_code == 11
    assert ran.stdout.splitlines()[0] == "entries: 2 -> 4"
    assert ran.stderr.count("\n") == 1
    other = make(tmp_path / "other.jsonl")
    assert run("diff", other, log).exit_code == 11


def test_damage_that_was_not_met_is_not_told_and_what_was_met_is_told_once(tmp_path: Path) -> None:
    log = make(tmp_path / "events.jsonl")
    damage_the_middle(log)
    ran = run("diff", log, "--from", "1", "--to", "3")
    assert (ran.exit_code, ran.stderr) == (0, "")
    for options in (("--from", "9"), ("--from", "9", "--to", "1"), ("--to", "9"), ()):
        ran = CliRunner().invoke(diff_command(program="prog log"), [str(log), *options])
        assert (ran.exit_code, ran.stderr.count("\n")) == (11, 1)
        assert ran.stderr.endswith(f"; next: prog log repair {log}\n")


def test_of_two_damaged_logs_both_are_told_and_the_worse_is_the_exit_code(tmp_path: Path) -> None:
    one, two = make(tmp_path / "one.jsonl"), make(tmp_path / "two.jsonl")
    damage_the_middle(one)
    lose_the_last_entries(two)
    for first, second in ((one, two), (two, one)):
        ran = CliRunner().invoke(diff_command(program="prog log"), [str(first), str(second)])
        told = [line.rpartition("; next: ")[2] for line in ran.stderr.splitlines()]
        assert (ran.exit_code, told) == (12, [f"prog log repair {first}", f"prog log repair {second}"])


def test_moments_that_are_times_and_ends_that_are_not_named(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    entries = write(log, [[Event(type="noted")] for _ in range(3)])
    assert run("diff", log, "--from", entries[1].time, "--to", entries[2].time).stdout.splitlines() == [
        "entries: 2 -> 3",
        "types",
        "  noted: 1 -> 2",
    ]
    assert run("diff", log).stdout.splitlines()[0] == "entries: 0 -> 4"
    assert run("diff", log, log, "--to", "1").stdout.splitlines()[0] == "entries: 4 -> 2"
    none = tmp_path / "none.jsonl"
    assert run("diff", none).stderr == f"{none}: there is no such file; check the name\n"
    write(log, [[Event(type=EVIL)]])
    ran = run("diff", log, "--json")
    assert ("\u202e" in ran.stdout, ran.stdout.count("\n")) == (False, 1)
