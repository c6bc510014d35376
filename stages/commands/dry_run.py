"""`run --dry-run`: what a run would make, why, and for about how much.

Law: nothing is asked of a model, made, locked or changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from stages.commands.estimates import print_estimate, told
from stages.commands.words import say

if TYPE_CHECKING:
    from stages.commands.places import Place
    from stages.pipeline.system import System


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
    from stages.commands.stories import read_story_file, require_project  # noqa: PLC0415
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
