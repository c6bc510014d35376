"""The projector that keeps a project's files in step with its log: progress files, scene files, outputs.

Law: every file here can be deleted and comes back. Outputs are on disk before `stage.completed` says so; the progress
file goes after that. A progress file that this log did not write is never replaced or removed.
"""

from __future__ import annotations

import re
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from eventlog.files import (
    TEMPORARY,
    folder_of,
    holds,
    make_dirs_durably,
    read_chunks,
    read_file,
    replace_durably,
    write_all,
)
from stages.pipeline.results import (
    Drawn,
    Finished,
    finished,
    foreign_items,
    item_bytes,
    outputs,
    progress_file,
    scene_bytes,
    scene_file,
    snapshot_pieces,
    text_of_completion,
)
from stages.pipeline.text import digest, digest_of, sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from eventlog.files import Files
    from stages.pipeline.contract import Scene
    from stages.pipeline.progress import Progress
    from stages.pipeline.results import Content

# Up to so many scenes a progress file is written after each; above, it may lag by 1/8 of its scenes, so that all its
# versions together stay below 12 times the log, however many scenes there are.
ALWAYS_UP_TO_SCENES = 16
LAG = 8
_BATCH = 128  # pieces of a progress file that are joined at once: of one that is big no copy is made
# The names of the files written here and beside: only their temporary files are cleared, never somebody's own file.
_OURS = re.compile(
    r"[\w-]+_progress\.json|scene_\d{3,}\.md|(?:storyboard|enhanced)\.(?:json|md)"
    r"|source\.txt|project\.toml|checkpoint\.json|events\.jsonl"
)
OUTPUT, SOURCE = "output/", "source.txt"
_SCENE_FILE = re.compile(r"scene_(\d{3,9})\.md")


class ForeignFileError(Exception):
    """A file stands where one of ours belongs, and was not written here; the message says where."""


class Snapshots:
    """The projected files of one project folder.

    `on_kept` is told of each file that somebody changed, and where what they wrote is kept.
    """

    def __init__(self, files: Files, folder: str, content: Content) -> None:
        self._files, self._folder, self._content = files, folder, content
        self._shown: dict[str, int] = {}  # finished scenes in the progress file
        self._lag: dict[str, int] = {}  # finished since
        self._folders: set[str] = set()  # made, and their names on disk
        self._drawn: dict[str, Drawn] = {}  # what each progress file was made of
        self._written: dict[str, str] = {}  # the digest of each progress file when it was seen to be ours
        self._doubted: set[str] = set()  # the disk did not confirm them: no second sync tells what it holds
        self.on_kept: Callable[[str, str], None] | None = None

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

        Raises OSError and ForeignFileError.
        """
        lag = self._lag[stage] = self._lag.get(stage, 0) + 1
        done = self._shown.get(stage, 0) + lag
        if not now and done > ALWAYS_UP_TO_SCENES and lag * LAG < done:
            return
        drawn = self._drawn.setdefault(stage, Drawn())
        pieces = snapshot_pieces(progress, stage, self._content, drawn)
        wanted = _digest(_batches(pieces))
        there = self._ours(progress, stage, wanted)
        if not pieces:
            if there is not None:  # of results that the story has no scene for any more
                self.remove_progress(progress, stage)
            return
        if there != wanted:
            replace_durably(self._files, f"{self._folder}/{progress_file(stage)}", _batches(pieces))
        self._written[stage] = wanted
        self._shown[stage], self._lag[stage] = len(drawn.items), 0

    def _ours(self, progress: Progress, stage: str, wanted: str = "") -> str | None:
        """The digest of a stage's progress file, None if there is none; raises ForeignFileError if it is not ours.

        What is `wanted` there, or was written here before, is known to be; anything else is looked into.
        """
        path = f"{self._folder}/{progress_file(stage)}"
        there = self._digest_at(path)
        if there is None or there in (wanted, self._written.get(stage)):
            return there
        data = read_file(self._files, path)
        if data is not None and foreign_items(progress, stage, data):
            raise ForeignFileError(f"{path}: not written by this project, and may be the only copy of somebody's work")
        return there

    def _digest_at(self, path: str) -> str | None:
        try:
            handle = self._files.open(path, "read")
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            return _digest(read_chunks(self._files, handle))
        finally:
            self._files.close(handle)

    def write_scene(self, progress: Progress, stage: str, scene: Scene, text: str = "") -> None:
        """Write the readable file of a finished scene; it is synced with the stage's outputs. Raises OSError.

        `text` is its result, if that is at hand; of any other text nothing is believed, and the log is read.
        """
        done = progress.step(stage, scene.id).completion
        if done is None:
            return
        path = f"{self._folder}/{scene_file(stage, scene)}"
        if digest(text) != done.result:
            text = text_of_completion(stage, done, self._content)
        one = Finished(scene=scene, completion=done)
        item = item_bytes(progress, stage, one, self._content, text=text)
        self._drawn.setdefault(stage, Drawn()).items[scene.id] = (one, item)
        data = scene_bytes(text)
        there = read_file(self._files, path)
        if there != data:
            self._keep_edited(path, there, data, is_ours=partial(_is_result, progress, stage))
            self._make_folder(path)
            handle = self._files.open(path + TEMPORARY, "append", create=True)
            try:
                self._files.truncate(handle, 0)
                write_all(self._files, handle, data)
            finally:
                self._files.close(handle)
            self._files.rename(path + TEMPORARY, path)

    def _keep_edited(self, path: str, there: bytes | None, data: bytes, *, is_ours: Callable[[bytes], bool]) -> None:
        """Put a file aside that is to be replaced and holds what this log never did: somebody wrote that."""
        found = there or b""
        if _may_be_torn(found, data) or is_ours(found.rstrip(b"\0")):
            return
        stem, _, suffix = path.rpartition(".")
        kept, number = f"{stem}.edited.{suffix}", 1
        while self._files.stat(kept) is not None:
            number += 1
            kept = f"{stem}.edited-{number}.{suffix}"
        self._files.rename(path, kept)
        self._files.sync_dir(folder_of(path))
        if self.on_kept is not None:
            self.on_kept(path, kept)

    def write_outputs(self, progress: Progress, stage: str) -> str:
        """Put the files of a complete stage on disk; the digests of those in output/. Raises OSError."""
        from eventlog.syncing import sync_files  # noqa: PLC0415 - few need it

        files = outputs(progress, stage, self._content)
        unsynced: list[str] = []
        for name, data in files.items():
            path = f"{self._folder}/{name}"
            if path in self._doubted or not holds(self._files, path, data):
                there = read_file(self._files, path)
                is_ours = _is_output if name.startswith(OUTPUT) else _is_result
                self._keep_edited(path, there, data, is_ours=partial(is_ours, progress, stage))
                self._make_folder(path)
                replace_durably(self._files, path, data)
            elif stage not in progress.completed_stages:
                unsynced.append(path)  # `write_scene` left it to this, in this process or in one that was killed
        self._doubted.update(unsynced)
        sync_files(self._files, unsynced)
        self._doubted.difference_update(f"{self._folder}/{name}" for name in files)
        for folder in sorted({folder_of(f"{self._folder}/{name}") for name in files}):
            self._files.sync_dir(folder)
        return " ".join(digest_of(data) for name, data in files.items() if name.startswith(OUTPUT))

    def write_source(self, progress: Progress, source: str) -> None:
        """Put the story as it was taken in beside the log; raises OSError."""
        path, data = f"{self._folder}/{SOURCE}", source.encode()
        there = read_file(self._files, path)
        if source and there != data:
            self._keep_edited(path, there, data, is_ours=lambda found: sha256_of(found) in progress.sources)
            replace_durably(self._files, path, data)

    def _make_folder(self, path: str) -> None:
        if folder_of(path) not in self._folders:
            make_dirs_durably(self._files, folder_of(path))
            self._folders.add(folder_of(path))

    def remove_progress(self, progress: Progress, stage: str) -> None:
        """Remove the progress file of a stage that is complete; raises OSError and ForeignFileError."""
        path = f"{self._folder}/{progress_file(stage)}"
        if self._ours(progress, stage) is not None:
            self._files.remove(path)
            self._files.sync_dir(self._folder)
        self._drawn.pop(stage, None)
        self._written.pop(stage, None)
        self._shown.pop(stage, None)
        self._lag.pop(stage, None)

    def clear_leftovers(self, stages: Iterable[str]) -> None:
        """Remove temporary files that a crash left behind; raises OSError."""
        for folder in (self._folder, *(f"{self._folder}/{name}" for name in ("output", *stages))):
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
                path = f"{folder}/{name}"
                self._keep_edited(path, read_file(self._files, path), b"", is_ours=partial(_is_result, progress, stage))
                if self._files.stat(path) is not None:
                    self._files.remove(path)

    def repair(self, progress: Progress, stages: Sequence[str]) -> None:
        """Make the files what the log says, after whatever happened to either; raises OSError."""
        self.clear_leftovers(stages)
        for stage in stages:
            self.clear_gone(progress, stage)
            if stage in progress.completed_stages:
                self.write_outputs(progress, stage)
                self.remove_progress(progress, stage)
            else:
                for one in finished(progress, stage):
                    self.write_scene(progress, stage, one.scene)
                self.refresh(progress, stage, now=True)


def _batches(pieces: Sequence[bytes]) -> Iterator[bytes]:
    return (b"".join(pieces[at : at + _BATCH]) for at in range(0, len(pieces), _BATCH))


def _digest(pieces: Iterable[bytes]) -> str:
    found = sha256()
    for piece in pieces:
        found.update(piece)
    return found.hexdigest()


def _is_result(progress: Progress, stage: str, data: bytes) -> bool:
    """Whether a file is a result that a stage once had; the last newline is no part of what was imported."""
    steps = (step for subject, step in progress.steps.items() if subject.startswith(f"{stage}/"))
    digests = (digest_of(data), digest_of(data.removesuffix(b"\n")))
    return any(one in step.results for step in steps for one in digests)


def _is_output(progress: Progress, stage: str, data: bytes) -> bool:
    """Whether a file is an output that a stage once had."""
    return digest_of(data) in progress.outputs.get(stage, [])


def _may_be_torn(found: bytes, data: bytes) -> bool:
    """Whether a power cut can have left this of a file: less of it, or zeros for parts of it, but nothing new."""
    return len(found) <= len(data) and all(byte in (0, wanted) for byte, wanted in zip(found, data, strict=False))
