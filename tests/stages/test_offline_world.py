"""What the offline director promises about the world: place, hour, weather, sound, titles, and Markdown."""

from __future__ import annotations

import re

import pytest

from stages.pipeline.text import canonical
from tests.stages.director import bible_of, shot_with, shots_of, titles_of

TRIP = (
    "# A Trip to the Salt Flats\n\n*by nobody in particular*\n\n## Packing\n\n"
    "Mara threw four things into the van:\n\n- a shovel\n- two jerrycans of water\n- **one** very old dog\n"
    "- `map.pdf`, printed\n\n"
    '"That\'s not a plan," said Tom.\n\n'
    "They drove north at dawn. The road was [straight](http://example.com) as a ruled line.\n\n"
    "1. First the petrol station.\n2. Then the canyon.\n\n"
    '> "Nothing," Tom read aloud from the guidebook, "is the chief attraction."\n\n---\n\n'
    "At midnight the salt glowed. The dog lay down.\n\n![dog](dog.png)\n"
)


@pytest.mark.parametrize(
    ("story", "place"),
    [
        ("一日黄昏，风陵渡口的悦来客栈来了一位客人。", "客栈"),
        ("次日清晨，客栈后山有一片竹林，竹梢积雪。", "竹林"),
        ("下午三点，两人去了城东的老厂。张伯从门房里探出头来。", "老厂"),
        ("The street lamp lit the floor of the cellar.\n", "The cellar"),
        ("He wound the carriage clock in the library.\n", "The library"),
    ],
)
def test_the_head_of_a_phrase_is_the_place(story: str, place: str) -> None:
    assert place in shots_of(story)[0].fields["picture"].split("。" if "一" <= story[0] <= "龥" else ",")[0]


def test_a_chapters_title_says_where_it_is_and_a_books_does_not() -> None:
    assert "竹林" in shots_of("第二章 竹林\n\n顾长风拔刀。刀光一闪。\n")[0].fields["picture"]
    assert "cellar" in shots_of("Chapter Three: The Cellar\n\nClara went down.\n")[0].fields["picture"]
    assert "客栈" not in shots_of("龙门客栈\n\n顾长风走过渡口。\n")[0].fields["picture"]


def test_a_comparison_makes_no_weather_place_or_thing() -> None:
    picture = shots_of("竹叶纷飞，漫天碧雨。许默的眼睛像一片大海。\n")[0].fields
    assert "雨" not in picture["lighting"] + picture["sound"]
    assert "海" not in picture["sound"]
    assert "river" not in shots_of("The road ran on like a river. Clara walked.\n")[0].fields["picture"].split(":")[0]


def test_two_in_the_morning_is_night() -> None:
    fields = shots_of("许默在办公室里改合同，一直改到凌晨两点。\n")[0].fields
    assert "夜" in fields["picture"].split("，")[0]


def test_a_sound_has_its_source_in_the_picture() -> None:
    assert "水" not in shots_of("她在办公室里用指甲在一行字上划了一道。\n")[0].fields["sound"]
    assert "脚步" not in shots_of("一辆洒水车慢慢开过去，放着一支跑调的歌。\n")[0].fields["sound"]
    assert "ater" not in shots_of("Mara packed two jerrycans of water.\n")[0].fields["sound"]


def test_a_landscape_after_a_jump_of_time_is_seen_from_afar() -> None:
    story = "许默把刀放下。他笑了。\n\n三日后，风陵渡口，大河冰封。许默望着远处。\n"
    assert shot_with(story, "三日后")["shot_size"] in ("远景", "大远景", "全景")


def test_two_people_in_a_strong_moment_are_no_close_up_of_a_thing() -> None:
    story = (
        "许默愣住了。\n\n过了很久，许默忽然蹲下去，把脸埋进手里。张伯站在门口，悄悄把灯打开了。张伯叹气。许默哭了。\n"
    )
    assert "占满画面" not in shot_with(story, "把脸埋进")["picture"]


def test_titles_are_whole_phrases() -> None:
    story = "车间里静得能听见滴水声。许默走到机床前，掏出一串钥匙。\n\n他说：“就是这台。”许默笑了。\n"
    for title in titles_of(story):
        assert "里里" not in title
        assert not re.search(r"里静得", title)


def test_what_the_text_does_not_say_is_said_to_be_open() -> None:
    bible = bible_of("许默坐下。许默笑了。\n")
    assert not re.search(r"^- [^：\n]+：$", bible, re.MULTILINE)


def test_markdown_is_quoted_in_the_source_and_nowhere_else() -> None:
    shots = shots_of(TRIP)
    assert canonical("".join(shot.source for shot in shots)) == canonical(TRIP)
    for shot in shots:
        shown = " ".join(value for key, value in shot.fields.items() if key != "source")
        assert not re.search(r"[*`#\[\]]|http|^>|:\.|(?<!\w)- ", shown), shown
    assert not any(re.fullmatch(r"\d+\.", shot.source) for shot in shots)


def test_a_list_is_no_title_and_a_title_is_no_action() -> None:
    assert not shot_with(TRIP, "a shovel")["dialogue"].startswith("Title")
    assert shot_with(TRIP, "A Trip to")["dialogue"] == "Title: A Trip to the Salt Flats"
    story = "The Clockmaker's Daughter\n\nChapter One: The Shop\n\nClara sat down.\n"
    assert [shot.fields["dialogue"] for shot in shots_of(story)[:2]] == [
        "Title: The Clockmaker's Daughter",
        "Title: Chapter One: The Shop",
    ]
    story = "断雁刀\n\n第一章 雪夜\n\n许默坐下。\n"
    assert [shot.source for shot in shots_of(story)[:2]] == ["断雁刀", "第一章 雪夜"]
