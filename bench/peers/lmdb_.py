"""LMDB: one put in its own transaction, synced as it is by default."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lmdb
import orjson

from bench import events
from bench.harness import Contender

if TYPE_CHECKING:
    from pathlib import Path

_MAP_SIZE = 1 << 30


def contenders(place: Path) -> list[Contender]:
    """One `put` at the end."""
    environment = lmdb.open(str(place / "lmdb"), map_size=_MAP_SIZE)
    pool = events.payloads()

    def act(number: int) -> None:
        with environment.begin(write=True) as transaction:
            transaction.put(b"%012d" % number, orjson.dumps(pool[number % len(pool)]), append=True)

    return [Contender(name="LMDB", act=act, close=environment.close)]
