"""What a run would cost, as people and programs read it.

Law: an estimate is told as one; what was used is what the log says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from stages.commands.words import say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stages.pipeline.bills import Bill, Tokens
    from stages.pipeline.forecast import Forecast
    from stages.pipeline.settings import Settings


def tokens_text(tokens: Tokens | None) -> str:
    """What stands behind a step that would be made; empty if it costs nothing."""
    return f"  (~{tokens.total:,} tokens)" if tokens is not None and tokens.total else ""


def told(forecast: Forecast, settings: Settings, bills: Iterable[Bill] = ()) -> dict[str, Any]:
    """The estimate and what was used so far, as a JSON object; a cost is null where the model has no price."""
    from stages.pipeline.bills import Bill, Tokens  # noqa: PLC0415 - only when something is planned
    from stages.pipeline.budget import cost_of, terms_of  # noqa: PLC0415

    prices = terms_of(settings).prices
    known = list(bills)
    used = sum((bill.tokens for bill in known), Tokens())
    wanted = Bill(model=settings.model, prompt=forecast.tokens.prompt, completion=forecast.tokens.completion)
    priced = settings.model in prices
    return {
        "estimate": {
            "calls": forecast.calls,
            "prompt_tokens": wanted.prompt,
            "completion_tokens": wanted.completion,
            "cost": round(cost_of([wanted], prices), 6) if priced else None,
        },
        "used": {
            "prompt_tokens": used.prompt,
            "completion_tokens": used.completion,
            "cost": round(cost_of(known, prices), 6) if all(bill.model in prices for bill in known) else None,
        },
    }


def print_estimate(found: dict[str, Any], settings: Settings) -> None:
    """Tell a person of it."""
    estimate, used = found["estimate"], found["used"]
    for key, one in (("estimated", estimate), ("used", used)):
        tokens = one["prompt_tokens"] + one["completion_tokens"]
        cost = say("cost", cost=f"{one['cost']:.4g}") if one["cost"] else ""
        if tokens or key == "estimated":
            click.echo(say(key, calls=estimate["calls"], tokens=f"{tokens:,}", cost=cost))
    limits = [f"{settings.max_tokens:,} tokens"] * bool(settings.max_tokens)
    limits += [f"{settings.max_cost:g}"] * bool(settings.max_cost)
    if limits:
        click.echo(say("budget", limit=", ".join(limits)))
