"""What a shell completes beyond commands and options: the names of projects and of stages.

Law: completing reads names of folders and nothing else, and says nothing where it does not know.
"""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from stages.commands.places import LOG

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROJECTS = ("project", "target", "log", "other")  # what arguments that mean a project are called
_STAGES = ("stage", "stages")


class ProjectName(click.ParamType[str]):
    """A word that may be the name of a project, or the path of a file."""

    name = "text"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The projects whose name begins so; paths as well, where the shell finds any."""
        del param
        folder = (
            ctx.params.get("projects") or ctx.meta.get("projects") or os.environ.get("SCENELOG_PROJECTS") or "projects"
        )
        begun = unicodedata.normalize("NFC", incomplete)
        names = [name for name in _projects(str(folder)) if name.startswith(begun)]
        return [CompletionItem(incomplete, type="file"), *(CompletionItem(name) for name in names)]


class StageName(click.ParamType[str]):
    """A word that may be the name of a stage."""

    name = "text"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The stages whose name begins so."""
        from stages.registry import STAGES  # noqa: PLC0415 - only when a shell asks

        del ctx, param
        return [CompletionItem(stage.name) for stage in STAGES if stage.name.startswith(incomplete)]


def _projects(folder: str) -> list[str]:
    try:
        return sorted(place.name for place in Path(folder).iterdir() if (place / LOG).is_file())
    except OSError:
        return []


def complete_names(typed: click.Command) -> None:
    """Let every argument of a command that means a project, and every --stage, be completed."""
    for command in _commands(typed):
        for param in command.params:
            if isinstance(param, click.Argument) and param.name in _PROJECTS:
                param.type = ProjectName()
            elif isinstance(param, click.Option) and param.name in _STAGES:
                param.type = StageName()


def _commands(command: click.Command) -> Iterator[click.Command]:
    if not isinstance(command, click.Group):
        yield command
        return
    for below in command.commands.values():
        yield from _commands(below)
