"""What taking over promises: every shape the old program wrote is understood, and nothing else is guessed at."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.pipeline.imported import completions_of, items_of, parse_progress, scenes_of, text_of, total_of
from stages.pipeline.text import digest

STORYBOARD = """{
    "storyboard_results": [
        {
            "scene_index": 0,
            "scene_info": {"scene_title": "场景1"},
            "storyboard_script": "详细的分镜脚本内容..."
        }
    ],
    "world_bible": "世界观圣经内容",
    "scenes_analysis": "场景分析内容",
    "timestamp": "2024-01-01T12:00:00",
    "total_scenes": 2
}"""
ENHANCEMENT = """{
    "enhanced_results": [
        {
            "scene_index": 0,
            "scene_info": {"scene_title": "场景1"},
            "enhanced_result": {"enhanced_description": "增强后的描述..."}
        }
    ],
    "timestamp": "2024-01-01T12:00:00",
    "total_scenes": 2,
    "last_completed_scene": 1
}"""
NAME = "storyboard_progress.json"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
ITEMS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "scene_index": st.integers(0, 9),
            "scene_info": JSON | st.fixed_dictionaries({"scene_title": JSON}),
            "storyboard_script": JSON,
            "enhanced_result": JSON | st.fixed_dictionaries({"enhanced_description": JSON}),
            "error": JSON,
        },
    ),
    max_size=5,
)


def parsed(text: str) -> dict[str, Any]:
    stage, content = parse_progress(NAME, text.encode())
    return {stage: content}


def storyboard(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"storyboard": {"storyboard_results": list(items), **more}}


def test_the_files_of_the_users_document_are_taken_over() -> None:
    content = parsed(STORYBOARD) | parsed(ENHANCEMENT)
    assert total_of(content) == 2
    assert [scene.title for scene in scenes_of(content, 2, "zh")] == ["场景1", "场景2"]
    assert list(completions_of(content)) == [
        ("storyboard", 0, digest("详细的分镜脚本内容..."), ""),
        ("enhancement", 0, digest("增强后的描述..."), ""),
    ]


def test_the_content_is_kept_as_it_stands() -> None:
    assert parsed(STORYBOARD)["storyboard"] == orjson.loads(STORYBOARD)
    assert parsed("\ufeff" + STORYBOARD) == parsed(STORYBOARD)


@pytest.mark.parametrize("cut", [*range(1, len(ENHANCEMENT) - 1, 7)])
def test_a_file_that_was_cut_off_is_refused(cut: int) -> None:
    with pytest.raises(ValueError, match=rf"^{NAME} is (not whole JSON .*it was cut off or damaged|empty)"):
        parse_progress(NAME, ENHANCEMENT.encode()[: max(cut, 1)])


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty; there is nothing in it to import"),
        (b" \n", "is empty"),
        (b"\xff\xfe{}", "is not whole JSON"),
        (b"[]", "has neither a list storyboard_results nor enhanced_results; it is not a progress file"),
        (b"{}", "it is not a progress file"),
        (b'"storyboard_results"', "it is not a progress file"),
        (b'{"storyboard_results": {}}', "it is not a progress file"),
        (b'{"storyboard_results": [3]}', r"storyboard_results\[0\] is not an object"),
        (b'{"storyboard_results": [{}, {"scene_index": -1}]}', r"storyboard_results\[1\] has scene_index -1"),
        (b'{"storyboard_results": [{"scene_index": "0"}]}', "has scene_index '0'; it must be a whole number from 0"),
        (b'{"storyboard_results": [{"scene_index": true}]}', "has scene_index True"),
        (b'{"storyboard_results": [{"scene_index": 1000000000}]}', "has scene_index 1000000000"),
        (b'{"enhanced_results": [{"scene_index": 1.0}]}', r"enhanced_results\[0\] has scene_index 1.0"),
    ],
)
def test_a_file_that_is_no_progress_file_is_refused_with_the_reason(data: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        parse_progress(NAME, data)
    assert str(caught.value).startswith(NAME)


@pytest.mark.parametrize(
    ("info", "title"),
    [
        ({"scene_title": "雨夜"}, "雨夜"),
        ("雨夜", "雨夜"),
        (" 雨\n夜 ", "雨 夜"),
        ({"scene_title": 3}, "场景1"),
        ({}, "场景1"),
        ("", "场景1"),
        (None, "场景1"),
        (["雨夜"], "场景1"),
    ],
)
def test_scene_info_may_be_a_string_or_an_object(info: Any, title: str) -> None:
    content = storyboard({"scene_index": 0, "scene_info": info, "storyboard_script": "x"})
    assert scenes_of(content, 1, "zh")[0].title == title


def test_a_title_missing_in_one_file_is_taken_from_the_other() -> None:
    content = storyboard({"scene_index": 0, "storyboard_script": "x"})
    content["enhancement"] = {"enhanced_results": [{"scene_index": 0, "scene_info": "雨夜", "enhanced_result": "y"}]}
    assert scenes_of(content, 1, "zh")[0].title == "雨夜"


def test_scenes_of_an_english_project_are_called_so() -> None:
    assert [scene.title for scene in scenes_of({}, 2, "en")] == ["Scene 1", "Scene 2"]


def test_scenes_get_ids_in_order_and_have_no_source() -> None:
    made = scenes_of(storyboard(), 3, "zh")
    assert [scene.id for scene in made] == ["s0001", "s0002", "s0003"]
    assert not any(scene.has_source for scene in made)


@pytest.mark.parametrize("error", ["timeout", {"code": 500}, True])
def test_an_item_with_an_error_has_failed_even_with_a_text(error: Any) -> None:
    content = storyboard({"scene_index": 4, "storyboard_script": "half", "error": error})
    assert list(completions_of(content)) == [("storyboard", 4, "", str(error))]


@pytest.mark.parametrize("script", [None, "", " \n", 3, {"enhanced_description": "x"}, ["x"]])
def test_an_item_without_a_text_has_failed(script: Any) -> None:
    content = storyboard({"scene_index": 0, "storyboard_script": script, "error": None})
    assert list(completions_of(content)) == [("storyboard", 0, "", "the old program saved no result")]


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ({"enhanced_description": "x"}, "x"),
        ("x", "x"),
        ({"text": "x"}, ""),
        ({"enhanced_description": 1}, ""),
        (None, ""),
    ],
)
def test_an_enhanced_result_may_be_a_string_or_an_object(result: Any, text: str) -> None:
    content = {"enhancement": {"enhanced_results": [{"scene_index": 2, "enhanced_result": result}]}}
    assert text_of(content, "enhancement", 2) == text
    assert text_of(content, "enhancement", 1) == ""


def test_an_item_without_an_index_stands_where_it_stands() -> None:
    content = storyboard({"storyboard_script": "一"}, {"storyboard_script": "二"})
    assert list(items_of(content, "storyboard")) == [0, 1]


def test_a_later_item_of_a_scene_replaces_an_earlier_one() -> None:
    content = storyboard({"scene_index": 1, "storyboard_script": "old"}, {"scene_index": 1, "storyboard_script": "new"})
    assert text_of(content, "storyboard", 1) == "new"


@pytest.mark.parametrize(
    ("said", "total"), [(12, 12), (None, 3), (1, 3), (-5, 3), ("12", 3), (True, 3), (10**9, 3), (2.5, 3)]
)
def test_there_are_as_many_scenes_as_said_or_at_least_as_named(said: Any, total: int) -> None:
    assert total_of(storyboard({"scene_index": 2}, total_scenes=said)) == total


def test_a_missing_file_is_no_error() -> None:
    content = {**parsed(STORYBOARD), "enhancement": None}
    assert total_of(content) == 2
    assert items_of(content, "enhancement") == {}


@given(ITEMS, ITEMS)
def test_whatever_the_old_program_wrote_every_item_is_finished_or_failed(
    drafts: list[dict[str, Any]], pictures: list[dict[str, Any]]
) -> None:
    content: dict[str, Any] = {}
    for value in ({"storyboard_results": drafts}, {"enhanced_results": pictures}):
        stage, found = parse_progress(NAME, orjson.dumps(value))
        content[stage] = found
    total = total_of(content)
    titles = [scene.title for scene in scenes_of(content, total, "zh")]
    assert len(titles) == total
    assert all(titles)
    for stage, index, result, error in completions_of(content):
        assert bool(result) != bool(error)
        assert index < total
        assert not result or digest(text_of(content, stage, index)) == result
