"""Timing contenders side by side: shuffled rounds, ratios paired within a round, medians over rounds.

Law: a machine drifts, so no two figures from different rounds are ever compared. A turn begins with operations that are
not timed: they find the caches as another contender left them, and one in fifty that takes twice as long is a p99.
"""

from __future__ import annotations

import gc
import random
import statistics
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_NOISE_PROBE_S = 0.002
_SPREAD_LIMIT = 1.25
_UNTIMED = 10  # one operation to so many that are timed


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One way to do the thing measured: `act` does it once (it is told how often it was done before).

    `is_durable` tells whether it is on disk when `act` returns.
    """

    name: str
    act: Callable[[int], object]
    close: Callable[[], object] = lambda: None
    is_durable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What a contender cost. The ratios (p50, p99) are to the yardstick: medians of those of paired rounds."""

    name: str
    p50_s: float
    p99_s: float
    cpu_s: float
    ratio: float
    ratio_p99: float
    is_durable: bool


def race(contenders: Sequence[Contender], *, rounds: int, operations: int, seed: int = 1) -> list[Timing]:
    """Time all contenders, so many operations in each of so many rounds; the first one is the yardstick."""
    order = random.Random(seed)  # noqa: S311 - the same shuffle each time
    times: list[list[list[float]]] = [[] for _ in contenders]
    cpu: list[list[float]] = [[] for _ in contenders]
    counts = [0] * len(contenders)
    for round_number in range(-1, rounds):  # the first round warms up and is not counted
        wanted = operations if round_number >= 0 else max(1, operations // 10)
        for at in order.sample(range(len(contenders)), len(contenders)):
            taken, busy_s = _timed(contenders[at].act, counts[at], wanted)
            counts[at] += wanted + wanted // _UNTIMED
            if round_number >= 0:
                times[at].append(taken)
                cpu[at].append(busy_s / wanted)
    return [_timing(one, times[at], times[0], statistics.median(cpu[at])) for at, one in enumerate(contenders)]


def _timed(act: Callable[[int], object], first: int, operations: int) -> tuple[list[float], float]:
    taken, begun = [], first + operations // _UNTIMED
    gc.collect()
    for number in range(first, begun):
        act(number)
    busy_s = time.process_time()
    for number in range(begun, begun + operations):
        begin = time.perf_counter()
        act(number)
        taken.append(time.perf_counter() - begin)
    return taken, time.process_time() - busy_s


def _timing(one: Contender, own: list[list[float]], yardstick: list[list[float]], cpu_s: float) -> Timing:
    pooled = [each for taken in own for each in taken]
    return Timing(
        name=one.name,
        p50_s=percentile(pooled, 0.5),
        p99_s=percentile(pooled, 0.99),
        cpu_s=cpu_s,
        ratio=_ratio(own, yardstick, statistics.median),
        ratio_p99=_ratio(own, yardstick, partial(percentile, share=0.99)),
        is_durable=one.is_durable,
    )


def _ratio(own: list[list[float]], yardstick: list[list[float]], of: Callable[[list[float]], float]) -> float:
    return statistics.median(of(mine) / of(theirs) for mine, theirs in zip(own, yardstick, strict=True))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that is not below this share of them."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def noise() -> str:
    """What is wrong with this machine as a clock at this moment; empty if it is quiet."""
    laps = []
    for _ in range(60):
        begin = time.perf_counter()
        sum(range(60_000))
        laps.append(time.perf_counter() - begin)
        time.sleep(_NOISE_PROBE_S)
    spread = percentile(laps, 0.9) / min(laps)
    if spread <= _SPREAD_LIMIT:
        return ""
    return f"the machine is noisy: the same work took up to {spread:.2f}x as long; trust ratios of p50 at most"
