"""What the enhancement's check promises: each shot of the script is described once, in order, and nothing is slow."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.enhancement import Enhancement
from stages.pipeline.contract import Brief, Scene
from stages.pipeline.descriptions import describe

if TYPE_CHECKING:
    from stages.pipeline.contract import Language

STAGE = Enhancement()
SCRIPT = "# 雾\n\n### 镜头 1\n- 镜头原文：起雾。\n\n### 镜头 2\n- 镜头原文：他走了。\n"
PICTURE = "清晨的码头，雾里只有一盏灯，写实电影风格。"


def brief(script: str = SCRIPT, language: Language = "zh") -> Brief:
    scene = Scene(id="s0001", index=0, title="雾", start=0, end=9, characters=("沈砚",))
    return Brief(scene=scene, language=language, source="", world_bible="世界", style="水墨", upstream=script)


def answer(*numbers: int, picture: str = PICTURE) -> str:
    return "\n\n".join(f"### 镜头 {number}\n{picture}" for number in numbers)


def found(text: str, about: Brief | None = None) -> list[tuple[str, str]]:
    draft = STAGE.read(about or brief(), text)
    return [(violation.rule, violation.message) for violation in draft.violations]


def test_one_description_a_shot_in_order_passes() -> None:
    draft = STAGE.read(brief(), f"```markdown\n{answer(1, 2)}\n```")
    assert (draft.text, draft.violations) == (answer(1, 2) + "\n", [])


@pytest.mark.parametrize(
    ("numbers", "told"), [((1,), "1"), ((1, 2, 3), "1, 2, 3"), ((2, 1), "2, 1"), ((1, 1, 2), "1, 1, 2"), ((), "-")]
)
def test_missing_extra_repeated_and_reordered_shots_are_refused(numbers: tuple[int, ...], told: str) -> None:
    wrong = found(answer(*numbers))
    assert wrong == [("count", f"脚本有 2 个镜头，编号 1, 2；回答里的镜头编号是 {told}")]


def test_what_is_wrong_is_said_in_the_storys_language() -> None:
    script = "### Shot 1\n- Source text: Fog.\n\n### Shot 2\n- Source text: He left.\n"
    wrong = found("### Shot 1\nFog.", brief(script, "en"))
    assert wrong == [
        ("count", "the script has 2 shots, numbered 1, 2; the answer numbers 1"),
        ("short", "the picture description of shot 1 is too short: Fog."),
    ]


@pytest.mark.parametrize("picture", ["", "……", "（略）", "同上"])
def test_a_shot_without_a_description_is_named(picture: str) -> None:
    assert found(f"{answer(1)}\n\n### 镜头 2\n{picture}") == [("empty", "镜头 2 没有画面描述")]


def test_a_script_of_an_old_program_without_shots_needs_one_description() -> None:
    assert found(answer(1), brief("一段没有镜头编号的旧脚本")) == []
    assert found(PICTURE, brief("一段没有镜头编号的旧脚本"))[0][0] == "count"


@pytest.mark.parametrize(
    "heading",
    [
        "### 镜头 1",
        "## 镜头1：",
        "**镜头 1**",
        "**镜头 1：**",
        "【镜头 1】",
        "镜头 1",
        "镜头1：",
        "### Shot 1",
        "**Shot 1:**",
        "Shot #1:",
        "- **镜头 1**：",
        "### 分镜 1",
        "### 镜头一",
        "### 第1镜：",
        "1. 镜头一",
        "🎬 镜头 1",
        "### 🎬 镜头 1",
        "### 镜号 1",
        "镜头编号：1",
    ],
)
def test_the_headings_that_models_write_are_read(heading: str) -> None:
    assert describe(f"好的：\n{heading}\n{PICTURE}\n") == [(1, PICTURE)]


@pytest.mark.parametrize("heading", ["镜头1：", "**镜头 1：** ", "### 镜头 1: "])
def test_a_description_may_begin_on_the_line_of_its_heading(heading: str) -> None:
    assert describe(f"{heading}{PICTURE}\n第二行") == [(1, f"{PICTURE}\n第二行")]


@pytest.mark.parametrize(
    "line",
    [
        "Shot 35mm, grain, fog.",
        "**Shot 35mm** film, grain.",
        "Shot 2 of the series hangs there.",
        "镜头 2 里的那盏灯",
        "镜头缓缓推近 3 米。",
    ],
)
def test_a_line_of_a_description_opens_no_shot(line: str) -> None:
    assert describe(f"### 镜头 1\n{PICTURE}\n{line}\n") == [(1, f"{PICTURE}\n{line}")]


def test_paragraphs_of_a_description_are_kept() -> None:
    assert describe("### 镜头 1\n一\n\n二\n\n### 镜头 2\n三") == [(1, "一\n\n二"), (2, "三")]


@given(st.text())
def test_any_answer_can_be_read(text: str) -> None:
    describe(text)
    STAGE.read(brief(), f"### 镜头 1\n{text}")


@pytest.mark.parametrize("piece", ["\n", " ", "#", "*", "镜头", "镜头 1", "### 镜头 1\n", "【", "\n \n", "Shot ", "- "])
def test_no_answer_is_slow(piece: str) -> None:
    text = "x" + piece * (300_000 // len(piece)) + "y"
    begun = time.process_time()
    describe(text)
    assert time.process_time() - begun < 2


def test_a_second_request_says_what_the_first_answer_lacked() -> None:
    request = STAGE.request(brief(), ["镜头 2 没有画面描述"])
    assert request.task == "enhancement"
    assert "镜头 2 没有画面描述" in request.messages[1]["content"]
    for fact in (SCRIPT, "沈砚", "世界", "水墨"):
        assert fact in request.messages[1]["content"]


@pytest.mark.parametrize("mark", ["{0}. ", "{0}.", "{0}、", "（{0}）", "**{0}.** "])
def test_a_numbered_list_is_read_where_there_is_no_heading(mark: str) -> None:
    said = "\n\n".join(f"{mark.format(number)}{PICTURE}\n第二行" for number in (1, 2))
    assert describe(f"以下是提示词：\n\n{said}") == [(1, f"{PICTURE}\n第二行"), (2, f"{PICTURE}\n第二行")]
    assert found(said) == []


def test_a_list_under_a_heading_is_part_of_the_description() -> None:
    assert describe(f"### 镜头 1\n1. {PICTURE}\n2. 雾") == [(1, f"1. {PICTURE}\n2. 雾")]


def test_a_table_is_read_by_the_column_of_its_descriptions() -> None:
    table = f"| 镜头 | 提示词 | 备注 |\n|---|---|---|\n| 1 | {PICTURE} | 无 |\n| **镜头 2** | {PICTURE} | 无 |\n"
    assert describe(f"好的：\n\n{table}") == [(1, PICTURE), (2, PICTURE)]
    assert describe(f"| 1 | {PICTURE} |") == [(1, PICTURE)]
    assert found(f"好的：\n\n{table}\n希望有帮助！") == []


def test_shots_that_all_have_one_number_may_be_counted_or_numbered_as_they_are() -> None:
    """A storyboard that numbers three shots 1 passes; so must what is made of it."""
    script = SCRIPT.replace("镜头 2", "镜头 1")
    assert found(answer(1, 2), brief(script)) == found(answer(1, 1), brief(script)) == []
    assert found(answer(1), brief(script)) == [("count", "脚本有 2 个镜头，编号 1, 2；回答里的镜头编号是 1")]


def test_a_description_that_is_too_short_is_said_to_be_so() -> None:
    assert found(f"{answer(1)}\n\n### 镜头 2\n雾散了。") == [("short", "镜头 2 的画面描述太短：雾散了。")]


def test_a_description_as_long_as_the_picture_in_the_script_is_long_enough() -> None:
    script = SCRIPT.replace("他走了。", "他走了。\n- 画面描述：谁？")
    assert found(f"{answer(1)}\n\n### 镜头 2\n谁？ | 谁？", brief(script)) == []
