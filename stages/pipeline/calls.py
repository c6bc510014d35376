"""One call to a provider and what is recorded of it, with the one retry layer there is.

Law: the start is recorded before the call, the answer before anybody reads it. A refusal by the provider is never
repeated; what is worth repeating waits with full jitter, and at least as long as the provider asks for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

from eventlog.values import frozen
from stages.pipeline import events as facts
from stages.pipeline.answers import joined, strip_wrapping
from stages.pipeline.bills import Bill, Tokens
from stages.pipeline.budget import estimate_call, estimate_tokens
from stages.pipeline.contract import CUT_OFF, FailureKind, ProviderError
from stages.pipeline.traffic import ImpatienceError
from stages.prompts import go_on

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from stages.pipeline.budget import Terms
    from stages.pipeline.contract import Answer, Provider, Request
    from stages.pipeline.project import Project
    from stages.pipeline.system import System
    from stages.pipeline.traffic import Traffic

CONTINUATIONS = 4
_PASSING = (FailureKind.TRANSIENT, FailureKind.RATE_LIMITED, FailureKind.UNAVAILABLE)


@frozen
class RetryPolicy:
    """How often a call is made that fails by itself, and how long is waited between: random up to `first_s` * 2^n.

    A wait is at most `longest_s`, or what the provider asks for; more than `patience_s` is not waited for.
    """

    attempts: int = 5
    first_s: float = 1.0
    longest_s: float = 60.0
    patience_s: float = 1800.0


@frozen
class Received:
    """An answer that is recorded: the id of its entry, the attempt that brought it, its text (`is_cut`: not all)."""

    id: str
    attempt: str
    text: str
    is_cut: bool = False


@frozen
class Call:
    """What a call is for: its subject, and for a scene its fingerprint and how many attempts there were before.

    `after` is the answer that lacked something, if that is why the scene is asked for again.
    """

    subject: str
    request: Request
    fingerprint: str = ""
    attempts_before: int = 0
    after: str = ""

    @property
    def is_planning(self) -> bool:
        """Whether this is about the story as a whole."""
        return self.subject.startswith("planning/")


class BudgetError(ProviderError):
    """No call may be made any more: the budget of the project would be passed."""

    def __init__(self, message: str) -> None:
        super().__init__(FailureKind.REFUSED, message)


class Caller:
    """Makes calls for one project; `sleep` waits a number of seconds and may be cut short by raising."""

    def __init__(
        self,
        project: Project,
        system: System,
        *,
        policy: RetryPolicy,
        terms: Terms,
        traffic: Traffic,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._project, self._system, self._policy, self._sleep = project, system, policy, sleep
        self._terms, self._traffic = terms, traffic
        self._beginning: dict[str, Bill] = {}
        self._jitter = wait_random_exponential(multiplier=policy.first_s, max=policy.longest_s)

    @property
    def in_flight(self) -> int:
        """How many calls are being answered."""
        return self._traffic.under_way

    async def ask(self, provider: Provider, call: Call, so_far: Received | None = None) -> Received:
        """Ask until there is a whole answer or no sense in asking on; raises ProviderError, recorded as the failure.

        An answer that was cut off (`so_far`, from before a crash) goes on where it stopped.
        """
        received = so_far or await self._answered(provider, call, None)
        for _ in range(CONTINUATIONS):
            if not received.is_cut or not strip_wrapping(received.text):  # cut off while it reasoned: no use
                break
            received = await self._answered(provider, _continued(call, received.text), received)
        return received

    async def _answered(self, provider: Provider, call: Call, before: Received | None) -> Received:
        tries = _Tries(self._policy.attempts)
        retrying = AsyncRetrying(
            stop=lambda _: tries.are_used_up,
            wait=self._wait,
            retry=retry_if_exception(self._is_worth_retrying),
            sleep=self._sleep,
            reraise=True,
        )
        answered = self._traffic.answered
        try:
            async for attempt in retrying:
                with attempt:
                    return await self._once(provider, call, before, tries)
        except ImpatienceError as error:
            if self._traffic.answered > answered and self._traffic.fails_only(call.subject):
                raise await self._given_up(call, error) from None
            raise
        raise AssertionError("the retry layer returns or raises")

    async def _given_up(self, call: Call, error: ProviderError) -> ProviderError:
        """A provider that has answered others since, and no longer this one, is not down: the others go on."""
        self._traffic.forgive()
        failure = ProviderError(FailureKind.TRANSIENT, error.message)
        await self._project.record(self._failed(call, "", failure))
        return failure

    def _wait(self, state: RetryCallState) -> float:
        """What is said to everybody is waited for by everybody (traffic.py); the rest here."""
        error = state.outcome.exception() if state.outcome else None
        if not isinstance(error, ProviderError) or error.kind is not FailureKind.TRANSIENT:
            return 0.0
        return max(self._jitter(state), error.retry_after_s or 0.0)

    def _is_worth_retrying(self, error: BaseException) -> bool:
        if not isinstance(error, ProviderError) or error.kind not in _PASSING:
            return False
        return error.kind is not FailureKind.TRANSIENT or (error.retry_after_s or 0.0) <= self._policy.patience_s

    async def _once(self, provider: Provider, call: Call, before: Received | None, tries: _Tries) -> Received:
        wanted = Tokens() if self._terms.free else estimate_call(call.request)
        async with self._traffic.turn(wanted.total) as turn:
            attempt = await self._begin(call, tries, wanted, before)
            tries.answered_before = self._traffic.answered
            try:
                answer = await provider.answer(call.request)
            except ProviderError as error:
                error.kind = self._whose(error, self._traffic.failed(turn, call.subject, error), tries)
                tries.failed += error.kind is FailureKind.TRANSIENT
                await self._project.record(self._failed(call, attempt, error))
                raise
            self._traffic.succeeded(wait_s=answer.wait_s)
            return await self._keep(call, attempt, answer, before)

    def _whose(self, error: ProviderError, is_everybodys: bool, tries: _Tries) -> FailureKind:  # noqa: FBT001 - one use
        """A provider that is "down" and answers others meanwhile is not down; one that fails everybody is."""
        if error.kind is FailureKind.UNAVAILABLE and self._traffic.answered > tries.answered_before:
            return FailureKind.TRANSIENT
        return FailureKind.UNAVAILABLE if error.kind is FailureKind.TRANSIENT and is_everybodys else error.kind

    async def _begin(self, call: Call, tries: _Tries, wanted: Tokens, before: Received | None) -> str:
        """Reserve what the call may cost and record that it begins; returns the attempt. Raises BudgetError."""
        attempt = self._project.new_id()
        bill = Bill(model=self._project.progress.model, prompt=wanted.prompt, completion=wanted.completion)
        known = chain(self._project.progress.bills.values(), self._beginning.values())
        if refusal := self._terms.allowance.refusal(known, self._terms.prices, bill):
            raise BudgetError(refusal)
        tries.made += 1
        self._beginning[attempt] = bill  # until its start is recorded, nobody else knows of it
        try:
            started = _started(call, attempt, call.attempts_before + tries.made, wanted=wanted, before=before)
            await self._project.record(started)
        finally:
            del self._beginning[attempt]
        return attempt

    async def _keep(self, call: Call, attempt: str, answer: Answer, before: Received | None) -> Received:
        """Record an answer, before anybody reads it."""
        usage = answer.usage
        is_estimate = not self._terms.free and usage.prompt_tokens == usage.completion_tokens == 0
        tokens = Tokens(prompt=usage.prompt_tokens, completion=usage.completion_tokens)
        if is_estimate:
            tokens = Tokens(prompt=estimate_call(call.request).prompt, completion=estimate_tokens(answer.text))
        fact = facts.AnswerReceived(
            subject=call.subject,
            attempt=attempt,
            finish_reason=answer.finish_reason[:40],
            model=answer.model[:80],
            prompt_tokens=tokens.prompt,
            completion_tokens=tokens.completion,
            is_estimate=is_estimate,
            without=",".join(answer.without),
        )
        text = joined(before.text, answer.text) if before else answer.text
        content = {"text": text, "piece": answer.text} if before else {"text": text}
        answer_id = await self._project.record(fact, content)
        return Received(id=answer_id, attempt=attempt, text=text, is_cut=answer.finish_reason == CUT_OFF)

    def _failed(self, call: Call, attempt: str, error: ProviderError) -> facts.Fact:
        wait_s = error.retry_after_s
        later = self._system.now() + timedelta(seconds=wait_s) if wait_s else None
        kind = facts.PlanningFailed if call.is_planning else facts.SceneFailed
        return kind(
            subject=call.subject,
            attempt=attempt,
            kind=error.kind.value,
            message=error.message,
            not_before=later.isoformat(timespec="seconds") if later else "",
            possibly_billed=error.possibly_billed,
        )


@dataclass(slots=True)
class _Tries:
    """How often one call was made, and how often it failed by itself."""

    most: int
    made: int = 0
    failed: int = 0
    answered_before: int = 0

    @property
    def are_used_up(self) -> bool:
        """Whether it is not to be made again."""
        return self.failed >= self.most


def _continued(call: Call, text: str) -> Call:
    """The same request, with what came of the answer, and the wish to go on where it stopped."""
    asked = (*call.request.messages, *go_on(call.request.language, text))
    return replace(call, request=replace(call.request, messages=asked))


def _started(call: Call, attempt: str, number: int, *, wanted: Tokens, before: Received | None) -> facts.Fact:
    tokens = {"prompt_tokens": wanted.prompt, "completion_tokens": wanted.completion}
    if call.is_planning:
        return facts.PlanningStarted(subject=call.subject, attempt=attempt, **tokens)
    return facts.SceneStarted(
        subject=call.subject,
        attempt=attempt,
        number=number,
        fingerprint=call.fingerprint,
        continues=before.id if before else "",
        after=call.after,
        **tokens,
    )
