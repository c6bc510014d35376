"""What the projector promises: files lag little, come back when deleted, and nobody else's file is ever touched."""

from __future__ import annotations

import errno
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from eventlog.files import replace_durably
from stages.pipeline import events as facts
from stages.pipeline.results import outputs, snapshot
from stages.pipeline.snapshots import ALWAYS_UP_TO_SCENES, LAG, Snapshots
from stages.registry import STAGES
from tests.crash.promises import unkindest
from tests.simulated_disk import Fault, SimulatedDisk
from tests.stages.told import Told, scenes

if TYPE_CHECKING:
    from stages.pipeline.progress import Ref

FOLDER = "/projects/人生"
PROGRESS = f"{FOLDER}/storyboard_progress.json"
NAMES = [stage.name for stage in STAGES]


def told(total: int, done: int = 0, *, size: int = 20) -> Told:
    """A project with so many scenes, the first ones finished, each result of about `size` characters."""
    log = Told()
    log.story("正文" * 5 * total, scenes(total))
    for number in range(1, done + 1):
        log.complete(f"storyboard/s{number:04d}", script(number, size))
    return log


def script(number: int, size: int = 20) -> str:
    return f"# 场景 {number}\n\n### 镜头 1\n- 镜头原文：{'雨' * size}\n"


def disk_with(**files: bytes) -> SimulatedDisk:
    return SimulatedDisk({f"{FOLDER}/{name}": data for name, data in files.items()}, folders=[FOLDER])


def shown(disk: SimulatedDisk) -> int:
    """How many scenes the progress file on the disk holds."""
    data = disk.contents().get(PROGRESS)
    return len(orjson.loads(data)["storyboard_results"]) if data else 0


def writes(disk: SimulatedDisk) -> int:
    return sum(operation.name == "rename" for operation in disk.trace)


def test_a_small_progress_file_is_written_after_every_scene() -> None:
    log, disk = told(40), disk_with()
    snapshots = Snapshots(disk, FOLDER, log.content)
    for number in range(1, ALWAYS_UP_TO_SCENES + 1):
        log.complete(f"storyboard/s{number:04d}", script(number))
        snapshots.refresh(log.progress, "storyboard")
        assert shown(disk) == number


def test_a_big_progress_file_lags_by_at_most_an_eighth_and_is_not_written_every_time() -> None:
    total = 3 * ALWAYS_UP_TO_SCENES
    log, disk = told(total), disk_with()
    snapshots = Snapshots(disk, FOLDER, log.content)
    for number in range(1, total + 1):
        log.complete(f"storyboard/s{number:04d}", script(number))
        snapshots.refresh(log.progress, "storyboard")
        assert (number - shown(disk)) * LAG <= number
    assert writes(disk) < total
    snapshots.refresh(log.progress, "storyboard", now=True)
    assert shown(disk) == total


@pytest.mark.parametrize("total", [1, 12, ALWAYS_UP_TO_SCENES, 100, 300])
def test_all_that_is_written_for_a_stage_stays_below_twelve_times_the_log(total: int) -> None:
    log, disk = told(total), disk_with()
    snapshots = Snapshots(disk, FOLDER, log.content)
    for number in range(1, total + 1):
        log.complete(f"storyboard/s{number:04d}", script(number, 2400))
        snapshots.write_scene(log.progress, "storyboard", log.progress.scenes[number - 1])
        snapshots.refresh(log.progress, "storyboard")
    snapshots.refresh(log.progress, "storyboard", now=True)
    written = sum(
        len(data) for one in disk.trace for data in one.details if one.name == "append" and isinstance(data, bytes)
    )
    size = log.entries[-1].position.offset
    assert size + written <= 12 * size


def test_a_finished_scene_costs_no_sync_and_the_progress_file_two() -> None:
    log, disk = told(3, done=1), disk_with()
    snapshots = Snapshots(disk, FOLDER, log.content)
    scenes = log.progress.scenes
    snapshots.write_scene(log.progress, "storyboard", scenes[0])
    log.complete("storyboard/s0002", script(2))
    since = len(disk.trace)
    snapshots.write_scene(log.progress, "storyboard", scenes[1])
    assert [one.name for one in disk.trace[since:] if one.name.startswith("sync")] == []
    since = len(disk.trace)
    snapshots.refresh(log.progress, "storyboard")
    assert [one.name for one in disk.trace[since:] if one.name.startswith("sync")] == ["sync", "sync_dir"]


def test_what_stands_in_a_progress_file_is_not_read_from_the_log_again() -> None:
    log, disk, read = told(40, done=20), disk_with(), list[str]()

    def content(ref: Ref) -> Any:
        read.append(ref.id)
        return log.content(ref)

    snapshots = Snapshots(disk, FOLDER, content)
    snapshots.refresh(log.progress, "storyboard", now=True)
    assert len(read) == 20 + 1  # and the world bible
    log.complete("storyboard/s0021", script(21))
    snapshots.refresh(log.progress, "storyboard", now=True)
    assert len(read) == 20 + 1 + 1
    assert disk.contents()[PROGRESS] == snapshot(log.progress, "storyboard", log.content)


def test_a_result_that_is_at_hand_is_not_read_from_the_log_and_another_text_is_not_believed() -> None:
    log, disk, read = told(2, done=1), disk_with(), list[str]()

    def content(ref: Ref) -> Any:
        read.append(ref.id)
        return log.content(ref)

    snapshots = Snapshots(disk, FOLDER, content)
    snapshots.write_scene(log.progress, "storyboard", log.progress.scenes[0], script(1))
    assert read == []
    path = f"{FOLDER}/storyboard/scene_001.md"
    assert disk.contents()[path] == script(1).encode()
    snapshots.write_scene(log.progress, "storyboard", log.progress.scenes[0], script(2))
    assert len(read) == 1
    assert disk.contents()[path] == script(1).encode()


def test_a_result_made_again_and_a_scene_that_moved_show_in_the_next_progress_file() -> None:
    log, disk = told(3, done=2), disk_with()
    snapshots = Snapshots(disk, FOLDER, log.content)
    snapshots.refresh(log.progress, "storyboard", now=True)
    log.complete("storyboard/s0001", script(7))
    snapshots.refresh(log.progress, "storyboard", now=True)
    assert disk.contents()[PROGRESS] == snapshot(log.progress, "storyboard", log.content)
    log.plan([replace(one, title=f"又{one.title}") for one in scenes(3)])
    snapshots.refresh(log.progress, "storyboard", now=True)
    assert disk.contents()[PROGRESS] == snapshot(log.progress, "storyboard", log.content)


def test_a_progress_file_that_is_right_is_not_written_again() -> None:
    log, disk = told(3, done=2), disk_with()
    Snapshots(disk, FOLDER, log.content).refresh(log.progress, "storyboard")
    before = writes(disk)
    Snapshots(disk, FOLDER, log.content).refresh(log.progress, "storyboard", now=True)
    assert writes(disk) == before == 1


def test_a_progress_file_of_many_scenes_is_written_whole() -> None:
    log, disk = told(200, done=199), disk_with()
    snapshots = Snapshots(disk, FOLDER, log.content)
    snapshots.refresh(log.progress, "storyboard", now=True)
    assert disk.contents()[PROGRESS] == snapshot(log.progress, "storyboard", log.content)
    assert shown(disk) == 199
    log.complete("storyboard/s0200", script(200))
    snapshots.refresh(log.progress, "storyboard", now=True)
    assert disk.contents()[PROGRESS] == snapshot(log.progress, "storyboard", log.content)
    assert writes(disk) == 2


def test_nothing_finished_means_no_progress_file() -> None:
    log, disk = told(3), disk_with()
    Snapshots(disk, FOLDER, log.content).refresh(log.progress, "storyboard", now=True)
    assert PROGRESS not in disk.contents()


def test_a_progress_file_is_replaced_whole_or_not_at_all() -> None:
    log, disk = told(3, done=1), disk_with()
    Snapshots(disk, FOLDER, log.content).refresh(log.progress, "storyboard")
    before = disk.contents()[PROGRESS]
    log.complete("storyboard/s0002", script(2))
    disk.faults = lambda _number, operation: Fault(errno=errno.ENOSPC) if operation.name == "append" else None
    with pytest.raises(OSError, match="No space"):
        Snapshots(disk, FOLDER, log.content).refresh(log.progress, "storyboard")
    assert disk.contents() == {PROGRESS: before}


def test_a_deleted_progress_file_comes_back_as_it_was() -> None:
    log, disk = told(3, done=2), disk_with()
    snapshots = Snapshots(disk, FOLDER, log.content)
    snapshots.repair(log.progress, NAMES)
    before = disk.contents()
    disk.remove(PROGRESS)
    snapshots.repair(log.progress, NAMES)
    assert disk.contents() == before
    assert before[PROGRESS] == snapshot(log.progress, "storyboard", log.content)


def completed() -> Told:
    log = told(2, done=2)
    log.fact(facts.StageCompleted(subject="storyboard", scenes=2))
    return log


def test_repair_ends_a_stage_that_a_crash_left_half_ended() -> None:
    log = completed()
    ours = snapshot(log.progress, "storyboard", log.content) or b""
    disk = disk_with(**{"storyboard_progress.json": ours})
    Snapshots(disk, FOLDER, log.content).repair(log.progress, NAMES)
    expected = {f"{FOLDER}/{name}": data for name, data in outputs(log.progress, "storyboard", log.content).items()}
    assert disk.contents() == expected


def test_deleted_or_damaged_outputs_come_back() -> None:
    log, disk = completed(), disk_with()
    snapshots = Snapshots(disk, FOLDER, log.content)
    snapshots.repair(log.progress, NAMES)
    before = disk.contents()
    disk.remove(f"{FOLDER}/output/storyboard.md")
    disk.cut(f"{FOLDER}/output/storyboard.json", 10)
    disk.remove(f"{FOLDER}/storyboard/scene_002.md")
    snapshots.repair(log.progress, NAMES)
    assert disk.contents() == before


def test_outputs_are_on_disk_before_the_progress_file_goes() -> None:
    log = completed()
    ours = snapshot(log.progress, "storyboard", log.content) or b""
    disk = disk_with(**{"storyboard_progress.json": ours})
    Snapshots(disk, FOLDER, log.content).repair(log.progress, NAMES)
    removed = next(
        at
        for at, operation in enumerate(disk.trace)
        if operation.name == "remove" and operation.path.endswith("storyboard_progress.json")
    )
    last_output = max(at for at, operation in enumerate(disk.trace) if operation.name == "rename")
    synced = [at for at, operation in enumerate(disk.trace) if operation.name == "sync_dir" and at > last_output]
    assert last_output < synced[0] < removed < synced[-1]


def test_what_was_written_without_a_sync_is_synced_before_its_stage_is_complete() -> None:
    log, disk = told(2, done=2), disk_with()
    for scene in log.progress.scenes:
        Snapshots(disk, FOLDER, log.content).write_scene(log.progress, "storyboard", scene)
    written = disk.contents()
    killed = disk.kill()
    Snapshots(killed, FOLDER, log.content).write_outputs(log.progress, "storyboard")
    assert killed.image(unkindest).contents().items() >= written.items()


def test_what_the_disk_did_not_confirm_is_written_anew_and_not_synced_a_second_time() -> None:
    log, disk = told(3, done=3), disk_with()
    snapshots = Snapshots(disk, FOLDER, log.content)
    for scene in log.progress.scenes:
        snapshots.write_scene(log.progress, "storyboard", scene)
    written = disk.contents()
    second = f"{FOLDER}/storyboard/scene_002.md"
    disk.faults = lambda _number, one: Fault(errno=errno.EIO) if one.name == "sync" and one.path == second else None
    with pytest.raises(OSError, match="Input/output"):
        snapshots.write_outputs(log.progress, "storyboard")
    disk.faults = {}
    snapshots.write_outputs(log.progress, "storyboard")
    assert disk.image(unkindest).contents().items() >= written.items()
    disk.remove(second)  # nobody doubts what was written since
    since = len(disk.trace)
    snapshots.write_outputs(log.progress, "storyboard")
    assert [one.path for one in disk.trace[since:] if one.name == "rename"] == [f"{second}.new"]


def test_the_outputs_of_a_complete_stage_are_not_synced_again() -> None:
    log, disk = completed(), disk_with()
    Snapshots(disk, FOLDER, log.content).repair(log.progress, NAMES)
    disk = disk.process()
    Snapshots(disk, FOLDER, log.content).repair(log.progress, NAMES)
    assert [one.name for one in disk.trace if one.name in ("sync", "append", "rename")] == []


def test_the_file_of_a_scene_is_the_same_before_and_after_the_end_of_its_stage() -> None:
    log, disk = completed(), disk_with()
    snapshots = Snapshots(disk, FOLDER, log.content)
    snapshots.write_scene(log.progress, "storyboard", log.progress.scenes[1])
    written = disk.contents()
    assert list(written) == [f"{FOLDER}/storyboard/scene_002.md"]
    snapshots.write_outputs(log.progress, "storyboard")
    assert disk.contents().items() >= written.items()


def test_a_scene_that_is_not_finished_has_no_file() -> None:
    log, disk = told(3, done=1), disk_with()
    Snapshots(disk, FOLDER, log.content).write_scene(log.progress, "storyboard", log.progress.scenes[1])
    assert disk.contents() == {}


def test_a_progress_file_that_this_log_did_not_write_is_found() -> None:
    log = told(2, done=1)
    ours = snapshot(log.progress, "storyboard", log.content) or b""
    theirs = b'{"enhanced_results": [{"scene_index": 0, "enhanced_result": "only copy"}]}'
    disk = disk_with(**{"storyboard_progress.json": ours, "enhancement_progress.json": theirs})
    found = Snapshots(disk, FOLDER, log.content).foreign(log.progress, NAMES)
    assert found == [f"{FOLDER}/enhancement_progress.json"]
    assert Snapshots(disk_with(), FOLDER, log.content).foreign(log.progress, NAMES) == []


def test_temporary_files_of_a_crash_are_cleared_and_files_of_other_people_are_not() -> None:
    ours = [
        "storyboard_progress.json.new",
        "output/storyboard.json.new",
        "enhancement/scene_001.md.new",
        "source.txt.new",
    ]
    theirs = ["notes.new", "draft.md.new", "output/cover.new", "scene_001.md", ".new"]
    disk = disk_with(**dict.fromkeys([*ours, *theirs], b"x"))
    log = told(2)
    Snapshots(disk, FOLDER, log.content).repair(log.progress, NAMES)
    assert set(disk.contents()) == {f"{FOLDER}/{name}" for name in theirs}


def test_clearing_a_folder_that_has_no_outputs_yet_is_no_error() -> None:
    log, disk = told(1), disk_with()
    Snapshots(disk, FOLDER, log.content).clear_leftovers([stage.name for stage in STAGES])
    assert disk.contents() == {}


def test_removing_a_progress_file_that_is_not_there_is_no_error() -> None:
    log, disk = completed(), disk_with()
    snapshots = Snapshots(disk, FOLDER, log.content)
    snapshots.remove_progress(log.progress, "storyboard")
    snapshots.remove_progress(log.progress, "storyboard")
    assert disk.contents() == {}


@pytest.mark.parametrize("torn", ["less", "zeros", "zeros before"])
def test_what_a_power_cut_left_of_a_file_is_nobodys_edit(torn: str) -> None:
    log, disk = completed(), disk_with()
    Snapshots(disk, FOLDER, log.content).repair(log.progress, NAMES)
    path = f"{FOLDER}/storyboard/scene_001.md"
    whole = disk.contents()[path]
    half = len(whole) // 2
    left = {"less": whole[:half], "zeros": whole[:half] + bytes(half), "zeros before": bytes(half) + whole[half:]}[torn]
    replace_durably(disk, path, left)
    before = set(disk.contents())
    Snapshots(disk, FOLDER, log.content).repair(log.progress, NAMES)
    assert disk.contents()[path] == whole
    assert set(disk.contents()) == before
    replace_durably(disk, path, left + "我改了这里".encode())
    Snapshots(disk, FOLDER, log.content).repair(log.progress, NAMES)
    assert f"{FOLDER}/storyboard/scene_001.edited.md" in disk.contents()
