"""`scenelog snapshot`: the progress files, rebuilt from the log, as they are or as they were."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from eventlog.tool.text import clean
from stages.commands.failures import CommandError, explained
from stages.commands.places import Place, find_project, projects_option, real_system, require_log

if TYPE_CHECKING:
    from stages.pipeline.system import System

_EPILOG = """\b
Examples:
  scenelog snapshot 人生                         refresh the progress files of unfinished stages
  scenelog snapshot 人生 -o copy                 both progress files, written to the folder copy
  scenelog snapshot 人生 --at 40 -o before       as they were at seq 40 (see: scenelog log show 人生)
"""


@click.command("snapshot", epilog=_EPILOG, short_help="Write the progress files from the log.")
@click.argument("project")
@click.option("--at", type=click.IntRange(min=0), metavar="SEQ", help="As of the entry with this seq; needs -o.")
@click.option("-o", "--output", metavar="DIR", help="Write them to this folder instead; no lock is taken.")
@projects_option
def snapshot(project: str, *, at: int | None, output: str | None, projects: str) -> None:
    """Write the progress files of PROJECT from its log.

    Without -o those of unfinished stages are refreshed in the project. With -o the files of both stages are written to
    DIR, beside a running scenelog too.
    """
    if at is not None and output is None:
        raise click.UsageError("--at needs -o DIR: the project's own files always show the present")
    with explained():
        place = find_project(project, projects)
        log = require_log(place)
        system = real_system()
        paths = _write(log, at, output, system) if output is not None else _refresh(place, system)
    for path in paths:
        click.echo(clean(path))
    if not paths:
        why = "nothing is finished" if output else "no stage is under way; those of finished stages need -o DIR"
        click.echo(f"there is no progress file to write: {why}", err=True)


def _write(log: str, at: int | None, output: str, system: System) -> list[str]:
    from eventlog.files import make_dirs_durably, read_file, replace_durably  # noqa: PLC0415 - only when something is written
    from stages.pipeline.results import foreign_items, progress_file  # noqa: PLC0415
    from stages.pipeline.results import snapshot as made  # noqa: PLC0415
    from stages.pipeline.view import ProjectView  # noqa: PLC0415
    from stages.registry import STAGES  # noqa: PLC0415

    if Path(output).resolve() == Path(log).resolve().parent:
        raise CommandError(f"{output} is the project's own folder: leave out -o, or name another folder")
    written = []
    with ProjectView(log, system.files, at=at) as view:
        if view.damage is not None:
            raise view.damage
        if at is not None and at > view.last_seq:
            raise CommandError(f"{log} ends at seq {view.last_seq}; there is no entry {at}")
        make_dirs_durably(system.files, output)
        for stage in STAGES:
            data = made(view.progress, stage.name, view.content)
            if data is not None:
                path = f"{output}/{progress_file(stage.name)}"
                there = read_file(system.files, path)
                if there is not None and foreign_items(view.progress, stage.name, there):
                    raise CommandError(f"{path} was not written by this project: name another folder")
                replace_durably(system.files, path, data)
                written.append(path)
    return written


def _refresh(place: Place, system: System) -> list[str]:
    from stages.pipeline.project import Project  # noqa: PLC0415 - only when something is written
    from stages.pipeline.results import progress_file  # noqa: PLC0415
    from stages.registry import STAGES  # noqa: PLC0415

    names = [stage.name for stage in STAGES]
    with Project.open(str(place.folder), system) as project:
        project.refuse_foreign(names)
        project.repair(names)
    paths = [place.folder / progress_file(name) for name in names]
    return [str(path) for path in paths if path.exists()]
