"""`scenelog snapshot`: the progress files as they are, or as they were."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.commands.stories import SCENES, STORY, model
from tests.loopback_server import loopback
from tests.program import files_of, of_type, results_of

if TYPE_CHECKING:
    from tests.program import Program


def test_a_snapshot_elsewhere_has_both_stages_and_changes_nothing_in_the_project(program: Program) -> None:
    program("run", program.story("s.txt", STORY))
    before = files_of(program.project("s"))
    program("snapshot", "s", "-o", "copy/deep")
    found = files_of(program.here / "copy/deep")
    assert set(found) == {"storyboard_progress.json", "enhancement_progress.json"}
    assert len(json.loads(found["enhancement_progress.json"])["enhanced_results"]) == SCENES
    assert files_of(program.project("s")) == before
    program("snapshot", "s", "-o", "copy/deep")


def test_at_shows_each_moment_of_the_past(program: Program) -> None:
    program("run", program.story("s.txt", STORY))
    done = 0
    for entry in program.log("s"):
        done += entry["type"] == "scene.completed" and entry["subject"].startswith("storyboard/")
        if done and entry["seq"] % 3 == 0:
            program("snapshot", "s", "--at", entry["seq"], "-o", f"at{entry['seq']}")
            found = json.loads((program.here / f"at{entry['seq']}" / "storyboard_progress.json").read_bytes())
            assert len(found["storyboard_results"]) == done
    program("snapshot", "s", "--at", 10**6, "-o", "late", code=1)
    program("snapshot", "s", "--at", 3, code=2)
    assert "nothing is finished" in program("snapshot", "s", "--at", 1, "-o", "early").output


def test_without_o_the_unfinished_stages_are_refreshed(program: Program) -> None:
    program("run", program.story("s.txt", STORY), "--stage", "storyboard")
    program("run", "s", "--stage", "enhancement", "--scenes", "1")
    found = results_of(program.project("s"))
    (program.project("s") / "enhancement_progress.json").unlink()
    result = program("snapshot", "s")
    assert result.output.splitlines() == ["projects/s/enhancement_progress.json"]
    assert results_of(program.project("s")) == found
    program("run", "s")
    assert "no stage is under way" in program("snapshot", "s").output


def test_with_o_it_works_beside_a_running_program(program: Program) -> None:
    story = program.story("s.txt", STORY)
    program("run", story, "--scenes", "1")
    with (
        loopback(delay_s=30) as server,
        program.start("run", "s", "--scenes", "2", *model(server), "--json") as process,
    ):
        assert process.stdout is not None
        next(line for line in process.stdout if b"scene.started" in line)
        program("snapshot", "s", "-o", "copy")
        process.kill()
    assert len(files_of(program.here / "copy")) == 2


def test_a_snapshot_replaces_no_file_that_another_program_wrote(program: Program) -> None:
    program("run", program.story("s.txt", STORY))
    old = program.here / "old"
    old.mkdir()
    (old / "storyboard_progress.json").write_text('{"storyboard_results": [{"storyboard_script": "the only copy"}]}')
    before = files_of(old)
    assert "not written by this project" in program("snapshot", "s", "-o", "old", code=1).output
    assert files_of(old) == before


def test_a_snapshot_of_the_past_does_not_go_into_the_project_itself(program: Program) -> None:
    program("run", program.story("s.txt", STORY))
    before = files_of(program.project("s"))
    program("snapshot", "s", "--at", 20, "-o", "projects/s", code=1)
    assert files_of(program.project("s")) == before


@pytest.mark.parametrize("what", ["nothing", "../s", "s/s"])
def test_what_is_no_project_is_refused(program: Program, what: str) -> None:
    program("snapshot", what, "-o", "copy", code=1)
    assert files_of(program.here) == {}
    assert of_type([], "x") == []
