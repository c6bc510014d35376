"""What a person sees of a run: bars on a terminal, plain lines in a pipe, nothing on stdout with --json.

Law: text from stories and models is cleaned of terminal sequences and never read as markup.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING, Self, TextIO

from eventlog.tool.text import clean
from stages.commands.words import called, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from stages.pipeline.contract import Scene, Task
    from stages.pipeline.counts import StageCount


def print_line(line: bytes, *, err: bool = False) -> None:
    """Print a line at once. That nobody reads any more is no reason to stop the work: then it goes nowhere."""
    stream = sys.stderr if err else sys.stdout
    try:
        stream.flush()
        stream.buffer.write(line)
        stream.buffer.flush()
    except OSError:
        _send_nowhere(stream)


def _send_nowhere(stream: TextIO) -> None:
    """Nobody reads any more; what is buffered is not tried again when the program ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


class PlainScreen:
    """Lines, one a finished scene; `to_stderr` keeps stdout free for JSON."""

    def __init__(self, *, to_stderr: bool = False) -> None:
        self._err = to_stderr
        self._counts: dict[str, list[int]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        """Nothing is left to print."""

    def stage_started(self, count: StageCount, steps: int) -> None:
        """See Observer."""
        self._counts[count.name] = [count.done, 0, count.total]
        if count.done:
            self.note(say("resuming", stage=called(count.name), done=count.done, total=count.total, steps=steps))

    def scene_finished(self, stage: str, scene: Scene, problem: str) -> None:
        """See Observer."""
        counted = self._counts[stage]
        counted[1 if problem else 0] += 1
        line = f"{called(stage)} {counted[0]}/{counted[2]}  {say('scene', number=scene.number)} {scene.title}"
        self.note(f"{line}: {say('failed')}: {problem}" if problem else line)

    def planning(self, task: Task, part: int, parts: int) -> None:
        """See Observer."""
        self.note(_planning(task, part, parts))

    def waiting(self, why: str, seconds: int) -> None:
        """See Observer."""
        self.note(say("waiting", why=why.rstrip("."), seconds=seconds))

    def note(self, message: str) -> None:
        """See Observer."""
        _print(message, err=self._err)

    def trouble(self, message: str) -> None:
        """Tell why a run ended before its end: on stderr, where nobody pipes it away."""
        _print(message, err=True)


class BarScreen:
    """One bar a stage, with done, failed and remaining scenes and the time left."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - only on a terminal
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn  # noqa: PLC0415

        if isinstance(sys.stdout, io.TextIOWrapper):  # what a terminal has no letter for is no reason to stop the work
            sys.stdout.reconfigure(errors="backslashreplace")
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[numbers]}", markup=False),
            TextColumn(say("elapsed"), style="progress.elapsed"),
            TimeElapsedColumn(),
            TextColumn(say("time_left"), style="progress.remaining"),
            TimeRemainingColumn(),
        )
        self._bars: Bars = Progress(*columns, console=Console(highlight=False))
        self._tasks: dict[str, tuple[TaskID, list[int]]] = {}

    def __enter__(self) -> Self:
        with _patience():
            self._bars.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        with _patience():
            self._bars.stop()

    def stage_started(self, count: StageCount, steps: int) -> None:
        """See Observer."""
        if count.done:
            self.note(say("resuming", stage=called(count.name), done=count.done, total=count.total, steps=steps))
        numbers = [count.done, 0, count.total]
        if count.name in self._tasks:  # a second provider goes on with it
            self._bars.remove_task(self._tasks[count.name][0])
        shown = _numbers(numbers)
        with _patience():
            task = self._bars.add_task(called(count.name), total=count.total, completed=count.done, numbers=shown)
            self._tasks[count.name] = (task, numbers)

    def scene_finished(self, stage: str, scene: Scene, problem: str) -> None:
        """See Observer."""
        task, numbers = self._tasks[stage]
        numbers[1 if problem else 0] += 1
        self._bars.update(task, completed=numbers[0], numbers=_numbers(numbers))
        if problem:
            self.note(f"{called(stage)} {say('scene', number=scene.number)} {scene.title}: {say('failed')}: {problem}")

    def planning(self, task: Task, part: int, parts: int) -> None:
        """See Observer."""
        self.note(_planning(task, part, parts))

    def waiting(self, why: str, seconds: int) -> None:
        """See Observer."""
        self.note(say("waiting", why=why.rstrip("."), seconds=seconds))

    def note(self, message: str) -> None:
        """See Observer."""
        with _patience():
            self._bars.console.print(clean(message), markup=False, style=None)

    def trouble(self, message: str) -> None:
        """See PlainScreen."""
        _print(message, err=True)


@contextlib.contextmanager
def _patience() -> Iterator[None]:
    """A terminal that was closed is no reason to stop the work: what is shown goes nowhere then."""
    try:
        yield
    except OSError:
        _send_nowhere(sys.stdout)


def _print(message: str, *, err: bool) -> None:
    stream = sys.stderr if err else sys.stdout
    print_line(f"{clean(message)}\n".encode(stream.encoding or "utf-8", "backslashreplace"), err=err)


def _planning(task: Task, part: int, parts: int) -> str:
    return f"{say(task)} {part}/{parts} …" if parts > 1 else f"{say(task)} …"


def _numbers(numbers: list[int]) -> str:
    done, failed, total = numbers
    return say("numbers", done=done, failed=failed, remaining=total - done - failed)


Screen = PlainScreen | BarScreen


def make_screen(*, as_json: bool) -> Screen:
    """The screen for where the output goes."""
    if not as_json and sys.stdout.isatty():
        return BarScreen()
    return PlainScreen(to_stderr=as_json)
