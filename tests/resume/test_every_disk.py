"""A whole run on a disk that loses its power or says no at any operation, and the runs after it.

Law: the provider counts what it is asked; the disk decides what is left. Nothing waits for a clock.
"""

from __future__ import annotations

import asyncio
import errno
import itertools
from copy import copy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventlog.entry import decode
from stages.commands.places import Place
from stages.commands.stories import begin, take_in
from stages.pipeline import events as facts
from stages.pipeline import runner
from stages.pipeline.contract import Answer
from stages.pipeline.intake import read_story
from stages.pipeline.order import Order, Outcome
from stages.pipeline.project import Project
from stages.pipeline.runner import Runner
from stages.pipeline.settings import Settings
from stages.pipeline.system import System
from stages.registry import STAGES
from tests.crash_images import SimulatedCrash, few_tears, kindest
from tests.loopback_answers import respond
from tests.simulated_disk import Fault, SimulatedDisk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stages.pipeline.contract import Request, Scene, Task
    from stages.pipeline.counts import StageCount
    from tests.crash_images import Pick
    from tests.simulated_disk import Operation

STORY = read_story("s.txt", "她推开了那扇门。\n\n“谁在屋里？”\n\n没有人回答她。\n\n灯忽然就灭了。\n".encode())
SCENES = 2
PLACE = Place(folder=Path("/p"), name="p", story=Path("s.txt"))
NAMES = [stage.name for stage in STAGES]
OUTPUTS = {"storyboard": "storyboard", "enhancement": "enhanced"}
SETTINGS = Settings(jobs=2)


@dataclass
class Witness:
    """What was asked of the provider, what was acknowledged, what people were told; over all processes."""

    asked: list[tuple[str, str]] = field(default_factory=list)
    acknowledged: list[Any] = field(default_factory=list)
    troubles: list[Exception | None] = field(default_factory=list)
    operations: int = 0
    clock: Iterator[int] = field(default_factory=lambda: itertools.count(1_700_000_000_000_000_000, 1_000_000))

    def copy(self) -> Witness:
        """The same so far, with a future of its own."""
        asked, acknowledged, troubles = self.asked.copy(), self.acknowledged.copy(), self.troubles.copy()
        return Witness(asked, acknowledged, troubles, self.operations, copy(self.clock))

    def known(self) -> list[str]:
        """The ids of what was acknowledged."""
        return [entry.id for entry in self.acknowledged]

    @property
    def name(self) -> str:
        return "offline"

    @property
    def model(self) -> str:
        return ""

    async def answer(self, request: Request) -> Answer:
        """Answer well, and remember that it was paid for."""
        self.asked.append((request.task, str(request.inputs.get("title", ""))))
        await asyncio.sleep(0)
        return Answer(text=respond(request.messages))

    async def close(self) -> None:
        """Nothing to give back."""

    def system(self, disk: SimulatedDisk) -> System:
        """The machine with this disk."""
        noise = itertools.count(1)
        return System(
            files=disk,
            time_ns=lambda: next(self.clock),
            randomness=lambda size: next(noise).to_bytes(size, "big"),
            rescue_folders=["/rescue"],
        )

    # the screen

    def stage_started(self, count: StageCount, steps: int) -> None:
        """Nobody looks."""

    def scene_finished(self, stage: str, scene: Scene, problem: str) -> None:
        """A scene without a result is a failure of the test."""
        assert problem == "", (stage, scene, problem)

    def planning(self, task: Task, part: int, parts: int) -> None:
        """See Observer."""

    def waiting(self, why: str, seconds: int) -> None:
        """See Observer."""

    def note(self, message: str) -> None:
        """Nobody reads."""


def work(disk: SimulatedDisk, witness: Witness) -> tuple[Outcome, Project]:
    """One process: open the project, do all that is left, save what can be saved. SimulatedCrash if it dies."""
    system = witness.system(disk)
    try:
        with Project.open("/p", system) as project:
            project.on_entry = witness.acknowledged.append
            project.outbox.on_trouble = witness.troubles.append
            begin(project, system, PLACE, settings=SETTINGS)
            take_in(project, PLACE, STORY, update=False)
            project.refuse_foreign(NAMES)
            project.repair(NAMES)
            order = Order(stages=STAGES, all_stages=STAGES, settings=SETTINGS, new_provider=lambda: witness)
            run = Runner(project, order, system, witness)
            outcome = asyncio.run(_to_its_end(run)) if run.has_work() else run.outcome_without_work()
            witness.operations = len(disk.trace)
            if project.retry_saving() is not None:
                assert project.rescue(project.new_id()) is not None
            return outcome, project
    except BaseException as error:
        if disk.dead:
            raise SimulatedCrash from error
        raise


async def _to_its_end(run: Runner) -> Outcome:
    """Run; a power cut met by a callback of the loop, where nobody would hear of it, ends the run."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().set_exception_handler(lambda *_: task.cancel())
    return await run.run()


def results(disk: SimulatedDisk) -> dict[str, bytes]:
    """The files the run is made for, and the progress files if there are any."""
    wanted = ("/p/output/", "/p/storyboard", "/p/enhancement", "/p/source.txt")
    return {path: data for path, data in disk.contents().items() if path.startswith(wanted)}


def log_of(disk: SimulatedDisk) -> list[Any]:
    """The entries of the log, each of which must verify."""
    lines = disk.contents()["/p/events.jsonl"].split(b"\n")
    found = [decode(line + b"\n", offset=0) for line in lines[:-1]]
    assert None not in found
    assert lines[-1] == b""
    return found


@cache
def whole() -> tuple[dict[str, bytes], int]:
    """What an uninterrupted run leaves, and how many operations it takes."""
    disk, witness = SimulatedDisk(folders=["/"]), Witness()
    outcome, _ = work(disk, witness)
    assert outcome is Outcome.COMPLETE
    assert sorted(task for task, _ in witness.asked) == sorted(
        ["world_bible", "scenes", *["storyboard"] * SCENES, *["enhancement"] * SCENES]
    )
    left = results(disk)
    assert "/p/output/enhanced.md" in left
    assert not [path for path in left if path.endswith(("_progress.json", ".new"))]
    return left, len(disk.trace)


def check_projections(disk: SimulatedDisk) -> None:
    """At every moment, a progress file and an output are whole, and a stage that is called complete has its outputs."""
    contents = disk.contents()
    lines = contents.get("/p/events.jsonl", b"").split(b"\n")
    ended = {entry.subject for line in lines if (entry := decode(line + b"\n")) and entry.type == "stage.completed"}
    for stage in ended:
        assert {f"/p/output/{OUTPUTS[stage]}.json", f"/p/output/{OUTPUTS[stage]}.md"} <= contents.keys()
    for path, data in contents.items():
        if path.endswith("_progress.json") or (path.startswith("/p/output/") and path.endswith(".json")):
            orjson.loads(data)


def crash(disk: SimulatedDisk, at: int, witness: Witness) -> bool:
    """Let one process die at an operation; whether it did."""
    disk.crash_at = at
    try:
        work(disk, witness)
    except SimulatedCrash:
        return True
    return False


def check_resumed(disk: SimulatedDisk, witness: Witness) -> None:
    """Run to the end: the same files, and nothing that was acknowledged asked for again."""
    paid = {entry.subject for entry in witness.acknowledged if entry.type in ("answer.received", "scene.completed")}
    titles = {scene["id"]: scene["title"] for entry in witness.acknowledged for scene in _scenes(entry)}
    witness.asked.clear()
    outcome, _ = work(disk, witness)
    assert outcome is Outcome.COMPLETE
    asked_again = {(task, title) for task, title in witness.asked}
    for subject in paid:
        stage, _, scene = subject.rpartition("/")
        task = stage.removeprefix("planning/") if scene.isdecimal() else stage
        assert (task, titles.get(scene, "")) not in asked_again, subject
    assert results(disk) == whole()[0]
    log = log_of(disk)
    assert [entry.seq for entry in log] == list(range(len(log)))
    ids = [entry.id for entry in log]
    assert len(ids) == len(set(ids))
    assert {entry.id for entry in witness.acknowledged} <= set(ids)
    completed = [entry.subject for entry in log if entry.type == "scene.completed"]
    assert sorted(completed) == [f"{stage}/s{n:04d}" for stage in sorted(NAMES) for n in range(1, SCENES + 1)]


def _scenes(entry: Any) -> list[dict[str, Any]]:
    return entry.data["scenes"] if entry.type == "scenes.planned" else []


IMAGES: tuple[Pick, ...] = (kindest, lambda count: min(1, count - 1), lambda count: count - 1)


@pytest.mark.parametrize("pick", IMAGES, ids=["everything kept", "everything lost", "everything torn"])
def test_a_power_cut_at_every_operation_loses_and_repeats_nothing_acknowledged(pick: Pick) -> None:
    """Of the writes that were not synced, the disk keeps all, none, or a part of each; the three take turns."""
    for at in range(IMAGES.index(pick), whole()[1], 2 if pick is not kindest else 4):
        witness, disk = Witness(), SimulatedDisk(folders=["/"])
        assert crash(disk, at, witness)
        left = disk.image(pick, tears=few_tears)
        check_projections(left)
        check_resumed(left, witness)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_power_cut_while_recovering_from_power_cuts_loses_nothing(data: st.DataObject) -> None:
    def pick(count: int) -> int:
        return data.draw(st.integers(0, count - 1))

    witness, disk = Witness(), SimulatedDisk(folders=["/"])
    for _ in range(data.draw(st.integers(1, 3))):
        if not crash(disk, data.draw(st.integers(0, whole()[1])), witness):
            break
        disk = disk.image(pick, tears=few_tears) if data.draw(st.booleans()) else disk.kill()
        check_projections(disk)
    disk.crash_at = None
    check_resumed(disk.process() if not disk.dead else disk, witness)


def _begun() -> tuple[SimulatedDisk, Witness]:
    """A project whose story is taken in: from here on a disk that says no must not stop the work."""
    disk, witness = SimulatedDisk(folders=["/"]), Witness()
    system = witness.system(disk)
    with Project.open("/p", system) as project:
        begin(project, system, PLACE, settings=SETTINGS)
        take_in(project, PLACE, STORY, update=False)
        project.repair(NAMES)
    return disk.process(), witness


def _no_space(first: int, last: float) -> Callable[[int, Operation], Fault | None]:
    """From the first to the last of these operations, nothing that is written in the project finds room."""

    def fault(at: int, operation: Operation) -> Fault | None:
        is_write = operation.name in ("append", "write_at") and operation.path.startswith("/p/")
        return Fault(errno=errno.ENOSPC) if is_write and first <= at <= last else None

    return fault


def _opened(disk: SimulatedDisk, witness: Witness) -> int:
    """How many operations it takes to open the project, before the first call can be made."""
    fork = disk.fork()
    with Project.open("/p", witness.system(fork)) as project:
        project.refuse_foreign(NAMES)
        project.repair(NAMES)
        return len(fork.trace)


def check_saved_later(disk: SimulatedDisk, witness: Witness, outcome: Outcome) -> None:
    """All was made although the disk said no; the next process has it all, once, and asks for nothing."""
    assert outcome is Outcome.COMPLETE
    witness.asked.clear()
    check_resumed(disk.process(), witness)
    assert witness.asked == []
    assert not [path for path in disk.contents() if path.startswith("/rescue/")]


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Saving is tried again at every turn of the loop."""
    monkeypatch.setattr(runner, "SAVE_AGAIN_S", 0)


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.5, 0.7])
def test_a_disk_that_is_full_for_ever_stops_no_scene_and_the_next_run_takes_the_results_in(share: float) -> None:
    disk, witness = _begun()
    opened = _opened(disk, witness)
    disk.faults = _no_space(opened + int(share * whole()[1]), float("inf"))
    outcome, _ = work(disk, witness)
    assert [trouble is None for trouble in witness.troubles] == [False]
    assert [path for path in disk.contents() if path.startswith("/rescue/")]
    disk.faults = {}
    check_saved_later(disk, witness, outcome)


@pytest.mark.usefixtures("_impatient")
def test_a_rescue_file_with_a_damaged_line_gives_what_is_whole_and_the_rest_is_made_again() -> None:
    """Whatever line is lost - a plan, an answer, a completion - the project opens and comes to its end."""
    full, witness = _begun()
    full.faults = _no_space(_opened(full, witness), float("inf"))
    work(full, witness)
    (path,) = [path for path in full.contents() if path.startswith("/rescue/")]
    begin = 0
    for line in full.contents()[path].split(b"\n")[:-1]:
        disk = full.fork()
        disk.faults = {}
        disk.bit_flip(path, 8 * (begin + len(line) // 2))
        begin += len(line) + 1
        before = len(witness.asked)
        assert work(disk.process(), witness)[0] is Outcome.COMPLETE
        assert len(witness.asked) - before <= 2
        assert results(disk) == whole()[0]
        assert len({entry.id for entry in log_of(disk)}) == len(log_of(disk))
        assert f"{path}.damaged" in disk.contents()


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("length", [1, 7, 60])
def test_a_disk_that_is_full_for_a_while_gets_everything_when_it_has_room(length: int) -> None:
    """The warning comes once, the all-clear once, and nothing is in a rescue file."""
    begun, _ = _begun()
    opened = _opened(begun, Witness())
    for first in range(opened, opened + whole()[1], 3):
        disk, witness = _begun()
        disk.faults = _no_space(first, first + length)
        outcome, project = work(disk, witness)
        if witness.operations > first + length:
            assert not project.outbox.waiting
            assert [trouble is None for trouble in witness.troubles] in ([], [False, True])
        disk.faults = {}
        check_saved_later(disk, witness, outcome)


@pytest.mark.usefixtures("_impatient")
def test_a_sync_that_fails_once_is_got_over_within_the_run() -> None:
    """After a failed fdatasync nothing is known of the file: a verified copy takes its place, and the run goes on."""
    healthy, witness = _begun()
    opened = _opened(healthy, Witness())
    work(healthy, witness)
    syncs = [at for at, operation in enumerate(healthy.trace) if operation.name == "sync" and at >= opened]
    assert len(syncs) > 20
    for failing in syncs:
        disk, witness = _begun()
        disk.faults = {failing: Fault(errno=errno.EIO)}
        outcome, project = work(disk, witness)
        assert not project.outbox.waiting
        disk.faults = {}
        check_saved_later(disk, witness, outcome)


@pytest.mark.usefixtures("_impatient")
def test_a_crash_while_results_wait_loses_only_what_was_never_acknowledged() -> None:
    for at in range(_opened(_begun()[0], Witness()) + 5, whole()[1], 7):
        disk, witness = _begun()
        disk.faults = _no_space(at - 5, float("inf"))
        if not crash(disk, at + 40, witness):
            continue
        disk = disk.image(lambda _: 0)
        check_projections(disk)
        check_resumed(disk, witness)


@pytest.mark.usefixtures("_impatient")
def test_a_progress_file_never_holds_a_result_that_the_log_does_not_hold() -> None:
    """Only the log says no, then the power goes: the next run must not take its own progress file for a stranger's."""
    opened = _opened(_begun()[0], Witness())
    for after in range(40, 160, 5):
        disk, witness = _begun()

        def fault(at: int, operation: Operation) -> Fault | None:
            is_log = operation.name == "append" and operation.path == "/p/events.jsonl"
            return Fault(errno=errno.ENOSPC) if is_log and at >= opened + 30 else None

        disk.faults = fault
        if crash(disk, opened + after, witness):
            check_resumed(disk.image(kindest), witness)


@pytest.mark.parametrize("turns", range(6))
@pytest.mark.parametrize("verb", ["append", "read_at"])
def test_what_is_saved_while_something_else_waits_is_known_at_once(turns: int, verb: str) -> None:
    """One append fails; another task's, some turns of the loop later, does not: each task sees its own result."""
    disk, witness = _begun()
    with Project.open("/p", witness.system(disk)) as project:

        async def record(after: int, title: str) -> str:
            for _ in range(after):
                await asyncio.sleep(0)
            received = facts.AnswerReceived(subject=f"storyboard/{title}", attempt=title, finish_reason="", model="")
            return await project.record(received, {"text": title})

        async def both() -> list[str]:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(record(0, "s0001")), group.create_task(record(turns, "s0002"))]
            return [task.result() for task in tasks]

        left = [Fault(errno=errno.EIO)]
        disk.faults = lambda _, operation: left.pop() if left and operation.name == verb else None
        first, second = asyncio.run(both())
        for _ in range(2):
            answers = project.progress.answers
            assert [project.content(answers[one])["text"] for one in (first, second)] == ["s0001", "s0002"]
            assert project.retry_saving() is None


def test_a_healthy_disk_needs_no_rescue_and_a_complete_project_appends_nothing() -> None:
    disk, witness = _begun()
    assert work(disk, witness)[0] is Outcome.COMPLETE
    assert witness.troubles == []
    assert not [path for path in disk.contents() if path.startswith("/rescue")]
    size = len(disk.contents()["/p/events.jsonl"])
    assert work(disk.process(), witness)[0] is Outcome.COMPLETE
    assert len(disk.contents()["/p/events.jsonl"]) == size
