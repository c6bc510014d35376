"""What progress knows of attempts: which are in hand, what each costs, when its provider wants to be asked again.

Law: pure. An attempt counts once, under its own id, however often and in whatever order its facts are read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stages.pipeline.bills import Bill

if TYPE_CHECKING:
    from stages.pipeline import events as facts
    from stages.pipeline.progress import Progress
    from stages.pipeline.steps import Step


def run_started(state: Progress, fact: facts.RunStarted) -> None:
    """What the run before left in hand, with no word of its end, it died of; or of something else, if it was much."""
    subjects = set(state.in_hand.values())
    for subject in subjects:
        step = state.steps[subject]
        step.crashes = step.crashes + 1 if len(subjects) == 1 else 0
    unread = {attempt: subject for attempt, subject in state.in_hand.items() if state.steps[subject].unread is not None}
    state.in_hand, state.model = unread, fact.model
    state.provider = f"{fact.provider}/{fact.model}"


def has_outcome(state: Progress, step: Step, attempt: str) -> None:
    """An attempt came to an end that was heard of."""
    state.in_hand.pop(attempt, None)
    step.crashes = 0


def reserve(state: Progress, fact: facts.SceneStarted | facts.PlanningStarted) -> None:
    """An attempt begins: it may cost this much."""
    if fact.prompt_tokens or fact.completion_tokens:
        bill = Bill(model=state.model, prompt=fact.prompt_tokens, completion=fact.completion_tokens)
        state.bills.setdefault(fact.attempt, bill)


def give_back(state: Progress, fact: facts.SceneFailed | facts.PlanningFailed) -> None:
    """A call gave no answer: what was reserved for it is free again, unless it may have been billed all the same."""
    bill = state.bills.get(fact.attempt)
    if bill is not None and not bill.settled and not fact.possibly_billed:
        del state.bills[fact.attempt]
    if fact.not_before:
        state.not_before[state.provider] = max(fact.not_before, state.not_before.get(state.provider, ""))


def settle(state: Progress, fact: facts.AnswerReceived) -> None:
    """A call was answered: it costs what the provider says."""
    if fact.without:
        state.without[state.provider] = fact.without
    if fact.prompt_tokens or fact.completion_tokens:
        reserved = state.bills.get(fact.attempt)
        state.bills[fact.attempt] = Bill(
            model=reserved.model if reserved else state.model,
            prompt=fact.prompt_tokens,
            completion=fact.completion_tokens,
            settled=True,
        )
