"""An append-only event log in one file of JSON lines, for long jobs that must survive anything.

Acknowledged means on disk. After any crash the log opens to an exact prefix of what was appended, at least all that was
acknowledged. FORMAT.md beside this file states what is assumed of disks, what is promised, and the bytes.

    with EventLog.open("events.jsonl") as log:
        entry = log.append("job.finished", {"text": "..."}, subject="item/7")
    for entry in read("events.jsonl"):
        ...
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eventlog.entry import Entry, Event
    from eventlog.errors import AppendError, EventLogError, LogDamagedError, LogLockedError, LogPoisonedError
    from eventlog.log import EventLog
    from eventlog.projection import Projection
    from eventlog.reading import Verification, read, verify

__all__ = [
    "AppendError",
    "Entry",
    "Event",
    "EventLog",
    "EventLogError",
    "LogDamagedError",
    "LogLockedError",
    "LogPoisonedError",
    "Projection",
    "Verification",
    "read",
    "verify",
]

_HOMES = {
    "entry": ("Entry", "Event"),
    "errors": ("AppendError", "EventLogError", "LogDamagedError", "LogLockedError", "LogPoisonedError"),
    "log": ("EventLog",),
    "projection": ("Projection",),
    "reading": ("Verification", "read", "verify"),
}


def __getattr__(name: str) -> Any:
    """Load what is asked for when it is asked for: a reader need not pay for the writer (half of the start-up)."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"eventlog.{home}"), name)
    raise AttributeError(f"module 'eventlog' has no attribute {name!r}")
