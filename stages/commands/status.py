"""`scenelog status`: how far a project is, or all of them; nothing is locked or changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eventlog.tool.text import clean
from stages.commands.failures import CommandError, as_mounted, explained
from stages.commands.places import (
    LOG,
    Place,
    find_project,
    import_command,
    projects_option,
    real_system,
    require_log,
    typed,
)
from stages.commands.tables import padded, print_table
from stages.commands.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stages.pipeline.system import System


_NUMBERS = ("done", "total", "failed", "remaining")
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
            old = [] if as_json else old_folders(projects)
        if as_json:
            _print_json(found[0] if project is not None else found)
        elif project is not None:
            _print_one(found[0], target)
        else:
            _print_table(found, old, projects)


def all_states(projects: str, system: System) -> list[dict[str, Any]]:
    """The states of all projects, by name; raises CommandError if there is no such folder."""
    root = Path(projects)
    if root.is_file():
        raise CommandError(say("projects_is_file", projects=projects))
    if not root.is_dir():
        raise CommandError(say("no_projects", projects=projects))
    folders = sorted(folder for folder in root.iterdir() if (folder / LOG).is_file())
    return [state_of(Place(folder=folder, name=folder.name), system) for folder in folders]


def old_folders(projects: str) -> list[tuple[str, str]]:
    """The folders that hold progress files of another program and no log, each with what takes them over."""
    folders = sorted(folder for folder in Path(projects).iterdir() if not (folder / LOG).is_file())
    named = ((folder.name, import_command(Place(folder=folder, name=folder.name))) for folder in folders)
    return [(name, command) for name, command in named if command]


def state_of(place: Place, system: System) -> dict[str, Any]:
    """How far a project is: {name, path, state, stages: [{name, total, done, failed, remaining, stale}], ...}."""
    from eventlog.errors import NewerFormatError  # noqa: PLC0415 - only for a project that is looked at
    from eventlog.lock import has_writer  # noqa: PLC0415
    from stages.pipeline.counts import count  # noqa: PLC0415
    from stages.pipeline.outbox import pending_rescues  # noqa: PLC0415
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
            state = "failed" if view.progress.plan_failure else "new"
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
        if state == "failed" and not view.progress.scenes:
            found["problem"] = view.progress.plan_failure
        if view.progress.source is None and (missing := view.progress.sourceless(STAGES[0].name)):
            found["source_missing"] = len(missing)
        if view.damage is not None:
            found["damage"] = as_mounted(str(view.damage))
        return found


def _print_json(value: Any) -> None:
    import orjson  # noqa: PLC0415 - only with --json

    click.echo(orjson.dumps(value).decode())


def _line(stage: dict[str, Any]) -> str:
    parts = ["done_of"] + ["done_failed"] * bool(stage["failed"]) + ["done_left"] * bool(stage["remaining"])
    return "".join(say(part, **{name: stage[name] for name in _NUMBERS}) for part in parts)


def _print_one(found: dict[str, Any], target: str) -> None:
    click.echo(clean(f"{found['name']}: {say('state_' + found['state'])}  ({found['path']})"))
    for stage in found["stages"]:
        click.echo(f"  {padded(say(stage['name']), 12)} {_line(stage)}")
    for line in _to_do(found, target):
        click.echo(clean(f"  {line}"))


def _to_do(found: dict[str, Any], target: str) -> Iterator[str]:
    """What is out of order, and what to type."""
    for path in found.get("rescued", []):
        yield say("status_rescued", path=path, target=target)
    if "problem" in found:
        yield say("plan_failed", problem=found["problem"])
    if "source_missing" in found:
        yield say("status_source", count=found["source_missing"], target=target)
    if "damage" in found:
        damage = found["damage"].split("; look at it with: ")[0]  # the engine knows the log's path, not its name
        yield say("status_damage", damage=damage, target=target)
    elif found["state"] in ("failed", "unfinished", "new"):
        yield say("status_go_on", target=target)


def _print_table(found: list[dict[str, Any]], old: list[tuple[str, str]], projects: str) -> None:
    if not found and not old:
        click.echo(say("no_projects", projects=projects))
        return
    rows = [[one["name"], say(f"state_{one['state']}"), *(_line(stage) for stage in one["stages"])] for one in found]
    from stages.registry import STAGES  # noqa: PLC0415 - only for a table

    rows += [[name, say("state_old"), *("" for _ in STAGES)] for name, _ in old]
    print_table([say("status_project"), say("status_state"), *(say(stage.name) for stage in STAGES)], rows)
    for _, command in old:
        click.echo(clean(say("status_old", command=command)))
