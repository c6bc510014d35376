"""The projector that keeps a project's files in step with its log: progress files, scene files, outputs.

Law: every file here can be deleted and comes back. Outputs are on disk before `stage.completed` says so; the progress
file goes after that. A progress file that this log did not write is never replaced or removed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from eventlog.files import TEMPORARY, folder_of, make_dirs_durably, read_file, replace_durably
from stages.pipeline.results import (
    finished,
    foreign_items,
    outputs,
    progress_file,
    scene_bytes,
    scene_file,
    snapshot,
    text_of_completion,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eventlog.files import Files
    from stages.pipeline.progress import Progress
    from stages.pipeline.results import Content

# Up to this size a progress file is written after every scene; above it, it may lag by 1/8 of its scenes.
ALWAYS_BELOW_BYTES = 1024 * 1024
LAG = 8
# The names of the files written here and beside: only their temporary files are cleared, never somebody's own file.
_OURS = re.compile(
    r"(?:storyboard|enhancement)_progress\.json|scene_\d{3,}\.md|(?:storyboard|enhanced)\.(?:json|md)"
    r"|source\.txt|project\.toml|checkpoint\.json|events\.jsonl"
)
_SCENE_FILE = re.compile(r"scene_(\d{3,9})\.md")


class Snapshots:
    """The projected files of one project folder."""

    def __init__(self, files: Files, folder: str, content: Content) -> None:
        self._files, self._folder, self._content = files, folder, content
        self._size: dict[str, int] = {}
        self._done: dict[str, int] = {}

    def foreign(self, progress: Progress, stages: Iterable[str]) -> list[str]:
        """The progress files in the folder that this project's log did not write."""
        found = []
        for stage in stages:
            path = f"{self._folder}/{progress_file(stage)}"
            data = read_file(self._files, path)
            if data is not None and foreign_items(progress, stage, data):
                found.append(path)
        return found

    def refresh(self, progress: Progress, stage: str, *, now: bool = False) -> None:
        """Bring a stage's progress file up to date, if it lags too far behind or `now` says so; raises OSError."""
        done = len(finished(progress, stage))
        lag = done - self._done.get(stage, 0)
        small = self._size.get(stage, 0) <= ALWAYS_BELOW_BYTES
        if not now and not small and lag * LAG < done:
            return
        data = snapshot(progress, stage, self._content)
        if data is None:
            return
        path = f"{self._folder}/{progress_file(stage)}"
        if read_file(self._files, path) != data:
            replace_durably(self._files, path, data)
        self._size[stage], self._done[stage] = len(data), done

    def write_scene(self, progress: Progress, stage: str, scene_id: str) -> None:
        """Write the readable file of one finished scene; it is synced with the stage's outputs. Raises OSError."""
        for one in finished(progress, stage):
            if one.scene.id == scene_id:
                text = text_of_completion(stage, one.completion, self._content)
                self._put(scene_file(stage, one.scene), scene_bytes(text))

    def write_outputs(self, progress: Progress, stage: str) -> None:
        """Put the files of a complete stage on disk; raises OSError."""
        for name, data in outputs(progress, stage, self._content).items():
            self._put(name, data)

    def _put(self, name: str, data: bytes) -> None:
        path = f"{self._folder}/{name}"
        make_dirs_durably(self._files, folder_of(path))
        if read_file(self._files, path) != data:
            replace_durably(self._files, path, data)

    def remove_progress(self, stage: str) -> None:
        """Remove the progress file of a stage that is complete; raises OSError."""
        path = f"{self._folder}/{progress_file(stage)}"
        if self._files.stat(path) is not None:
            self._files.remove(path)
            self._files.sync_dir(self._folder)
        self._size.pop(stage, None)
        self._done.pop(stage, None)

    def clear_leftovers(self) -> None:
        """Remove temporary files that a crash left behind; raises OSError."""
        for folder in (self._folder, *(f"{self._folder}/{name}" for name in ("output", "storyboard", "enhancement"))):
            place = self._files.stat(folder)
            for name in self._files.list_dir(folder) if place is not None and place.is_dir else []:
                if _OURS.fullmatch(name.removesuffix(TEMPORARY)) and name.endswith(TEMPORARY):
                    self._files.remove(f"{folder}/{name}")

    def clear_gone(self, progress: Progress, stage: str) -> None:
        """Remove the files of scenes that the story no longer has: numbers that were given once, and are not now."""
        folder = f"{self._folder}/{stage}"
        place = self._files.stat(folder)
        for name in self._files.list_dir(folder) if place is not None and place.is_dir else []:
            found = _SCENE_FILE.fullmatch(name)
            if found and len(progress.scenes) < int(found[1]) <= progress.highest_id:
                self._files.remove(f"{folder}/{name}")

    def repair(self, progress: Progress, stages: Iterable[str]) -> None:
        """Make the files what the log says, after whatever happened to either; raises OSError."""
        self.clear_leftovers()
        for stage in stages:
            self.clear_gone(progress, stage)
            if stage in progress.completed_stages:
                self.write_outputs(progress, stage)
                self.remove_progress(stage)
            else:
                for one in finished(progress, stage):
                    self.write_scene(progress, stage, one.scene.id)
                self.refresh(progress, stage, now=True)
