"""A story on its way into a project: read, compared with the one there, taken in; and what of it is chosen.

Law: nothing is taken in that was not asked for; a story that changed is refused with what changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from stages.commands.failures import CommandError
from stages.commands.places import Place, typed
from stages.pipeline.text import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stages.pipeline.events import Fact
    from stages.pipeline.intake import Story
    from stages.pipeline.project import Project
    from stages.pipeline.settings import Settings
    from stages.pipeline.system import System


def parsed_scenes(text: str | None) -> frozenset[int]:
    """The scenes of `--scenes`; raises a usage error."""
    from stages.commands.words import say  # noqa: PLC0415 - only when something runs
    from stages.pipeline.plan import ScenesError, parse_scenes  # noqa: PLC0415

    try:
        return frozenset() if text is None else parse_scenes(text)
    except ScenesError as error:
        raise click.UsageError(f"--scenes: {say(f'scenes_{error.cause}', **error.values)}") from None


def require_story(place: Place, options: dict[str, Any]) -> None:
    """Refuse --update-source where no story file is named: there is nothing to take in."""
    if options["update_source"] and place.story is None:
        from stages.commands.words import say  # noqa: PLC0415 - only for a usage error

        raise click.UsageError(say("needs_story"))


def require_project(place: Place) -> None:
    """Raise CommandError if there is no project yet."""
    from stages.commands.places import require_log  # noqa: PLC0415 - only when a project is named

    require_log(place)


def read_story_file(place: Place) -> Story:
    """Take in the story file; raises IntakeError and OSError."""
    from stages.pipeline.intake import SIZE_LIMIT_BYTES, read_story  # noqa: PLC0415 - only when a story is named

    if place.story is None:
        raise AssertionError("there is a story to read")
    with place.story.open("rb") as file:
        return read_story(str(place.story), file.read(SIZE_LIMIT_BYTES + 1))


def begin(
    project: Project, system: System, place: Place, *, settings: Settings, also: Sequence[tuple[Fact, Any]] = ()
) -> None:
    """Record the beginning of a project that has none yet, with the settings it was made with, and what else is told.

    All of it is recorded, or nothing.
    """
    from eventlog.files import replace_durably  # noqa: PLC0415 - only when something runs
    from stages.pipeline.events import ProjectCreated  # noqa: PLC0415
    from stages.pipeline.project import SETTINGS  # noqa: PLC0415
    from stages.pipeline.settings import to_toml  # noqa: PLC0415

    if not project.progress.name:
        path = f"{place.folder}/{SETTINGS}"
        if system.files.stat(path) is None:
            replace_durably(system.files, path, to_toml(settings))
        project.record_together([(ProjectCreated(name=place.name), None), *also])
    elif also:
        project.record_together(also)


def take_in(project: Project, place: Place, story: Story, *, update: bool) -> None:
    """Record the story if it is new; refuse a changed one unless `update`. Raises CommandError with what changed."""
    import hashlib  # noqa: PLC0415 - only when a story is taken in

    from stages.pipeline.events import SourceImported  # noqa: PLC0415

    sha256 = hashlib.sha256(story.text.encode()).hexdigest()
    progress = project.progress
    if progress.source_sha256 == sha256:
        return
    if progress.source is not None and not update:
        raise CommandError(_changed(project, place, story))
    imported = SourceImported(
        sha256=sha256,
        characters=len(story.text),
        language=story.language,
        file_name=place.story.name if place.story else "",
        encoding=story.encoding,
    )
    project.record_now(imported, {"text": story.text})


def _changed(project: Project, place: Place, story: Story) -> str:
    from stages.commands.words import say  # noqa: PLC0415 - only for a story that changed

    old, new = project.source.split("\n"), story.text.split("\n")
    at = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    was, now = (lines[at].strip()[:40] if at < len(lines) else "(end)" for lines in (old, new))
    return say(
        "story_changed",
        path=place.story,
        name=project.progress.name,
        then=len(project.source),
        now=len(story.text),
        line=at + 1,
        was=repr(was),
        became=repr(now),
        story=quoted(str(place.story)),
        target=typed(Place(folder=place.folder, name=place.name)),
    )
