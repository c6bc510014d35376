"""EventLog: the one writer of a log, and what it can tell of it.

Law: an event is acknowledged only once it is on disk (writer.py), and true in memory only once it is acknowledged.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from eventlog.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from eventlog.entry import CREATED, FORMAT_VERSION, START, Entry, Event, Position, decode, encode, uuid7
from eventlog.errors import EventLogError, LogReadOnlyError, SequenceConflictError
from eventlog.files import Files, RealFiles, read_chunks
from eventlog.lock import release_lock, take_lock
from eventlog.opening import open_for_writing
from eventlog.projection import Projection, State, Upcasters, fold, upcast
from eventlog.recent import RecentIds, expect_same, offset_of_last
from eventlog.recovery import Fault, scan
from eventlog.writer import LineWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from eventlog.commit import GroupCommit
    from eventlog.errors import LogPoisonedError
    from eventlog.opening import Opened

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Append:
    """One wanted append: the event, and the seq that the log's last entry must have (None: any)."""

    event: Event
    expect_seq: int | None = None


class EventLog:
    """An append-only log in one file. Make one with `open`; use it in a `with` block.

    `id` is the log's own; `read_only` the reason if nothing may be appended (it can still be read); `on_append` is
    called with each entry, in the order of seq, once it is acknowledged.
    """

    def __init__(self, path: str, files: Files, lock: int, *, opened: Opened, upcasters: Upcasters) -> None:
        self.path, self.id = path, opened.log_id
        self.read_only: LogReadOnlyError | None = opened.read_only
        self.on_append: Callable[[Entry], None] | None = None
        self._files, self._lock = files, lock
        self._writer = LineWriter(files, path, opened.handle, opened.end)
        self._upcasters = upcasters
        self._recent: RecentIds | None = None
        self._group: GroupCommit | None = None
        self._time_ns: Callable[[], int] = time.time_ns
        self._randomness: Callable[[int], bytes] = secrets.token_bytes

    @classmethod
    def open(
        cls,
        path: str,
        *,
        program: str = "eventlog",
        files: Files | None = None,
        upcasters: Upcasters | None = None,
        time_ns: Callable[[], int] = time.time_ns,
        randomness: Callable[[int], bytes] = secrets.token_bytes,
    ) -> Self:
        """Become the writer of the log at `path`, created if there is none; a torn tail is quarantined and cut.

        The folder must exist. A log with damaged acknowledged lines opens with `read_only` set. Raises LogLockedError
        if there is a writer, OSError if the file cannot be opened, written or synced.
        """
        disk = files or RealFiles()
        lock, was_clean = take_lock(disk, path)
        try:
            opened = open_for_writing(disk, path, was_clean=was_clean)
            log = cls(path, disk, lock, opened=opened, upcasters=upcasters or {})
            log._time_ns, log._randomness = time_ns, randomness
            if opened.read_only is None:
                log._begin(opened.recovered, program)
        except BaseException:
            with contextlib.suppress(OSError):
                disk.close(lock)
            raise
        return log

    def _begin(self, recovered: Event | None, program: str) -> None:
        if self.position.seq < 0:
            self.id = uuid7(self._time_ns() // 1_000_000, self._randomness(10))
            meta = {"format": FORMAT_VERSION, "log": self.id, "device": socket.gethostname(), "program": program}
            self.append(CREATED, meta=meta)
        if recovered is not None:
            self.append_many([recovered])
        self._writer.write_head(self.id)

    @property
    def position(self) -> Position:
        """The place after the last acknowledged entry."""
        return self._writer.position

    @property
    def poisoned(self) -> LogPoisonedError | None:
        """The failure after which nothing is appended until `reopen`, if there was one."""
        return self._writer.poisoned

    def append(
        self,
        type: str,  # noqa: A002 - the word of CloudEvents
        data: Any = None,
        *,
        subject: str = "",
        meta: Mapping[str, Any] | None = None,
        id: str | None = None,  # noqa: A002 - the word of CloudEvents
        expect_seq: int | None = None,
    ) -> Entry:
        """Append one event and return its entry once it is on disk.

        An event with an `id` that one of the last 10,000 entries has is not written again: the original entry is
        returned. Raises InvalidEventError, IdConflictError, SequenceConflictError (`expect_seq` is not the seq of the
        last entry), AppendError (nothing was written; it may be tried again), LogPoisonedError, LogReadOnlyError.
        """
        event = Event(type=type, data=data, subject=subject, meta=meta or {}, id=id)
        return _raised(self.commit([Append(event=event, expect_seq=expect_seq)])[0])

    def append_many(self, events: Iterable[Event]) -> list[Entry]:
        """Append several events with one write and one sync; on an error, none. Raises as `append` does."""
        outcomes = self.commit([Append(event=event) for event in events], together=True)
        return [_raised(outcome) for outcome in outcomes]

    async def append_async(self, event: Event, *, expect_seq: int | None = None) -> Entry:
        """Append one event together with those of other tasks that are waiting: one write and one sync for all.

        Raises as `append` does; an error in one caller's event does not touch the others. A caller that is cancelled
        while waiting may find its event written.
        """
        if self._group is None:
            from eventlog.commit import GroupCommit  # noqa: PLC0415 - asyncio is only imported when it is used

            self._group = GroupCommit(self.commit)
        return await self._group.append(Append(event=event, expect_seq=expect_seq))

    def commit(self, wanted: Sequence[Append], *, together: bool = False) -> list[Entry | Exception]:
        """Append what can be appended, with one write and one sync; each caller's entry or error, in order.

        With `together`, one bad event keeps the others from being written. Raises AppendError, LogPoisonedError or
        LogReadOnlyError if nothing at all could be written.
        """
        if self.read_only is not None:
            raise self.read_only
        outcomes, fresh = self._resolve(wanted)
        if fresh and not (together and any(isinstance(outcome, Exception) for outcome in outcomes)):
            self._writer.write(fresh, self.id)
            self._acknowledge(fresh)
        return outcomes

    def _acknowledge(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if self._recent is not None:
                self._recent.add(entry)
            if self.on_append is not None:
                self.on_append(entry)

    def _resolve(self, wanted: Sequence[Append]) -> tuple[list[Entry | Exception], list[Entry]]:
        """Each caller's outcome, were all of it written now, and the new entries among them."""
        outcomes: list[Entry | Exception] = []
        fresh: list[Entry] = []
        end = self.position
        for one in wanted:
            try:
                entry = self._known(one.event, fresh)
                if entry is None:
                    entry = self._next(one, end)
                    fresh.append(entry)
                    end = entry.position
                outcomes.append(entry)
            except EventLogError as error:
                outcomes.append(error)
        return outcomes, fresh

    def _known(self, event: Event, fresh: Sequence[Entry]) -> Entry | None:
        if event.id is None:
            return None
        if self._recent is None:
            self._recent = RecentIds(self._files, self._writer.handle, self.position)
        for entry in fresh:
            if entry.id == event.id:
                return expect_same(event, entry)
        place = self._recent.find(event.id)
        return expect_same(event, self._entry_at(*place)) if place else None

    def _next(self, one: Append, end: Position) -> Entry:
        if one.expect_seq is not None and one.expect_seq != end.seq:
            raise SequenceConflictError(f"{self.path}: expected the last seq to be {one.expect_seq}, it is {end.seq}")
        now_ns = self._time_ns()
        now = (_EPOCH + timedelta(microseconds=now_ns // 1000)).isoformat(timespec="microseconds")
        event = replace(
            one.event,
            id=one.event.id or uuid7(now_ns // 1_000_000, self._randomness(10)),
            time=one.event.time or now.replace("+00:00", "Z"),
        )
        return encode(event, after=end, dur=self.position.seq)

    def reopen(self) -> None:
        """Get over a poisoned state: put a new file, holding exactly what was acknowledged, in the old one's place.

        The lock is kept throughout. Events whose append failed are not in it; append them again under the same ids.
        Raises OSError if the disk still says no (try again later), LogDamagedError if acknowledged lines are damaged.
        """
        self._writer.reopen(self.id)

    def read(self, after: int = -1) -> Iterator[Entry]:
        """Yield the acknowledged entries with a seq above `after`, in order."""
        return (entry for entry in self._entries(START) if entry.seq > after)

    def _entries(self, start: Position) -> Iterator[Entry]:
        for found in scan(read_chunks(self._files, self._writer.handle, start.offset), start):
            if isinstance(found, Fault) or found.seq > self.position.seq:
                return
            yield upcast(found, self._upcasters)

    def entry_at(self, offset: int, size: int) -> Entry:
        """The entry whose line has `size` bytes at `offset`; raises EventLogError if no line verifies there."""
        return upcast(self._entry_at(offset, size), self._upcasters)

    def _entry_at(self, offset: int, size: int) -> Entry:
        entry = decode(self._files.read_at(self._writer.handle, offset, size), offset=offset)
        if entry is None:
            raise EventLogError(f"{self.path}: no entry of {size} bytes stands at byte {offset}; run verify on it")
        return entry

    def fold(self, projection: Projection[State]) -> State:
        """What the acknowledged entries add up to, starting at the checkpoint if it is of this projection."""
        checkpoint = load_checkpoint(self._files, self.path, self._writer.handle, self.id)
        if checkpoint and (checkpoint.projection, checkpoint.version) == (projection.name, projection.version):
            return fold(projection, self._entries(checkpoint.position), projection.load(checkpoint.state))
        return fold(projection, self._entries(START))

    def save_checkpoint(self, projection: Projection[State], state: State) -> None:
        """Keep `state`, the fold of all acknowledged entries, for the next open and fold to start from.

        Raises OSError if it cannot be saved, which harms nothing.
        """
        end = self.position
        checkpoint = Checkpoint(
            log_id=self.id,
            projection=projection.name,
            version=projection.version,
            position=end,
            line_offset=offset_of_last(self._files, self._writer.handle, end.offset, 1),
            state=projection.save(state),
        )
        save_checkpoint(self._files, self.path, checkpoint)

    def close(self) -> None:
        """Stop writing and give back the lock. Closing twice does nothing."""
        if self._lock < 0:
            return
        lock, self._lock = self._lock, -1
        self._writer.close()
        release_lock(self._files, lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()


def _raised(outcome: Entry | Exception) -> Entry:
    if isinstance(outcome, Exception):
        raise outcome
    return outcome
