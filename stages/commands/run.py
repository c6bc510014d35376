"""`scenelog run`: a story becomes storyboards and enhanced descriptions; running again is resuming."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from stages.commands.failures import explained
from stages.commands.options import CHOSEN, budget_options
from stages.commands.places import Place, find, projects_option, real_system, typed
from stages.commands.reasons import retyped, stale_option
from stages.commands.stories import begin, parsed_scenes, read_story_file, require_project, require_story, take_in
from stages.providers.presets import NAMES

if TYPE_CHECKING:
    from stages.commands.conduct import Wishes
    from stages.pipeline.intake import Story
    from stages.pipeline.project import Project

_EPILOG = """\b
Examples:
  scenelog run story.txt                          all of it, without a network
  scenelog run story.txt --provider deepseek      with a model (key: DEEPSEEK_API_KEY)
  scenelog run story.txt --provider openai --model M \\
      --base-url https://example.org/v1           any other server (key: OPENAI_API_KEY)
  scenelog run 人生                                go on with a project by its name
  scenelog run story.txt --scenes 1-5,8           only these scenes

\b
Exit codes: 0 all complete, 1 project or input error, 2 usage, 3 some scenes failed,
4 paused by the provider, 5 results could not be saved in the project, 130 interrupted.
"""


@click.command("run", epilog=_EPILOG, short_help="Make storyboards of a story, or go on.")
@click.argument("target", metavar="STORY|PROJECT")
@click.option("--stage", "stages", multiple=True, metavar="NAME", help="Only this stage (storyboard, enhancement).")
@click.option("--scenes", metavar="LIST", help="Only these scenes, counted from 1, as in 1-5,8.")
@click.option("--jobs", type=click.IntRange(1, 256), metavar="N", help="How many calls at once. [default: 4]")
@click.option(
    "--provider",
    type=click.Choice(NAMES),
    metavar="NAME",
    help="Who makes the scenes, as in: scenelog providers list. [default: offline]",
)
@click.option("--model", metavar="M", help="The model to ask; some providers have one of their own.")
@click.option("--base-url", metavar="URL", help="The server to ask, where it is not the provider's own.")
@budget_options
@click.option("--style", metavar="TEXT", help="The visual style, in your own words.")
@stale_option
@click.option(
    "--update-source", is_flag=True, help="Take in the story's changed text: shows what changes, keeps all work."
)
@click.option("--dry-run", is_flag=True, help="Show what would be made, why and for about how much; make no call.")
@click.option("--json", "as_json", is_flag=True, help="Print each saved entry as its line in the log, nothing else.")
@projects_option
@click.pass_context
def run(context: click.Context, /, target: str, **options: Any) -> None:
    """Make storyboards and enhanced descriptions of STORY, or go on with PROJECT.

    Every finished scene is saved at once. Type the same line again after anything - a crash, a power cut, Ctrl-C - and
    it goes on at the first unfinished scene.
    """
    with explained():
        place = find(target, options["projects"])
        context.exit(_dry_run(place, options) if options["dry_run"] else _run(place, options))


def _dry_run(place: Place, options: dict[str, Any]) -> int:
    from stages.commands.dry_run import dry_run  # noqa: PLC0415 - only when something is planned

    dry_run(place, real_system(), options)
    return 0


def _run(place: Place, options: dict[str, Any]) -> int:
    from stages.commands.conduct import (  # noqa: PLC0415 - only when something runs
        check_provider,
        chosen_stages,
        conduct,
        print_entries,
        settings_of,
    )
    from stages.pipeline.project import Project  # noqa: PLC0415
    from stages.registry import STAGES  # noqa: PLC0415

    system = real_system()
    chosen_stages(options["stages"])
    scenes = parsed_scenes(options["scenes"])
    require_story(place, options)
    story = read_story_file(place) if place.story else None
    given = {name: options[name] for name in CHOSEN}
    settings = settings_of(system, str(place.folder), given)
    check_provider(system, settings)  # a missing key or model is told before anything is made
    if story is None:
        require_project(place)
    with Project.open(str(place.folder), system) as project:
        if options["as_json"]:
            print_entries(project)
        project.refuse_foreign([stage.name for stage in STAGES])
        begin(project, system, place, settings=settings)
        if story is not None:
            if options["update_source"]:
                _show_changes(project, story, as_json=options["as_json"])
            take_in(project, place, story, update=options["update_source"])
        return conduct(project, system, settings, _wishes(place, options, scenes))


def _wishes(place: Place, options: dict[str, Any], scenes: frozenset[int]) -> Wishes:
    from stages.commands.conduct import Wishes  # noqa: PLC0415 - only when something runs

    return Wishes(
        stages=options["stages"],
        scenes=scenes,
        as_json=options["as_json"],
        target=typed(place),
        stale=options["stale"],
        run=typed(place) + retyped(options, "stages", "scenes", "provider", "model", "base_url", "style"),
        plan=typed(place) + retyped(options, "stages", "scenes", "provider", "model", "style"),
    )


def _show_changes(project: Project, story: Story, *, as_json: bool) -> None:
    """Tell what a changed story does to the scenes, before it is taken in."""
    from stages.commands.changes import show_changes  # noqa: PLC0415 - only with --update-source
    from stages.pipeline.revision import revise  # noqa: PLC0415

    progress = project.progress
    if progress.planned_sha256 and project.source != story.text:
        before = project.scenes_with_texts()
        found = revise(before, story.text, story.language, highest_id=progress.highest_id)
        show_changes(found, partial(click.echo, err=as_json))
