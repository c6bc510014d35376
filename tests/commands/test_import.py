"""`scenelog import`: the work of the program before is taken over, and its files are never lost."""

from __future__ import annotations

import json
import os
import shlex
import sys
from typing import TYPE_CHECKING, Any

import pytest

from stages.pipeline.project import Project
from tests.commands.stories import SCENES, STORY, model
from tests.loopback_server import loopback
from tests.program import files_of, of_type, results_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.program import Program

SCRIPT = "### 镜头 1\n- 镜头原文：林川走进雨里。\n- 镜头类型：中景\n- 画面描述：林川走进雨里，灯亮着。\n"
STORYBOARD = "storyboard_progress.json"
ENHANCEMENT = "enhancement_progress.json"


def _item(index: int, info: Any, **more: Any) -> dict[str, Any]:
    return {"scene_index": index, "scene_info": info, "storyboard_script": SCRIPT, **more}


def _old(folder: Path, items: list[dict[str, Any]], **more: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "storyboard_results": items,
        "world_bible": "世界观",
        "scenes_analysis": "分析",
        "timestamp": "2024-01-01T12:00:00",
        "total_scenes": SCENES,
        **more,
    }
    path = folder / STORYBOARD
    path.write_text(json.dumps(content, ensure_ascii=False, indent=4))
    return path


def _old_enhancement(folder: Path, indexes: list[int]) -> Path:
    results = [
        {"scene_index": at, "scene_info": {}, "enhanced_result": {"enhanced_description": f"旧的增强描述{at}"}}
        for at in indexes
    ]
    path = folder / ENHANCEMENT
    path.write_text(json.dumps({"enhanced_results": results, "total_scenes": SCENES}, ensure_ascii=False))
    return path


def test_an_old_project_is_refused_by_run_and_left_untouched(program: Program) -> None:
    _old(program.project("人生"), [_item(0, "雨夜")])
    story = program.story("人生.txt", STORY)
    before = files_of(program.here)
    for target in (story, "人生", "projects/人生"):
        said = program("run", target, code=1).output
        assert f"scenelog import projects/人生/{STORYBOARD}" in said
        assert files_of(program.here) == before
    program("status", "人生", code=1)
    program("snapshot", "人生", code=1)
    assert files_of(program.here) == before


def test_finished_scenes_stay_finished_and_the_story_gives_the_missing_ones(program: Program) -> None:
    old = _old(program.project("人生"), [_item(0, "雨夜"), _item(2, {"scene_title": "灯", "mood": "静"})])
    enhancement = _old_enhancement(program.project("人生"), [0])
    originals = {STORYBOARD: old.read_bytes(), ENHANCEMENT: enhancement.read_bytes()}
    story = program.story("人生.txt", STORY)
    said = program("import", old, enhancement, "--story", story).output
    assert "scenelog run 人生" in said
    assert files_of(program.project("人生") / "imported") == originals
    assert not (program.project("人生") / STORYBOARD).exists()
    with loopback() as server:
        program("run", "人生", *model(server))
        tasks = [request.task for request in server.requests]
    assert (tasks.count("storyboard"), tasks.count("enhancement")) == (2, 3)
    made = json.loads((program.project("人生") / "output/storyboard.json").read_bytes())["scenes"]
    assert [scene["scene_index"] for scene in made] == [0, 1, 2, 3]
    assert made[0]["storyboard_script"] == SCRIPT
    assert made[2]["scene_info"]["scene_title"] == "灯"
    assert files_of(program.project("人生") / "imported") == originals


def test_without_the_story_what_is_there_is_enhanced_and_the_rest_says_source_missing(program: Program) -> None:
    old = _old(program.project("人生"), [_item(0, "雨夜"), _item(1, "灯"), _item(3, "街")])
    program("import", old)
    result = program("run", "人生", code=3)
    assert "source missing" in result.output
    assert "scenelog import --story STORY --name 人生" in result.output
    found = results_of(program.project("人生"))
    enhanced = json.loads(found[ENHANCEMENT])
    assert [item["scene_index"] for item in enhanced["enhanced_results"]] == [0, 1, 3]
    assert enhanced["last_completed_scene"] == 1
    size = len(program.log("人生"))
    program("run", "人生", code=3)
    assert len(program.log("人生")) == size
    program("import", "--story", program.story("x.txt", STORY), "--name", "人生")
    program("run", "人生")
    assert len(of_type(program.log("人生"), "scene.started")) == 3 + 2


def test_what_nobody_can_make_again_is_not_given_up_by_retry(program: Program) -> None:
    program("import", _old(program.project("s"), [_item(0, "雨夜"), _item(1, "灯")]))
    program("run", "s", code=3)
    before = results_of(program.project("s"))
    said = program("retry", "s", "--scenes", "1", code=3).output
    assert "source missing" in said
    assert json.loads(results_of(program.project("s"))[STORYBOARD]) == json.loads(before[STORYBOARD])


def test_error_entries_are_failed_scenes_that_run_again(program: Program) -> None:
    items = [_item(0, "雨夜"), {"scene_index": 1, "scene_info": "灯", "error": "timeout"}]
    program("import", _old(program.project("s"), items), "--story", program.story("s.txt", STORY))
    status = json.loads(program("status", "s", "--json").output)
    assert status["stages"][0] == {"name": "storyboard", "total": SCENES, "done": 1, "failed": 1, "remaining": 2}
    program("run", "s")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b'{"storyboard_results": [{"scene_index": 0, "sto', "not whole JSON"),
        (b'{"storyboard_results": [1]}', "is not an object"),
        (b'{"storyboard_results": [{"scene_index": -1}]}', "scene_index"),
        (b'{"storyboard_results": [{"scene_index": "0"}]}', "scene_index"),
        (b'{"storyboard_results": []}', "no scene"),
        (b"[]", "not a progress file"),
        (b'{"other": 1}', "not a progress file"),
        (b"\xff\xfe\x00\x00", "not whole JSON"),
        (b'{"storyboard_results": [{"scene_index": 0, "storyboard_script": "x", "n": 1e999}]}', ""),
        (b'{"storyboard_results": [{"scene_index": 0, "storyboard_script": "\\ud800"}]}', ""),
        (b"[" * 100_000, "not whole JSON"),
        (b'{"storyboard_results": [{"scene_index": 0, "scene_info": ' + b"[" * 300 + b"]" * 300 + b"}]}", ""),
        (
            b'{"storyboard_results": [{"storyboard_script": "x"}, {"scene_index": 0, "storyboard_script": "y"}]}',
            "say different things",
        ),
        (
            b'{"storyboard_results": [{"storyboard_script": "x"}], "total_scenes": "4"}',
            "total_scenes",
        ),
    ],
)
def test_a_file_that_cannot_be_taken_over_is_refused_and_nothing_is_changed(
    program: Program, data: bytes, said: str
) -> None:
    old = _old(program.project("s"), [])
    old.write_bytes(data)
    before = files_of(program.here)
    result = program("import", old, code=1)
    assert said in result.output
    assert result.output.count("\n") == 1
    assert files_of(program.here) == before


def test_a_file_there_is_not_is_told(program: Program) -> None:
    assert "nothing.json" in program("import", "nothing.json", code=1).output
    program("import", code=2)
    program("import", "--story", "s.txt", code=2)


def test_files_from_elsewhere_stay_where_they_are(program: Program) -> None:
    old = _old(program.here / "old program", [_item(0, "雨夜")])
    before = old.read_bytes()
    program("import", old, "--name", "人生", "--story", program.story("s.txt", STORY))
    assert old.read_bytes() == before
    program("run", "人生")


def test_a_folder_that_is_no_project_folder_stays_what_it_is(program: Program) -> None:
    old = _old(program.here / "work/Downloads", [_item(0, "雨夜")])
    before = files_of(old.parent)
    said = program("import", old.relative_to(program.here), "--story", program.story("s.txt", STORY)).output
    assert said.strip().endswith("scenelog run Downloads")
    assert files_of(old.parent) == before
    program("run", "Downloads")


def test_the_file_that_stands_beside_the_one_named_is_taken_over_too(program: Program) -> None:
    old = _old(program.project("s"), [_item(at, f"第{at}场") for at in range(SCENES)])
    _old_enhancement(program.project("s"), list(range(SCENES)))
    program("import", old)
    program("run", "s")
    assert set(files_of(program.project("s") / "imported")) == {STORYBOARD, ENHANCEMENT}
    assert json.loads(program("status", "s", "--json").output)["state"] == "complete"


def test_an_import_that_was_killed_half_way_leaves_nothing_that_keeps_the_next_one_out(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, story = _old(program.project("s"), [_item(0, "雨夜")]), program.story("s.txt", STORY)
    before = old.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(Project, "record_together", lambda *_: sys.exit("killed"))
        program("import", old, code=1)
    assert "not written by this project" in program("run", story, code=1).output
    assert old.read_bytes() == before
    program("import", old, "--story", story)
    program("run", "s")


def test_a_long_story_with_few_old_scenes_can_be_planned(program: Program) -> None:
    line = "。".join(f"他走过第{number}条街，看见第{number}盏灯亮着" for number in range(20))
    story = program.story("长.txt", "\n".join(f"第{day}天，{line}。" for day in range(1, 130)))
    program("import", _old(program.project("长"), [_item(0, "雨夜")], total_scenes=2), "--story", story)
    with loopback() as server:
        program("run", "长", *model(server))
    (planned,) = of_type(program.log("长"), "scenes.planned")
    scenes = planned["data"]["scenes"]
    assert len(scenes) == 2
    assert (scenes[0]["start"], scenes[0]["end"]) == (0, scenes[1]["start"])
    assert scenes[1]["end"] == len((program.project("长") / "source.txt").read_text())


def test_what_is_no_file_is_not_waited_for(program: Program) -> None:
    os.mkfifo(program.here / STORYBOARD)
    assert "is not a file" in program("import", STORYBOARD, "--name", "x", code=1).output


def test_a_command_that_is_told_is_typed_as_it_stands(program: Program) -> None:
    old = _old(program.project("my story"), [_item(0, "雨夜")])
    said = program("run", program.story("my story.txt", STORY), code=1).output
    assert f"scenelog import 'projects/my story/{STORYBOARD}'" in said
    program(*shlex.split(said[said.index("import") :].replace("STORY", "'my story.txt'")))
    assert not old.exists()


@pytest.mark.parametrize("name", ["../x", "/x/y", "a/b", " ", "CON", ".x"])
def test_a_name_that_no_project_can_have_is_refused(program: Program, name: str) -> None:
    old = _old(program.here / "old", [_item(0, "雨夜")])
    before = files_of(program.here)
    program("import", old, "--name", name, code=1)
    assert files_of(program.here) == before


def test_a_project_there_is_already_is_not_imported_into(program: Program) -> None:
    program("run", program.story("s.txt", STORY))
    old = _old(program.here / "old", [_item(0, "雨夜")])
    before = files_of(program.here)
    assert "is a project already" in program("import", old, "--name", "s", code=1).output
    assert files_of(program.here) == before


def test_an_import_that_was_cut_off_before_the_originals_were_put_away_is_finished_by_the_next_command(
    program: Program,
) -> None:
    """The power went between the acknowledgement and the move: the originals stand where new progress files go."""
    items = [_item(0, "雨夜"), {"scene_index": 1, "scene_info": "灯", "error": "timeout"}]
    old = _old(program.project("s"), items)
    original, story = old.read_bytes(), program.story("s.txt", STORY)
    program("import", old, "--story", story)
    (program.project("s") / "imported" / STORYBOARD).rename(old)
    program("run", "s")
    assert files_of(program.project("s") / "imported") == {STORYBOARD: original}
    (program.project("s") / "imported" / STORYBOARD).rename(old)
    program("import", old, "--story", story)
    assert files_of(program.project("s") / "imported") == {STORYBOARD: original}
    assert not old.exists()


def test_an_imported_project_takes_in_a_changed_story_like_any_other(program: Program) -> None:
    old = _old(program.project("s"), [_item(0, "雨夜")])
    program("import", old, "--story", program.story("s.txt", STORY))
    program("run", "s")
    program.story("s.txt", STORY + "\n又过了一年，林川回来了。\n\n他没有带伞。\n\n灯还亮着。\n\n他笑了。\n")
    program("run", "s.txt", "--update-source")
    assert json.loads(program("status", "s", "--json").output)["state"] == "complete"
