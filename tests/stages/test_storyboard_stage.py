"""What the storyboard's check promises: the shots are the scene, in order, whole, and nothing else.

Law: positions count. A sentence that the story says twice must be shown twice, each time at its place.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.pipeline.checks import INVENTED_LIMIT
from stages.pipeline.contract import Brief, Scene
from stages.pipeline.script import FIELDS, Shot, render
from stages.pipeline.text import sentences
from stages.storyboard import Storyboard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stages.pipeline.contract import Language

STAGE = Storyboard()
SOURCE = "腊月初八的清晨，白鹭岛起了大雾。他走了。渡轮迟到了一个钟头，汽笛响了三遍。他走了。海鸥蹲在木桩上，缩着脖子。"
TOLD = sentences(SOURCE)
ENGLISH = (
    "The fog came in at dawn. He left. The ferry was an hour late, and blew three times. He left. A gull sat still."
)


def brief(source: str = SOURCE, language: Language = "zh") -> Brief:
    scene = Scene(id="s0001", index=0, title="雾", start=0, end=len(source), characters=("沈砚",))
    return Brief(scene=scene, language=language, source=source, world_bible="世界", style="水墨")


def script(quotes: Sequence[str], language: Language = "zh", **fields: str) -> str:
    """A script whose shots quote so; each picture is another one unless given."""
    shots = []
    for number, quote in enumerate(quotes, 1):
        said = {key: f"{key} {number}" for key in FIELDS} | fields | {"source": quote}
        shots.append(Shot(number=number, fields=said))
    return render("雾", shots, language)


def found(text: str, about: Brief | None = None) -> list[tuple[str, str]]:
    """What is wrong with a script."""
    draft = STAGE.read(about or brief(), text)
    return [(violation.rule, violation.message) for violation in draft.violations]


def test_a_script_that_tells_the_scene_in_order_passes() -> None:
    assert found(script(TOLD)) == []


def test_the_result_is_the_script_without_its_wrapping() -> None:
    said = script(TOLD)
    draft = STAGE.read(brief(), f"<think>\n嗯\n</think>\n```markdown\n{said}```")
    assert (draft.text, draft.violations) == (said, [])


def test_sentences_may_share_a_shot_and_a_sentence_may_be_cut_between_shots() -> None:
    assert found(script(["".join(TOLD[:3]), TOLD[3] + TOLD[4]])) == []
    assert found(script([TOLD[0][:9], TOLD[0][9:], *TOLD[1:]])) == []


@given(st.sets(st.integers(1, len(SOURCE) - 1)))
def test_any_cut_of_the_scene_into_shots_shows_all_of_it(cuts: set[int]) -> None:
    ends = [*sorted(cuts), len(SOURCE)]
    pieces = [SOURCE[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    assert [rule for rule, _ in found(script(pieces)) if rule != "fields"] == []


def test_spacing_punctuation_and_quotes_do_not_count() -> None:
    loose = [quote.replace("，", ", ").replace("。", " ").replace("三遍", " 三 遍 ") for quote in TOLD]
    assert found(script([f"“{quote}”" for quote in loose])) == []


def test_a_missing_sentence_is_named_with_its_words() -> None:
    assert found(script([*TOLD[:2], *TOLD[3:]])) == [("cover", f"缺少原文：{TOLD[2]}")]


@pytest.mark.parametrize("gone", [1, 3])
def test_one_of_two_equal_sentences_is_missed_where_it_is_missing(gone: int) -> None:
    quotes = [quote for at, quote in enumerate(TOLD) if at != gone]
    assert found(script(quotes)) == [("cover", "缺少原文：他走了。")]


def test_equal_sentences_at_different_places_are_different() -> None:
    together = [TOLD[0], TOLD[1], TOLD[3], TOLD[2], TOLD[4]]
    rules = [rule for rule, _ in found(script(together))]
    assert "cover" in rules
    assert "invented" in rules


def test_reordered_sentences_are_both_missing_there_and_invented_here() -> None:
    swapped = [TOLD[4], *TOLD[1:4], TOLD[0]]
    wrong = dict(found(script(swapped)))
    assert set(wrong) >= {"cover", "invented"}


def test_an_invented_sentence_is_named_with_its_shot() -> None:
    quotes = [*TOLD[:2], "忽然，一架直升机从雾里落了下来，螺旋桨卷起巨浪。", *TOLD[2:]]
    assert found(script(quotes)) == [
        ("invented", "镜头 3 的镜头原文不在本场景此处：忽然，一架直升机从雾里落了下来，螺旋桨卷起巨浪。")
    ]


def test_even_a_short_invented_shot_is_found() -> None:
    assert found(script([*TOLD[:2], "下雪了。", *TOLD[2:]])) == [
        ("invented", "镜头 3 的镜头原文不在本场景此处：下雪了。")
    ]


def test_a_sentence_shown_twice_though_it_is_told_once_is_found() -> None:
    wrong = found(script([TOLD[0], TOLD[0], *TOLD[1:]]))
    assert [rule for rule, _ in wrong] == ["invented"]


def test_a_repeated_shot_is_named_with_the_shot_it_repeats() -> None:
    wrong = found(script([TOLD[0], TOLD[0], *TOLD[1:]], picture="雾中的码头"))
    assert ("repeat", "镜头 2 与镜头 1 相同") in wrong


def test_shots_of_a_scene_that_repeats_itself_may_be_the_same() -> None:
    assert found(script(TOLD, picture="雾")) == []


def test_a_mended_typo_is_tolerated() -> None:
    typo = [TOLD[0], TOLD[1], TOLD[2].replace("钟头", "钟投"), *TOLD[3:]]
    assert found(script(typo)) == []


def test_a_speaker_named_before_a_line_is_tolerated() -> None:
    assert len("沈砚说") <= INVENTED_LIMIT
    assert found(script([TOLD[0], f"沈砚：{TOLD[1]}{TOLD[2]}", *TOLD[3:]])) == []


def test_a_sentence_that_lost_a_clause_is_missed() -> None:
    halved = [*TOLD[:2], TOLD[2].split("，")[0], *TOLD[3:]]
    assert found(script(halved)) == [("cover", f"缺少原文：{TOLD[2]}")]


def test_a_rewritten_sentence_is_missed() -> None:
    wrong = found(script([*TOLD[:2], "船晚了，汽笛一直在叫。", *TOLD[3:]]))
    assert ("cover", f"缺少原文：{TOLD[2]}") in wrong


@pytest.mark.parametrize(("key", "name"), [("source", "镜头原文"), ("shot_size", "镜头类型"), ("picture", "画面描述")])
def test_a_shot_without_a_field_it_needs_is_named(key: str, name: str) -> None:
    wrong = found(script(TOLD).replace(f"- {name}：", "- 备注：", 1))
    assert ("fields", f"镜头 1 缺少字段：{name}") in wrong
    assert key in FIELDS


def test_empty_fields_are_named_together() -> None:
    wrong = found(script([*TOLD, ""], shot_size=" ", picture=""))
    assert ("fields", "镜头 1 缺少字段：镜头类型, 画面描述") in wrong
    assert ("fields", "镜头 6 缺少字段：镜头原文, 镜头类型, 画面描述") in wrong


@pytest.mark.parametrize("text", ["", "我做不到。", "<think>…", "# 雾\n\n没有镜头。"])
def test_an_answer_without_shots_says_how_a_shot_begins(text: str) -> None:
    assert found(text) == [("shots", "没有找到任何镜头：每个镜头以“### 镜头 N”开头，其后逐行列出各字段")]


def test_what_is_wrong_is_said_in_the_storys_language() -> None:
    told = sentences(ENGLISH)
    about = brief(ENGLISH, "en")
    assert found(script(told, "en"), about) == []
    assert found("No.", about) == [
        ("shots", 'there is no shot in it: each shot begins with "### Shot N", its fields follow line by line')
    ]
    invented = "A helicopter fell out of the fog, and the waves rose."
    wrong = found(script([told[0], invented, *told[1:4]], "en", picture=""), about)
    assert wrong[0] == ("fields", "shot 1 lacks: Picture")
    assert ("cover", "this text of the scene is not in any shot at its place: A gull sat still.") in wrong
    assert ("invented", f"shot 2 quotes what the scene does not say there: {invented}") in wrong


def test_a_script_of_another_scene_names_some_sentences_and_counts_the_rest() -> None:
    source = "".join(f"第{number}个人从码头上慢慢走过去。" for number in "一二三四五六七八九")
    wrong = found(script(["完全不同的另一个故事，说的是沙漠。"]), brief(source))
    covers = [message for rule, message in wrong if rule == "cover"]
    assert len(covers) == 7
    assert covers[-1] == "另有 3 处缺少原文"


def test_a_scene_in_which_nothing_can_be_read_needs_no_quote() -> None:
    assert [rule for rule, _ in found(script(["……"]), brief("……\n"))] == []


@given(st.lists(st.sampled_from(TOLD), max_size=8))
def test_whatever_the_shots_quote_they_are_the_scene_or_refused(quotes: list[str]) -> None:
    assert (found(script(quotes)) == []) == ("".join(quotes) == SOURCE)


def test_a_hostile_script_costs_no_more_than_its_length() -> None:
    source = "".join(f"第{number}句话说了些不同的事。" for number in range(900))
    begun = time.process_time()
    wrong = found(script(["天" * 5_000_000]), brief(source))
    assert {rule for rule, _ in wrong} == {"cover", "invented"}
    assert time.process_time() - begun < 5


def test_a_second_request_says_what_the_first_answer_lacked() -> None:
    request = STAGE.request(brief(), ["缺少原文：他走了。"])
    assert (request.task, request.language) == ("storyboard", "zh")
    assert request.inputs["missing"] == ["缺少原文：他走了。"]
    assert "缺少原文：他走了。" in request.messages[1]["content"]
    assert STAGE.request(brief()).inputs["missing"] == []


def test_a_request_holds_all_that_a_script_is_made_from() -> None:
    request = STAGE.request(brief())
    for fact in (SOURCE, "雾", "沈砚", "世界", "水墨"):
        assert fact in request.messages[1]["content"]
