"""What the checks promise beyond the cover: half a scene is no shot, the language is the story's, the rest a remark.

Law: a remark never stands among the violations; what models usually vary is neither.
"""

from __future__ import annotations

import pytest

from stages.enhancement import Enhancement
from stages.pipeline.checks import LONGEST_SHOT
from stages.pipeline.contract import Brief, Draft, Language, Scene
from stages.pipeline.script import FIELDS
from stages.pipeline.text import sentences
from stages.storyboard import Storyboard
from tests.stages.test_storyboard_stage import script

SOURCE = "腊月初八的清晨，白鹭岛起了大雾。沈砚走了。渡轮迟到了一个钟头，汽笛响了三遍。"
ENGLISH = "The fog came in at dawn. Nora Pell left. The ferry was an hour late, and blew three times."
LONG = "".join(f"第{number}个人从码头上慢慢地走过去，没有回头看那盏灯。" for number in range(1, 31))


def brief(source: str = SOURCE, language: Language = "zh", *, wording: str = "", upstream: str = "") -> Brief:
    scene = Scene(id="s0001", index=0, title="雾", start=0, end=len(source), characters=("林小满",))
    bible = "## 角色\n- 周守一：守塔人\n" if language == "zh" else "## Characters\n- Amos Reed, ferryman\n"
    return Brief(
        scene=scene,
        language=language,
        source=source,
        world_bible=bible,
        style="",
        wording=wording,
        upstream=upstream,
    )


def read(text: str, about: Brief | None = None) -> Draft:
    return Storyboard().read(about or brief(), text)


def told(draft: Draft) -> tuple[list[str], list[str]]:
    """The rules that were broken, and the remarks."""
    return [one.rule for one in draft.violations], [one.message for one in draft.remarks]


def whole(source: str = SOURCE, language: Language = "zh", **fields: str) -> str:
    """A script that tells all of a scene; nobody is in it unless said."""
    nobody = "无" if language == "zh" else "None"
    return script(sentences(source), language, **{"characters": nobody, **fields})


def test_a_script_as_it_was_asked_for_has_neither_violations_nor_remarks() -> None:
    assert told(read(whole())) == ([], [])
    assert told(read(whole(ENGLISH, "en"), brief(ENGLISH, "en"))) == ([], [])


# length


def test_half_a_scene_in_one_shot_is_sent_back_with_what_to_do() -> None:
    told_as = sentences(LONG)
    draft = read(script(["".join(told_as[:20]), *told_as[20:]], characters="无"), brief(LONG))
    assert told(draft)[0] == ["length"]
    assert draft.violations[0].message.startswith("镜头 1 包含 20 句、")
    assert "请分成几个镜头" in draft.violations[0].message


def test_a_long_shot_is_a_remark_and_no_violation() -> None:
    told_as = sentences(LONG)
    draft = read(script(["".join(told_as[:12]), *told_as[12:]], characters="无"), brief(LONG))
    assert told(draft)[0] == []
    assert told(draft)[1][0].startswith("镜头 1 很长：12 句，")


def test_a_sentence_that_is_very_long_by_itself_is_never_sent_back() -> None:
    source = "他走" + "了又走" * LONGEST_SHOT["zh"] + "。沈砚没有说话。"
    draft = read(whole(source), brief(source))
    assert told(draft)[0] == []
    assert len(draft.remarks) == 1


# language


PICTURE = {
    "zh": "林小满站在码头的尽头，风衣被海风吹起，远处的灯塔在雾里只剩一点微光。",
    "en": "She stands at the end of the pier, her coat blown by the wind; the lighthouse is a spark in the fog.",
}


@pytest.mark.parametrize(("source", "language", "other"), [(SOURCE, "zh", "en"), (ENGLISH, "en", "zh")])
def test_a_script_in_the_other_language_is_sent_back(source: str, language: Language, other: Language) -> None:
    about = brief(source, language)
    assert told(read(whole(source, language, picture=PICTURE[language]), about))[0] == []
    assert told(read(whole(source, language, picture=PICTURE[other]), about))[0] == ["language"]


def test_borrowed_words_are_no_other_language() -> None:
    assert told(read(whole(picture="Close-up: 林小满的眼睛，IMAX 画幅，bokeh 背景")))[0] == []
    assert told(read(whole(picture="CU, low key")))[0] == []


def test_who_asks_for_another_language_in_a_prompt_of_their_own_gets_it() -> None:
    assert told(read(whole(picture=PICTURE["en"]), brief(wording="Answer in English.")))[0] == []


def test_an_image_prompt_in_english_is_a_remark() -> None:
    upstream = script(["他走了。"])
    draft = Enhancement().read(brief(upstream=upstream), f"### 镜头 1\n{PICTURE['en']}\n")
    assert told(draft) == ([], ["故事是中文的，回答不是：请全部用中文写"])


# fields


MINOR = [key for key in FIELDS if key not in ("source", "shot_size", "picture")]


@pytest.mark.parametrize("key", MINOR)
def test_a_missing_minor_field_is_a_remark(key: str) -> None:
    without = "\n".join(line for line in whole().split("\n") if not line.startswith(f"- {FIELDS[key]['zh']}"))
    assert told(read(without)) == ([], [f"镜头 1, 2, 3 缺少字段：{FIELDS[key]['zh']}"])


# names


@pytest.mark.parametrize(
    "characters",
    [
        "无",
        "无（空镜）",
        "None",
        "N/A",
        "—",
        "林小满",  # of the scene
        "周守一",  # of the world bible
        "沈砚",  # of the text
        "林小满、周守一",
        "林小满和沈砚",
        "林小满（背影），周守一",
        "**林小满**",
        "众人",
        "A voice off screen, the crowd",
    ],
)
def test_people_whom_the_scene_its_text_or_the_world_bible_knows_are_no_remark(characters: str) -> None:
    assert told(read(whole(characters=characters))) == ([], [])


@pytest.mark.parametrize("characters", ["Nora Pell and Amos Reed", "nora pell", "Nora Pell (off screen), Amos"])
def test_english_names_are_known_in_any_case(characters: str) -> None:
    assert told(read(whole(ENGLISH, "en", characters=characters), brief(ENGLISH, "en"))) == ([], [])


def test_a_name_that_nobody_knows_is_a_remark_for_all_its_shots() -> None:
    draft = read(whole(characters="林小满、王五"))
    assert told(draft) == ([], ["镜头 1, 2, 3 的角色“王五”在场景和世界观圣经里都没有"])


# form


def test_a_script_drawn_as_a_table_passes() -> None:
    names = list(FIELDS)
    rows = [
        [str(number), *(quote if key == "source" else "无" for key in names)]
        for number, quote in enumerate(sentences(SOURCE), 1)
    ]
    head = ["镜号", *(FIELDS[key]["zh"] for key in names)]
    table = "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])
    assert told(read(f"# 雾\n\n{table}\n")) == ([], [])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("- 镜头类型：", "- **镜头类型**："),
        ("- 镜头类型：", "**镜头类型：** "),
        ("- 镜头类型：", "- 景别: "),
        ("- 镜头类型：", "2. 【镜头类型】："),
        ("### 镜头 ", "## 镜头"),
        ("### 镜头 ", "**分镜 "),
        ("- 镜头类型：", "- 时长：3 秒\n- 镜头类型（景别）："),
        ("- 台词/旁白：", "- 台词 / 旁白："),
    ],
)
def test_what_models_usually_vary_is_no_reason_to_reject(before: str, after: str) -> None:
    assert told(read(whole().replace(before, after))) == ([], [])
