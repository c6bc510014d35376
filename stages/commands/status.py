"""`scenelog status`: how far a project is, or all of them; nothing is locked or changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eventlog.tool.text import clean
from stages.commands.failures import CommandError, explained
from stages.commands.places import LOG, Place, find_project, projects_option, real_system, require_log, typed
from stages.commands.tables import print_table

if TYPE_CHECKING:
    from stages.pipeline.system import System

_EPILOG = """\b
Examples:
  scenelog status                   a table of all projects
  scenelog status 人生               one project
  scenelog status 人生 --json        for a script
"""


@click.command("status", epilog=_EPILOG, short_help="Show how far projects are.")
@click.argument("project", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object (a list of them without PROJECT).")
@projects_option
def status(project: str | None, *, projects: str, as_json: bool) -> None:
    """Show how far PROJECT is, stage by stage; without PROJECT, a table of all."""
    with explained():
        system, target = real_system(), ""
        if project is not None:
            place = find_project(project, projects)
            require_log(place)
            found, target = [state_of(place, system)], typed(place)
        else:
            found = all_states(projects, system)
        if as_json:
            _print_json(found[0] if project is not None else found)
        elif project is not None:
            _print_one(found[0], target)
        else:
            _print_table(found, projects)


def all_states(projects: str, system: System) -> list[dict[str, Any]]:
    """The states of all projects, by name; raises CommandError if there is no such folder."""
    root = Path(projects)
    if not root.is_dir():
        raise CommandError(f"{projects}: there are no projects yet; begin one with: scenelog run STORY")
    folders = sorted(folder for folder in root.iterdir() if (folder / LOG).is_file())
    return [state_of(Place(folder=folder, name=folder.name), system) for folder in folders]


def state_of(place: Place, system: System) -> dict[str, Any]:
    """How far a project is: {name, path, state, stages: [{name, total, done, failed, remaining, stale}], ...}."""
    from eventlog.errors import NewerFormatError  # noqa: PLC0415 - only for a project that is looked at
    from eventlog.lock import has_writer  # noqa: PLC0415
    from stages.pipeline.outbox import pending_rescues  # noqa: PLC0415
    from stages.pipeline.plan import count  # noqa: PLC0415
    from stages.pipeline.view import ProjectView  # noqa: PLC0415
    from stages.registry import STAGES  # noqa: PLC0415

    log = str(place.folder / LOG)
    with ProjectView(log, system.files) as view:
        counts = count(view.progress, STAGES)
        failed = any(one.failed for one in counts)
        if view.damage is not None:
            state = "newer" if isinstance(view.damage, NewerFormatError) else "damaged"
        elif has_writer(system.files, log):
            state = "running"
        elif not view.progress.scenes:
            state = "new"
        elif all(one.done == one.total for one in counts):
            state = "complete"
        else:
            state = "failed" if failed else "unfinished"
        stages = [
            {"name": one.name, "total": one.total, "done": one.done, "failed": one.failed, "remaining": one.remaining}
            for one in counts
        ]
        found: dict[str, Any] = {"name": place.name, "path": str(place.folder), "state": state, "stages": stages}
        if rescues := pending_rescues(system.files, system.rescue_folders, view.log_id):
            found["rescued"] = rescues
        if view.damage is not None:
            found["damage"] = str(view.damage)
        return found


def _print_json(value: Any) -> None:
    import orjson  # noqa: PLC0415 - only with --json

    click.echo(orjson.dumps(value).decode())


def _line(stage: dict[str, Any]) -> str:
    failed = f", {stage['failed']} failed" if stage["failed"] else ""
    left = f", {stage['remaining']} left" if stage["remaining"] else ""
    return f"{stage['done']}/{stage['total']} done{failed}{left}"


def _print_one(found: dict[str, Any], target: str) -> None:
    click.echo(clean(f"{found['name']}: {found['state']}  ({found['path']})"))
    for stage in found["stages"]:
        click.echo(f"  {stage['name']:<12} {_line(stage)}")
    for path in found.get("rescued", []):
        click.echo(clean(f"  results rescued in {path}; take them in with: scenelog run {target}"))
    if "damage" in found:
        click.echo(clean(f"  {found['damage']}; look at it with: scenelog log verify {target}"))
    elif found["state"] in ("failed", "unfinished", "new"):
        click.echo(clean(f"  go on with: scenelog run {target}"))


def _print_table(found: list[dict[str, Any]], projects: str) -> None:
    if not found:
        click.echo(f"{projects}: there are no projects yet; begin one with: scenelog run STORY")
        return
    rows = [[one["name"], one["state"], *(_line(stage) for stage in one["stages"])] for one in found]
    print_table(["project", "state", *(stage["name"] for stage in found[0]["stages"])], rows)
