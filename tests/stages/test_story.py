"""What planning a story promises: no answer is paid for more often than needed, and why there is no plan is told.

Law: real runs on a simulated disk; only the provider is a fake of ours.
"""

from __future__ import annotations

import json

import pytest

from stages.pipeline.contract import Answer, Request
from stages.pipeline.order import Outcome
from tests.resume.shoots import Shoot

HALF = '{"scenes": [{"title": "门", "first": 1, "last": 2}]}'
THOUGHTS = "<think>\n先想想……\n</think>\n"


def instead(task: str, *said: Answer | None, scenes: int = 4) -> Shoot:
    """A shoot whose k-th call for the task is answered so; those after the last, and None, are answered well."""
    left = list(said)

    def fault(request: Request, _number: int) -> Answer | None:
        return left.pop(0) if request.task == task and left else None

    return Shoot(fault=fault, scenes=scenes)


def asked(shoot: Shoot, task: str) -> list[Request]:
    return [request for request in shoot.asked if request.task == task]


def test_scenes_that_are_no_use_are_asked_for_once_more_with_what_was_wrong() -> None:
    shoot = instead("scenes", Answer(text=HALF))
    assert shoot.run() is Outcome.COMPLETE
    first, second = asked(shoot, "scenes")
    assert not first.inputs["missing"]
    assert "the last scene ends at 2" in second.inputs["missing"][0]
    assert second.inputs["missing"][0] in second.messages[1]["content"]


def test_scenes_that_stay_useless_are_paid_for_twice_in_a_run_and_once_in_the_next() -> None:
    shoot = instead("scenes", *[Answer(text=HALF)] * 9)
    assert shoot.run() is Outcome.FAILED
    assert len(asked(shoot, "scenes")) == 2
    assert "the last scene ends at 2" in shoot.problem
    assert shoot.run() is Outcome.FAILED
    assert len(asked(shoot, "scenes")) == 3
    assert asked(shoot, "scenes")[-1].inputs["missing"]
    assert len(asked(shoot, "world_bible")) == 1


def test_why_there_is_no_plan_is_remembered_until_there_is_one() -> None:
    shoot = instead("scenes", *[Answer(text=HALF)] * 2)
    shoot.run()
    assert "the last scene ends at 2" in shoot.progress().plan_failure
    assert shoot.run() is Outcome.COMPLETE
    assert shoot.progress().plan_failure == ""


def test_a_bible_that_is_nothing_but_reasoning_is_asked_for_once_more() -> None:
    shoot = instead("world_bible", Answer(text=THOUGHTS))
    assert shoot.run() is Outcome.COMPLETE
    assert len(asked(shoot, "world_bible")) == 2


def test_a_bible_that_stays_empty_is_no_bible() -> None:
    shoot = instead("world_bible", *[Answer(text=THOUGHTS)] * 2)
    assert shoot.run() is Outcome.FAILED
    assert "only reasoned" in shoot.problem
    assert not shoot.of("world_bible.completed")
    assert shoot.run() is Outcome.COMPLETE


def test_a_bible_that_is_cut_off_for_good_is_not_taken_for_a_whole_one_and_goes_on_in_the_next_run() -> None:
    shoot = instead("world_bible", *[Answer(text=f"## 角色 {at}\n", finish_reason="length") for at in range(5)])
    assert shoot.run() is Outcome.FAILED
    assert "cut off" in shoot.problem
    assert not shoot.of("world_bible.completed")
    assert shoot.run() is Outcome.COMPLETE
    assert "## 角色 4" in asked(shoot, "world_bible")[-1].messages[-2]["content"]


def test_scenes_that_were_cut_off_after_their_end_are_scenes() -> None:
    shoot = Shoot()
    shoot.run()
    whole = next(entry["data"]["text"] for entry in shoot.of("answer.received") if "scenes" in entry["subject"])
    cut = Answer(text=f"{whole}\n以上是", finish_reason="length")
    assert json.loads(whole)["scenes"]
    again = instead("scenes", *[cut] * 5)
    assert again.run() is Outcome.COMPLETE


@pytest.mark.parametrize("stage", ["storyboard", "enhancement"])
def test_a_scene_whose_end_was_cut_off_is_asked_for_once_more_and_is_never_finished(stage: str) -> None:
    first = Shoot(scenes=1)
    first.run()
    whole = next(entry["data"]["text"] for entry in first.of("answer.received") if entry["subject"] == f"{stage}/s0001")
    cut = [Answer(text=said, finish_reason="length") for said in (whole, "", "", "", "")]
    again = instead(stage, *cut, scenes=1)
    assert again.run() is Outcome.COMPLETE
    assert "截断" in asked(again, stage)[-1].inputs["missing"][0]
    never = instead(stage, *cut, *cut, scenes=1)
    assert never.run() is Outcome.FAILED
    assert "截断" in never.of("scene.rejected")[0]["meta"]["message"]


def test_the_bible_so_far_is_passed_on_to_the_next_part() -> None:
    shoot = Shoot(scenes=250)
    shoot.run()
    first, second = asked(shoot, "world_bible")[:2]
    answered = [entry for entry in shoot.of("answer.received") if "world_bible" in entry["subject"]]
    assert first.inputs["bible"] == ""
    assert second.inputs["bible"].strip() == answered[0]["data"]["text"].strip()
    assert second.inputs["bible"].strip() in second.messages[1]["content"]
