"""A clock that runs only while everybody waits: hours pass in no time, and always in the same order.

Law: nothing here sleeps. If all wait for something that no timer brings, that is an error and no hang.
"""

from __future__ import annotations

import asyncio
import selectors
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

EPOCH_NS = 1_767_225_600_000_000_000  # 2026-01-01
TICK_S = 1e-9  # no real clock stands still
T = TypeVar("T")


@dataclass(slots=True)
class Clock:
    """Seconds since the test began."""

    seconds: float = 0.0

    def time_ns(self) -> int:
        """The time of day, in nanoseconds since 1970."""
        return EPOCH_NS + round(self.seconds * 1_000_000_000)


class _Selector(selectors.DefaultSelector):
    """Instead of waiting, it moves the clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[Any]:
        """What is ready now; if nothing is, the time at which something will be has come."""
        ready = super().select(0)
        if not ready and timeout is None:
            raise AssertionError("all wait, and nothing will ever wake them")
        if not ready:
            self._clock.seconds += max(timeout or 0.0, TICK_S)
        return ready


class _Loop(asyncio.SelectorEventLoop):
    """An event loop on such a clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(_Selector(clock))
        self._own_clock = clock

    def time(self) -> float:
        """The time, in seconds."""
        return self._own_clock.seconds


def run(work: Coroutine[Any, Any, T], clock: Clock) -> T:
    """Run to the end, however long that takes on the clock."""
    with asyncio.Runner(loop_factory=lambda: _Loop(clock)) as runner:
        return runner.run(work)
