"""One provider's traffic in one run: how many calls at once, how fast, and when to hold off.

Law: what the provider says to everybody (slow down, not now) holds for every caller and is nobody's attempt. No call is
made here.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aiolimiter import AsyncLimiter

from eventlog.values import frozen
from stages.pipeline.contract import FailureKind, ProviderError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from stages.pipeline.calls import RetryPolicy
    from stages.pipeline.settings import Settings

MINUTE_S = 60.0
_SLOW_START = 8  # calls at once before the provider has answered anything
_WIDESPREAD = 3  # so many scenes failing, and none succeeding, are not the scenes' fault
_STEADY = 15.0  # seconds over which tokens may come in a burst


@frozen
class Pace:
    """How fast a provider may be asked. `jobs` calls at once at most; a rate of 0 is no limit.

    After a "slow down" or "not now" without a time, nobody asks for a random part of `first_s` * 2^n, at most
    `longest_s`. A provider that answers nobody for `patience_s` stops the run.
    """

    jobs: int = 4
    requests_per_minute: int = 0
    tokens_per_minute: int = 0
    first_s: float = 1.0
    longest_s: float = 60.0
    patience_s: float = 1800.0


class ImpatienceError(ProviderError):
    """The provider has answered nobody for too long; no call was made."""

    def __init__(self, message: str) -> None:
        super().__init__(FailureKind.REFUSED, message)


@frozen
class Turn:
    """Leave to make one call. `round` counts how often the provider had asked to slow down before it."""

    round: int


def pace_of(settings: Settings, policy: RetryPolicy) -> Pace:
    """The pace that the settings allow."""
    return Pace(
        jobs=settings.jobs,
        requests_per_minute=settings.requests_per_minute,
        tokens_per_minute=settings.tokens_per_minute,
        first_s=policy.first_s,
        longest_s=policy.longest_s,
        patience_s=policy.patience_s,
    )


class Traffic:
    """The traffic of all workers of one run to one provider.

    `limit` is how many calls may be under way now: it grows by one with each answer until the provider first asks to
    slow down, then by one in so many answers; it is halved at each such request, and 1 while the provider is down.
    """

    def __init__(
        self,
        pace: Pace,
        *,
        now: Callable[[], datetime],
        chance: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        waits: Callable[[str, int], None],
        closed_until: datetime | None = None,
    ) -> None:
        self.limit = float(min(pace.jobs, _SLOW_START))
        self.answered = 0
        self._pace, self._now, self._chance, self._sleep, self._waits = pace, now, chance, sleep, waits
        self._closed_until, self._why = closed_until, "the provider asked to wait"
        self._trouble_since: datetime | None = None
        self._trouble = self._round = self._under_way = 0
        self._met_limit = False
        self._failing: set[str] = set()
        self._freed = asyncio.Condition()
        self._requests = _limiter(1, pace.requests_per_minute and MINUTE_S / pace.requests_per_minute)
        self._tokens = _limiter(pace.tokens_per_minute * _STEADY / MINUTE_S, pace.tokens_per_minute and _STEADY)

    @property
    def under_way(self) -> int:
        """How many calls have begun and are not over."""
        return self._under_way

    @asynccontextmanager
    async def turn(self, tokens: int) -> AsyncIterator[Turn]:
        """Wait for leave to make one call of about so many tokens, which is over when the block ends.

        Raises ProviderError (REFUSED) if the provider keeps everybody waiting for too long.
        """
        await self._enter()
        try:
            await self._within_rates(tokens)
            yield Turn(round=self._round)
        finally:
            self._under_way -= 1
            async with self._freed:
                self._freed.notify_all()

    async def _enter(self) -> None:
        while True:
            self._expect_patience()
            if (wait_s := self._opens_in_s()) > 0:
                await self._sleep(wait_s)
                continue
            async with self._freed:
                if self._under_way < int(self.limit):
                    self._under_way += 1
                    break
                await self._freed.wait()
        try:
            await self._sleep(0)  # a run that was stopped meanwhile begins nothing new
        except BaseException:
            self._under_way -= 1
            raise

    async def _within_rates(self, tokens: int) -> None:
        if self._requests is not None:
            await self._requests.acquire()
        if self._tokens is not None:
            await self._tokens.acquire(min(max(tokens, 1), self._tokens.max_rate))
        if self._requests is not None or self._tokens is not None:
            await self._sleep(0)

    def _opens_in_s(self) -> float:
        return (self._closed_until - self._now()).total_seconds() if self._closed_until is not None else 0.0

    def _expect_patience(self) -> None:
        """Give up on a provider that answers nobody, or asks for more time than anybody has."""
        patience_s = self._pace.patience_s
        trouble_s = (self._now() - self._trouble_since).total_seconds() if self._trouble_since is not None else 0.0
        if self._closed_until is not None and self._opens_in_s() > patience_s:
            until = self._closed_until.astimezone().strftime("%Y-%m-%d %H:%M")
            raise ProviderError(FailureKind.REFUSED, f"{self._why}; not before {until}.")
        if trouble_s > patience_s:
            minutes = max(1, round(trouble_s / MINUTE_S))
            raise ImpatienceError(f"{self._why}; it has answered nobody for {minutes} min.")

    def fails_only(self, subject: str) -> bool:
        """Whether nobody else's calls failed since the last answer."""
        return self._failing == {subject}

    def forgive(self) -> None:
        """Forget the trouble there was: it was one subject's own, and that one is given up."""
        self._trouble, self._trouble_since = 0, None
        self._failing.clear()

    def succeeded(self, *, wait_s: float = 0.0) -> None:
        """A call was answered; the provider wants the next one no sooner than after `wait_s`."""
        self.answered += 1
        self._trouble, self._trouble_since = 0, None
        self._failing.clear()
        self.limit = min(float(self._pace.jobs), self.limit + (1 / self.limit if self._met_limit else 1.0))
        if wait_s > 0:
            self._close(wait_s, "the provider's limit is used up")

    def failed(self, turn: Turn, subject: str, error: ProviderError) -> bool:
        """A call failed; returns whether that is for the provider as a whole, and so not an attempt of this subject."""
        self._failing.add(subject)
        match error.kind:
            case FailureKind.RATE_LIMITED:
                self._slow_down(turn, error)
            case FailureKind.UNAVAILABLE:
                self._hold_off(turn, error)
            case FailureKind.TRANSIENT if len(self._failing) >= _WIDESPREAD:
                self._hold_off(turn, error)
            case _:
                return False
        return True

    def _slow_down(self, turn: Turn, error: ProviderError) -> None:
        if turn.round == self._round:  # those that were under way when it last asked have been heard already
            self.limit, self._met_limit = max(1.0, self.limit / 2), True
        self._wait_after(turn, error)

    def _hold_off(self, turn: Turn, error: ProviderError) -> None:
        """Let one caller alone find out when the provider is back."""
        if turn.round == self._round:
            self.limit = 1.0
        self._wait_after(turn, error)

    def _wait_after(self, turn: Turn, error: ProviderError) -> None:
        self._trouble_since = self._trouble_since or self._now()
        wait_s = error.retry_after_s
        if turn.round == self._round:
            self._round += 1
            self._trouble += 1
            longest_s = min(self._pace.longest_s, self._pace.first_s * 2.0 ** min(self._trouble, 30))
            wait_s = self._chance() * longest_s if wait_s is None else wait_s
        if wait_s is not None:
            self._close(wait_s, error.message.rstrip("."))

    def _close(self, wait_s: float, why: str) -> None:
        until = self._now() + timedelta(seconds=wait_s)
        if self._closed_until is None or until > self._closed_until:
            self._closed_until = until
            if why != self._why or wait_s >= MINUTE_S / 2:
                self._waits(why, max(1, round(wait_s)))
            self._why = why


def _limiter(most: float, period_s: float) -> AsyncLimiter | None:
    return AsyncLimiter(most, period_s) if period_s else None
