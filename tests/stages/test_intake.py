"""What intake promises: a story is the same text whatever it was saved as; what is no story is refused plainly."""

from __future__ import annotations

import gzip
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.pipeline.intake import SIZE_LIMIT_BYTES, IntakeError, read_story

EXAMPLES = Path(__file__).parents[2] / "examples"
STORY = "灯塔来信\n\n腊月初八的清晨，白鹭岛起了大雾。“来信了！”他说。\n"
SENTENCES = [
    "腊月初八的清晨，白鹭岛起了大雾。",
    "“来信了！”他说。",
    "她走了……",
    "门开了，\n",
    "二十年的灯，",
    "The end.\n",
]
STORIES = st.lists(st.sampled_from(SENTENCES), min_size=2, max_size=20).map("".join)


def text_of(data: bytes, name: str = "story.txt") -> str:
    return read_story(name, data).text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_story_is_the_same_whatever_it_was_saved_as(encoding: str) -> None:
    story = read_story("story.txt", STORY.encode(encoding))
    assert story.text == STORY
    assert story.language == "zh"
    assert story.encoding in {"utf_8", "gb18030", "utf_16"}


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.txt")), ids=lambda path: path.stem)
def test_the_examples_are_stories(path: Path) -> None:
    story = read_story(path.name, path.read_bytes())
    assert story.encoding == "utf_8"
    assert text_of(story.text.encode("gb18030")) == story.text


@settings(max_examples=50)
@given(STORIES, st.sampled_from(["utf-8", "gb18030"]))
def test_short_stories_are_told_apart_as_well(text: str, encoding: str) -> None:
    assert text_of(text.encode(encoding)) == text


@pytest.mark.parametrize("text", ["你好，世界。", "走。", "Hello", "Café déjà vu", "a \x1b[31mred\x1b[0m word"])
def test_a_few_words_of_utf_8_are_a_story(text: str) -> None:
    assert text_of(text.encode()) == text


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16-le", "utf-16-be"])
def test_a_byte_order_mark_is_not_part_of_the_story(encoding: str) -> None:
    assert text_of(f"\ufeff{STORY}".encode(encoding)) == STORY


def test_line_ends_of_every_system_become_newlines() -> None:
    assert text_of("一\r\n二\r三\n\r\n四".encode()) == "一\n二\n三\n\n四"


def test_text_is_normalised_so_that_equal_letters_are_equal() -> None:
    decomposed = unicodedata.normalize("NFD", "Café. She left the house. 神 が")
    assert text_of(decomposed.encode()) == unicodedata.normalize("NFC", decomposed)


def test_the_language_is_that_of_the_story() -> None:
    assert read_story("a.txt", b"She left the house.\n").language == "en"


@pytest.mark.parametrize("data", [b"", b"\n", b"  \r\n\t "])
def test_an_empty_file_is_refused(data: bytes) -> None:
    with pytest.raises(IntakeError, match=r"story\.txt is empty; write the story into it first"):
        text_of(data)


@pytest.mark.parametrize("data", ["。。。！".encode(), b"*** ---\n", b"\xef\xbb\xbf"])
def test_a_file_without_letters_is_refused(data: bytes) -> None:
    with pytest.raises(IntakeError, match="has no letters in it; it is not a story"):
        text_of(data)


@pytest.mark.parametrize(
    "data",
    [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"PK\x03\x04\x14\0\0\0", STORY.encode("utf-16-le"), STORY.encode() + b"\0"],
    ids=["png", "zip", "UTF-16 without a mark", "NUL in a text"],
)
def test_a_binary_file_is_refused(data: bytes) -> None:
    with pytest.raises(IntakeError, match="is a binary file, not text; save the story as"):
        text_of(data)


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(STORY.encode() * 9, mtime=0).replace(b"\0", b"\1"),
        STORY.encode()[:-2] + b"\xff\n",
        (STORY * 30).encode()[:1000] + (STORY * 30).encode()[1001:],
        "Café noir, déjà vu. He left.".encode("latin-1"),
    ],
    ids=["compressed", "a wrong byte", "a lost byte", "Latin-1"],
)
def test_a_damaged_text_or_another_encoding_is_refused_and_never_guessed(data: bytes) -> None:
    with pytest.raises(
        IntakeError, match="neither UTF-8 nor GB18030 text, or a part of it is damaged; save it as UTF-8"
    ):
        text_of(data)


def test_damage_deep_inside_a_large_file_is_found() -> None:
    data = STORY.encode() * 20_000
    with pytest.raises(IntakeError, match="damaged"):
        text_of(data[:1_000_001] + b"\xff" + data[1_000_001:])


def test_an_enormous_file_is_refused_before_it_is_looked_at() -> None:
    with pytest.raises(IntakeError, match=r"story\.txt has more than 20 MB; cut it into several stories"):
        text_of(b"a" * (SIZE_LIMIT_BYTES + 1))


@given(st.binary(max_size=300))
def test_any_file_is_a_story_or_an_error_that_names_it(data: bytes) -> None:
    try:
        story = read_story("story.txt", data)
    except IntakeError as error:
        assert str(error).startswith("story.txt ")  # noqa: PT017 - any bytes may be either
    else:
        assert "\r" not in story.text
        assert unicodedata.is_normalized("NFC", story.text)
        story.text.encode()


ENGLISH = "The ferry was gone. Nobody came. " * 40 + "It\u2019s late. " + "Nobody came back. " * 40
JAPANESE = "雨の夜、彼女は古い本屋の扉を叩いた。誰もいなかった。\n" * 20
MIXED = "Hello world. " * 100 + "他说：好。"


@pytest.mark.parametrize("data", [ENGLISH.encode("cp1252"), JAPANESE.encode("shift_jis")])
def test_what_would_be_read_as_chinese_that_nobody_writes_is_refused(data: bytes) -> None:
    with pytest.raises(IntakeError, match="save it as UTF-8"):
        read_story("s.txt", data)


@pytest.mark.parametrize(
    "text",
    [MIXED, "他走了。", "学而时习之，不亦说乎？有朋自远方来。" * 5, "林川走进雨里的街市。“还有灯吗？”" * 20],
)
def test_chinese_in_gb18030_is_taken_in(text: str) -> None:
    assert read_story("s.txt", text.encode("gb18030")).text == text
