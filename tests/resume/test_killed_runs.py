"""The real program, killed or interrupted at moments nobody chose, and typed again.

Law: the moments are seeded; a kill comes after a line that the run printed, never after a wait that hopes.
"""

from __future__ import annotations

import contextlib
import json
import random
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.loopback_server import HANGS, RATE_LIMITED_7_S, Loopback, always, loopback, when
from tests.program import (
    ROOT,
    TIMEOUT_S,
    completed_twice,
    entries,
    lines_of,
    of_type,
    results_of,
    unanswered,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.program import Program

STORY = "\n\n".join(
    f"第{number}天，林川走进雨里的街市。“还有灯吗？”他问第{number}个人。那人指了指第{number}盏灯，没有说话。"
    for number in range(1, 19)
)
SCENES = 6
MODEL = ("--provider", "openai", "--model", "test-model", "--json")
KILLED = -signal.SIGKILL


def _chance(seed: str) -> random.Random:
    return random.Random(seed)  # noqa: S311 - the same moments every time


def _killed_after(process: subprocess.Popen[bytes], lines: int) -> bool:
    """Read so many entries, then kill; whether that cut the run off."""
    with process:
        for number, _ in enumerate(lines_of(process), 1):
            if number >= lines:
                break
        process.kill()
        return process.wait(TIMEOUT_S) == KILLED


def _uninterrupted(program: Program, story: Path) -> dict[str, bytes]:
    program("run", story, "--projects", "whole")
    return results_of(program.here / "whole" / story.stem)


def _story(program: Program, name: str) -> Path:
    if name == "short.txt":
        return program.story(name, STORY)
    return program.story(name, (ROOT / "examples" / name).read_bytes())


@pytest.mark.parametrize(
    ("name", "least"), [("灯塔来信.txt", 8), ("the-last-ferry.txt", 7), ("short.txt", 5)], ids=["zh", "en", "short"]
)
def test_a_run_killed_again_and_again_makes_what_an_uninterrupted_one_makes(
    program: Program, name: str, least: int
) -> None:
    story, moments, kills, rounds = _story(program, name), _chance(f"{name} 7"), 0, 0
    whole = _uninterrupted(program, story)
    while kills < least:
        rounds += 1
        projects = ("--projects", f"projects{rounds}")
        while _killed_after(program.start("run", story, "--json", *projects), moments.randint(2, 16)):
            kills += 1
            assert program("log", "verify", story.stem, *projects, code=None).exit_code in (0, 10)
        folder = program.here / projects[1] / story.stem
        assert results_of(folder) == whole
        assert completed_twice(entries(folder)) == []
        assert program("log", "verify", story.stem, *projects).output == ""


def test_a_run_killed_before_it_says_anything_loses_nothing(program: Program) -> None:
    story, moments = _story(program, "short.txt"), _chance("11")
    whole = _uninterrupted(program, story)
    for _ in range(8):
        with program.start("run", story) as process:
            with contextlib.suppress(subprocess.TimeoutExpired):  # it is still running, as wanted
                process.wait(moments.uniform(0.02, 0.6))
            process.kill()
    program("run", story)
    assert results_of(program.project("short")) == whole
    assert completed_twice(program.log("short")) == []
    assert program("log", "verify", "short").output == ""


def _asks(program: Program, server: Loopback, *arguments: object) -> subprocess.Popen[bytes]:
    return program.start("run", "short.txt", *MODEL, *arguments, OPENAI_BASE_URL=server.base_url)


def test_without_a_crash_each_scene_is_asked_for_once_in_each_stage(program: Program) -> None:
    _story(program, "short.txt")
    with loopback() as server:
        with _asks(program, server) as process:
            printed, _ = process.communicate(timeout=TIMEOUT_S)
        tasks = [request.task for request in server.requests]
    assert process.returncode == 0
    assert {task: tasks.count(task) for task in tasks} == {
        "world_bible": 1,
        "scenes": 1,
        "storyboard": SCENES,
        "enhancement": SCENES,
    }
    assert printed == (program.project("short") / "events.jsonl").read_bytes()


def test_a_kill_repeats_at_most_the_calls_that_were_in_flight(program: Program) -> None:
    _story(program, "short.txt")
    moments, kills, in_flight = _chance("3"), 0, 0
    with loopback(delay_s=0.02) as server:
        while _killed_after(_asks(program, server, "--jobs", 3), moments.randint(2, 11)):
            kills += 1
            cut_off = unanswered(program.log("short"))
            assert len(cut_off) - in_flight <= 3
            in_flight = len(cut_off)
        asked = len(server.requests)
    assert kills >= 2
    assert asked <= 2 * SCENES + 2 + in_flight
    assert completed_twice(program.log("short")) == []
    assert len(of_type(program.log("short"), "scene.completed")) == 2 * SCENES
    assert program("log", "verify", "short").output == ""


def test_killed_runs_with_a_model_end_with_the_same_files(program: Program) -> None:
    story, moments = _story(program, "short.txt"), _chance("5")
    with loopback() as server:
        program("run", story, *MODEL, "--base-url", server.base_url, "--projects", "whole")
        while _killed_after(_asks(program, server), moments.randint(3, 25)):
            pass
    assert results_of(program.project("short")) == results_of(program.here / "whole" / "short")


def _signalled(process: subprocess.Popen[bytes], after: str, number: int) -> list[dict[str, Any]]:
    """Send a signal once an entry of the type `after` was printed; all entries that were printed."""
    printed = []
    for entry in lines_of(process):
        printed.append(entry)
        if entry["type"] == after:
            process.send_signal(number)
            break
    return printed + list(lines_of(process))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_interrupt_finishes_what_is_in_flight(program: Program, number: int) -> None:
    _story(program, "short.txt")
    with loopback(delay_s=0.2) as server, _asks(program, server, "--jobs", 2) as process:
        _signalled(process, "scene.started", number)
        assert process.wait(TIMEOUT_S) == 130
        asked = len(server.requests)
    log = program.log("short")
    assert log[-1]["type"] == "run.interrupted"
    assert unanswered(log) == []
    assert asked == 2 + len(of_type(log, "scene.started"))
    assert 1 <= len(of_type(log, "scene.completed")) <= 2
    assert _progress(program)["total_scenes"] == SCENES


def _progress(program: Program) -> Any:
    return json.loads((program.project("short") / "storyboard_progress.json").read_bytes())


def test_a_second_interrupt_stops_at_once_and_the_next_run_goes_on(program: Program) -> None:
    _story(program, "short.txt")
    with loopback(when("第4天", *[HANGS] * 40)) as server, _asks(program, server, "--jobs", 2) as process:
        asked_for_bible = next(entry for entry in lines_of(process) if entry["type"] == "planning.started")
        assert asked_for_bible["subject"].startswith("planning/")
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        told = next(line for line in process.stderr if b"Ctrl-C" in line)
        assert b"again" in told
        process.send_signal(signal.SIGINT)
        assert process.wait(TIMEOUT_S) == 130
    assert entries(program.project("short"))[-1]["type"] == "run.interrupted"
    with loopback() as server, _asks(program, server) as process:
        process.communicate(timeout=TIMEOUT_S)
        assert len(server.requests) == 2 * SCENES + 2
    assert process.returncode == 0


def test_an_interrupt_while_the_provider_is_waited_for_is_not_waited_out(program: Program) -> None:
    """A server that is down makes the run wait between two attempts: Ctrl-C ends the wait."""
    _story(program, "short.txt")
    with loopback(always(RATE_LIMITED_7_S)) as server, _asks(program, server) as process:
        printed = _signalled(process, "planning.failed", signal.SIGINT)
        assert process.wait(TIMEOUT_S) == 130
        assert len(server.requests) == 1
    assert printed[-1]["type"] == "run.interrupted"


def test_an_interrupt_while_a_scene_waits_to_be_tried_again_fails_no_scene(program: Program) -> None:
    _story(program, "short.txt")
    with (
        loopback(lambda number, _: RATE_LIMITED_7_S if number >= 2 else None) as server,
        _asks(program, server) as process,
    ):
        printed = _signalled(process, "scene.failed", signal.SIGINT)
        assert process.wait(TIMEOUT_S) == 130
    assert {entry["meta"]["kind"] for entry in of_type(printed, "scene.failed")} == {"rate-limited"}
    assert printed[-1]["type"] == "run.interrupted"


def test_a_reader_that_goes_away_does_not_stop_the_run(program: Program) -> None:
    """`scenelog run story.txt | head -1` is no reason to lose a scene, nor to complain."""
    story = _story(program, "short.txt")
    for arguments in (("run", story), ("run", story, "--json", "--projects", "other")):
        with program.start(*arguments) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.readline()
            process.stdout.close()
            told = process.stderr.read()
            assert process.wait(TIMEOUT_S) == 0
        assert b"Error" not in told
        assert b"Traceback" not in told
    assert "storyboard_progress.json" not in results_of(program.project("short"))
    assert results_of(program.project("short")) == results_of(program.here / "other" / "short")
