"""eventsourcing: its SQLite recorder, and its Application with an aggregate."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import orjson
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from bench import events
from bench.harness import Contender

if TYPE_CHECKING:
    from pathlib import Path


class Job(Aggregate):
    """A job of many items."""

    @event("ItemFinished")
    def finish(self, subject: str, data: dict[str, Any]) -> None:
        """Take in a finished item."""
        self.last = (subject, len(data))


def contenders(place: Path) -> list[Contender]:
    """Its lowest layer, and the way its guide shows."""
    return [_recorder(place), _application(place)]


def _recorder(place: Path) -> Contender:
    datastore = SQLiteDatastore(str(place / "eventsourcing-recorder.db"))
    recorder = SQLiteApplicationRecorder(datastore)
    recorder.create_table()
    originator, pool = uuid.uuid4(), events.payloads()

    def act(number: int) -> None:
        state = orjson.dumps(pool[number % len(pool)])
        recorder.insert_events([StoredEvent(originator, number + 1, "job:ItemFinished", state)])

    return Contender(name="eventsourcing, SQLite recorder", act=act, close=datastore.close)


def _application(place: Path) -> Contender:
    path = str(place / "eventsourcing-application.db")
    application: Any = Application(env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": path})
    job, pool = Job(), events.payloads()
    application.save(job)

    def act(number: int) -> None:
        job.finish(events.subject(number), pool[number % len(pool)])
        application.save(job)

    return Contender(name="eventsourcing, Application.save", act=act, close=application.close)
