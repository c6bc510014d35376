"""`stats`: the counts are those of the history, whatever the history.

Law: counted by hand from the entries; a lens adds sections and takes none away.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings

from eventlog import Entry, Event
from eventlog.entry import START, encode
from eventlog.tool import stats as statistics
from eventlog.tool import stats_command
from eventlog.tool.stats import LARGEST, count
from eventlog.tool.view import CountingLens, Tally
from tests.eventlog.histories import HISTORIES, write
from tests.eventlog.test_tool import EVIL, damage_the_middle, make, run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stats")


@settings(deadline=None, max_examples=40)
@given(history=HISTORIES)
def test_the_counts_are_those_of_the_history(folder: Path, history: list[list[Event]]) -> None:
    log = folder / "events.jsonl"
    entries = write(log, history)
    ran = run("stats", log, "--json")
    assert ran.exit_code == 0
    told = json.loads(ran.stdout)
    assert told["entries"] == len(entries)
    assert told["bytes"] == log.stat().st_size
    assert (told["first"], told["last"]) == (entries[0].time, entries[-1].time)
    assert told["types"] == Counter(entry.type for entry in entries)
    assert told["days"] == {"2023-11-14": len(entries)}
    largest = sorted(entries, key=lambda entry: (-entry.size, entry.seq))[:LARGEST]
    assert [each["seq"] for each in told["largest"]] == [entry.seq for entry in largest]


def test_a_person_reads_aligned_lines_without_control_sequences(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    write(log, [[Event(type="noted"), Event(type=f"a{EVIL}"), Event(type="noted", data="x" * 1000)]])
    shown = run("stats", log).stdout
    lines = shown.splitlines()
    assert lines[:2] == ["entries  4", f"bytes  {log.stat().st_size}"]
    assert "  noted           2" in lines
    assert "  a灯redevil end  1" in lines
    assert lines[lines.index("largest") + 1].split() == ["seq", "type", "bytes"]
    assert lines[lines.index("largest") + 2].split()[:2] == ["3", "noted"]
    assert {c for c in shown if not c.isprintable()} == {"\n"}


def test_an_empty_log_and_one_without_a_clock_have_statistics(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    log.touch()
    assert json.loads(run("stats", log, "--json").stdout)["first"] is None
    assert run("stats", log).exit_code == 0
    entries = write(log, [[Event(type="noted", time="yesterday"), Event(type="noted", time="2023-11-16")]])
    told = json.loads(run("stats", log, "--json").stdout)
    assert (told["entries"], sum(told["days"].values())) == (len(entries), 2)


def test_of_a_damaged_log_what_is_good_is_counted(tmp_path: Path) -> None:
    log = make(tmp_path / "events.jsonl")
    damage_the_middle(log)
    ran = run("stats", log, "--json")
    assert (ran.exit_code, json.loads(ran.stdout)["entries"]) == (11, 4)
    assert ": corrupt: " in ran.stderr


class Attempts:
    """A section of its own."""

    def __init__(self) -> None:
        self.total = 0

    def add(self, entry: Entry) -> None:
        self.total += entry.meta.get("attempt", 0)

    def sections(self) -> Mapping[str, Any]:
        return {
            "attempts": {"all": self.total},
            "empty": {},
            "list": [{"kind": "x", "n": 1}],
            "rows": {"a": {"n": None}},
        }


class AttemptsLens(CountingLens):
    """The lens for any log, and a section."""

    def tally(self) -> Tally | None:
        return Attempts()


def test_a_lens_adds_sections_of_its_own(tmp_path: Path) -> None:
    log = make(tmp_path / "events.jsonl")
    command = stats_command(lens=AttemptsLens())
    told = json.loads(CliRunner().invoke(command, [str(log), "--json"]).stdout)
    assert told["attempts"] == {"all": sum(range(1, 10))}
    assert list(told)[:4] == ["entries", "bytes", "first", "last"]
    lines = CliRunner().invoke(command, [str(log)]).stdout.splitlines()
    assert lines[-9:-6] == ["attempts", "  all  45", "empty  {}"]
    assert lines[-6:] == ["list", "  kind  n", "  x     1", "rows", "     n", "  a  -"]


def test_days_are_counted_until_there_are_too_many_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "_MOST_DAYS", 2)
    times = [f"2026-11-{day}T12:00:00Z" for day in (21, 22, 23, 21, 23)]
    entries = [encode(Event(type="noted", id="x", time=time), after=START, dur=-1) for time in times]
    told = count(entries)
    assert told["days"] == {"2026-11-21": 2, "2026-11-22": 1}
    assert (told["first"], told["last"]) == (times[0], times[2])


def test_damage_is_told_with_the_command_of_the_program(tmp_path: Path) -> None:
    log = make(tmp_path / "events.jsonl")
    damage_the_middle(log)
    ran = CliRunner().invoke(stats_command(program="prog log"), [str(log)])
    assert ran.stderr.endswith(f"; next: prog log repair {log}\n")
    none = tmp_path / "none.jsonl"
    assert run("stats", none).stderr == f"{none}: there is no such file; check the name\n"
