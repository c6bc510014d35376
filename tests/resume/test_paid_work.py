"""Paid work is never wasted: outages, limits, crashes and answers that were cut off cost what they must, no more.

Law: whole runs over the real pipeline, on a clock that nobody waits for; what was asked and billed is counted outside.
"""

from __future__ import annotations

import asyncio
import errno
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from stages.pipeline.bills import Tokens
from stages.pipeline.contract import Answer, FailureKind, ProviderError, Usage
from stages.pipeline.order import Outcome
from stages.pipeline.progress import ProgressProjection
from stages.pipeline.settings import Settings
from stages.storyboard import Storyboard
from tests.crash_images import SimulatedCrash
from tests.loopback_answers import respond
from tests.resume.shoots import PRICES, Shoot

if TYPE_CHECKING:
    from collections.abc import Callable

    from stages.pipeline.contract import Brief, Draft, Request

PLANNING = 2
ONE_BY_ONE = Settings(provider="openai", model="m", jobs=1, prices=PRICES)


def failing(kind: FailureKind, **told: float) -> ProviderError:
    return ProviderError(kind, "no", retry_after_s=told.get("retry_after_s"))


def nobody_between(shoot: Shoot, begin_s: float, end_s: float, kind: FailureKind) -> None:
    """Nobody is answered between these seconds."""
    shoot.fault = lambda _request, _number: failing(kind) if begin_s < shoot.clock.seconds < end_s else None


def well(_request: Request, _number: int) -> None:
    """All are answered well."""


def at(*numbers: int, what: BaseException) -> Callable[[Request, int], BaseException | None]:
    """These requests meet a failure, counted from 1."""
    return lambda _request, number: what if number in numbers else None


def named(request: Request) -> str:
    """The step that a request is for."""
    return f"{request.task} {request.inputs.get('title', '')}"


# the provider is down


@pytest.mark.parametrize("kind", [FailureKind.UNAVAILABLE, FailureKind.RATE_LIMITED, FailureKind.TRANSIENT])
@pytest.mark.parametrize("begins_s", [9.0, 30.0])
def test_an_outage_of_20_minutes_costs_no_scene_an_attempt(kind: FailureKind, begins_s: float) -> None:
    shoot = Shoot(scenes=20)
    nobody_between(shoot, begins_s, begins_s + 1200, kind)
    assert shoot.run() is Outcome.COMPLETE
    assert shoot.is_complete
    during = [second for second in shoot.asked_at if begins_s + 60 < second < begins_s + 1200]
    assert len(during) < 60, "one caller alone asks now and then"
    beyond = [entry for entry in shoot.of("scene.failed") if entry["meta"]["kind"] == FailureKind.TRANSIENT]
    assert len(beyond) <= 2 * (kind is FailureKind.TRANSIENT), "until it is known to be everybody's"
    assert sum(shoot.billed.values()) == Shoot.run_alone(20)


def test_a_provider_that_stays_down_pauses_the_run_and_no_scene_has_failed() -> None:
    shoot = Shoot(settings=Settings(provider="openai", model="m", patience=5))
    nobody_between(shoot, 5, 10_000, FailureKind.UNAVAILABLE)
    assert shoot.run() is Outcome.PAUSED
    assert shoot.problem == "no; it has answered nobody for 5 min."
    shoot.clock.seconds = 10_000
    assert shoot.run() is Outcome.COMPLETE
    assert shoot.is_complete


def test_a_provider_that_is_down_for_one_scene_and_answers_the_others_does_not_stop_them() -> None:
    shoot = Shoot(scenes=6)
    title = {"bad": ""}

    def fault(request: Request, _number: int) -> ProviderError | None:
        if request.task == "storyboard":
            title["bad"] = title["bad"] or named(request)
        return failing(FailureKind.UNAVAILABLE) if named(request) == title["bad"] else None

    assert shoot.run(fault=fault) is Outcome.FAILED
    assert len(shoot.completed) == 10
    assert shoot.run(fault=well) is Outcome.COMPLETE
    assert shoot.is_complete


def test_what_is_refused_is_never_asked_again() -> None:
    shoot = Shoot(settings=replace(ONE_BY_ONE, jobs=4))
    shoot.fault = lambda _, number: failing(FailureKind.REFUSED) if number > PLANNING else None
    assert shoot.run() is Outcome.PAUSED
    assert len(shoot.asked) <= PLANNING + 4
    assert not [step for step in shoot.of("scene.failed") if step["meta"]["kind"] != FailureKind.REFUSED]


def test_200_scenes_on_a_server_that_fails_30_percent_of_its_calls_are_all_made_once() -> None:
    chance = random.Random(7)  # noqa: S311 - a script of faults, always the same
    kinds = [FailureKind.TRANSIENT, FailureKind.TRANSIENT, FailureKind.RATE_LIMITED, FailureKind.UNAVAILABLE]
    shoot = Shoot(scenes=200, settings=replace(ONE_BY_ONE, jobs=16))
    shoot.fault = lambda _request, _number: failing(chance.choice(kinds)) if chance.random() < 0.3 else None
    outcomes: list[Outcome | None] = []
    while not outcomes or outcomes[-1] is Outcome.FAILED:
        outcomes.append(shoot.run())
    assert outcomes[-1] is Outcome.COMPLETE
    assert len(outcomes) <= 2, "5 attempts fail together once in 400 scenes, and the next run makes it"
    assert shoot.is_complete
    answered = shoot.of("answer.received")
    assert len(answered) == 400 + PLANNING


def test_after_a_terminal_error_of_a_scene_it_is_not_asked_for_again() -> None:
    shoot = Shoot(scenes=6)
    shoot.fault = lambda request, _number: (
        failing(FailureKind.TERMINAL) if request.task == "storyboard" and request.inputs["number"] == 3 else None
    )
    assert shoot.run() is Outcome.FAILED
    assert sum(request.inputs.get("number") == 3 for request in shoot.asked) == 1
    assert len(shoot.completed) == 10


# limits


def test_a_provider_that_wants_to_be_left_alone_is_left_alone_by_the_next_run_too() -> None:
    shoot = Shoot()
    shoot.fault = at(3, what=failing(FailureKind.RATE_LIMITED, retry_after_s=7200))
    assert shoot.run() is Outcome.PAUSED
    before = len(shoot.asked)
    assert "not before 2026-01-01" in shoot.problem
    assert shoot.run() is Outcome.PAUSED
    assert len(shoot.asked) == before, "no call was made"
    shoot.clock.seconds += 7000
    assert shoot.run() is Outcome.COMPLETE
    assert shoot.asked_at[before] >= 7200, "it waited for what was left of the time"


def test_another_provider_need_not_wait_for_the_first_one() -> None:
    shoot = Shoot()
    shoot.fault = at(3, what=failing(FailureKind.RATE_LIMITED, retry_after_s=7200))
    assert shoot.run() is Outcome.PAUSED
    assert shoot.run(settings=replace(shoot.settings, model="other")) is Outcome.COMPLETE
    assert shoot.clock.seconds < 600


# budget


def test_no_call_is_made_that_the_budget_does_not_allow_and_the_next_run_goes_on_with_more() -> None:
    shoot = Shoot(scenes=10, settings=replace(ONE_BY_ONE, jobs=4, max_tokens=9_000))
    assert shoot.run() is Outcome.PAUSED
    assert "the budget of 9,000 tokens is reached" in shoot.problem
    asked = 0
    while asked < len(shoot.asked):  # what was reserved and not used is free for the next run
        asked = len(shoot.asked)
        assert shoot.run() is Outcome.PAUSED
    assert 0 < sum(shoot.billed.values()) <= 9_000
    assert shoot.run(settings=replace(shoot.settings, max_tokens=10_000_000)) is Outcome.COMPLETE
    assert shoot.is_complete


def test_a_budget_of_money_counts_what_a_million_tokens_cost() -> None:
    shoot = Shoot(scenes=10, settings=replace(ONE_BY_ONE, max_cost=0.009))
    assert shoot.run() is Outcome.PAUSED
    assert "the budget of 0.009 is reached" in shoot.problem
    assert (
        sum(
            entry["meta"]["prompt_tokens"] + 2 * entry["meta"]["completion_tokens"]
            for entry in shoot.of("answer.received")
        )
        <= 9_000
    )


def test_what_was_billed_is_counted_once_however_often_the_log_is_read() -> None:
    shoot = Shoot(scenes=3)
    assert shoot.run() is Outcome.COMPLETE
    progress = shoot.progress()
    spent = sum((bill.tokens for bill in progress.bills.values()), Tokens())
    assert spent.total == sum(shoot.billed.values())
    assert all(bill.settled for bill in progress.bills.values())
    assert shoot.progress(twice=True).bills == progress.bills


def test_a_call_that_a_crash_cut_off_counts_towards_the_budget_and_not_towards_the_retries() -> None:
    shoot = Shoot(scenes=3, settings=ONE_BY_ONE)
    shoot.fault = at(PLANNING + 2, what=SimulatedCrash())
    assert shoot.run() is None
    progress = shoot.progress()
    (open_bill,) = [bill for bill in progress.bills.values() if not bill.settled]
    assert open_bill.tokens.total > 0
    assert [step.failures for step in progress.steps.values()] == [0, 0]
    assert shoot.run() is Outcome.COMPLETE
    assert open_bill in shoot.progress().bills.values()


def test_a_call_that_was_refused_costs_nothing_and_one_that_may_have_been_answered_stays_counted() -> None:
    shoot = Shoot(scenes=1, settings=ONE_BY_ONE)
    lost = ProviderError(FailureKind.TRANSIENT, "cut", possibly_billed=True)
    shoot.fault = lambda _, number: {3: failing(FailureKind.TRANSIENT), 4: lost}.get(number)
    assert shoot.run() is Outcome.COMPLETE
    assert len([bill for bill in shoot.progress().bills.values() if not bill.settled]) == 1


def test_a_provider_that_names_no_usage_is_billed_by_an_estimate() -> None:
    shoot = Shoot(scenes=1)
    shoot.fault = lambda request, _number: Answer(text=respond(request.messages), usage=Usage())
    assert shoot.run() is Outcome.COMPLETE
    answers = shoot.of("answer.received")
    assert all(entry["meta"]["is_estimate"] and entry["meta"]["completion_tokens"] > 0 for entry in answers)


@pytest.mark.parametrize("jobs", [1, 4])
def test_a_run_killed_at_half_and_resumed_costs_one_pass_and_what_was_in_flight(jobs: int) -> None:
    scenes = 20
    shoot = Shoot(scenes=scenes, settings=replace(ONE_BY_ONE, jobs=jobs))
    shoot.fault = at(PLANNING + scenes, what=SimulatedCrash())
    assert shoot.run() is None
    assert shoot.run(fault=well) is Outcome.COMPLETE
    assert shoot.is_complete
    assert len(shoot.asked) <= PLANNING + 2 * scenes + jobs
    assert sum(shoot.billed.values()) <= Shoot.run_alone(scenes) * (1 + jobs / scenes)


# crashes


def test_a_scene_of_which_the_program_dies_again_and_again_is_only_made_again_when_somebody_says_so() -> None:
    shoot = Shoot(scenes=3, settings=ONE_BY_ONE)
    shoot.fault = lambda request, _number: (
        SimulatedCrash() if request.task == "storyboard" and request.inputs["number"] == 2 else None
    )
    assert [shoot.run() for _ in range(3)] == [None, None, None]
    assert shoot.run() is Outcome.PAUSED
    asked = [request.inputs.get("number") for request in shoot.asked if request.task == "storyboard"]
    assert asked.count(2) == 3
    assert len(shoot.completed) == 4, "the other scenes were made"
    assert shoot.run(sure=frozenset({2}), fault=well) is Outcome.COMPLETE
    assert shoot.is_complete


def test_a_crash_with_other_scenes_in_flight_is_no_scenes_fault() -> None:
    shoot = Shoot(scenes=4)
    shoot.fault = lambda request, _number: SimulatedCrash() if request.task == "storyboard" else None
    for _ in range(6):
        assert shoot.run() is None
    assert shoot.run(fault=well) is Outcome.COMPLETE


# answers that were cut off


def test_an_answer_that_was_cut_off_goes_on_where_it_stopped() -> None:
    shoot = Shoot(scenes=2, settings=ONE_BY_ONE, fault=cut_in_pieces)
    assert shoot.run() is Outcome.COMPLETE
    assert shoot.is_complete
    whole = Shoot(scenes=2)
    whole.run()
    assert shoot.results() == whole.results()
    assert all(len(request.messages) % 2 == 0 for request in shoot.asked)


def test_an_answer_that_was_cut_off_goes_on_after_a_crash_and_nothing_of_it_is_paid_twice() -> None:
    shoot = Shoot(scenes=1, settings=ONE_BY_ONE)

    def fault(request: Request, number: int) -> Answer | BaseException | None:
        if request.task == "storyboard" and len(request.messages) > 2 and shoot.clock.seconds < 1000:
            return SimulatedCrash()
        return cut_in_pieces(request, number)

    assert shoot.run(fault=fault) is None
    first = [request for request in shoot.asked if request.task == "storyboard" and len(request.messages) == 2]
    shoot.clock.seconds = 1000
    assert shoot.run() is Outcome.COMPLETE
    again = [request for request in shoot.asked if request.task == "storyboard" and len(request.messages) == 2]
    assert len(first) == len(again) == 1


def cut_in_pieces(request: Request, _number: int) -> Answer:
    """Give a third of the answer at a time, beginning with a few words of what was there already."""
    text = respond(request.messages[:2])
    so_far = request.messages[-2]["content"] if len(request.messages) > 2 else ""
    third = -(-len(text) // 3)
    piece = text[max(0, len(so_far) - 20) : len(so_far) + third]
    is_last = len(so_far) + third >= len(text)
    usage = Usage(prompt_tokens=10, completion_tokens=len(piece))
    return Answer(text=piece, finish_reason="stop" if is_last else "length", usage=usage)


def test_the_state_of_what_was_paid_survives_a_checkpoint() -> None:
    shoot = Shoot(scenes=2, settings=ONE_BY_ONE)
    wait = failing(FailureKind.RATE_LIMITED, retry_after_s=9)
    shoot.fault = lambda _, number: {4: wait, 5: SimulatedCrash()}.get(number)
    assert shoot.run() is None
    projection, progress = ProgressProjection(), shoot.progress()
    assert progress.bills
    assert projection.load(projection.save(progress)) == progress


# answers that lacked something


def lacking_once(request: Request, _number: int) -> Answer | None:
    """The first answer of each storyboard is no script."""
    if request.task != "storyboard" or request.inputs.get("missing"):
        return None
    return Answer(text="I cannot do that", usage=Usage(prompt_tokens=10, completion_tokens=10))


def storyboards(shoot: Shoot) -> list[bool]:
    """The storyboards that were asked for: whether each told what the answer before lacked."""
    return [bool(request.inputs.get("missing")) for request in shoot.asked if request.task == "storyboard"]


def test_an_answer_that_lacks_something_is_asked_for_once_more_with_what_was_missing() -> None:
    shoot = Shoot(scenes=1, settings=ONE_BY_ONE, fault=lacking_once)
    assert shoot.run() is Outcome.COMPLETE
    assert storyboards(shoot) == [False, True]
    second = next(request for request in shoot.asked if request.inputs.get("missing"))
    assert str(second.inputs["missing"][0]) in second.messages[-1]["content"]


@pytest.mark.parametrize(
    ("cut", "outcome"),
    [
        (SimulatedCrash(), None),
        (failing(FailureKind.REFUSED), Outcome.PAUSED),
        (failing(FailureKind.TERMINAL), Outcome.FAILED),
    ],
)
def test_only_the_second_call_is_made_again_when_that_came_to_nothing(
    cut: BaseException, outcome: Outcome | None
) -> None:
    shoot = Shoot(scenes=1, settings=ONE_BY_ONE)
    assert shoot.run(fault=lambda r, n: cut if r.inputs.get("missing") else lacking_once(r, n)) is outcome
    assert shoot.run(fault=lacking_once) is Outcome.COMPLETE
    assert storyboards(shoot) == [False, True, True]
    assert shoot.is_complete


def test_a_second_answer_that_a_crash_kept_from_being_read_is_not_followed_by_a_third(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shoot = Shoot(scenes=1, settings=ONE_BY_ONE)
    real = Storyboard.read
    reads: list[str] = []

    def read(self: Storyboard, brief: Brief, text: str) -> Draft:
        reads.append(text)
        if len(reads) == 2:
            shoot.disk.dead = True
            raise SimulatedCrash
        return real(self, brief, text)

    monkeypatch.setattr(Storyboard, "read", read)
    never = Answer(text="I cannot do that", usage=Usage(prompt_tokens=10, completion_tokens=10))
    shoot.fault = lambda request, _number: never if request.task == "storyboard" else None
    assert shoot.run() is None
    assert shoot.run() is Outcome.FAILED
    assert storyboards(shoot) == [False, True]


@pytest.mark.parametrize("bug", [RuntimeError("a bug"), OSError(errno.EIO, "Input/output error")])
def test_an_answer_that_could_not_be_read_is_kept_and_read_by_the_next_run(
    monkeypatch: pytest.MonkeyPatch, bug: Exception
) -> None:
    def broken(_self: Storyboard, _brief: Brief, _text: str) -> Draft:
        raise bug

    shoot = Shoot(scenes=2, settings=ONE_BY_ONE)
    with monkeypatch.context() as patch:
        patch.setattr(Storyboard, "read", broken)
        assert shoot.run() is Outcome.FAILED
    failed = shoot.of("scene.failed")
    assert ["please report it" in entry["meta"]["message"] for entry in failed] == [isinstance(bug, RuntimeError)] * 2
    assert shoot.run() is Outcome.COMPLETE
    assert storyboards(shoot) == [False, False]


def test_an_answer_to_another_question_is_not_taken_for_one_to_this() -> None:
    shoot = Shoot(scenes=1, settings=ONE_BY_ONE)
    assert shoot.run(fault=lambda r, n: SimulatedCrash() if r.inputs.get("missing") else lacking_once(r, n)) is None
    assert shoot.run(settings=replace(ONE_BY_ONE, model="other"), fault=well) is Outcome.COMPLETE
    assert storyboards(shoot) == [False, True, False]


class Stubborn(Shoot):
    """A provider whose own code keeps the end of a call to itself and answers all the same."""

    async def answer(self, request: Request) -> Answer:
        """Answer; during the call that the test names, a person presses Ctrl-C twice."""
        is_last = len(self.asked) == 3
        if is_last:
            assert self.runner is not None
            asyncio.get_running_loop().call_later(0.5, self.runner.stop_softly)
            asyncio.get_running_loop().call_later(0.6, self.runner.stop_now)
        try:
            return await super().answer(request)
        except asyncio.CancelledError:
            if not is_last:
                raise
            return await super().answer(request)


def test_an_answer_that_comes_in_spite_of_a_second_ctrl_c_is_recorded_and_the_run_ends_well() -> None:
    shoot = Stubborn(scenes=3, settings=ONE_BY_ONE)
    assert shoot.run() is Outcome.INTERRUPTED
    assert [entry["type"] for entry in shoot.log][-2:] == ["scene.completed", "run.interrupted"]
