"""EventLog: the one writer of a log, and what it can tell of it.

Law: an event is acknowledged only once it is on disk (writer.py), and true in memory only once it is acknowledged.
"""

from __future__ import annotations

import os
import secrets
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from eventlog.acknowledged import Acknowledged
from eventlog.appending import Append, Stamp, draft, entry_of
from eventlog.checkpoint import NAME, Checkpoint, load_checkpoint, save_checkpoint
from eventlog.entry import CREATED, FORMAT_VERSION, START, Entry, Event, Position
from eventlog.errors import AppendError, EventLogError, LogReadOnlyError
from eventlog.files import TEMPORARY, Files, name_of, resolve
from eventlog.lock import drop_lock, free_lock, release_lock, take_lock
from eventlog.opening import open_for_writing
from eventlog.projection import Folding, Projection, State, Upcasters, fold, upcast
from eventlog.recent import RecentIds, offset_of_last
from eventlog.told import Told
from eventlog.turn import Turn
from eventlog.writer import MOST_AHEAD, LineWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from eventlog.appending import Outcome
    from eventlog.commit import GroupCommit
    from eventlog.errors import LogPoisonedError
    from eventlog.opening import Opened

_TAKEN = (".lock", ".head", TEMPORARY)  # names that stand beside a log


class EventLog:
    """An append-only log in one file. Make one with `open`; use it in a `with` block, in the process that opened it.

    Threads may share it. An append that breaks into another of its thread (from a signal handler) is refused; one made
    in `on_append` is not.

    `id` is the log's own; `found` the place where it ended when it was opened; `read_only` the reason if nothing may
    be appended (it can still be read); `on_append` is called with each acknowledged entry, in the order of seq;
    `checkpoint_seq` is the seq up to which the checkpoint goes, -1 without one.
    """

    def __init__(self, path: str, files: Files, lock: int, *, opened: Opened, upcasters: Upcasters) -> None:
        self.path, self.id = path, opened.log_id
        self.found: Position = opened.end
        self.read_only: LogReadOnlyError | None = opened.read_only
        self.on_append: Callable[[Entry], None] | None = None
        self._files, self._lock = files, lock
        self.checkpoint_seq = opened.checkpoint_seq
        self._folding: Folding[Any] | None = None
        self._writer = LineWriter(files, path, opened.handle, opened.end)
        self._upcasters = upcasters
        self._written = Acknowledged(files, path, self._writer)
        self._told = Told(self._written)
        self._recent: RecentIds | None = None
        self._group: GroupCommit | None = None
        self._turn = Turn(path)
        self._stamp = Stamp(time_ns=time.time_ns, randomness=secrets.token_bytes)

    @classmethod
    def open(  # noqa: PLR0913 - all by keyword, all with a default
        cls,
        path: str | os.PathLike[str],
        *,
        program: str = "eventlog",
        files: Files | None = None,
        upcasters: Upcasters | None = None,
        projection: Projection[Any] | None = None,
        preallocate: int = 0,
        time_ns: Callable[[], int] = time.time_ns,
        randomness: Callable[[int], bytes] = secrets.token_bytes,
    ) -> Self:
        """Become the writer of the log at `path`, created if there is none; a torn tail is quarantined and cut.

        The folder must exist. With a `projection`, its fold is made while the log is verified, and the first `fold` of
        it costs nothing. With `preallocate`, appends keep so many bytes of disk ahead, or half of them (FORMAT.md).
        A log with damaged acknowledged lines opens with `read_only` set. Raises LogLockedError if there is a writer,
        EventLogError for an argument that cannot be, OSError if the disk says no, and as `append` for the first entry.
        """
        disk, path = resolve(files, path)
        if name_of(path) == NAME or path.endswith(_TAKEN):
            raise EventLogError(f"{path}: a log cannot have this name, a file of another kind has it; take .jsonl")
        if type(preallocate) is not int or not 0 <= preallocate <= MOST_AHEAD:
            raise EventLogError(f"{path}: preallocate is a number of bytes from 0 to {MOST_AHEAD}, not {preallocate}")
        lock, was_clean = take_lock(disk, path)
        folding = Folding(projection, upcasters or {}) if projection else None
        log: Self | None = None
        try:
            opened = open_for_writing(disk, path, was_clean=was_clean, folding=folding)
            log = cls(path, disk, lock, opened=opened, upcasters=upcasters or {})
            log._stamp, log._writer.ahead = Stamp(time_ns=time_ns, randomness=randomness), preallocate
            if opened.read_only is None:
                log._folding = folding
                log._begin(opened.recovered, program)
        except BaseException:
            if log is not None:
                log._writer.leave(log.id)
            release_lock(disk, lock, clean=False)
            raise
        return log

    def _begin(self, recovered: Event | None, program: str) -> None:
        if self.position.seq < 0:
            self.id = self._stamp.new_id()
            meta = {"format": FORMAT_VERSION, "log": self.id, "device": os.uname().nodename, "program": program}
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
        return entry_of(self.commit([Append(event, expect_seq)])[0])

    def append_many(self, events: Iterable[Event]) -> list[Entry]:
        """Append several events with one write and one sync; on an error, none. Raises as `append` does."""
        outcomes = self.commit([Append(event) for event in events], together=True)
        return [entry_of(outcome) for outcome in outcomes]

    async def append_async(self, event: Event, *, expect_seq: int | None = None) -> Entry:
        """Append one event together with those of other tasks that are waiting: one write and one sync for all.

        Raises as `append` does; an error in one caller's event does not touch the others. A caller that is cancelled
        while waiting may find its event written.
        """
        if self._group is None:
            from eventlog.commit import GroupCommit  # noqa: PLC0415 - asyncio is only imported when it is used

            self._group = GroupCommit(self._write, self._tell)
        return await self._group.append(Append(event, expect_seq))

    def commit(self, wanted: Sequence[Append], *, together: bool = False) -> list[Outcome]:
        """Append what can be appended, with one write and one sync; each caller's entry or error, in order.

        With `together`, one bad event keeps all from being written. Raises LogReadOnlyError; at last, `on_append`'s.
        """
        with self._turn.waiting:
            outcomes = self._write(wanted, together=together)
            self._tell()
        return outcomes

    def _write(self, wanted: Sequence[Append], *, together: bool = False) -> list[Outcome]:
        return self._turn.alone(partial(self._write_alone, wanted, together=together))

    def _write_alone(self, wanted: Sequence[Append], *, together: bool) -> list[Outcome]:
        if self.read_only is not None:
            raise self.read_only.with_traceback(None)
        outcomes, fresh = draft(wanted, self.position, path=self.path, find=self._find, stamp=self._stamp)
        if not fresh or (together and any(isinstance(outcome, Exception) for outcome in outcomes)):
            return outcomes
        try:
            self._writer.write(fresh, self.id)
        except EventLogError as error:
            end = self.position.seq
            return [error if isinstance(outcome, Entry) and outcome.seq > end else outcome for outcome in outcomes]
        self._told.add(fresh)
        if self._recent is not None:
            self._recent.add(fresh)
        return outcomes

    def _tell(self) -> None:
        with self._turn.waiting:
            self._told.tell(lambda: self.on_append)

    def _find(self, event_id: str) -> Entry | None:
        try:
            if self._recent is None:
                self._recent = RecentIds(self._files, self._writer.handle, self.position)
            elif self._recent.end != self.position:  # an append was interrupted once it was on disk
                self._recent.catch_up(self._files, self._writer.handle, self.position)
            return self._recent.find(event_id, self._files, self._writer.handle)
        except OSError as error:
            raise AppendError(f"{self.path}: nothing was appended, the ids could not be read: {error}") from error

    def reopen(self) -> None:
        """Get over a poisoned state: put a new file, holding exactly what was acknowledged, in the old one's place.

        The lock is kept throughout. Events whose append failed are not in it; append them again under the same ids.
        Raises OSError if the disk still says no (try again later), LogDamagedError if acknowledged lines are damaged,
        LogReplacedError if somebody else wrote to the log.
        """
        self._turn.alone(self._writer.reopen)

    def read(self, after: int = -1) -> Iterator[Entry]:
        """Yield the acknowledged entries with a seq above `after`, in order.

        Raises LogDamagedError where one of them is no longer what it was.
        """
        return (entry for entry in self._entries(START) if entry.seq > after)

    def _entries(self, start: Position) -> Iterator[Entry]:
        entries = self._written.entries(start)
        return (upcast(entry, self._upcasters) for entry in entries) if self._upcasters else entries

    def entry_at(self, offset: int, size: int) -> Entry:
        """The entry whose line has `size` bytes at `offset`; raises EventLogError if no line verifies there."""
        return upcast(self._written.entry_at(offset, size), self._upcasters)

    def fold(self, projection: Projection[State]) -> State:
        """What the acknowledged entries add up to, starting at the checkpoint if it is of this projection."""
        folding, self._folding = self._folding, None  # given away once: `apply` may change a state in place
        if folding and folding.is_of(projection.name, projection.version):
            made: State = folding.state
            return fold(projection, self._entries(self.found), made)
        checkpoint = load_checkpoint(self._files, self.path, self._writer.handle, self.id)
        if checkpoint and (checkpoint.projection, checkpoint.version) == (projection.name, projection.version):
            loading = Folding(projection, self._upcasters)
            if loading.load(checkpoint.state):
                return fold(projection, self._entries(checkpoint.position), loading.state)
        return fold(projection, self._entries(START))

    def save_checkpoint(self, projection: Projection[State], state: State) -> None:
        """Keep `state`, the fold of all acknowledged entries, for the next open and fold to start from.

        Raises OSError if it cannot be saved, which harms nothing; EventLogError while `on_append` was not told of all.
        """
        end = self.position
        if self.on_append is not None and self._told.position.seq < end.seq:
            raise EventLogError(
                f"{self.path}: on_append was told up to seq {self._told.position.seq}, the log goes up to {end.seq}:"
                f" save the checkpoint after that"
            )
        checkpoint = Checkpoint(
            log_id=self.id,
            projection=projection.name,
            version=projection.version,
            position=end,
            line_offset=offset_of_last(self._files, self._writer.handle, end.offset, 1),
            state=projection.save(state),
        )
        save_checkpoint(self._files, self.path, checkpoint)
        self.checkpoint_seq = end.seq

    def close(self) -> None:
        """Stop writing and give back the lock (in a fork, handles alone); nothing can be appended or read any more."""
        if self._lock < 0:
            return
        try:
            if self._group is not None and self._turn.is_own:
                self._group.flush()  # of a caller that was cancelled, too: nobody told it that nothing was written
        finally:
            self._turn.alone(self._close_alone) if self._turn.is_own else self._give_back()

    def _close_alone(self) -> None:
        if self._lock < 0:  # somebody else did it meanwhile
            return
        clean = self.read_only is None and self.poisoned is None
        try:
            self._writer.leave(self.id)
        finally:  # whatever interrupts: the lock is free, or a second call frees it
            free_lock(self._files, self._lock, clean=clean)
            self._give_back()

    def _give_back(self) -> None:
        lock, self._lock = self._lock, -1
        self.read_only = LogReadOnlyError(f"{self.path}: this log was closed; open it again")
        self._writer.close()
        drop_lock(self._files, lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()
