"""A salvaged log into the place of the damaged one.

Law: there is a log at the path at every moment: a copy of the damaged one is in quarantine and on disk before the new
one replaces it in one step. After a crash the adoption is done again; done twice, the second time changes nothing.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from eventlog.checkpoint import NAME as CHECKPOINT
from eventlog.errors import EventLogError
from eventlog.files import (
    copy_durably,
    folder_of,
    make_dirs_durably,
    read_chunks,
    replace_durably,
    resolve,
)
from eventlog.head import Head, encode_head
from eventlog.lock import has_writer, release_lock, take_lock
from eventlog.reading import head_path, log_id_of, verify
from eventlog.recovery import State
from eventlog.repair import is_kept, kept_path, last_salvage, salvaged_path
from eventlog.values import frozen

if TYPE_CHECKING:
    from eventlog.entry import Entry
    from eventlog.files import Files


@frozen
class Adoption:
    """What was done: `kept_in` is where the damaged log is now; `changed` is False if all was done before."""

    path: str
    kept_in: str
    changed: bool


def adopt(path: str, *, files: Files | None = None) -> Adoption:
    """Put the salvaged log into the place of the damaged one, which goes to quarantine with its head and checkpoint.

    Takes the writer's lock. Raises LogLockedError if there is a writer, OSError, and EventLogError, having changed
    nothing, if there is no salvage or it is not one of what stands at `path` now.
    """
    disk, path = resolve(files, path)
    target = salvaged_path(path)
    if disk.stat(path) is None:
        raise EventLogError(f"{path}: there is no log to replace; {target} can simply be renamed")
    lock, was_clean = take_lock(disk, path)
    try:
        swapped = disk.stat(target) is not None
        made_of = _swap(disk, path, target) if swapped else _swapped_before(disk, path)
        changed = _settle(disk, path, target, made_of) or swapped
        if not changed:
            _expect_well(disk, path)
        was_clean = was_clean or changed
    finally:
        release_lock(disk, lock, clean=was_clean)
    return Adoption(path=path, kept_in=str(made_of.meta["kept_in"]), changed=changed)


def _swapped_before(files: Files, path: str) -> Entry:
    made_of = last_salvage(files, path)
    if made_of is None:
        raise _not_salvaged(path)
    return made_of


def _expect_well(files: Files, path: str) -> None:
    """A log that was adopted once, and is damaged again, has not been salvaged yet."""
    if verify(path, files=files).state not in (State.CLEAN, State.TORN):
        raise _not_salvaged(path)


def _not_salvaged(path: str) -> EventLogError:
    return EventLogError(f"{path}: there is no salvage of it yet; make it first, with --salvage")


def _swap(files: Files, path: str, target: str) -> Entry:
    """The order is the whole point: copies in quarantine, on disk; then one rename; then its sync."""
    made_of = _salvage_of(files, path, target)
    digest = str(made_of.meta["source_sha256"])
    for each in (path, *_companions(path)):
        if files.stat(each) is not None:
            _copy(files, each, kept_path(path, each, digest))
    files.rename(target, path)
    files.sync_dir(folder_of(path))
    return made_of


def _salvage_of(files: Files, path: str, target: str) -> Entry:
    """The closing entry of a salvage that may take the place of the log; raises EventLogError if it may not."""
    if has_writer(files, target):
        raise EventLogError(f"{target} is being written; close that program first")
    if verify(target, files=files).state is not State.CLEAN:
        raise EventLogError(f"{target} does not verify; move it away and salvage again")
    made_of = last_salvage(files, target)
    if made_of is None or made_of.meta.get("source_sha256") != _digest(files, path):
        raise EventLogError(f"{target} is no salvage of what {path} is now; move it away and salvage again")
    return made_of


def _settle(files: Files, path: str, target: str, made_of: Entry) -> bool:
    """Put right what stands beside the log: a head and a checkpoint that are still those of the damaged one."""
    digest = str(made_of.meta["source_sha256"])
    head, checkpoint = _companions(path)
    changed = False
    if is_kept(files, path, head, digest):
        replace_durably(files, head, encode_head(Head(log_id=_log_id(files, path), position=made_of.position)))
        changed = True
    leftovers = [checkpoint] if is_kept(files, path, checkpoint, digest) else []
    leftovers += [head_path(target)] if files.stat(head_path(target)) is not None else []
    for each in leftovers:
        files.remove(each)
        changed = True
    if leftovers:
        files.sync_dir(folder_of(path))
    return changed


def _companions(path: str) -> tuple[str, str]:
    return head_path(path), f"{folder_of(path)}/{CHECKPOINT}"


def _copy(files: Files, source: str, target: str) -> None:
    """Copy a file so that its name appears only when all of it is on disk."""
    make_dirs_durably(files, folder_of(target))
    reading = files.open(source, "read")
    try:
        copy_durably(files, reading, target)
    finally:
        files.close(reading)


def _log_id(files: Files, path: str) -> str:
    handle = files.open(path, "read")
    try:
        return log_id_of(files, handle)
    finally:
        files.close(handle)


def _digest(files: Files, path: str) -> str:
    handle = files.open(path, "read")
    try:
        digest = hashlib.sha256()
        for chunk in read_chunks(files, handle):
            digest.update(chunk)
    finally:
        files.close(handle)
    return digest.hexdigest()
