"""A project seen from outside: progress and content without the lock, as of now or of an earlier entry.

Law: no byte is changed and nothing is waited for; only confirmed entries count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from eventlog import LogDamagedError, read
from eventlog.checkpoint import load_checkpoint
from eventlog.entry import START, Position, decode
from eventlog.reading import log_id_of
from stages.pipeline.progress import Progress, ProgressProjection

if TYPE_CHECKING:
    from eventlog.files import Files
    from stages.pipeline.progress import Ref


class ProjectView:
    """What the log at `path` adds up to, up to and with the entry `at` (None: all there is).

    `damage` says what is wrong with the log if not all of it can be read; the progress is then that of the good part.
    """

    def __init__(self, path: str, files: Files, *, at: int | None = None) -> None:
        self.log_id, self.last_seq = "", -1
        self.damage: LogDamagedError | None = None
        self._files = files
        self._handle = files.open(path, "read")
        self._projection = projection = ProgressProjection()
        self.progress: Progress = projection.initial()
        try:
            begin = self._load_checkpoint(path, at)
            for entry in read(path, after=begin, files=files):
                if at is not None and entry.seq > at:
                    break
                self.log_id = self.log_id or str(entry.meta.get("log", ""))
                self.last_seq = entry.seq
                self.progress = projection.apply(self.progress, entry)
        except LogDamagedError as error:
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
        return entry.data if entry is not None else {}

    def close(self) -> None:
        """Give back the file."""
        self._files.close(self._handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()
