"""Waiting and long readings: what the system is asked to tell of, and what a person sees meanwhile.

Law: being told is only a reason to look; the bar is drawn for a person, late, seldom and never twice.
"""

from __future__ import annotations

import io
import sys
import threading
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from eventlog.files import READ_SIZE, RealFiles
from eventlog.reading import POLL_S
from eventlog.tool import waiting
from eventlog.tool.progress import AFTER_S, make_room, watched
from eventlog.tool.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Told(ModuleType):
    """Stands in for the library that tells of changes: tells twice, then has no more watches."""

    def __init__(self, error: Exception) -> None:
        super().__init__(waiting.LIBRARY)
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.error = error

    def watch(self, folder: str, **options: Any) -> Iterator[set[object]]:
        self.asked.append((folder, options))
        yield set()
        yield set()
        raise self.error


@pytest.mark.parametrize("error", [OSError("no more watches"), RuntimeError("no such file system")], ids=["os", "run"])
def test_the_system_is_asked_for_each_change_of_the_folder_and_replaced_when_it_gives_up(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    told = Told(error)
    monkeypatch.setitem(sys.modules, waiting.LIBRARY, told)
    monkeypatch.setattr("time.sleep", slept.append)
    with waiting.waiter(str(tmp_path / "events.jsonl")) as wait:
        assert told.asked == []
        assert [wait() for _ in range(4)] == [True] * 4
    options = {"watch_filter": None, "debounce": 5, "step": 5, "recursive": False}
    assert told.asked == [(str(tmp_path), options | {"rust_timeout": 1000, "yield_on_timeout": True})]
    assert slept == [POLL_S] * 2


def test_without_the_library_each_look_waits_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setitem(sys.modules, waiting.LIBRARY, None)
    monkeypatch.setattr("time.sleep", slept.append)
    with waiting.waiter(str(tmp_path / "events.jsonl")) as wait:
        assert [wait(), wait()] == [True, True]
    assert slept == [POLL_S] * 2


ERASED = "\x1b[1A\x1b[2K"


class Seen(io.StringIO):
    """An error output that a person looks at."""

    def isatty(self) -> bool:
        return True

    def drawn(self) -> str:
        """What was drawn since the last look."""
        text = self.getvalue()
        self.seek(0)
        self.truncate()
        return text


def to_a_person(monkeypatch: pytest.MonkeyPatch) -> Seen:
    """From now on, a person looks at the error output."""
    output = Seen()
    monkeypatch.setattr(sys, "stderr", output)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    return output


def test_the_bar_tells_how_far_it_is_at_most_ten_times_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = to_a_person(monkeypatch)
    path = tmp_path / "long"
    path.write_bytes(b"x" * (4 * READ_SIZE))
    now = [0.0]
    with watched(clock=lambda: now[0]) as files:
        handle = files.open(str(path), "read")

        def drawn(offset: int, size: int = READ_SIZE) -> str:
            files.read_at(handle, offset, size)
            return seen.drawn()

        assert drawn(0) == ""
        now[0] = AFTER_S
        assert drawn(0, READ_SIZE - 1) == ""
        before = set(threading.enumerate())
        first = clean(drawn(0))
        assert (first.split()[0], " 25%" in first) == ("reading", True)
        assert set(threading.enumerate()) <= before
        now[0] += 0.05
        assert drawn(READ_SIZE) == ""
        now[0] += 0.05
        assert " 75%" in drawn(2 * READ_SIZE)
        now[0] += 0.1
        assert "100%" in drawn(3 * READ_SIZE)
        assert ERASED in drawn(4 * READ_SIZE).partition("\x1b[?25h")[2]
        now[0] += AFTER_S / 2
        assert drawn(0) == ""
        now[0] += AFTER_S / 2
        assert " 25%" in drawn(0)
        make_room(files)
        assert seen.drawn() != ""
        make_room(files)
        assert seen.drawn() == ""
        files.close(handle)


def test_the_bar_is_taken_away_when_a_reading_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = to_a_person(monkeypatch)
    path = tmp_path / "long"
    path.write_bytes(b"x" * READ_SIZE)
    now = [0.0]
    watching = watched(clock=lambda: now[0])
    files = watching.__enter__()
    handle = files.open(str(path), "read")
    now[0] = AFTER_S
    files.read_at(handle, 0, READ_SIZE)
    files.close(handle)
    assert "\x1b[?25l" in seen.drawn()
    watching.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert "\x1b[?25h" in seen.drawn()


def test_where_nobody_looks_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    for output in (None, io.StringIO()):
        monkeypatch.setattr(sys, "stderr", output)
        with watched() as files:
            assert type(files) is RealFiles
            make_room(files)
