"""What calls cost, counted as the entries go by: per stage and run, in calls, seconds and tokens.

Law: pure; only what the log says is counted, and what it does not say is None. Memory is bounded by the number of calls
and subjects.
"""

from __future__ import annotations

import statistics
from array import array
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from stages.pipeline import events as facts
from stages.pipeline.bills import Tokens
from stages.pipeline.contract import FailureKind
from stages.pipeline.fact_entries import to_fact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eventlog import Entry
    from stages.pipeline.budget import Price

CUT_OFF = "no end recorded"


@dataclass(slots=True, kw_only=True)
class Count:
    """The calls of one stage, in one run or in all; `waited_s` is from a failed call to the next one for the same."""

    scenes: int = 0
    attempts: int = 0
    retries: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    durations_s: array[float] = field(default_factory=lambda: array("d"))
    waited_s: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The numbers by their names; seconds of a call are None if none was answered."""
        return {
            "scenes": self.scenes,
            "attempts": self.attempts,
            "retries": self.retries,
            "failures": sum(self.failures.values()),
            "p50_s": percentile(self.durations_s, 50),
            "p95_s": percentile(self.durations_s, 95),
            "waited_s": round(self.waited_s, 3),
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "cost": self.cost,
        }


@dataclass(slots=True, kw_only=True)
class Run:
    """One run, numbered from 1."""

    number: int
    started: str
    provider: str
    model: str
    ended: str = ""
    outcome: str = CUT_OFF
    stages: dict[str, Count] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The run without its counts."""
        return {
            "run": self.number,
            "started": self.started,
            "took_s": seconds_between(self.started, self.ended),
            "outcome": self.outcome,
            "provider": self.provider,
            "model": self.model,
        }


class CallTally:
    """See eventlog.tool.view.Tally."""

    def __init__(self, prices: Mapping[str, Price] | None = None) -> None:
        self._prices = prices or {}
        self._total: dict[str, Count] = {}
        self._runs: list[Run] = []
        self._started: dict[str, str] = {}  # attempt: when it began
        self._failed: dict[str, tuple[int, str]] = {}  # subject: the run in which its last call failed, and when
        self._known: set[str] = set()  # subjects for which a call was made

    def add(self, entry: Entry) -> None:
        """Count one entry."""
        fact = to_fact(entry)
        match fact:
            case facts.RunStarted():
                number = len(self._runs) + 1
                run = Run(number=number, started=entry.time, provider=fact.provider, model=fact.model)
                self._runs.append(run)
            case facts.RunFinished():
                self._end_run(entry.time, fact.outcome)
            case facts.RunInterrupted():
                self._end_run(entry.time, "interrupted")
            case facts.SceneStarted() | facts.PlanningStarted():
                self._start(fact.subject, fact.attempt, entry)
            case facts.AnswerReceived():
                self._answer(fact, entry)
            case facts.SceneFailed() | facts.PlanningFailed():
                self._started.pop(fact.attempt, None)
                self._fail(fact.subject, fact.kind, entry)
            case facts.SceneRejected():
                self._fail(fact.subject, FailureKind.BAD_OUTPUT, entry)
            case facts.SceneCompleted():
                for one in self._counts(fact.subject):
                    one.scenes += 1
            case _:
                pass

    def _end_run(self, time: str, outcome: str) -> None:
        if self._runs:
            self._runs[-1].ended, self._runs[-1].outcome = time, outcome

    def _counts(self, subject: str) -> list[Count]:
        stage = subject.split("/", 1)[0]
        places = [self._total] + ([self._runs[-1].stages] if self._runs else [])
        return [place.setdefault(stage, Count()) for place in places]

    def _start(self, subject: str, attempt: str, entry: Entry) -> None:
        self._started[attempt] = entry.time
        run, failed_at = self._failed.pop(subject, (0, ""))
        waited_s = seconds_between(failed_at, entry.time) if run == len(self._runs) else None
        for one in self._counts(subject):
            one.attempts += 1
            one.retries += subject in self._known
            one.waited_s += waited_s or 0.0
        self._known.add(subject)

    def _answer(self, fact: facts.AnswerReceived, entry: Entry) -> None:
        took_s = seconds_between(self._started.pop(fact.attempt, ""), entry.time)
        cost = self._cost_of(fact)
        for one in self._counts(fact.subject):
            one.prompt_tokens += fact.prompt_tokens
            one.completion_tokens += fact.completion_tokens
            if took_s is not None:
                one.durations_s.append(took_s)
            if cost is not None:
                one.cost = round((one.cost or 0.0) + cost, 9)

    def _cost_of(self, fact: facts.AnswerReceived) -> float | None:
        """What an answer cost, if the model that was asked has a price."""
        price = self._prices.get(self._runs[-1].model if self._runs else "") or self._prices.get(fact.model)
        return price.of(Tokens(prompt=fact.prompt_tokens, completion=fact.completion_tokens)) if price else None

    def _fail(self, subject: str, kind: str, entry: Entry) -> None:
        self._failed[subject] = len(self._runs), entry.time
        for one in self._counts(subject):
            one.failures[kind] += 1

    def sections(self) -> Mapping[str, Any]:
        """See Tally.sections."""
        rows = [
            {"run": run.number, "stage": stage, **one.to_json()}
            for run in self._runs
            for stage, one in run.stages.items()
        ]
        return {
            "stages": {stage: one.to_json() for stage, one in self._total.items()},
            "failures": {stage: dict(one.failures) for stage, one in self._total.items() if one.failures},
            "runs": [run.to_json() for run in self._runs],
            "runs by stage": rows,
        }


def seconds_between(first: str, last: str) -> float | None:
    """How long from one time of an entry to another, never less than 0; None if one of them is no time."""
    try:
        span = datetime.fromisoformat(last) - datetime.fromisoformat(first)
    except (ValueError, TypeError):
        return None
    return round(max(0.0, span.total_seconds()), 6)


def percentile(values: array[float], percent: int) -> float | None:
    """The value below which so many percent lie, between two values by their distance; None if there are none."""
    if len(values) < 2:  # noqa: PLR2004 - between two there is something to lie
        return round(values[0], 3) if values else None
    return round(statistics.quantiles(values, n=100, method="inclusive")[percent - 1], 3)
