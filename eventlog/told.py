"""How far a listener has been told of what is acknowledged.

Law: each entry is told of once, in the order of seq, whatever interrupts the telling. What is not at hand is read from
the log again, so that a listener that keeps failing costs no memory.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eventlog.acknowledged import Acknowledged
    from eventlog.entry import Entry

_AT_ONCE = 1000


class Told:
    """A listener's place in a log: `position` is the place after the last entry it was told of."""

    def __init__(self, log: Acknowledged) -> None:
        self.position = log.end
        self._log = log
        self._at_hand: deque[Entry] = deque()
        self._telling = False

    def add(self, entries: Sequence[Entry]) -> None:
        """Keep at hand what was just acknowledged."""
        self._at_hand.extend(entries)

    def tell(self, listener: Callable[[], Callable[[Entry], None] | None]) -> None:
        """Tell of all that is acknowledged and not yet told, what is appended meanwhile included.

        A listener that appends comes here again: then whoever tells already goes on. Raises what the listener raises;
        the entry it was told of then counts as told.
        """
        if self._telling:
            return
        self._telling = True
        try:
            while (hear := listener()) is not None and (entry := self._next()) is not None:
                hear(entry)
            if hear is None:
                self.position = self._log.end
        finally:
            self._telling = False
            self._at_hand.clear()

    def _next(self) -> Entry | None:
        """The entry after the last one told; it counts as told as soon as it is given."""
        if self._at_hand and self._at_hand[0].seq != self.position.seq + 1:
            self._at_hand.clear()
        if not self._at_hand and self.position.seq < self._log.end.seq:
            self._at_hand.extend(islice(self._log.entries(self.position), _AT_ONCE))
        if not self._at_hand:
            return None
        entry = self._at_hand.popleft()
        self.position = entry.position
        return entry
