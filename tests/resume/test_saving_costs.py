"""What saving costs a run, counted: entries, syncs, plans, reads. What is counted here cannot be lost in silence.

Law: nothing is timed; how long it takes is for bench/.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stages.pipeline import order, plan
from stages.pipeline.order import Outcome
from stages.pipeline.settings import Settings
from tests.resume.shoots import NAMES, Shoot

if TYPE_CHECKING:
    import pytest

    from stages.pipeline.plan import PlannedStep

LOG = "/p/events.jsonl"


def made(scenes: int, jobs: int) -> Shoot:
    shoot = Shoot(scenes=scenes, settings=Settings(provider="openai", model="m", jobs=jobs))
    assert shoot.run() is Outcome.COMPLETE
    return shoot


def syncs(shoot: Shoot, path: str = LOG) -> int:
    return sum(one.name == "sync" and one.path == path for one in shoot.disk.trace)


def test_a_scene_costs_three_entries() -> None:
    shoot = made(scenes=5, jobs=2)
    assert len(shoot.of("scene.started", "answer.received", "scene.completed")) == 3 * 5 * len(NAMES) + 2  # planning
    assert len(shoot.log) == len(made(scenes=4, jobs=2).log) + 3 * len(NAMES)


def test_a_scene_made_alone_costs_two_syncs_of_the_log_one_of_them_with_the_start_of_the_next() -> None:
    assert syncs(made(scenes=9, jobs=1)) - syncs(made(scenes=4, jobs=1)) == 2 * 5 * len(NAMES)


def test_what_came_of_a_scene_stands_in_the_log_before_the_start_of_the_next() -> None:
    types = [entry["type"] for entry in made(scenes=3, jobs=1).log if entry["subject"].startswith("storyboard/")]
    assert types == ["scene.started", "answer.received", "scene.completed"] * 3


def test_scenes_that_are_made_at_once_cost_no_more_syncs_than_one() -> None:
    assert syncs(made(scenes=8, jobs=8)) == syncs(made(scenes=4, jobs=8)) == syncs(made(scenes=1, jobs=8))


def test_a_stage_is_planned_when_it_begins_and_when_the_run_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    planned: list[int] = []

    def counted(*given: object) -> list[PlannedStep]:
        planned.append(1)
        return plan.plan_stage(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(order, "plan_stage", counted)
    made(scenes=9, jobs=4)
    assert len(planned) == 2 * len(NAMES)


def test_a_result_is_read_from_the_log_for_the_next_stage_and_for_the_outputs_and_never_else() -> None:
    def reads(scenes: int) -> int:
        return sum(one.name == "read_at" and one.path == LOG for one in made(scenes, jobs=1).disk.trace)

    scenes, stages = 5, len(NAMES)
    for_next, for_outputs = scenes * (stages - 1), scenes * stages
    assert reads(4 + scenes) - reads(4) == for_next + for_outputs
