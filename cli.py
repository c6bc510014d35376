"""The `scenelog` command: mounts the command groups, turns errors into one line and an exit code.

Law: nothing heavy is imported here; a command imports what it needs when it runs.
"""

from __future__ import annotations

import os
import sys

import click

from stages.commands import VERSION
from stages.commands.check import check
from stages.commands.completing import complete_names
from stages.commands.edit import edit
from stages.commands.import_ import import_
from stages.commands.log import log
from stages.commands.plan import plan
from stages.commands.prompts import prompts
from stages.commands.providers import providers
from stages.commands.retry import retry
from stages.commands.run import run
from stages.commands.snapshot import snapshot
from stages.commands.status import status

_EPILOG = """\b
Example:
  scenelog run story.txt          make storyboards; type it again to go on after anything
"""


@click.group(epilog=_EPILOG)
@click.version_option(VERSION, prog_name="scenelog")
def scenelog() -> None:
    """Turn a story into storyboards, scene by scene; finished work is never lost or paid for twice."""


for _command in (run, plan, status, check, edit, retry, snapshot, import_, providers, prompts, log):
    scenelog.add_command(_command)
complete_names(scenelog)


def main() -> None:
    """Run the program; a reader of our output that went away is no error."""
    try:
        scenelog(prog_name="scenelog")
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - so that the exit flush is quiet
        sys.exit(1)


if __name__ == "__main__":
    main()
