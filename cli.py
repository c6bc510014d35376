"""The `scenelog` command: mounts the command groups, turns errors into one line and an exit code.

Law: nothing heavy is imported here; a command imports what it needs when it runs.
"""

from __future__ import annotations

import gc
import os
import signal
import sys


def stop_early(*_: object) -> None:
    """Ctrl-C before a command has begun: there is nothing to finish, and half of the program is not loaded yet."""
    os.write(2, b"scenelog: interrupted before anything was begun\n")
    os._exit(130)


if __name__ == "__main__" or sys.argv[0].endswith("scenelog"):  # before the imports, which take their time
    signal.signal(signal.SIGINT, stop_early)

from importlib import import_module  # noqa: E402 - see above
from typing import Any  # noqa: E402

import click  # noqa: E402

from stages.commands import VERSION  # noqa: E402

# Each command, in the order of `--help`, with what it is for: the module of a command is loaded when it is typed.
COMMANDS = {
    "run": "Make storyboards of a story, or go on.",
    "plan": "Show what a run would do, and why.",
    "status": "Show how far projects are.",
    "check": "Judge all answers again, at no cost.",
    "edit": "Write a scene's script by hand.",
    "retry": "Make failed or named scenes again.",
    "snapshot": "Write the progress files from the log.",
    "import": "Take over an old program's progress files.",
    "providers": "List, test, or give a key to the providers of models.",
    "prompts": "Show what models are asked, or change it.",
    "log": "Look into a project's log, go back in time, repair it.",
}
LOOKS_ITSELF = ("log",)  # what Ctrl-C means is known to its commands; to the others from `explained` on
_EPILOG = """\b
Example:
  scenelog run story.txt          make storyboards; type it again to go on after anything
"""


class Commands(click.Group):
    """The commands, by name; `--help` alone costs a third of what it cost with all of them loaded."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, loaded; None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        name = f"{cmd_name}_" if cmd_name == "import" else cmd_name
        found: click.Command = getattr(import_module(f"stages.commands.{name}"), name)
        if ctx.resilient_parsing:  # a shell asks what may be typed next; nothing is run
            from stages.commands.completing import complete_names  # noqa: PLC0415 - only then

            complete_names(found)
        if name in LOOKS_ITSELF and signal.getsignal(signal.SIGINT) is stop_early:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        return found

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; Ctrl-C at a moment that no command looks after is said in one line as well."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            from stages.commands.failures import Interrupted  # noqa: PLC0415 - only then
            from stages.commands.words import say  # noqa: PLC0415

            raise Interrupted(say("interrupted_early")) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Tell of all commands without loading them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, epilog=_EPILOG)
@click.version_option(VERSION, prog_name="scenelog")
def scenelog() -> None:
    """Turn a story into storyboards, scene by scene; finished work is never lost or paid for twice."""


def main() -> None:
    """Run the program; a reader of our output that went away is no error."""
    gc.freeze()  # what is loaded by now stays: no search for garbage need look at it, nor the one at the very end
    try:
        scenelog(prog_name="scenelog")
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - so that the exit flush is quiet
        sys.exit(1)


if __name__ == "__main__":
    main()
