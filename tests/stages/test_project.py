"""A project's checkpoint: opening costs what is new, and what it adds up to is the same with and without it."""

from __future__ import annotations

import pytest

from eventlog.checkpoint import NAME
from stages.pipeline import events as facts
from stages.pipeline.fact_entries import to_event
from stages.pipeline.project import CHECKPOINT_EVERY, LOG, Project
from stages.pipeline.system import System
from stages.pipeline.view import ProjectView
from tests.simulated_disk import SimulatedDisk

FOLDER = "/p"
PATH = f"{FOLDER}/{LOG}"


def long_project(entries: int = CHECKPOINT_EVERY) -> SimulatedDisk:
    """A project whose scene failed again and again, properly closed."""
    disk = SimulatedDisk(folders=[FOLDER])
    with Project.open(FOLDER, System(files=disk)) as project:
        project.record_now(facts.ProjectCreated(name="p"))
        starts = [
            facts.SceneStarted(subject="storyboard/s0001", attempt=f"a{at}", number=at, fingerprint="f" * 32)
            for at in range(entries)
        ]
        project.log.append_many([to_event(start) for start in starts])
    return disk.process()


def reads_in_the_middle(disk: SimulatedDisk) -> list[object]:
    """Where reads of the log began, that of its first line and those of its last one left out."""
    end = len(disk.contents()[PATH])
    began = [one.details[0] for one in disk.trace if one.name == "read_at" and one.path == PATH]
    return [at for at in began if isinstance(at, int) and 0 < at < end - 1000]


def test_a_long_log_is_not_read_again_when_its_project_is_opened() -> None:
    disk = long_project()
    with Project.open(FOLDER, System(files=disk)) as project:
        fast = project.progress
    assert reads_in_the_middle(disk) == []
    disk.remove(f"{FOLDER}/{NAME}")
    disk = disk.process()
    with Project.open(FOLDER, System(files=disk)) as project:
        assert project.progress == fast
        assert reads_in_the_middle(disk) != []


def test_a_short_log_has_no_checkpoint() -> None:
    assert f"{FOLDER}/{NAME}" not in long_project(10).contents()


def test_a_project_seen_from_outside_begins_at_the_checkpoint_too() -> None:
    disk = long_project()
    with ProjectView(PATH, disk) as view:
        seen = view.progress
    assert reads_in_the_middle(disk) == []
    with ProjectView(PATH, disk, at=5) as view:
        assert view.last_seq == 5
        assert view.progress.step("storyboard", "s0001").attempts == 3
    disk.remove(f"{FOLDER}/{NAME}")
    with ProjectView(PATH, disk) as view:
        assert view.progress == seen
        assert view.last_seq == CHECKPOINT_EVERY + 1


@pytest.mark.parametrize("flipped", [0, 100, -10])
def test_a_damaged_checkpoint_changes_nothing(flipped: int) -> None:
    disk = long_project()
    path = f"{FOLDER}/{NAME}"
    disk.bit_flip(path, flipped % len(disk.contents()[path]) * 8)
    with Project.open(FOLDER, System(files=disk)) as project:
        assert project.progress.step("storyboard", "s0001").attempts == CHECKPOINT_EVERY - 1
