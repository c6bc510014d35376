"""diskcache, which is SQLite with synchronous=NORMAL unless it is told otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import diskcache
import orjson

from bench import events
from bench.harness import Contender

if TYPE_CHECKING:
    from pathlib import Path

_FULL, _NORMAL = 2, 1  # SQLite's own numbers


def contenders(place: Path) -> list[Contender]:
    """One `set`, durable and as it comes."""
    return [_sets(place, "FULL", _FULL), _sets(place, "NORMAL, its default", _NORMAL)]


def _sets(place: Path, name: str, synchronous: int) -> Contender:
    cache = diskcache.Cache(str(place / f"diskcache-{synchronous}"), sqlite_synchronous=synchronous)
    pool = events.payloads()

    def act(number: int) -> None:
        cache.set(number, orjson.dumps(pool[number % len(pool)]))

    return Contender(name=f"diskcache, {name}", act=act, close=cache.close, is_durable=synchronous == _FULL)
