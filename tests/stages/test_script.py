"""What a script promises: written and read back it is the same, and whatever models write is read without failing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stages.pipeline.script import FIELDS, Shot, parse, render

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
    ],
)
def test_the_headings_that_models_write_open_a_shot(heading: str) -> None:
    assert [shot.number for shot in parse(f"前言\n{heading}\n- 景别：特写")] == [2]


@pytest.mark.parametrize("line", ["Shot 5 men dead at dawn", "镜头 3 里的那个人走了", "### Shots", "镜头 x"])
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
    ],
)
def test_decorated_fields_are_read(line: str) -> None:
    assert parse(f"### 镜头 1\n{line}")[0].fields["shot_size"] == "特写"


def test_a_value_may_go_on_over_lines() -> None:
    assert parse("### 镜头 1\n- 镜头原文：一\n二\n\n三\n- 景别：特写\n")[0].source == "一\n二\n三"


@pytest.mark.parametrize(
    "line", ["镜头" + " " * 200_000, "*" * 200_000, ":" * 200_000, "- **" + " " * 200_000, "镜头 1 " + "）" * 200_000]
)
def test_no_line_is_slow(line: str) -> None:
    begun = time.process_time()
    parse(f"### 镜头 1\n{line}x\n")
    assert time.process_time() - begun < 2
