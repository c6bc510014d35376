"""`scenelog status`: how far every project is, for people and for scripts; nothing is changed by looking."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.commands.stories import SCENES, STORY
from tests.program import files_of

if TYPE_CHECKING:
    from tests.program import Program


def test_a_script_gets_one_object_of_the_promised_shape(program: Program) -> None:
    program("run", program.story("人生.txt", STORY), "--scenes", "1-3", "--stage", "storyboard")
    before = files_of(program.here)
    assert json.loads(program("status", "人生", "--json").output) == {
        "name": "人生",
        "path": "projects/人生",
        "state": "unfinished",
        "stages": [
            {"name": "storyboard", "total": SCENES, "done": 3, "failed": 0, "remaining": 1},
            {"name": "enhancement", "total": SCENES, "done": 0, "failed": 0, "remaining": SCENES},
        ],
    }
    assert files_of(program.here) == before


def test_the_table_has_a_line_for_every_project(program: Program) -> None:
    program("run", program.story("人生.txt", STORY))
    program("run", program.story("b.txt", STORY), "--scenes", "1")
    lines = program("status").output.splitlines()
    assert len(lines) == 3
    assert lines[1].split()[:2] == ["b", "unfinished"]
    assert lines[2].split()[:2] == ["人生", "complete"]
    assert [one["name"] for one in json.loads(program("status", "--json").output)] == ["b", "人生"]


def test_an_unfinished_project_is_shown_with_the_command_that_goes_on(program: Program) -> None:
    program("run", program.story("s.txt", STORY), "--scenes", "1")
    assert "scenelog run s" in program("status", "s").output


def test_without_projects_it_says_how_to_begin(program: Program) -> None:
    for arguments in (["status"], ["status", "--projects", "nowhere"]):
        assert "scenelog run STORY" in program(*arguments, code=None).output


def test_a_damaged_project_is_shown_as_damaged_and_hides_no_other(program: Program) -> None:
    for name in ("a", "b"):
        program("run", program.story(f"{name}.txt", STORY))
    log = program.project("a") / "events.jsonl"
    data = bytearray(log.read_bytes())
    data[len(data) // 2] ^= 1
    log.write_bytes(data)
    states = {one["name"]: one["state"] for one in json.loads(program("status", "--json").output)}
    assert states == {"a": "damaged", "b": "complete"}
    assert "log verify a" in program("status", "a").output
    assert "damaged" in program("status").output
