"""Calls of the OpenAI-compatible provider, as its tests make them.

Law: whoever looks at a failure here has also looked for the key in every corner of it.
"""

from __future__ import annotations

import asyncio
import json
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from stages import prompts
from stages.pipeline.contract import Answer, ProviderError, Request
from stages.providers.connection import Timeouts
from stages.providers.openai_compatible import OpenAICompatibleProvider, openai_factory
from stages.providers.options import Wishes
from tests import loopback_server as ls

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

KEY = "sk-proj-Zq7Xw2Lm9Rt4Vb6Np1Kd8"
NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
STORY = "他推开门。“谁？”她问，手里攥着 $5。\n\n没有人回答。\n"
INPUTS: dict[str, Any] = {
    "title": "雨夜", "number": 1, "text": STORY, "characters": [], "bible": "", "style": "", "missing": [],
}  # fmt: skip
REQUEST = Request(
    task="storyboard", language="zh", messages=prompts.messages("storyboard", "zh", INPUTS), inputs=INPUTS
)


def factory(
    base_url: str,
    key: str | None = KEY,
    timeouts: Timeouts | None = None,
    *,
    wishes: Wishes | None = None,
    without: Sequence[str] = (),
) -> Callable[[], OpenAICompatibleProvider]:
    """Return a provider's factory with the test's model and clock."""
    return openai_factory(
        base_url=base_url,
        api_key=key,
        model="test-model",
        now=lambda: NOW,
        timeouts=timeouts or Timeouts(),
        wishes=wishes or Wishes(),
        without=without,
    )


async def ask_once(provider: OpenAICompatibleProvider, request: Request = REQUEST) -> Answer:
    """Make one call and close the provider."""
    try:
        return await provider.answer(request)
    finally:
        await provider.close()


def ask(base_url: str, key: str | None = KEY, timeouts: Timeouts | None = None) -> Answer:
    """Make one call with a new provider."""
    return asyncio.run(ask_once(factory(base_url, key, timeouts)()))


def failure_of(call: Callable[[], object]) -> ProviderError:
    """Return the failure, after a look into every corner in which a key could hide."""
    with pytest.raises(ProviderError) as caught:
        call()
    error = caught.value
    assert error.__context__ is None
    assert error.__cause__ is None
    told = "".join(traceback.TracebackException.from_exception(error).format()) + repr(error) + repr(error.args)
    frame = error.__traceback__
    while frame:
        if frame.tb_frame.f_code.co_name == "answer":
            told += repr(frame.tb_frame.f_locals)
        frame = frame.tb_next
    assert KEY not in told
    assert KEY[:10] not in told
    assert error.message.isprintable()
    assert len(error.message) < 800
    return error


def failure(fault: ls.Fault, timeouts: Timeouts | None = None) -> ProviderError:
    """Return what one call makes of a fault, having cost exactly one request."""
    with ls.loopback(ls.always(fault)) as server:
        error = failure_of(lambda: ask(server.base_url, timeouts=timeouts))
        assert len(server.requests) == 1
    return error


def body(value: Any, status: int = 200, **headers: str) -> ls.Fault:
    """Return the reply with this JSON, status and headers (`Retry_After` for Retry-After)."""
    return ls.Fault(
        status=status, body=json.dumps(value).encode(), headers={k.replace("_", "-"): v for k, v in headers.items()}
    )
