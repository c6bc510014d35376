"""How far a long reading is: a bar on the error output, if a person looks at it, and only after a second.

Law: the bar is drawn by what is read, below everything else; no command knows of it, and nothing of it stays.
"""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING

from eventlog.files import READ_SIZE, RealFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Progress

AFTER_S = 1.0
_EVERY_S = 0.1


@contextlib.contextmanager
def watched(*, clock: Callable[[], float] = time.monotonic) -> Iterator[RealFiles]:
    """The disk of this machine; while it is read for long, a bar tells how far."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield RealFiles()
        return
    files = _WatchedFiles(clock)
    try:
        yield files
    finally:
        files.stop()


class _WatchedFiles(RealFiles):
    """Draws what `read_at` tells."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._due = clock() + AFTER_S
        self._bar: Progress | None = None

    def read_at(self, handle: int, offset: int, size: int) -> bytes:
        """See Files.read_at."""
        data = super().read_at(handle, offset, size)
        if not data:  # the end, after which something will be printed
            self.stop()
        elif size >= READ_SIZE and self._clock() >= self._due:
            self._draw(handle, offset + len(data))
            self._due = self._clock() + _EVERY_S
        return data

    def _draw(self, handle: int, done: int) -> None:
        if self._bar is None:
            from rich.console import Console  # noqa: PLC0415 - heavy, and only needed after a second
            from rich.progress import Progress  # noqa: PLC0415

            self._bar = Progress(console=Console(stderr=True), transient=True, auto_refresh=False)
            self._bar.add_task("reading")
            self._bar.start()
        found = self.stat(handle)
        self._bar.update(self._bar.task_ids[0], completed=done, total=found.size if found else None)
        self._bar.refresh()

    def stop(self) -> None:
        """Take the bar away; it comes back after a second of nothing but reading."""
        self._due = self._clock() + AFTER_S
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def make_room(files: RealFiles) -> None:
    """Something will be printed: what is drawn must not be in its way."""
    if isinstance(files, _WatchedFiles):
        files.stop()
