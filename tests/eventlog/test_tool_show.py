"""`show` and the terminal: the forms in which an entry is printed, to a person and to a program.

Law: what a person sees is asked of the output that says it is a terminal; the bytes in a pipe are the log's.
"""

from __future__ import annotations

import io
import json
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from eventlog import Event, EventLog, read
from eventlog.files import READ_SIZE
from eventlog.tool import show_command, waiting
from eventlog.tool.export import export
from eventlog.tool.replay import print_file, replay
from eventlog.tool.show import show
from eventlog.tool.view import CountingLens
from eventlog.tool.walk import Selection
from tests.eventlog.histories import write
from tests.eventlog.test_tool import EVIL, damage_the_middle, make, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from eventlog.tool.view import Read


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return make(tmp_path / "events.jsonl")


@pytest.fixture
def evil(tmp_path: Path) -> Path:
    log = tmp_path / "evil.jsonl"
    write(log, [[Event(type="noted", data=f"one\t\n{EVIL}"), Event(type="noted", data=[f"\u202e{'y' * 200}"])]])
    return log


def to_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, whoever reads what is printed is a person with 60 columns."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")


class EvilLens(CountingLens):
    """Derives one file that tries to act on a terminal."""

    def files(self, _state: dict[str, Any], _read: Read) -> Mapping[str, bytes]:
        return {"evil.json": '"\u202e"\n'.encode()}


def test_a_person_sees_a_table_cut_to_the_terminal_or_all_of_it(
    log: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    to_a_person(monkeypatch)
    wanted = Selection(first=1, last=2)
    assert show(str(log), wanted) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["seq", "1", "2"]
    assert [len(line) for line in lines[1:]] == [60, 60]
    assert show(str(log), wanted, form="full") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["seq", "1", "2"]
    assert lines[1].endswith('attempt=1  {"text":"第1 ' + "long " * 50 + '"}')


def test_a_person_is_shown_nothing_that_acts_on_the_terminal(
    evil: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    to_a_person(monkeypatch)
    first, *others = read(str(evil))
    assert show(str(evil), form="json") == 0
    seen = capsys.readouterr().out
    assert [json.loads(line)["data"] for line in seen.split("\n")[:-1]] == [None, *(each.data for each in others)]
    assert {c for c in seen if not c.isprintable()} == {"\n"}
    assert show(str(evil), Selection(first=1), form="raw") == 0
    assert capsys.readouterr().out == f'one \n灯redevil end\n["{"y" * 200}"]\n'
    assert export(str(evil)) == 0
    seen = capsys.readouterr().out
    assert [json.loads(line)["data"] for line in seen.split("\n")[:-1]] == [None, *(each.data for each in others)]
    assert {c for c in seen if not c.isprintable()} == {"\n"}
    assert first.seq == 0
    assert print_file(str(evil), "evil.json", lens=EvilLens()) == 0
    assert capsys.readouterr().out == '"\\u202e"\n'


def test_a_person_is_shown_a_state_that_cannot_act_on_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    to_a_person(monkeypatch)
    log = tmp_path / "events.jsonl"
    write(log, [[Event(type="a\u202eb")]])
    assert replay(str(log), as_json=True) == 0
    seen = capsys.readouterr().out
    assert ('"a\\u202eb": 1' in seen, "\u202e" in seen) == (True, False)


def test_damage_is_told_with_the_command_of_the_program(log: Path) -> None:
    damage_the_middle(log)
    ran = CliRunner().invoke(show_command(program="prog log"), [str(log)])
    assert (ran.exit_code, ran.stderr.endswith(f"; next: prog log repair {log}\n")) == (11, True)
    ran = CliRunner().invoke(show_command(program="prog log"), [str(log), "--follow"])
    assert (ran.exit_code, ran.stderr.endswith(f"; next: prog log verify {log}\n")) == (11, True)
    for option in ((), ("--follow",)):
        none = log.with_name("none.jsonl")
        assert run("show", none, *option).stderr == f"{none}: there is no such file; check the name\n"


def test_following_shows_what_is_wanted_and_ends_where_that_ends(log: Path) -> None:
    def shown(*options: str) -> list[str]:
        ran = run("show", log, "--follow", *options)
        assert (ran.exit_code, ran.stderr) == (0, "")
        return [line.split("\t")[0] for line in ran.stdout.splitlines()]

    assert shown("--seq", "2:5") == ["2", "3", "4", "5"]
    assert shown("--seq", "0:1") == ["0", "1"]
    assert shown("--seq", "3:8", "--type", "job.f*") == ["3", "5", "7"]
    assert shown("--limit", "2", "--subject", "item/[6-9]") == ["6", "7"]


class Appending(ModuleType):
    """Stands in for the library that tells of changes: each time it is asked, there is one."""

    def __init__(self, writer: EventLog) -> None:
        super().__init__(waiting.LIBRARY)
        self.writer = writer

    def watch(self, _folder: str, **_options: Any) -> Iterator[set[object]]:
        while True:
            self.writer.append("noted")
            yield set()


def test_following_goes_on_with_what_is_appended_and_no_further_than_it_was_asked(
    log: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    with EventLog.open(str(log)) as writer:
        monkeypatch.setitem(sys.modules, waiting.LIBRARY, Appending(writer))
        assert show(str(log), Selection(first=8, last=11), form="json", follow=True) == 0
        assert writer.position.seq == 11
    assert capsysbinary.readouterr().out == b"".join(entry.line for entry in read(str(log), after=7))


class Seen(io.StringIO):
    """An error output that a person looks at."""

    def isatty(self) -> bool:
        return True


def test_the_bar_makes_room_for_each_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "events.jsonl"
    write(log, [[Event(type="noted", data="x" * READ_SIZE)] for _ in range(4)])
    monkeypatch.setattr("eventlog.tool.progress.AFTER_S", 0.0)
    monkeypatch.setattr(sys, "stderr", seen := Seen())
    monkeypatch.setenv("TERM", "xterm")
    assert show(str(log)) == 0
    assert seen.getvalue().count("\x1b[?25l") > 2


def test_in_a_pipe_a_form_is_printed_as_it_is(evil: Path) -> None:
    assert run("show", evil, "--json").stdout_bytes == evil.read_bytes()
    full = run("show", evil, "--full").stdout.splitlines()
    assert full[2].split("\t")[5] == f'["{"y" * 200}"]'
    assert run("show", evil).stdout.splitlines()[2].split("\t")[5] == f'["{"y" * 77}…'
    with EventLog.open(str(evil)) as writer:
        writer.append("noted", "\u202e")
    assert run("show", evil, "--raw", "--seq", "3").stdout == "\u202e\n"
