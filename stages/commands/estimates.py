"""What a run would cost, as people and programs read it.

Law: an estimate is told as one; what was used is what the log says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from stages.commands.words import say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stages.commands.places import Place
    from stages.pipeline.budget import Bill, Tokens
    from stages.pipeline.forecast import Forecast
    from stages.pipeline.settings import Settings
    from stages.pipeline.system import System


def tokens_text(tokens: Tokens | None) -> str:
    """What stands behind a step that would be made; empty if it costs nothing."""
    return f"  (~{tokens.total:,} tokens)" if tokens is not None and tokens.total else ""


def told(forecast: Forecast, settings: Settings, bills: Iterable[Bill] = ()) -> dict[str, Any]:
    """The estimate and what was used so far, as a JSON object; a cost is null where the model has no price."""
    from stages.pipeline.budget import Bill, Tokens, cost_of, terms_of  # noqa: PLC0415 - only when something is planned

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


def dry_run(place: Place, system: System, options: dict[str, Any]) -> None:
    """Print what `run` with these options would do, and about what it would cost; nothing is made or changed."""
    from stages.commands.plan import show_plan  # noqa: PLC0415 - only when something is planned
    from stages.pipeline.project import LOG  # noqa: PLC0415

    log = f"{place.folder}/{LOG}"
    if system.files.stat(log) is not None:
        show_plan(place, log, system, options)
    else:
        _dry_run_new(place, system, options)


def _dry_run_new(place: Place, system: System, options: dict[str, Any]) -> None:
    from stages.commands.conduct import chosen_stages, settings_of  # noqa: PLC0415 - only when something is planned
    from stages.commands.options import CHOSEN  # noqa: PLC0415
    from stages.commands.run import read_story_file, require_project  # noqa: PLC0415
    from stages.pipeline.forecast import forecast_story, total  # noqa: PLC0415
    from stages.pipeline.settings import OFFLINE  # noqa: PLC0415

    if place.story is None:
        require_project(place)
    story = read_story_file(place)
    settings = settings_of(system, str(place.folder), {name: options[name] for name in CHOSEN})
    stages = chosen_stages(options["stages"])
    calls = forecast_story(story.text, stages, language=story.language, style=settings.style)
    found = told(total(calls if settings.provider != OFFLINE else []), settings)
    if options["as_json"]:
        import orjson  # noqa: PLC0415 - only with --json

        click.echo(orjson.dumps({"name": place.name, "steps": [], **found}).decode())
        return
    click.echo(say("dry_new", name=place.name, characters=f"{len(story.text):,}"))
    if settings.provider != OFFLINE:
        print_estimate(found, settings)
