"""SQLite of the standard library: a table of events, write-ahead log, synchronous=FULL."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import orjson

from bench import events
from bench.harness import Contender

if TYPE_CHECKING:
    from pathlib import Path


def contenders(place: Path) -> list[Contender]:
    """One insert in its own transaction, durable and not."""
    return [_inserts(place, "FULL"), _inserts(place, "NORMAL")]


def _inserts(place: Path, synchronous: str) -> Contender:
    connection = sqlite3.connect(place / f"sqlite-{synchronous}.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA synchronous={synchronous}")
    connection.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, subject TEXT, type TEXT, data BLOB)")
    pool = events.payloads()

    def act(number: int) -> None:
        row = (events.subject(number), "item.finished", orjson.dumps(pool[number % len(pool)]))
        connection.execute("INSERT INTO events (subject, type, data) VALUES (?, ?, ?)", row)

    name = f"SQLite, WAL, synchronous={synchronous}"
    return Contender(name=name, act=act, close=connection.close, is_durable=synchronous == "FULL")
