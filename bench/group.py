"""Many tasks appending at once, each waiting for its own acknowledgement, against one at a time."""

from __future__ import annotations

import asyncio
import statistics
import time

from bench import events
from bench.harness import percentile
from bench.result import Figure, Result, Setting
from eventlog import Event, EventLog

NAME = "group"
_WAITERS = (1, 8, 64)
_APPENDS = 1600
_TICK_S = 0.001


def measure(setting: Setting) -> Result:
    """The rate of acknowledged appends of 1, 8 and 64 tasks, and how late the event loop comes meanwhile."""
    rates: dict[int, list[float]] = {waiters: [] for waiters in _WAITERS}
    lags: dict[int, list[float]] = {waiters: [] for waiters in _WAITERS}
    setting.note("group: appends of 1, 8 and 64 tasks")
    with EventLog.open(str(setting.place(NAME) / "events.jsonl")) as log:
        for _ in range(setting.rounds(20)):
            for waiters in _WAITERS:
                rate, late = asyncio.run(_rate(log, waiters, _APPENDS if waiters > 1 else _APPENDS // 8))
                rates[waiters].append(rate)
                lags[waiters] += late
    times = {
        waiters: statistics.median(many / one for many, one in zip(rates[waiters], rates[1], strict=True))
        for waiters in _WAITERS
    }
    late_ms = {waiters: percentile(lags[waiters], 0.99) * 1e3 for waiters in _WAITERS}
    rows = [[waiters, statistics.median(rates[waiters]), times[waiters], late_ms[waiters]] for waiters in _WAITERS]
    return Result(
        name=NAME,
        title="Appends of many tasks, one write and one sync for those that wait",
        columns=("tasks", "appends/s", "ratio", "loop late p99 ms"),
        rows=rows,
        figures=(
            _figure("8 appends at once, rate over one at a time", "8 个并发追加，速率与逐个追加相比", times[8], 5),
            _figure("64 appends at once, rate over one at a time", "64 个并发追加，速率与逐个追加相比", times[64], 10),
            Figure(
                what="how late the event loop comes meanwhile, p99",
                what_zh="其间事件循环的延迟，p99",
                value=late_ms[64],
                unit="ms",
                limit=5,
            ),
        ),
    )


def _figure(what: str, what_zh: str, value: float, limit: float) -> Figure:
    return Figure(what=what, what_zh=what_zh, value=value, limit=limit, at_least=True)


async def _rate(log: EventLog, waiters: int, appends: int) -> tuple[float, list[float]]:
    pool, late = events.payloads(), list[float]()

    async def append(first: int) -> None:
        for number in range(first, appends, waiters):
            event = Event(type="item.finished", data=pool[number % len(pool)], subject=events.subject(number))
            await log.append_async(event)

    async def watch() -> None:
        while True:
            begin = time.perf_counter()
            await asyncio.sleep(_TICK_S)
            late.append(time.perf_counter() - begin - _TICK_S)

    watching = asyncio.create_task(watch())
    begin = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for first in range(waiters):
            group.create_task(append(first))
    taken_s = time.perf_counter() - begin
    watching.cancel()
    return appends / taken_s, late
