"""`scenelog check`: answers are judged again from the log, at no cost, and nothing finished is taken away."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from stages.pipeline import checks, script
from tests.commands.stories import SCENES, STORY, is_storyboard_of, model, paragraph
from tests.loopback_server import Fault, loopback
from tests.program import files_of, of_type, results_of

if TYPE_CHECKING:
    import pytest

    from tests.program import Program

INVENTED = "忽然，一架直升机从雾里落了下来，螺旋桨卷起巨浪。"


def told(program: Program, *options: object, code: int = 0) -> list[dict[str, Any]]:
    """What a check finds, scene by scene."""
    found: list[dict[str, Any]] = json.loads(program("check", "s", "--json", *options, code=code).output)["scenes"]
    return found


def script_of(scene: int, extra: str = "") -> str:
    """A good script of a scene, and one more shot that quotes `extra`."""
    quotes = [paragraph(number) for number in range(3 * scene - 2, 3 * scene + 1)] + ([extra] if extra else [])
    blank = dict.fromkeys(script.FIELDS, "无")
    shots = [
        script.Shot(number=at, fields=blank | {"source": quote, "picture": quote}) for at, quote in enumerate(quotes, 1)
    ]
    return script.render("雨", shots, "zh")


def inventing(scene: int) -> Any:
    """A server that invents a sentence in one scene, as often as it is asked."""
    fault = Fault(content=script_of(scene, INVENTED))
    return lambda _, text: fault if is_storyboard_of(scene, text) else None


def with_a_rejected_scene(program: Program) -> None:
    """A project whose scene 2 was rejected, in which all else that can be is finished."""
    story = program.story("s.txt", STORY)
    with loopback(inventing(2)) as server:
        program("run", story, *model(server), code=3)
    assert len(of_type(program.log("s"), "scene.rejected")) == 1


def test_a_finished_project_in_order_passes_and_nothing_is_written(program: Program) -> None:
    program("run", program.story("s.txt", STORY))
    before = {name: data for name, data in files_of(program.project("s")).items() if name != "events.lock"}
    assert "s: 8 pass, 0 do not, 0 newly accepted, 0 remarks" in program("check", "s").output
    assert {(one["state"], one["passes"]) for one in told(program)} == {("finished", True)}
    after = {name: data for name, data in files_of(program.project("s")).items() if name != "events.lock"}
    assert after == before


def test_a_rejected_answer_that_fails_today_as_well_is_told_with_what_is_wrong(program: Program) -> None:
    with_a_rejected_scene(program)
    before = program.log("s")
    result = program("check", "s", code=3)
    assert "storyboard  scene 2" in result.output
    assert "rejected:" in result.output
    assert "直升机" in result.output
    assert "scenelog edit s --scene N" in result.output
    failing = [one for one in told(program, code=3) if not one["passes"]]
    assert [(one["stage"], one["scene_index"], one["state"]) for one in failing] == [("storyboard", 1, "rejected")]
    assert failing[0]["violations"][0]["rule"] == "invented"
    assert program.log("s") == before


def test_a_rejected_answer_that_passes_by_todays_rules_becomes_the_result_without_a_call(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_a_rejected_scene(program)
    monkeypatch.setattr(checks, "_invented", lambda *_: [])
    result = program("check", "s")
    assert "its answer passes now and is accepted" in result.output
    (entry,) = of_type(program.log("s"), "scene.completed")[-1:]
    answers = [one["id"] for one in of_type(program.log("s"), "answer.received") if "s0002" in one["subject"]]
    assert (entry["subject"], entry["meta"]["answer"]) == ("storyboard/s0002", answers[-1])
    assert INVENTED in (program.project("s") / "storyboard/scene_002.md").read_text()
    assert (program.project("s") / "output/storyboard.json").exists()
    steps = json.loads(program("plan", "s", "--provider", "openai", "--model", "test-model", "--json").output)["steps"]
    assert [step["reason"] for step in steps if step["scene_index"] == 1] == ["complete", "not started"]
    with loopback() as server:
        program("run", "s", *model(server))
        assert [request.task for request in server.requests] == ["enhancement"]


def test_an_answer_to_an_older_question_is_accepted_as_that_and_is_stale(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_a_rejected_scene(program)
    settings = program.project("s") / "project.toml"
    settings.write_text(settings.read_text() + 'style = "水墨"\n')
    monkeypatch.setattr(checks, "_invented", lambda *_: [])
    program("check", "s")
    for options in ((), ("--model", "another")):  # what it was made from is not known any more, and not made up
        planned = program("plan", "s", "--stage", "storyboard", "--scenes", "2", "--json", *options)
        steps = json.loads(planned.output)["steps"]
        assert [step["reason"] for step in steps] == ["complete, input or settings changed: kept"]


def test_of_several_answers_the_newest_that_passes_is_taken(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    story = program.story("s.txt", STORY)
    contents = [script_of(2, INVENTED), "我做不到。"]

    def fault(_: int, text: str) -> Fault | None:
        return Fault(content=contents.pop(0)) if is_storyboard_of(2, text) else None

    with loopback(fault) as server:
        program("run", story, *model(server), code=3)
    monkeypatch.setattr(checks, "_invented", lambda *_: [])
    assert [one["accepted"] for one in told(program, "--scenes", "2", "--stage", "storyboard")] == [True]
    assert INVENTED in (program.project("s") / "storyboard/scene_002.md").read_text()


def test_an_answer_that_nobody_has_read_is_taken_in(program: Program) -> None:
    """A crash between the answer and its outcome: the log ends with the paid answer."""
    story = program.story("s.txt", STORY)
    with loopback() as server:
        program("run", story, *model(server), "--scenes", "1", "--stage", "storyboard")
    log = program.project("s") / "events.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    answered = next(at for at, line in enumerate(lines) if b'"answer.received"' in line and b"storyboard/" in line)
    log.write_bytes(b"".join(lines[: answered + 1]))
    for name in ("events.head", "checkpoint.json"):
        (program.project("s") / name).unlink(missing_ok=True)
    whole = results_of(program.project("s"))["storyboard/scene_001.md"]
    for name in ("storyboard/scene_001.md", "storyboard_progress.json"):  # they were never written
        (program.project("s") / name).unlink()
    assert [(one["state"], one["accepted"]) for one in told(program)] == [("unread", True)]
    assert results_of(program.project("s"))["storyboard/scene_001.md"] == whole
    assert told(program)[0]["state"] == "finished"


def test_a_finished_scene_that_would_fail_today_is_reported_and_kept(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    program("run", program.story("s.txt", STORY))
    before = results_of(program.project("s")), program.log("s")
    monkeypatch.setattr(checks, "_NEEDED", ("source", "no such field"))
    monkeypatch.setitem(script.FIELDS, "no such field", {"zh": "新字段", "en": "new field"})
    result = program("check", "s", code=3)
    assert "finished, kept, but would not pass now" in result.output
    assert "新字段" in result.output
    assert (results_of(program.project("s")), program.log("s")) == before


def test_remarks_are_shown_and_fail_nothing(program: Program) -> None:
    story = program.story("s.txt", STORY)
    content = script_of(1).replace("- 镜头角色：无", "- 镜头角色：王五").replace("- 转场方式：无\n", "")
    with loopback(lambda _, text: Fault(content=content) if is_storyboard_of(1, text) else None) as server:
        said = program("run", story, *model(server)).output
        assert len(server.requests) == 2 + 2 * SCENES
    assert "2 remarks on what was made; nothing was rejected for them. See them: scenelog check s" in said
    result = program("check", "s")
    assert "remark: 镜头 1, 2, 3 的角色“王五”在场景和世界观圣经里都没有" in result.output
    assert "remark: 镜头 1, 2, 3 缺少字段：转场方式" in result.output


def test_what_cannot_be_checked_is_told(program: Program) -> None:
    program("check", "nothing", code=1)
    program("run", program.story("s.txt", STORY))
    program("check", "s", "--scenes", "9", code=1)
    program("check", "s", "--stage", "audio", code=2)
