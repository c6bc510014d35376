"""Group commit: many tasks wait for their own append, one write and one sync serve them all.

Law: callers queue, one flush is scheduled on the loop, a few turns later: whoever comes in these is taken along, and
everything else on the loop has its turn between two flushes. A bad event fails its own caller only; the event of a
caller that was cancelled is still written, for the caller cannot know whether it was.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from eventlog.errors import EventLogError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eventlog.appending import Append, Outcome
    from eventlog.entry import Entry

    _Waiting = tuple[Append, asyncio.Future[Entry]]

_TURNS = 3  # of the loop, from the first caller to the flush: a hundredth of what a sync takes
_CHANCES = 2  # of a flush, for each queue: an interruption takes the loop at most one


class GroupCommit:
    """The queue of one log: `write` puts a batch on disk, `tell` lets its listener know."""

    def __init__(self, write: Callable[[Sequence[Append]], list[Outcome]], tell: Callable[[], None]) -> None:
        self._write, self._tell = write, tell
        self._waiting: list[_Waiting] = []
        self._loop: asyncio.AbstractEventLoop | None = None  # the one on which a flush is scheduled

    async def append(self, wanted: Append) -> Entry:
        """Queue one append and wait until it is on disk; raises what appending raises."""
        loop = asyncio.get_running_loop()
        if self._loop not in (None, loop) and self._loop.is_running():
            raise EventLogError("this log is in use by an event loop of another thread; append through that one")
        done: asyncio.Future[Entry] = loop.create_future()
        self._waiting.append((wanted, done))
        if self._loop is not loop:  # none is scheduled, or on a loop that ended before its turn
            for _ in range(_CHANCES):
                self._after(_TURNS, loop, self._waiting)
            self._loop = loop  # at last: if this is interrupted, the next caller schedules them
        return await done

    def _after(self, turns: int, loop: asyncio.AbstractEventLoop, queue: list[_Waiting]) -> None:
        if queue is not self._waiting:  # it was flushed
            return
        if turns:
            loop.call_soon(self._after, turns - 1, loop, queue)
        else:
            self.flush()

    def flush(self) -> None:
        """Write what waits, now, and tell those who wait."""
        batch, self._waiting, self._loop = self._waiting, [], None
        if not batch:
            return
        try:
            outcomes = self._write([wanted for wanted, _ in batch])
        except BaseException as error:  # whatever it is, each waiting caller must hear of it
            _deliver_all(batch, [_told(error)] * len(batch))
            if not isinstance(error, Exception):
                raise
            return
        _deliver_all(batch, outcomes)
        self._tell()  # an error in a listener is its own: whoever waited has an entry that is on disk


def _told(error: BaseException) -> Exception:
    """What those who wait are told of an interruption, which is for the loop alone."""
    if isinstance(error, Exception):
        return error
    interrupted = EventLogError(f"the append was interrupted by {type(error).__name__}; whether it is there is unknown")
    interrupted.__cause__ = error
    return interrupted


def _deliver_all(batch: Sequence[_Waiting], outcomes: Sequence[Outcome]) -> None:
    try:
        _deliver(batch, outcomes)
    except BaseException:  # an interruption
        _deliver(batch, outcomes)  # to whoever was not told yet
        raise


def _deliver(batch: Sequence[_Waiting], outcomes: Sequence[Outcome]) -> None:
    here: asyncio.AbstractEventLoop | None = None
    with contextlib.suppress(RuntimeError):  # in no loop: the log is closed
        here = asyncio.get_running_loop()
    for (_, done), outcome in zip(batch, outcomes, strict=True):
        try:
            if done.get_loop() is here:
                _settle(done, outcome)
            else:  # of another thread, perhaps, which sleeps
                done.get_loop().call_soon_threadsafe(_settle, done, outcome)
        except RuntimeError:  # its loop was closed: nobody waits there
            continue


def _settle(done: asyncio.Future[Entry], outcome: Outcome) -> None:
    if done.done():  # its caller gave up
        return
    if isinstance(outcome, Exception):
        done.set_exception(outcome)
    else:
        done.set_result(outcome)
