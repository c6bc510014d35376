"""What a script promises: written and read back it is the same, and whatever models write is read without failing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stages.pipeline.script import FIELDS, Shot, in_order, parse, render

if TYPE_CHECKING:
    from stages.pipeline.contract import Language

LANGUAGES = st.sampled_from(["zh", "en"])
ODD = st.sampled_from(
    [
        "### 镜头 3",
        "镜头原文：他走了",
        "# Title",
        "**bold**",
        "- item",
        "Shot 3",
        "Shot 3: wide",
        "---",
        ":",
        "：",
        "1. one",
        "_x_",
        "【镜头 2】",
        "a\u2028b",
        "a\x1cb",
        "",
        "> quote",
        "```",
        "\u0301",
    ]
)
VALUES = ODD | st.text(max_size=40) | st.lists(ODD, max_size=4).map("\n".join)
SHOTS = st.lists(st.dictionaries(st.sampled_from(list(FIELDS)), VALUES), max_size=6)


def folded(value: str) -> str:
    return " ".join(value.split())


@given(VALUES, SHOTS, LANGUAGES)
@example("Shot 3 of the war", [{"source": "x"}], "en")
@example("镜头 3", [{"source": "### 镜头 3"}], "zh")
def test_a_script_reads_back_as_it_was_written(title: str, fields: list[dict[str, str]], language: Language) -> None:
    shots = [Shot(number=number, fields=one) for number, one in enumerate(fields, 1)]
    expected = [
        Shot(number=shot.number, fields={key: folded(shot.fields[key]) for key in FIELDS if key in shot.fields})
        for shot in shots
    ]
    assert parse(render(title, shots, language)) == expected


@given(st.text())
def test_parsing_never_fails(text: str) -> None:
    parse(text)
    parse(f"### 镜头 1\n{text}")


@pytest.mark.parametrize(
    "heading",
    [
        "### 镜头 2",
        "镜头2",
        "**镜头 2：雨夜**",
        "### Shot 2: The door",
        "Shot 2",
        "【镜头 2】",
        "## 分镜 2（近景）",
        "镜头 2（近景）",
        "### 镜头二",
        "镜头二：",
        "第2镜",
        "**第二个镜头**",
        "### 第 2 镜头：雨夜",
        "镜头二",
        "2. 镜头二",
        "### 2. 镜头二：雨夜",
        "- **镜头 2**",
        "- **镜头 2：雨夜**",
        "🎬 镜头 2",
        "### 🎬 镜头 2",
        "**🎬 镜头 2**",
        "镜号 2",
        "### 镜号 2",
        "镜头编号：2",
    ],
)
def test_the_headings_that_models_write_open_a_shot(heading: str) -> None:
    assert [shot.number for shot in parse(f"前言\n{heading}\n- 景别：特写")] == [2]


@pytest.mark.parametrize(
    "line",
    [
        "- **镜头 2 之后**的雨",
        "2. 镜头 3 里的那个人走了",
        "Shot 5 men dead at dawn",
        "镜头 3 里的那个人走了",
        "### Shots",
        "镜头 x",
        "镜头一转，雨停了",
        "第二镜中人",
    ],
)
def test_story_lines_open_no_shot(line: str) -> None:
    shots = parse(f"### 镜头 1\n- 镜头原文：起\n{line}\n")
    assert len(shots) == 1
    assert line in shots[0].source


@pytest.mark.parametrize(
    "line",
    [
        "- **景别**：特写",
        "**镜头类型：** 特写",
        "- **镜头类型：特写**",
        "1. 镜头类型：特写",
        "【景别】：特写",
        "* Shot size: 特写",
        "景别:特写",
        "- 镜头类型（景别）：特写",
        "- 景别（镜头类型)：特写",
        "| 镜头类型 | 特写 |",
        "| **景别** | 特写 |",
        "1.镜头类型：特写",
        "1、镜头类型：特写",
        "（1）镜头类型：特写",
        "1）镜头类型：特写",
        "①镜头类型：特写",
        "**1. 镜头类型**：特写",
        "【镜头类型】特写",
        "**镜头类型** 特写",
        "镜头类型（Shot size）：特写",
        "#### 镜头类型\n特写",
        "#### 镜头类型：\n特写",
        "- 镜头类型 —— 特写",
    ],
)
def test_decorated_fields_are_read(line: str) -> None:
    assert parse(f"### 镜头 1\n{line}")[0].fields["shot_size"] == "特写"


def test_the_number_of_a_shot_among_its_fields_opens_no_other() -> None:
    for line in ("- 镜号：1", "镜头编号：1", "- 镜号：7"):
        (shot,) = parse(f"### 镜头 1\n{line}\n- 景别：特写\n- 镜头编号：1\n")
        assert dict(shot.fields) == {"shot_size": "特写"}
    assert [shot.number for shot in parse("镜号：1\n景别：特写\n\n镜号：2\n景别：全景\n")] == [1, 2]


def test_shots_are_counted_where_their_numbers_do_not_follow_each_other() -> None:
    def numbered(*said: int) -> list[int]:
        return [shot.number for shot in in_order([Shot(number=number) for number in said])]

    assert numbered(1, 1, 1) == [1, 2, 3]
    assert numbered(2, 1) == [1, 2]
    assert numbered(5, 6, 9) == [5, 6, 9]


def test_a_value_may_go_on_over_lines() -> None:
    assert parse("### 镜头 1\n- 镜头原文：一\n二\n\n三\n- 景别：特写\n")[0].source == "一\n二\n三"


TABLE = """| 镜号 | 镜头原文 | 景别 | 画面内容 | 时长 |
|:--:|---|---|---|---|
| 1 | 门开了。<br>风来了。 | 全景 | 木门 \\| 雨巷 | 3s |
| 2 | 她喊：谁？ | 近景 | 林晓回头 | 2s |
"""


def test_a_table_with_a_row_a_shot_is_read() -> None:
    one, two = parse(f"# 雨夜\n\n{TABLE}\n以上。")
    assert (one.number, dict(one.fields)) == (
        1,
        {"source": "门开了。 风来了。", "shot_size": "全景", "picture": "木门 | 雨巷"},
    )
    assert (two.number, two.source) == (2, "她喊：谁？")


def test_a_table_whose_rows_have_no_number_counts_them() -> None:
    rows = "| Source text | Shot size |\n|---|---|\n| One. | Wide |\n| Two. | Close |\n"
    assert [(shot.number, shot.source) for shot in parse(rows)] == [(1, "One."), (2, "Two.")]


def test_a_table_for_each_shot_with_a_row_a_field_is_read() -> None:
    rows = "| 项目 | 内容 |\n|---|---|\n| 镜头原文 | 门开了。 |\n| 时长 | 3秒 |\n| 景别 | 全景 |\n"
    one, two = parse(f"### 镜头 1\n{rows}\n### 镜头 2\n{rows}")
    assert dict(one.fields) == dict(two.fields) == {"source": "门开了。", "shot_size": "全景"}


def test_a_field_that_a_model_adds_is_no_part_of_the_one_before_it() -> None:
    fields = parse("### 镜头 1\n- 镜头原文：门开了。\n- 时长：3秒\n（约）\n- 景别：全景\n")[0].fields
    assert dict(fields) == {"source": "门开了。", "shot_size": "全景"}


@pytest.mark.parametrize(
    ("said", "number"), [("一", 1), ("九", 9), ("十", 10), ("十二", 12), ("二十", 20), ("三十五", 35)]
)
def test_numerals_are_numbers(said: str, number: int) -> None:
    assert [shot.number for shot in parse(f"### 镜头{said}\n- 景别：特写")] == [number]


@pytest.mark.parametrize(
    "line",
    [
        "|" * 200_000,
        "|" + " " * 200_000 + "|",
        "| a" * 100_000 + "|",
        "第" + " " * 200_000,
        "镜头" + " " * 200_000,
        "*" * 200_000,
        ":" * 200_000,
        "- **" + " " * 200_000,
        "镜头 1 " + "）" * 200_000,
        "【" + "景" * 200_000,
        "- 景" + " " * 200_000 + "—",
        "#### " + "景 " * 100_000,
        "🎬" * 200_000,
    ],
)
def test_no_line_is_slow(line: str) -> None:
    begun = time.process_time()
    parse(f"### 镜头 1\n{line}x\n")
    assert time.process_time() - begun < 2
