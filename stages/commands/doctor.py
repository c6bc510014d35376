"""`scenelog log doctor`: what stands in the way on this machine, this disk or in this project."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from eventlog.tool.text import clean, escape, pad
from stages.commands.failures import explained
from stages.commands.places import find_project, projects_option, real_system, require_log, typed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stages.commands.health import Check
    from stages.commands.places import Place
    from stages.pipeline.system import System

_EPILOG = """\b
Examples:
  scenelog log doctor                    the machine, and the disk that projects are on
  scenelog log doctor 人生                a project as well
  scenelog log doctor 人生 --provider     ask its provider, too
  scenelog log doctor --json             for a script

\b
Exit codes: 0 nothing stands in the way (a note may say what to look at), 1 there is a problem.
"""


@click.command("doctor", epilog=_EPILOG, short_help="Look for what is wrong with the machine or a project.")
@click.argument("project", required=False)
@click.option("--provider", "ask_provider", is_flag=True, help="Also ask the provider whether it can be reached.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@projects_option
@click.pass_context
def doctor(context: click.Context, project: str | None, *, ask_provider: bool, as_json: bool, projects: str) -> None:
    """Check permissions, free space, file system, sync, lock, leftovers, clock and versions.

    Nothing is changed; the sync is timed on a file without a name that is gone at once. `verify` reads every byte of a
    log, this does not.
    """
    with explained():
        place = find_project(project, projects) if project is not None else None
        if place is not None:
            require_log(place)
        found = []
        for check in _checks(place, projects, real_system(), ask_provider=ask_provider):
            found.append(check)
            if not as_json:
                _print(check)
        if as_json:
            _print_json(place, found)
    context.exit(int(any(check.state == "problem" for check in found)))


def _checks(place: Place | None, projects: str, system: System, *, ask_provider: bool) -> Iterator[Check]:
    from stages.commands import health  # noqa: PLC0415 - only when something is checked

    yield health.versions()
    if place is None:
        yield health.clock(system.now())
        yield from health.disk(system.files, Path(projects) if Path(projects).is_dir() else Path())
        yield health.rescues(system, "", "")
    else:
        yield from _of_project(place, system)
    if ask_provider:
        yield _provider(system, str(place.folder) if place else ".")


def _of_project(place: Place, system: System) -> Iterator[Check]:
    from eventlog.files import RealFiles  # noqa: PLC0415 - only for a project
    from eventlog.reading import log_id_of  # noqa: PLC0415
    from eventlog.tool.look import look  # noqa: PLC0415
    from eventlog.tool.walk import Selection, time_of  # noqa: PLC0415
    from stages.commands import health  # noqa: PLC0415

    path, name = require_log(place), typed(place)
    with look(RealFiles(), path) as log:
        last, _ = next(log.entries(Selection(limit=1), reverse=True), (None, True))
        log_id = log_id_of(log.files, log.handle)
        in_doubt = log.in_doubt
    yield health.clock(system.now(), time_of(last) if last else None)
    yield from health.disk(system.files, place.folder, log=path)
    yield health.lock(system.files, path)
    verify = f"scenelog log verify {name}"
    if in_doubt or last is None:
        said = "its end is not what the head says, or does not verify"
        yield health.Check(name="log", state=health.NOTE, message=said, next=verify)
    else:
        yield health.Check(name="log", state=health.OK, message=f"ends well at seq {last.seq}; every byte: {verify}")
    yield from health.leftovers(place.folder, name)
    yield health.rescues(system, log_id or "no id", name)


def _provider(system: System, folder: str) -> Check:
    from stages.commands.conduct import settings_of  # noqa: PLC0415 - only when asked for
    from stages.commands.health import OK, PROBLEM, Check  # noqa: PLC0415
    from stages.providers.reach import reach  # noqa: PLC0415

    settings = settings_of(system, folder, {})
    if settings.provider == "offline":
        return Check(name="provider", state=OK, message="offline: it needs no network")
    is_well, said = reach(settings.base_url, os.environ.get("OPENAI_API_KEY", ""))
    advice = "" if is_well else "look at OPENAI_BASE_URL, OPENAI_API_KEY and the network"
    return Check(name="provider", state=OK if is_well else PROBLEM, message=said, next=advice)


def _print(check: Check) -> None:
    advice = f"; next: {check.next}" if check.next else ""
    click.echo(clean(f"{pad(check.state, 8)} {pad(check.name, 16)} {check.message}{advice}"))


def _print_json(place: Place | None, found: list[Check]) -> None:
    import orjson  # noqa: PLC0415 - only with --json

    told = {"project": str(place.folder) if place else None, "checks": [asdict(check) for check in found]}
    click.echo(escape(orjson.dumps(told).decode()))
