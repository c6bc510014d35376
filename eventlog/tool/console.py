"""What every command shares with the terminal: bytes out, one line of trouble, an exit code for every expected failure.

Law: an expected failure is one line that says where, what and what to do, never a traceback; a reader that went away
(`| head`) is no failure at all.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from typing import TYPE_CHECKING

import click

from eventlog.errors import EventLogError, LogDamagedError
from eventlog.tool.finding import CORRUPT, FAILED, INTERRUPTED, OK, command
from eventlog.tool.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable


class OutputError(Exception):
    """What was to be printed could not be; `cause` is what the system said."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(str(cause))
        self.cause = cause


def write(data: bytes) -> None:
    """Print bytes as they are. Raises OutputError."""
    if sys.stdout is None:  # the shell closed it: >&-
        raise OutputError(OSError(errno.EBADF, os.strerror(errno.EBADF)))
    try:
        sys.stdout.buffer.write(data)
    except OSError as error:
        raise OutputError(error) from error


def write_text(text: str) -> None:
    """Print text in the encoding of the output, escaped where that has no such character. Raises OutputError."""
    write(text.encode(getattr(sys.stdout, "encoding", None) or "utf-8", "backslashreplace"))


def flush() -> None:
    """Hand over what was printed so far. Raises OutputError."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        raise OutputError(error) from error


def is_terminal() -> bool:
    """Whether a person reads what is printed."""
    return sys.stdout is not None and sys.stdout.isatty()


def say(message: str) -> None:
    """Print one line on the error output; whatever stands in it has no power over the terminal."""
    with contextlib.suppress(OSError):
        click.echo(clean(message), err=True)


def guarded(path: str, program: str, body: Callable[[], int]) -> int:
    """Run a command's body and return its exit code; every expected failure becomes one line and a code of its own."""
    try:
        code = body()
        flush()
    except OutputError as error:
        _discard_output()
        if error.cause.errno == errno.EPIPE:
            return OK
        say(f"standard output: {_said(error.cause)}; nothing more is printed")
    except LogDamagedError as error:
        say(f"{error}; next: {command(program, 'verify', path)}")
        return CORRUPT
    except EventLogError as error:
        say(str(error))
    except OSError as error:
        say(f"{path}: {_advice(path, error)}")
    except KeyboardInterrupt:
        return INTERRUPTED
    else:
        return code
    return FAILED


def _discard_output() -> None:
    """Let what is still buffered go nowhere, or the interpreter complains of it when it ends."""
    with contextlib.suppress(OSError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _advice(path: str, error: OSError) -> str:
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return "there is no such file; check the name"
        case errno.EISDIR:
            return f"this is a folder, not a log; name the file in it, as in {os.path.join(path, 'events.jsonl')}"
        case errno.EINVAL | errno.ENXIO:
            return "this is not a regular file; name a log, as in events.jsonl"
        case errno.EACCES | errno.EPERM:
            return f"{_said(error)}; nothing was read: ask its owner, or read a copy"
        case _:
            return f"{_said(error)}; reading stopped there: copy the file to another disk and look at the copy"


def _said(error: OSError) -> str:
    return error.strerror or str(error)
