"""How a project's log is looked at: the lens that the log tool folds, shows, compares and counts it with.

Law: pure but for `read`. What is shown is keyed by stage and scene number (from 1), so that two moments can be compared
scene by scene; what is derived is made by the very functions that make the files of a run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eventlog.projection import upcast
from eventlog.tool.view import Mark
from stages.pipeline.counts import StageCount, count
from stages.pipeline.imported import parse_progress, results_key
from stages.pipeline.progress import Progress, ProgressProjection
from stages.pipeline.results import (
    OUTPUT_NAMES,
    finished,
    outputs,
    progress_file,
    scene_bytes,
    scene_file,
    snapshot,
    text_of_completion,
)
from stages.pipeline.tally import CallTally
from stages.pipeline.upcasters import UPCASTERS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from eventlog import Entry
    from eventlog.tool.view import Read
    from stages.pipeline.budget import Price
    from stages.pipeline.contract import Scene, Stage
    from stages.pipeline.progress import Ref, Step
    from stages.pipeline.results import Content

SOURCE = "source.txt"


class ProgressLens:
    """Progress as the log tool sees it; an eventlog.tool.Lens."""

    projection = ProgressProjection()
    upcasters = UPCASTERS

    def __init__(self, stages: Sequence[Stage], prices: Mapping[str, Price] | None = None) -> None:
        self._stages, self._prices = stages, prices
        self._names = [stage.name for stage in stages]

    def show(self, state: Progress) -> Any:
        """See Lens.show: the status table, then each scene in each stage."""
        status = {one.name: _status(one) for one in count(state, self._stages)}
        scenes = {name: {str(one.number): _shown(state, name, one) for one in state.scenes} for name in self._names}
        return {"project": state.name, "status": status, **scenes}

    def touched(self, state: Progress, entry: Entry) -> Any:
        """See Lens.touched: an entry about one scene in one stage changes that, and the stage's line of the table."""
        name, _, scene_id = entry.subject.partition("/")
        scene = next((one for one in state.scenes if one.id == scene_id), None)
        if name not in self._names or scene is None:
            return self.show(state)
        (counted,) = count(state, [stage for stage in self._stages if stage.name == name])
        return {"status": {name: _status(counted)}, name: {str(scene.number): _shown(state, name, scene)}}

    def files(self, state: Progress, read: Read) -> Mapping[str, bytes]:
        """See Lens.files: the progress file of each stage in which a scene is finished."""
        made = {progress_file(name): snapshot(state, name, _content(read)) for name in self._names}
        return {name: data for name, data in made.items() if data is not None}

    def derived(self, state: Progress, read: Read) -> Mapping[str, bytes]:
        """See Lens.derived: progress files, one file for each finished scene, outputs, the story."""
        content = _content(read)
        found = dict(self.files(state, read))
        for name in self._names:
            if name in state.completed_stages:
                found |= outputs(state, name, content)
            else:
                for one in finished(state, name):
                    text = text_of_completion(name, one.completion, content)
                    found[scene_file(name, one.scene)] = scene_bytes(text)
        if state.source is not None:
            found[SOURCE] = str(content(state.source)["text"]).encode()
        return found

    def optional(self, state: Progress) -> Collection[str]:
        """See Lens.optional: the progress file of a complete stage is gone."""
        return {progress_file(name) for name in state.completed_stages}

    def mark(self, state: Progress, name: str) -> Mark:
        """See Lens.mark."""
        stage = self._stage_of(name)
        if stage is None:
            return Mark(amount=0, others=(state.source_sha256,))
        if (one := _scene_of(state, stage, name)) is not None:
            return Mark(amount=len(state.step(stage, one.id).results), unit="result", others=(one.id,))
        done = sum(len(step.results) for subject, step in state.steps.items() if subject.startswith(f"{stage}/"))
        others = (state.name, state.language, state.planned_sha256, state.bible_digest, len(state.scenes))
        return Mark(amount=done, unit="scene", others=(*others, stage in state.completed_stages))

    def gives(self, state: Progress, name: str, data: bytes, read: Read) -> bool:
        """See Lens.gives; what cannot be the same is told without a rebuild."""
        stage = self._stage_of(name)
        if stage is None or name.startswith("output/"):
            return self.derived(state, read).get(name) == data
        content = _content(read)
        if name == progress_file(stage):
            return _may_be(state, stage, data) and snapshot(state, stage, content) == data
        one = _scene_of(state, stage, name)
        done = state.step(stage, one.id).completion if one is not None else None
        return done is not None and scene_bytes(text_of_completion(stage, done, content)) == data

    def tally(self) -> CallTally:
        """See Lens.tally."""
        return CallTally(self._prices)

    def _stage_of(self, name: str) -> str | None:
        """The stage that a derived file is of; None for the story."""
        if name == SOURCE:
            return None
        folder, _, rest = name.rpartition("/")
        for stage in self._names:
            is_output = folder == "output" and rest.startswith(f"{OUTPUT_NAMES.get(stage, stage)}.")
            if name == progress_file(stage) or folder == stage or is_output:
                return stage
        return None


def _content(read: Read) -> Content:
    def content(ref: Ref) -> Any:
        return upcast(read(ref.offset, ref.size), UPCASTERS).data

    return content


def _scene_of(state: Progress, stage: str, name: str) -> Scene | None:
    """The scene whose readable file this is; None if it is none."""
    digits = name.removeprefix(f"{stage}/scene_").removesuffix(".md")
    number = int(digits) if digits.isdecimal() else 0
    return state.scenes[number - 1] if 0 < number <= len(state.scenes) else None


def _may_be(state: Progress, stage: str, data: bytes) -> bool:
    """Whether a progress file holds as many results as are finished now, the newest of the same second."""
    try:
        found, content = parse_progress(stage, data)
    except ValueError:
        return False
    done = finished(state, stage)
    newest = max((one.completion for one in done), key=lambda each: each.seq, default=None)
    if found != stage or newest is None or len(content[results_key(stage)]) != len(done):
        return False
    return content.get("timestamp") == f"{newest.time[:19]}+00:00"


def _status(one: StageCount) -> dict[str, int]:
    return {"total": one.total, "done": one.done, "failed": one.failed, "remaining": one.remaining}


def _shown(state: Progress, stage: str, scene: Scene) -> dict[str, Any]:
    """One scene in one stage: its title and where it is, then what there is to tell of it."""
    step = state.step(stage, scene.id)
    told: dict[str, Any] = {"title": scene.title, "state": state_of(step)}
    if step.attempts:
        told["attempts"] = step.attempts
    if step.completion is not None:
        told |= {"seq": step.completion.seq, "time": step.completion.time, "result": step.completion.result}
    if not step.is_done and step.failure is not None:
        told |= {"failures": step.failures, "kind": step.failure.kind, "message": step.failure.message}
    return told


def state_of(step: Step) -> str:
    """Where a step is, in a word or two."""
    if step.is_done:
        return "done"
    if step.failure is not None:
        return "failed"
    if step.unread is not None:
        return "answered"
    if step.completion is not None:
        return "asked for again"
    return "started" if step.open else "not started"
