"""What planning promises: the scenes are the whole story, each character once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stages.pipeline.planning import (
    PART_LIMIT,
    Cut,
    Part,
    PlanError,
    analysis_text,
    assemble,
    bible_request,
    parts_of,
    read_cuts,
    scenes_request,
)
from tests.stages.told import scenes

STORIES = st.text() | st.lists(
    st.sampled_from(["门开了。", "她走了\n", "\n\n", "……", "One. ", "***\n", "长" * 50]), max_size=60
).map("".join)


def part(count: int = 6, first: int = 1) -> Part:
    """A part of so many paragraphs."""
    return Part(number=1, first=first, paragraphs=tuple(f"第{at}段。\n" for at in range(count)))


def answer(*ranges: tuple[int, int], **extra: Any) -> str:
    """What a model answers when it cuts so."""
    return json.dumps({"scenes": [{"title": "幕", "first": first, "last": last, **extra} for first, last in ranges]})


def cuts(*lasts: int) -> list[Cut]:
    """Cuts that end at these paragraphs and follow each other."""
    firsts = [1, *(last + 1 for last in lasts)]
    return [
        Cut(title="", first=first, last=last, characters=(), summary="")
        for first, last in zip(firsts, lasts, strict=False)
    ]


@given(STORIES, st.integers(1, 300))
def test_parts_tile_any_story(text: str, limit: int) -> None:
    parts = parts_of(text, limit)
    assert "".join(one.text for one in parts) == text
    assert [one.number for one in parts] == list(range(1, len(parts) + 1))
    firsts = [one.first for one in parts]
    assert firsts == [1, *(one.last + 1 for one in parts)][: len(parts)]


@given(STORIES)
def test_no_part_is_longer_than_a_request_can_bear(text: str) -> None:
    for one in parts_of(text, 1300):
        assert len(one.text) <= 1300 or len(one.paragraphs) == 1


def test_a_story_that_fits_is_one_part() -> None:
    assert len(parts_of("门开了。\n" * 100)) == 1
    assert len(parts_of("门开了。她走了。\n" * (PART_LIMIT // 5))) == 2


@given(STORIES, st.integers(1, 200), st.data())
def test_the_scenes_are_the_whole_story_and_nothing_is_in_two(text: str, limit: int, data: st.DataObject) -> None:
    parts = parts_of(text, limit)
    assume(parts)
    found: list[Cut] = []
    for one in parts:
        inner = sorted(data.draw(st.sets(st.integers(one.first, one.last))) | {one.last})
        firsts = [one.first, *(end + 1 for end in inner)]
        found += read_cuts(one, answer(*zip(firsts, inner, strict=False)))
    made = assemble(text, found, "zh")
    assert "".join(text[scene.start : scene.end] for scene in made) == text
    assert [scene.start for scene in made] == [0, *(scene.end for scene in made)][: len(made)]
    assert [scene.index for scene in made] == list(range(len(made)))
    assert len({scene.id for scene in made}) == len(made)


def test_a_full_cover_is_read() -> None:
    said = json.dumps(
        {
            "scenes": [
                {"title": " 雨\n夜 ", "first": 4, "last": 5, "characters": ["林", " 周 ", ""], "summary": "相遇"},
                {"first": "6", "last": 9, "characters": "林"},
            ]
        }
    )
    one, two = read_cuts(part(6, first=4), f"好的：\n```json\n{said}\n```\n以上。")
    assert one == Cut(title="雨 夜", first=4, last=5, characters=("林", "周"), summary="相遇")
    assert two == Cut(title="", first=6, last=9, characters=("林",), summary="")


LISTED = [{"title": "雨夜", "first": 1, "last": 3}, {"title": "天亮", "first": 4, "last": 6}]


@pytest.mark.parametrize(
    "said",
    [
        json.dumps(LISTED),
        f"好的：\n```json\n{json.dumps(LISTED, indent=1)}\n```\n共 [2] 场。",
        json.dumps({"result": {"scenes": LISTED}}),
        json.dumps({"场景": LISTED}),
        json.dumps({"scenes": LISTED}).replace("}]}", "},\n]}"),
        json.dumps({"scenes": LISTED}).replace("3}", "3,}"),
        json.dumps({"scenes": LISTED}).replace(": 1", ': "[1]"').replace(": 6", ': "第6段"'),
    ],
    ids=["list", "list in a fence", "inside", "another name", "comma", "comma in an object", "numbers as words"],
)
def test_scenes_are_read_in_the_forms_that_models_give_them(said: str) -> None:
    assert [(cut.first, cut.last) for cut in read_cuts(part(), said)] == [(1, 3), (4, 6)]


def test_a_comma_within_a_title_stays() -> None:
    said = json.dumps({"scenes": [{"title": "a,] b,} c", "first": 1, "last": 6}]}).replace("}]}", "},]}")
    assert read_cuts(part(), said)[0].title == "a,] b,} c"


def test_characters_given_as_objects_are_read_by_their_names() -> None:
    said = answer((1, 6), characters=[{"name": "林", "role": "船长"}, {"role": "无名"}])
    assert read_cuts(part(), said)[0].characters == ("林",)


@pytest.mark.parametrize(
    ("ranges", "says"),
    [
        ([(1, 2), (4, 6)], "no scene has the paragraphs 3-3"),
        ([(1, 3), (3, 6)], "two scenes have paragraph 3"),
        ([(1, 6), (1, 6)], "two scenes have paragraph 1"),
        ([(4, 6), (1, 3)], "two scenes have paragraph 1"),
        ([(1, 5), (6, 4)], "6-4 runs backwards"),
        ([(1, 5)], "the last scene ends at 5, the part at 6"),
        ([(2, 6)], "the first scene begins at 2, the part at 1"),
        ([(0, 6)], "the first scene begins at 0, the part at 1"),
        ([(1, 7)], "the last scene ends at 7, the part at 6"),
        ([(1, 6), (7, 9)], "the last scene ends at 9, the part at 6"),
        ([], "the list of scenes is empty"),
    ],
    ids=["gap", "overlap", "doubled", "out of order", "backwards", "short", "late", "early", "long", "extra", "none"],
)
def test_scenes_that_do_not_cover_each_paragraph_once_are_refused(ranges: list[tuple[int, int]], says: str) -> None:
    with pytest.raises(PlanError, match=says):
        read_cuts(part(), answer(*ranges))


@given(st.lists(st.tuples(st.integers(-1, 9), st.integers(-1, 9)), min_size=1, max_size=5))
def test_whatever_ranges_are_answered_they_are_a_full_cover_or_refused(ranges: list[tuple[int, int]]) -> None:
    covered = [number for first, last in ranges for number in range(first, last + 1)]
    is_whole = covered == list(range(1, 7)) and all(first <= last for first, last in ranges)
    try:
        read_cuts(part(), answer(*ranges))
    except PlanError:
        assert not is_whole
    else:
        assert is_whole


@pytest.mark.parametrize(
    "said",
    [
        "",
        "我做不到。",
        "[]",
        '{"scene": []}',
        '{"scenes": 3}',
        '{"scenes": {"title": 1}}',
        '{"scenes": [[1, 6]]}',
        '{"scenes": ["1-6"]}',
        '{"scenes": [{"title": "x", "first": 1}]}',
        '{"scenes": [{"first": null, "last": 6}]}',
        '{"scenes": [{"first": 1e999, "last": 6}]}',
        '{"scenes": [{"first": NaN, "last": 6}]}',
        '{"scenes": [{"first": "one", "last": "six"}]}',
        '{"scenes": [{"first": 1, "last": 6, "characters": 3}]}',
        '{"scenes": [{"first": 1, "last": 3}, {"first": 4, ',
    ],
)
def test_an_answer_that_is_not_what_was_asked_for_is_refused_with_the_reason(said: str) -> None:
    with pytest.raises(PlanError, match=r"not the JSON object with a list of scenes that was asked for \(.+\)"):
        read_cuts(part(), said)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(PlanError, match="'last' is missing"):
        read_cuts(part(), '{"scenes": [{"title": "x", "first": 1}]}')


def test_a_wanted_number_of_scenes_is_insisted_on() -> None:
    assert len(read_cuts(part(), answer((1, 3), (4, 6)), 2)) == 2
    with pytest.raises(PlanError, match="there are 1 scenes; exactly 2 were asked for"):
        read_cuts(part(), answer((1, 6)), 2)
    assert len(read_cuts(part(1), answer((1, 1)), 5)) == 1  # no more than there are paragraphs


def test_titles_and_summaries_are_one_line_of_bounded_length() -> None:
    cut = read_cuts(part(), answer((1, 6), title="长" * 1000, summary="a\n" * 1000, characters=["名" * 1000]))[0]
    assert len(cut.title) == 80
    assert len(cut.summary) == 400
    assert "\n" not in cut.summary
    assert len(cut.characters[0]) == 60


def test_a_scene_without_a_title_gets_its_number() -> None:
    text = "一。\n二。\n"
    assert [scene.title for scene in assemble(text, cuts(1, 2), "zh")] == ["场景1", "场景2"]
    assert [scene.title for scene in assemble(text, cuts(1, 2), "en")] == ["Scene 1", "Scene 2"]


def test_a_part_of_a_story_is_asked_about_with_its_own_paragraph_numbers() -> None:
    request = scenes_request(part(3, first=7), total=2, bible="世界", language="zh", titles=["门"], missing=["缺"])
    assert request.task == "scenes"
    assert (request.inputs["first"], request.inputs["scene_count"], request.inputs["missing"]) == (7, 1, ["缺"])
    assert "[7] 第0段。" in request.messages[1]["content"]
    assert scenes_request(part(), total=1, bible="", language="zh").inputs["scene_count"] is None


def test_the_world_bible_of_a_later_part_is_asked_for_with_the_one_so_far() -> None:
    request = bible_request(part(), total=2, bible="世界到此", style="水墨", language="zh")
    assert request.inputs["bible"] == "世界到此"
    assert "世界到此" in request.messages[1]["content"]


def test_the_scene_analysis_names_each_scene_with_its_people() -> None:
    one, two = scenes(2)
    said = analysis_text([one, two], "zh")
    assert said == "## 1. 场景1\n\n## 2. 场景2\n"
    cut = Cut(title="The door", first=1, last=1, characters=("Lin", "Zhou"), summary="They meet.")
    english = assemble("One.\n", [cut], "en")
    assert analysis_text(english, "en") == "## 1. The door\n- Characters: Lin, Zhou\n- Summary: They meet.\n"
    chinese = assemble("一。\n", [cut], "zh")
    assert analysis_text(chinese, "zh") == "## 1. The door\n- 出场角色：Lin、Zhou\n- 概要：They meet.\n"
