"""`scenelog edit`: what a person writes is checked, wins over what was made before, and is never lost."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from stages.commands import reasons
from tests.commands.stories import STORY, model
from tests.commands.test_check import INVENTED, inventing, script_of
from tests.loopback_server import loopback
from tests.program import files_of, of_type

if TYPE_CHECKING:
    from pathlib import Path

    from tests.program import Program

MARK = "手写的画面：码头的灯一盏一盏亮起来。"
KEPT = "edits/storyboard_scene_002.md"


def by_hand(scene: int = 2) -> str:
    """A script that a person wrote for a scene: it passes."""
    return script_of(scene).replace("- 光影设计：无", f"- 光影设计：{MARK}", 1)


def editor(program: Program, monkeypatch: pytest.MonkeyPatch, *texts: str) -> Path:
    """An editor that saves these texts, one each time it is opened; returns where it notes what it was given."""
    for at, text in enumerate(texts):
        (program.here / f"text{at}").write_text(text)
    given = program.here / "given"
    script = program.here / "editor.py"
    script.write_text(
        "import pathlib, shutil, sys\n"
        f"here = pathlib.Path({str(program.here)!r})\n"
        "given = here / 'given'\n"
        "before = given.read_text() if given.exists() else ''\n"
        "number = before.count('<<<')\n"
        "given.write_text(before + '<<<' + pathlib.Path(sys.argv[-1]).read_text())\n"
        "if (here / f'text{number}').exists():\n"
        "    shutil.copyfile(here / f'text{number}', sys.argv[-1])\n"
        "sys.exit(1 if (here / 'breaks').exists() else 0)\n"
    )
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f"{sys.executable} {script}")
    return given


def made(program: Program) -> None:
    with loopback() as server:
        program("run", program.story("s.txt", STORY), *model(server))


def test_an_edit_becomes_the_result_everywhere_and_the_next_stage_is_stale(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(program)
    before = (program.project("s") / "storyboard/scene_002.md").read_text()
    given = editor(program, monkeypatch, by_hand())
    result = program("edit", "s", "--scene", "2")
    assert given.read_text() == "<<<" + before
    assert "storyboard of scene 2 is saved as you wrote it" in result.output
    assert "scenelog run s --scenes 2 --stage enhancement --stale rerun" in result.output
    found = files_of(program.project("s"))
    assert found["storyboard/scene_002.md"].decode() == by_hand()
    assert MARK in found["output/storyboard.md"].decode()
    assert MARK in json.loads(found["output/storyboard.json"])["scenes"][1]["storyboard_script"]
    assert KEPT not in found
    (entry,) = of_type(program.log("s"), "scene.edited")
    assert (entry["subject"], entry["data"], entry["meta"]["number"]) == ("storyboard/s0002", {"text": by_hand()}, 2)
    options = ("--provider", "openai", "--model", "test-model")
    steps = json.loads(program("plan", "s", *options, "--json").output)["steps"]
    reasons_now = {(step["stage"], step["scene_index"]): step["reason"] for step in steps}
    assert reasons_now["enhancement", 1] == "complete, upstream scene regenerated: kept"
    assert [reason for reason in reasons_now.values() if reason != "complete"] == [reasons_now["enhancement", 1]]
    with loopback() as server:
        program("run", "s", *model(server), "--stale", "rerun")
        assert [request.task for request in server.requests] == ["enhancement"]
        assert MARK in server.requests[0].text


def test_an_edit_outlives_replay_another_model_and_a_deleted_folder(program: Program) -> None:
    made(program)
    program("edit", "s", "--scene", "2", "--file", program.story("mine.md", by_hand()))
    whole = files_of(program.project("s"))
    for name in ("storyboard/scene_002.md", "output/storyboard.json", "output/storyboard.md", "checkpoint.json"):
        (program.project("s") / name).unlink(missing_ok=True)
    with loopback() as server:
        program("run", "s", *model(server), "--model", "another", "--stage", "storyboard", "--stale", "rerun")
        assert len([request for request in server.requests if request.task == "storyboard"]) == 3
    after = files_of(program.project("s"))
    assert after["storyboard/scene_002.md"] == whole["storyboard/scene_002.md"]
    assert MARK.encode() in after["output/storyboard.md"]


def test_who_asks_for_a_scene_again_gets_it_again(program: Program) -> None:
    made(program)
    program("edit", "s", "--scene", "2", "--file", program.story("mine.md", by_hand()))
    with loopback() as server:
        program("retry", "s", "--scenes", "2", *model(server))
    assert MARK not in (program.project("s") / "storyboard/scene_002.md").read_text()


def test_a_rejected_answer_is_what_the_editor_opens_and_mending_it_finishes_the_scene(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = program.story("s.txt", STORY)
    with loopback(inventing(2)) as server:
        program("run", story, *model(server), "--stage", "storyboard", code=3)
    given = editor(program, monkeypatch, by_hand())
    program("edit", "s", "--scene", "2")
    assert INVENTED in given.read_text()
    status = json.loads(program("status", "s", "--json").output)["stages"][0]
    assert (status["done"], status["failed"]) == (4, 0)
    assert (program.project("s") / "output/storyboard.json").exists()
    assert not (program.project("s") / "storyboard_progress.json").exists()
    with loopback() as server:
        program("run", "s", *model(server))
        assert {request.task for request in server.requests} == {"enhancement"}


def test_the_progress_file_shows_an_edit_while_the_stage_is_unfinished(program: Program) -> None:
    with loopback() as server:
        program("run", program.story("s.txt", STORY), *model(server), "--scenes", "1-2", "--stage", "storyboard")
    program("edit", "s", "--scene", "2", "--file", program.story("mine.md", by_hand()))
    saved = json.loads((program.project("s") / "storyboard_progress.json").read_bytes())
    assert saved["storyboard_results"][1]["storyboard_script"] == by_hand()


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_a_text_that_does_not_pass_is_told_why_and_kept_for_the_next_time(
    program: Program, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    made(program)
    before = program.log("s")
    bad = script_of(2, INVENTED)
    given = editor(program, monkeypatch, bad, by_hand())
    monkeypatch.setattr(reasons, "on_terminal", lambda: bool(answer))
    result = program("edit", "s", "--scene", "2", code=3, typed=answer)
    assert "直升机" in result.output
    assert f"projects/s/{KEPT}" in result.output
    assert "scenelog edit s --scene 2" in result.output
    assert (program.project("s") / KEPT).read_text() == bad
    assert program.log("s") == before
    result = program("edit", "s", "--scene", "2")
    assert "Going on with what you wrote before" in result.output
    assert given.read_text().split("<<<")[2] == bad
    assert not (program.project("s") / KEPT).exists()


def test_a_person_who_is_asked_may_go_on_editing(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    made(program)
    given = editor(program, monkeypatch, script_of(2, INVENTED), by_hand())
    monkeypatch.setattr(reasons, "on_terminal", lambda: True)
    assert "Edit it again?" in program("edit", "s", "--scene", "2", typed="y\n").output
    assert given.read_text().count("<<<") == 2
    assert of_type(program.log("s"), "scene.edited")


def test_what_was_typed_survives_an_editor_that_breaks_and_a_project_that_is_locked(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(program)
    editor(program, monkeypatch, by_hand())
    (program.here / "breaks").touch()
    program("edit", "s", "--scene", "2", code=1)
    assert (program.project("s") / KEPT).read_text() == by_hand()
    (program.here / "breaks").unlink()
    with (
        loopback(delay_s=30) as server,
        program.start("retry", "s", "--scenes", "1", *model(server), "--json") as process,
    ):
        assert process.stdout is not None
        next(line for line in process.stdout if b"scene.started" in line)
        result = program("edit", "s", "--scene", "2", code=1)
        assert f"What you wrote is safe in projects/s/{KEPT}" in result.output
        assert f"pid {process.pid}" in result.output
        process.kill()
    assert (program.project("s") / KEPT).read_text() == by_hand()
    program("edit", "s", "--scene", "2")
    assert of_type(program.log("s"), "scene.edited")


def test_a_scene_made_anew_while_somebody_wrote_is_not_overwritten(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(program)
    editor(program, monkeypatch, by_hand())
    script = program.here / "editor.py"
    again = f"import os; os.system({sys.executable!r} + ' -m cli retry s --scenes 2 --provider offline >/dev/null')\n"
    script.write_text(f"{script.read_text().rpartition('sys.exit')[0]}{again}")
    result = program("edit", "s", "--scene", "2", code=1)
    assert "was made anew while you wrote" in result.output
    assert (program.project("s") / KEPT).read_text() == by_hand()
    assert not of_type(program.log("s"), "scene.edited")


def test_leaving_the_text_as_it_is_changes_nothing(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    made(program)
    before = files_of(program.project("s"))
    editor(program, monkeypatch)
    assert "left as it is" in program("edit", "s", "--scene", "2").output
    assert files_of(program.project("s")) == before


def test_a_file_that_does_not_pass_changes_nothing(program: Program) -> None:
    made(program)
    before = program.log("s")
    mine = program.story("mine.md", script_of(2, INVENTED))
    result = program("edit", "s", "--scene", "2", "--file", mine, code=3)
    assert "直升机" in result.output
    assert "mine.md does not pass the checks; nothing was changed." in result.output
    assert (
        "is not UTF-8 text"
        in program("edit", "s", "--scene", "2", "--file", program.story("g", "雨".encode("gb18030")), code=1).output
    )
    assert "no such file" in program("edit", "s", "--scene", "2", "--file", "nowhere", code=1).output
    assert program.log("s") == before


def test_a_scene_that_was_never_made_can_be_written_from_a_file(program: Program) -> None:
    with loopback() as server:
        program("run", program.story("s.txt", STORY), *model(server), "--scenes", "1")
        assert "nothing to edit yet" in program("edit", "s", "--scene", "2", code=1).output
        assert "has no storyboard yet" in program("edit", "s", "--scene", "2", "--stage", "enhancement", code=1).output
        program("edit", "s", "--scene", "2", "--file", program.story("mine.md", by_hand()))
        asked = len(server.requests)
        program("run", "s", *model(server), "--scenes", "2")
        assert [request.task for request in server.requests[asked:]] == ["enhancement"]
    program("edit", "s", "--scene", "9", code=1)
    program("edit", "s", "--scene", "0", code=2)


def test_image_prompts_are_edited_as_well(program: Program) -> None:
    made(program)
    text = (program.project("s") / "enhancement/scene_003.md").read_text()
    mine = program.story("mine.md", text.replace("\n\n### 镜头 2", f"{MARK}\n\n### 镜头 2"))
    result = program("edit", "s", "--scene", "3", "--stage", "enhancement", "--file", mine)
    assert "Make it again" not in result.output
    assert MARK in (program.project("s") / "output/enhanced.md").read_text()
