"""One look at a log: what is shown, what is said afterwards, and the exit code, each by itself.

Law: the files are real and damaged for real; what is said is read where a person reads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eventlog import Event, EventLog, EventLogError, read
from eventlog.files import RealFiles
from eventlog.tool.look import look
from tests.eventlog.test_tool import damage_the_middle, head_of, lines_of, make, put

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return make(tmp_path / "events.jsonl")


def test_an_entry_is_had_by_its_place_and_nothing_else_is(log: Path) -> None:
    wanted = list(read(str(log)))[3]
    with look(RealFiles(), str(log)) as seen:
        found = seen.entry_at(wanted.offset, wanted.size)
        assert (found, found.offset) == (wanted, wanted.offset)
        with pytest.raises(EventLogError) as refused:
            seen.entry_at(wanted.offset + 1, wanted.size)
    said = f"{log}: no entry of {wanted.size} bytes stands at byte {wanted.offset + 1}; run verify on it"
    assert str(refused.value) == said


def test_a_log_is_shown_from_its_start_unless_told_otherwise(log: Path) -> None:
    with look(RealFiles(), str(log)) as seen:
        assert [entry.seq for entry, _ in seen.entries()] == list(range(10))
        assert [entry.seq for entry, _ in seen.entries(reverse=True)] == list(range(9, -1, -1))
        assert seen.code("prog") == 0


@pytest.mark.parametrize("how", ["forward", "reverse", "sifted"])
@pytest.mark.parametrize("count", [1, 3])
def test_what_nothing_vouches_for_is_named_once_it_was_shown(
    log: Path, capsys: pytest.CaptureFixture[str], count: int, how: str
) -> None:
    with EventLog.open(str(log)) as writer:
        writer.append_many([Event(type="batch") for _ in range(count)])
    head_of(log).unlink()
    with look(RealFiles(), str(log)) as seen:
        shown = seen.sifted([b'"seq":']) if how == "sifted" else seen.entries(reverse=how == "reverse")
        assert sum(not confirmed for _, confirmed in shown) == count
        assert seen.code("prog") == 0
    which = "seq 10" if count == 1 else "seq 10 to 12"
    said = capsys.readouterr().err
    assert said == f"{log}: {which}: verified, but nothing vouches yet that it was acknowledged\n"


def test_damage_is_told_with_a_command_of_the_program_that_looked(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage_the_middle(log)
    with look(RealFiles(), str(log)) as seen:
        assert not seen.in_doubt
        assert len(list(seen.entries())) == 4
        assert seen.code("prog") == 11
    assert capsys.readouterr().err.endswith(f"; next: prog repair {log}\n")


def test_a_file_without_lines_is_sifted_without_doubt(log: Path) -> None:
    empty = log.with_name("empty.jsonl")
    empty.touch()
    with look(RealFiles(), str(empty)) as seen:
        assert list(seen.sifted([b'"seq":'])) == []
        assert seen.in_doubt is False


def test_where_neither_the_first_nor_the_last_line_verifies_nothing_vouches_for_what_is_found(log: Path) -> None:
    lines = lines_of(log)
    put(log, [b"x" * 300, *lines[1:-1], b"x" * 300])
    head_of(log).unlink()
    with look(RealFiles(), str(log)) as seen:
        found = [(entry.seq, confirmed) for entry, confirmed in seen.sifted([b'"item/3"', b'"item/8"'])]
        assert found == [(3, False), (8, False)]
        assert seen.in_doubt


def test_damage_is_not_forgotten_over_what_a_writer_appends_meanwhile(log: Path) -> None:
    with EventLog.open(str(log)) as writer, look(RealFiles(), str(log)) as seen:
        damage_the_middle(log)
        found = seen.sifted([b'"seq":'])
        next(found)
        writer.append("job.later")
        assert [entry.seq for entry, _ in found] == [1, 2, 3, 5, 6, 7, 8, 9]
        assert seen.in_doubt
