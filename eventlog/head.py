"""The head file: where the last acknowledged line ends, written after each acknowledgement, never synced on its own.

Law: pure. A witness, not a starting point: it can only vouch for lines; unreadable or foreign, it counts as absent.
"""

from __future__ import annotations

from typing import NamedTuple

import orjson

from eventlog.entry import Position, seal, sealed_sum


class Head(NamedTuple):
    """What the writer last acknowledged: the log's id and the place after the last acknowledged line."""

    log_id: str
    position: Position


def encode_head(head: Head) -> bytes:
    """Write a head: always the same width, so that one small overwrite replaces another."""
    place = head.position
    log, last = orjson.dumps(head.log_id), place.sum.encode()
    return seal(b'{"log":%b,"seq":"%020d","last":"%b","end":"%020d"' % (log, place.seq, last, place.offset))


def decode_head(data: bytes | None) -> Head | None:
    """Read a head; None if it is absent, torn or not one."""
    if not data or sealed_sum(data) is None:
        return None
    try:
        fields = orjson.loads(data)
        position = Position(seq=int(fields["seq"]), offset=int(fields["end"]), sum=str(fields["last"]))
        return Head(log_id=str(fields["log"]), position=position)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None
