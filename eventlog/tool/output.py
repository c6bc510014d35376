"""What a command writes into files of its own.

Law: a file that is there stays unless the user insists, and the log and what belongs to it stay whatever the user says.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from eventlog.checkpoint import NAME as CHECKPOINT
from eventlog.errors import EventLogError
from eventlog.files import TEMPORARY, folder_of, make_dirs_durably, replace_durably, resolve, write_all
from eventlog.lock import lock_path
from eventlog.reading import head_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from eventlog.files import RealFiles

_PIECE = 1024 * 1024


def write_pieces(files: RealFiles, path: str, pieces: Iterator[bytes], *, log: str, force: bool) -> None:
    """Write a file whose name appears, durably, when all of it is there. Raises EventLogError, OSError."""
    _expect_free(files, path, log=log, force=force)
    temporary = path + TEMPORARY
    handle = files.open(temporary, "append", create=True)
    try:
        files.truncate(handle, 0)
        for piece in _gathered(pieces):
            write_all(files, handle, piece)
        files.sync(handle)
        files.rename(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            files.remove(temporary)
        raise
    finally:
        files.close(handle)
    files.sync_dir(folder_of(path))


def write_files(files: RealFiles, folder: str, contents: Mapping[str, bytes], *, log: str, force: bool) -> None:
    """Write files into a folder, made if need be; none if one is there already. Raises EventLogError, OSError."""
    paths = {name: f"{folder}/{name}" for name in contents}
    for name, path in paths.items():
        if name.startswith("/") or ".." in name.split("/"):
            raise EventLogError(f"{name!r} is no name for a file in {folder}; nothing was written")
        _expect_free(files, path, log=log, force=force)
    for name, data in contents.items():
        make_dirs_durably(files, folder_of(resolve(files, paths[name])[1]))
        replace_durably(files, paths[name], data)


def _expect_free(files: RealFiles, path: str, *, log: str, force: bool) -> None:
    resolved, log = resolve(files, path)[1], resolve(files, log)[1]
    if resolved in (log, head_path(log), lock_path(log), f"{folder_of(log)}/{CHECKPOINT}"):
        raise EventLogError(f"{path} is the log, or belongs to it, and is never written to; name another file")
    found = files.stat(path)
    if found is not None and not force:
        raise EventLogError(f"{path} is there already, and is left as it is; add --force, or name another")


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= _PIECE:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)
