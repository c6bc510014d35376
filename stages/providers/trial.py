"""Try a provider out: one tiny call, and what it says about the server, the key, the model and the options.

Law: one call and no retry; whatever goes wrong is an answer to the question.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from eventlog.values import frozen
from stages.pipeline.contract import Answer, FailureKind, ProviderError, Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from stages.providers.openai_compatible import OpenAICompatibleProvider

LONGEST_ANSWER_TOKENS = 64
_ASKED = 'Reply with this JSON object and nothing else: {"ok": true}'
_ABOUT_THE_KEY = frozenset({401, 403, 407})
_ABOUT_THE_MODEL = frozenset({400, 404, 422})


@frozen
class Trial:
    """What was found out; None is what the call could not tell. `problem` is empty if the provider works."""

    is_reachable: bool
    is_key_taken: bool | None = None
    is_model_known: bool | None = None
    is_streaming: bool | None = None
    without: tuple[str, ...] = ()
    answered_by: str = ""
    latency_s: float = 0.0
    problem: str = ""


def try_out(new_provider: Callable[[], OpenAICompatibleProvider], time_ns: Callable[[], int]) -> Trial:
    """Make the one call and return what was found out."""
    return asyncio.run(_try_out(new_provider(), time_ns))


async def _try_out(provider: OpenAICompatibleProvider, time_ns: Callable[[], int]) -> Trial:
    # Asked as for the scenes, so that every option that a run uses is met here first.
    request = Request(task="scenes", language="en", messages=({"role": "user", "content": _ASKED},), inputs={})
    began = time_ns()
    try:
        outcome: Answer | ProviderError = await provider.answer(request)
    except ProviderError as error:
        outcome = error
    finally:
        await provider.close()
    latency_s = max(time_ns() - began, 0) / 1e9
    if isinstance(outcome, ProviderError):
        return _failed(outcome, provider.status, latency_s)
    return Trial(
        is_reachable=True,
        is_key_taken=True,
        is_model_known=True,
        is_streaming=provider.was_streamed,
        without=outcome.without,
        answered_by=outcome.model,
        latency_s=latency_s,
    )


def _failed(error: ProviderError, status: int | None, latency_s: float) -> Trial:
    is_refused = error.kind is FailureKind.REFUSED and status is not None
    is_about_key = is_refused and status in _ABOUT_THE_KEY
    is_about_model = is_refused and status in _ABOUT_THE_MODEL
    return Trial(
        is_reachable=status is not None or error.possibly_billed,
        is_key_taken=False if is_about_key else True if is_about_model else None,
        is_model_known=False if is_about_model else None,
        latency_s=latency_s,
        problem=error.message,
    )
