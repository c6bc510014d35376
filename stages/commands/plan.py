"""`scenelog plan`: what a run would do with each scene, and why; nothing is asked of a model, locked or changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from eventlog.tool.text import clean
from stages.commands.failures import CommandError, explained
from stages.commands.options import CHOSEN
from stages.commands.places import Place, find, projects_option, real_system, require_log, typed
from stages.commands.reasons import reason, stale_option
from stages.commands.words import called, say
from stages.pipeline.text import quoted
from stages.providers.presets import NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stages.pipeline.bills import Tokens
    from stages.pipeline.plan import PlannedStep
    from stages.pipeline.revision import Revision
    from stages.pipeline.settings import Settings
    from stages.pipeline.system import System
    from stages.pipeline.view import ProjectView

_EPILOG = """\b
Examples:
  scenelog plan 人生                                 every scene: made, kept or waiting, and why
  scenelog plan 人生 --stale rerun --style 水墨        what another style would make again
  scenelog plan 人生 --scenes 1-5 --json             for a script
  scenelog plan 人生.txt --update-source             what the story's changed text does to the scenes
"""


@click.command("plan", epilog=_EPILOG, short_help="Show what a run would do, and why.")
@click.argument("target", metavar="STORY|PROJECT")
@click.option("--stage", "stages", multiple=True, metavar="NAME", help="Only this stage (storyboard, enhancement).")
@click.option("--scenes", metavar="LIST", help="Only these scenes, counted from 1, as in 1-5,8.")
@click.option("--provider", type=click.Choice(NAMES), metavar="NAME", help="As if run with this provider.")
@click.option("--model", metavar="M", help="As if run with this model.")
@click.option("--style", metavar="TEXT", help="As if run with this visual style.")
@stale_option
@click.option("--update-source", is_flag=True, help="As if the story's changed text were taken in; shows what changes.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@projects_option
def plan(target: str, **options: Any) -> None:
    """Show what `scenelog run` would do with each scene in each stage, and why.

    Nothing is asked of a model, nothing is locked or changed, and nothing is paid.
    """
    with explained():
        place = find(target, options["projects"])
        log = require_log(place)
        system = real_system()
        show_plan(place, log, system, options)


def show_plan(place: Place, log: str, system: System, options: dict[str, Any]) -> None:
    """Print what a run with these options would do."""
    from stages.commands.changes import show_changes  # noqa: PLC0415 - only when something is planned
    from stages.commands.estimates import print_estimate, told  # noqa: PLC0415
    from stages.commands.stories import require_story  # noqa: PLC0415
    from stages.pipeline.forecast import total  # noqa: PLC0415
    from stages.pipeline.settings import OFFLINE  # noqa: PLC0415
    from stages.pipeline.view import ProjectView  # noqa: PLC0415

    require_story(place, options)
    with ProjectView(log, system.files) as view:
        if view.damage is not None:
            raise view.damage
        revision, texts = _revised(view, place) if options["update_source"] else (None, {})
        if revision is not None:
            view.progress.scenes = list(revision.scenes)
        steps, settings, costs = _steps(view, place, system, options=options, texts=texts)
        found = told(total(costs.values()), settings, view.progress.bills.values())
        if options["as_json"]:
            _print_json(place, steps, revision, costs=costs, found=found)
            return
        if revision is not None:
            show_changes(revision, click.echo)
        elif options["update_source"]:
            click.echo(say("source_same", name=clean(place.name)))
        _print(place, steps, costs)
        if settings.provider != OFFLINE:
            print_estimate(found, settings)
        if place.story is not None and not options["update_source"] and _revised(view, place)[0] is not None:
            click.echo(say("source_changed", path=quoted(clean(str(place.story)))))


def _revised(view: ProjectView, place: Place) -> tuple[Revision | None, dict[str, str]]:
    """What the story's text of today does to the scenes, with the digest of each one's text; None if it is the same."""
    from stages.commands.stories import read_story_file  # noqa: PLC0415 - only with --update-source
    from stages.pipeline.revision import revise  # noqa: PLC0415
    from stages.pipeline.text import digest  # noqa: PLC0415

    story, progress = read_story_file(place), view.progress
    if not progress.planned_sha256 or view.text_of(progress.planned_source) == story.text:
        return None, {}
    found = revise(view.scenes_with_texts(), story.text, story.language, highest_id=progress.highest_id)
    return found, {scene.id: digest(story.text[scene.start : scene.end].strip()) for scene in found.scenes}


def _steps(
    view: ProjectView, place: Place, system: System, *, options: dict[str, Any], texts: dict[str, str]
) -> tuple[list[PlannedStep], Settings, dict[tuple[str, str], Tokens]]:
    """The steps of a run, the settings it would have, and what each step would cost."""
    from stages.commands.conduct import (  # noqa: PLC0415 - only when something is planned
        chosen_stages,
        prompt_folders,
        settings_of,
    )
    from stages.commands.stories import parsed_scenes  # noqa: PLC0415
    from stages.pipeline.briefs import bases_of  # noqa: PLC0415
    from stages.pipeline.forecast import forecast_steps  # noqa: PLC0415
    from stages.pipeline.plan import plan_run, scenes_beyond  # noqa: PLC0415
    from stages.pipeline.settings import OFFLINE  # noqa: PLC0415
    from stages.pipeline.wordings import load_wordings  # noqa: PLC0415

    scenes = parsed_scenes(options["scenes"])
    if beyond := scenes_beyond(view.progress, scenes):
        raise CommandError(say("no_scene", number=beyond[0], name=place.name, total=len(view.progress.scenes)))
    settings = settings_of(system, str(place.folder), {name: options.get(name) for name in CHOSEN})
    wordings = load_wordings(system.files, prompt_folders(str(place.folder)))
    rerun = options["stale"] == "rerun"
    stages = chosen_stages(options["stages"])
    bases = bases_of(view, stages, settings, wordings=wordings, rerun=rerun)
    bases = [replace(one, scene_digests=texts or one.scene_digests) for one in bases]
    steps = plan_run(view.progress, bases, scenes)
    if settings.provider == OFFLINE:
        return steps, settings, {}
    return steps, settings, forecast_steps(view, stages, steps, style=settings.style, wordings=wordings)


def _counts(steps: Sequence[PlannedStep]) -> dict[str, int]:
    counted = {action: sum(step.action == action for step in steps) for action in ("run", "skip", "blocked", "ask")}
    return {**counted, "stale": sum(step.stale and step.action == "skip" for step in steps)}


def _print(place: Place, steps: Sequence[PlannedStep], costs: Mapping[tuple[str, str], Tokens]) -> None:
    from stages.commands.estimates import tokens_text  # noqa: PLC0415 - only when something is planned

    for step in steps:
        scene = f"{say('scene', number=step.scene.number)} {step.scene.title}"
        cost = tokens_text(costs.get((step.stage, step.scene.id)))
        click.echo(clean(f"{called(step.stage)}  {scene}: {say(step.action.value)}: {reason(step)}{cost}"))
    if steps:
        click.echo(say("planned", name=clean(place.name), **_counts(steps)))
    else:
        click.echo(say("not_planned", name=clean(place.name), target=typed(place)))


def _print_json(
    place: Place,
    steps: Sequence[PlannedStep],
    revision: Revision | None,
    *,
    costs: Mapping[tuple[str, str], Tokens],
    found: Mapping[str, Any],
) -> None:
    import orjson  # noqa: PLC0415 - only with --json

    from stages.commands.changes import told_changes  # noqa: PLC0415

    rows = [
        {
            "stage": step.stage,
            "scene_index": step.scene.index,
            "scene_id": step.scene.id,
            "scene_title": step.scene.title,
            "action": step.action,
            "reason": step.reason,
            "changed": step.changed,
            "stale": step.stale,
            "estimated_tokens": costs[step.stage, step.scene.id].total if (step.stage, step.scene.id) in costs else 0,
        }
        for step in steps
    ]
    changes = told_changes(revision) if revision is not None else []
    whole = {"name": place.name, "counts": _counts(steps), "changes": changes, "steps": rows, **found}
    click.echo(orjson.dumps(whole).decode())
