"""2,000 scenes, 64 in flight, a server that answers in 50 ms: a whole run against the same calls alone.

Law: the two take turns to be first, and only those of one round are compared. No measurement deletes many files before
all is measured: where ext4 has no journal, to make a file takes 20 times as long near others that were deleted in the
last five minutes (`recently_deleted` in fs/ext4/ialloc.c).
"""

from __future__ import annotations

import asyncio
import statistics
from collections import deque
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from bench.generate import project
from bench.overhead import Silence, Spent, briefs_of, timed
from bench.process import server
from bench.result import Figure, Result
from stages.pipeline.order import Order
from stages.pipeline.project import Project
from stages.pipeline.runner import Runner
from stages.pipeline.settings import Settings
from stages.pipeline.system import System
from stages.providers.openai_compatible import openai_factory
from stages.registry import STAGES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bench.result import Cell, Setting
    from stages.pipeline.contract import Provider, Request

NAME = "throughput"
_JOBS, _DELAY_S, _ROUNDS = 64, 0.05, 3


def measure(setting: Setting) -> Result:
    """Scenes a second of a run that saves everything, and of the calls alone on the same client and server."""
    scenes = 400 if setting.is_quick else 2000
    place = setting.place(NAME)
    rounds: list[tuple[Spent, Spent]] = []
    with server(place, _DELAY_S) as url:
        for number in range(_ROUNDS):
            setting.note(f"throughput: {scenes:,} scenes, round {number + 1}")
            project(place / f"project-{number}", scenes=scenes, done=0)
            rounds.append(_both(place / f"project-{number}", partial(_provider, url), is_bare_first=number % 2 == 0))
    bare_s, run_s = (statistics.median(one.wall_s for one in side) for side in zip(*rounds, strict=True))
    bare_busy_s, run_busy_s = (statistics.median(one.busy_s for one in side) for side in zip(*rounds, strict=True))
    ideal = _JOBS / _DELAY_S
    rows: list[list[Cell]] = [
        ["64 calls of 50 ms, no cost at all", ideal, 1.0, 0.0],
        ["the calls alone", scenes / bare_s, scenes / bare_s / ideal, bare_busy_s / scenes * 1e3],
        ["a run, everything saved", scenes / run_s, scenes / run_s / ideal, run_busy_s / scenes * 1e3],
    ]
    return Result(
        name=NAME,
        title=f"{scenes:,} scenes, 64 in flight, a server that answers in 50 ms",
        columns=("what", "scenes/s", "of 1,280/s", "CPU ms a scene"),
        rows=rows,
        figures=(
            Figure(
                what=f"rate of {scenes:,} scenes, 64 in flight, over the rate of the calls alone",
                what_zh=f"{scenes:,} 个场景、64 个并发的速率，与单纯调用的速率相比",
                value=statistics.median(bare.wall_s / run.wall_s for bare, run in rounds) * 100,
                unit="%",
                limit=60,
                at_least=True,
            ),
        ),
    )


def _provider(url: str) -> Provider:
    return openai_factory(base_url=url, api_key="x", model="m", now=lambda: datetime.now(UTC))()


def _requests(made: Project) -> list[Request]:
    numbers = range(1, len(made.progress.scenes) + 1)
    return [STAGES[0].request(brief) for brief in briefs_of(made, numbers)]


async def _bare(new_provider: Callable[[], Provider], requests: list[Request]) -> None:
    waiting = deque(requests)

    async def work() -> None:
        provider = new_provider()
        while waiting:
            await provider.answer(waiting.popleft())
        await provider.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(_JOBS):
            group.create_task(work())


def _both(folder: Path, new_provider: Callable[[], Provider], *, is_bare_first: bool) -> tuple[Spent, Spent]:
    """What the calls alone cost, and what the run does."""
    settings = Settings(jobs=_JOBS, provider="openai", model="m")
    order = Order(stages=STAGES[:1], all_stages=STAGES, settings=settings, new_provider=new_provider)
    with Project.open(str(folder), System()) as made:
        requests = _requests(made)
        if is_bare_first:
            return timed(_bare(new_provider, requests)), timed(Runner(made, order, System(), Silence()).run())
        run = timed(Runner(made, order, System(), Silence()).run())
        return timed(_bare(new_provider, requests)), run
