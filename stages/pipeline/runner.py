"""The runner: take every step that can be taken, record each.

Law: steps of a stage run side by side and finish in any order; one bad scene never stops the others. A run that is
stopped, by a person, a provider or a crash, leaves a log that the next run goes on from.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from stages.pipeline import events as facts
from stages.pipeline.budget import terms_of
from stages.pipeline.calls import BudgetError, Caller, RetryPolicy
from stages.pipeline.contract import FailureKind, ProviderError
from stages.pipeline.counts import count
from stages.pipeline.order import Order, Outcome, StopRequested, first_of, steps_of
from stages.pipeline.plan import Action, PlannedStep, scenes_beyond
from stages.pipeline.projecting import Projecting
from stages.pipeline.scene_maker import SceneMaker, given_up
from stages.pipeline.story import StoryPlanner
from stages.pipeline.traffic import Traffic, pace_of

if TYPE_CHECKING:
    from stages.pipeline.contract import Provider, Stage
    from stages.pipeline.order import Observer
    from stages.pipeline.project import Project
    from stages.pipeline.scene_maker import Made
    from stages.pipeline.system import System

SAVE_AGAIN_S = 2.0


class Runner:
    """One run over one project. `problem` says what stopped it; `lacks_provider`, `lacks_plan`: what it lacks."""

    def __init__(
        self, project: Project, order: Order, system: System, observer: Observer, *, policy: RetryPolicy | None = None
    ) -> None:
        self.problem = ""
        self.lacks_provider = self.lacks_plan = False
        self._project, self._order, self._observer = project, order, observer
        self._stop = asyncio.Event()
        self._work: asyncio.Task[None] | None = None
        self._caller = self._new_caller(system, policy or RetryPolicy(patience_s=60.0 * order.settings.patience))
        self._files = Projecting(project, observer.note)
        self._scenes = SceneMaker(project, self._caller, style=order.settings.style, wordings=order.wordings)
        self._paused = self._interrupted = False
        self._bug: Exception | None = None  # met while a result was shown

    def _new_caller(self, system: System, policy: RetryPolicy) -> Caller:
        project, settings = self._project, self._order.settings
        asked_for = project.progress.not_before.get(settings.who)
        traffic = Traffic(
            pace_of(settings, policy),
            now=system.now,
            chance=system.chance,
            sleep=self._sleep,
            waits=self._observer.waiting,
            closed_until=datetime.fromisoformat(asked_for) if asked_for else None,
        )
        return Caller(project, system, policy=policy, terms=terms_of(settings), traffic=traffic, sleep=self._sleep)

    def stop_softly(self) -> None:
        """Start nothing new; what is in flight is finished."""
        self._interrupted = True
        self._stop.set()

    def stop_now(self) -> None:
        """Give up what is in flight as well."""
        self.stop_softly()
        if self._work is not None:
            self._work.cancel()

    async def _sleep(self, seconds: float) -> None:
        """Wait between two attempts, unless the run is to stop."""
        if self._stop.is_set():
            raise StopRequested
        if seconds <= 0:
            return
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return
        raise StopRequested

    def _steps(self, stage: Stage) -> list[PlannedStep]:
        return steps_of(self._project, self._order, stage)

    def has_work(self) -> bool:
        """Whether there is anything to do: a plan to make, a scene to run or to make again, a stage to finish."""
        if self._needs_plan():
            return True
        steps = [step for stage in self._order.stages for step in self._steps(stage)]
        finishable = any(self._is_finishable(stage) for stage in self._order.stages)
        return finishable or bool(self._order.redo) or any(step.action is Action.RUN for step in steps)

    def _needs_plan(self) -> bool:
        """Whether the plan or a part of it is missing (a damaged rescue file can lose the world bible alone)."""
        project, progress = self._project, self._project.progress
        lacks_bible = progress.bible is None and progress.imported is None
        return bool(project.source) and (lacks_bible or not progress.is_planned)

    @property
    def unwritten(self) -> list[str]:
        """The stages whose outputs could not be written."""
        return self._files.unwritten

    @property
    def remarks(self) -> int:
        """How many remarks the checks made on what was finished in this run."""
        return self._scenes.remarks

    @property
    def calls_in_flight(self) -> int:
        """How many calls are being answered."""
        return self._caller.in_flight

    @property
    def is_stopping(self) -> bool:
        """Whether the run was asked to stop."""
        return self._interrupted

    def outcome_without_work(self) -> Outcome:
        """How a run that has nothing to do ends, with nothing recorded."""
        return self._outcome(was_cut_off=False)

    async def run(self) -> Outcome:
        """Do all that can be done and say how it ended. Never raises for an expected failure."""
        run = self._project.new_id()
        settings = self._order.settings
        started = facts.RunStarted(
            run=run,
            stages=",".join(stage.name for stage in self._order.stages),
            provider=settings.provider,
            model=settings.model[:80],
            jobs=settings.jobs,
            scenes=",".join(str(number) for number in sorted(self._order.scenes)[:60]),
            stale="rerun" if self._order.rerun else "keep",
        )
        await self._project.record(started)
        was_cut_off = await self._work_and_save()
        self._project.retry_saving()
        await self._files.finish_late()
        outcome = self._outcome(was_cut_off=was_cut_off)
        if outcome is Outcome.INTERRUPTED:
            await self._project.record(facts.RunInterrupted(run=run, reason="stopped by the user"))
        else:
            await self._project.record(facts.RunFinished(run=run, outcome=outcome.value))
        if self._project.retry_saving() is None:
            self._files.finish_run(stage.name for stage in self._order.all_stages)
        return outcome

    async def _work_and_save(self) -> bool:
        """Take the steps while what could not be saved is tried again; whether they were cut off."""
        try:
            async with asyncio.TaskGroup() as group:
                saving = group.create_task(self._save_again())
                self._work = group.create_task(self._take_steps())
                self._work.add_done_callback(lambda _: saving.cancel())
        except BaseExceptionGroup as several:
            raise first_of(several) from None
        if self._bug is not None:  # it cost nobody's work, and is not kept quiet either
            raise self._bug
        return self._work.cancelled()

    async def _save_again(self) -> None:
        while True:
            await asyncio.sleep(SAVE_AGAIN_S)
            if self._project.outbox.waiting:
                with contextlib.suppress(Exception):  # it is tried again, and told of at the end of the run
                    self._project.retry_saving()

    async def _take_steps(self) -> None:
        try:
            await self._make_plan()
            if beyond := scenes_beyond(self._project.progress, self._order.scenes):
                self.problem = f"there is no scene {beyond[0]}"
                return
            await self._invalidate()
            for stage in self._order.stages:
                if not self._stop.is_set():
                    await self._take_stage(stage)
        except StopRequested:
            return
        except ProviderError as error:
            if error.kind is FailureKind.REFUSED:
                self._pause(error)
            else:
                self.problem, self.lacks_plan = error.message, True

    def _pause(self, error: ProviderError) -> None:
        self._paused, self.problem = True, error.message
        self.lacks_provider = not isinstance(error, BudgetError)
        self._stop.set()

    async def _make_plan(self) -> None:
        project = self._project
        if not self._needs_plan():
            return
        order, tell = self._order, self._observer.planning
        planner = StoryPlanner(project, self._caller, settings=order.settings, wordings=order.wordings, tell=tell)
        provider = order.new_provider()
        try:
            await planner.plan(provider)
        finally:
            await provider.close()

    async def _invalidate(self) -> None:
        for stage in self._order.stages:
            for scene in self._project.progress.scenes:
                subject = facts.subject_of(stage.name, scene.id)
                step = self._project.progress.step(stage.name, scene.id)
                can_be_made = scene.has_source or stage.upstream  # what nobody can make again is not asked for
                is_stuck = step.failure is not None and step.unread is not None  # on an answer that cannot be read
                if scene.number in self._order.redo and (step.is_done or is_stuck) and can_be_made:
                    given_up = facts.SceneInvalidated(subject=subject, reason="asked for again", number=step.attempts)
                    await self._project.record(given_up)

    async def _take_stage(self, stage: Stage) -> None:
        steps = deque(step for step in self._steps(stage) if step.action is Action.RUN)
        counted = count(self._project.progress, [stage])[0]
        if steps:
            again = sum(step.stale for step in steps)  # they have a result, which stays until there is a newer one
            self._observer.stage_started(replace(counted, done=counted.done - again), len(steps))
        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._order.settings.jobs, len(steps))):
                group.create_task(self._take_turns(stage, steps, group))
        if self._is_finishable(stage):
            await self._files.finish_stage(stage.name)

    async def _take_turns(self, stage: Stage, steps: deque[PlannedStep], group: asyncio.TaskGroup) -> None:
        """Make one scene after another. What came of one is saved while the next one begins: one sync is for both."""
        try:
            provider = self._order.new_provider()
        except ProviderError as error:  # nobody can be asked at all
            self._pause(error)
            return
        try:
            while steps and not self._stop.is_set():
                step = steps.popleft()
                made = await self._take_step(stage, step, provider)
                if made is not None and (self._stop.is_set() or not steps):  # none begins that it could wait for
                    await self._finish_step(stage, step, made)
                elif made is not None:
                    group.create_task(self._finish_step(stage, step, made))
                    await asyncio.sleep(0)  # its outcome stands in the log before the start of the next one
        except StopRequested:
            return
        finally:
            await provider.close()

    async def _take_step(self, stage: Stage, step: PlannedStep, provider: Provider) -> Made | None:
        """How a scene ended, if that is still to be recorded."""
        try:
            return await self._scenes.make(stage, step, provider)
        except ProviderError as error:
            self._pause(error) if error.kind is FailureKind.REFUSED else self._show(stage, step, problem=error.message)
            return None
        except StopRequested:
            raise
        except Exception as error:  # noqa: BLE001 - a bug met by one scene must not cost the others
            return given_up(stage, step, error)

    async def _finish_step(self, stage: Stage, step: PlannedStep, made: Made) -> None:
        try:
            await self._project.record(made.fact, made.content)
        except Exception as error:  # noqa: BLE001 - the same
            made = given_up(stage, step, error)
            await self._project.record(made.fact)
        self._show(stage, step, problem=made.problem, text=made.text)

    def _show(self, stage: Stage, step: PlannedStep, *, problem: str, text: str = "") -> None:
        try:
            if not problem:
                self._files.scene_done(stage.name, step.scene, text)
            self._observer.scene_finished(stage.name, step.scene, problem)
        except Exception as error:  # noqa: BLE001 - one met while a result is shown must not, either
            self._bug = self._bug or error

    def _is_finishable(self, stage: Stage) -> bool:
        counted = count(self._project.progress, [stage])[0]
        done = counted.total > 0 and counted.done == counted.total
        return done and stage.name not in self._project.progress.completed_stages

    def _outcome(self, *, was_cut_off: bool) -> Outcome:
        actions = {step.action for stage in self._order.stages for step in self._steps(stage)}
        is_unfinished = not self._project.progress.scenes or bool(actions - {Action.SKIP})
        if was_cut_off or (self._interrupted and is_unfinished):
            return Outcome.INTERRUPTED
        if self._paused or Action.ASK in actions:  # somebody must say that what the program died of is to be made
            return Outcome.PAUSED
        if self.problem or is_unfinished:
            return Outcome.FAILED
        return Outcome.COMPLETE
