"""What a provider says to everybody holds for everybody: how many calls at once, how fast, and when none."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from stages.pipeline.contract import FailureKind, ProviderError
from stages.pipeline.traffic import Pace, Traffic
from tests.virtual_time import Clock, run

SLOW_DOWN = ProviderError(FailureKind.RATE_LIMITED, "slow down")
DOWN = ProviderError(FailureKind.UNAVAILABLE, "down")
HICCUP = ProviderError(FailureKind.TRANSIENT, "hiccup")


@dataclass
class Road:
    """A traffic on a clock of its own, and when its calls began and how many were under way."""

    pace: Pace = field(default_factory=Pace)
    clock: Clock = field(default_factory=Clock)
    closed_for_s: float = 0.0
    back_at_s: float = float("inf")
    began: list[float] = field(default_factory=list)
    under_way: int = 0
    most: int = 0
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.traffic = Traffic(
            self.pace,
            now=self.now,
            chance=lambda: 1.0,
            sleep=asyncio.sleep,
            waits=lambda why, seconds: self.notes.append(f"{why} {seconds}"),
            closed_until=self.now() + timedelta(seconds=self.closed_for_s) if self.closed_for_s else None,
        )

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.time_ns() / 1e9, tz=UTC)

    async def call(self, subject: str = "a", outcome: ProviderError | None = None, *, takes_s: float = 1.0) -> bool:
        """Make one call; whether its failure was everybody's."""
        async with self.traffic.turn(100) as turn:
            self.began.append(self.clock.seconds)
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            await asyncio.sleep(takes_s)
            self.under_way -= 1
            if outcome is None or self.began[-1] >= self.back_at_s:
                self.traffic.succeeded()
                return False
            return self.traffic.failed(turn, subject, outcome)

    async def calls(self, count: int) -> None:
        """Make many calls as fast as they may be made."""
        async with asyncio.TaskGroup() as group:
            for _ in range(count):
                group.create_task(self.call())


def test_no_more_calls_are_under_way_than_jobs_and_all_of_these_soon() -> None:
    road = Road(Pace(jobs=20))
    run(road.calls(200), road.clock)
    assert road.most == 20
    assert road.clock.seconds < 200 / 20 + 5


def test_it_begins_with_a_few_calls_and_never_with_more_than_jobs() -> None:
    for jobs, first in ((3, 3), (64, 8)):
        road = Road(Pace(jobs=jobs))
        run(road.calls(100), road.clock)
        assert sum(second < 0.5 for second in road.began) == first


def test_a_slow_down_halves_the_calls_once_however_many_of_them_hear_it_and_answers_bring_them_back_slowly() -> None:
    road = Road(Pace(jobs=8))

    async def work() -> None:
        await asyncio.gather(*(road.call(outcome=SLOW_DOWN) for _ in range(8)))
        assert road.traffic.limit == 4.0
        await road.call(outcome=SLOW_DOWN)
        assert road.traffic.limit == 2.0
        for answers, limit in ((1, 2.5), (2, 3.24), (30, 8.0)):
            for _ in range(answers):
                await road.call()
            assert road.traffic.limit == pytest.approx(limit, abs=0.01)

    run(work(), road.clock)


def test_after_a_slow_down_nobody_calls_before_the_time_that_the_provider_names() -> None:
    road = Road(Pace(jobs=4))
    named = ProviderError(FailureKind.RATE_LIMITED, "slow down", retry_after_s=7.0)

    async def work() -> None:
        assert await road.call(outcome=named)
        await road.calls(4)

    run(work(), road.clock)
    assert road.began[1] == pytest.approx(1.0 + 7.0)


def test_without_a_time_the_wait_doubles_up_to_the_longest() -> None:
    road = Road(Pace(first_s=1.0, longest_s=10.0))

    async def work() -> None:
        for _ in range(6):
            await road.call(outcome=SLOW_DOWN, takes_s=0.0)

    run(work(), road.clock)
    waits = [after - before for before, after in zip(road.began, road.began[1:], strict=False)]
    assert waits == pytest.approx([2.0, 4.0, 8.0, 10.0, 10.0])


def test_while_the_provider_is_down_one_caller_alone_finds_out_when_it_is_back() -> None:
    road = Road(Pace(jobs=6, first_s=5.0), back_at_s=100.0)

    async def worker(subject: str) -> None:
        while await road.call(subject, DOWN):
            pass

    async def work() -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(6):
                group.create_task(worker(f"scene {number}"))

    run(work(), road.clock)
    during = [second for second in road.began if 1.0 < second < road.back_at_s]
    assert len(during) == len({round(second, 3) for second in during}) < 8
    assert road.clock.seconds < road.back_at_s + 60 + 10


def test_so_many_scenes_failing_and_none_succeeding_is_the_providers_fault() -> None:
    road = Road()

    async def work() -> list[bool]:
        return [await road.call(f"scene {number}", HICCUP) for number in (1, 1, 1, 2, 3, 4)]

    assert run(work(), road.clock) == [False, False, False, False, True, True]


def test_a_success_between_makes_it_the_scenes_fault() -> None:
    road = Road()

    async def work() -> list[bool]:
        found = []
        for number in range(5):
            found.append(await road.call(f"scene {number}", HICCUP))
            await road.call("another")
        return found

    assert run(work(), road.clock) == [False] * 5


def test_a_provider_that_answers_nobody_for_too_long_is_not_waited_for() -> None:
    road = Road(Pace(patience_s=300.0))

    async def work() -> None:
        while True:
            await road.call(outcome=DOWN)

    with pytest.raises(ProviderError, match=r"down; it has answered nobody for \d+ min\.") as caught:
        run(work(), road.clock)
    assert caught.value.kind is FailureKind.REFUSED
    assert 300 < road.clock.seconds < 400


def test_a_time_that_is_too_far_away_is_not_waited_for_and_told() -> None:
    road = Road(Pace(patience_s=60.0), closed_for_s=7200.0)
    with pytest.raises(ProviderError, match="the provider asked to wait; not before 2026-01-01"):
        run(road.call(), road.clock)
    assert road.began == []
    assert road.clock.seconds < 0.1


def test_a_time_from_the_run_before_is_kept() -> None:
    road = Road(closed_for_s=45.0)
    run(road.call(), road.clock)
    assert road.began == pytest.approx([45.0])


@pytest.mark.parametrize("rate", [3, 30, 300])
def test_in_no_minute_are_there_more_requests_than_allowed(rate: int) -> None:
    road = Road(Pace(jobs=8, requests_per_minute=rate))
    run(road.calls(rate * 2), road.clock)
    for start in road.began:
        assert sum(start <= second < start + 60 for second in road.began) <= rate
    assert road.clock.seconds < 2 * 60 + 10


def test_tokens_a_minute_are_kept_to_within_a_quarter() -> None:
    road = Road(Pace(jobs=8, tokens_per_minute=1000))
    run(road.calls(40), road.clock)  # of 100 tokens each
    for start in road.began:
        assert 100 * sum(start <= second < start + 60 for second in road.began) <= 1250
    assert road.clock.seconds < 4 * 60 + 10


def test_an_answer_that_used_up_the_quota_holds_the_next_call() -> None:
    road = Road()

    async def work() -> None:
        async with road.traffic.turn(1):
            road.traffic.succeeded(wait_s=12.0)
        await road.call()

    run(work(), road.clock)
    assert road.began == pytest.approx([12.0])


def test_a_run_that_was_stopped_begins_no_call_that_was_waiting_for_its_turn() -> None:
    road = Road(Pace(jobs=1))
    stopped: list[bool] = []

    async def sleep(seconds: float) -> None:
        if stopped:
            raise ProviderError(FailureKind.TERMINAL, "stopped")
        await asyncio.sleep(seconds)

    road.traffic._sleep = sleep  # noqa: SLF001 - the runner's own sleep, which a stop cuts short

    async def work() -> None:
        first = asyncio.ensure_future(road.call(takes_s=5.0))
        second = asyncio.ensure_future(road.call())
        await asyncio.sleep(1.0)
        stopped.append(True)
        await first
        with pytest.raises(ProviderError, match="stopped"):
            await second

    run(work(), road.clock)
    assert len(road.began) == 1
