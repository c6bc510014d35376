"""`replay`: the state at any moment is the fold up to it, the steps lead from one to the next, and nothing is harmed.

Law: what is shown is compared with a count made by hand, for every seq of every history.
"""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings

from eventlog import Event, read
from eventlog.tool import replay_command
from eventlog.tool.view import ABSENT, CountingLens, changes
from tests.eventlog.histories import HISTORIES, counted, write
from tests.eventlog.test_tool import EVIL, damage_the_middle, in_shell, lose_the_end, make, process, run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from eventlog import Entry
    from eventlog.tool.view import Read


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("replay")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return make(tmp_path / "events.jsonl")


def state(log: Path, *options: str) -> Any:
    ran = run("replay", log, "--json", *options)
    assert (ran.exit_code, ran.stderr) == (0, "")
    return json.loads(ran.stdout)


@settings(deadline=None, max_examples=25)
@given(history=HISTORIES)
def test_the_state_at_any_seq_is_the_fold_of_the_entries_up_to_it(folder: Path, history: list[list[Event]]) -> None:
    log = folder / "events.jsonl"
    entries = write(log, history)
    log.with_suffix(".head").unlink()
    for seq in range(-1, len(entries)):
        ran = run("replay", log, "--json", "--at", str(seq))
        assert (ran.exit_code, json.loads(ran.stdout)) == (0, counted(entries[: seq + 1]))
    assert json.loads(run("replay", log, "--json").stdout) == counted(entries)


@settings(deadline=None, max_examples=25)
@given(history=HISTORIES)
def test_the_steps_lead_from_each_state_to_the_next(folder: Path, history: list[list[Event]]) -> None:
    log = folder / "events.jsonl"
    entries = write(log, history)
    lines = [json.loads(line) for line in run("replay", log, "--step", "--json").stdout.splitlines()]
    assert [line["seq"] for line in lines] == [entry.seq for entry in entries]
    for line in lines:
        found = changes(counted(entries[: line["seq"]]), counted(entries[: line["seq"] + 1]))
        told = {tuple(change["path"]): change["after"] for change in line["changes"]}
        assert told == {change.path: change.after for change in found if change.after is not ABSENT}


def test_a_time_means_all_that_happened_until_then(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    entries = write(log, [[Event(type="noted")] for _ in range(4)])
    for entry in entries:
        assert state(log, "--at", entry.time)["entries"] == entry.seq + 1
    assert state(log, "--at", "2023-11-14")["entries"] == 0
    assert state(log, "--at", "2023-11-15 00:00")["entries"] == len(entries)
    assert state(log, "--at", "2023-11-14T23:13:20+01:00")["entries"] < len(entries)


def test_a_step_shows_the_entry_and_what_it_changed(log: Path) -> None:
    ran = run("replay", log, "--step", "--at", "2", "--limit", "1")
    assert ran.stdout.splitlines()[0].startswith("3  ")
    assert ran.stdout.splitlines()[1:] == [
        "  entries: 3 -> 4",
        "  types",
        "    job.finished: 1 -> 2",
        "  subjects",
        f"    item/3: new: seq=3  time={list(read(str(log)))[3].time}  type=job.finished",
    ]


def test_a_seq_that_is_not_there_is_said(log: Path) -> None:
    ran = run("replay", log, "--at", "99")
    assert ran.exit_code == 0
    assert "seq 99 is not there; this is the state after seq 9" in ran.stderr


def test_a_damaged_log_is_replayed_as_far_as_it_is_good(log: Path) -> None:
    lose_the_end(log)
    assert json.loads(run("replay", log, "--json").stdout)["entries"] == 9
    damage_the_middle(make(log))
    before = log.read_bytes()
    ran = run("replay", log, "--json")
    assert ran.exit_code == 11
    assert json.loads(ran.stdout)["entries"] == 4
    assert ": corrupt: " in ran.stderr
    assert run("replay", log, "--json", "--at", "3").exit_code == 0
    assert log.read_bytes() == before


class FilesLens(CountingLens):
    """One that derives files; one of them from the content of an entry."""

    def files(self, state: dict[str, Any], read: Read) -> Mapping[str, bytes]:
        assert read(0, self.first).type == "log.created"
        return {"count.txt": b"%d\n" % state["entries"], "below/types.txt": repr(state["types"]).encode()}

    first = 0


def test_the_state_and_its_files_are_written_out_and_nothing_is_replaced(log: Path) -> None:
    lens = FilesLens()
    lens.first = next(iter(read(str(log)))).size
    command = replay_command(lens=lens)
    out = log.parent / "out" / "deep"

    def typed(*options: str) -> int:
        return CliRunner().invoke(command, [str(log), *options]).exit_code

    assert typed("--at", "4", "-o", str(out)) == 0
    written = {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert sorted(written) == ["below/types.txt", "count.txt", "state.json"]
    assert written["count.txt"] == b"5\n"
    assert json.loads(written["state.json"])["entries"] == 5
    assert typed("-o", str(out)) == 1
    assert (out / "count.txt").read_bytes() == b"5\n"
    assert typed("-o", str(out), "--force") == 0
    assert (out / "count.txt").read_bytes() == b"10\n"
    before = {path.name for path in log.parent.iterdir()}
    assert typed("-o", str(log.parent), "--force") == 1
    assert {path.name for path in log.parent.iterdir()} == before
    assert typed("-o", str(out), "--step") == 2


def test_one_file_is_printed_byte_for_byte_as_it_was(log: Path) -> None:
    lens = FilesLens()
    lens.first = next(iter(read(str(log)))).size
    command = replay_command(lens=lens)
    assert CliRunner().invoke(command, [str(log), "--at", "4", "--file", "count.txt"]).stdout == "5\n"
    ran = CliRunner().invoke(command, [str(log), "--file", "count"])
    assert (ran.exit_code, ran.stdout) == (1, "")
    assert "there were: count.txt, below/types.txt" in ran.stderr


def test_a_lens_cannot_write_outside_the_folder(log: Path) -> None:
    class Escaping(CountingLens):
        def files(self, _state: dict[str, Any], _read: Read) -> Mapping[str, bytes]:
            return {"../escaped.txt": b""}

    ran = CliRunner().invoke(replay_command(lens=Escaping()), [str(log), "-o", str(log.parent / "out")])
    assert ran.exit_code == 1
    assert "is no name for a file" in ran.stderr
    assert not (log.parent / "escaped.txt").exists()


def test_no_control_sequence_is_printed(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    write(log, [[Event(type=f"a{EVIL}", subject=f"b{EVIL}")]])
    for options in ((), ("--step",)):
        shown = run("replay", log, *options).stdout
        assert {c for c in shown if not c.isprintable()} <= {"\n"}
        assert "b灯redevil end" in shown


def test_a_reader_that_went_away_is_no_error(log: Path) -> None:
    ran = in_shell(f"python -m eventlog replay {shlex.quote(str(log))} --step | head -c 1".replace("python", "python3"))
    assert ran.stderr == b""


@pytest.mark.parametrize("command", ["replay", "diff", "stats", "export", "repair"])
def test_the_examples_of_the_help_run(command: str, log: Path) -> None:
    printed = process(command, "--help").stdout.decode().partition("Examples:\n")[2]
    examples = [line.strip() for line in printed.splitlines() if line.strip()]
    assert len(examples) >= 2
    for example in examples:
        assert example.startswith("python -m eventlog ")
        ran = process(*shlex.split(example)[3:], cwd=log.parent)
        assert (ran.returncode, ran.stderr) == (0, b"")


@pytest.mark.parametrize("at", ["x", "-2", "2023-99-01", ""])
def test_a_wrong_place_is_one_plain_error(log: Path, at: str) -> None:
    ran = run("replay", log, "--at", at)
    assert ran.exit_code == 2
    assert "is not a time; write 2026-11-23" in ran.stderr


def test_the_state_is_printed_and_written_as_indented_json(log: Path) -> None:
    expected = json.dumps(state(log), indent=2, ensure_ascii=False)
    assert run("replay", log, "--json").stdout == expected + "\n"
    out = log.parent / "out"
    assert run("replay", log, "-o", out).exit_code == 0
    assert (out / "state.json").read_text(encoding="utf-8") == expected + "\n"


def test_a_step_is_one_line_without_what_is_empty_or_too_long(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    entries = write(log, [[Event(type="noted", meta={"k": "x" * 100}, data="said")]])
    ran = run("replay", log, "--step", "--at", "0")
    assert ran.stdout.splitlines() == [
        f"1  {entries[1].time}  noted  k={'x' * 57}…",
        "  entries: 1 -> 2",
        "  types",
        "    noted: new: 1",
    ]
    assert json.loads(run("replay", log, "--step", "--at", entries[0].time, "--json").stdout) == {
        "seq": 1,
        "changes": [
            {"path": ["entries"], "before": 1, "after": 2},
            {"path": ["types", "noted"], "after": 1},
        ],
    }
    evil = write(log, [[Event(type=f"a{EVIL}")]])
    assert "\u202e" in evil[1].type
    assert "\u202e" not in run("replay", log, "--step", "--json").stdout


def test_nothing_is_said_of_a_seq_that_is_there_and_an_empty_log_ends_before_the_first(log: Path) -> None:
    assert run("replay", log, "--at", "9").stderr == ""
    empty = log.with_name("empty.jsonl")
    empty.touch()
    assert run("replay", empty, "--at", "-1").stderr == ""
    assert run("replay", empty, "--at", "0").stderr == f"{empty}: seq 0 is not there; this is the state after seq -1\n"


def test_each_way_of_replaying_names_the_command_of_the_program(log: Path) -> None:
    lens = FilesLens()
    lens.first = next(iter(read(str(log)))).size
    damage_the_middle(log)
    for options in ((), ("--step",), ("-o", str(log.parent / "out")), ("--file", "count.txt")):
        ran = CliRunner().invoke(replay_command(program="prog log", lens=lens), [str(log), *options])
        assert (ran.exit_code, ran.stderr.endswith(f"; next: prog log repair {log}\n")) == (11, True)
        none = log.with_name("none.jsonl")
        ran = CliRunner().invoke(replay_command(lens=lens), [str(none), *options])
        assert (ran.exit_code, ran.stderr) == (1, f"{none}: there is no such file; check the name\n")


def test_what_a_replay_refuses_is_one_plain_line(log: Path) -> None:
    ran = run("replay", log, "-o", log.parent)
    assert ran.stderr == f"{log.parent} is the folder of the log itself; name another, its files are in use\n"
    ran = run("replay", log, "--file", "x")
    assert ran.stderr == f"{log}: no file 'x' followed from the log then; there was none yet\n"
    for two in (("--step", "-o", "x"), ("--step", "--file", "x"), ("-o", "x", "--file", "x")):
        ran = run("replay", log, *two)
        assert ran.exit_code == 2
        assert ran.stderr.endswith("Error: --step shows, -o writes, --file prints a file; take one of them\n")


def test_a_state_is_shown_through_the_lens_and_a_step_by_its_own_entry(log: Path) -> None:
    class Numbers(CountingLens):
        def show(self, state: dict[str, Any]) -> Any:
            return {"so far": state["entries"]}

        def touched(self, state: dict[str, Any], entry: Entry) -> Any:
            return {f"before and after {entry.seq}": state["entries"]}

    ran = CliRunner().invoke(replay_command(lens=Numbers()), [str(log), "--step", "--at", "7"])
    assert [line for line in ran.stdout.splitlines() if line.startswith(" ")] == [
        "  before and after 8: 8 -> 9",
        "  before and after 9: 9 -> 10",
    ]
    ran = CliRunner().invoke(replay_command(lens=Numbers()), [str(log), "--at", "7"])
    assert ran.stdout == "so far  8\n"


def test_in_a_pipe_nothing_is_escaped(tmp_path: Path) -> None:
    class Evil(CountingLens):
        def files(self, _state: dict[str, Any], _read: Read) -> Mapping[str, bytes]:
            return {"evil": "\u202e\n".encode()}

    log = tmp_path / "events.jsonl"
    write(log, [[Event(type="a\u202eb")]])
    assert '"a\u202eb": 1' in run("replay", log, "--json").stdout
    assert CliRunner().invoke(replay_command(lens=Evil()), [str(log), "--file", "evil"]).stdout == "\u202e\n"
