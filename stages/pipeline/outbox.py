"""Saving that may fail without stopping the work: events wait in memory, in order, until the disk takes them.

Law: an event gets its id and time before the first try, so that a second try cannot write it twice; nothing that waits
is ever dropped: what cannot be saved at the end goes to a rescue file.
"""

from __future__ import annotations

import errno
from dataclasses import replace
from typing import TYPE_CHECKING

from eventlog import AppendError, Entry, Event, EventLogError, LogPoisonedError
from eventlog.entry import START, decode_detached, encode, encode_detached
from eventlog.files import TEMPORARY, folder_of, make_dirs_durably, read_file, write_all

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eventlog import EventLog
    from eventlog.files import Files

ADVICE = {
    errno.ENOSPC: "the disk is full: free some space",
    errno.EDQUOT: "your disk quota is used up: free some space",
    errno.EROFS: "the disk is mounted read-only: mount it writable again",
    errno.EACCES: "you may not write there: check the permissions of the folder",
    errno.EPERM: "you may not write there: check the permissions and attributes of the folder",
    errno.EIO: "the disk reports an error: check it, and keep a copy of the folder elsewhere",
}


def advice(error: BaseException) -> str:
    """What to do about a failed save, in a few words; the system's own message where nothing better is known."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in ADVICE:
            return ADVICE[cause.errno]
        cause = cause.__cause__
    return str(error)


class Outbox:
    """The way into a log that does not stop for a disk that says no.

    `waiting` holds what is not on disk yet; `on_trouble` is called with the error when saving begins to fail and with
    None when all is saved again.
    """

    def __init__(self, log: EventLog, new_id: Callable[[], tuple[str, str]]) -> None:
        self.waiting: dict[str, Event] = {}
        self.on_trouble: Callable[[Exception | None], None] | None = None
        self._log, self._new_id = log, new_id
        self._unsure: dict[str, Event] = {}

    async def save(self, event: Event) -> Entry | None:
        """Append an event; its entry, or None if it waits in memory because the disk said no."""
        from asyncio import CancelledError  # noqa: PLC0415 - who looks for rescue files does without it

        event_id, time = self._new_id()
        named = replace(event, id=event.id or event_id, time=event.time or time)
        trouble: Exception | None = None
        if not self.waiting:
            try:
                return await self._log.append_async(named)
            except (AppendError, LogPoisonedError, OSError) as error:  # nothing of it is acknowledged
                trouble = error
            except CancelledError:  # nobody hears whether it was saved: `retry` makes sure
                self._unsure[str(named.id)] = named
                raise
        provisional(named)  # what can never be a line must not keep the others from being saved
        is_first = not self.waiting
        self.waiting[str(named.id)] = named  # before anybody is told: whatever that leads to, it is not lost
        if trouble is not None and is_first and self.on_trouble:
            self.on_trouble(trouble)
        return None

    def retry(self) -> Exception | None:
        """Try to save all that waits, in order; the error if that still fails."""
        had_trouble = bool(self.waiting)
        self.waiting, self._unsure = {**self._unsure, **self.waiting}, {}
        if not self.waiting:
            return None
        try:
            self._log.reopen()
            self._log.append_many(self.waiting.values())
        except (EventLogError, OSError) as error:
            return error
        self.waiting = {}
        if had_trouble and self.on_trouble:
            self.on_trouble(None)
        return None


def provisional(event: Event) -> Entry:
    """The entry an event that waits would have, for a fold that cannot wait; it has no place (offset -1)."""
    return encode(event, after=START, dur=-1)._replace(offset=-1)


def refuse_unsavable(event: Event) -> None:
    """Raise what appending would raise of an event that can never be a line, before anything is made for it."""
    provisional(replace(event, id="0", time="2000-01-01T00:00:00.000000Z"))


def rescue_name(log_id: str, run: str) -> str:
    """What the rescue file of one run is called."""
    return f"{log_id}.{run}.jsonl"


def write_rescue(files: Files, path: str, events: Sequence[Event]) -> None:
    """Put events that could not be saved into a new private file, on disk; raises OSError."""
    make_dirs_durably(files, folder_of(path))
    handle = files.open(path + TEMPORARY, "append", create=True, private=True)
    try:
        files.truncate(handle, 0)
        write_all(files, handle, b"".join(encode_detached(event) for event in events))
        files.sync(handle)
    finally:
        files.close(handle)
    files.rename(path + TEMPORARY, path)
    files.sync_dir(folder_of(path))


def pending_rescues(files: Files, folders: Sequence[str], log_id: str) -> list[str]:
    """The rescue files of a log, oldest run first."""
    found = []
    for folder in folders:
        place = files.stat(folder)
        names = files.list_dir(folder) if place is not None and place.is_dir else []
        found += [f"{folder}/{name}" for name in names if name.startswith(f"{log_id}.") and name.endswith(".jsonl")]
    return sorted(found, key=lambda path: path.rsplit("/", 1)[-1])


def read_rescue(files: Files, path: str) -> tuple[list[Event], bool]:
    """The events of a rescue file, and whether all of its lines verified. Raises OSError."""
    lines = [line + b"\n" for line in (read_file(files, path) or b"").split(b"\n") if line]
    events = [decode_detached(line) for line in lines]
    return [event for event in events if event is not None], None not in events
