"""A project seen from outside: progress and content without the lock, as of now or of an earlier entry.

Law: no byte is changed and nothing is waited for; only confirmed entries count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from eventlog import LogDamagedError, read
from eventlog.checkpoint import load_checkpoint
from eventlog.entry import START, Position, decode
from eventlog.errors import NewerFormatError
from eventlog.projection import upcast
from eventlog.reading import log_id_of
from stages.pipeline.progress import Progress, ProgressProjection
from stages.pipeline.text import digest
from stages.pipeline.upcasters import UPCASTERS

if TYPE_CHECKING:
    from eventlog.files import Files
    from stages.pipeline.contract import Scene
    from stages.pipeline.progress import Ref


class ProjectView:
    """What the log at `path` adds up to, up to and with the entry `at` (None: all there is).

    `damage` says why not all of the log can be read, if so: it is damaged, or was written by a newer program. The
    progress is then that of what comes before.
    """

    def __init__(self, path: str, files: Files, *, at: int | None = None) -> None:
        self.log_id, self.last_seq = "", -1
        self.damage: LogDamagedError | NewerFormatError | None = None
        self._files = files
        self._texts: dict[str, str] = {}
        self._handle = files.open(path, "read")
        self._projection = projection = ProgressProjection()
        self.progress: Progress = projection.initial()
        try:
            begin = self._load_checkpoint(path, at)
            for entry in read(path, after=begin, files=files, upcasters=UPCASTERS):
                if at is not None and entry.seq > at:
                    break
                self.log_id = self.log_id or str(entry.meta.get("log", ""))
                self.last_seq = entry.seq
                self.progress = projection.apply(self.progress, entry)
        except (LogDamagedError, NewerFormatError) as error:
            self.damage = error
        except BaseException:
            self.close()
            raise

    def _load_checkpoint(self, path: str, at: int | None) -> Position:
        """Begin with the checkpoint if it is usable and not later than `at`; returns where to read on."""
        log_id = log_id_of(self._files, self._handle)
        found = load_checkpoint(self._files, path, self._handle, log_id)
        is_ours = found and (found.projection, found.version) == (self._projection.name, self._projection.version)
        if found is None or not is_ours or (at is not None and found.position.seq > at):
            return START
        self.log_id, self.last_seq = log_id, found.position.seq
        self.progress = self._projection.load(found.state)
        return found.position

    def content(self, ref: Ref) -> Any:
        """The content of an entry that progress refers to."""
        entry = decode(self._files.read_at(self._handle, ref.offset, ref.size), offset=ref.offset)
        return upcast(entry, UPCASTERS).data if entry is not None else {}

    def text_of(self, ref: Ref | None) -> str:
        """The story's text in an entry; empty if there is none."""
        if ref is None:
            return ""
        if ref.id not in self._texts:
            self._texts[ref.id] = str(self.content(ref)["text"])
        return self._texts[ref.id]

    def scene_text(self, scene: Scene) -> str:
        """The story's text of one scene, as it was when the scenes were planned; empty if it is missing."""
        return self.text_of(self.progress.planned_source)[scene.start : scene.end] if scene.has_source else ""

    def scenes_with_texts(self) -> list[tuple[Scene, str]]:
        """The scenes as planned, each with its text."""
        return [(scene, self.scene_text(scene)) for scene in self.progress.scenes if scene.has_source]

    def scene_digests(self) -> dict[str, str]:
        """The digest of each scene's text, by scene id; the blank lines around it are no part of it."""
        return {scene.id: digest(self.scene_text(scene).strip()) for scene in self.progress.scenes}

    def result(self, stage: str, scene: Scene) -> str:
        """The finished text of a scene in a stage; empty if there is none."""
        from stages.pipeline.results import text_of_completion  # noqa: PLC0415 - not for who only counts

        done = self.progress.step(stage, scene.id).completion
        return text_of_completion(stage, done, self.content) if done else ""

    def world_bible(self) -> str:
        """The world bible's text; empty if there is none."""
        from stages.pipeline.results import bible_text  # noqa: PLC0415 - not for who only counts

        return bible_text(self.progress, self.content)

    def close(self) -> None:
        """Give back the file."""
        self._files.close(self._handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()
