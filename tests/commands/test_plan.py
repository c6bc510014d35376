"""`scenelog plan` and `run --stale`: what is made and why, and finished work that is no longer today's."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any

import pytest

from stages.commands import reasons
from stages.commands.words import WORDS
from stages.pipeline.plan import OTHER, PARTS, Action, Cause, PlannedStep
from tests.commands.stories import SCENES, STORY, model
from tests.loopback_server import BAD_REQUEST, always, loopback
from tests.program import files_of, of_type, results_of
from tests.stages.told import scenes

if TYPE_CHECKING:
    from tests.program import Program


def planned(program: Program, *options: object) -> list[dict[str, Any]]:
    """The steps of a plan."""
    steps: list[dict[str, Any]] = json.loads(program("plan", "s", "--json", *options).output)["steps"]
    return steps


def told(steps: list[dict[str, Any]]) -> list[tuple[str, int, str, str]]:
    return [(step["stage"], step["scene_index"], step["action"], step["reason"]) for step in steps]


def test_a_plan_tells_of_every_scene_and_changes_nothing(program: Program) -> None:
    program("run", program.story("s.txt", STORY), "--scenes", "1-2", "--stage", "storyboard")
    before = files_of(program.here)
    assert told(planned(program)) == [
        ("storyboard", 0, "skip", "complete"),
        ("storyboard", 1, "skip", "complete"),
        ("storyboard", 2, "run", "not started"),
        ("storyboard", 3, "run", "not started"),
        ("enhancement", 0, "run", "not started"),
        ("enhancement", 1, "run", "not started"),
        ("enhancement", 2, "run", "after its storyboard"),
        ("enhancement", 3, "run", "after its storyboard"),
    ]
    assert [step[1] for step in told(planned(program, "--scenes", "2-3", "--stage", "storyboard"))] == [1, 2]
    assert "s: 6 to make, 2 complete (0 of them stale), 0 waiting" in program("plan", "s").output
    program("plan", "s", "--scenes", "9", code=1)
    assert files_of(program.here) == before


def test_a_plan_of_what_is_not_there_says_what_to_do(program: Program) -> None:
    assert "scenelog run" in program("plan", program.story("s.txt", STORY), code=1).output
    program("plan", "nothing", code=1)


def test_another_style_makes_all_stale_and_the_plan_says_so(program: Program) -> None:
    program("run", program.story("s.txt", STORY))
    kept = planned(program, "--style", "水墨")
    assert {(step["action"], step["reason"], step["stale"]) for step in kept} == {
        ("skip", "complete, style changed: kept", True)
    }
    again = planned(program, "--style", "水墨", "--stale", "rerun")
    assert {(step["action"], step["reason"]) for step in again} == {("run", "style changed")}


def test_a_plan_speaks_the_readers_language(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    program("run", program.story("s.txt", STORY), "--stage", "storyboard")
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    lines = program("plan", "s", "--style", "水墨").output.splitlines()
    assert lines[0].startswith("分镜  场景1 ")
    assert lines[0].endswith("跳过: 已完成；风格已改变，保留")
    assert lines[-1] == f"s：待生成 {SCENES}，已完成 {SCENES}（其中 {SCENES} 个依据已变），等待 0"


@pytest.mark.parametrize("cause", Cause)
@pytest.mark.parametrize("changed", [(), ("model",), ("text", "upstream")])
def test_every_reason_has_chinese_words(
    cause: Cause, changed: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    step = PlannedStep(
        stage="storyboard",
        scene=scenes(1)[0],
        action=Action.RUN,
        cause=cause,
        changed=changed,
        upstream="storyboard",
        stale=True,
        edited=True,
    )
    said = reasons.reason(step)
    assert not any("a" <= letter <= "z" for letter in said)
    assert {f"part_{part}" for part in (*PARTS, OTHER)} <= set(WORDS)


def test_stale_work_is_kept_and_listed_by_default(program: Program) -> None:
    program("run", program.story("s.txt", STORY))
    before = program.log("s")
    result = program("run", "s", "--style", "水墨")
    assert "8 finished results are kept" in result.output
    assert "storyboard 1-4; enhancement 1-4" in result.output
    assert "scenelog plan s --style 水墨. " in result.output
    assert "scenelog run s --style 水墨 --stale rerun" in result.output
    assert program.log("s") == before


def test_the_command_that_is_told_means_the_same_scenes_made_in_the_same_way(program: Program) -> None:
    program("run", program.story("s.txt", STORY))
    said = program("run", "s", "--style", "oil paint", "--scenes", "2", "--stage", "storyboard").output
    (command,) = re.findall(r"scenelog (run .* rerun)$", said, re.MULTILINE)
    before = len(of_type(program.log("s"), "scene.completed"))
    program(*shlex.split(command))
    assert len(of_type(program.log("s"), "scene.completed")) == before + 1


def test_rerun_makes_stale_work_again_once(program: Program) -> None:
    with loopback() as server:
        program("run", program.story("s.txt", STORY), *model(server))
        asked = len(server.requests)
        first = program("run", "s", *model(server), "--model", "another", "--scenes", "2", "--stale", "rerun")
        assert [request.task for request in server.requests[asked:]] == ["storyboard", "enhancement"]
        result = program("run", "s", *model(server), "--model", "another", "--scenes", "2", "--stale", "rerun")
        assert len(server.requests) == asked + 2
    assert "complete" in result.output
    assert "storyboard 4/4  scene 2" in first.output  # the others are done; it is not counted twice
    log = program.log("s")
    assert [entry["meta"]["stale"] for entry in of_type(log, "run.started")] == ["keep", "rerun"]
    assert not of_type(log, "scene.invalidated")


def test_a_rerun_whose_storyboard_stays_the_same_does_not_make_the_enhancement_again(program: Program) -> None:
    """The server answers by the text alone, so the new storyboard is the old one, to the letter."""
    with loopback() as server:
        program("run", program.story("s.txt", STORY), *model(server), "--stage", "storyboard")
        program("run", "s", *model(server), "--model", "another", "--stage", "enhancement")
        asked = len(server.requests)
        program("run", "s", *model(server), "--model", "another", "--stale", "rerun")
        assert [request.task for request in server.requests[asked:]] == ["storyboard"] * SCENES
    assert json.loads(program("status", "s", "--json").output)["state"] == "complete"


def test_a_rerun_that_fails_keeps_the_results_there_were(program: Program) -> None:
    with loopback() as server:
        program("run", program.story("s.txt", STORY), *model(server))
    whole = results_of(program.project("s"))
    with loopback(always(BAD_REQUEST)) as server:
        result = program("run", "s", *model(server), "--model", "another", "--stale", "rerun", code=3)
    assert "8 results could not be made again, the ones before are kept" in result.output
    assert results_of(program.project("s")) == whole


def test_the_outputs_show_what_was_made_again(program: Program) -> None:
    program("run", program.story("s.txt", STORY), "--scenes", "1")
    program("run", "s")
    with loopback() as server:
        program("run", "s", *model(server), "--scenes", "1", "--stale", "rerun")
    script = (program.project("s") / "storyboard/scene_001.md").read_text()
    output = json.loads((program.project("s") / "output/storyboard.json").read_bytes())
    assert output["scenes"][0]["storyboard_script"] == script
    assert "景深效果：无" in script  # the server's, not the director's
    assert not list(program.project("s").glob("*_progress.json"))


@pytest.mark.parametrize(("said", "makes"), [("y\n", 2), ("n\n", 0)])
def test_ask_lists_what_is_stale_and_does_what_the_person_says(
    program: Program, monkeypatch: pytest.MonkeyPatch, said: str, makes: int
) -> None:
    program("run", program.story("s.txt", STORY))
    monkeypatch.setattr(reasons, "on_terminal", lambda: True)
    before = len(of_type(program.log("s"), "scene.completed"))
    result = program("run", "s", "--style", "水墨", "--scenes", "3", "--stale", "ask", typed=said)
    assert "scene 3" in result.output
    assert "style changed" in result.output
    assert "Make these 2 again?" in result.output
    assert len(of_type(program.log("s"), "scene.completed")) == before + makes


def test_where_nobody_can_be_asked_stale_work_is_kept_and_that_is_said(program: Program) -> None:
    program("run", program.story("s.txt", STORY))
    before = program.log("s")
    assert "no terminal" in program("run", "s", "--style", "水墨", "--stale", "ask").output
    assert program.log("s") == before
