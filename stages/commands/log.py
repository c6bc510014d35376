"""`scenelog log`: look into a project's log; the engine's commands with the eyes of a project, and those of our own."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import click

from eventlog.tool import (
    diff_command,
    export_command,
    repair_command,
    replay_command,
    show_command,
    stats_command,
    verify_command,
)
from stages.commands.doctor import doctor
from stages.commands.places import log_path, projects_parameter, real_system
from stages.commands.why import PROGRAM, why

_EPILOG = """\b
Examples:
  scenelog log show 人生                   what happened
  scenelog log why 人生 3                  what happened to scene 3, and why
  scenelog log verify 人生                 silent and exit 0 if nothing is wrong
  scenelog log verify path/events.jsonl
"""


@click.group("log", epilog=_EPILOG, short_help="Look into a project's log, go back in time, repair it.")
def log() -> None:
    """Look into the log of a project, go back in time, repair it.

    Only `repair` changes anything, and only when told to; nothing else takes a lock.
    """


class _LateLens:
    """The lens of projects, made when a command first looks through it: the program itself starts without it.

    `log` is the path of the log that is looked at.
    """

    log = ""

    @cached_property
    def _lens(self) -> Any:
        from stages.pipeline.lens import ProgressLens  # noqa: PLC0415 - only when a log is looked at
        from stages.registry import STAGES  # noqa: PLC0415

        return ProgressLens(STAGES, _prices(self.log))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lens, name)


def _prices(log: str) -> Any:
    """What a million tokens cost, by the user's configuration and that of the project whose log this is."""
    from stages.commands.conduct import settings_files  # noqa: PLC0415 - only when a log is looked at
    from stages.pipeline.budget import terms_of  # noqa: PLC0415
    from stages.pipeline.settings import Settings, SettingsError, merge  # noqa: PLC0415

    try:
        settings = Settings()
        for place, given in settings_files(real_system(), str(Path(log).parent)).items():
            settings = merge(settings, place, {"prices": given.get("prices", {})})
    except (OSError, SettingsError):  # a log can be looked at whatever stands beside it
        return {}
    return terms_of(settings).prices


def _looked_at(argument: str) -> str:
    path = log_path(argument)
    if path != _LENS.log:
        vars(_LENS).pop("_lens", None)
        _LENS.log = path
    return path


_LENS: Any = _LateLens()
_NAMES = {"program": PROGRAM, "metavar": "PROJECT|FILE", "example": "projects/人生/events.jsonl"}
for _command in (
    show_command(log_path, **_NAMES),
    verify_command(log_path, **_NAMES, lens=_LENS),
    repair_command(log_path, **_NAMES),
    replay_command(log_path, **_NAMES, lens=_LENS),
    diff_command(log_path, **_NAMES, lens=_LENS),
    stats_command(_looked_at, **_NAMES, lens=_LENS),
    export_command(log_path, **_NAMES),
):
    _command.params.append(projects_parameter())
    log.add_command(_command)
for _command in (why, doctor):
    log.add_command(_command)
