"""`scenelog import`: take over the progress files of the program before."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eventlog.tool.text import clean
from stages.commands.failures import CommandError, explained
from stages.commands.places import Place, checked_name, find_project, projects_option, real_system, typed
from stages.commands.words import say

if TYPE_CHECKING:
    from stages.pipeline.intake import Story
    from stages.pipeline.project import Project
    from stages.pipeline.system import System

_SIZE_LIMIT_BYTES = 100_000_000
_EPILOG = """\b
Examples:
  scenelog import projects/人生/storyboard_progress.json --story 人生.txt
  scenelog import old/storyboard_progress.json old/enhancement_progress.json --name 人生
  scenelog import --story 人生.txt --name 人生      add the story that was missing
"""


@click.command("import", epilog=_EPILOG, short_help="Take over an old program's progress files.")
@click.argument("files", nargs=-1, metavar="FILE...")
@click.option("--story", metavar="FILE", help="The story, so that scenes without a result can be made.")
@click.option("--name", metavar="NAME", help="The project's name. [default: the name of the files' folder]")
@projects_option
def import_(files: tuple[str, ...], *, story: str | None, name: str | None, projects: str) -> None:
    """Take over storyboard_progress.json and enhancement_progress.json of the program before.

    Finished scenes stay finished. Files that stand in the project's folder move to imported/ once everything is saved;
    files elsewhere are left where they are.
    """
    with explained():
        if files:
            place = _import(files, story, name, projects)
        elif story and name:
            place = _add_story(story, find_project(name, projects))
        else:
            raise click.UsageError("name the progress files to import, or --story and --name to add a missing story")
    click.echo(clean(say("imported", name=place.name, target=typed(place))))


def _story(path: str | None, place: Place) -> Story | None:
    from stages.commands.stories import read_story_file  # noqa: PLC0415 - only with --story

    return read_story_file(Place(folder=place.folder, name=place.name, story=Path(path))) if path else None


def _import(files: tuple[str, ...], story_path: str | None, name: str | None, projects: str) -> Place:
    from stages.pipeline.imported import total_of  # noqa: PLC0415 - only when something is imported

    files = _with_sibling(files)
    content = _parsed(files)
    if total_of(content) == 0:
        raise CommandError(f"{', '.join(files)}: there is no scene in it; there is nothing to import")
    place = _place(files, name, projects)
    story = _story(story_path, place)
    _take_over(place, files, content=content, story=story, story_path=story_path, system=real_system())
    return place


def _parsed(files: tuple[str, ...]) -> dict[str, Any]:
    from stages.pipeline.imported import parse_progress  # noqa: PLC0415 - only when something is imported

    content: dict[str, Any] = {}
    for file in files:
        try:
            stage, found = parse_progress(file, _bytes(file))
        except ValueError as error:
            raise CommandError(str(error)) from None
        if stage in content:
            raise CommandError(f"{file}: there are two {stage} progress files; import one of them")
        content[stage] = found
    return content


def _bytes(file: str) -> bytes:
    """What is in a progress file; raises CommandError and OSError."""
    path = Path(file)
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise CommandError(f"{file} is not a file")
    with path.open("rb") as opened:
        data = opened.read(_SIZE_LIMIT_BYTES + 1)
    if len(data) > _SIZE_LIMIT_BYTES:
        raise CommandError(f"{file} has more than {_SIZE_LIMIT_BYTES // 10**6} MB; it is no progress file")
    return data


def _with_sibling(files: tuple[str, ...]) -> tuple[str, ...]:
    """The files named, and the one of the other stage where that stands beside the only one: they are one project."""
    from stages.pipeline.imported import FILE_NAMES  # noqa: PLC0415 - only when something is imported

    names = list(FILE_NAMES.values())
    if len(files) != 1 or Path(files[0]).name not in names:
        return files
    others = [Path(files[0]).with_name(name) for name in names if name != Path(files[0]).name]
    return (*files, *(str(other) for other in others if other.exists()))


def _place(files: tuple[str, ...], name: str | None, projects: str) -> Place:
    here = Path(files[0]).resolve().parent
    chosen = checked_name(name or here.name, instead=say("choose_name"))
    folder = Path(projects) / chosen
    return Place(folder=folder, name=chosen)


def _take_over(
    place: Place,
    files: tuple[str, ...],
    *,
    content: dict[str, Any],
    story: Story | None,
    story_path: str | None,
    system: System,
) -> None:
    from stages.commands.conduct import settings_of  # noqa: PLC0415 - only when something is imported
    from stages.commands.stories import begin, take_in  # noqa: PLC0415
    from stages.pipeline.events import ProgressImported  # noqa: PLC0415
    from stages.pipeline.fact_entries import to_event  # noqa: PLC0415
    from stages.pipeline.imported import total_of  # noqa: PLC0415
    from stages.pipeline.outbox import refuse_unsavable  # noqa: PLC0415
    from stages.pipeline.project import Project  # noqa: PLC0415

    fact = ProgressImported(
        total_scenes=total_of(content),
        language=story.language if story else _language(content),
        files=", ".join(Path(file).name for file in files),
    )
    wanted = {"storyboard": None, "enhancement": None, **content}
    refuse_unsavable(to_event(fact, wanted))  # what can never be saved is refused before anything is made
    with Project.open(str(place.folder), system, importing=True) as project:
        _require_room(project, wanted)
        is_new = project.progress.imported is None
        settings = settings_of(system, str(place.folder), {})
        begin(project, system, place, settings=settings, also=[(fact, wanted)] if is_new else [])
        if story is not None:
            named = Place(folder=place.folder, name=place.name, story=Path(str(story_path)))
            take_in(project, named, story, update=False)
        _move_originals(place, files, system)


def _require_room(project: Project, wanted: dict[str, Any]) -> None:
    """Raise CommandError unless the project is new, or this very import was begun before and was cut off."""
    progress = project.progress
    same = progress.imported is not None and project.content(progress.imported) == wanted
    if not same and (progress.imported or progress.source or progress.scenes):
        raise CommandError(f"{project.folder} is a project already, nothing was changed; import under another --name")


def _language(content: dict[str, Any]) -> str:
    from stages.pipeline.imported import RESULTS, items_of, text_of  # noqa: PLC0415 - only when something is imported
    from stages.pipeline.text import language_of  # noqa: PLC0415

    texts = [text_of(content, stage, index) for stage in RESULTS for index in items_of(content, stage)]
    return language_of("".join(texts)[:20_000])


def _move_originals(place: Place, files: tuple[str, ...], system: System) -> None:
    """Only now, with everything acknowledged, the originals go out of the way of the new progress files."""
    from stages.pipeline.originals import put_away  # noqa: PLC0415 - only when something is imported

    here = place.folder.resolve()
    inside = [Path(file).name for file in files if Path(file).resolve().parent == here]
    put_away(system.files, str(place.folder), inside)


def _add_story(story_path: str, place: Place) -> Place:
    from stages.commands.places import require_log  # noqa: PLC0415 - only with --story
    from stages.commands.stories import take_in  # noqa: PLC0415
    from stages.pipeline.project import Project  # noqa: PLC0415

    require_log(place)
    named = Place(folder=place.folder, name=place.name, story=Path(story_path))
    story = _story(story_path, place)
    if story is None:
        raise AssertionError("there is a story to add")
    with Project.open(str(place.folder), real_system()) as project:
        take_in(project, named, story, update=False)
    return place
