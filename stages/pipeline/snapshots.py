"""The projector that keeps a project's files in step with its log: progress files, scene files, outputs.

Law: every file here can be deleted and comes back. Outputs are on disk before `stage.completed` says so; the progress
file goes after that. A progress file that this log did not write is never replaced or removed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from eventlog.files import TEMPORARY, folder_of, make_dirs_durably, read_file, replace_durably, write_all
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
    from stages.pipeline.contract import Scene
    from stages.pipeline.progress import Progress
    from stages.pipeline.results import Content

# Up to so many scenes a progress file is written after each; above, it may lag by 1/8 of its scenes, so that all its
# versions together stay below 12 times the log, however many scenes there are.
ALWAYS_UP_TO_SCENES = 16
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
        self._shown: dict[str, int] = {}  # finished scenes in the progress file
        self._lag: dict[str, int] = {}  # finished since
        self._folders: set[str] = set()  # made, and their names on disk

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
        """Bring a stage's progress file up to date after one more scene, if it lags too far or `now` says so.

        Raises OSError.
        """
        lag = self._lag[stage] = self._lag.get(stage, 0) + 1
        done = self._shown.get(stage, 0) + lag
        if not now and done > ALWAYS_UP_TO_SCENES and lag * LAG < done:
            return
        data = snapshot(progress, stage, self._content)
        if data is None:
            return
        path = f"{self._folder}/{progress_file(stage)}"
        if read_file(self._files, path) != data:
            replace_durably(self._files, path, data)
        self._shown[stage], self._lag[stage] = len(finished(progress, stage)), 0

    def write_scene(self, progress: Progress, stage: str, scene: Scene) -> None:
        """Write the readable file of a finished scene; it is synced with the stage's outputs. Raises OSError."""
        done = progress.step(stage, scene.id).completion
        if done is None:
            return
        path = f"{self._folder}/{scene_file(stage, scene)}"
        data = scene_bytes(text_of_completion(stage, done, self._content))
        if read_file(self._files, path) != data:
            self._make_folder(path)
            handle = self._files.open(path + TEMPORARY, "append", create=True)
            try:
                self._files.truncate(handle, 0)
                write_all(self._files, handle, data)
            finally:
                self._files.close(handle)
            self._files.rename(path + TEMPORARY, path)

    def write_outputs(self, progress: Progress, stage: str) -> None:
        """Put the files of a complete stage on disk; raises OSError."""
        files = outputs(progress, stage, self._content)
        for name, data in files.items():
            path = f"{self._folder}/{name}"
            if read_file(self._files, path) != data:
                self._make_folder(path)
                replace_durably(self._files, path, data)
            elif stage not in progress.completed_stages:
                self._sync(path)  # what `write_scene` left to this, in this process or in one that was killed
        for folder in sorted({folder_of(f"{self._folder}/{name}") for name in files}):
            self._files.sync_dir(folder)

    def _sync(self, path: str) -> None:
        handle = self._files.open(path, "overwrite")
        try:
            self._files.sync(handle)
        finally:
            self._files.close(handle)

    def _make_folder(self, path: str) -> None:
        if folder_of(path) not in self._folders:
            make_dirs_durably(self._files, folder_of(path))
            self._folders.add(folder_of(path))

    def remove_progress(self, stage: str) -> None:
        """Remove the progress file of a stage that is complete; raises OSError."""
        path = f"{self._folder}/{progress_file(stage)}"
        if self._files.stat(path) is not None:
            self._files.remove(path)
            self._files.sync_dir(self._folder)
        self._shown.pop(stage, None)
        self._lag.pop(stage, None)

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
                    self.write_scene(progress, stage, one.scene)
                self.refresh(progress, stage, now=True)
