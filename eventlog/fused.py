"""Damaged bytes -> the lines in them that verify: a damaged newline fuses lines, and each is still what it was.

Law: pure, and its cost grows with the bytes alone. A line that stands inside another one as its content is never taken
for one of the log's: a line begins these bytes, or follows what no JSON text can hold there.
"""

from __future__ import annotations

import hashlib
import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_BEGINNING = b'{"seq":'
_ENDING = re.compile(rb',"sum":"([0-9a-f]{32})"\}')
# What may stand before a line: the end of another one and what is left of its newline (not a comma, nor one with a
# flipped bit: in a list of lines a comma stands there), or a byte that a JSON text cannot hold.
_BEFORE = re.compile(rb',"sum":"[0-9a-f]{32}"\}[^,\-.($<\x0cl\xac]{0,2}\Z|\xef\xbb\xbf\Z|[\x00-\x08\x0b\x0e-\x1f]\Z')
_BEFORE_SIZE = 45


def sealed_lines(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield each line that verifies: where it begins, how many bytes it and its newline take there, and the line.

    The newline is whatever follows the line, up to the next one, but at most one byte if that is no line.
    """
    begins = list(_beginnings(data))
    for begin, stop in pairwise([*begins, len(data)]):
        end = _end_of_line(data, begin, stop)
        if end is not None:
            size = stop - begin if stop - end <= 2 else end - begin + 1  # noqa: PLR2004 - a carriage return too
            yield begin, size, data[begin:end] + b"\n"


def _beginnings(data: bytes) -> Iterator[int]:
    """Where a line may begin: never inside another one that is JSON, so each line ends before the next beginning."""
    at = data.find(_BEGINNING)
    while at >= 0:
        if at == 0 or _BEFORE.search(data, max(0, at - _BEFORE_SIZE), at):
            yield at
        at = data.find(_BEGINNING, at + 1)


def _end_of_line(data: bytes, begin: int, stop: int) -> int | None:
    """Where the line that begins there ends, before its newline; None if none does that verifies."""
    digest = hashlib.sha256()
    view = memoryview(data)
    hashed = begin
    for ending in _ENDING.finditer(data, begin, stop):
        digest.update(view[hashed : ending.start()])
        hashed = ending.start()
        if digest.hexdigest()[:32].encode() == ending[1]:
            return ending.end()
    return None
