"""A project on a simulated disk, a provider that does as a test says, and a clock that no test waits for.

Law: the provider counts what it is asked and what it would bill; nothing here decides what is right.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from eventlog.entry import Entry
from eventlog.recovery import scan
from stages.commands.places import Place
from stages.commands.stories import begin, take_in
from stages.pipeline.contract import Answer, Usage
from stages.pipeline.intake import read_story
from stages.pipeline.order import Order, Outcome
from stages.pipeline.project import Project
from stages.pipeline.runner import Runner
from stages.pipeline.settings import Settings
from stages.pipeline.system import System
from stages.registry import STAGES
from tests.crash_images import SimulatedCrash
from tests.loopback_answers import respond
from tests.simulated_disk import SimulatedDisk
from tests.stages.told import fold
from tests.virtual_time import Clock, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from stages.pipeline.contract import Request, Scene, Task
    from stages.pipeline.counts import StageCount
    from stages.pipeline.progress import Progress

PLACE = Place(folder=Path("/p"), name="p", story=Path("s.txt"))
NAMES = [stage.name for stage in STAGES]
PRICES = {"m": {"input": 1.0, "output": 2.0}}


@dataclass
class Shoot:
    """A story of so many scenes; the provider raises or returns what `fault` gives for the n-th request."""

    scenes: int = 4
    settings: Settings = field(default_factory=lambda: Settings(provider="openai", model="m", jobs=4, prices=PRICES))
    takes_s: float = 2.0
    fault: Callable[[Request, int], Answer | BaseException | None] = lambda _request, _number: None
    disk: SimulatedDisk = field(default_factory=SimulatedDisk)
    clock: Clock = field(default_factory=Clock)
    asked: list[Request] = field(default_factory=list)
    asked_at: list[float] = field(default_factory=list)
    billed: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    problem: str = ""
    runner: Runner | None = None
    sure: frozenset[int] = frozenset()
    _noise: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 - the same noise in each test

    # the provider

    name = "openai"
    model = "m"

    async def answer(self, request: Request) -> Answer:
        """Answer after a while, or do what the test says; a cut of the power is one for everybody."""
        self.asked.append(request)
        self.asked_at.append(self.clock.seconds)
        number = len(self.asked)
        await asyncio.sleep(self.takes_s)
        said = self.fault(request, number)
        if isinstance(said, SimulatedCrash):
            self.disk.dead = True
        if isinstance(said, BaseException):
            raise said
        answer = said or _good(request)
        self.billed[request.task] += answer.usage.prompt_tokens + answer.usage.completion_tokens
        return answer

    async def close(self) -> None:
        """Nothing to give back."""

    # the screen

    def stage_started(self, count: StageCount, steps: int) -> None:
        """Nobody looks."""

    def scene_finished(self, stage: str, scene: Scene, problem: str) -> None:
        """Nobody looks."""

    def planning(self, task: Task, part: int, parts: int) -> None:
        """See Observer."""

    def waiting(self, why: str, seconds: int) -> None:
        """See Observer."""

    def note(self, message: str) -> None:
        """Remember what a person is told."""
        self.notes.append(message)

    # a run

    def run(self, **changed: Any) -> Outcome | None:
        """Run the program once; None if the power was cut, after which what was on the disk is what is there."""
        for name, value in changed.items():
            setattr(self, name, value)
        system = System(files=self.disk, time_ns=self.clock.time_ns, randomness=self._noise.randbytes)
        paragraphs = "\n\n".join(f"第{number}天，她推开了第{number}扇门。" for number in range(1, 3 * self.scenes + 1))
        story = read_story("s.txt", f"{paragraphs}\n".encode())
        try:
            with Project.open("/p", system) as project:
                begin(project, system, PLACE, settings=self.settings)
                take_in(project, PLACE, story, update=False)
                project.repair(NAMES)
                order = Order(
                    stages=STAGES,
                    all_stages=STAGES,
                    settings=self.settings,
                    new_provider=lambda: self,
                    sure=self.sure,
                )
                self.runner = runner = Runner(project, order, system, self)
                outcome = run(_to_its_end(runner), self.clock) if runner.has_work() else runner.outcome_without_work()
                self.problem = runner.problem
                return outcome
        except BaseException:
            if not self.disk.dead:
                raise
            self.disk = self.disk.image(lambda count: count - 1)
            return None

    @staticmethod
    def run_alone(scenes: int) -> int:
        """What a run without any trouble is billed."""
        shoot = Shoot(scenes=scenes)
        assert shoot.run() is Outcome.COMPLETE
        return sum(shoot.billed.values())

    def progress(self, *, twice: bool = False) -> Progress:
        """What the log adds up to; if each entry is read twice, too."""
        found = [each for each in scan([self.disk.contents()["/p/events.jsonl"]]) if isinstance(each, Entry)]
        return fold([entry for entry in found for _ in range(1 + twice)])

    def results(self) -> dict[str, bytes]:
        """What was made."""
        return {path: data for path, data in self.disk.contents().items() if path.startswith("/p/output/")}

    @property
    def log(self) -> list[dict[str, Any]]:
        """The entries of the log."""
        return [orjson.loads(line) for line in self.disk.contents()["/p/events.jsonl"].splitlines()]

    def of(self, *types: str) -> list[dict[str, Any]]:
        """The entries of these types."""
        return [entry for entry in self.log if entry["type"] in types]

    @property
    def completed(self) -> Counter[str]:
        """How often each step was completed."""
        return Counter(entry["subject"] for entry in self.of("scene.completed"))

    @property
    def is_complete(self) -> bool:
        """Whether every scene was completed in every stage, once."""
        wanted = {f"{stage}/s{number:04d}" for stage in NAMES for number in range(1, self.scenes + 1)}
        return self.completed == Counter(wanted)


def _good(request: Request) -> Answer:
    text = respond(request.messages)
    return Answer(text=text, usage=Usage(prompt_tokens=100, completion_tokens=len(text)))


async def _to_its_end(runner: Runner) -> Outcome:
    """Run; a power cut met by a callback of the loop, where nobody would hear of it, ends the run."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().set_exception_handler(lambda *_: task.cancel())
    return await runner.run()
