"""Wanted appends -> outcomes: who gets a new entry, who one that is already there, and who an error.

Law: nothing is written here, and a bad event fails its own caller only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from eventlog.entry import Entry, Event, Position, encode, uuid7
from eventlog.errors import EventLogError, InvalidEventError, SequenceConflictError
from eventlog.recent import expect_same

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Outcome: TypeAlias = Entry | Exception

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Append(NamedTuple):
    """One wanted append: the event, and the seq that the log's last entry must have (None: any)."""

    event: Event
    expect_seq: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Where ids and times come from: a clock (nanoseconds since 1970) and random bytes."""

    time_ns: Callable[[], int]
    randomness: Callable[[int], bytes]

    def new_id(self) -> str:
        """An id that sorts by time."""
        return uuid7(self.time_ns() // 1_000_000, self.randomness(10))

    def names(self, event: Event) -> tuple[str, str]:
        """The event's id and time, made now if it has none."""
        now_us = self.time_ns() // 1000
        try:
            time = f"{_second(now_us // 1_000_000)}.{now_us % 1_000_000:06d}Z"
        except OverflowError:
            raise InvalidEventError(f"the clock says {now_us} us since 1970; times end with 9999") from None
        event_id = uuid7(now_us // 1000, self.randomness(10)) if event.id is None else event.id
        return event_id, time if event.time is None else event.time


@lru_cache(maxsize=1)
def _second(since_1970: int) -> str:
    return (_EPOCH + timedelta(seconds=since_1970)).isoformat()[:19]


def draft(
    wanted: Sequence[Append], end: Position, *, path: str, find: Callable[[str], Entry | None], stamp: Stamp
) -> tuple[list[Outcome], list[Entry]]:
    """Each caller's outcome, were all of it written after `end` now, and the new entries among them.

    `find` gives the entry in the log that has an id. An id is looked at before the expected seq.
    """
    outcomes: list[Outcome] = []
    fresh: list[Entry] = []
    ids: dict[str, Entry] = {}  # not the list itself: two ids that were made may be equal, and both lines must be there
    last = end
    for one in wanted:
        try:
            event_id = one.event.id
            known = (ids.get(event_id) or find(event_id)) if isinstance(event_id, str) else None
            if known is not None:
                outcomes.append(expect_same(one.event, known))
                continue
            if one.expect_seq is not None and one.expect_seq != last.seq:
                raise SequenceConflictError(  # noqa: TRY301 - it is that caller's outcome
                    f"{path}: expected the last seq to be {one.expect_seq}, it is {last.seq}"
                )
            entry = encode(one.event, after=last, dur=end.seq, names=stamp.names(one.event))
        except EventLogError as error:
            outcomes.append(error)
        except (MemoryError, OSError):  # of the machine: nothing is wrong with the event
            raise
        except Exception as error:  # noqa: BLE001 - a value of a type of its own may raise whatever it likes
            outcomes.append(_unreadable(error))
        else:
            outcomes.append(entry)
            fresh.append(entry)
            ids[entry.id] = entry
            last = entry.position
    return outcomes, fresh


def entry_of(outcome: Outcome) -> Entry:
    """The entry that one caller is given; raises what it is given instead."""
    if isinstance(outcome, Exception):
        raise outcome.with_traceback(None)  # the one error of a poisoned log would keep every frame it ever met
    return outcome


def _unreadable(error: Exception) -> InvalidEventError:
    refused = InvalidEventError(f"an event cannot be written: looking at it raised {type(error).__name__}")
    refused.__cause__ = error
    return refused
