"""An append-only event log in one file of JSON lines, for long jobs that must survive anything.

Acknowledged means on disk. After any crash the log opens to an exact prefix of what was appended, at least all that was
acknowledged. FORMAT.md beside this file states what is assumed of disks, what is promised, and the bytes.

    with EventLog.open("events.jsonl") as log:
        entry = log.append("job.finished", {"text": "..."}, subject="item/7")
    for entry in read("events.jsonl"):
        ...
"""

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
