"""LangGraph's SqliteSaver: one checkpoint whose state is the event."""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING, Any

os.environ["LANGSMITH_TRACING"] = "false"

from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.sqlite import SqliteSaver

from bench import events
from bench.harness import Contender

if TYPE_CHECKING:
    from pathlib import Path


def contenders(place: Path) -> list[Contender]:
    """One `put`, as a graph makes after every node in its durable mode "sync"."""
    connection = sqlite3.connect(place / "langgraph.db", check_same_thread=False)
    saver = SqliteSaver(connection)
    saver.setup()
    config: Any = {"configurable": {"thread_id": "1", "checkpoint_ns": ""}}
    pool = events.payloads()

    def act(number: int) -> None:
        nonlocal config
        checkpoint: Any = empty_checkpoint()
        checkpoint["channel_values"] = {"item": pool[number % len(pool)]}
        config = saver.put(config, checkpoint, {"source": "loop", "step": number}, {})

    return [Contender(name="LangGraph SqliteSaver", act=act, close=connection.close)]
