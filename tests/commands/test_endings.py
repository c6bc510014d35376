"""However a run ends - a signal, a bug, a line that cannot be read - what was paid for is saved or rescued.

Law: the moments are requests that the server gets, or calls of the program itself; nothing is waited for.
"""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from eventlog import EventLogError
from stages.commands.screen import PlainScreen
from stages.pipeline.projecting import Projecting
from tests.commands.stories import SCENES, STORY, is_storyboard_of, model
from tests.commands.test_saving import at, fill, small_disk
from tests.loopback_server import loopback
from tests.program import TIMEOUT_S, entries, of_type

if TYPE_CHECKING:
    from pathlib import Path

    from stages.pipeline.contract import Scene
    from tests.loopback_server import Fault
    from tests.program import Program

__all__ = ["small_disk"]

ANSWERS = 2 + 2 * SCENES


def rescued(program: Program) -> list[Path]:
    """The rescue files there are."""
    return list((program.here.parent / "home").rglob("*.jsonl"))


def nothing_is_lost(program: Program, disk: Path, paid: int) -> None:
    """Every answer that was paid for is in the rescue file or the log, and the next run takes it in."""
    (disk / "filler").unlink()
    with loopback() as server:
        program("run", program.here / "s.txt", "--projects", disk, *model(server))
        assert paid + len(server.requests) == ANSWERS
    assert len(of_type(entries(disk / "s"), "answer.received")) == ANSWERS
    assert rescued(program) == []


def test_a_terminal_that_is_closed_stops_softly_and_rescues_what_waits(program: Program, small_disk: Path) -> None:
    story = program.story("s.txt", STORY)
    processes: list[subprocess.Popen[bytes]] = []
    closed = {n: lambda: processes[0].send_signal(signal.SIGHUP) for n in (6, 7)}  # a shell and the kernel both say it
    with loopback(at({3: lambda: fill(small_disk), **closed})) as server:
        with program.start("run", story, "--projects", small_disk, *model(server), "--jobs", "2") as process:
            processes.append(process)
            process.communicate(timeout=TIMEOUT_S)
        paid = len(server.requests)
    assert process.returncode == 5
    assert len(rescued(program)) == 1
    nothing_is_lost(program, small_disk, paid)


SLOW_RESCUE = """
import os, signal, sys
import stages.pipeline.project as project
real = project.write_rescue
def interrupted(*given):
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        os.kill(os.getpid(), name)
    return real(*given)
project.write_rescue = interrupted
import cli
sys.exit(cli.scenelog())
"""


def test_no_signal_cuts_short_the_writing_of_the_rescue_file(program: Program, small_disk: Path) -> None:
    story = program.story("s.txt", STORY)
    with loopback(at({3: lambda: fill(small_disk)})) as server:
        ended = subprocess.run(
            [sys.executable, "-c", SLOW_RESCUE, "run", story, "--projects", small_disk, *model(server)],
            cwd=program.here,
            env=program.environment,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    assert ended.returncode == 5, ended
    assert b"interrupted" not in ended.stdout + ended.stderr
    nothing_is_lost(program, small_disk, ANSWERS)


@pytest.mark.parametrize("error", [EventLogError("a line is gone"), RuntimeError("a bug")])
def test_whatever_a_run_raises_what_waits_is_rescued(
    program: Program, small_disk: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def broken(_self: Projecting, _stage: str) -> None:
        raise error

    story = program.story("s.txt", STORY)
    with monkeypatch.context() as patch, loopback(at({3: lambda: fill(small_disk)})) as server:
        patch.setattr(Projecting, "finish_stage", broken)
        if isinstance(error, EventLogError):
            result = program("run", story, "--projects", small_disk, *model(server), code=5)
            assert "a line is gone" in result.output
        else:
            with pytest.raises(AssertionError) as raised:
                program("run", story, "--projects", small_disk, *model(server))
            assert raised.value.__cause__ is error
        paid = len(server.requests)
    assert len(rescued(program)) == 1
    nothing_is_lost(program, small_disk, paid)


def test_a_bug_met_while_saving_is_told_of_loses_nothing(
    program: Program, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = PlainScreen.note

    def broken(self: PlainScreen, message: str) -> None:
        if message.startswith("Warning"):
            raise RuntimeError("no screen")
        real(self, message)

    story = program.story("s.txt", STORY)
    with monkeypatch.context() as patch, loopback(at({4: lambda: fill(small_disk)})) as server:
        patch.setattr(PlainScreen, "note", broken)
        program("run", story, "--projects", small_disk, *model(server), "--jobs", "1", code=None)
        paid = len(server.requests)
    nothing_is_lost(program, small_disk, paid)


def test_a_bug_met_while_a_result_is_shown_costs_no_scene_and_is_not_kept_quiet(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_self: PlainScreen, _stage: str, _scene: Scene, _problem: str) -> None:
        raise RuntimeError("no screen")

    story = program.story("s.txt", STORY)
    with loopback() as server:
        with monkeypatch.context() as patch:
            patch.setattr(PlainScreen, "scene_finished", broken)
            with pytest.raises(AssertionError) as raised:
                program("run", story, *model(server))
            assert "no screen" in str(raised.value.__cause__)
        assert len(of_type(program.log("s"), "scene.completed")) == 2 * SCENES
        program("run", story, *model(server))
        assert len(server.requests) == ANSWERS


def test_an_old_line_that_cannot_be_read_any_more_stops_no_scene(program: Program) -> None:
    story = program.story("s.txt", STORY)
    log = program.project("s") / "events.jsonl"

    def damage() -> None:
        lines = log.read_bytes().split(b"\n")
        at_line = next(n for n, line in enumerate(lines) if b'"answer.received"' in line and b"board/s0001" in line)
        begin = sum(len(line) + 1 for line in lines[:at_line]) + lines[at_line].index(b'"data"') + 40
        with log.open("r+b") as file:
            file.seek(begin)
            file.write(b"\x01")

    def fault(_number: int, text: str) -> Fault | None:
        if is_storyboard_of(3, text):
            damage()
        return None

    with loopback(fault) as server:
        result = program("run", story, *model(server), "--jobs", "1", code=None)
        assert sum(is_storyboard_of(4, request.text) for request in server.requests) == 1
    assert result.exit_code in (3, 5), result.output
    assert result.output.count("is written again later") == 1
    assert log.read_bytes().count(b'"scene.completed"') >= SCENES


def test_a_provider_that_cannot_even_be_made_pauses_the_run(program: Program) -> None:
    story = program.story("s.txt", STORY)
    program("run", story, "--stage", "storyboard", "--scenes", "1")
    options = ("--provider", "openai", "--model", "m", "--base-url", "https://x.example/v1")
    ended = program.finish("run", story, *options, HTTPS_PROXY="socks5://127.0.0.1:1", OPENAI_API_KEY="sk-xxxxxxxxxx")
    assert ended.returncode == 4, ended
    assert b"Traceback" not in ended.stderr
    assert b"paused" in ended.stderr


def test_the_bars_on_a_terminal_need_no_utf_8(program: Program) -> None:
    story = program.story("故事.txt", STORY)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "cli", "run", str(story)]
    environment = {**program.environment, "PYTHONIOENCODING": "ascii", "TERM": "xterm"}
    with subprocess.Popen(command, cwd=program.here, env=environment, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = read_all(ours)
        process.wait(TIMEOUT_S)
    assert process.returncode == 0, shown
    assert b"Traceback" not in shown
    assert f"{SCENES} done, 0 failed, 0 left".encode() in shown


def read_all(terminal: int) -> bytes:
    """What was shown on a terminal until everybody closed it."""
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            return shown
        if not piece:
            return shown
        shown += piece
