"""What dm-log-writes recorded: each write of a disk in the order in which it was durable, and the marks between.

Law: this follows the kernel's Documentation/admin-guide/device-mapper/log-writes.rst and drivers/md/dm-log-writes.c.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

MAGIC = 0x6A736677736872
DISCARD, MARK = 4, 8
_SUPER, _ENTRY = struct.Struct("<QQQI"), struct.Struct("<QQQQ")
SECTOR_BYTES = 512


@dataclass(frozen=True, slots=True)
class Step:
    """One write at a byte of the disk, or a mark."""

    offset: int
    data: bytes
    mark: str = ""

    def apply(self, disk: BinaryIO) -> None:
        """Write it."""
        disk.seek(self.offset)
        disk.write(self.data)
        disk.flush()


def steps(log: Path) -> Iterator[Step]:
    """Every step that was recorded, in order."""
    with log.open("rb") as file:
        magic, version, count, sector_bytes = _SUPER.unpack(file.read(_SUPER.size))
        if (magic, version) != (MAGIC, 1):
            raise ValueError(f"{log} begins with {magic:x} {version}: dm-log-writes did not write it")
        file.seek(sector_bytes)
        for _ in range(count):
            yield from _step(file, sector_bytes)


def _step(file: BinaryIO, sector_bytes: int) -> Iterator[Step]:
    head = file.read(sector_bytes)
    sector, sectors, flags, mark_bytes = _ENTRY.unpack_from(head)
    offset, size = sector * sector_bytes, sectors * sector_bytes
    if flags & MARK:
        yield Step(0, b"", head[_ENTRY.size : _ENTRY.size + mark_bytes].rstrip(b"\0").decode().replace("=", " "))
    elif flags & DISCARD:
        yield Step(offset, bytes(size))
    elif size:
        yield Step(offset, file.read(size))
