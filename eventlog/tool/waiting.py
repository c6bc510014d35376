"""Waiting until a log may have grown: told by the system where the library for that is installed, else by looking.

Law: being told is only a reason to look; what is never told of (another machine's write) is found by looking as well.
"""

from __future__ import annotations

import importlib
import time
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from eventlog import reading
from eventlog.files import folder_of
from eventlog.tool.console import flush

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

LIBRARY = "watchfiles"
_LOOK_EVERY_MS = 1000
_GATHER_MS = 5


@contextmanager
def waiter(path: str) -> Iterator[Callable[[], bool]]:
    """A function that hands over what was printed, then returns when it is worth while to look at the log again."""
    try:
        library = importlib.import_module(LIBRARY)
    except ImportError:
        yield _poll
        return
    with closing(_told(library, folder_of(path))) as news:
        next(news)
        yield lambda: _wait(news)


def _told(library: Any, folder: str) -> Generator[None, None, None]:
    """Yield at each change in the folder, and now and then without one; the first time before any."""
    yield
    options = {"watch_filter": None, "debounce": _GATHER_MS, "step": _GATHER_MS, "recursive": False}
    with suppress(OSError, RuntimeError):  # the system has no more watches, or none for this file system
        for _ in library.watch(folder, **options, rust_timeout=_LOOK_EVERY_MS, yield_on_timeout=True):
            yield
    while True:
        time.sleep(reading.POLL_S)
        yield


def _wait(news: Iterator[None]) -> bool:
    flush()
    next(news)
    return True


def _poll() -> bool:
    flush()
    time.sleep(reading.POLL_S)
    return True
