"""What the results promise: the progress files are the user's document to the byte, outputs depend on results alone."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest

from stages.pipeline import events as facts
from stages.pipeline.contract import Scene
from stages.pipeline.results import (
    analysis,
    bible_text,
    finished,
    foreign_items,
    outputs,
    progress_file,
    scene_file,
    snapshot,
)
from stages.registry import STAGES
from tests.stages.told import Told, fold, scenes

NAMES = [stage.name for stage in STAGES]
SCRIPT = "# 场景 {0}\n\n### 镜头 1\n- 镜头原文：第{0}幕。\n- 镜头类型：远景\n"
PICTURE = "### 镜头 1\n第{0}幕的画面。\n"


def told(
    total: int = 2, done: tuple[int, ...] = (1, 2), *, stages: tuple[str, ...] = ("storyboard", "enhancement")
) -> Told:
    """A project in which these scenes (1-based) are finished."""
    log = Told()
    log.story("正文" * 5 * total, scenes(total))
    for stage in stages:
        text = SCRIPT if stage == "storyboard" else PICTURE
        for number in done:
            log.complete(f"{stage}/s{number:04d}", text.format(number))
    return log


def snapshot_of(log: Told, stage: str) -> bytes:
    found = snapshot(log.progress, stage, log.content)
    assert found is not None
    return found


def test_the_storyboard_progress_file_is_exactly_the_users_document() -> None:
    log = Told()
    log.story(
        "正文正文。", [Scene(id="s0001", index=0, title="场景1", start=0, end=5), scenes(2)[1]], bible="世界观圣经内容"
    )
    log.complete("storyboard/s0001", "详细的分镜脚本内容...\n")
    expected = """{
  "storyboard_results": [
    {
      "scene_index": 0,
      "scene_info": {
        "scene_title": "场景1",
        "scene_id": "s0001",
        "source_start": 0,
        "source_end": 5
      },
      "storyboard_script": "详细的分镜脚本内容...\\n"
    }
  ],
  "world_bible": "世界观圣经内容\\n",
  "scenes_analysis": "## 1. 场景1\\n\\n## 2. 场景2\\n",
  "timestamp": "2024-01-01T12:00:07+00:00",
  "total_scenes": 2
}
"""
    assert snapshot_of(log, "storyboard").decode() == expected


def test_the_enhancement_progress_file_is_exactly_the_users_document() -> None:
    log = Told()
    scene = Scene(id="s0001", index=0, title="场景1", start=0, end=5, characters=("林",), summary="相遇")
    log.story("正文正文。", [scene, scenes(2)[1]])
    log.complete("storyboard/s0001", SCRIPT.format(1))
    log.complete("enhancement/s0001", "增强后的描述...\n")
    expected = """{
  "enhanced_results": [
    {
      "scene_index": 0,
      "scene_info": {
        "scene_title": "场景1",
        "scene_id": "s0001",
        "characters": [
          "林"
        ],
        "summary": "相遇",
        "source_start": 0,
        "source_end": 5
      },
      "enhanced_result": {
        "enhanced_description": "增强后的描述...\\n"
      }
    }
  ],
  "timestamp": "2024-01-01T12:00:10+00:00",
  "total_scenes": 2,
  "last_completed_scene": 0
}
"""
    assert snapshot_of(log, "enhancement").decode() == expected


@pytest.mark.parametrize("stage", NAMES)
def test_there_is_no_progress_file_while_nothing_is_finished(stage: str) -> None:
    log = told(done=())
    assert snapshot(log.progress, stage, log.content) is None


def test_a_failed_scene_in_the_middle_leaves_a_gap_and_no_wrong_index() -> None:
    log = told(5, done=(5, 1, 3))
    log.fail("storyboard/s0002")
    for stage, key in (("storyboard", "storyboard_results"), ("enhancement", "enhanced_results")):
        items = orjson.loads(snapshot_of(log, stage))[key]
        assert [item["scene_index"] for item in items] == [0, 2, 4]
        assert [item["scene_info"]["scene_id"] for item in items] == ["s0001", "s0003", "s0005"]


@pytest.mark.parametrize(
    ("done", "last"), [((1,), 0), ((1, 2), 1), ((1, 2, 3), 2), ((2, 3), -1), ((1, 3), 0), ((3,), -1), ((1, 2, 4), 1)]
)
def test_last_completed_scene_is_the_end_of_the_prefix_without_gaps(done: tuple[int, ...], last: int) -> None:
    assert orjson.loads(snapshot_of(told(4, done), "enhancement"))["last_completed_scene"] == last


def test_an_old_reader_that_goes_on_after_last_completed_scene_skips_no_unfinished_scene() -> None:
    for done in ((2,), (1, 3), (2, 3), (1, 2)):
        last = orjson.loads(snapshot_of(told(3, done), "enhancement"))["last_completed_scene"]
        assert {number - 1 for number in {1, 2, 3} - set(done)} <= set(range(last + 1, 3))


def test_the_timestamp_is_the_time_of_the_newest_completion_in_the_file() -> None:
    log = told(3, done=(3, 1), stages=("storyboard",))
    newest = log.entries[-1].time
    log.fail("storyboard/s0002")
    log.start("storyboard/s0002", 2)
    assert orjson.loads(snapshot_of(log, "storyboard"))["timestamp"] == newest[:19] + "+00:00"


@pytest.mark.parametrize("stage", NAMES)
def test_a_rebuilt_progress_file_is_the_same_to_the_byte(stage: str) -> None:
    log = told(3, done=(2, 1))
    assert snapshot(fold(log.entries), stage, log.content) == snapshot_of(log, stage)


@pytest.mark.parametrize("stage", NAMES)
def test_progress_files_end_with_a_newline_and_are_readable_text(stage: str) -> None:
    data = snapshot_of(told(), stage)
    assert data.endswith(b"\n}\n")
    assert "场景1".encode() in data


def without_time(log: Told) -> Told:
    """The same results, told at another time, by other attempts, in another order."""
    other = Told("z")
    other.fact(facts.RunStarted(run="r", stages="", provider="x", model="y", jobs=1))
    other.story("正文" * 5 * 3, scenes(3))
    for number in (3, 1, 2):
        other.fail(f"storyboard/s{number:04d}", 1)
        other.complete(f"storyboard/s{number:04d}", SCRIPT.format(number), 2, fingerprint="g")
        other.complete(f"enhancement/s{number:04d}", PICTURE.format(number), 1)
    assert log.entries != other.entries
    return other


@pytest.mark.parametrize("stage", NAMES)
def test_outputs_are_a_function_of_the_results_alone(stage: str) -> None:
    log = told(3, done=(1, 2, 3))
    other = without_time(log)
    found = outputs(log.progress, stage, log.content)
    assert found == outputs(other.progress, stage, other.content)
    for data in found.values():
        assert b"2024-" not in data
        assert log.entries[-1].id.encode() not in data


def test_outputs_of_a_storyboard_hold_every_scene_in_order() -> None:
    log = told(2, done=(2, 1))
    found = outputs(log.progress, "storyboard", log.content)
    assert list(found) == [
        "storyboard/scene_001.md",
        "storyboard/scene_002.md",
        "output/storyboard.md",
        "output/storyboard.json",
    ]
    assert found["storyboard/scene_002.md"].decode() == SCRIPT.format(2)
    assert found["output/storyboard.md"].decode() == "# 人生\n\n" + SCRIPT.format(1) + "\n" + SCRIPT.format(2)
    whole = orjson.loads(found["output/storyboard.json"])
    assert list(whole) == ["project", "language", "world_bible", "scenes_analysis", "scenes"]
    assert whole["scenes"][1]["shots"] == [{"source": "第2幕。", "shot_size": "远景"}]


def test_outputs_of_the_enhancement_name_the_scene_of_each_description() -> None:
    log = told(2)
    found = outputs(log.progress, "enhancement", log.content)
    assert found["output/enhanced.md"].decode() == (
        "# 人生\n\n## 1. 场景1\n\n" + PICTURE.format(1) + "\n## 2. 场景2\n\n" + PICTURE.format(2)
    )
    whole = orjson.loads(found["output/enhanced.json"])
    assert [item["scene_index"] for item in whole["scenes"]] == [0, 1]
    assert whole["scenes"][0]["enhanced_result"] == {"enhanced_description": PICTURE.format(1)}


def test_scene_files_have_the_number_that_people_see() -> None:
    assert scene_file("storyboard", scenes(12)[11]) == "storyboard/scene_012.md"
    assert progress_file("enhancement") == "enhancement_progress.json"


def test_finished_scenes_come_in_scene_order_whatever_the_order_of_completion() -> None:
    log = told(3, done=(3, 1))
    assert [one.scene.number for one in finished(log.progress, "storyboard")] == [1, 3]


def test_a_scene_made_again_shows_its_new_result() -> None:
    log = told(1, done=(1,))
    log.fact(facts.SceneInvalidated(subject="storyboard/s0001", reason="asked for again"))
    log.complete("storyboard/s0001", "新的\n", 2)
    assert orjson.loads(snapshot_of(log, "storyboard"))["storyboard_results"][0]["storyboard_script"] == "新的\n"


def test_the_wrapping_of_an_answer_does_not_reach_the_result() -> None:
    log = told(1, done=())
    log.complete("storyboard/s0001", "<think>\n嗯\n</think>\n```markdown\n### 镜头 1\n```")
    assert orjson.loads(snapshot_of(log, "storyboard"))["storyboard_results"][0]["storyboard_script"] == "### 镜头 1\n"


def old(**changed: Any) -> dict[str, Any]:
    """What the program before left."""
    return {
        "storyboard_results": [
            {"scene_index": 0, "scene_info": {"scene_title": "雨夜", "时长": 30}, "storyboard_script": "旧镜头"},
            {"scene_index": 1, "scene_info": "门", "error": "timeout"},
        ],
        "world_bible": "旧世界",
        "scenes_analysis": "旧分析",
        "timestamp": "2023-05-05T05:05:05",
        "total_scenes": 3,
    } | changed


def imported(content: dict[str, Any] | None = None) -> Told:
    log = Told()
    log.fact(facts.ProjectCreated(name="人生"))
    fact = facts.ProgressImported(total_scenes=3, language="zh", files="storyboard_progress.json")
    log.fact(fact, {"storyboard": content or old(), "enhancement": None})
    return log


def test_an_imported_result_keeps_what_the_old_program_said_of_its_scene() -> None:
    log = imported()
    found = orjson.loads(snapshot_of(log, "storyboard"))
    assert found["storyboard_results"] == [
        {
            "scene_index": 0,
            "scene_info": {"scene_title": "雨夜", "scene_id": "s0001", "时长": 30},
            "storyboard_script": "旧镜头",
        }
    ]
    assert (found["world_bible"], found["scenes_analysis"], found["total_scenes"]) == ("旧世界", "旧分析", 3)


def test_without_a_bible_or_a_plan_there_is_nothing_and_no_error() -> None:
    progress = Told().progress
    assert bible_text(progress, lambda _: {}) == ""
    assert analysis(progress, lambda _: {}) == "\n"


@pytest.mark.parametrize("stage", NAMES)
def test_a_progress_file_of_this_project_is_its_own_however_old(stage: str) -> None:
    log = told(2, done=(1,))
    before = snapshot_of(log, stage)
    text = SCRIPT if stage == "storyboard" else PICTURE
    log.fact(facts.SceneInvalidated(subject=f"{stage}/s0001", reason="x"))
    log.complete(f"{stage}/s0001", text.format("新"), 2)
    assert not foreign_items(log.progress, stage, before)
    assert not foreign_items(log.progress, stage, snapshot_of(log, stage))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"storyboard_results": []}',
        b'{"storyboard_results": [{"scene_index": 0, "storyboard_script": "another"}]}',
        b'{"storyboard_results": [{"scene_index": 0, "error": "timeout"}]}',
        b'{"enhanced_results": []}',
    ],
    ids=["empty", "cut off", "no object", "no list", "no results", "another result", "an error", "another stage"],
)
def test_a_progress_file_that_this_log_did_not_write_is_foreign(data: bytes) -> None:
    assert foreign_items(told().progress, "storyboard", data)


def test_one_foreign_result_among_ours_makes_the_file_foreign() -> None:
    log = told()
    content = orjson.loads(snapshot_of(log, "storyboard"))
    content["storyboard_results"][1]["storyboard_script"] += "有人改过"
    assert foreign_items(log.progress, "storyboard", orjson.dumps(content))


def test_the_imported_file_itself_is_foreign_only_as_long_as_it_holds_more_than_the_log() -> None:
    log = imported()
    assert not foreign_items(log.progress, "storyboard", snapshot_of(log, "storyboard"))
    assert foreign_items(Told().progress, "storyboard", orjson.dumps(old()))


def test_the_name_and_language_of_the_project_head_the_outputs() -> None:
    log = told(1, done=(1,))
    english = log.entries[0]._replace(meta={"name": "The Door"})
    found = outputs(fold([english, *log.entries[1:]]), "storyboard", log.content)
    assert found["output/storyboard.md"].startswith(b"# The Door\n")


@pytest.mark.parametrize("script", ["### 镜头 1\n- 景别：特写\n", "门开了。\n", "镜头 1\n- 景别：特写\n"])
def test_a_script_without_a_heading_gets_that_of_its_scene(script: str) -> None:
    """Scripts of an old program ran together in the file of the whole."""
    told = Told()
    told.story("一二三四五六七八九十" * 2, scenes(2))
    told.complete("storyboard/s0001", script)
    told.complete("storyboard/s0002", "# 雨夜\n\n### 镜头 1\n- 景别：特写\n")
    whole = outputs(told.progress, "storyboard", told.content)["output/storyboard.md"].decode()
    assert [line for line in whole.split("\n") if re.match("# ", line)] == ["# 人生", "# 场景 1：场景1", "# 雨夜"]
    assert f"# 场景 1：场景1\n\n{script}" in whole
