"""A log among other users, other processes, odd clocks and odd names.

Law: whoever may not write is told so by the system's own error and changes nothing; everybody else is unharmed by it.
"""

from __future__ import annotations

import itertools
import os
import signal
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eventlog import EventLog, LogLockedError, read, verify
from eventlog.recovery import State
from stages.commands.places import real_system
from tests.crash.real.children import KILLED, become_nobody, die, start
from tests.crash.real.layers import real, required
from tests.crash.real.workload import SAID, expect_exactly, texts
from tests.program import completed_twice, program_in, results_of

if TYPE_CHECKING:
    from stages.pipeline.system import System
    from tests.crash.real.children import Report

pytestmark = real("permissions, locks, clocks and paths")


def as_nobody(folder: Path, *, forbidden: Path) -> list[str]:
    """What a process without rights meets: it opens the log in a folder, and reads it."""
    path = str(folder / "events.jsonl")

    def attempt(report: Report) -> None:
        become_nobody()
        try:
            with EventLog.open(path) as log:
                log.append(SAID, "mine")
        except PermissionError as error:
            report(f"open: {error.errno} {Path(str(error.filename)).relative_to(forbidden)}")
        try:
            report(f"read: {texts(read(path))}")
        except OSError as error:
            report(f"read: {error.errno} {Path(str(error.filename)).relative_to(forbidden)}")

    child = start(attempt)
    assert child.end() == 0
    return child.reports


@pytest.mark.parametrize(
    ("name", "mode", "told"),
    [
        (".", 0o555, ["open: 13 events.lock", "read: ['kept']"]),
        ("events.jsonl", 0o444, ["open: 13 events.jsonl", "read: ['kept']"]),
        ("events.lock", 0o444, ["open: 13 events.lock", "read: ['kept']"]),
        ("events.jsonl", 0o222, ["open: 13 events.jsonl", "read: 13 events.jsonl"]),
    ],
)
def test_a_user_without_permission_is_told_and_changes_nothing(
    name: str, mode: int, told: list[str], open_folder: Path
) -> None:
    required("nobody")
    path = open_folder / "events.jsonl"
    with EventLog.open(str(path)) as log:
        log.append(SAID, "kept")
    open_folder.chmod(0o777)
    for found in open_folder.iterdir():
        found.chmod(0o666)
    if name == ".":
        (open_folder / "events.lock").unlink()
    forbidden = open_folder / name
    allowed = forbidden.stat().st_mode
    forbidden.chmod(mode)
    before = {found.name: found.read_bytes() for found in open_folder.iterdir()}
    assert as_nobody(open_folder, forbidden=open_folder) == told
    after = {found.name: found.read_bytes() for found in open_folder.iterdir()}
    assert [after[kept] for kept in ("events.jsonl", "events.head")] == [
        before[kept] for kept in ("events.jsonl", "events.head")
    ]
    forbidden.chmod(allowed)
    assert as_nobody(open_folder, forbidden=open_folder) == ["read: ['kept', 'mine']"]
    expect_exactly(path, ["kept", "mine"])


def test_a_log_has_one_writer_who_is_named_and_whose_death_frees_it(tmp_path: Path) -> None:
    required("fork")
    path = tmp_path / "events.jsonl"

    def hold(report: Report) -> None:
        log = EventLog.open(str(path))
        log.append(SAID, "theirs")
        report("held")
        signal.pause()

    child = start(hold)
    assert next(child.lines()) == "held"
    with pytest.raises(LogLockedError, match=rf"pid {child.pid} on "):
        EventLog.open(str(path))
    assert texts(read(str(path))) == ["theirs"]
    os.kill(child.pid, signal.SIGKILL)
    assert child.end() == KILLED
    expect_exactly(path, ["theirs"])


def test_a_clock_that_runs_backwards_harms_nothing(tmp_path: Path) -> None:
    required("fork")
    path = tmp_path / "events.jsonl"
    for start_s in (2_000_000_000, 1_000_000_000, 1000):
        clock = itertools.count(start_s * 10**9, -(10**9) // 2)
        with EventLog.open(str(path), time_ns=partial(next, clock)) as log:
            for number in range(3):
                log.append(SAID, f"{start_s} {number}")
    with EventLog.open(str(path)) as log:
        found = [entry for entry in log.read() if entry.type == SAID]
    assert len({entry.id for entry in found}) == len(found)
    assert [entry.time for entry in found] != sorted(entry.time for entry in found)
    expect_exactly(path, [entry.data for entry in found])


def test_a_run_goes_on_under_a_clock_that_was_set_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    required("fork")
    program = program_in(tmp_path, monkeypatch)
    story = program.story("story.txt", "第1天，林川走进雨里。\n\n“还有灯吗？”他问。\n\n那人没有说话。\n\n灯亮了。")
    program("run", story, "--projects", "whole")
    for start_s, options in ((2_000_000_000, ("--stage", "storyboard")), (1_000_000_000, ())):
        clock = itertools.count(start_s * 10**9, -(10**6))
        system = replace(real_system(), time_ns=partial(next, clock))
        monkeypatch.setattr("stages.commands.run.real_system", partial(_same, system))
        program("run", story, *options)
    assert results_of(program.project("story")) == results_of(program.here / "whole" / "story")
    assert completed_twice(program.log("story")) == []


def _same(system: System) -> System:
    return system


@pytest.mark.parametrize(
    "name", ["a path with spaces", "风雨 夜归人", "línea\nnueva", "'quoted' \"twice\" $HOME", "-rf"]
)
def test_any_path_will_do(name: str, tmp_path: Path) -> None:
    required("fork")
    folder = tmp_path / name
    folder.mkdir()
    path = folder / f"{name}.jsonl"

    def append(_report: Report) -> None:
        EventLog.open(str(path)).append(SAID, "它")
        die()

    child = start(append)
    assert child.end() == KILLED
    with path.open("ab") as file:
        file.write(b'{"seq":2,')
    with EventLog.open(str(path)) as log:
        assert texts(log.read()) == ["它"]
        log.append(SAID, "也")
    assert verify(str(path)).state is State.CLEAN
    assert texts(read(str(path))) == ["它", "也"]
