"""`scenelog prompts`: what models are asked, to see and to change."""

from __future__ import annotations

from typing import get_args

import click

from eventlog.tool.text import clean
from stages.commands.failures import explained
from stages.commands.places import Place, find_project, projects_option, real_system
from stages.commands.words import language as reader
from stages.commands.words import say
from stages.pipeline.contract import Language, Task

_EPILOG = """\b
Examples:
  scenelog prompts show storyboard --language zh    the prompt in use for storyboards of Chinese stories
  scenelog prompts eject 人生                        put all prompts into the project's folder, to be edited
"""
_SHOW_EPILOG = """\b
Examples:
  scenelog prompts show storyboard
  scenelog prompts show enhancement --language en --project 人生
"""
_EJECT_EPILOG = """\b
Examples:
  scenelog prompts eject 人生                   for this project: projects/人生/prompts/zh/storyboard.md ...
  scenelog prompts eject --language zh         for all projects, in your configuration folder
"""


@click.group("prompts", epilog=_EPILOG, short_help="Show what models are asked, or change it.")
def prompts() -> None:
    """Show the prompts that models are given, or write them to files that you can edit.

    A prompt in the project's folder wins over one in your configuration folder, and that over the built-in one.
    """


@prompts.command("show", epilog=_SHOW_EPILOG, short_help="Print a prompt.")
@click.argument("task", type=click.Choice(get_args(Task)), metavar="TASK")
@click.option("--language", type=click.Choice(get_args(Language)), help="Of which stories. [default: yours]")
@click.option("--project", metavar="PROJECT", help="As used for this project.")
@projects_option
def show(task: Task, *, language: Language | None, project: str | None, projects: str) -> None:
    """Print the prompt of TASK (world_bible, scenes, storyboard, enhancement) that is in use, exactly."""
    with explained():
        from stages.commands.conduct import prompt_folders  # noqa: PLC0415 - only when a prompt is shown
        from stages.pipeline.wordings import load_wordings  # noqa: PLC0415
        from stages.prompts import built_in  # noqa: PLC0415

        place = find_project(project, projects) if project else None
        chosen = language or ("zh" if reader() else "en")
        own = load_wordings(real_system().files, prompt_folders(str(place.folder) if place else None))
        click.echo(own.get(f"{chosen}/{task}") or built_in(task, chosen), nl=False)


@prompts.command("eject", epilog=_EJECT_EPILOG, short_help="Write the prompts to files.")
@click.argument("project", required=False)
@click.option("--language", type=click.Choice(get_args(Language)), help="Only those for such stories. [default: both]")
@projects_option
def eject(project: str | None, *, language: Language | None, projects: str) -> None:
    """Write the built-in prompts to files: into PROJECT's folder, or without it into your configuration folder.

    A file that you have edited is never replaced.
    """
    with explained():
        from stages.commands.conduct import prompt_folders  # noqa: PLC0415 - only when prompts are written
        from stages.pipeline import wordings  # noqa: PLC0415

        place = _project(project, projects) if project else None
        folder = prompt_folders(str(place.folder) if place else None)[-1]
        languages = (language,) if language else wordings.LANGUAGES
        for path, done in list(wordings.eject(real_system().files, folder, languages)):  # all, whoever reads on
            click.echo(clean(f"{path}: {say(f'prompt_{done}')}"))


def _project(project: str, projects: str) -> Place:
    from stages.commands.places import require_log  # noqa: PLC0415 - only when a project is named

    place = find_project(project, projects)
    require_log(place)
    return place
