"""Where a setting is chosen: each later place wins over the one before, and what is chosen is what happens."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from stages.pipeline.settings import Settings
from tests.commands.stories import STORY
from tests.program import of_type
from tests.resume.shoots import Shoot

if TYPE_CHECKING:
    from tests.program import Program


def jobs_of_last_run(program: Program) -> int:
    return int(of_type(program.log("s"), "run.started")[-1]["meta"]["jobs"])


def test_later_places_win_from_the_users_configuration_to_the_command_line(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = program.here.parent / "home/config/scenelog"
    config.mkdir(parents=True)
    (config / "config.toml").write_text("jobs = 7\n")
    story = program.story("s.txt", STORY)
    program("run", story, "--scenes", "1", "--stage", "storyboard")
    assert jobs_of_last_run(program) == 7
    (program.project("s") / "project.toml").write_text("jobs = 6\n")
    program("run", story, "--scenes", "2", "--stage", "storyboard")
    assert jobs_of_last_run(program) == 6
    monkeypatch.setenv("SCENELOG_JOBS", "5")
    program("run", story, "--scenes", "3", "--stage", "storyboard")
    assert jobs_of_last_run(program) == 5
    program("run", story, "--scenes", "4", "--stage", "storyboard", "--jobs", "3")
    assert jobs_of_last_run(program) == 3


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_so_many_calls_are_made_at_once_as_there_are_jobs(jobs: int) -> None:
    shoot = Shoot(scenes=6, settings=Settings(provider="openai", model="m", jobs=jobs))
    shoot.run()
    assert max(Counter(shoot.asked_at).values()) == jobs
