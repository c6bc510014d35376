"""What the commands do when nothing more is asked of them: in their help, and when a program calls them.

Law: nothing is changed, replaced or left out unless it is asked for, and what is printed is for a person.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from eventlog import read
from eventlog.tool import (
    diff_command,
    export_command,
    repair_command,
    replay_command,
    show_command,
    stats_command,
    verify_command,
)
from eventlog.tool.diff import diff
from eventlog.tool.export import export
from eventlog.tool.repair import repair
from eventlog.tool.replay import print_file, replay, step, write_out
from eventlog.tool.show import show
from eventlog.tool.stats import stats
from tests.eventlog.test_tool import damage_the_middle, make, run
from tests.eventlog.test_tool_replay import FilesLens

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click import Command


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return make(tmp_path / "events.jsonl")


def contents(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}


@pytest.mark.parametrize("command", ["show", "replay", "diff", "stats", "export", "repair", "verify"])
def test_the_help_names_a_file_and_examples_with_one(command: str) -> None:
    told = run(command, "--help").stdout
    usage = told.splitlines()[0]
    assert usage.startswith("Usage: ")
    assert f" {command} [OPTIONS] FILE" in usage
    assert usage.endswith(" FILE [OTHER_FILE]" if command == "diff" else " FILE")
    examples = [line.strip() for line in told.partition("Examples:\n")[2].splitlines() if line.strip()]
    assert examples
    assert all(line.startswith(f"python -m eventlog {command} events.jsonl") for line in examples)


COMMANDS = (show_command, replay_command, diff_command, stats_command, export_command, repair_command, verify_command)


@pytest.mark.parametrize("make_command", COMMANDS)
def test_a_command_that_another_program_mounts_asks_for_a_file_as_well(make_command: Callable[..., Command]) -> None:
    told = CliRunner().invoke(make_command(program="prog"), ["--help"]).stdout
    assert " [OPTIONS] FILE" in told.splitlines()[0]
    examples = [line.split()[:4] for line in told.partition("Examples:\n")[2].splitlines() if line.strip()]
    assert {(one[0], one[2]) for one in examples} == {("prog", "events.jsonl")}


def test_a_repair_changes_nothing_and_speaks_to_a_person(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damage_the_middle(log)
    before = contents(log.parent)
    assert repair(str(log)) == 11
    assert contents(log.parent) == before
    assert capsys.readouterr().out.startswith(f"{log}: corrupt: ")


def test_what_is_printed_is_for_a_person(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for printed, first in ((diff, "entries: 0 -> 10"), (stats, "entries  10"), (replay, "entries  10")):
        assert printed(str(log)) == 0
        assert capsys.readouterr().out.splitlines()[0] == first
    assert step(str(log)) == 0
    steps = capsys.readouterr().out.splitlines()
    assert steps[0] == f"0  {next(iter(read(str(log)))).time}  log.created  {steps[0].split('  ', 3)[3]}"
    assert steps[1] == "  entries: 0 -> 1"
    assert len([line for line in steps if not line.startswith(" ")]) == 10


def test_the_entries_are_shown_from_the_first_to_the_last(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert show(str(log)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[0] for line in lines] == [str(seq) for seq in range(10)]
    assert lines[1].endswith("…")


def test_an_export_is_json_lines_and_replaces_nothing(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(str(log)) == 0
    printed = capsys.readouterr().out
    assert [json.loads(line)["type"] for line in printed.splitlines()] == [entry.type for entry in read(str(log))]
    out = log.parent / "out"
    out.write_bytes(b"mine")
    assert export(str(log), output=str(out)) == 1
    assert out.read_bytes() == b"mine"


def test_a_replay_replaces_nothing_and_tells_of_now(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lens = FilesLens()
    lens.first = next(iter(read(str(log)))).size
    out = log.parent / "out"
    assert write_out(str(log), str(out), lens=lens) == 0
    assert (out / "count.txt").read_bytes() == b"10\n"
    (out / "count.txt").write_bytes(b"mine")
    assert write_out(str(log), str(out), lens=lens) == 1
    assert (out / "count.txt").read_bytes() == b"mine"
    capsys.readouterr()
    assert print_file(str(log), "count.txt", lens=lens) == 0
    assert capsys.readouterr().out == "10\n"
