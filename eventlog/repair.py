"""A damaged log -> a new, whole one beside it: what is there to keep, and the salvage of it.

Law: nothing is ever edited in place. The old log is not touched, and the new one appears under its name only when it is
whole and on disk; after a crash the salvage is simply done again. adoption.py puts it into the old one's place.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from typing import TYPE_CHECKING, Any

from eventlog.appending import Stamp
from eventlog.entry import CREATED, FORMAT_VERSION, START, Event, encode
from eventlog.errors import EventLogError, InvalidEventError, LogLockedError, LogReplacedError, NewerFormatError
from eventlog.files import (
    READ_SIZE,
    TEMPORARY,
    beside,
    folder_of,
    name_of,
    read_chunks,
    read_file,
    replace_durably,
    resolve,
    write_all,
)
from eventlog.head import Head, encode_head
from eventlog.lock import is_at
from eventlog.opening import QUARANTINE
from eventlog.reading import head_path, log_id_of, survey, verify
from eventlog.recovery import Fault, State, scan
from eventlog.salvage import plan_salvage, verified_lines, ways_to_write
from eventlog.values import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventlog.entry import Entry, Position
    from eventlog.files import Files
    from eventlog.reading import Verification
    from eventlog.salvage import Gap, Plan, Run

GAP = "log.gap"
SALVAGED = "log.salvaged"
STAMP = Stamp(time_ns=time.time_ns, randomness=secrets.token_bytes)
_PIECE = 16 * READ_SIZE


@frozen
class Repair:
    """What is to be done for a log: `plan` is None if nothing is to be salvaged, `target` where a salvage goes.

    `salvaged` tells that the target is there already, and was made of this very file; `adopting` that it stands in the
    log's place already, but beside the head of the damaged one: the adoption was interrupted and must be repeated.
    """

    found: Verification
    target: str
    plan: Plan | None = None
    salvaged: bool = False
    adopting: bool = False


def salvaged_path(log_path: str) -> str:
    """Where a salvage of a log is written: `events.salvaged.jsonl` beside `events.jsonl`."""
    return beside(log_path, ".salvaged.jsonl")


def kept_name(path: str, sha256: str) -> str:
    """The name under which a file that belongs to a damaged log of this digest is kept in quarantine."""
    return f"{name_of(path)}.{sha256[:8]}.damaged"


def is_kept(files: Files, path: str, each: str, sha256: str) -> bool:
    """Whether a file beside a log is, to the byte, the one that went to quarantine with the damaged log."""
    now = read_file(files, each)
    return now is not None and now == read_file(files, kept_path(path, each, sha256))


def kept_path(path: str, each: str, sha256: str) -> str:
    """Where a file that belongs to the damaged log at `path` is kept."""
    return f"{folder_of(path)}/{QUARANTINE}/{kept_name(each, sha256)}"


def plan_repair(path: str, *, files: Files | None = None) -> Repair:
    """Find out what can be saved of the log at `path`; no lock is taken and no byte changed.

    Raises OSError, and NewerFormatError for a log with which nothing is wrong but its reader's age.
    """
    disk, path = resolve(files, path)
    found = verify(path, files=disk)
    target = salvaged_path(path)
    if found.state is State.NEWER:
        raise NewerFormatError(f"{path}: {found.evidence}")
    adopting = found.state is State.BEHIND and _is_half_adopted(disk, path)
    if found.state is State.CLEAN or adopting:
        return Repair(found=found, target=target, adopting=adopting)
    handle = disk.open(path, "read")
    try:
        head = found.head.position if found.head else None
        plan = plan_salvage(lambda: read_chunks(disk, handle), head=head)
    finally:
        disk.close(handle)
    return Repair(found=found, target=target, plan=plan, salvaged=_is_salvage_of(disk, target, plan.sha256))


def last_salvage(files: Files, path: str) -> Entry | None:
    """The entry that closed the last salvage in the log at `path`; None if there is none, or the log is damaged."""
    last: Entry | None = None
    handle = files.open(path, "read")
    try:
        for found in scan(read_chunks(files, handle)):  # whatever the head says: it may be that of the damaged log
            if isinstance(found, Fault):
                return None if found.vouched >= found.seq else last
            if found.type == SALVAGED:
                last = found
    finally:
        files.close(handle)
    return last


def _is_salvage_of(files: Files, target: str, sha256: str) -> bool:
    if files.stat(target) is None:
        return False
    made_of = last_salvage(files, target)
    return made_of is not None and made_of.meta.get("source_sha256") == sha256


def _is_half_adopted(files: Files, path: str) -> bool:
    made_of = last_salvage(files, path)
    return made_of is not None and is_kept(files, path, head_path(path), str(made_of.meta.get("source_sha256")))


def salvage(path: str, *, files: Files | None = None, stamp: Stamp = STAMP) -> Repair:
    """Write what can be saved of a damaged log into a new one beside it, durably; the old one is not touched.

    Does nothing if nothing is wrong, or if the same was done before. Raises OSError, NewerFormatError, LogReplacedError
    if the log changed meanwhile, and EventLogError if nothing verifies, or if another log stands at the target.
    """
    disk, path = resolve(files, path)
    repair = plan_repair(path, files=disk)
    if repair.plan is None or repair.salvaged:
        return repair
    if not repair.plan.kept:
        raise EventLogError(f"{path}: not a single line verifies, there is nothing to save; put a copy of it back")
    if disk.stat(repair.target) is not None:
        raise EventLogError(f"{repair.target} is there, and is no salvage of what {path} is now; move it away")
    source = disk.open(path, "read")
    try:
        _write(disk, source, repair, stamp)
    finally:
        disk.close(source)
    return repair


def _write(files: Files, source: int, repair: Repair, stamp: Stamp) -> None:
    """The order is the whole point: all lines, their sync, the head, the name, the sync of the folder."""
    temporary = repair.target + TEMPORARY
    handle = _open_alone(files, temporary)
    try:
        files.truncate(handle, 0)
        lines = _Salvage(files, source, repair, stamp)
        for piece in _in_pieces(lines.entries()):
            write_all(files, handle, piece)
        files.sync(handle)
        head = _expect_whole(survey(files, temporary, handle), lines.end)
        replace_durably(files, head_path(repair.target), encode_head(head))
        files.rename(temporary, repair.target)
    except BaseException:
        with contextlib.suppress(OSError):
            files.remove(temporary)
        raise
    finally:
        with contextlib.suppress(OSError):
            files.close(handle)
    files.sync_dir(folder_of(repair.target))


def _open_alone(files: Files, path: str) -> int:
    handle = files.open(path, "append", create=True, private=True)
    if files.lock(handle) and is_at(files, handle, path):
        return handle
    files.close(handle)
    raise LogLockedError(path, "another salvage")


def _expect_whole(made: Verification, end: Position) -> Head:
    if made.state is not State.CLEAN or made.end != end:
        raise EventLogError(f"{made.path}: what was written there does not verify; is the disk well?")
    return Head(log_id=made.log_id, position=end)


def _in_pieces(entries: Iterator[Entry]) -> Iterator[bytes]:
    lines: list[bytes] = []
    held = 0
    for entry in entries:
        lines.append(entry.line)
        held += entry.size
        if held > _PIECE:
            yield b"".join(lines)
            lines, held = [], 0
    yield b"".join(lines)


class _Salvage:
    """The entries of the new log, in order; `end` is the place after the last one so far."""

    def __init__(self, files: Files, source: int, repair: Repair, stamp: Stamp) -> None:
        if repair.plan is None:
            raise AssertionError("a log with which nothing is wrong is not salvaged")
        self.end: Position = START
        self._files, self._source, self._stamp = files, source, stamp
        self._repair, self._plan = repair, repair.plan
        self._unmarked: list[tuple[int, int, str]] = []

    def entries(self) -> Iterator[Entry]:
        """Yield what is kept, with a `log.gap` where something is missing and a `log.salvaged` at the end."""
        gaps = iter(self._plan.gaps)
        if not self._plan.runs[0].verbatim:
            yield self._new(CREATED, {}, self._created())
        for run in self._plan.runs:
            if not run.follows:
                yield self._gap(next(gaps))
            for entry in self._lines(run):
                yield self._kept(entry, verbatim=run.verbatim)
        for gap in gaps:
            yield self._gap(gap)
        yield self._new(SALVAGED, self._report(), self._summary())

    def _lines(self, run: Run) -> Iterator[Entry]:
        count = 0
        for _, _, entry in verified_lines(_bytes_of(self._files, self._source, run), run.offset):
            if entry is None or entry.seq != run.first + count:
                break
            count += 1
            yield entry
        if count != run.count:
            raise LogReplacedError(f"{self._repair.found.path} changed while it was read; stop its writer, try again")

    def _kept(self, entry: Entry, *, verbatim: bool) -> Entry:
        if verbatim:
            moved = entry._replace(offset=self.end.offset)
            self.end = moved.position
            return moved
        for event, unmarked in ways_to_write(entry):
            with contextlib.suppress(InvalidEventError):
                again = self._put(event)
                self._unmarked += [(again.seq, entry.seq, entry.sum)] * unmarked
                return again
        place = f"{self._repair.found.path}: byte {entry.offset}, seq {entry.seq}"
        raise EventLogError(f"{place}: it verifies, but there is no way to write it again: it is too large")

    def _gap(self, gap: Gap) -> Entry:
        places = {"first_seq": gap.first, "last_seq": gap.last} if gap.lost else {}
        return self._new(GAP, None, {**places, "offset": gap.offset, "bytes": gap.size, "reason": gap.reason})

    def _created(self) -> dict[str, Any]:
        head = self._repair.found.head
        log_id = head.log_id if head else log_id_of(self._files, self._source) or self._stamp.new_id()
        return {"format": FORMAT_VERSION, "log": log_id, "device": os.uname().nodename, "program": "eventlog repair"}

    def _summary(self) -> dict[str, Any]:
        plan = self._plan
        return {
            "kept": plan.kept,
            "verbatim": plan.verbatim,
            "lost": plan.lost,
            "source_bytes": plan.size,
            "source_sha256": plan.sha256,
            "kept_in": f"{QUARANTINE}/{kept_name(self._repair.found.path, plan.sha256)}",
        }

    def _report(self) -> dict[str, Any]:
        """Where the damaged bytes are, and of the entries whose meta had no room: seq, and original seq and sum."""
        return {
            "damaged": [[damage.offset, damage.size] for damage in self._plan.damaged],
            "unmarked": [list(each) for each in self._unmarked],
        }

    def _new(self, kind: str, data: Any, meta: dict[str, Any]) -> Entry:
        return self._put(Event(type=kind, data=data, meta=meta))

    def _put(self, event: Event) -> Entry:
        """Every line vouches for those before it: none of them is seen before all of them are on disk."""
        entry = encode(event, after=self.end, dur=self.end.seq, names=self._stamp.names(event))
        self.end = entry.position
        return entry


def _bytes_of(files: Files, handle: int, run: Run) -> Iterator[bytes]:
    offset = run.offset
    while offset < run.end and (chunk := files.read_at(handle, offset, min(READ_SIZE, run.end - offset))):
        yield chunk
        offset += len(chunk)
