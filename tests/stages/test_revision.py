"""What a changed story promises: scenes that are still there keep their ids, and all of it is in a scene."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.pipeline.contract import Scene
from stages.pipeline.revision import Kind, Revision, revise

NOVEL = 6000  # paragraphs
NAMES = "甲乙丙丁戊己庚辛壬癸"


def scene_text(name: str, changed: str = "") -> str:
    """Three paragraphs that no other scene is like."""
    words = [name * 3 + chr(0x4E00 + 37 * ord(name) % 9000 + at * 211) * 2 for at in range(24)]
    first, second, third = ("，".join(words[at : at + 8]) + "。\n" for at in (0, 8, 16))
    return f"{first}\n{changed or second}\n{third}\n"


def planned(names: str) -> list[tuple[Scene, str]]:
    """A plan with a scene for each name."""
    found, at = [], 0
    for index, name in enumerate(names):
        told = scene_text(name)
        scene = Scene(
            id=f"s{index + 1:04d}", index=index, title=name, start=at, end=at + len(told), characters=(name * 3,)
        )
        found.append((scene, told))
        at += len(told)
    return found


def revised(before: str, *after: str) -> Revision:
    """What becomes of a story of these scenes when it is made of those texts; a single letter is a scene as it was."""
    text = "".join(scene_text(one) if len(one) == 1 else one for one in after)
    found = revise(planned(before), text, "zh", highest_id=len(before))
    assert "".join(text[scene.start : scene.end] for scene in found.scenes) == text
    return found


def told(found: Revision) -> list[tuple[str, str]]:
    """The ids and what became of them."""
    return [(change.scene.id, change.kind.value) for change in found.changes]


def test_an_unchanged_story_has_its_scenes_as_they_were() -> None:
    assert told(revised("甲乙丙", *"甲乙丙")) == [(f"s000{n}", "unchanged") for n in (1, 2, 3)]
    assert revised("甲乙丙", *"甲乙丙").scenes == tuple(scene for scene, _ in planned("甲乙丙"))


def test_an_edited_scene_keeps_its_id_and_its_title() -> None:
    found = revised("甲乙丙", "甲", scene_text("乙", "第二段被改写成了完全不同的一句话。\n"), "丙")
    assert told(found) == [("s0001", "unchanged"), ("s0002", "edited"), ("s0003", "unchanged")]
    assert found.scenes[1].title == "乙"
    assert 0.5 < found.changes[1].alike < 1


def test_every_paragraph_of_a_scene_may_be_edited() -> None:
    found = revised("甲乙丙", "甲", scene_text("乙").replace("。", "，他说。"), "丙")
    assert told(found) == [("s0001", "unchanged"), ("s0002", "edited"), ("s0003", "unchanged")]


@pytest.mark.parametrize("order", ["丙甲乙", "乙甲丙", "丁甲乙丙", "乙丙丁甲", "丁丙乙甲"])
def test_a_scene_that_moved_keeps_its_id(order: str) -> None:
    before = "".join(sorted(order, key=NAMES.index))
    found = revised(before, *order)
    assert [scene.title for scene in found.scenes] == list(order)
    assert {change.kind for change in found.changes} == {Kind.UNCHANGED, Kind.MOVED}
    assert {change.scene.title: change.was for change in found.changes} == {name: at for at, name in enumerate(before)}


def test_a_scene_that_moved_and_was_edited_keeps_its_id() -> None:
    found = revised("甲乙丙丁", scene_text("丁").replace("。", "，他说。"), *"甲乙丙")
    assert told(found)[0] == ("s0004", "edited")


def test_a_long_passage_is_a_new_scene_and_its_id_was_never_given() -> None:
    found = revised("甲乙", "甲", "己", "乙")
    assert told(found) == [("s0001", "unchanged"), ("s0003", "new"), ("s0002", "unchanged")]
    again = revise(planned("甲乙"), scene_text("甲") + scene_text("己") + scene_text("乙"), "zh", highest_id=9)
    assert again.scenes[1].id == "s0010"


def test_a_new_scene_is_called_by_its_heading_and_knows_the_people_it_names() -> None:
    found = revised("甲乙", "甲", f"## 第三章 归来\n\n{scene_text('己')}乙乙乙来了，没有说话。\n", "乙")
    assert (found.scenes[1].title, found.scenes[1].characters) == ("第三章 归来", ("乙乙乙",))
    assert revised("甲乙", "甲", "己", "乙").scenes[1].title == "场景2"


def test_a_very_long_passage_is_cut_into_scenes_of_the_usual_length() -> None:
    found = revised("甲乙", "甲", *"己庚辛", "乙")
    assert [change.kind.value for change in found.changes] == ["unchanged", "new", "new", "new", "unchanged"]


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_short_passage_joins_its_neighbour(at: int) -> None:
    texts = ["甲", "乙"]
    texts.insert(at, "多了一句。\n")
    found = revised("甲乙", *texts)
    assert [scene.id for scene in found.scenes] == ["s0001", "s0002"]
    assert sorted(change.kind.value for change in found.changes) == ["edited", "unchanged"]


def test_a_long_passage_in_the_middle_of_a_scene_leaves_the_larger_part_the_scene() -> None:
    first, second, third = scene_text("甲").split("\n\n", 2)
    found = revised("甲乙", f"{first}\n\n{second}\n\n", "己", third, "乙")
    assert [change.kind.value for change in found.changes] == ["edited", "new", "unchanged"]
    assert [scene.id for scene in found.scenes] == ["s0001", "s0003", "s0002"]


def test_a_scene_that_is_gone_is_told_last() -> None:
    found = revised("甲乙丙", "甲", "丙")
    assert told(found) == [("s0001", "unchanged"), ("s0003", "unchanged"), ("s0002", "gone")]
    assert [scene.index for scene in found.scenes] == [0, 1]


def test_another_scene_in_the_place_of_one_is_new_and_gets_none_of_its_work() -> None:
    found = revised("甲乙丙", "甲", "己", "丙")
    assert told(found) == [("s0001", "unchanged"), ("s0004", "new"), ("s0003", "unchanged"), ("s0002", "gone")]


def test_another_story_has_none_of_the_scenes() -> None:
    found = revised("甲乙", "己", "庚")
    assert {change.kind for change in found.changes} == {Kind.NEW, Kind.GONE}


def test_scenes_that_say_the_same_are_told_apart_by_their_places() -> None:
    same = [(scene, scene_text("甲")) for scene, _ in planned("甲乙丙")]
    found = revise(same, scene_text("甲") * 4, "zh", highest_id=3)
    assert [scene.id for scene in found.scenes] == ["s0001", "s0002", "s0003", "s0004"]


STORIES = st.lists(
    st.sampled_from([*NAMES, "短。\n", "\n\n", "……\n", "他走了。\n", scene_text("甲")[:40], "a\n" * 60]), max_size=9
)


@given(st.text(st.sampled_from(NAMES), min_size=1, max_size=6).map(lambda t: "".join(dict.fromkeys(t))), STORIES)
def test_whatever_changes_the_scenes_tile_the_story_and_no_id_is_given_twice(before: str, after: list[str]) -> None:
    found = revised(before, *after, "甲" if not after else "终。\n")
    ids = [scene.id for scene in found.scenes]
    assert len(set(ids)) == len(ids)
    assert [scene.index for scene in found.scenes] == list(range(len(ids)))
    assert all(scene.start < scene.end for scene in found.scenes)
    gone = [change.scene.id for change in found.changes if change.kind is Kind.GONE]
    assert not set(gone) & set(ids)
    assert {scene.id for scene, _ in planned(before)} <= {*gone, *ids}


@pytest.mark.parametrize("kind", ["edited", "reversed", "another"])
def test_a_novel_is_compared_quickly(kind: str) -> None:
    pieces = [
        f"第{n}段，{chr(0x4E00 + n % 5000)}说了第{n}句话，{chr(0x5000 + n % 3000)}没有回答。\n" for n in range(6000)
    ]
    before = []
    for at in range(0, NOVEL, 10):
        scene = Scene(id=f"s{at // 10 + 1:04d}", index=at // 10, title="", start=0, end=1)
        before.append((scene, "".join(pieces[at : at + 10])))
    after = {
        "edited": [piece.replace("没有", "也没有") if n % 50 == 0 else piece for n, piece in enumerate(pieces)],
        "reversed": [piece for at in range(NOVEL - 10, -1, -10) for piece in pieces[at : at + 10]],
        "another": [f"{n}".join("完全是另外的一个故事") + "\n" for n in range(NOVEL)],
    }[kind]
    begun = time.process_time()
    found = revise(before, "".join(after), "zh", highest_id=600)
    assert time.process_time() - begun < 10
    kinds = {change.kind for change in found.changes}
    assert (
        kinds
        == {
            "edited": {Kind.EDITED, Kind.UNCHANGED},
            "reversed": {Kind.MOVED, Kind.UNCHANGED},
            "another": {Kind.NEW, Kind.GONE},
        }[kind]
    )
