"""Expected failures of commands: one line that says where, what and what to do, and an exit code.

Law: whatever the layers below raise on purpose, or the system says, becomes a CommandError; a bug does not.
"""

from __future__ import annotations

import contextlib
import errno
import signal
import stat
from enum import IntEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from eventlog.errors import EventLogError
from eventlog.tool.text import clean
from stages.commands.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator


_PATHS = {errno.ENOENT: "not_there", errno.ENOTDIR: "is_a_file", errno.EISDIR: "is_a_folder"}


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
        click.echo(f"scenelog: {clean(as_mounted(self.message))}", err=True, file=file)


def as_mounted(message: str) -> str:
    """A message of the engine, with the log tool named as this program mounts it."""
    from eventlog.tool.finding import PROGRAM  # noqa: PLC0415 - only when there is a message

    return message.replace(PROGRAM, "scenelog log")


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


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Turn the expected failures of what runs inside into CommandError, and Ctrl-C into Interrupted."""
    if getattr(signal.getsignal(signal.SIGINT), "__name__", "") == "stop_early":  # see cli.py: now there is work to end
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    except BrokenPipeError:  # whoever read our output went away: no failure, and nobody to tell
        raise
    except _expected() as error:
        raise CommandError(_with_advice(error, str(error))) from None
    except KeyboardInterrupt:
        raise Interrupted(say("interrupted_early")) from None
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        command = f" ({_to_type(Path(error.filename))})" if where and error.errno == errno.EACCES else ""
        raise CommandError(_with_advice(error, f"{where}{error.strerror or error}") + command) from None


def _with_advice(error: Exception, told: str) -> str:
    """What went wrong and, if it was the disk or the path, what to do about it."""
    from stages.pipeline.outbox import advice  # noqa: PLC0415 - only when something was raised

    what_to_do = advice(error)
    if what_to_do == str(error):
        what_to_do = say(_PATHS[error.errno]) if isinstance(error, OSError) and error.errno in _PATHS else ""
    return f"{told}; {what_to_do}" if what_to_do else told


def _to_type(path: Path) -> str:
    """The command that gives the right to write at a path: of its folder, or of the nearest one that there is."""
    import shlex  # noqa: PLC0415 - only when something went wrong

    folder = next((place for place in path.parents if _mode(place) is not None), Path())
    is_file_alone = (_mode(folder) or 0) & stat.S_IWUSR and not (_mode(path) or stat.S_IWUSR) & stat.S_IWUSR
    return f"chmod u+rw {shlex.quote(str(path))}" if is_file_alone else f"chmod u+rwx {shlex.quote(str(folder))}"


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except OSError:
        return None
