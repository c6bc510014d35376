"""What saving costs a real run: 16 calls of two seconds in flight, after 0, 1,000 and 5,000 finished scenes."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.generate import project
from bench.result import Figure, Result
from stages.pipeline.contract import Answer, Brief
from stages.pipeline.order import Order
from stages.pipeline.project import Project
from stages.pipeline.runner import Runner
from stages.pipeline.settings import Settings
from stages.pipeline.system import System
from stages.registry import STAGES
from tests.loopback_answers import respond

if TYPE_CHECKING:
    from pathlib import Path

    from bench.result import Cell, Setting
    from stages.pipeline.contract import Request, Scene, Task
    from stages.pipeline.plan import StageCount

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
        setting.note(f"overhead: {_SCENES} scenes after {before:,}")
        bare_s, run_s, busy_s = _both(setting.place(f"{NAME}-{before}"), before)
        rows.append([before, bare_s, run_s, (run_s / bare_s - 1) * 100, busy_s / _SCENES * 1e3])
    return Result(
        name=NAME,
        title="A run of 160 scenes, 16 in flight, calls of 2 s: with everything saved, over the calls alone",
        columns=("finished before", "calls alone s", "run s", "over %", "CPU ms a scene"),
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


async def _bare(briefs: list[Brief]) -> float:
    """The same scenes asked for and read, with nothing saved."""
    stage, provider = STAGES[0], SlowProvider()
    waiting = deque(briefs)

    async def work() -> None:
        while waiting:
            brief = waiting.popleft()
            stage.read(brief, (await provider.answer(stage.request(brief))).text)

    begin = time.perf_counter()
    await asyncio.gather(*[work() for _ in range(_JOBS)])
    return time.perf_counter() - begin


def _both(folder: Path, before: int) -> tuple[float, float, float]:
    """Seconds of the calls alone and of the run, and the processor's in the run."""
    project(folder, scenes=before + _SCENES + 1, done=before)  # one is left, so that the stage does not end
    numbers = range(before + 1, before + _SCENES + 1)
    with Project.open(str(folder), System()) as made:
        made.repair([stage.name for stage in STAGES])
        bare_s = asyncio.run(_bare(briefs_of(made, numbers)))
        order = Order(
            stages=STAGES[:1],
            all_stages=STAGES,
            settings=Settings(jobs=_JOBS),
            new_provider=SlowProvider,
            scenes=frozenset(numbers),
        )
        begin, busy = time.perf_counter(), time.process_time()
        asyncio.run(Runner(made, order, System(), Silence()).run())
        return bare_s, time.perf_counter() - begin, time.process_time() - busy
