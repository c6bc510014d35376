"""Finding the history of one scene in a log, without taking apart the entries of the others.

Law: no lock is taken and no byte changed. The log is searched once; a second time only where a changed story gave the
scene an id that its number does not tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eventlog.projection import upcast
from eventlog.values import frozen
from stages.pipeline.history import SceneHistory
from stages.pipeline.plan import Basis, PlannedStep, plan_stage
from stages.pipeline.progress import Progress, ProgressProjection
from stages.pipeline.text import digest
from stages.pipeline.upcasters import UPCASTERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventlog import Entry
    from eventlog.tool.look import Look
    from stages.pipeline.contract import Scene, Stage
    from stages.pipeline.settings import Settings


@frozen
class Trace:
    """The history of one scene (None: there is none of that number) in each stage; `progress` knows no other scene."""

    scene: Scene | None
    progress: Progress
    histories: Sequence[SceneHistory] = ()


def trace(log: Look, number: int, stages: Sequence[Stage]) -> Trace:
    """What happened to the scene with this number, counted from 1, in each of the stages."""
    expected = f"s{number:04d}"
    entries = _about(log, expected)
    progress = _progress(entries)
    if number > len(progress.scenes):
        return Trace(scene=None, progress=progress)
    scene = progress.scenes[number - 1]
    if scene.id != expected:
        entries = _about(log, scene.id)
        progress = _progress(entries)
    histories = []
    for stage in stages:
        history = SceneHistory(stage, scene)
        for entry in entries:
            history.add(entry)
        history.close()
        histories.append(history)
    return Trace(scene=scene, progress=progress, histories=histories)


def _about(log: Look, scene_id: str) -> list[Entry]:
    """The entries about the project as a whole, and about this scene."""
    needles = (b'"subject":""', b'/%b"' % scene_id.encode())
    found = (upcast(entry, UPCASTERS) for entry, _ in log.sifted(needles))
    return [entry for entry in found if not entry.subject or entry.subject.endswith(f"/{scene_id}")]


def _progress(entries: Sequence[Entry]) -> Progress:
    projection = ProgressProjection()
    progress = projection.initial()
    for entry in entries:
        progress = projection.apply(progress, entry)
    return progress


def planned_now(log: Look, found: Trace, stage: Stage, settings: Settings) -> PlannedStep | None:
    """What a run with these settings would do with the scene, and why; None if there is no such scene."""
    scene, progress = found.scene, found.progress
    if scene is None:
        return None
    digests = {scene.id: digest(_text_of(log, progress, scene).strip())}
    basis = Basis(stage=stage, settings=settings, model=settings.model, scene_digests=digests)
    return plan_stage(progress, basis, [scene.number])[0]


def _text_of(log: Look, progress: Progress, scene: Scene) -> str:
    source = progress.planned_source
    if source is None or not scene.has_source:
        return ""
    content: Any = upcast(log.entry_at(source.offset, source.size), UPCASTERS).data
    return str(content["text"])[scene.start : scene.end]
