"""Making one scene in one stage: ask, read, ask once more if something is missing, record how it ended.

Law: an answer that was paid for is read before another one is asked for.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from eventlog import EventLogError
from eventlog.values import frozen
from stages.pipeline import events as facts
from stages.pipeline.briefs import brief_of
from stages.pipeline.calls import Call, Caller, Received
from stages.pipeline.checks import with_its_end
from stages.pipeline.contract import FailureKind
from stages.pipeline.outbox import advice
from stages.pipeline.text import digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stages.pipeline.contract import Brief, Draft, Provider, Stage
    from stages.pipeline.plan import PlannedStep
    from stages.pipeline.project import Project

_LONG = 8000  # characters of a scene: below that, reading its answer takes a tenth of a second


@frozen
class Made:
    """How the making of a scene ended, to be recorded: the fact, its content, the result or the problem."""

    fact: facts.SceneCompleted | facts.SceneRejected | facts.SceneFailed
    content: Any = None
    text: str = ""
    problem: str = ""


class SceneMaker:
    """Makes the scenes of one project in one style; `remarks` counts what was seen and rejected nothing."""

    def __init__(self, project: Project, caller: Caller, *, style: str, wordings: Mapping[str, str]) -> None:
        self.remarks = 0
        self._project, self._caller, self._style, self._wordings = project, caller, style, wordings

    async def make(self, stage: Stage, step: PlannedStep, provider: Provider) -> Made:
        """Make one scene; how that ended is for the caller to record. Raises ProviderError, which is recorded."""
        subject = facts.subject_of(stage.name, step.scene.id)
        brief = brief_of(self._project, stage, step.scene, style=self._style, wordings=self._wordings)
        found = self._project.progress.step(stage.name, step.scene.id)
        so_far = self._unread(stage, step)
        is_second = so_far is not None and found.asked_after not in ("", so_far.id)  # the last one to be asked for
        received = await self._ask(stage, step, brief, provider=provider, so_far=so_far)
        draft = await _read(stage, brief, received)
        if draft.violations and not is_second:
            missing = [violation.message for violation in draft.violations]
            received = await self._ask(stage, step, brief, provider=provider, missing=missing, after=received.id)
            draft = await _read(stage, brief, received)
        if draft.violations:
            return _rejected(subject, received, [violation.message for violation in draft.violations])
        self.remarks += len(draft.remarks)
        completed = facts.SceneCompleted(
            subject=subject,
            attempt=received.attempt,
            fingerprint=step.fingerprint,
            answer=received.id,
            result=digest(draft.text),
            parts=step.parts,
        )
        return Made(fact=completed, text=draft.text)

    async def _ask(
        self,
        stage: Stage,
        step: PlannedStep,
        brief: Brief,
        *,
        provider: Provider,
        missing: Sequence[str] = (),
        so_far: Received | None = None,
        after: str = "",
    ) -> Received:
        subject = facts.subject_of(stage.name, step.scene.id)
        call = Call(
            subject=subject,
            request=stage.request(brief, missing),
            fingerprint=step.fingerprint,
            attempts_before=self._project.progress.step(stage.name, step.scene.id).attempts,
            after=after,
        )
        return await self._caller.ask(provider, call, so_far)

    def _unread(self, stage: Stage, step: PlannedStep) -> Received | None:
        """An answer that was paid for before a crash and has no outcome; whole, if it was read and lacked something."""
        found = self._project.progress.step(stage.name, step.scene.id)
        if found.unread is None or found.fingerprint != step.fingerprint:
            return None
        text = self._project.content(found.unread)["text"]
        is_cut = found.unread.is_cut and found.asked_after != found.unread.id
        return Received(id=found.unread.id, attempt=found.unread_attempt, text=text, is_cut=is_cut)


def given_up(stage: Stage, step: PlannedStep, error: Exception) -> Made:
    """How a scene ends that met a bug of this program, or a disk; the other scenes go on.

    An answer that was received stays, and is read by the next run.
    """
    problem = f"internal error, please report it: {type(error).__name__}: {error}"
    if isinstance(error, EventLogError | OSError):
        problem = f"what was saved cannot be read: {advice(error)}"
    subject = facts.subject_of(stage.name, step.scene.id)
    failed = facts.SceneFailed(subject=subject, attempt="", kind=FailureKind.TERMINAL, message=problem)
    return Made(fact=failed, problem=problem)


def _rejected(subject: str, received: Received, missing: Sequence[str]) -> Made:
    problem = "; ".join(missing)
    fact = facts.SceneRejected(subject=subject, attempt=received.attempt, answer=received.id, message=problem)
    return Made(fact=fact, content={"violations": list(missing)}, problem=problem)


async def _read(stage: Stage, brief: Brief, received: Received) -> Draft:
    """Read an answer; of a long scene that takes seconds, in which the others go on."""
    if len(brief.source) < _LONG:
        draft = stage.read(brief, received.text)
    else:
        draft = await asyncio.to_thread(stage.read, brief, received.text)
    return with_its_end(brief, draft, received.text) if received.is_cut else draft
