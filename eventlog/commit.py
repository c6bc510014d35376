"""Group commit: many tasks wait for their own append, one write and one sync serve them all.

Law: callers queue, one flush is scheduled on the loop. A bad event fails its own caller only; the event of a caller
that was cancelled is still written, for the caller cannot know whether it was.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eventlog.appending import Append, Outcome
    from eventlog.entry import Entry


class GroupCommit:
    """The queue of one log on one event loop."""

    def __init__(self, commit: Callable[[Sequence[Append]], list[Outcome]]) -> None:
        self._commit = commit
        self._waiting: list[tuple[Append, asyncio.Future[Entry]]] = []

    async def append(self, wanted: Append) -> Entry:
        """Queue one append and wait until it is on disk; raises what appending raises."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Entry] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._flush)
        self._waiting.append((wanted, done))
        return await done

    def _flush(self) -> None:
        batch, self._waiting = self._waiting, []
        try:
            outcomes = self._commit([wanted for wanted, _ in batch])
        except Exception as error:  # noqa: BLE001 - whatever it is, each waiting caller must hear of it
            outcomes = [error] * len(batch)
        for (_, done), outcome in zip(batch, outcomes, strict=True):
            if done.done():  # cancelled, or its loop is gone
                continue
            if isinstance(outcome, Exception):
                done.set_exception(outcome)
            else:
                done.set_result(outcome)
