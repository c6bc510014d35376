"""Whose turn it is to change a log.

Law: two that draft at one position would both be told the same seq, and one of them would not be there. So threads wait
for each other, and what breaks into an append of its own thread, or comes from a forked process, is refused.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, TypeVar

from eventlog.errors import EventLogError

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")


class Turn:
    """The turns of one open log. `waiting` is the lock for what may go on to append, such as a listener."""

    def __init__(self, path: str) -> None:
        self.waiting = threading.RLock()
        self._path, self._process = path, os.getpid()
        self._busy = False

    @property
    def is_own(self) -> bool:
        """Whether this is the process that opened the log."""
        return os.getpid() == self._process

    def alone(self, work: Callable[[], Result]) -> Result:
        """Do what no other may break into; raises EventLogError if it breaks into such itself, or after a fork."""
        if not self.is_own:
            raise EventLogError(
                f"{self._path} was opened by process {self._process}, this is {os.getpid()}, forked from it: open the"
                f" log again here, once that one has closed it"
            )
        with self.waiting:
            if self._busy:
                raise EventLogError(
                    f"{self._path} is in use: this would break into an append of the same thread; do it after that"
                )
            self._busy = True
            try:
                return work()
            finally:
                self._busy = False
