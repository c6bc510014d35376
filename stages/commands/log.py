"""`scenelog log`: look into a project's log; the generic commands of the engine, mounted for projects."""

from __future__ import annotations

from pathlib import Path

import click

from eventlog.tool import show_command, verify_command
from stages.commands.places import find_project, require_log

_EPILOG = """\b
Examples:
  scenelog log show 人生                   what happened
  scenelog log verify 人生                 silent and exit 0 if nothing is wrong
  scenelog log verify path/events.jsonl
"""


def _log_path(argument: str) -> str:
    """The log a PROJECT|FILE argument means."""
    if Path(argument).is_file():
        return argument
    context = click.get_current_context()
    projects = context.find_root().params.get("projects") or "projects"
    return require_log(find_project(argument, str(projects)))


@click.group("log", epilog=_EPILOG)
def log() -> None:
    """Look into the log of a project: show its entries, verify every byte."""


for _factory in (show_command, verify_command):
    log.add_command(
        _factory(_log_path, program="scenelog log", metavar="PROJECT|FILE", example="projects/人生/events.jsonl")
    )
