"""What reading an answer promises: the wrapping goes, the content stays, half an answer is never a whole one.

Law: every case is something a real model has been seen to write, or something a hostile one could.
"""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.pipeline.answers import read_json, strip_wrapping

SCRIPT = "# T\n\n### Shot 1\n- Source text: One."
SCENES = {"scenes": [{"title": "a {b}", "first": 1, "last": 2}, {"title": "c", "first": 3, "last": 3}]}


@pytest.mark.parametrize(
    "answer",
    [
        SCRIPT,
        f"\ufeff\n{SCRIPT}\n\n",
        f"<think>\nHow many shots?\n</think>\n\n{SCRIPT}",
        f"<THINKING>a</THINKING>{SCRIPT}",
        f"<think>a</think>\n<reasoning>b</reasoning>\n{SCRIPT}",
        f"The template opened it already.\n</think>\n{SCRIPT}",
        f"<think>a<think>b</think>c</think>{SCRIPT}",
        f"```markdown\n{SCRIPT}\n```",
        f"```\n{SCRIPT}\n```\n",
        f"~~~~md\n{SCRIPT}\n~~~~",
        f"<think>a</think>\n```markdown\n{SCRIPT}\n```",
        f"```markdown\n<think>a</think>\n{SCRIPT}\n```",
    ],
)
def test_reasoning_and_a_fence_around_the_whole_are_removed(answer: str) -> None:
    assert strip_wrapping(answer) == SCRIPT


def test_reasoning_that_never_ends_has_no_answer_after_it() -> None:
    assert strip_wrapping(f"<think>\nLet me see.\n{SCRIPT}") == ""
    assert strip_wrapping("<think>a</think>\n<think>b") == ""


@pytest.mark.parametrize(
    "answer",
    [
        "He typed <think>x</think> and left.",
        "He typed <think> and left.\nThen </think> too.",
        "```json\n{}\n```\nand\n```json\n{}\n```",
        f"```markdown\n{SCRIPT}",
        "a ``` b",
        "```",
        "",
    ],
)
def test_what_is_not_wrapping_stays(answer: str) -> None:
    assert strip_wrapping(answer) == answer


def test_a_fence_inside_a_fence_stays() -> None:
    inner = "# T\n```json\n{}\n```\nend"
    assert strip_wrapping(f"```markdown\n{inner}\n```") == inner


@given(st.lists(st.sampled_from(["<think>", "</think>", "```", "```md", "\n", "word ", " "]), max_size=12))
def test_unwrapping_any_answer_invents_nothing(pieces: list[str]) -> None:
    answer = "".join(pieces)
    assert strip_wrapping(answer) in answer or "<think>" in answer


@pytest.mark.parametrize(
    "wrap",
    [
        "{}",
        "Here it is:\n{}\nI hope it helps {{really}}.",
        "```json\n{}\n```",
        'As in {{"scenes": []}}, this is it: {} [1]',
        '<think>{{"scenes": 1}}</think>{}',
        "Sure!\n```json\n{}\n```\nDone.",
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_the_object_is_found_whatever_stands_around_it(wrap: str, indent: int | None) -> None:
    assert read_json(wrap.format(json.dumps(SCENES, indent=indent))) == SCENES


def test_a_raw_line_break_in_a_string_is_borne() -> None:
    assert read_json('{"a": "one\ntwo"}') == {"a": "one\ntwo"}


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("", "no JSON"),
        ("I cannot do that.", "no JSON"),
        ("[1, 2]", "a JSON list"),
        (json.dumps(SCENES)[:-1], "broken"),
        (json.dumps(SCENES)[:-30], "broken"),
        ('{"scenes": [{"title": "a"}, {"title": "he said "no" to her"}]}', "broken"),
        ("{" * 1000, "no JSON"),
        ('{"a":' * 100_000, "nested"),
        ('{"a": "\\ud800"}', "surrogate"),
        ("<think>" + json.dumps(SCENES), "no JSON"),
    ],
)
def test_anything_else_is_an_error_with_a_plain_sentence(answer: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        read_json(answer)
    assert str(caught.value).endswith(".")


@given(st.text(st.sampled_from('{}[]":,ab\n\\`<think>/'), max_size=40))
def test_reading_json_returns_an_object_or_raises_value_error(answer: str) -> None:
    try:
        value: Any = read_json(answer)
    except ValueError:
        return
    assert isinstance(value, dict | list)


@pytest.mark.parametrize("piece", ["<think>\n", "x\n<think>\n", "</think>\n", "```a\n", "{", "[", '{"', '{"a":', "[{"])
def test_a_hostile_answer_costs_no_more_than_its_length(piece: str) -> None:
    answer = piece * (10**6 // len(piece))
    began = time.process_time()
    with pytest.raises(ValueError, match="JSON"):
        read_json(answer)
    assert time.process_time() - began < 5
