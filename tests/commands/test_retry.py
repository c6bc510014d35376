"""`scenelog retry`: failed scenes again, and named ones whether they are finished or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.commands.stories import SCENES, STORY, is_storyboard_of, model
from tests.loopback_server import BAD_REQUEST, UNAUTHORIZED, always, loopback
from tests.program import of_type, results_of

if TYPE_CHECKING:
    from tests.program import Program


def test_retry_makes_only_what_failed_and_what_waited_for_it(program: Program) -> None:
    story = program.story("s.txt", STORY)
    with loopback(lambda _, text: BAD_REQUEST if is_storyboard_of(2, text) else None) as server:
        program("run", story, *model(server), "--scenes", "1-3", code=3)
    with loopback() as server:
        program("retry", "s", *model(server))
        assert [request.task for request in server.requests] == ["storyboard", "enhancement"]
        program("run", "s", *model(server))
        assert [request.task for request in server.requests[2:]] == ["storyboard", "enhancement"]


def test_retry_of_a_project_without_failures_changes_nothing(program: Program) -> None:
    program("run", program.story("s.txt", STORY))
    before = program.log("s")
    assert "nothing failed" in program("retry", "s").output
    assert program.log("s") == before


def test_named_scenes_are_made_again_in_both_stages_or_in_one(program: Program) -> None:
    story = program.story("s.txt", STORY)
    with loopback() as server:
        program("run", story, *model(server))
        whole, asked = results_of(program.project("s")), len(server.requests)
        program("retry", "s", "--scenes", "2", *model(server))
        assert [request.task for request in server.requests[asked:]] == ["storyboard", "enhancement"]
        program("retry", "s", "--scenes", "1,3", "--stage", "enhancement", *model(server))
        assert [request.task for request in server.requests[asked + 2 :]] == ["enhancement"] * 2
    assert results_of(program.project("s")) == whole
    assert len(of_type(program.log("s"), "scene.completed")) == 2 * SCENES + 4


def test_a_scene_there_is_not_is_refused_and_nothing_is_given_up(program: Program) -> None:
    program("run", program.story("s.txt", STORY))
    before = program.log("s")
    program("retry", "s", "--scenes", "9", code=1)
    program("retry", "s", "--scenes", "x", code=2)
    program("retry", "nothing", code=1)
    assert program.log("s") == before


def test_a_result_is_kept_until_there_is_a_newer_one(program: Program) -> None:
    story = program.story("s.txt", STORY)
    with loopback() as server:
        program("run", story, *model(server))
    before = {name: data for name, data in results_of(program.project("s")).items() if "_progress" not in name}
    with loopback(always(UNAUTHORIZED)) as server:
        program("retry", "s", "--scenes", "1", *model(server), code=4)
    after = results_of(program.project("s"))
    assert {name: after[name] for name in before} == before
    assert f'"total_scenes": {SCENES}' in after["storyboard_progress.json"].decode()
    assert after["storyboard_progress.json"].count(b'"storyboard_script"') == SCENES
    with loopback() as server:
        program("run", "s", *model(server))
        assert [request.task for request in server.requests] == ["storyboard", "enhancement"]
    assert results_of(program.project("s")) == before


def test_a_scene_that_was_asked_for_again_and_failed_is_told_of_as_failed(program: Program) -> None:
    story = program.story("s.txt", STORY)
    with loopback() as server:
        program("run", story, *model(server))
    with loopback(lambda _, text: BAD_REQUEST if is_storyboard_of(1, text) else None) as server:
        program("retry", "s", "--scenes", "1-2", *model(server), code=3)
        assert "1 failed" in program("status", "s").output
    with loopback() as server:
        program("retry", "s", *model(server))
        assert [request.task for request in server.requests] == ["storyboard", "enhancement"]


def test_what_is_echoed_holds_no_terminal_sequence(program: Program) -> None:
    program("run", program.story("s.txt", STORY))
    named = program.here / "a\x1b]0;owned\x07b"
    program.project("s").rename(named)
    assert "\x1b" not in program("retry", named).output


def test_a_list_of_scenes_that_is_empty_is_no_wish_for_all(program: Program) -> None:
    story = program.story("s.txt", STORY)
    program("run", story, "--scenes", "", code=2)
    assert not program.project("s").exists()
