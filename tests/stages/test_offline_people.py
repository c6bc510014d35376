"""What the offline director promises about people: who they are, who speaks, who is in the picture."""

from __future__ import annotations

import pytest

from tests.stages.director import cast_of, shot_with, speaker_of

CAFE = (
    "林秋禾推开茶馆的门，收起雨伞。她没有看见谁。\n\n"
    "靠窗的位子上坐着一个穿灰色毛衣的男人，正低头搅一杯茶。\n\n"
    "“你来早了。”林秋禾在他对面坐下。\n\n"
    "“睡不着。”许默抬起头，“五点就醒了。”\n\n"
    "“怎么能不想？”他苦笑，“秋禾，公司下周就要签字了。”\n\n"
    "服务员走过来，问她喝什么。\n\n"
    "“一杯绿茶。”她说完，又转向许默，“赵伯怎么说？”\n\n"
    "许默停了一下。他把茶杯推开，没有回答。\n\n"
    "许默忽然笑了。他站起来，林秋禾也站了起来。她拿起雨伞。\n"
)
INN = (
    "一日黄昏，悦来客栈来了一位青衫客。此人姓顾，名长风，背负一口乌鞘长刀，满面风霜。\n\n"
    "店小二迎上前来，陪笑道：“客官，打尖还是住店？”\n\n"
    "顾长风道：“一间上房。”\n\n"
    "西首坐着个独眼大汉，人称“铁掌”韩大江。韩大江斜眼看着顾长风，嘿嘿冷笑。\n\n"
    "“好刀！”韩大江朗声道。顾长风不答。\n\n"
    "忽听得马蹄声急，一个红衣少女破门而入，发上落满雪花，喝道：“韩大江！还我爹爹命来！”\n\n"
    "少女袖中飞出三点寒星。韩大江提刀大踏步而来。\n\n"
    "“顾长风，交出刀谱！”\n\n"
    "顾长风缓缓拔刀。\n"
)
SHOP = (
    "It was raining the morning Mr. Hale died. Clara found him at his bench.\n\n"
    "Dr. Moss came at noon. He was a thin man with wet cuffs.\n\n"
    '"His heart," the doctor said. "It would have been quick."\n\n'
    '"Was it before three?" Clara asked.\n\n'
    'Dr. Moss looked at her for a long moment. "Yes," he said.\n\n'
    "Two days later a man in a grey coat rang the bell. Clara had not opened the shutters.\n\n"
    '"Inspector Voss," he said, holding up a card. "May I come in?"\n\n'
    '"We are closed."\n\n'
    '"I can see that." He stepped past her.\n\n'
    '"The watch was found," said Voss.\n\n"He did," said Voss gently.\n\n'
    'Clara shook her head. "I wondered," said a voice behind her, "how long you would take."\n'
)


def test_a_pronoun_counts_only_for_who_acts_right_before_it() -> None:
    cast = cast_of(CAFE)
    assert (cast["林秋禾"].gender, cast["许默"].gender) == ("f", "m")
    story = "陆川把刀插进韩岳左肩。韩岳惨叫一声。韩岳的刀点向他胸前。陆川笑了。白英看着陆川，她没有动。白英走了。"
    cast = cast_of(story)
    assert (cast["陆川"].gender, cast["韩岳"].gender) == ("", "")


def test_titles_kinship_and_descriptions_tell_a_gender() -> None:
    cast = cast_of(INN)
    assert (cast["顾长风"].gender, cast["韩大江"].gender) == ("m", "m")
    cast = cast_of(SHOP)
    assert (cast["Dr. Moss"].gender, cast["Inspector Voss"].gender, cast["Mr. Hale"].gender) == ("m", "m", "m")


def test_the_narrator_is_never_he_or_she() -> None:
    story = "我推开门。他看着我，笑了。我坐下来。她也坐下来。我没有说话。我走了。\n"
    assert cast_of(story)["我"].gender == ""


def test_where_taking_turns_does_not_come_out_even_nobody_is_named() -> None:
    story = (
        'Marcus came in. Priya stood up.\n\n"Hello," Marcus said.\n\n"You?" said Priya.\n\n'
        '"Who was it?"\n\n"Nobody," Marcus said.\n'
    )
    assert speaker_of(story, "Who was it") == "Unnamed"


def test_a_wife_spoken_of_makes_nobody_a_woman() -> None:
    story = 'Marcus hung up. He sat.\n\n"No wife, Marcus," said Priya.\n\nMarcus rubbed his eyes. Priya left.\n'
    assert cast_of(story)["Marcus"].gender == "m"
    assert "rubbed" not in cast_of(story)["Marcus"].look


def test_a_narrator_who_gives_a_name_is_one_person() -> None:
    story = "我叫苏念，今年十六岁。父亲带我进山。我走在后面。父亲没有说话。我也没有。苏念，父亲说，走吧。\n"
    assert set(cast_of(story)) == {"我", "父亲"}


def test_a_look_holds_attributes_and_never_a_clause() -> None:
    assert "坐着" not in cast_of(CAFE)["林秋禾"].look
    assert "毛衣的男人" not in cast_of(CAFE)["林秋禾"].look
    assert "穿灰色毛衣" in cast_of(CAFE)["许默"].look
    assert "背负一口乌鞘长刀" in cast_of(INN)["顾长风"].look
    assert "独眼" in cast_of(INN)["韩大江"].look


def test_an_age_is_told_or_shown_and_never_made_up() -> None:
    cast = cast_of("赵伯推开门。赵伯坐下。老人叹了口气。许默站着。许默没有说话。许默四十多岁。\n")
    assert "老人" in cast["赵伯"].look
    assert "四十多岁" in cast["许默"].look
    assert "岁" not in cast_of(CAFE)["林秋禾"].look
    assert "thirty-five" not in cast_of(SHOP)["Clara"].look


@pytest.mark.parametrize(
    ("story", "words", "speaker"),
    [
        (CAFE, "秋禾，公司", "许默"),
        (CAFE, "赵伯怎么说", "林秋禾"),
        (INN, "打尖还是住店", "店小二"),
        (INN, "还我爹爹命来", "红衣少女"),
        (INN, "交出刀谱", "韩大江"),
        (SHOP, "His heart", "Dr. Moss"),
        (SHOP, "Yes", "Dr. Moss"),
        (SHOP, "May I come in", "Inspector Voss"),
        (SHOP, "We are closed", "Clara"),
        (SHOP, "I can see that", "Inspector Voss"),
    ],
)
def test_a_line_goes_to_who_speaks_it(story: str, words: str, speaker: str) -> None:
    assert speaker_of(story, words) == speaker


def test_a_person_addressed_in_a_line_is_not_its_speaker() -> None:
    story = "许默走进来。林秋禾看着许默。\n\n“许默，坐吧。”\n\n“许默，你听见了吗？”\n\n林秋禾站起来。许默坐下。\n"
    assert speaker_of(story, "坐吧") != "许默"
    assert speaker_of(story, "你听见") != "许默"


def test_no_speaker_is_better_than_a_wrong_one() -> None:
    story = "许默、林秋禾、赵伯和韩大江都站着。许默看着地。林秋禾看着窗。赵伯看着门。韩大江看着天。\n\n“走吧。”\n"
    assert speaker_of(story, "走吧") == "未点明"
    assert speaker_of(SHOP, "how long you would take") == "Unnamed"


def test_who_acts_is_in_the_picture() -> None:
    assert shot_with(INN, "此人姓顾")["characters"].startswith("顾长风")
    assert "店小二" in shot_with(INN, "店小二迎上")["characters"]
    assert "服务员" in shot_with(CAFE, "服务员走过来")["characters"]
    assert shot_with(CAFE, "靠窗的位子")["characters"] == "许默"
    assert "Clara" in shot_with(SHOP, "Clara found him")["characters"]


def test_nobody_is_called_absent_where_people_are_spoken_of() -> None:
    fields = shot_with("雨下了一夜。\n\n村里的人群涌到桥头，有人喊了起来。\n", "人群")
    assert fields["characters"] != "无（空镜）"
    assert "无人" not in fields["picture"]


def test_a_person_in_a_photograph_or_a_comparison_is_not_there() -> None:
    story = "墙上挂着一张照片：年轻的男人站在灯塔下。许默看着它。塔身像一个掉了牙的老人。许默走了。\n"
    assert "年轻的男人" not in shot_with(story, "照片")["characters"]


def test_one_person_under_two_names_is_one_person() -> None:
    assert not {"the doctor", "Voss", "A voice"} & set(cast_of(SHOP))
    story = (
        "林秋禾坐下。“林律师，”孙总把笔推过来，“可以开始了吧？”\n\n孙总低头看了十秒钟。林秋禾笑了。“林律师，走好。”\n"
    )
    assert set(cast_of(story)) == {"林秋禾", "孙总"}


def test_everyday_words_are_no_names() -> None:
    story = (
        "甲板上的木桶滚来滚去。木桶滚到墙边，木桶滚了。他换了位子，位子空着，位子在窗边。他戴一副眼镜，又戴一副手套。\n"
    )
    assert cast_of(story * 3) == {}
