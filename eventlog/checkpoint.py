"""A projection's state at a position of a log, kept beside it as a cache.

Law: never the truth. It is used only if its own sum, the log's id, the line it names and the projection's version all
match; otherwise it is as if it were not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from eventlog.entry import Position, decode, seal, sealed_sum
from eventlog.errors import NewerFormatError
from eventlog.files import folder_of, read_file, replace_durably

if TYPE_CHECKING:
    from eventlog.files import Files

NAME = "checkpoint.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """`position` is the place after the last entry folded in; that entry's line begins at `line_offset` (bytes)."""

    log_id: str
    projection: str
    version: int
    position: Position
    line_offset: int
    state: Any


def save_checkpoint(files: Files, log_path: str, checkpoint: Checkpoint) -> None:
    """Write the checkpoint beside the log; raises OSError if that fails (nothing is lost by it)."""
    fields = {
        "log": checkpoint.log_id,
        "projection": checkpoint.projection,
        "version": checkpoint.version,
        "seq": checkpoint.position.seq,
        "line_offset": checkpoint.line_offset,
        "end": checkpoint.position.offset,
        "last": checkpoint.position.sum,
        "state": checkpoint.state,
    }
    replace_durably(files, _path(log_path), seal(orjson.dumps(fields)[:-1]))


def load_checkpoint(files: Files, log_path: str, handle: int, log_id: str) -> Checkpoint | None:
    """Read the checkpoint beside the log open at `handle`; None unless it belongs to this very history."""
    try:
        data = read_file(files, _path(log_path))
        checkpoint = _decode(data) if data else None
        if checkpoint is None or checkpoint.log_id != log_id:
            return None
        size = checkpoint.position.offset - checkpoint.line_offset
        entry = decode(files.read_at(handle, checkpoint.line_offset, size), offset=checkpoint.line_offset)
    except (OSError, NewerFormatError, ValueError):
        return None
    return checkpoint if entry is not None and entry.position == checkpoint.position else None


def _decode(data: bytes) -> Checkpoint | None:
    if sealed_sum(data) is None:
        return None
    fields = orjson.loads(data)
    try:
        return Checkpoint(
            log_id=fields["log"],
            projection=fields["projection"],
            version=fields["version"],
            position=Position(seq=fields["seq"], offset=fields["end"], sum=fields["last"]),
            line_offset=fields["line_offset"],
            state=fields["state"],
        )
    except (KeyError, TypeError):
        return None


def _path(log_path: str) -> str:
    return f"{folder_of(log_path)}/{NAME}"
