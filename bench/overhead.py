"""What saving costs a real run: 16 calls of two seconds in flight, after 0, 1,000 and 5,000 finished scenes.

Law: both sides make the same calls at the same pace (a run begins with eight at once, until the provider has answered)
and read the same answers; what is left is what it costs to plan, to save and to show.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.generate import project
from bench.result import Figure, Result
from stages.pipeline.calls import RetryPolicy
from stages.pipeline.contract import Answer, Brief
from stages.pipeline.order import Order
from stages.pipeline.project import Project
from stages.pipeline.runner import Runner
from stages.pipeline.settings import Settings
from stages.pipeline.system import System
from stages.pipeline.traffic import Traffic, pace_of
from stages.registry import STAGES
from tests.loopback_answers import respond

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

    from bench.result import Cell, Setting
    from stages.pipeline.contract import Request, Scene, Task
    from stages.pipeline.counts import StageCount

NAME = "overhead"
_JOBS, _SCENES, _CALL_S = 16, 160, 2.0


@dataclass(frozen=True, slots=True)
class SlowProvider:
    """A model that thinks for two seconds and then answers well."""

    name: str = "slow"
    model: str = ""

    async def answer(self, request: Request) -> Answer:
        """Wait, then answer."""
        await asyncio.sleep(_CALL_S)
        return Answer(text=respond(request.messages))

    async def close(self) -> None:
        """Nothing to give back."""


class Silence:
    """Nobody looks at the screen."""

    def stage_started(self, count: StageCount, steps: int) -> None:
        """Nothing is shown."""

    def scene_finished(self, stage: str, scene: Scene, problem: str) -> None:
        """A failed scene would make the measurement wrong."""
        if problem:
            raise AssertionError(f"{stage} {scene.id}: {problem}")

    def planning(self, task: Task, part: int, parts: int) -> None:
        """Nothing is shown."""

    def waiting(self, why: str, seconds: int) -> None:
        """Nothing is shown."""

    def note(self, message: str) -> None:
        """Nothing is shown."""


def measure(setting: Setting) -> Result:
    """160 scenes more, with everything saved, against the same calls with nothing saved."""
    rows: list[list[Cell]] = []
    for before in (0, 1000) if setting.is_quick else (0, 1000, 5000):
        rounds = []
        for number in range(1 if setting.is_quick else 2):
            setting.note(f"overhead: {_SCENES} scenes after {before:,}, round {number + 1}")
            rounds.append(_both(setting.place(f"{NAME}-{before}-{number}"), before, is_bare_first=number % 2 == 0))
        bare_s, run_s = (statistics.mean(one.wall_s for one in side) for side in zip(*rounds, strict=True))
        over = statistics.mean((run.wall_s / bare.wall_s - 1) * 100 for bare, run in rounds)
        more_s = statistics.mean(run.busy_s - bare.busy_s for bare, run in rounds)
        rows.append([before, bare_s, run_s, over, more_s / _SCENES * 1e3])
    return Result(
        name=NAME,
        title="A run of 160 scenes, 16 in flight, calls of 2 s: with everything saved, over the calls alone",
        columns=("finished before", "calls alone s", "run s", "over %", "CPU more, ms a scene"),
        rows=rows,
        axes=("scenes finished before", "% over the calls alone"),
        lines={"scenelog": [(float(row[0]), float(row[3])) for row in rows]},
        figures=(
            Figure(
                what=f"wall time of a run over its calls alone, after up to {int(float(rows[-1][0])):,} scenes",
                what_zh=f"一次运行的总时间比单纯调用多出，已有至 {int(float(rows[-1][0])):,} 个场景",
                value=max(float(row[3]) for row in rows),
                unit="%",
                limit=1,
            ),
        ),
    )


def briefs_of(made: Project, numbers: range) -> list[Brief]:
    """What the scenes with these numbers (from 1) are made from, in the first stage."""
    return [
        Brief(
            scene=scene,
            language=made.progress.language,
            source=made.scene_text(scene),
            world_bible=made.world_bible(),
            style="",
            upstream="",
        )
        for scene in made.progress.scenes
        if scene.number in numbers
    ]


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of one side: on the wall, and of the processor."""

    wall_s: float
    busy_s: float


def timed(work: Coroutine[Any, Any, object]) -> Spent:
    """Do it on an event loop of its own."""
    gc.collect()
    begin, busy = time.perf_counter(), time.process_time()
    asyncio.run(work)
    return Spent(time.perf_counter() - begin, time.process_time() - busy)


async def _bare(briefs: list[Brief]) -> None:
    """The same scenes asked for and read at the same pace, with nothing saved."""
    stage, provider, system = STAGES[0], SlowProvider(), System()
    pace = pace_of(Settings(jobs=_JOBS), RetryPolicy())
    waits = Silence().waiting
    traffic = Traffic(pace, now=system.now, chance=system.chance, sleep=asyncio.sleep, waits=waits)
    waiting = deque(briefs)

    async def work() -> None:
        while waiting:
            brief = waiting.popleft()
            async with traffic.turn(0):
                answer = await provider.answer(stage.request(brief))
                traffic.succeeded()
            stage.read(brief, answer.text)

    async with asyncio.TaskGroup() as group:
        for _ in range(_JOBS):
            group.create_task(work())


def _both(folder: Path, before: int, *, is_bare_first: bool) -> tuple[Spent, Spent]:
    """What the calls alone cost, and what the run does."""
    project(folder, scenes=before + _SCENES + 1, done=before)  # one is left, so that the stage does not end
    numbers = range(before + 1, before + _SCENES + 1)
    with Project.open(str(folder), System()) as made:
        made.repair([stage.name for stage in STAGES])
        order = Order(
            stages=STAGES[:1],
            all_stages=STAGES,
            settings=Settings(jobs=_JOBS),
            new_provider=SlowProvider,
            scenes=frozenset(numbers),
        )
        briefs = briefs_of(made, numbers)
        if is_bare_first:
            return timed(_bare(briefs)), timed(Runner(made, order, System(), Silence()).run())
        run = timed(Runner(made, order, System(), Silence()).run())
        return timed(_bare(briefs)), run
