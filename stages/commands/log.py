"""`scenelog log`: look into a project's log; the generic commands of the engine, mounted for projects."""

from __future__ import annotations

from pathlib import Path

import click

from eventlog.tool import show_command, verify_command
from stages.commands.failures import explained
from stages.commands.places import find_project, projects_folder, projects_parameter, require_log

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
    with explained():
        return require_log(find_project(argument, projects_folder()))


@click.group("log", epilog=_EPILOG, short_help="Look into a project's log, or verify it.")
def log() -> None:
    """Look into the log of a project: show its entries, verify every byte."""


for _factory in (show_command, verify_command):
    _command = _factory(_log_path, program="scenelog log", metavar="PROJECT|FILE", example="projects/人生/events.jsonl")
    _command.params.append(projects_parameter())
    log.add_command(_command)
