"""Tasks that append at once: the queue of a group commit, met as a program meets it, on a disk that may lose its power.

Law: the book follows what each caller was told, and nothing else: who holds an entry must find it, who was refused must
not, and whoever gave up may have been written, in his place.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

from eventlog import Entry, Event, EventLogError
from eventlog.errors import InvalidEventError
from tests.crash.promises import KIND, Book
from tests.simulated_disk import SimulatedCrash, SimulatedDisk
from tests.virtual_time import Clock, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventlog import EventLog


class Caller(NamedTuple):
    """A task that wants one event appended; it may be cancelled while it waits, or want what no line can hold."""

    said: str
    gives_up: bool = False
    is_bad: bool = False

    @property
    def event(self) -> Event:
        return Event(type=KIND, data={"nan": float("nan")} if self.is_bad else self.said, id=self.said)


TWO_AND_TWO = ((Caller("q0.0"), Caller("q0.1")), (Caller("q1.0"), Caller("q1.1")))
THREE = ((Caller("q0"), Caller("q1"), Caller("q2")),)
ONE_GIVES_UP = ((Caller("q0"), Caller("q1", gives_up=True), Caller("q2")),)
ONE_IS_BAD = ((Caller("r0"), Caller("r1", is_bad=True), Caller("r2")),)


def queued(groups: Sequence[Sequence[Caller]], disk: SimulatedDisk, book: Book) -> None:
    """Each group at once, in one loop, as tasks of one program; SimulatedCrash if the power goes."""
    log = book.open(disk)
    run(_in_turn(log, groups, disk, book), Clock())  # a caller who never hears of his append is an error, not a hang
    log.close()


async def _in_turn(log: EventLog, groups: Sequence[Sequence[Caller]], disk: SimulatedDisk, book: Book) -> None:
    unheard: list[Any] = []  # of what breaks in the queue's own turn: a loop tells its handler, and goes on
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unheard.append(context.get("exception")))
    for group in groups:
        book.doubtful = [caller.said for caller in group if not caller.is_bad]
        before = len(disk.trace)
        outcomes = await _at_once(log, group)
        assert all(isinstance(each, SimulatedCrash) and disk.dead for each in unheard), unheard
        if disk.dead:
            assert not [each for each in outcomes if not isinstance(each, EventLogError | asyncio.CancelledError)]
            raise SimulatedCrash
        for caller, outcome in zip(group, outcomes, strict=True):
            assert isinstance(outcome, _expected(caller)), (caller, outcome)
            assert not isinstance(outcome, Entry) or outcome.data == caller.said
        assert [each.name for each in disk.trace[before:]].count("sync") == 1, "one sync for all who wait"
        book.kept, book.doubtful = book.kept + book.doubtful, []


def _expected(caller: Caller) -> type:
    if caller.is_bad:
        return InvalidEventError
    return asyncio.CancelledError if caller.gives_up else Entry


async def _at_once(log: EventLog, group: Sequence[Caller]) -> list[Any]:
    """What each caller of a group gets, whether an entry or an error."""
    tasks = [asyncio.ensure_future(log.append_async(caller.event)) for caller in group]
    await asyncio.sleep(0)  # now each waits, and the queue has not had its turn
    for caller, task in zip(group, tasks, strict=True):
        if caller.gives_up:
            task.cancel()
    return list(await asyncio.gather(*tasks, return_exceptions=True))
