"""Sentences of the documents that are about whole runs: how many at once, which setting wins, which exit code."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from stages import prompts
from tests.commands.stories import STORY, model, paragraph
from tests.loopback_server import UNAUTHORIZED, loopback
from tests.program import TIMEOUT_S, of_type

if TYPE_CHECKING:
    from tests.loopback_server import Fault
    from tests.program import Program


def test_so_many_calls_are_made_at_once_as_jobs_says(program: Program) -> None:
    meeting = threading.Barrier(3)

    def fault(_number: int, text: str) -> Fault | None:
        if prompts.system("storyboard", "zh") in text:
            meeting.wait(TIMEOUT_S)  # nobody is answered before three have asked
        return None

    story = program.story("s.txt", "\n\n".join(paragraph(number) for number in range(1, 10)) + "\n")
    with loopback(fault) as server:
        program("run", story, *model(server), "--jobs", "3")
    assert not meeting.broken


def test_options_win_over_the_environment_that_over_the_project_and_that_over_the_user(program: Program) -> None:
    config = program.here.parent / "home/config/scenelog"
    config.mkdir(parents=True)
    (config / "config.toml").write_text('style = "of the user"\njobs = 2\n')
    story = program.story("s.txt", STORY)
    program("run", story, "--scenes", "1")
    settings = program.project("s") / "project.toml"

    def jobs_of(*options: str, **environment: str) -> int:
        ended = program.finish("run", story, "--scenes", "1", "--stale", "rerun", *options, **environment)
        assert ended.returncode == 0, ended
        return int(of_type(program.log("s"), "run.started")[-1]["meta"]["jobs"])

    settings.write_text('style = "one"\n')
    assert jobs_of() == 2
    settings.write_text('style = "two"\njobs = 3\n')
    assert jobs_of() == 3
    settings.write_text('style = "three"\njobs = 3\n')
    assert jobs_of(SCENELOG_JOBS="5") == 5
    settings.write_text('style = "four"\njobs = 3\n')
    assert jobs_of("--jobs", "6", SCENELOG_JOBS="5") == 6


def test_a_long_story_is_planned_part_by_part_and_a_part_that_is_planned_is_not_asked_for_again(
    program: Program,
) -> None:
    story = program.story("s.txt", "\n\n".join(paragraph(number) * 12 for number in range(1, 61)) + "\n")
    scenes = prompts.system("scenes", "zh")
    asked: list[str] = []

    def fault(_number: int, text: str) -> Fault | None:
        if scenes in text:
            asked.append(text)
            return UNAUTHORIZED if len(asked) == 2 else None
        return None

    with loopback(fault) as server:
        program("run", story, *model(server), "--stage", "storyboard", "--scenes", "1", code=4)
        before = len(server.requests)
        program("run", story, *model(server), "--stage", "storyboard", "--scenes", "1")
        parts = len(of_type(program.log("s"), "world_bible.completed")) and len(asked) - 1
        assert parts > 2
        assert len(server.requests) - before == parts - 1 + 1
    assert asked.count(asked[0]) == 1
