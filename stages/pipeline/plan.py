"""progress + settings -> the work to do now, and why.

Law: pure. Where the first unfinished scene is follows from what happened to each scene, never from how many are done.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

from eventlog.values import frozen

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from stages.pipeline.contract import Scene, Stage
    from stages.pipeline.progress import Completion, Progress, Step
    from stages.pipeline.settings import Settings


SCENES_LIMIT = 100_000  # a bound against nonsense
CRASHES_LIMIT = 3  # so often in a row a scene alone may be in hand when the program dies


class Action(StrEnum):
    """What happens to a step in this run."""

    RUN = "run"
    SKIP = "skip"
    BLOCKED = "blocked"
    ASK = "ask"


class Cause(StrEnum):
    """Why; what stands in braces is filled in by `reason`."""

    COMPLETE = "complete"
    CHANGED = "{changed} changed"
    CHANGED_KEPT = "complete, {changed} changed: kept"
    UPSTREAM_AGAIN = "upstream scene regenerated"
    UPSTREAM_AGAIN_KEPT = "complete, upstream scene regenerated: kept"
    WAITS = "waits for {upstream}"
    AFTER = "after its {upstream}"
    NO_SOURCE = "source missing"
    DIED = "the program died {crashes} times in a row while it was made"
    AGAIN = "asked for again"
    UNREAD = "its answer was received and not yet read"
    FAILED = "failed {failures} times, retrying"
    INTERRUPTED = "was interrupted"
    NEW = "not started"


_AGAIN = {Cause.CHANGED: Cause.UPSTREAM_AGAIN, Cause.CHANGED_KEPT: Cause.UPSTREAM_AGAIN_KEPT}
# What a result is made from, in the order of the fingerprint, as people say it. "other" is what an older program
# wrote, which did not remember the parts.
PARTS = {
    "text": "scene text",
    "upstream": "upstream scene",
    "stage": "rules of the stage",
    "prompt": "prompt",
    "provider": "provider",
    "model": "model",
    "style": "style",
    "bible": "world bible",
}
OTHER = "other"
_SAID = {**PARTS, OTHER: "input or settings"}
# What somebody wrote depends on the story and on what it builds on, not on who would have written it otherwise.
_PARTS_OF_EDIT = ("text", "upstream")


@frozen
class PlannedStep:
    """One scene in one stage: what to do and why; `stale` marks finished work made from something else than today's.

    `changed` names what is another (keys of PARTS), `parts` is what a completion made now remembers of its fingerprint.
    """

    stage: str
    scene: Scene
    action: Action
    cause: Cause
    fingerprint: str = ""
    parts: str = ""
    changed: tuple[str, ...] = ()
    stale: bool = False
    edited: bool = False
    failures: int = 0
    crashes: int = 0
    upstream: str = ""

    @property
    def reason(self) -> str:
        """Why, in English words."""
        changed = ", ".join(_SAID[part] for part in self.changed)
        said = self.cause.format(changed=changed, upstream=self.upstream, failures=self.failures, crashes=self.crashes)
        return f"{said} (edited by hand)" if self.edited and self.stale else said


def fingerprint(*parts: str) -> str:
    """Which work this is: the digest of everything that the result depends on."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


@frozen
class Basis:
    """What the steps of one stage have in common: the digest of each scene's text, and the settings.

    `wording` is the prompt that stands in for the built-in one, if any; `rerun` makes stale work again.
    """

    stage: Stage
    settings: Settings
    model: str
    scene_digests: dict[str, str]
    wording: str = ""
    rerun: bool = False


def plan_stage(progress: Progress, basis: Basis, selected: Collection[int] = ()) -> list[PlannedStep]:
    """What to do with each selected scene (1-based numbers; all if none are named) in one stage, in scene order."""
    chosen = [scene for scene in progress.scenes if not selected or scene.number in selected]
    return [_plan_step(progress, basis, scene) for scene in chosen]


def plan_run(progress: Progress, bases: Sequence[Basis], selected: Collection[int] = ()) -> list[PlannedStep]:
    """What a run would do, all of its stages together: a step whose upstream is made in it comes after that."""
    made: set[str] = set()
    steps = []
    for basis in bases:
        for step in plan_stage(progress, basis, selected):
            foreseen = _after_upstream(step, basis, is_made=f"{basis.stage.upstream}/{step.scene.id}" in made)
            if foreseen.action is Action.RUN:
                made.add(f"{step.stage}/{step.scene.id}")
            steps.append(foreseen)
    return steps


def _after_upstream(step: PlannedStep, basis: Basis, *, is_made: bool) -> PlannedStep:
    if is_made and step.cause is Cause.WAITS:
        return replace(step, action=Action.RUN, cause=Cause.AFTER)
    if is_made and step.action is Action.SKIP and not step.stale:
        action = Action.RUN if basis.rerun else Action.SKIP
        cause = Cause.UPSTREAM_AGAIN if basis.rerun else Cause.UPSTREAM_AGAIN_KEPT
        return replace(step, action=action, cause=cause, changed=("upstream",), stale=True)
    return step


def step_parts(progress: Progress, basis: Basis, scene: Scene) -> dict[str, str]:
    """What a finished step of this scene must have been made from to be today's, by the keys of PARTS."""
    stage, upstream, temperature = basis.stage, "", basis.settings.temperature
    if stage.upstream:
        done = progress.step(stage.upstream, scene.id).completion
        upstream = done.result if done else ""
    return {
        "text": basis.scene_digests.get(scene.id, ""),
        "upstream": upstream,
        "stage": f"{stage.name}/{stage.version}",
        "prompt": stage.prompt_digest(progress.language, basis.wording),
        "provider": basis.settings.provider,
        "model": basis.model if temperature is None else f"{basis.model} at {temperature}",
        "style": basis.settings.style,
        "bible": progress.bible_digest,
    }


def step_fingerprint(progress: Progress, basis: Basis, scene: Scene) -> str:
    """The digest of all of that."""
    return fingerprint(*step_parts(progress, basis, scene).values())


def told_parts(parts: Mapping[str, str], *, is_edit: bool = False) -> str:
    """The parts in a few characters each, for a completion to remember; of an edit only those that it depends on."""
    kept = _PARTS_OF_EDIT if is_edit else PARTS
    return " ".join(f"{name}:{fingerprint(parts[name])[:8]}" for name in kept)


def changed_parts(done: Completion, parts: Mapping[str, str]) -> tuple[str, ...]:
    """Which of the parts are others than those a step was made from; none for what an old program made."""
    if done.imported >= 0 or (not done.edited and done.fingerprint == fingerprint(*parts.values())):
        return ()
    told = dict(piece.split(":", 1) for piece in done.parts.split() if ":" in piece)
    changed = [name for name in PARTS if name in told and told[name] != fingerprint(parts[name])[:8]]
    return tuple(changed) or (() if done.edited else (OTHER,))


def _plan_step(progress: Progress, basis: Basis, scene: Scene) -> PlannedStep:
    stage = basis.stage
    step = progress.step(stage.name, scene.id)
    parts = step_parts(progress, basis, scene)
    wanted = fingerprint(*parts.values())
    changed = changed_parts(step.completion, parts) if step.completion else ()
    action, cause = _decide(progress, basis, scene, step=step, wanted=wanted, is_stale=bool(changed))
    if changed == ("upstream",):
        cause = _AGAIN.get(cause, cause)
    return PlannedStep(
        stage=stage.name,
        scene=scene,
        action=action,
        cause=cause,
        fingerprint=wanted,
        parts="" if action is Action.SKIP else told_parts(parts),
        changed=changed,
        stale=bool(changed) and step.is_done,
        edited=step.completion is not None and step.completion.edited,
        failures=step.failures,
        crashes=step.crashes,
        upstream=stage.upstream or "",
    )


def _decide(  # noqa: PLR0911 - one line a case, on purpose
    progress: Progress, basis: Basis, scene: Scene, *, step: Step, wanted: str, is_stale: bool
) -> tuple[Action, Cause]:
    stage = basis.stage
    if step.is_done and not (is_stale and basis.rerun):
        return Action.SKIP, Cause.CHANGED_KEPT if is_stale else Cause.COMPLETE
    if stage.upstream and not progress.step(stage.upstream, scene.id).is_done:
        return Action.BLOCKED, Cause.WAITS
    if not stage.upstream and not scene.has_source:
        return Action.BLOCKED, Cause.NO_SOURCE
    if step.crashes >= CRASHES_LIMIT:
        return Action.ASK, Cause.DIED
    if step.unread is not None and step.fingerprint == wanted:
        return Action.RUN, Cause.UNREAD
    if step.is_done:
        return Action.RUN, Cause.CHANGED
    if step.failure is not None:
        return Action.RUN, Cause.FAILED
    if step.completion is not None:
        return Action.RUN, Cause.AGAIN
    return Action.RUN, Cause.INTERRUPTED if step.attempts else Cause.NEW


class ScenesError(ValueError):
    """A list of scenes that cannot be read; the message is an English sentence, `cause` and `values` what it says."""

    def __init__(self, cause: str, message: str, **values: object) -> None:
        super().__init__(message)
        self.cause, self.values = cause, values


def parse_scenes(text: str) -> frozenset[int]:
    """Read a list of scene numbers such as `1-5,8`; raises ScenesError."""
    numbers: set[int] = set()
    for piece in text.replace("，", ",").split(","):
        first, dash, last = (part.strip() for part in piece.partition("-"))
        if not first.isdecimal() or (dash and not last.isdecimal()):
            told = f"{piece.strip()!r} is not a scene number or a range; write scenes like 1-5,8"
            raise ScenesError("unreadable", told, piece=piece.strip())
        low, high = int(first), int(last or first)
        if low < 1:
            told = f"{piece.strip()!r} is not a range of scenes; they are counted from 1"
            raise ScenesError("below", told, piece=piece.strip())
        if high < low:
            told = f"{piece.strip()!r} runs backwards; write {high}-{low}"
            raise ScenesError("backwards", told, piece=piece.strip(), low=low, high=high)
        if high > SCENES_LIMIT:
            told = f"{piece.strip()!r} is more than a story has: no scene is above {SCENES_LIMIT}"
            raise ScenesError("beyond", told, piece=piece.strip(), limit=SCENES_LIMIT)
        numbers.update(range(low, high + 1))
    return frozenset(numbers)


def scenes_beyond(progress: Progress, numbers: Collection[int]) -> list[int]:
    """The numbers for which a planned story has no scene."""
    return [number for number in sorted(numbers) if progress.is_planned and number > len(progress.scenes)]
