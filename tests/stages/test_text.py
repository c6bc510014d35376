"""What every split of a text promises: nothing is lost, nothing is slow, sentences end where people end them."""

from __future__ import annotations

import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.pipeline.text import canonical, language_of, paragraphs, sentences

PIECES = st.sampled_from(
    [
        "。",
        ".",
        "...",
        "……",
        "！",
        "? ",
        "\n",
        "\n\n",
        " ",
        "“",
        "”",
        '"',
        "’",
        "他说",
        "Mr. ",
        "3.14",
        "Go",
        "走",
        "a",
        "—",
    ]
)
TEXTS = st.text() | st.lists(PIECES | st.text(max_size=4), max_size=60).map("".join)


@given(TEXTS)
def test_sentences_tile_any_text(text: str) -> None:
    assert "".join(sentences(text)) == text


@given(TEXTS, st.integers(min_value=1, max_value=40))
def test_paragraphs_tile_any_text(text: str, limit: int) -> None:
    assert "".join(paragraphs(text, limit)) == text


@given(TEXTS)
def test_every_sentence_can_be_read_unless_none_can(text: str) -> None:
    pieces = sentences(text)
    assert len(pieces) <= 1 or all(canonical(piece) for piece in pieces)


@given(TEXTS, TEXTS)
def test_canonical_form_can_be_taken_piece_by_piece(one: str, other: str) -> None:
    assert canonical(one + other) == canonical(one) + canonical(other)


def test_canonical_form_is_stable_for_every_character() -> None:
    for code in range(0, sys.maxunicode + 1, 7):
        form = canonical(chr(code))
        assert canonical(form) == form


@given(TEXTS)
def test_canonical_form_ignores_spacing(text: str) -> None:
    assert canonical(" ".join(text.split())) == canonical(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mr. Smith met Dr. J. R. Brown. They left.", ["Mr. Smith met Dr. J. R. Brown. ", "They left."]),
        ("It cost 3.14 at No. 5. Well... maybe.", ["It cost 3.14 at No. 5. ", "Well... maybe."]),
        ('"Go!" he said. “Now.” She went.', ['"Go!" he said. ', "“Now.” ", "She went."]),
        ("他说：“走。”她没动……天黑了！", ["他说：“走。”", "她没动……", "天黑了！"]),
        ("他走了.她也走了.", ["他走了.", "她也走了."]),
        ("第一行\n第二行", ["第一行\n", "第二行"]),
        ("……走吧。", ["……走吧。"]),
    ],
)
def test_sentences_end_where_people_end_them(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_marks_between_paragraphs_stay_with_the_paragraph_before() -> None:
    assert paragraphs("一\n\n***\n\n二\n") == ["一\n\n***\n\n", "二\n"]


@pytest.mark.parametrize("unit", [".", "。", '"', "”", "\n", " ", "。\n", ". ", "A.", "a", "走", "…x", ".”", ".\n"])
def test_no_text_is_slow(unit: str) -> None:
    text = unit * (200_000 // len(unit)) + "x"
    begun = time.process_time()
    assert "".join(sentences(text)) == text
    assert "".join(paragraphs(text)) == text
    assert time.process_time() - begun < 5


def test_language_is_what_most_of_the_words_are_in() -> None:
    assert language_of("他说 OK 了，我们走吧") == "zh"
    assert language_of("She said 你好 and left the room") == "en"
