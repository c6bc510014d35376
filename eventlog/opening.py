"""The open sequence: from a file that may have seen anything to a writer's place in it.

Law: nothing is exposed before it is known to be on disk, and nothing is cut before it is safe in quarantine. Damage to
acknowledged lines is never cut. Every step may be interrupted by a crash and is then simply done again.
"""

from __future__ import annotations

import contextlib
import hashlib
import warnings
from typing import TYPE_CHECKING, Any

from eventlog.checkpoint import load_checkpoint
from eventlog.entry import RECOVERED, START, Event, Position
from eventlog.errors import LogDamagedError, LogReadOnlyError, NewerFormatError
from eventlog.files import (
    READ_SIZE,
    TEMPORARY,
    copy_durably,
    folder_of,
    make_dirs_durably,
    name_of,
    read_chunks,
    write_all,
)
from eventlog.mounts import NetworkFileSystemWarning, network_kind
from eventlog.reading import head_path, log_id_of, survey
from eventlog.recovery import Fault, State, scan
from eventlog.values import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventlog.checkpoint import Checkpoint
    from eventlog.files import Files
    from eventlog.projection import Folding
    from eventlog.reading import Verification


QUARANTINE = "quarantine"
_COPY_SIZE = 16 * READ_SIZE


@frozen
class Opened:
    """A writer's place: the handle, the end of what is on disk, and what there is to say about it.

    `read_only` holds the reason if nothing may be appended; `recovered` the event that tells of a quarantined tail;
    `checkpoint_seq` the seq up to which a checkpoint vouched for what was not read.
    """

    handle: int
    end: Position
    log_id: str
    checkpoint_seq: int = -1
    read_only: LogReadOnlyError | None = None
    recovered: Event | None = None


def open_for_writing(files: Files, path: str, *, was_clean: bool, folding: Folding[Any] | None = None) -> Opened:
    """Open, recover and verify a log whose lock is held; `folding` takes in the entries up to the end.

    Raises OSError if the file cannot be opened or created.
    """
    handle = files.open(path, "append", create=True)
    try:
        with contextlib.suppress(OSError):
            files.remove(path + TEMPORARY)  # what a crash in `copy_verified` left: as large as the log
        files.sync_dir(folder_of(path))  # always: the creator may have died before it
        if (kind := network_kind(files, handle)) is not None:
            warnings.warn(
                f"{path} is on {kind}: a network file system may lose what was acknowledged, and let in two writers",
                NetworkFileSystemWarning,
                stacklevel=3,
            )
        trusted = _settle(files, handle, was_clean=was_clean)
        checkpoint = _usable_checkpoint(files, path, handle) if trusted else None
        if checkpoint and folding:  # a fold that cannot go on from there needs all entries
            usable = folding.is_of(checkpoint.projection, checkpoint.version) and folding.load(checkpoint.state)
            checkpoint = checkpoint if usable else None
        start = checkpoint.position if checkpoint else START
        found = survey(files, path, handle, start, take=folding.take if folding else None)
        problem = _problem(found) or _move_to_quarantine(files, handle, found)
        if problem is None and not (trusted and (found.fault is None or _cut(files, handle, found.end.offset))):
            copied, problem = _copy_instead(files, path, handle, found.end)
            if problem is None:
                handle = _swap(files, handle, copied)
                files.sync_dir(folder_of(path))
        if problem is not None:
            end = found.end if trusted else found.confirmed  # what lies beyond may be in the page cache alone
            return Opened(handle=handle, end=end, log_id=found.log_id, read_only=problem)
        recovered = _untold(files, path, found)
        return Opened(handle=handle, end=found.end, log_id=found.log_id, checkpoint_seq=start.seq, recovered=recovered)
    except BaseException:
        _close(files, handle)
        raise


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


def _usable_checkpoint(files: Files, path: str, handle: int) -> Checkpoint | None:
    try:
        log_id = log_id_of(files, handle)
    except NewerFormatError:  # the survey will meet it again, and say so
        return None
    return load_checkpoint(files, path, handle, log_id)


def _problem(found: Verification) -> LogReadOnlyError | None:
    if found.state is State.NEWER:
        return NewerFormatError(f"{found.path}: {found.evidence}")
    if found.state in (State.CORRUPT, State.BEHIND):
        look = f"look at it with: python -m eventlog verify {found.path}{_advice(found)}"
        return LogDamagedError(f"{found.message}; nothing was changed; {look}")
    return None


def _advice(found: Verification) -> str:
    if found.state is not State.BEHIND or found.end.seq >= 0:
        return ""
    return f"; put the log back, or, to begin a new one, move {name_of(head_path(found.path))} away"


def _move_to_quarantine(files: Files, handle: int, found: Verification) -> LogReadOnlyError | None:
    """Save a torn tail, if there is one, before it is cut; the reason if that fails."""
    if found.fault is None:
        return None
    folder = f"{folder_of(found.path)}/{QUARANTINE}"
    try:
        _, digest = _measured(files, handle, found.fault.offset)
        make_dirs_durably(files, folder)
        kept = f"{_kept_prefix(found.path, found.fault.offset)}{digest[:8]}.torn"
        copy_durably(files, handle, f"{folder}/{kept}", offset=found.fault.offset)
    except OSError as error:
        return LogReadOnlyError(
            f"{found.message}; nothing was cut, for it could not be moved to {QUARANTINE}/ ({error}): make room there"
        )
    return None


def _kept_prefix(path: str, offset: int) -> str:
    return f"{name_of(path)}.{offset}."


def _untold(files: Files, path: str, found: Verification) -> Event | None:
    """The event to append for what was cut where the log now ends: this time, or just before a crash."""
    try:
        names = files.list_dir(f"{folder_of(path)}/{QUARANTINE}")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError:
        if found.fault is not None:
            raise
        return None  # it is somebody else's: no opening of ours was interrupted after it wrote there
    offsets = [0, found.end.offset] if found.end.seq <= 0 else [found.end.offset]
    kept = [
        _kept(files, path, name, offset)
        for offset in sorted(set(offsets))
        for name in names
        if name.startswith(_kept_prefix(path, offset)) and name.endswith(".torn")
    ]
    reason = found.fault.reason if found.fault else "the opening that cut it was interrupted"
    return Event(type=RECOVERED, data={"reason": reason, "kept": kept}) if kept else None


def _kept(files: Files, path: str, name: str, offset: int) -> dict[str, str | int]:
    handle = files.open(f"{folder_of(path)}/{QUARANTINE}/{name}", "read")
    try:
        size, digest = _measured(files, handle)
    finally:
        files.close(handle)
    return {"path": f"{QUARANTINE}/{name}", "offset": offset, "bytes": size, "sha256": digest}


def _measured(files: Files, handle: int, offset: int = 0) -> tuple[int, str]:
    """How many bytes there are from `offset` on, and their SHA-256; a tail may be larger than memory."""
    size, digest = 0, hashlib.sha256()
    for chunk in read_chunks(files, handle, offset):
        size += len(chunk)
        digest.update(chunk)
    return size, digest.hexdigest()


def _cut(files: Files, handle: int, size: int) -> bool:
    try:
        files.truncate(handle, size)
        files.sync(handle)
    except OSError:
        return False
    return True


def _copy_instead(files: Files, path: str, handle: int, end: Position) -> tuple[int, LogReadOnlyError | None]:
    try:
        return copy_verified(files, path, handle, end), None
    except LogReadOnlyError as error:  # damage before the checkpoint, which only a full reading meets
        return handle, error


def copy_verified(files: Files, path: str, source: int, end: Position) -> int:
    """Put a new file that holds exactly the lines up to `end` in the log's place; returns its handle.

    The source stays open and is never written again: after a failed sync its pages may claim to be on disk and are
    not. Whoever calls this syncs the folder. Raises OSError, LogDamagedError, NewerFormatError: then nothing changed.
    """
    temporary = path + TEMPORARY
    with contextlib.suppress(FileNotFoundError):
        files.remove(temporary)
    target = files.open(temporary, "append", create=True, private=True, fresh=True)
    try:
        for piece in _verified(files, path, source, end):
            write_all(files, target, piece)
        files.sync(target)
        files.rename(temporary, path)
    except BaseException:
        _close(files, target)
        with contextlib.suppress(OSError):
            files.remove(temporary)
        raise
    return target


def _verified(files: Files, path: str, source: int, end: Position) -> Iterator[bytes]:
    """The lines up to `end`, each verified as it is copied, some at a time."""
    lines: list[bytes] = []
    position, begin = START, 0
    for found in scan(read_chunks(files, source)):
        if position == end or isinstance(found, Fault):
            break
        lines.append(found.line)
        position = found.position
        if position.offset - begin > _COPY_SIZE:
            yield b"".join(lines)
            lines, begin = [], position.offset
    if position != end:
        raise LogDamagedError(
            f"{path}: line {position.seq + 2}, byte {position.offset}, seq {position.seq + 1}: it does not verify, but"
            f" all up to seq {end.seq} did; nothing was changed; look at it with: python -m eventlog verify {path}"
        )
    if lines:
        yield b"".join(lines)


def _swap(files: Files, old: int, new: int) -> int:
    _close(files, old)
    return new


def _close(files: Files, handle: int) -> None:
    with contextlib.suppress(OSError):
        files.close(handle)
