"""DBOS with SQLite: one step of a long workflow, whose result it keeps."""

from __future__ import annotations

import logging
import queue
from typing import TYPE_CHECKING, Any

from dbos import DBOS

from bench import events
from bench.harness import Contender

if TYPE_CHECKING:
    from pathlib import Path

_asked: queue.Queue[int | None] = queue.Queue()
_answered: queue.Queue[int] = queue.Queue()


@DBOS.step()
def finish(number: int) -> dict[str, Any]:
    """Give back the content of one event, which DBOS then keeps."""
    pool = events.payloads()
    return pool[number % len(pool)]


@DBOS.workflow()
def serve() -> None:
    """Take a step for each number asked for: a step is only durable inside a workflow."""
    while (number := _asked.get()) is not None:
        finish(number)
        _answered.put(number)


def contenders(place: Path) -> list[Contender]:
    """A step as user code takes it."""
    url = f"sqlite:///{place}/dbos.db"
    DBOS(
        config={
            "name": "bench",
            "system_database_url": url,
            "run_admin_server": False,
            "log_level": "ERROR",
            "enable_otlp": False,
        }
    )
    logging.getLogger("dbos").setLevel(logging.ERROR)
    DBOS.launch()
    DBOS.start_workflow(serve)

    def act(number: int) -> None:
        _asked.put(number)
        _answered.get()

    def close() -> None:
        _asked.put(None)
        DBOS.destroy()

    return [Contender(name="DBOS, SQLite, a step of a workflow", act=act, close=close)]
