"""What a run is told to do, whom it tells how it goes, and which steps follow from that.

Law: an order does not change while the run goes on; which steps there are follows from it and from progress alone.
"""

from __future__ import annotations

from dataclasses import field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from eventlog.values import frozen
from stages.pipeline.briefs import bases_of
from stages.pipeline.plan import Action, PlannedStep, plan_stage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from stages.pipeline.contract import Provider, Scene, Stage, Task
    from stages.pipeline.counts import StageCount
    from stages.pipeline.project import Project
    from stages.pipeline.settings import Settings


class Outcome(StrEnum):
    """How a run ended."""

    COMPLETE = "complete"
    FAILED = "failed"
    PAUSED = "paused"
    INTERRUPTED = "interrupted"


class Observer(Protocol):
    """Who is told how a run goes."""

    def stage_started(self, count: StageCount, steps: int) -> None:
        """A stage begins, with so many steps to take."""

    def scene_finished(self, stage: str, scene: Scene, problem: str) -> None:
        """A scene is done, or failed with a problem."""

    def planning(self, task: Task, part: int, parts: int) -> None:
        """A part of the story (counted from 1) is being asked about."""

    def waiting(self, why: str, seconds: int) -> None:
        """Nobody is asked for so many seconds."""

    def note(self, message: str) -> None:
        """Something a person should know."""


@frozen
class Order:
    """What a run is to do: which stages, which scenes (1-based numbers; all if none), what to make again.

    The scenes in `sure` are made even though the program died of them before. `rerun` makes stale work again, which is
    kept otherwise; `wordings` are prompts that stand in for the built-in ones.
    """

    stages: Sequence[Stage]
    all_stages: Sequence[Stage]
    settings: Settings
    new_provider: Callable[[], Provider]
    scenes: frozenset[int] = frozenset()
    redo: frozenset[int] = frozenset()
    sure: frozenset[int] = frozenset()
    rerun: bool = False
    wordings: Mapping[str, str] = field(default_factory=dict)


class StopRequested(Exception):  # noqa: N818 - not an error: the user said so
    """The run was asked to stop while it waited."""


def steps_of(project: Project, order: Order, stage: Stage) -> list[PlannedStep]:
    """What is to be done with the scenes of one stage."""
    basis = bases_of(project, [stage], order.settings, wordings=order.wordings, rerun=order.rerun)[0]
    sure = order.sure | order.redo
    return [
        replace(step, action=Action.RUN) if step.action is Action.ASK and step.scene.number in sure else step
        for step in plan_stage(project.progress, basis, order.scenes)
    ]


def dangerous(project: Project, order: Order) -> list[PlannedStep]:
    """The steps of which the program died, again and again: somebody must say that they are to be made."""
    steps = [step for stage in order.stages for step in steps_of(project, order, stage)]
    return [step for step in steps if step.action is Action.ASK]


def first_of(group: BaseExceptionGroup) -> BaseException:
    """The first thing that went wrong among workers side by side: that is what a person is told."""
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first
