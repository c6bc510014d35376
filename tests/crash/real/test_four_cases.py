"""What users fear, end to end with the program itself: a timeout, a kill, a forbidden folder (full disk: its own file).

Law: what a person sees is checked: files, messages, exit codes, and what the server was asked for.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.crash.real.children import become_nobody, start
from tests.crash.real.layers import real, required
from tests.crash.real.mounts import How, mount, remount, unmount
from tests.crash.real.runs import (
    ALL_CALLS,
    SCENES,
    asked,
    completions,
    expect_complete,
    finished,
    progress_of,
    run,
    whole,
)
from tests.loopback_server import HANGS, loopback
from tests.program import files_of, lines_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.crash.real.children import Report
    from tests.crash.real.conftest import Tell
    from tests.program import Program

pytestmark = real("the failures users fear")

SCENE_3 = "场景标题：第7天"


def test_one_scene_times_out_the_others_finish_and_the_next_run_does_only_that_scene(
    program: Program, tell: Tell
) -> None:
    required("fork")
    undisturbed, folder = whole(program), program.project("story")
    with loopback(lambda _number, text: HANGS if SCENE_3 in text else None) as server:
        told = finished(run(program, server, main="tests.crash.real.hasty"), code=3)
    assert "nothing came in 1.5 s" in told
    assert "scenelog retry story" in told
    boards, enhanced = (progress_of(folder, stage) for stage in ("storyboard", "enhancement"))
    assert [item["scene_index"] for item in boards["storyboard_results"]] == [0, 1, 3, 4, 5]
    assert (boards["total_scenes"], enhanced["total_scenes"]) == (SCENES, SCENES)
    assert [item["scene_index"] for item in enhanced["enhanced_results"]] == [0, 1, 3, 4, 5]
    assert enhanced["last_completed_scene"] == 1
    with loopback() as server:
        finished(run(program, server), code=0)
    title = SCENE_3.partition("：")[2]
    assert [re.sub(r"(?<=天).*", "", one) for one in asked(server)] == [f"storyboard {title}", f"enhancement {title}"]
    expect_complete(folder, undisturbed)
    tell("timeout on one scene: 5 of 6 finished, the gap is shown, the next run asked for that scene only")


def test_a_killed_program_keeps_every_finished_scene(program: Program, tell: Tell) -> None:
    required("fork")
    undisturbed, folder, calls = whole(program), program.project("story"), []
    for finished_scenes in (1, 4, SCENES + 2):
        with loopback(delay_s=0.02) as server, run(program, server, "--json") as process:
            ends = (entry["subject"] for entry in lines_of(process) if entry["type"] == "scene.completed")
            seen = [next(ends) for _ in range(finished_scenes - len(completions(folder)))]
            process.kill()
        calls += asked(server)
        assert set(seen) <= set(completions(folder))
        program("snapshot", "story")
        stage = "storyboard" if finished_scenes <= SCENES else "enhancement"
        shown = progress_of(folder, stage)[f"{stage if stage == 'storyboard' else 'enhanced'}_results"]
        assert len(shown) == sum(subject.startswith(stage) for subject in completions(folder))
        assert (folder / "output" / "storyboard.md").exists() == (stage == "enhancement")
    with loopback() as server:
        finished(run(program, server), code=0)
    expect_complete(folder, undisturbed)
    repeated = len(calls) + len(server.requests) - ALL_CALLS
    assert repeated <= 3 * 2, "at most what was in flight"
    tell(f"killed 3 times: every finished scene was there, {repeated} calls in flight were repeated")


def undisturbed_offline(program: Program) -> Path:
    """The folder of a project that an undisturbed run made without a network.

    It is also what imports all that a process of nobody needs, for nobody may not be allowed to read our Python.
    """
    program("run", "story.txt", "--projects", "other")
    program("status", "--projects", "other")
    return program.here / "other" / "story"


def nobody_types(program: Program, *arguments: object) -> tuple[int, str]:
    """Run a command as a user without rights; its exit code and all that it printed."""

    def attempt(report: Report) -> None:
        become_nobody()
        result = program(*arguments, code=None)
        report(json.dumps([result.exit_code, result.output]))

    child = start(attempt)
    child.end()
    code, output = json.loads(child.reports[-1])
    return code, output


def expect_told(told: str, folder: Path, *what: str) -> None:
    """One line that names the folder and says what is missing and what to do."""
    assert len(told.splitlines()) == 1
    for words in (folder.name, *what):
        assert words in told


@pytest.mark.parametrize("has_project", [False, True], ids=["new", "old"])
def test_a_folder_without_write_permission_is_named_and_nothing_is_changed(
    program: Program, tell: Tell, *, has_project: bool
) -> None:
    required("nobody")
    other = undisturbed_offline(program)
    projects = program.here / "projects"
    projects.mkdir()
    if has_project:
        program("run", "story.txt", "--scenes", "1-2", code=None)
    forbidden = projects / "story" if has_project else projects
    before = files_of(projects)
    forbidden.chmod(0o555)
    code, told = nobody_types(program, "run", "story.txt")
    assert code == 1
    expect_told(told, forbidden, "Permission denied", "chmod u+rwx")
    assert files_of(projects) == before
    assert nobody_types(program, "status")[0] == 0, "looking needs no right to write"
    forbidden.chmod(0o755)
    program("run", "story.txt")
    expect_complete(projects / "story", other)
    tell(f"no permission: {told.strip()}")


def test_who_may_not_write_a_folder_is_told_the_command_to_type(program: Program) -> None:
    required("nobody")
    undisturbed_offline(program)
    for folder in (program.here / "projects", program.here / "projects" / "story"):
        folder.mkdir(mode=0o555)
        _, told = nobody_types(program, "run", "story.txt")
        assert re.search(rf"chmod u\+r?wx? \S*{folder.name}\b(?!/)", told), told
        folder.chmod(0o755)


def test_a_read_only_disk_is_named_and_nothing_is_changed(program: Program, tell: Tell) -> None:
    required("tmpfs")
    other = undisturbed_offline(program)
    program("run", "story.txt", "--scenes", "1-2", code=None)
    projects = program.here / "projects"
    before = files_of(projects)
    mount(str(projects), projects, kind="none", how=How.BIND)
    try:
        remount(projects, How.BIND | How.READ_ONLY)
        with loopback() as server:
            told = finished(run(program, server), code=1)
            assert server.requests == []
        expect_told(told, projects, "Read-only file system", "mount it writable again")
        assert files_of(projects) == before
        assert program("status", "story").exit_code == 0
        remount(projects, How.BIND)
        program("run", "story.txt")
        expect_complete(projects / "story", other)
    finally:
        unmount(projects, lazily=True)
    tell(f"read-only disk: {told.strip()}")
