"""Judging answers again by today's rules: what a log holds, finished or rejected or not yet read, at no cost.

Law: pure: a function of the log. Finished work is reported and never taken away; a rejected answer that passes now is
offered to be accepted, the newest of a scene first.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from eventlog.values import frozen
from stages.pipeline import events as facts
from stages.pipeline.answers import result_text
from stages.pipeline.briefs import bases_of, brief_of
from stages.pipeline.checks import with_its_end
from stages.pipeline.contract import Draft
from stages.pipeline.plan import fingerprint, step_parts, told_parts
from stages.pipeline.text import digest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from stages.pipeline.briefs import Material
    from stages.pipeline.contract import Brief, Scene, Stage
    from stages.pipeline.settings import Settings
    from stages.pipeline.steps import Step, Tried


class State(StrEnum):
    """What a scene's answer is so far."""

    FINISHED = "finished"
    REJECTED = "rejected"
    UNREAD = "unread"
    IMPORTED = "imported"


@frozen
class Finding:
    """What today's rules say of one scene in one stage.

    `tried` is the answer that was judged, of a scene that is not finished; an imported result is not judged at all: the
    rules are those of our own requests.
    """

    stage: str
    scene: Scene
    state: State
    draft: Draft
    tried: Tried | None = None

    @property
    def passes(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.draft.violations

    @property
    def is_acceptable(self) -> bool:
        """Whether it is an answer that gave no result and would give one now."""
        return self.passes and self.tried is not None


def judge(
    material: Material,
    stage: Stage,
    settings: Settings,
    *,
    wordings: Mapping[str, str],
    selected: Collection[int] = (),
) -> list[Finding]:
    """What today's rules say of each selected scene (1-based numbers; all if none are named) that has an answer."""
    found: list[Finding] = []
    for scene in material.progress.scenes:
        if not selected or scene.number in selected:
            brief = brief_of(material, stage, scene, style=settings.style, wordings=wordings)
            if not stage.upstream or brief.upstream:
                found += _judge_scene(material, stage, brief)
    return found


def _judge_scene(material: Material, stage: Stage, brief: Brief) -> Iterator[Finding]:
    scene = brief.scene
    step = material.progress.step(stage.name, scene.id)
    if step.completion is not None and (step.is_done or not step.usable):
        text = material.result(stage.name, scene)
        imported = step.completion.imported >= 0
        draft = Draft(text=text) if imported else stage.read(brief, text)
        state = State.IMPORTED if imported else State.FINISHED
        yield Finding(stage=stage.name, scene=scene, state=state, draft=draft)
    elif step.usable:
        yield _judge_tried(material, stage, brief, step)


def _judge_tried(material: Material, stage: Stage, brief: Brief, step: Step) -> Finding:
    """The newest answer that passes, or what is wrong with the newest of all."""
    drafts = ((one, _read_tried(material, stage, brief, one)) for one in reversed(step.usable))
    first = next(drafts)
    tried, draft = first if not first[1].violations else next((one for one in drafts if not one[1].violations), first)
    is_unread = step.unread is not None and step.unread.id == tried.answer.id
    state = State.UNREAD if is_unread else State.REJECTED
    return Finding(stage=stage.name, scene=brief.scene, state=state, draft=draft, tried=tried)


def _read_tried(material: Material, stage: Stage, brief: Brief, tried: Tried) -> Draft:
    text = material.content(tried.answer)["text"]
    draft = stage.read(brief, text)
    return with_its_end(brief, draft, text) if tried.answer.is_cut else draft


def accepted(
    material: Material, stage: Stage, settings: Settings, finding: Finding, *, wordings: Mapping[str, str]
) -> facts.SceneCompleted:
    """The fact that an answer which gave no result gives one now."""
    tried = finding.tried
    if tried is None:
        raise AssertionError("only an answer that gave no result can be accepted")
    (basis,) = bases_of(material, [stage], settings, wordings=wordings)
    parts = step_parts(material.progress, basis, finding.scene)
    is_todays = tried.fingerprint == fingerprint(*parts.values())
    return facts.SceneCompleted(
        subject=facts.subject_of(stage.name, finding.scene.id),
        attempt=tried.attempt,
        fingerprint=tried.fingerprint,
        answer=tried.answer.id,
        result=digest(finding.draft.text),
        parts=told_parts(parts) if is_todays else "",
        number=tried.number,
    )


def text_to_edit(material: Material, stage: Stage, scene: Scene) -> str:
    """What a person edits: the scene's result, or else the newest answer that gave none; empty if there is neither."""
    step = material.progress.step(stage.name, scene.id)
    if step.completion is not None:
        return material.result(stage.name, scene)
    return result_text(material.content(step.usable[-1].answer)["text"]) if step.usable else ""


def edited(
    material: Material, stage: Stage, settings: Settings, scene: Scene, *, draft: Draft, wordings: Mapping[str, str]
) -> facts.SceneEdited:
    """The fact that somebody wrote the result of a scene: from what is there today, as the next attempt."""
    (basis,) = bases_of(material, [stage], settings, wordings=wordings)
    parts = step_parts(material.progress, basis, scene)
    return facts.SceneEdited(
        subject=facts.subject_of(stage.name, scene.id),
        number=material.progress.step(stage.name, scene.id).attempts + 1,
        fingerprint=fingerprint(*parts.values()),
        result=digest(draft.text),
        parts=told_parts(parts, is_edit=True),
    )
