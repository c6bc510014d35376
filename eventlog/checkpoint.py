"""A projection's state at a position of a log, kept beside it as a cache.

Law: never the truth. It is used only if its own sum, the log's id, the line it names and the projection's version all
match; otherwise it is as if it were not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from eventlog.entry import LINE_LIMIT, Position, decode, seal, sealed_sum
from eventlog.errors import NewerFormatError
from eventlog.files import folder_of, read_file, replace_durably
from eventlog.plain import to_json
from eventlog.values import frozen

if TYPE_CHECKING:
    from eventlog.files import Files

NAME = "checkpoint.json"
_FIELDS = {
    "log": str,
    "projection": str,
    "version": int,
    "seq": int,
    "line_offset": int,
    "end": int,
    "last": str,
}


@frozen
class Checkpoint:
    """`position` is the place after the last entry folded in; that entry's line begins at `line_offset` (bytes)."""

    log_id: str
    projection: str
    version: int
    position: Position
    line_offset: int
    state: Any


def encode_checkpoint(checkpoint: Checkpoint) -> bytes:
    """Write a checkpoint as one sealed line; raises InvalidEventError if JSON cannot hold its state exactly."""
    fields = {
        "log": checkpoint.log_id,
        "projection": checkpoint.projection,
        "version": checkpoint.version,
        "seq": checkpoint.position.seq,
        "line_offset": checkpoint.line_offset,
        "end": checkpoint.position.offset,
        "last": checkpoint.position.sum,
    }
    return seal(orjson.dumps(fields)[:-1] + b',"state":' + to_json("state", checkpoint.state))


def save_checkpoint(files: Files, log_path: str, checkpoint: Checkpoint) -> None:
    """Write the checkpoint beside the log; raises OSError if that fails (nothing is lost by it)."""
    replace_durably(files, _path(log_path), encode_checkpoint(checkpoint), private=True)


def load_checkpoint(files: Files, log_path: str, handle: int, log_id: str) -> Checkpoint | None:
    """Read the checkpoint beside the log open at `handle`; None unless it belongs to this very history."""
    try:
        data = read_file(files, _path(log_path))
        checkpoint = decode_checkpoint(data) if data else None
        if checkpoint is None or checkpoint.log_id != log_id:
            return None
        size = checkpoint.position.offset - checkpoint.line_offset
        if checkpoint.line_offset < 0 or not 0 < size <= LINE_LIMIT:
            return None
        entry = decode(files.read_at(handle, checkpoint.line_offset, size), offset=checkpoint.line_offset)
    except (OSError, NewerFormatError):
        return None
    return checkpoint if entry is not None and entry.position == checkpoint.position else None


def decode_checkpoint(data: bytes) -> Checkpoint | None:
    """Read a checkpoint; None if it does not verify, or is not one that this version understands."""
    if sealed_sum(data) is None:
        return None
    try:
        fields = orjson.loads(data)
        given = {name: fields[name] for name in (*_FIELDS, "state")}
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    if any(type(given[name]) is not kind for name, kind in _FIELDS.items()):
        return None
    return Checkpoint(
        log_id=given["log"],
        projection=given["projection"],
        version=given["version"],
        position=Position(seq=given["seq"], offset=given["end"], sum=given["last"]),
        line_offset=given["line_offset"],
        state=given["state"],
    )


def _path(log_path: str) -> str:
    return f"{folder_of(log_path)}/{NAME}"
