"""progress + settings -> the work to do now, and why.

Law: pure. Where the first unfinished scene is follows from what happened to each scene, never from how many are done.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from stages.pipeline.contract import Scene, Stage
    from stages.pipeline.progress import Progress, Step
    from stages.pipeline.settings import Settings


CRASHES_LIMIT = 3  # so often in a row a scene alone may be in hand when the program dies


class Action(StrEnum):
    """What happens to a step in this run."""

    RUN = "run"
    SKIP = "skip"
    BLOCKED = "blocked"
    ASK = "ask"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """One scene in one stage: what to do and why; `stale` marks finished work made from something else than today's."""

    stage: str
    scene: Scene
    action: Action
    reason: str
    fingerprint: str = ""
    stale: bool = False


def fingerprint(*parts: str) -> str:
    """Which work this is: the digest of everything that the result depends on."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What the steps of one stage have in common: the digest of each scene's text, and the settings."""

    stage: Stage
    settings: Settings
    model: str
    scene_digests: dict[str, str]


def plan_stage(progress: Progress, basis: Basis, selected: Collection[int] = ()) -> list[PlannedStep]:
    """What to do with each selected scene (1-based numbers; all if none are named) in one stage, in scene order."""
    chosen = [scene for scene in progress.scenes if not selected or scene.number in selected]
    return [_plan_step(progress, basis, scene) for scene in chosen]


def step_fingerprint(progress: Progress, basis: Basis, scene: Scene) -> str:
    """What a finished step of this scene must have been made from to be today's."""
    stage, upstream = basis.stage, ""
    if stage.upstream:
        done = progress.step(stage.upstream, scene.id).completion
        upstream = done.result if done else ""
    return fingerprint(
        basis.scene_digests.get(scene.id, ""),
        upstream,
        f"{stage.name}/{stage.version}",
        stage.prompt_digest(progress.language),
        basis.settings.provider,
        basis.model,
        basis.settings.style,
        progress.bible_digest,
    )


def _plan_step(progress: Progress, basis: Basis, scene: Scene) -> PlannedStep:
    stage = basis.stage
    step = progress.step(stage.name, scene.id)
    wanted = step_fingerprint(progress, basis, scene)
    action, reason, stale = _decide(progress, stage, scene, step=step, wanted=wanted)
    return PlannedStep(stage=stage.name, scene=scene, action=action, reason=reason, fingerprint=wanted, stale=stale)


def _decide(progress: Progress, stage: Stage, scene: Scene, *, step: Step, wanted: str) -> tuple[Action, str, bool]:
    if step.completion is not None:
        stale = step.completion.imported < 0 and step.completion.fingerprint != wanted
        return Action.SKIP, "complete, made from other input or settings: kept" if stale else "complete", stale
    if stage.upstream and progress.step(stage.upstream, scene.id).completion is None:
        return Action.BLOCKED, f"waits for {stage.upstream}", False
    if not stage.upstream and not scene.has_source:
        return Action.BLOCKED, "source missing", False
    if step.crashes >= CRASHES_LIMIT:
        return Action.ASK, f"the program died {step.crashes} times in a row while it was made", False
    return Action.RUN, _why_now(step, wanted), False


def _why_now(step: Step, wanted: str) -> str:
    if step.unread is not None and step.fingerprint == wanted:
        return "its answer was received and not yet read"
    if step.failure is not None:
        return f"failed {step.failures} times, retrying"
    return "was interrupted" if step.attempts else "not started"


def parse_scenes(text: str) -> frozenset[int]:
    """Read a list of scene numbers such as `1-5,8`; raises ValueError with a sentence for a person."""
    numbers: set[int] = set()
    for piece in text.replace("，", ",").split(","):
        first, dash, last = (part.strip() for part in piece.partition("-"))
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ValueError(f"{piece.strip()!r} is not a scene number or a range; write scenes like 1-5,8")
        low, high = int(first), int(last or first)
        if low < 1 or high < low or high - low > 100_000:  # noqa: PLR2004 - a bound against nonsense
            raise ValueError(f"{piece.strip()!r} is not a range of scenes; they are counted from 1")
        numbers.update(range(low, high + 1))
    return frozenset(numbers)


def scenes_beyond(progress: Progress, numbers: Collection[int]) -> list[int]:
    """The numbers for which a planned story has no scene."""
    return [number for number in sorted(numbers) if progress.is_planned and number > len(progress.scenes)]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageCount:
    """How far one stage is, in scenes."""

    name: str
    total: int
    done: int
    failed: int

    @property
    def remaining(self) -> int:
        """Scenes neither done nor failed."""
        return self.total - self.done - self.failed


def count(progress: Progress, stages: Sequence[Stage]) -> list[StageCount]:
    """How far each stage is."""
    counts = []
    for stage in stages:
        steps = [progress.step(stage.name, scene.id) for scene in progress.scenes]
        done = sum(step.completion is not None for step in steps)
        failed = sum(step.completion is None and step.failure is not None for step in steps)
        counts.append(StageCount(name=stage.name, total=len(steps), done=done, failed=failed))
    return counts
