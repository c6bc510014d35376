"""`scenelog retry`: failed scenes again; with --scenes, those, finished or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from eventlog.tool.text import clean
from stages.commands.failures import Exit, explained
from stages.commands.options import BUDGET, budget_options
from stages.commands.places import Place, find_project, projects_option, real_system, require_log, typed
from stages.commands.stories import parsed_scenes
from stages.providers.presets import NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stages.pipeline.contract import Stage
    from stages.pipeline.progress import Progress

_EPILOG = """\b
Examples:
  scenelog retry 人生                                   the failed scenes again
  scenelog retry 人生 --scenes 3                        scene 3 again, in both stages
  scenelog retry 人生 --scenes 3 --stage enhancement    only its enhanced description
"""


@click.command("retry", epilog=_EPILOG, short_help="Make failed or named scenes again.")
@click.argument("project")
@click.option("--stage", "stages", multiple=True, metavar="NAME", help="Only this stage (storyboard, enhancement).")
@click.option("--scenes", metavar="LIST", help="These scenes, finished or not, as in 1-5,8.")
@click.option("--jobs", type=click.IntRange(1, 256), metavar="N", help="How many calls at once. [default: 4]")
@click.option(
    "--provider", type=click.Choice(NAMES), metavar="NAME", help="Who makes the scenes, as in: scenelog providers list."
)
@click.option("--model", metavar="M", help="The model to ask; some providers have one of their own.")
@click.option("--base-url", metavar="URL", help="The server to ask, where it is not the provider's own.")
@budget_options
@click.option("--json", "as_json", is_flag=True, help="Print each saved entry as its line in the log, nothing else.")
@projects_option
@click.pass_context
def retry(context: click.Context, /, project: str, **options: Any) -> None:
    """Make the failed scenes of PROJECT again; with --scenes, those scenes, finished or not.

    What a scene had before stays in the log.
    """
    with explained():
        place = find_project(project, options["projects"])
        require_log(place)
        context.exit(_retry(place, options))


def _retry(place: Place, options: dict[str, Any]) -> int:
    from stages.commands.conduct import (  # noqa: PLC0415 - only when something runs
        Wishes,
        check_provider,
        chosen_stages,
        conduct,
        print_entries,
        settings_of,
    )
    from stages.commands.words import say  # noqa: PLC0415
    from stages.pipeline.project import Project  # noqa: PLC0415

    system = real_system()
    stages = chosen_stages(options["stages"])
    named = parsed_scenes(options["scenes"])
    given = {name: options[name] for name in ("provider", "model", "base_url", "jobs", *BUDGET)}
    settings = settings_of(system, str(place.folder), given)
    check_provider(system, settings)
    with Project.open(str(place.folder), system) as project:
        if options["as_json"]:
            print_entries(project)
        progress = project.progress
        failed = _failed(progress, stages)
        if not named and not failed and not progress.plan_failure:
            key = "nothing_failed" if progress.scenes else "retry_unplanned"
            click.echo(clean(say(key, name=place.name, target=typed(place))), err=options["as_json"])
            return Exit.COMPLETE
        missing = [scene for scene in progress.scenes if scene.number in named and not scene.has_source]
        if missing and any(not stage.upstream for stage in stages):  # what they have cannot be made again: it is kept
            told = say("source_missing", name=place.name, target=typed(place), count=len(missing))
            click.echo(clean(told), err=True)
            return Exit.FAILED
        wishes = Wishes(
            stages=options["stages"],
            scenes=named or failed,
            redo=named,
            as_json=options["as_json"],
            target=typed(place),
        )
        return conduct(project, system, settings, wishes)


def _failed(progress: Progress, stages: Sequence[Stage]) -> frozenset[int]:
    """The numbers of the scenes that failed in one of the stages."""
    pairs = ((scene, stage) for scene in progress.scenes for stage in stages)
    return frozenset(scene.number for scene, stage in pairs if progress.step(stage.name, scene.id).failure is not None)
