"""One project folder: its log, what the log adds up to, and the one way in, `record`.

Law: an event is true in memory only once it is on disk; while saving fails, what waits is shown as if it were, on a
copy that is given up as soon as everything is saved.
"""

from __future__ import annotations

import contextlib
import copy
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Self

from eventlog import EventLog, EventLogError
from eventlog.entry import encode_detached, uuid7
from eventlog.files import folder_of, make_dirs_durably
from stages.pipeline import events as facts
from stages.pipeline.fact_entries import to_event
from stages.pipeline.imported import FILE_NAMES
from stages.pipeline.originals import put_away, taken_over
from stages.pipeline.outbox import Outbox, pending_rescues, provisional, read_rescue, rescue_name, write_rescue
from stages.pipeline.progress import Progress, ProgressProjection
from stages.pipeline.results import bible_text, text_of_completion
from stages.pipeline.revision import revise
from stages.pipeline.snapshots import Snapshots
from stages.pipeline.text import digest, quoted
from stages.pipeline.upcasters import UPCASTERS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eventlog import Entry, Event
    from eventlog.files import Files
    from stages.pipeline.contract import Scene
    from stages.pipeline.progress import Ref
    from stages.pipeline.system import System

LOG = "events.jsonl"
_AHEAD = 1024 * 1024  # bytes of disk kept for what is finished, if others fill the rest: 200 scenes or more
CHECKPOINT_EVERY = 1000  # entries: to read these again takes 20 ms
SETTINGS = "project.toml"


class ProjectError(Exception):
    """The project cannot be used as wanted; the message says where, what and what to do."""


class Project:
    """A project open for writing. Make one with `open`; close it, or use it in a `with` block.

    `progress` is what happened so far; `on_entry` is called with each acknowledged entry, in order.
    """

    def __init__(self, folder: str, log: EventLog, system: System) -> None:
        self.folder, self.log = folder, log
        self.on_entry: Callable[[Entry], None] | None = None
        self.system = system
        self._projection = ProgressProjection()
        self._saved: Progress = log.fold(self._projection)
        self.progress: Progress = self._saved
        self.outbox = Outbox(log, self._new_id)
        self.snapshots = Snapshots(system.files, folder, self.content)
        self._texts: dict[str, str] = {}
        self._bible: tuple[Ref | None, str] = (None, "")
        self._digests: tuple[list[Scene], dict[str, str]] = ([], {})
        log.on_append = self._acknowledged
        self._keep_checkpoint()

    @classmethod
    def open(cls, folder: str, system: System, *, importing: bool = False) -> Self:
        """Become the writer of the project in `folder`, made if there is none, and take in what was rescued.

        Progress files of another program in a folder without a log are refused, unless they are what is `importing`.

        Raises ProjectError, LogLockedError, LogDamagedError and OSError.
        """
        files = system.files
        make_dirs_durably(files, folder)
        if not importing:
            refuse_unknown_progress(files, folder)
        log = EventLog.open(
            f"{folder}/{LOG}",
            program=system.program,
            files=files,
            upcasters=UPCASTERS,
            projection=ProgressProjection(),
            preallocate=_AHEAD,
            time_ns=system.time_ns,
            randomness=system.randomness,
        )
        if (damage := log.read_only) is not None:
            log.close()
            raise damage
        try:
            project = cls(folder, log, system)
            project._take_rescued()
        except BaseException:
            log.close()
            raise
        return project

    def _take_rescued(self) -> None:
        files = self.system.files
        for path in pending_rescues(files, self.system.rescue_folders, self.log.id):
            events, whole = read_rescue(files, path)
            self.log.append_many(events)
            with contextlib.suppress(OSError):  # it can stay: what is in the log already is not written twice
                if whole:
                    files.remove(path)
                else:  # what could be read of it is in the log; the rest is for a person to look at, once
                    files.rename(path, f"{path}.damaged")
                files.sync_dir(folder_of(path))

    def _new_id(self) -> tuple[str, str]:
        return self.new_id(), self.system.now_text()

    def new_id(self) -> str:
        """A new id for an attempt, a run or an event."""
        return uuid7(self.system.time_ns() // 1_000_000, self.system.randomness(10))

    def _acknowledged(self, entry: Entry) -> None:
        if self.progress is not self._saved:  # what waits is shown on a copy, which must hear of this as well
            self._projection.apply(self.progress, entry)
        self._saved = self._projection.apply(self._saved, entry)
        if self.on_entry:
            self.on_entry(entry)

    async def record(self, fact: facts.Fact, content: Any = None) -> str:
        """Record a fact and return the id of its entry. A disk that says no does not stop the work: see Outbox."""
        event = to_event(fact, content)
        entry = await self.outbox.save(event)
        if entry is None:
            return self._show_waiting()
        if not self.outbox.waiting:
            self.progress = self._saved
        return entry.id

    def _show_waiting(self) -> str:
        event_id, event = next(reversed(self.outbox.waiting.items()))
        if self.progress is self._saved:
            self.progress = copy.deepcopy(self._saved)
            for waiting in list(self.outbox.waiting.values())[:-1]:
                self._projection.apply(self.progress, provisional(waiting))
        self._projection.apply(self.progress, provisional(event))
        return event_id

    def retry_saving(self) -> Exception | None:
        """Try to save what waits; the error if that still fails."""
        error = self.outbox.retry()
        if error is None:
            self.progress = self._saved
        return error

    def record_now(self, fact: facts.Fact, content: Any = None) -> Entry:
        """Record a fact outside a run; raises what appending raises."""
        return self.record_together([(fact, content)])[0]

    def record_together(self, told: Sequence[tuple[facts.Fact, Any]]) -> list[Entry]:
        """Record facts with their contents outside a run, all of them or none; raises what appending raises."""
        return self.log.append_many([to_event(fact, content) for fact, content in told])

    def content(self, ref: Ref) -> Any:
        """The content of an entry that progress refers to."""
        waiting: Event | None = self.outbox.waiting.get(ref.id)
        return waiting.data if waiting is not None else self.log.entry_at(ref.offset, ref.size).data

    @property
    def source(self) -> str:
        """The story's text; empty if it is missing."""
        return self._text(self.progress.source)

    def _text(self, ref: Ref | None) -> str:
        if ref is None:
            return ""
        if ref.id not in self._texts:
            self._texts[ref.id] = str(self.content(ref)["text"])
        return self._texts[ref.id]

    def scene_text(self, scene: Scene) -> str:
        """The story's text of one scene, as it was when the scenes were planned; empty if it is missing."""
        return self._text(self.progress.planned_source)[scene.start : scene.end] if scene.has_source else ""

    def scenes_with_texts(self) -> list[tuple[Scene, str]]:
        """The scenes as planned, each with its text: what a new plan of a changed story keeps the work of."""
        return [(scene, self.scene_text(scene)) for scene in self.progress.scenes if scene.has_source]

    def revise_plan(self) -> None:
        """Fit the scenes to a story that was taken in after they were planned; nothing is asked of a model for that."""
        progress = self.progress
        if progress.planned_sha256 and not progress.is_planned:
            before = self.scenes_with_texts()
            found = revise(before, self.source, progress.language, highest_id=progress.highest_id)
            planned = facts.ScenesPlanned(source=progress.source_sha256, total=len(found.scenes))
            self.record_now(planned, {"scenes": [asdict(scene) for scene in found.scenes]})

    def result(self, stage: str, scene: Scene) -> str:
        """The finished text of a scene in a stage; empty if there is none."""
        done = self.progress.step(stage, scene.id).completion
        return text_of_completion(stage, done, self.content) if done else ""

    def scene_digests(self) -> dict[str, str]:
        """The digest of each scene's text, by scene id; the blank lines around it are no part of it."""
        scenes = self.progress.scenes
        if self._digests[0] is not scenes:  # a plan is made more than once in a run, of the same scenes
            self._digests = scenes, {scene.id: digest(self.scene_text(scene).strip()) for scene in scenes}
        return self._digests[1]

    def world_bible(self) -> str:
        """The world bible's text; empty if there is none."""
        ref = self.progress.bible or self.progress.imported
        if self._bible[0] != ref:
            self._bible = ref, bible_text(self.progress, self.content)
        return self._bible[1]

    def refuse_foreign(self, stages: Sequence[str]) -> None:
        """Raise ProjectError if a progress file stands here that this log did not write; put imported ones away."""
        if self.progress.imported is not None:
            done = taken_over(self.system.files, self.folder, self.content(self.progress.imported))
            put_away(self.system.files, self.folder, done)
        foreign = self.snapshots.foreign(self.progress, stages)
        if foreign:
            raise ProjectError(
                f"{', '.join(foreign)}: not written by this project, and may be the only copy of somebody's work; "
                "move it elsewhere, or make a project of it: scenelog import FILE --name NEW"
            )

    def repair(self, stages: Sequence[str]) -> None:
        """Make the folder's files what the log says; raises OSError."""
        self.snapshots.repair(self.progress, stages)
        self.snapshots.write_source(self.progress, self.source)

    def settle(self, stages: Sequence[str]) -> None:
        """End the stages whose scenes are all done, outside a run, and make the files what the log says.

        Raises OSError and what appending raises.
        """
        for stage in stages:
            steps = [self.progress.step(stage, scene.id) for scene in self.progress.scenes]
            if steps and all(step.is_done for step in steps) and stage not in self.progress.completed_stages:
                outputs = self.snapshots.write_outputs(self.progress, stage)
                self.record_now(facts.StageCompleted(subject=stage, scenes=len(steps), outputs=outputs))
        self.repair(stages)

    def rescue(self, run: str) -> str | None:
        """Put what could not be saved into a rescue file and return its path; None if no folder takes it."""
        events = list(self.outbox.waiting.values())
        for folder in self.system.rescue_folders:
            path = f"{folder}/{rescue_name(self.log.id, run)}"
            try:
                write_rescue(self.system.files, path, events)
            except OSError:
                continue
            return path
        return None

    def detached_lines(self) -> list[bytes]:
        """What could not be saved, as the lines of a rescue file."""
        return [encode_detached(event) for event in self.outbox.waiting.values()]

    def _keep_checkpoint(self) -> None:
        """Save what the log adds up to, if much was read or written since: opening costs only what came after."""
        if self.log.position.seq - self.log.checkpoint_seq >= CHECKPOINT_EVERY:
            with contextlib.suppress(OSError, EventLogError):  # a cache: without it the log is read again
                self.log.save_checkpoint(self._projection, self._saved)

    def close(self) -> None:
        """Give the log back."""
        self._keep_checkpoint()
        self.log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()


def refuse_unknown_progress(files: Files, folder: str) -> None:
    """Raise ProjectError if a folder without a log holds progress files: they are the only copy of somebody's work."""
    if files.stat(f"{folder}/{LOG}") is not None:
        return
    found = [f"{folder}/{name}" for name in FILE_NAMES.values() if files.stat(f"{folder}/{name}") is not None]
    if found:
        raise ProjectError(
            f"{folder} holds progress files of another program and no log; nothing was changed. "
            f"Take them over with: scenelog import {' '.join(map(quoted, found))} --story STORY"
        )
