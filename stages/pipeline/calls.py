"""One call to a provider and what is recorded of it, with the one retry layer there is.

Law: the start is recorded before the call, the answer before anybody reads it. A refusal by the provider is never
repeated; what is worth repeating waits with full jitter, and at least as long as the provider asks for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_random_exponential

from stages.pipeline import events as facts
from stages.pipeline.contract import FailureKind, ProviderError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from stages.pipeline.contract import Provider, Request
    from stages.pipeline.project import Project
    from stages.pipeline.system import System


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often a call is made, and how long is waited between: random up to `first_s` * 2^n, at most `longest_s`.

    A provider that asks for more than `patience_s` is not waited for: the scene fails for now.
    """

    attempts: int = 5
    first_s: float = 1.0
    longest_s: float = 60.0
    patience_s: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An answer that is recorded: the id of its entry, the attempt that brought it, its text."""

    id: str
    attempt: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a call is for: its subject, and for a scene its fingerprint and how many attempts there were before."""

    subject: str
    request: Request
    fingerprint: str = ""
    attempts_before: int = 0

    @property
    def is_planning(self) -> bool:
        """Whether this is about the story as a whole."""
        return self.subject.startswith("planning/")


class Caller:
    """Makes calls for one project; `sleep` waits a number of seconds and may be cut short by raising."""

    def __init__(
        self, project: Project, system: System, policy: RetryPolicy, sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._project, self._system, self._policy, self._sleep = project, system, policy, sleep
        self._jitter = wait_random_exponential(multiplier=policy.first_s, max=policy.longest_s)

    async def ask(self, provider: Provider, call: Call) -> Received:
        """Ask until there is an answer or no sense in asking on; raises ProviderError, recorded as the failure."""
        retrying = AsyncRetrying(
            stop=stop_after_attempt(self._policy.attempts),
            wait=self._wait,
            retry=retry_if_exception(self._is_worth_retrying),
            sleep=self._sleep,
            reraise=True,
        )
        async for attempt in retrying:
            with attempt:
                number = call.attempts_before + attempt.retry_state.attempt_number
                return await self._once(provider, call, number)
        raise AssertionError("the retry layer returns or raises")

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked_s = error.retry_after_s if isinstance(error, ProviderError) else None
        return max(self._jitter(state), asked_s or 0.0)

    def _is_worth_retrying(self, error: BaseException) -> bool:
        if not isinstance(error, ProviderError):
            return False
        is_passing = error.kind in (FailureKind.TRANSIENT, FailureKind.UNAVAILABLE, FailureKind.RATE_LIMITED)
        return is_passing and (error.retry_after_s or 0.0) <= self._policy.patience_s

    async def _once(self, provider: Provider, call: Call, number: int) -> Received:
        attempt = self._project.new_id()
        await self._project.record(self._started(call, attempt, number))
        try:
            answer = await provider.answer(call.request)
        except ProviderError as error:
            await self._project.record(self._failed(call, attempt, error))
            raise
        received = facts.AnswerReceived(
            subject=call.subject,
            attempt=attempt,
            finish_reason=answer.finish_reason[:40],
            model=answer.model[:80],
            prompt_tokens=answer.usage.prompt_tokens,
            completion_tokens=answer.usage.completion_tokens,
        )
        answer_id = await self._project.record(received, {"text": answer.text})
        return Received(id=answer_id, attempt=attempt, text=answer.text)

    def _started(self, call: Call, attempt: str, number: int) -> facts.Fact:
        if call.is_planning:
            return facts.PlanningStarted(subject=call.subject, attempt=attempt)
        return facts.SceneStarted(subject=call.subject, attempt=attempt, number=number, fingerprint=call.fingerprint)

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
        )
