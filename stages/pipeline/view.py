"""A project seen from outside: progress and content without the lock, as of now or of an earlier entry.

Law: no byte is changed and nothing is waited for; only confirmed entries count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from eventlog import LogDamagedError, read
from eventlog.entry import decode
from eventlog.errors import NewerFormatError
from eventlog.projection import upcast
from stages.pipeline.progress import Progress, ProgressProjection
from stages.pipeline.upcasters import UPCASTERS

if TYPE_CHECKING:
    from eventlog.files import Files
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
        self._handle = files.open(path, "read")
        projection = ProgressProjection()
        self.progress: Progress = projection.initial()
        try:
            for entry in read(path, files=files, upcasters=UPCASTERS):
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

    def content(self, ref: Ref) -> Any:
        """The content of an entry that progress refers to."""
        entry = decode(self._files.read_at(self._handle, ref.offset, ref.size), offset=ref.offset)
        return upcast(entry, UPCASTERS).data if entry is not None else {}

    def close(self) -> None:
        """Give back the file."""
        self._files.close(self._handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()
