"""Expected failures of commands: one line that says where, what and what to do, and an exit code.

Law: whatever the layers below raise on purpose, or the system says, becomes a CommandError; a bug does not.
"""

from __future__ import annotations

import contextlib
from enum import IntEnum
from typing import IO, TYPE_CHECKING, Any

import click

from eventlog.errors import EventLogError
from eventlog.tool.finding import PROGRAM
from eventlog.tool.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterator


class Exit(IntEnum):
    """The exit codes of `run` and `retry`; the first that applies in the order 5, 130, 4, 3."""

    COMPLETE = 0
    ERROR = 1
    USAGE = 2
    FAILED = 3
    PAUSED = 4
    UNSAVED = 5
    INTERRUPTED = 130


class Interrupted(click.ClickException):
    """Ctrl-C outside of a run, where nothing is in flight."""

    exit_code = Exit.INTERRUPTED

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the line on the error output."""
        click.echo(f"scenelog: {self.message}", err=True, file=file)


class CommandError(click.ClickException):
    """An expected failure: one line for a person, exit code 1."""

    exit_code = Exit.ERROR

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the line on the error output; the log tool is named as this program mounts it."""
        click.echo(f"scenelog: {clean(self.message.replace(PROGRAM, 'scenelog log'))}", err=True, file=file)


def _expected() -> tuple[type[Exception], ...]:
    """What the layers below raise on purpose; loaded when something was raised."""
    from stages.pipeline.contract import ProviderError  # noqa: PLC0415 - see above
    from stages.pipeline.draft_files import DraftError  # noqa: PLC0415
    from stages.pipeline.intake import IntakeError  # noqa: PLC0415
    from stages.pipeline.project import ProjectError  # noqa: PLC0415
    from stages.pipeline.settings import SettingsError  # noqa: PLC0415
    from stages.pipeline.wordings import PromptError  # noqa: PLC0415

    return (DraftError, EventLogError, IntakeError, ProjectError, PromptError, SettingsError, ProviderError)


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Turn the expected failures of what runs inside into CommandError."""
    try:
        yield
    except BrokenPipeError:  # whoever read our output went away: no failure, and nobody to tell
        raise
    except _expected() as error:
        raise CommandError(str(error)) from None
    except KeyboardInterrupt:
        raise Interrupted("interrupted; everything finished is saved") from None
    except OSError as error:
        from stages.pipeline.outbox import advice  # noqa: PLC0415

        where = f"{error.filename}: " if error.filename else ""
        raise CommandError(f"{where}{error.strerror or error}; {advice(error)}") from None
