"""`scenelog status`: how far every project is, for people and for scripts; nothing is changed by looking."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

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


OLD = {"storyboard_results": [{"scene_index": 0, "storyboard_script": "旧"}], "total_scenes": 3}


def test_missing_source_is_shown_with_the_command_that_adds_it(program: Program) -> None:
    (program.here / "storyboard_progress.json").write_text(json.dumps(OLD))
    program("import", "storyboard_progress.json", "--name", "旧")
    shown = program("status", "旧").output
    assert "source missing for 2 scenes" in shown
    assert "scenelog import --story STORY --name 旧" in shown


def test_a_folder_of_old_progress_files_is_listed_with_the_command_that_takes_it_over(program: Program) -> None:
    program.project("旧").mkdir(parents=True)
    (program.project("旧") / "storyboard_progress.json").write_text(json.dumps(OLD))
    shown = program("status").output
    assert ["旧", "old", "files"] in [line.split() for line in shown.splitlines()]
    assert "scenelog import projects/旧/storyboard_progress.json" in shown
    assert json.loads(program("status", "--json").output) == []
    program("run", program.story("s.txt", STORY), "--scenes", "1")
    assert len(program("status").output.splitlines()) == 4


def test_a_damaged_log_names_this_programs_own_command(program: Program) -> None:
    program("run", program.story("a.txt", STORY), "--scenes", "1")
    log = program.project("a") / "events.jsonl"
    log.write_bytes(log.read_bytes().replace(b"log.created", b"log.creeted", 1))
    for arguments in (["status", "a"], ["run", "a"], ["plan", "a"], ["check", "a"], ["log", "verify", "a"]):
        said = program(*arguments, code=None).output
        assert "scenelog log" in said
        assert "python -m eventlog" not in said
        assert "0 entries" not in said


def test_a_projects_folder_that_is_none_is_said_once_with_what_to_do(program: Program) -> None:
    story = program.story("s.txt", STORY)
    (program.here / "file").write_text("")
    for arguments in (
        ["run", story, "--projects", "file"],
        ["run", story, "--projects", "/proc/x"],
        ["status", "--projects", "file"],
        ["import", "nofile.json"],
    ):
        said = program(*arguments, code=1).output
        assert said.count("\n") == 1
        assert any(word in said for word in ("another", "check how it is written")), said
        assert said.count("No such file") + said.count("Not a directory") <= 1
        assert "Errno" not in said


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../x", "holds one of"),
        ("x.", "ends with a dot"),
        (".x", "begins with a dot"),
        ("-x", "begins with a dash"),
        ("", "is empty"),
        ("nul", "keep that name"),
    ],
)
def test_a_name_that_no_project_can_have_is_refused_for_the_right_reason(
    program: Program, name: str, reason: str
) -> None:
    (program.here / "storyboard_progress.json").write_text(json.dumps(OLD))
    if name:
        said = program("import", "storyboard_progress.json", f"--name={name}", code=1).output
        assert reason in said
        assert "choose another one with --name" in said
    if "/" not in name:
        said = program("run", program.story(f"{name}.txt" if name else " .txt", STORY), code=1).output
        assert "rename the file" in said
        assert "--name" not in said


def test_a_file_that_is_not_there_is_not_told_to_be_renamed(program: Program) -> None:
    said = program("run", "nul.txt", code=1).output
    assert "there is no such file" in said
    assert "--name" not in said
