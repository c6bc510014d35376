"""What the offline director promises: the whole story, always the same answer, in a form every stage can read."""

from __future__ import annotations

import asyncio
import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stages.pipeline.contract import Request
from stages.pipeline.script import FIELDS, parse
from stages.pipeline.text import canonical, paragraphs
from stages.providers.offline import OfflineProvider, phrases_en, phrases_zh, words_en, words_zh
from stages.providers.offline.bible import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stages.pipeline.contract import Language, Provider, Task

EXAMPLES = Path(__file__).parents[2] / "examples"
STORIES: dict[Language, Path] = {"zh": EXAMPLES / "灯塔来信.txt", "en": EXAMPLES / "the-last-ferry.txt"}
LANGUAGES = st.sampled_from(["zh", "en"])
PIECES = st.sampled_from(
    [
        "老王推开门，雨还在下。",
        "“走吧。”林晚秋说。",
        "“你是谁？”",
        "她把信放在桌上，哭了。",
        "第二天清晨，码头上起了雾。\n\n",
        "### 镜头 3\n",
        "镜头原文：假的\n",
        "# 标题\n",
        "- 一\n",
        "***\n\n",
        "第三章 归来\n",
        '"Stay," said Ada. ',
        "Tom Reed ran to the river. ",
        "The next morning it rained.\n\n",
        "Chapter 4\n",
        "😀",
        "……",
        "“没说完",
        "\n",
        " ",
        "𠮷",
        "e\u0301",
    ]
)
STORY = st.text() | st.lists(PIECES | st.text(max_size=6), max_size=30).map("".join)


def ask(task: Task, language: Language, **inputs: Any) -> str:
    request = Request(task=task, language=language, messages=(), inputs=inputs)
    return asyncio.run(OfflineProvider().answer(request)).text


def bible_of(text: str, language: Language, bible: str = "") -> str:
    return ask("world_bible", language, text=text, bible=bible, style="", part=1, parts=1)


def plan_of(pieces: Sequence[str], language: Language, **inputs: Any) -> list[dict[str, Any]]:
    asked: dict[str, Any] = {"first": 1, "bible": "", "part": 1, "parts": 1, "scene_count": None, "titles": []}
    answer = ask("scenes", language, paragraphs=list(pieces), **{**asked, **inputs})
    return list(json.loads(answer)["scenes"])


def script_of(text: str, language: Language, **inputs: Any) -> str:
    asked = {"title": "雨夜的渡口", "number": 1, "characters": [], "bible": "", "style": "", "missing": []}
    return ask("storyboard", language, text=text, **{**asked, **inputs})


def prompts_of(script: str, language: Language, **inputs: Any) -> list[str]:
    asked = {"title": "", "number": 1, "characters": [], "bible": "", "style": "", "missing": []}
    answer = ask("enhancement", language, script=script, **{**asked, **inputs})
    return [block.strip() for block in re.split(r"^### (?:镜头|Shot) \d+$", answer, flags=re.MULTILINE)[1:]]


def check_script(script: str, text: str) -> None:
    shots = parse(script)
    assert [shot.number for shot in shots] == list(range(1, len(shots) + 1))
    assert shots
    assert canonical("".join(shot.source for shot in shots)) == canonical(text)
    for shot in shots:
        assert set(shot.fields) == set(FIELDS)
        assert all(value for key, value in shot.fields.items() if key != "source")


@given(STORY, LANGUAGES)
@settings(deadline=None)
@example("", "zh")
@example("😀……\n", "zh")
@example("A \u0301b", "en")
@example("镜头原文：他走了\n### 镜头 3\n- 景别：特写\n", "zh")
def test_the_shots_cover_any_text_and_have_every_field(text: str, language: Language) -> None:
    check_script(script_of(text, language), text)


@given(STORY, LANGUAGES, st.none() | st.integers(min_value=1, max_value=12), st.integers(min_value=1, max_value=90))
@settings(deadline=None)
def test_the_scenes_tile_the_paragraphs_and_meet_the_wanted_number(
    text: str, language: Language, count: int | None, first: int
) -> None:
    pieces = paragraphs(text)
    plan = plan_of(pieces, language, scene_count=count, first=first)
    numbers = [number for scene in plan for number in range(scene["first"], scene["last"] + 1)]
    assert numbers == list(range(first, first + len(pieces)))
    assert all(scene["title"] and scene["summary"] and scene["first"] <= scene["last"] for scene in plan)
    assert len({scene["title"] for scene in plan}) == len(plan)
    if count is not None:
        assert len(plan) == min(count, len(pieces))


@given(STORY, STORY, LANGUAGES)
@settings(deadline=None)
def test_the_bible_goes_on_over_any_parts(one: str, other: str, language: Language) -> None:
    first = bible_of(one, language)
    second = bible_of(other, language, bible=first)
    named = {person.name for person in load(second, language).people}
    assert {person.name for person in load(first, language).people} <= named
    assert second.startswith(("# 世界观圣经", "# World bible"))


@given(STORY, LANGUAGES, STORY)
@settings(deadline=None)
def test_the_same_request_has_the_same_answer(text: str, language: Language, bible: str) -> None:
    script = script_of(text, language, bible=bible)
    assert script == script_of(text, language, bible=bible)
    assert prompts_of(script, language, bible=bible) == prompts_of(script, language, bible=bible)


@given(STORY, LANGUAGES)
@settings(deadline=None)
def test_any_script_gets_a_prompt_for_every_shot(script: str, language: Language) -> None:
    prompts = prompts_of(script, language)
    assert len(prompts) == max(1, len(parse(script)))
    assert all(prompts)


def test_it_is_a_provider() -> None:
    provider: Provider = OfflineProvider()
    assert (provider.name, provider.model) == ("offline", "director-1")
    asyncio.run(provider.close())


@pytest.mark.parametrize(("language", "scenes"), [("zh", 12), ("en", 9)])
def test_the_examples_are_cut_at_their_scenes(language: Language, scenes: int) -> None:
    text = STORIES[language].read_text(encoding="utf-8")
    for bible in ("", bible_of(text, language)):
        assert len(plan_of(paragraphs(text), language, bible=bible)) == scenes


def test_the_chinese_example_is_long_enough() -> None:
    text = STORIES["zh"].read_text(encoding="utf-8")
    assert len(re.findall(r"[\u4e00-\u9fff]", text)) >= 3300


def test_wanted_titles_are_used_in_order() -> None:
    pieces = paragraphs(STORIES["zh"].read_text(encoding="utf-8"))
    plan = plan_of(pieces, "zh", titles=["起", "承", "转", "合"])
    assert [scene["title"] for scene in plan] == ["起", "承", "转", "合"]


def test_titles_speak_of_place_time_and_event() -> None:
    plan = plan_of(paragraphs(STORIES["zh"].read_text(encoding="utf-8")), "zh")
    titles = [scene["title"] for scene in plan]
    assert {"迟到的信", "邮局里的信", "黄昏的海堤"} <= set(titles)
    assert not any(re.search(r"场景|Scene|\d", title) for title in titles)


def test_the_cast_is_found_with_what_the_text_says_of_them() -> None:
    zh = {
        person.name: person for person in load(bible_of(STORIES["zh"].read_text(encoding="utf-8"), "zh"), "zh").people
    }
    assert set(zh) == {"沈砚", "周守一", "林小满", "鲁大山", "叶兰", "周望"}
    assert "藏青色旧邮政制服" in zh["沈砚"].look
    assert "杏黄色毛衣" in zh["林小满"].look
    assert zh["周守一"].aliases == ("老人",)
    en = {
        person.name: person for person in load(bible_of(STORIES["en"].read_text(encoding="utf-8"), "en"), "en").people
    }
    assert {"Nora Pell", "Amos Reed", "Eliza Marsh", "Mayor Whitlow"} <= set(en)
    assert "yellow oilskin" in en["Nora Pell"].look


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_person_looks_the_same_in_every_scene(language: Language) -> None:
    text = STORIES[language].read_text(encoding="utf-8")
    bible = bible_of(text, language)
    pieces = paragraphs(text)
    looks = {person.name: person.look for person in load(bible, language).people}
    seen: dict[str, int] = {}
    for scene in plan_of(pieces, language, bible=bible):
        body = "".join(pieces[scene["first"] - 1 : scene["last"]])
        script = script_of(body, language, bible=bible, characters=scene["characters"])
        check_script(script, body)
        for shot, prompt in zip(parse(script), prompts_of(script, language, bible=bible), strict=True):
            for name, look in looks.items():
                if name in re.split(r"、|, ", shot.fields["characters"]):
                    assert look in prompt
                    seen[name] = seen.get(name, 0) + 1
    assert sum(count > 1 for count in seen.values()) >= 4


@pytest.mark.parametrize("language", ["zh", "en"])
def test_neighbouring_shots_vary(language: Language) -> None:
    shots = parse(script_of(STORIES[language].read_text(encoding="utf-8"), language))
    sizes = [shot.fields["shot_size"] for shot in shots]
    assert max(len(list(run)) for run in _runs(sizes)) < 5
    assert len(set(sizes)) >= 5
    pictures = [shot.fields["picture"] for shot in shots]
    assert len(set(pictures)) > 0.95 * len(pictures)
    assert sum(shot.fields["picture"].rstrip("。.") != shot.source.rstrip("。.") for shot in shots) == len(shots)


@given(st.lists(PIECES, min_size=8, max_size=60).map("".join), LANGUAGES)
@settings(deadline=None)
def test_no_five_neighbours_have_the_same_size(text: str, language: Language) -> None:
    sizes = [shot.fields["shot_size"] for shot in parse(script_of(text, language))]
    assert max((len(run) for run in _runs(sizes)), default=0) < 5


def _runs(values: Sequence[str]) -> list[list[str]]:
    runs: list[list[str]] = []
    for value in values:
        if runs and runs[-1][-1] == value:
            runs[-1].append(value)
        else:
            runs.append([value])
    return runs


def test_a_dialogue_keeps_its_axis_and_names_its_speakers() -> None:
    text = "“你来了。”沈砚说。\n“来了。”叶兰说。\n“坐吧。”\n“不坐了。”\n"
    shots = parse(script_of(text, "zh", characters=["沈砚", "叶兰"]))
    assert [shot.fields["dialogue"].split("：")[0] for shot in shots] == ["沈砚", "叶兰", "沈砚", "叶兰"]
    over = [shot for shot in shots if "轴线" in shot.fields["composition"]]
    assert over
    for shot in over:
        side = "左" if shot.fields["characters"].startswith("沈砚") else "右"
        assert f"画面{side}三分之一" in shot.fields["composition"]


def test_a_script_of_an_older_program_is_one_shot() -> None:
    prompts = prompts_of("镜头一：老人推门进来，大雪纷飞。\n远景，慢推。", "zh", style="水墨")
    assert len(prompts) == 1
    assert prompts[0].startswith("水墨。")
    assert "老人推门进来" in prompts[0]


def test_a_bible_in_other_words_is_read_for_its_cast_and_kept() -> None:
    foreign = "## 主要角色\n- **沈砚**：三十岁，灰色风衣，左眉有疤\n"
    script = script_of("沈砚推开门。\n", "zh", bible=foreign, characters=["沈砚"])
    assert "左眉有疤" in prompts_of(script, "zh", bible=foreign, characters=["沈砚"])[0]
    assert "左眉有疤" in bible_of("下雨了。", "zh", bible=foreign)


def test_both_languages_have_the_same_tables() -> None:
    for name in (name for name in vars(phrases_zh) if name.isupper() and name != "TYPE_CHECKING"):
        assert getattr(phrases_zh, name).keys() == getattr(phrases_en, name).keys(), name
    for category, values in words_zh.CUES.items():
        assert values.keys() == words_en.CUES[category].keys(), category


@pytest.mark.parametrize(
    "unit", ["走", "a", "“", '"', "……", "他说：“走。”\n", "Ada said. ", "王二，", "。\n", ", ", "\n\n", "# ", "😀"]
)
def test_no_text_is_slow_or_too_long(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    language: Language = "en" if unit.isascii() else "zh"
    begun = time.process_time()
    bible = bible_of(text, language)
    plan_of(paragraphs(text), language, bible=bible)
    script = script_of(text, language, bible=bible)
    check_script(script, text)
    prompts_of(script, language, bible=bible)
    assert time.process_time() - begun < 30
