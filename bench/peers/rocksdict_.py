"""RocksDB through rocksdict, with its write-ahead log synced and as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import rocksdict

from bench import events
from bench.harness import Contender

if TYPE_CHECKING:
    from pathlib import Path


def contenders(place: Path) -> list[Contender]:
    """One assignment, durable and not."""
    return [_puts(place, is_durable=True), _puts(place, is_durable=False)]


def _puts(place: Path, *, is_durable: bool) -> Contender:
    database = rocksdict.Rdict(str(place / f"rocksdict-{is_durable}"), rocksdict.Options(raw_mode=True))
    options = rocksdict.WriteOptions()
    options.sync = is_durable
    database.set_write_options(options)
    pool = events.payloads()

    def act(number: int) -> None:
        database[b"%012d" % number] = orjson.dumps(pool[number % len(pool)])

    name = "RocksDB (rocksdict), sync" if is_durable else "RocksDB (rocksdict), its default"
    return Contender(name=name, act=act, close=database.close, is_durable=is_durable)
