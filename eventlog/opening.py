"""The open sequence: from a file that may have seen anything to a writer's place in it.

Law: nothing is exposed before it is known to be on disk, and nothing is cut before it is safe in quarantine. Damage to
acknowledged lines is never cut. Every step may be interrupted by a crash and is then simply done again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eventlog.checkpoint import Checkpoint, load_checkpoint
from eventlog.entry import RECOVERED, START, Event, Position
from eventlog.errors import LogDamagedError, LogReadOnlyError, NewerFormatError
from eventlog.files import TEMPORARY, folder_of, make_dirs_durably, read_chunks, replace_durably, write_all
from eventlog.reading import log_id_of, survey
from eventlog.recovery import Fault, State

if TYPE_CHECKING:
    from eventlog.files import Files
    from eventlog.reading import Verification


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A writer's place: the handle, the end of what is on disk, and what there is to say about it.

    `read_only` holds the reason if nothing may be appended; `recovered` the event that tells of a quarantined tail.
    """

    handle: int
    end: Position
    log_id: str
    checkpoint: Checkpoint | None = None
    read_only: LogReadOnlyError | None = None
    recovered: Event | None = None


def open_for_writing(files: Files, path: str, *, was_clean: bool) -> Opened:
    """Open, recover and verify a log whose lock is held. Raises OSError if the file cannot be opened or created."""
    handle = files.open(path, "append", create=True)
    try:
        files.sync_dir(folder_of(path))  # always: the creator may have died before it
        trusted = _settle(files, handle, was_clean=was_clean)
        checkpoint = load_checkpoint(files, path, handle, log_id_of(files, handle)) if trusted else None
        found = survey(files, path, handle, checkpoint.position if checkpoint else START)
        if problem := _problem(found):
            return Opened(handle=handle, end=found.end, log_id=found.log_id, checkpoint=checkpoint, read_only=problem)
        return _recover(files, handle, found, checkpoint, trusted=trusted)
    except BaseException:
        files.close(handle)
        raise


def reopen_after_failure(files: Files, path: str, old: int, *, end: Position, log_id: str) -> int:
    """Give a poisoned log a new file that holds exactly what was acknowledged; returns the new handle.

    The old file is never written again: after a failed sync its pages may claim to be on disk and are not. Raises
    OSError (try again later) or LogDamagedError if acknowledged lines no longer verify.
    """
    found = survey(files, path, old)
    damaged = found.fault is not None and found.fault.seq <= end.seq
    if damaged or found.end.seq < end.seq or found.log_id != log_id:
        raise LogDamagedError(f"{found.message}; {end.seq} was acknowledged; run verify on it")
    return _copy_prefix(files, path, old, end)


def _settle(files: Files, handle: int, *, was_clean: bool) -> bool:
    """Bring file and memory into agreement; False if that cannot be known and the file must be copied.

    A writer killed after a failed sync leaves pages that look clean and never reached the disk: they are dropped, so
    that what is read next is what the disk holds. Where pages cannot be dropped, only a properly closed log is trusted.
    """
    try:
        files.sync(handle)
        return files.drop_cache(handle) or was_clean
    except OSError:
        return False


def _problem(found: Verification) -> LogReadOnlyError | None:
    if found.state is State.NEWER:
        return NewerFormatError(f"{found.path}: {found.evidence}")
    if found.state in (State.CORRUPT, State.BEHIND):
        return LogDamagedError(
            f"{found.message}; nothing was changed; look at it with: python -m eventlog verify {found.path}"
        )
    return None


def _recover(files: Files, handle: int, found: Verification, checkpoint: Checkpoint | None, *, trusted: bool) -> Opened:
    """Quarantine a torn tail, then cut it; leave the file for a copy of its good lines where it cannot be trusted."""
    recovered = None
    if found.fault is not None:
        try:
            recovered = _quarantine(files, handle, found.path, found.fault)
        except OSError as error:
            reason = f"{found.message}; nothing was cut, for it could not be moved to quarantine ({error}): make room"
            return Opened(handle=handle, end=found.end, log_id=found.log_id, read_only=LogReadOnlyError(reason))
        trusted = trusted and _cut(files, handle, found.end.offset)
    if not trusted:
        whole = survey(files, found.path, handle) if checkpoint else found
        if problem := _problem(whole):
            return Opened(handle=handle, end=found.end, log_id=found.log_id, checkpoint=checkpoint, read_only=problem)
        copied = _copy_prefix(files, found.path, handle, found.end)
        files.close(handle)
        handle = copied
    return Opened(handle=handle, end=found.end, log_id=found.log_id, checkpoint=checkpoint, recovered=recovered)


def _quarantine(files: Files, handle: int, path: str, fault: Fault) -> Event:
    tail = b"".join(read_chunks(files, handle, fault.offset))
    digest = hashlib.sha256(tail).hexdigest()
    name = path[len(folder_of(path)) + 1 :] if "/" in path else path
    kept = f"quarantine/{name}.{fault.offset}.{digest[:8]}.torn"
    make_dirs_durably(files, f"{folder_of(path)}/quarantine")
    replace_durably(files, f"{folder_of(path)}/{kept}", tail)
    data = {"offset": fault.offset, "bytes": len(tail), "sha256": digest, "kept_in": kept, "reason": fault.reason}
    return Event(type=RECOVERED, data=data)


def _cut(files: Files, handle: int, size: int) -> bool:
    try:
        files.truncate(handle, size)
        files.sync(handle)
    except OSError:
        return False
    return True


def _copy_prefix(files: Files, path: str, source: int, end: Position) -> int:
    """Copy the verified bytes into a new file, put it in place durably and return its handle; the source stays open."""
    temporary = path + TEMPORARY
    target = files.open(temporary, "append", create=True)
    try:
        files.truncate(target, 0)
        copied = 0
        for chunk in read_chunks(files, source):
            piece = chunk[: end.offset - copied]
            write_all(files, target, piece) if piece else None
            copied += len(piece)
        files.sync(target)
        files.rename(temporary, path)
        files.sync_dir(folder_of(path))
    except BaseException:
        files.close(target)
        raise
    return target
