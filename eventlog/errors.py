"""Every failure the engine raises on purpose.

Law: one base class; a message says where, what and what to do; both values stand in it where two things disagree.
"""

from __future__ import annotations


class EventLogError(Exception):
    """The base of all errors raised by this package on purpose; bugs raise something else."""


class InvalidEventError(EventLogError):
    """The event cannot be a line; the message names the field and the rule it breaks. Nothing was written."""


class LogLockedError(EventLogError):
    """Another process is the writer. `holder` is what it says of itself ("pid 4711 on host"), for the message only."""

    def __init__(self, path: str, holder: str) -> None:
        super().__init__(f"{path} is being written by {holder}; wait for it to finish, or stop it")
        self.holder = holder


class AppendError(EventLogError):
    """The append failed and the file was rolled back to what it was: nothing was written, appending again is safe."""


class LogPoisonedError(EventLogError):
    """A sync or a rollback failed, so what the disk holds is unknown: nothing more is appended until `reopen`."""


class LogReadOnlyError(EventLogError):
    """The log was opened for reading only; the message says why and what to do."""


class LogDamagedError(LogReadOnlyError):
    """Acknowledged lines are damaged or missing. Nothing was cut; the message says where and what vouches for them."""


class NewerFormatError(LogReadOnlyError):
    """A line that verifies was written by a newer version of this package; nothing is wrong with it."""


class LogReplacedError(EventLogError):
    """The file being followed was replaced by one with another history; open it again from the start."""


class IdConflictError(EventLogError):
    """The id was used before for an event with another content. Nothing was written."""


class SequenceConflictError(EventLogError):
    """The log is not where the caller expected it to be (`expect_seq`). Nothing was written."""
