"""Expected failures of commands: one line that says where, what and what to do, and an exit code.

Law: whatever the layers below raise on purpose, or the system says, becomes a CommandError; a bug does not.
"""

from __future__ import annotations

import contextlib
import errno
import shlex
import stat
from enum import IntEnum
from pathlib import Path
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
    from stages.pipeline.snapshots import ForeignFileError  # noqa: PLC0415
    from stages.pipeline.wordings import PromptError  # noqa: PLC0415

    return (
        DraftError,
        EventLogError,
        ForeignFileError,
        IntakeError,
        ProjectError,
        PromptError,
        SettingsError,
        ProviderError,
    )


def _advice(error: BaseException) -> str:
    from stages.pipeline.outbox import advice  # noqa: PLC0415 - only when something went wrong

    return advice(error)


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Turn the expected failures of what runs inside into CommandError."""
    try:
        yield
    except BrokenPipeError:  # whoever read our output went away: no failure, and nobody to tell
        raise
    except _expected() as error:
        what_to_do = _advice(error)  # known if it was the disk that said no
        told = str(error)
        raise CommandError(told if what_to_do == told else f"{told}; {what_to_do}") from None
    except KeyboardInterrupt:
        raise Interrupted("interrupted; everything finished is saved") from None
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        command = f" ({_to_type(Path(error.filename))})" if where and error.errno == errno.EACCES else ""
        raise CommandError(f"{where}{error.strerror or error}; {_advice(error)}{command}") from None


def _to_type(path: Path) -> str:
    """The command that gives the right to write at a path: of its folder, or of the nearest one that there is."""
    folder = next((place for place in path.parents if _mode(place) is not None), Path())
    is_file_alone = (_mode(folder) or 0) & stat.S_IWUSR and not (_mode(path) or stat.S_IWUSR) & stat.S_IWUSR
    return f"chmod u+rw {shlex.quote(str(path))}" if is_file_alone else f"chmod u+rwx {shlex.quote(str(folder))}"


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except OSError:
        return None
