"""Many files -> disk at once: thirty-two that wait for it take a twentieth of the time that one after another takes.

Law: no call syncs a file twice, for that may succeed after a failure: whoever hears of one writes the files anew.
Nobody waits for a thread that never began, as `threading.Thread.start` does, for ever, where memory ends as one begins.
"""

from __future__ import annotations

import _thread
from typing import TYPE_CHECKING

from eventlog.files import RealFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eventlog.files import Files

_FEW, _HELPERS = 16, 31


def sync_files(files: Files, paths: Sequence[str]) -> None:
    """Return once what was written to these files is on disk; raises OSError. One after another if they are few."""
    helpers = range(1, 1 + (_HELPERS if len(paths) > _FEW and isinstance(files, RealFiles) else 0))
    left = iter(tuple(paths))  # whose next is taken by one thread alone
    # All of these are made before a thread is: where there is no more memory, none could be made to tell of a failure.
    finished = [_thread.allocate_lock() for _ in (0, *helpers)]
    begun = bytearray(len(finished))
    failed: list[BaseException | None] = [None] * len(finished)
    ends = bytearray(1)

    def work(own: int) -> None:
        begun[own] = True
        try:
            for path in left:
                if ends[0]:
                    return
                _sync(files, path)
        except BaseException as error:  # noqa: BLE001 - raised below, from whatever thread
            ends[0], failed[own] = True, error
        finally:
            finished[own].release()

    for lock in finished:
        lock.acquire()
    try:
        _start(work, helpers)
        work(0)
    except BaseException:  # an interruption
        ends[0] = True
        raise
    finally:
        for helper in helpers:
            if begun[helper]:  # the others find nothing left to do, if they ever begin
                finished[helper].acquire()
    for told in failed:
        if told is not None:
            raise told


def _start(work: Callable[[int], None], helpers: range) -> None:
    for helper in helpers:
        try:
            _thread.start_new_thread(work, (helper,))
        except (RuntimeError, MemoryError):  # there may be no more threads
            return


def _sync(files: Files, path: str) -> None:
    handle = files.open(path, "overwrite")
    try:
        files.sync(handle)
    finally:
        files.close(handle)
