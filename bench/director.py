"""How many characters of a story the offline director turns into scenes, storyboards and descriptions in a second."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from bench.disk import UnsyncedFiles
from bench.overhead import Silence
from bench.process import ROOT
from bench.result import Figure, Result
from stages.commands.places import Place
from stages.commands.stories import begin, read_story_file, take_in
from stages.pipeline.order import Order
from stages.pipeline.project import Project
from stages.pipeline.runner import Runner
from stages.pipeline.settings import Settings
from stages.pipeline.system import System
from stages.providers.offline import OfflineProvider
from stages.registry import STAGES

if TYPE_CHECKING:
    from pathlib import Path

    from bench.result import Cell, Setting
    from stages.pipeline.contract import Answer, Request

NAME = "director"
_LENGTH = 20_000


class TimedDirector(OfflineProvider):
    """The director, and how much time of the processor it has taken so far."""

    spent_s = 0.0

    async def answer(self, request: Request) -> Answer:
        """Answer, and count the time."""
        begun = time.process_time()
        answer = await super().answer(request)
        self.spent_s += time.process_time() - begun
        return answer


def measure(setting: Setting) -> Result:
    """Whole runs over stories of 20,000 characters, made of the examples in both languages."""
    rows: list[list[Cell]] = []
    for name in ("灯塔来信.txt", "the-last-ferry.txt"):
        setting.note(f"director: {name}")
        text = (ROOT / "examples" / name).read_text(encoding="utf-8")
        story = setting.place(f"{NAME}-{name}") / name
        story.write_text((text * (_LENGTH // len(text) + 1))[:_LENGTH], encoding="utf-8")
        spent_s, run_s = _run(story)
        rows.append([name, _LENGTH / spent_s, _LENGTH / run_s])
    return Result(
        name=NAME,
        title="The offline director on a story of 20,000 characters, all stages",
        columns=("story", "director, characters/s", "whole run, characters/s"),
        rows=rows,
        figures=(
            Figure(
                what="the offline director, the slower of two languages",
                what_zh="离线导演，两种语言中较慢者",
                value=min(float(row[1]) for row in rows),
                unit="characters/s",
                limit=20_000,
                at_least=True,
            ),
        ),
    )


def _run(story: Path) -> tuple[float, float]:
    place = Place(folder=story.parent / "project", name="project", story=story)
    system, director = System(files=UnsyncedFiles()), TimedDirector()
    with Project.open(str(place.folder), system) as project:
        begin(project, system, place, settings=Settings())
        take_in(project, place, read_story_file(place), update=False)
        order = Order(stages=STAGES, all_stages=STAGES, settings=Settings(), new_provider=lambda: director)
        begun = time.perf_counter()
        asyncio.run(Runner(project, order, system, Silence()).run())
        return director.spent_s, time.perf_counter() - begun
