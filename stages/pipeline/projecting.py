"""Keeping a project's files in step with its log while a run goes on.

Law: a disk that says no here is told of once and stops nothing: every file can be written again later. A progress file
holds what the log holds, and nothing else.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from eventlog import EventLogError
from stages.pipeline import events as facts
from stages.pipeline.outbox import advice
from stages.pipeline.snapshots import ForeignFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stages.pipeline.contract import Scene
    from stages.pipeline.project import Project


class Projecting:
    """The files of one project during one run. `unwritten` holds the stages whose outputs could not be written."""

    def __init__(self, project: Project, note: Callable[[str], None]) -> None:
        self.unwritten: list[str] = []
        self._project, self._note = project, note
        self._was_told = self._found_foreign = False

    def scene_done(self, stage: str, scene: Scene, text: str = "") -> None:
        """Write what shows a finished scene; `text` is its result, if that is at hand."""
        project, snapshots = self._project, self._project.snapshots
        self._guarded(partial(snapshots.write_scene, project.progress, stage, scene, text))
        if not project.outbox.waiting:
            self._guarded(partial(snapshots.refresh, project.progress, stage))

    async def finish_stage(self, stage: str) -> None:
        """End a stage: outputs on disk, then the fact, then the progress file goes."""
        project = self._project
        outputs: list[str] = []
        if not self._guarded(lambda: outputs.append(project.snapshots.write_outputs(project.progress, stage))):
            self.unwritten = [*self.unwritten, stage]
            return
        scenes = len(project.progress.scenes)
        await project.record(facts.StageCompleted(subject=stage, scenes=scenes, outputs=outputs[0]))
        if not project.outbox.waiting:
            self._guarded(partial(project.snapshots.remove_progress, project.progress, stage))

    async def finish_late(self) -> None:
        """End the stages whose outputs could not be written when they were complete."""
        late, self.unwritten = self.unwritten, []
        for stage in late:
            await self.finish_stage(stage)

    def finish_run(self, stages: Iterable[str]) -> None:
        """Leave the progress files as they are to be after a run; only if nothing waits to be saved."""
        progress, snapshots = self._project.progress, self._project.snapshots
        for stage in stages:
            if stage in progress.completed_stages:
                self._guarded(partial(snapshots.remove_progress, progress, stage))
            else:
                self._guarded(partial(snapshots.refresh, progress, stage, now=True))

    def _guarded(self, write: Callable[[], None]) -> bool:
        try:
            write()
        except (EventLogError, OSError) as error:  # a line that cannot be read any more says no, too
            if not self._was_told and not self._project.outbox.waiting:  # the outbox tells of its own trouble
                where = getattr(error, "filename", None) or self._project.folder
                self._note(f"{where}: {advice(error)}; the file is written again later")
                self._was_told = True
            return False
        except ForeignFileError as error:
            if not self._found_foreign:
                self._note(f"{error}; it is left as it is")
                self._found_foreign = True
            return False
        return True
