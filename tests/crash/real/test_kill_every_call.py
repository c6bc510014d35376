"""Killed at every call: a child is killed before each file-system call it makes, and in the middle of each append.

Law: the kernel lives on, so what was written is there; nothing is sampled where every call can be tried.
"""

from __future__ import annotations

import importlib
import itertools
import shutil
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias

import pytest

import cli
from stages.commands.places import real_system
from tests.crash.real.children import KILLED, WatchedFiles, start
from tests.crash.real.layers import real, required
from tests.crash.real.workload import WAYS, Book, Workload, chance
from tests.program import completed_twice, entries, files_of, program_in, results_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.crash.real.children import Report
    from tests.crash.real.conftest import Tell
    from tests.program import Program

pytestmark = real("kills at every file-system call")

Where: TypeAlias = Literal["call", "append"]
WORDS = {"call": "before each call", "append": "inside each append"}
LEAST_OF_A_LOG = {"call": 100, "append": 10}
LEAST_OF_A_RUN = {"call": 200, "append": 20}
ENOUGH_CALLS = 10_000
SCRIPT = ("one", "batch", "checkpoint", "group", "again", "poisoned", "one", "checkpoint", "again", "batch")


def watched(where: Where, number: int) -> WatchedFiles:
    """A disk under a process that is killed just before that call, or inside that append."""
    return WatchedFiles(call=number) if where == "call" else WatchedFiles(append=number)


def killed(book: Book, files: WatchedFiles, salt: str, ways: Sequence[str] = SCRIPT) -> bool:
    """Let a child work on the log; whether it was killed. The book holds what it promised."""
    first = len(book.kept)
    child = start(lambda report: Workload(book.path, files, report, first=first, salt=salt).do(ways))
    code = child.end()
    assert code in (0, KILLED)
    book.note(child.reports, salt)
    return code == KILLED


def fresh(folder: Path) -> Iterator[Book]:
    """A new folder and an empty book, again and again."""
    for number in itertools.count():
        yield Book(f"{folder}/{number}/events.jsonl")
        shutil.rmtree(folder / str(number), ignore_errors=True)


@pytest.mark.parametrize("where", ["call", "append"])
def test_a_writer_killed_at_any_call_leaves_all_it_acknowledged_and_a_prefix(
    where: Where, tmp_path: Path, tell: Tell
) -> None:
    required("fork")
    assert set(SCRIPT) == set(WAYS)
    began = time.monotonic()
    for number, book in enumerate(fresh(tmp_path)):
        if not killed(book, watched(where, number), "a"):
            break
        book.expect_kept()
    each_ms = (time.monotonic() - began) / number * 1000
    tell(f"log writer killed {WORDS[where]}: {number} kills, {each_ms:.0f} ms each")
    assert number > LEAST_OF_A_LOG[where]
    assert len(book.kept) == 16


def test_a_recovery_killed_at_any_call_is_simply_done_again(tmp_path: Path, tell: Tell) -> None:
    required("fork")
    moments, kills = chance("recovery"), 0
    for number, book in enumerate(fresh(tmp_path)):
        assert not killed(book, WatchedFiles(call=ENOUGH_CALLS), "a", ("batch", "checkpoint", "one"))
        book.expect_kept()
        book.plant_torn_tail(moments)
        if not killed(book, WatchedFiles(call=number), "b", ()):
            break
        killed(book, WatchedFiles(call=moments.randrange(number + 1)), "c", ())
        book.expect_kept()
        kills += 1
    book.expect_kept()
    tell(f"killed while recovering from a torn tail: {kills} kills before each call, each followed by one more")
    assert kills > 30


STORY = "\n\n".join(
    f"第{number}天，林川走进雨里的街市。“还有灯吗？”他问第{number}个人。那人指了指第{number}盏灯，没有说话。"
    for number in range(1, 7)
)
SCENES, STAGES = 2, 2


def run_killed(files: WatchedFiles) -> int:
    """Type `scenelog run story.txt` in a child with this disk; its exit code."""

    def run(_report: Report) -> None:
        system = replace(real_system(), files=files)
        importlib.import_module("stages.commands.run").__dict__["real_system"] = lambda: system
        cli.scenelog(["run", "story.txt"], prog_name="scenelog", standalone_mode=False)

    return start(run).end()


@pytest.mark.parametrize("where", ["call", "append"])
def test_a_run_killed_at_any_call_goes_on_and_makes_the_same_files(
    where: Where, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tell: Tell
) -> None:
    """Each third kill is followed by one more, at a call that chance chooses, in the run that was to go on."""
    required("fork")
    program = program_in(tmp_path, monkeypatch)
    program.story("story.txt", STORY)
    program("run", "story.txt", "--projects", "whole")
    whole = results_of(program.here / "whole" / "story")
    moments, kills, began = chance(f"run {where}"), 0, time.monotonic()
    for number in itertools.count():
        if run_killed(watched(where, number)) == 0:
            break
        if number % 3 == 0:
            run_killed(WatchedFiles(call=moments.randrange(1, number + 2)))
        program("run", "story.txt")
        expect_whole(program, whole)
        kills += 1
    each_ms = (time.monotonic() - began) / kills * 1000
    tell(f"scenelog run killed {WORDS[where]}: {kills} kills, {each_ms:.0f} ms each")
    assert kills > LEAST_OF_A_RUN[where]


def expect_whole(program: Program, whole: dict[str, bytes]) -> None:
    """The project is what an uninterrupted run makes, and nothing in it was made twice. It is then removed."""
    project = program.project("story")
    assert results_of(project) == whole
    log = entries(project)
    assert completed_twice(log) == []
    assert [name for name in files_of(project) if name.endswith(".new")] == []
    assert sum(entry["type"] == "scene.completed" for entry in log) == SCENES * STAGES
    assert program("log", "verify", "story").output == ""
    shutil.rmtree(project)
