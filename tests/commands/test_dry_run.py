"""`run --dry-run` and what bounds a run: shown before, kept to while it goes on, in all runs together."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.commands.stories import STORY, model
from tests.loopback_server import UNAUTHORIZED, always, in_order, loopback
from tests.program import files_of, of_type

if TYPE_CHECKING:
    from pathlib import Path

    from tests.program import Program

PRICE = "[prices.test-model]\ninput = 1.0\noutput = 2.0\n"


def config(program: Program, text: str) -> None:
    """Write the user's own configuration."""
    folder = program.here.parent / "home/config/scenelog"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(text)


def test_a_dry_run_of_a_new_story_makes_nothing_and_asks_nobody(program: Program) -> None:
    story = program.story("s.txt", STORY)
    before = files_of(program.here)
    with loopback() as server:
        said = program("run", story, "--dry-run", *model(server)).output
        assert server.requests == []
    assert "nothing was made" in said
    assert "Estimate: " in said
    assert files_of(program.here) == before


def test_a_dry_run_of_a_project_says_for_each_scene_what_is_made_why_and_for_how_much(program: Program) -> None:
    story = program.story("s.txt", STORY)
    with loopback() as server:
        program("run", story, "--scenes", "1", *model(server))
        before, asked = files_of(program.here), len(server.requests)
        said = program("run", story, "--dry-run", *model(server)).output
        told = json.loads(program("run", story, "--dry-run", "--json", *model(server)).output)
        assert len(server.requests) == asked
    assert files_of(program.here) == before
    first, second = (next(line for line in said.splitlines() if f"scene {number} " in line) for number in (1, 2))
    assert "skip: complete" in first
    assert "run: not started  (~" in second
    assert told["estimate"]["calls"] == told["counts"]["run"] == sum(row["action"] == "run" for row in told["steps"])
    rows = sum(row["estimated_tokens"] for row in told["steps"])
    assert told["estimate"]["prompt_tokens"] + told["estimate"]["completion_tokens"] == rows > 0
    assert told["used"]["prompt_tokens"] > 0


def test_an_estimate_is_near_what_is_reserved_while_it_is_made(program: Program) -> None:
    story = program.story("s.txt", STORY)
    with loopback() as server:
        program("run", story, "--stage", "storyboard", "--scenes", "1", *model(server))
        told = json.loads(program("run", story, "--dry-run", "--json", *model(server)).output)["estimate"]
        program("run", story, *model(server))
    started = [entry["meta"] for entry in of_type(program.log("s"), "scene.started")][1:]
    reserved = sum(meta["prompt_tokens"] + meta["completion_tokens"] for meta in started)
    assert 0.5 < (told["prompt_tokens"] + told["completion_tokens"]) / reserved < 3


def test_with_a_price_the_money_is_told_as_well(program: Program) -> None:
    config(program, PRICE)
    story = program.story("s.txt", STORY)
    with loopback() as server:
        told = json.loads(program("run", story, "--dry-run", "--json", *model(server)).output)
        assert told["estimate"]["cost"] > 0
        assert (
            "Budget for all runs together: 500 tokens, 0.5"
            in program("run", story, "--dry-run", "--max-tokens", "500", "--max-cost", "0.5", *model(server)).output
        )


def test_a_limit_of_money_needs_a_price(program: Program) -> None:
    with loopback() as server:
        said = program("run", program.story("s.txt", STORY), "--max-cost", "1", *model(server), code=1).output
        assert server.requests == []
    assert 'prices."test-model" = { input = ' in said


def test_a_budget_pauses_the_run_and_more_of_it_goes_on(program: Program) -> None:
    story = program.story("s.txt", STORY)
    with loopback() as server:
        said = program("run", story, "--max-tokens", "6000", *model(server), code=4).output
        assert "the budget of 6,000 tokens is reached" in said
        program("run", story, "--max-tokens", "0", *model(server))
    log = program.log("s")
    assert len(of_type(log, "scene.completed")) == len({entry["subject"] for entry in of_type(log, "scene.completed")})


@pytest.fixture
def story(program: Program) -> Path:
    """A story."""
    return program.story("s.txt", STORY)


def test_where_the_provider_cannot_the_fallback_goes_on(program: Program, story: Path) -> None:
    with loopback(in_order(None, None, UNAUTHORIZED, UNAUTHORIZED, UNAUTHORIZED, UNAUTHORIZED)) as server:
        said = program("run", story, "--fallback", "offline", *model(server)).output
    assert "Going on with offline/." in said
    runs = of_type(program.log("s"), "run.started")
    assert [run["meta"]["provider"] for run in runs] == ["openai", "offline"]
    assert "(0 of them stale)" in program("plan", "s", "--provider", "offline").output, "they are the fallback's own"


def test_a_fallback_that_cannot_work_is_refused_before_any_call(program: Program, story: Path) -> None:
    with loopback(always(UNAUTHORIZED)) as server:
        assert (
            "there is no provider 'nobody'"
            in program("run", story, "--fallback", "nobody/x", *model(server), code=1).output
        )
        assert server.requests == []
