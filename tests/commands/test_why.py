"""`scenelog log why`: what happened to one scene, and what made it run or be left alone."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from eventlog import Event, EventLog
from eventlog.files import RealFiles
from stages.pipeline import events as facts
from tests.commands.stories import STORY, is_storyboard_of, model
from tests.loopback_server import BAD_REQUEST, loopback
from tests.program import files_of
from tests.stages.told import Told, scenes

if TYPE_CHECKING:
    from tests.program import Program


def told(program: Program, *arguments: object) -> dict[str, dict[str, Any]]:
    """The history as `--json` tells it, by stage."""
    stages = json.loads(program("log", "why", *arguments, "--json").output)["stages"]
    return {stage["stage"]: stage for stage in stages}


def whats(stage: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["what"], one.get("why", "")) for one in stage["history"]]


def write_log(program: Program, events: list[Event]) -> None:
    folder = program.project("s")
    folder.mkdir(parents=True)
    with EventLog.open(str(folder / "events.jsonl")) as log:
        for event in events:
            log.append_many([event])


def test_each_run_says_what_made_the_scene_run_or_be_left_alone(program: Program) -> None:
    program("run", program.story("s.txt", STORY), "--scenes", "1", "--stage", "storyboard")
    program("run", "s", "--stage", "storyboard")
    program("run", "s", "--scenes", "3")
    program("retry", "s", "--scenes", "3", "--stage", "storyboard")
    found = told(program, "s", 3)
    assert whats(found["storyboard"]) == [
        ("not run", "not asked for: the run was for scenes 1"),
        ("started", "not started before"),
        ("answered", ""),
        ("completed", ""),
        ("not run", "complete"),
        ("given up", "asked for again"),
        ("started", "it was asked for again"),
        ("answered", ""),
        ("completed", ""),
    ]
    assert whats(found["enhancement"]) == [
        ("not run", "not asked for: the run was for storyboard"),
        ("not run", "not asked for: the run was for storyboard"),
        ("started", "not started before"),
        ("answered", ""),
        ("completed", ""),
        ("not run", "not asked for: the run was for storyboard"),
    ]
    assert found["storyboard"]["now"] == {"action": "skip", "reason": "complete"}
    assert list(told(program, "s", 3, "--stage", "enhancement")) == ["enhancement"]
    numbers = [one["run"] for one in found["storyboard"]["history"]]
    assert numbers == [1, 2, 2, 2, 3, 4, 4, 4, 4]


def test_attempts_errors_waits_and_tokens_are_told(program: Program) -> None:
    log = Told()
    log.story("正文" * 10, scenes(2))
    log.fact(facts.RunStarted(run="r", stages="storyboard", provider="openai", model="m", jobs=1))
    log.fail("storyboard/s0002", 1, kind="transient", message="the server\x1b[31m had an error")
    attempt = log.start("storyboard/s0002", 2)
    received = facts.AnswerReceived(
        subject="storyboard/s0002",
        attempt=attempt,
        finish_reason="length",
        model="m",
        prompt_tokens=20,
        completion_tokens=5,
    )
    answer = log.fact(received, {"text": "…"})
    rejected = facts.SceneRejected(subject="storyboard/s0002", attempt=attempt, answer=answer.id, message="too short")
    log.fact(rejected, {"violations": ["too short"]})
    log.start("storyboard/s0002", 3)
    log.fact(facts.RunStarted(run="q", stages="storyboard,enhancement", provider="openai", model="m", jobs=1))
    write_log(program, [entry.to_event() for entry in log.entries])
    found = told(program, "s", 2)
    stage = found["storyboard"]
    assert (stage["attempts"], stage["failures"], stage["prompt_tokens"], stage["completion_tokens"]) == (3, 2, 20, 5)
    assert stage["waited_s"] == 2.0
    history = stage["history"]
    assert history[1] | {"seq": 0, "time": ""} == {
        "seq": 0,
        "time": "",
        "run": 1,
        "what": "failed",
        "attempt": 1,
        "kind": "transient",
        "message": "the server\x1b[31m had an error",
        "took_s": 1.0,
    }
    assert whats(stage)[2:] == [
        ("started", "failed 1 time, tried again"),
        ("answered", "ended by length"),
        ("rejected", ""),
        ("started", "failed 2 times, tried again"),
        ("without an outcome", "it was cut off, or is under way; it may have been billed"),
    ]
    assert whats(found["enhancement"])[-1] == ("not run", "waits for storyboard")
    said = program("log", "why", "s", 2).output
    assert "failed after 1.000 s: transient: the server had an error" in said
    assert "attempt 2 started (waited 1.000 s): failed 1 time, tried again" in said
    assert "\x1b" not in said


def test_a_real_server_that_failed_shows_with_its_kind_and_the_scene_beside_it_does_not(program: Program) -> None:
    with loopback(lambda _number, asked: BAD_REQUEST if is_storyboard_of(2, asked) else None) as server:
        program(
            "run", program.story("s.txt", STORY), "--scenes", "1-2", "--stage", "storyboard", *model(server), code=3
        )
    failed, well = told(program, "s", 2)["storyboard"], told(program, "s", 1)["storyboard"]
    assert {one.get("kind") for one in failed["history"] if one["what"] == "failed"} == {"terminal"}
    assert failed["now"]["action"] == "run"
    assert well["failures"] == 0


def test_a_changed_story_gives_a_scene_another_id_and_its_history_is_found(program: Program) -> None:
    log = Told()
    log.story("正文" * 15, scenes(3))
    log.complete("storyboard/s0003", "三\n")
    first, _, third = scenes(3)
    log.plan([first, replace(third, index=1)])
    write_log(program, [entry.to_event() for entry in log.entries])
    assert [what for what, _ in whats(told(program, "s", 2)["storyboard"])] == ["started", "answered", "completed"]
    assert json.loads(program("log", "why", "s", 2, "--json").output)["id"] == "s0003"


def test_an_event_of_a_newer_program_about_the_scene_is_shown(program: Program) -> None:
    log = Told()
    log.story("正文" * 5, scenes(1))
    events = [entry.to_event() for entry in log.entries]
    write_log(program, [*events, Event(type="scene.dreamt", subject="storyboard/s0001", id="d")])
    assert whats(told(program, "s", 1)["storyboard"]) == [("scene.dreamt", "")]


def test_imported_results_are_told(program: Program) -> None:
    old = {"storyboard_results": [{"storyboard_script": "旧"}, {"error": "timeout"}], "total_scenes": 2}
    (program.here / "storyboard_progress.json").write_text(json.dumps(old))
    program("import", "storyboard_progress.json", "--name", "s")
    assert whats(told(program, "s", 1)["storyboard"]) == [("completed", "by the older program")]
    assert whats(told(program, "s", 2)["storyboard"]) == [("failed", "by the older program")]


def test_the_log_is_read_once_and_what_others_have_said_is_not_kept(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Told()
    log.story("正文" * 100, scenes(20))
    for number in range(1, 21):
        log.complete(f"storyboard/s{number:04d}", "镜头" * 100_000)
    write_log(program, [entry.to_event() for entry in log.entries])
    size = (program.project("s") / "events.jsonl").stat().st_size
    told(program, "s", 7)  # what is loaded and compiled on first use is not what is measured
    read, real = [0], RealFiles.read_at

    def counting(self: RealFiles, handle: int, offset: int, wanted: int) -> bytes:
        data = real(self, handle, offset, wanted)
        read[0] += len(data)
        return data

    monkeypatch.setattr(RealFiles, "read_at", counting)
    tracemalloc.start()
    assert told(program, "s", 7)["storyboard"]["attempts"] == 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size <= read[0] < size * 1.1
    assert peak < size / 2


@pytest.mark.parametrize(
    ("number", "said"), [(99, "there is no scene 99: it has 4, counted from 1"), (5, "no scene 5")]
)
def test_a_scene_that_is_not_there_is_one_plain_line(program: Program, number: int, said: str) -> None:
    program("run", program.story("s.txt", STORY), "--scenes", "1", "--stage", "storyboard")
    result = program("log", "why", "s", number, code=1)
    assert said in result.output
    assert result.output.count("\n") == 1
    program("log", "why", "s", 0, code=2)
    program("log", "why", "s", 1, "--stage", "music", code=2)


def test_what_a_damaged_log_still_has_of_a_scene_is_shown(program: Program) -> None:
    program("run", program.story("s.txt", STORY), "--stage", "storyboard")
    path = program.project("s") / "events.jsonl"
    lines = path.read_bytes().split(b"\n")
    (at,) = [n for n, line in enumerate(lines) if b"answer.received" in line and b"storyboard/s0002" in line]
    lines[at] = lines[at].replace(b"text", b"teyt", 1)
    path.write_bytes(b"\n".join(lines))
    before = files_of(program.project("s"))
    result = program("log", "why", "s", 2, code=11)
    assert "lost: its answer is not in the log any more" in result.output
    assert ": corrupt: " in result.output
    assert files_of(program.project("s")) == before
