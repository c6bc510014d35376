"""What the plan promises: each scene is judged by its own history, and every decision says why."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.enhancement import Enhancement
from stages.pipeline import events as facts
from stages.pipeline.contract import Scene, Stage
from stages.pipeline.counts import count
from stages.pipeline.plan import (
    Action,
    Basis,
    PlannedStep,
    fingerprint,
    parse_scenes,
    plan_run,
    plan_stage,
    scenes_beyond,
    step_fingerprint,
    step_parts,
    told_parts,
)
from stages.pipeline.settings import Settings
from stages.registry import STAGES
from stages.storyboard import Storyboard
from tests.stages.told import Told, scenes

STORYBOARD, ENHANCEMENT = Storyboard(), Enhancement()
SUBJECT = "storyboard/s0001"


def told(total: int = 2) -> Told:
    """A project whose story is planned."""
    log = Told()
    log.story("正文" * 5 * total, scenes(total))
    return log


def basis(stage: Stage, **changed: object) -> Basis:
    """What today's steps are made from."""
    digests = {f"s{number:04d}": f"text {number}" for number in range(1, 10)}
    made = Basis(stage=stage, settings=Settings(), model="m", scene_digests=digests)
    return replace(made, **changed)  # type: ignore[arg-type]


def planned(log: Told, stage: Stage = STORYBOARD, **changed: object) -> list[PlannedStep]:
    """What is to be done in one stage."""
    return plan_stage(log.progress, basis(stage, **changed))


def wanted(log: Told, stage: Stage = STORYBOARD, scene: int = 0) -> str:
    """The fingerprint that a step made today has."""
    return step_fingerprint(log.progress, basis(stage), log.progress.scenes[scene])


def decisions(steps: list[PlannedStep]) -> list[tuple[Action, str]]:
    """What is done and why."""
    return [(step.action, step.reason) for step in steps]


def test_a_scene_nothing_was_heard_of_runs() -> None:
    assert decisions(planned(told(1))) == [(Action.RUN, "not started")]


def test_a_finished_scene_is_skipped() -> None:
    log = told(1)
    log.complete(SUBJECT, "一\n", fingerprint=wanted(log))
    step = planned(log)[0]
    assert (step.action, step.reason, step.stale) == (Action.SKIP, "complete", False)


def test_a_finished_scene_made_from_something_else_is_kept_and_marked() -> None:
    log = told(1)
    log.complete(SUBJECT, "一\n", fingerprint="another")
    step = planned(log)[0]
    assert (step.action, step.stale) == (Action.SKIP, True)
    assert step.reason == "complete, input or settings changed: kept"  # the parts were not remembered


def test_a_failed_scene_runs_again_and_the_reason_counts_the_failures() -> None:
    log = told(1)
    log.fail(SUBJECT, 1)
    log.fail(SUBJECT, 2)
    assert decisions(planned(log)) == [(Action.RUN, "failed 2 times, retrying")]


def test_a_scene_cut_off_by_a_crash_runs_again() -> None:
    log = told(1)
    log.start(SUBJECT)
    assert decisions(planned(log)) == [(Action.RUN, "was interrupted")]


def test_a_scene_that_the_provider_refused_runs_again_without_counting_as_failed() -> None:
    log = told(1)
    log.fail(SUBJECT, kind="refused")
    assert decisions(planned(log)) == [(Action.RUN, "was interrupted")]


def test_an_answer_that_was_paid_for_is_read_if_it_answers_todays_question() -> None:
    log = told(1)
    log.answer(SUBJECT, log.start(SUBJECT, fingerprint=wanted(log)), "…")
    assert decisions(planned(log)) == [(Action.RUN, "its answer was received and not yet read")]
    other = told(1)
    other.answer(SUBJECT, other.start(SUBJECT, fingerprint="another question"), "…")
    assert decisions(planned(other)) == [(Action.RUN, "was interrupted")]


def test_a_scene_waits_for_the_stage_before_it() -> None:
    log = told(2)
    log.complete("storyboard/s0002", "二\n")
    assert decisions(planned(log, ENHANCEMENT)) == [
        (Action.BLOCKED, "waits for storyboard"),
        (Action.RUN, "not started"),
    ]


def test_a_scene_without_source_is_blocked_and_a_finished_one_is_not() -> None:
    log = Told()
    results = [{"scene_index": 0, "scene_info": "门", "storyboard_script": "镜头…"}]
    content = {"storyboard": {"storyboard_results": results, "total_scenes": 2}, "enhancement": None}
    log.fact(facts.ProgressImported(total_scenes=2, language="zh", files="f"), content)
    assert decisions(planned(log)) == [(Action.SKIP, "complete"), (Action.BLOCKED, "source missing")]
    assert decisions(planned(log, ENHANCEMENT)) == [
        (Action.RUN, "not started"),
        (Action.BLOCKED, "waits for storyboard"),
    ]
    assert not any(step.stale for step in planned(log))


def test_a_failed_scene_in_the_middle_is_found_wherever_it_stands() -> None:
    log = told(5)
    for number in (1, 2, 4, 5):
        log.complete(f"storyboard/s{number:04d}", "好\n")
    log.fail("storyboard/s0003")
    runs = [step.scene.number for step in planned(log) if step.action is Action.RUN]
    assert runs == [3]


def test_only_selected_scenes_are_planned() -> None:
    steps = plan_stage(told(5).progress, basis(STORYBOARD), {2, 5})
    assert [step.scene.number for step in steps] == [2, 5]


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherStage:
    """A stage that differs from the storyboard in its version or its prompt."""

    name: str = "storyboard"
    version: int = 1
    upstream: str | None = None
    digest: str = field(default_factory=lambda: STORYBOARD.prompt_digest("zh"))

    def prompt_digest(self, _language: str, _wording: str = "") -> str:
        return self.digest

    request = STORYBOARD.request
    read = STORYBOARD.read


@pytest.mark.parametrize(
    "changed",
    [
        {"scene_digests": {"s0001": "another text"}},
        {"settings": Settings(provider="openai")},
        {"settings": Settings(style="水墨")},
        {"model": "another"},
        {"stage": OtherStage(version=2)},
        {"stage": OtherStage(digest="another prompt")},
        {"stage": ENHANCEMENT},
    ],
    ids=["scene text", "provider", "style", "model", "stage version", "prompt", "stage"],
)
def test_the_fingerprint_changes_with_each_thing_the_result_depends_on(changed: dict[str, object]) -> None:
    log = told(1)
    scene = log.progress.scenes[0]
    assert step_fingerprint(log.progress, basis(OtherStage()), scene) == wanted(log)
    assert step_fingerprint(log.progress, replace(basis(STORYBOARD), **changed), scene) != wanted(log)  # type: ignore[arg-type]


def test_the_fingerprint_changes_with_the_world_bible_and_with_the_upstream_result() -> None:
    log, other = told(1), Told()
    other.story("正文" * 5, scenes(1), bible="另一个世界\n")
    assert wanted(log) != wanted(other)
    before = wanted(log, ENHANCEMENT)
    log.complete(SUBJECT, "一\n")
    between = wanted(log, ENHANCEMENT)
    log.complete(SUBJECT, "二\n", 2)
    assert len({before, between, wanted(log, ENHANCEMENT)}) == 3


@pytest.mark.parametrize("changed", [Settings(jobs=9), Settings(base_url="http://localhost")])
def test_settings_that_do_not_change_the_result_do_not_change_the_fingerprint(changed: Settings) -> None:
    log = told(1)
    scene = log.progress.scenes[0]
    assert step_fingerprint(log.progress, basis(STORYBOARD, settings=changed), scene) == wanted(log)


CHANGES = {
    "text": ({"scene_digests": {"s0001": "another text"}}, "scene text changed"),
    "provider": ({"settings": Settings(provider="openai")}, "provider changed"),
    "style": ({"settings": Settings(style="水墨")}, "style changed"),
    "model": ({"model": "another"}, "model changed"),
    "prompt": ({"wording": "another prompt"}, "prompt changed"),
    "stage": ({"stage": OtherStage(version=2)}, "rules of the stage changed"),
}


def finished(log: Told, stage: Stage = STORYBOARD, scene: int = 0) -> str:
    """Tell that a step was made from what is there today; returns its subject."""
    parts = step_parts(log.progress, basis(stage), log.progress.scenes[scene])
    subject = f"{stage.name}/s000{scene + 1}"
    log.complete(subject, f"{subject}\n", fingerprint=fingerprint(*parts.values()), parts=told_parts(parts))
    return subject


@pytest.mark.parametrize(("part", "changed", "said"), [(part, *told) for part, told in CHANGES.items()], ids=[*CHANGES])
def test_stale_work_is_kept_and_the_reason_names_what_changed(part: str, changed: dict[str, Any], said: str) -> None:
    log = told(1)
    finished(log)
    assert decisions(planned(log)) == [(Action.SKIP, "complete")]
    about: dict[str, Any] = {"stage": STORYBOARD, **changed}
    (step,) = planned(log, **about)
    assert (step.action, step.reason, step.changed, step.stale) == (
        Action.SKIP,
        f"complete, {said}: kept",
        (part,),
        True,
    )
    (step,) = planned(log, **about, rerun=True)
    assert (step.action, step.reason, step.stale) == (Action.RUN, said, True)


def test_everything_that_changed_is_named() -> None:
    log = told(1)
    finished(log)
    (step,) = planned(log, model="another", settings=Settings(style="水墨"), rerun=True)
    assert step.reason == "model, style changed"


def test_rerun_makes_stale_work_again_and_nothing_else() -> None:
    log = told(3)
    for scene in range(3):
        finished(log, scene=scene)
    digests = {f"s{number:04d}": f"text {number}" for number in range(1, 10)} | {"s0002": "edited"}
    steps = planned(log, scene_digests=digests, rerun=True)
    assert [step.scene.number for step in steps if step.action is Action.RUN] == [2]


def test_work_of_an_older_program_that_is_todays_is_not_stale() -> None:
    log = told(1)
    log.complete(SUBJECT, "一\n", fingerprint=wanted(log))
    assert decisions(planned(log, rerun=True)) == [(Action.SKIP, "complete")]


def test_an_edit_outlives_another_model_and_is_stale_when_the_story_changes() -> None:
    log = told(1)
    parts = step_parts(log.progress, basis(STORYBOARD), log.progress.scenes[0])
    log.edit(SUBJECT, "手写\n", 1, fingerprint="f", parts=told_parts(parts, is_edit=True))
    other: dict[str, Any] = {
        "model": "another",
        "settings": Settings(style="水墨", provider="openai"),
        "wording": "another",
    }
    assert decisions(planned(log, **other, rerun=True)) == [(Action.SKIP, "complete")]
    (step,) = planned(log, scene_digests={"s0001": "another text"})
    assert (step.action, step.reason) == (Action.SKIP, "complete, scene text changed: kept (edited by hand)")


def test_a_regenerated_scene_makes_what_builds_on_it_stale() -> None:
    log = told(2)
    for scene in range(2):
        finished(log, scene=scene)
        finished(log, ENHANCEMENT, scene)
    assert decisions(planned(log, ENHANCEMENT)) == [(Action.SKIP, "complete")] * 2
    log.edit(SUBJECT, "手写\n", 2)
    assert decisions(planned(log, ENHANCEMENT)) == [
        (Action.SKIP, "complete, upstream scene regenerated: kept"),
        (Action.SKIP, "complete"),
    ]
    assert decisions(planned(log, ENHANCEMENT, rerun=True)) == [
        (Action.RUN, "upstream scene regenerated"),
        (Action.SKIP, "complete"),
    ]


def test_the_plan_of_a_whole_run_foresees_what_its_first_stage_does_to_the_second() -> None:
    log = told(3)
    finished(log, scene=0)
    finished(log, ENHANCEMENT, 0)
    finished(log, scene=1)
    bases = [basis(stage, model="another") for stage in STAGES]
    assert decisions(plan_run(log.progress, bases)) == [
        (Action.SKIP, "complete, model changed: kept"),
        (Action.SKIP, "complete, model changed: kept"),
        (Action.RUN, "not started"),
        (Action.SKIP, "complete, model changed: kept"),
        (Action.RUN, "not started"),
        (Action.RUN, "after its storyboard"),
    ]
    digests = {"s0001": "text 1", "s0002": "text 2"}
    again = [basis(STORYBOARD, scene_digests=digests, rerun=True, wording="x"), basis(ENHANCEMENT, rerun=True)]
    assert decisions(plan_run(log.progress, again, {1})) == [
        (Action.RUN, "prompt changed"),
        (Action.RUN, "upstream scene regenerated"),
    ]


def test_a_rerun_that_fails_takes_nothing_away() -> None:
    log = told(1)
    finished(log)
    log.fail(SUBJECT, 2)
    (step,) = planned(log, model="another", rerun=True)
    assert (step.action, step.reason) == (Action.RUN, "model changed")
    assert count(log.progress, [STORYBOARD])[0].done == 1


def test_moving_a_scene_does_not_change_its_fingerprint() -> None:
    log = told(2)
    moved = replace(log.progress.scenes[0], index=7, start=100, end=110, title="别的标题")
    assert step_fingerprint(log.progress, basis(STORYBOARD), moved) == wanted(log)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), max_size=4))
def test_what_stands_in_one_part_of_a_fingerprint_is_not_taken_for_another(parts: list[str]) -> None:
    assert fingerprint("a", *parts) != fingerprint(*parts, "b")
    assert fingerprint(*parts, "ab", "c") != fingerprint(*parts, "a", "bc")


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("3", {3}),
        ("1-5,8", {1, 2, 3, 4, 5, 8}),
        (" 2 , 4 - 5 ", {2, 4, 5}),
        ("1，3", {1, 3}),
        ("7-7", {7}),
        ("1-3,2-4", {1, 2, 3, 4}),
    ],
)
def test_a_list_of_scenes_is_read_as_people_write_it(text: str, numbers: set[int]) -> None:
    assert parse_scenes(text) == numbers


@pytest.mark.parametrize("text", ["", ",", "1,", "x", "0", "0-3", "-3", "3-", "1-2-3", "1.5", "-", "²"])
def test_anything_else_is_refused_with_a_sentence_that_shows_it(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"is not a (scene number or a range; write scenes like 1-5,8|range of scenes)"
    ):
        parse_scenes(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("5-3", "'5-3' runs backwards; write 3-5"), ("1-200000", "no scene is above 100000"), ("200000", "more than a")],
)
def test_a_range_that_makes_no_sense_is_refused_with_its_own_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_scenes(text)


@given(st.text(max_size=20))
def test_any_text_is_a_list_of_scenes_or_a_value_error(text: str) -> None:
    try:
        numbers = parse_scenes(text)
    except ValueError:
        return
    assert numbers
    assert min(numbers) >= 1


def test_scenes_that_do_not_exist_are_named_once_the_story_is_planned() -> None:
    log = told(3)
    assert scenes_beyond(log.progress, {2, 9, 4}) == [4, 9]
    assert scenes_beyond(log.progress, {1, 3}) == []
    assert scenes_beyond(Told().progress, {9}) == []


def test_done_failed_and_remaining_scenes_add_up() -> None:
    log = told(4)
    log.complete("storyboard/s0001", "一\n")
    log.fail("storyboard/s0002")
    log.start("storyboard/s0003")
    first, second = count(log.progress, STAGES)
    assert (first.name, first.total, first.done, first.failed, first.remaining) == ("storyboard", 4, 1, 1, 2)
    assert (second.name, second.total, second.done, second.failed, second.remaining) == ("enhancement", 4, 0, 0, 4)


def test_scenes_that_are_no_longer_planned_do_not_count() -> None:
    log = told(4)
    log.complete("storyboard/s0004", "四\n")
    log.plan(scenes(2))
    assert count(log.progress, STAGES)[0].done == 0


def test_people_count_scenes_from_one() -> None:
    assert Scene(id="s0001", index=0, title="").number == 1
