"""What is counted of calls: by hand from what was told, per stage and run."""

from __future__ import annotations

import json
import statistics
from array import array
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog import Event, EventLog
from stages.pipeline import events as facts
from stages.pipeline.budget import Price
from stages.pipeline.tally import CallTally, percentile
from tests.program import Program, program_in
from tests.stages.told import Told, scenes

if TYPE_CHECKING:
    from pathlib import Path

SUBJECT = "storyboard/s0001"


def counted(log: Told) -> dict[str, Any]:
    tally = CallTally()
    for entry in log.entries:
        tally.add(entry)
    return dict(tally.sections())


def begin(log: Told, stages: str = "storyboard") -> None:
    log.fact(facts.RunStarted(run="r", stages=stages, provider="openai", model="m", jobs=1))


def history() -> Told:
    """Three calls for one scene in two runs: two fail, one is answered and completes; each entry a second apart."""
    log = Told()
    log.story("正文" * 5, scenes(1))
    begin(log)
    log.fail(SUBJECT, 1, kind="transient")
    log.fail(SUBJECT, 2, kind="rate-limited")
    log.fact(facts.RunInterrupted(run="r", reason="stopped"))
    begin(log)
    attempt = log.start(SUBJECT, 3)
    received = facts.AnswerReceived(
        subject=SUBJECT, attempt=attempt, finish_reason="stop", model="m", prompt_tokens=7, completion_tokens=3
    )
    answer = log.fact(received, {"text": "x\n"})
    log.fact(facts.SceneCompleted(subject=SUBJECT, attempt=attempt, fingerprint="f", answer=answer.id, result="r"))
    return log


def test_every_number_is_that_of_the_history() -> None:
    found = counted(history())
    assert found["stages"]["storyboard"] == {
        "scenes": 1,
        "attempts": 3,
        "retries": 2,
        "failures": 2,
        "p50_s": 1.0,
        "p95_s": 1.0,
        "waited_s": 1.0,  # between the two calls of the first run; the night between two runs is no waiting
        "prompt_tokens": 7,
        "completion_tokens": 3,
        "cost": None,
    }
    assert found["failures"] == {"storyboard": {"transient": 1, "rate-limited": 1}}
    assert [(run["run"], run["outcome"], run["took_s"]) for run in found["runs"]] == [
        (1, "interrupted", 5.0),
        (2, "no end recorded", None),
    ]
    rows = [(row["run"], row["stage"], row["attempts"], row["scenes"]) for row in found["runs by stage"]]
    assert rows == [(1, "storyboard", 2, 0), (2, "storyboard", 1, 1)]


def test_a_rejected_answer_is_a_failure_of_its_kind_and_still_costs_its_tokens() -> None:
    log = Told()
    attempt = log.start(SUBJECT)
    answer = log.answer(SUBJECT, attempt, "…")
    log.fact(facts.SceneRejected(subject=SUBJECT, attempt=attempt, answer=answer.id, message="x"), {"violations": []})
    found = counted(log)
    assert found["failures"] == {"storyboard": {"bad-output": 1}}
    assert found["stages"]["storyboard"]["p50_s"] == 1.0


def test_tokens_cost_what_the_model_that_was_asked_costs_and_nothing_where_nobody_knows() -> None:
    log = Told()
    log.fact(facts.RunStarted(run="r", stages="storyboard", provider="openai", model="asked", jobs=1))
    for number in (1, 2):
        attempt = log.start(SUBJECT, number)
        answered = facts.AnswerReceived(
            subject=SUBJECT, attempt=attempt, finish_reason="stop", model="m", prompt_tokens=100, completion_tokens=200
        )
        log.fact(answered, {"text": "x"})
    for prices, cost in (({"asked": Price(input=1000.0, output=2000.0)}, 1.0), ({}, None)):
        tally = CallTally(prices)
        for entry in log.entries:
            tally.add(entry)
        assert dict(tally.sections())["stages"]["storyboard"]["cost"] == cost


@given(st.lists(st.floats(0, 1000), min_size=2, max_size=40))
def test_half_of_the_calls_took_no_longer_than_the_middle(values: list[float]) -> None:
    assert percentile(array("d", values), 50) == pytest.approx(statistics.median(values), abs=0.001)
    found = percentile(array("d", values), 95)
    assert found is not None
    assert min(values) - 0.001 <= found <= max(values) + 0.001


def test_nothing_answered_has_no_middle() -> None:
    assert percentile(array("d"), 50) is None
    assert percentile(array("d", [2.0]), 95) == 2.0


def test_stats_shows_stages_and_runs_as_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program: Program = program_in(tmp_path, monkeypatch)
    folder = program.project("s")
    folder.mkdir(parents=True)
    with EventLog.open(str(folder / "events.jsonl")) as log:
        for entry in history().entries:
            log.append_many([entry.to_event()])
        log.append_many([Event(type="something.new")])
    told = json.loads(program("log", "stats", "s", "--json").output)
    assert told["stages"] == counted(history())["stages"]
    lines = program("log", "stats", "s").output.splitlines()
    row = lines[lines.index("stages") + 1 : lines.index("failures")]
    assert [line.split()[:3] for line in row if "storyboard" in line] == [["storyboard", "1", "3"]]
    assert row[0].split()[:3] == ["scenes", "attempts", "retries"]
