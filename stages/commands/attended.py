"""A run from its first call to its last saved result, with whatever may end it: a signal, a provider, a disk, a bug.

Law: what waits to be saved is on disk or in a rescue file before anything else can happen; no signal cuts that short.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from eventlog import EventLogError
from stages.commands.failures import Exit
from stages.commands.words import say
from stages.pipeline.order import Outcome
from stages.pipeline.outbox import advice
from stages.pipeline.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Callable

    from stages.commands.screen import Screen
    from stages.pipeline.order import Order
    from stages.pipeline.project import Project
    from stages.pipeline.system import System

    Fallback = Callable[[Order, str], Order | None]


@dataclass(slots=True, kw_only=True)
class Shift:
    """One order worked off over one project. `unsaved` is UNSAVED if something could not be saved in the project.

    `fallback` makes of an order and a problem the order for somebody else, None if there is nobody.
    """

    project: Project
    system: System
    screen: Screen
    fallback: Fallback
    outcome: Outcome = Outcome.FAILED
    unsaved: Exit | None = None
    _runner: Runner | None = None
    _is_over: bool = False

    def work(self, order: Order) -> Runner:
        """Run an order, and its fallback where the provider cannot go on; returns who ran last.

        What a run raises is raised once everything is saved or rescued.
        """
        self.project.outbox.on_trouble = self._tell_trouble
        try:
            asyncio.run(self._work(order))
        except KeyboardInterrupt:  # it came in the last moment, when nothing was left to stop
            if not self._is_over:
                raise
        except (EventLogError, OSError) as error:  # a disk or a log that says no; what was rescued is told first
            if self.unsaved is None:
                raise
            self.screen.trouble(f"{self.project.folder}: {error}")
        if self._runner is None:
            raise AssertionError("a shift has somebody who works")
        return self._runner

    async def _work(self, order: Order) -> None:
        self._hear_signals()
        try:
            await self._take(order)
        finally:  # no signal is heard in here: it would need the loop, which is not given back before
            self._is_over = True
            self.unsaved = save_all(self.project, self.screen)

    async def _take(self, order: Order) -> None:
        runner = self._runner = Runner(self.project, order, self.system, self.screen)
        self.outcome = await _run(runner)
        if self.outcome is Outcome.PAUSED and runner.lacks_provider:
            second = self.fallback(order, runner.problem)
            if second is not None:
                self._runner = Runner(self.project, second, self.system, self.screen)
                self.outcome = await _run(self._runner)

    def _hear_signals(self) -> None:
        """Ctrl-C and a polite kill stop softly, the second one at once; a terminal that is closed stops softly."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, partial(self._stop, may_cut_off=True))
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
            # A terminal says it more than once, and what is in flight is paid for.
            loop.add_signal_handler(signal.SIGHUP, partial(self._stop, may_cut_off=False))

    def _stop(self, *, may_cut_off: bool) -> None:
        runner = self._runner
        if runner is None or self._is_over:
            return
        if not runner.is_stopping:
            runner.stop_softly()
            self.screen.note(say("stopping", calls=runner.calls_in_flight))
        elif may_cut_off:
            runner.stop_now()

    def _tell_trouble(self, error: Exception | None) -> None:
        if error is None:
            self.screen.note(say("saved_again"))
        else:
            self.screen.note(say("save_trouble", folder=self.project.folder, advice=advice(error)))


async def _run(runner: Runner) -> Outcome:
    return await runner.run() if runner.has_work() else runner.outcome_without_work()


def save_all(project: Project, screen: Screen) -> Exit | None:
    """Put what could not be saved where it is safe; None if everything was saved."""
    try:
        error = project.retry_saving()
    except Exception as bug:  # noqa: BLE001 - whatever it was, what waits is rescued
        error = bug
    if error is None:
        return None
    path = project.rescue(project.new_id())
    if path is not None:
        screen.trouble(say("rescued", folder=project.folder, advice=advice(error), path=path))
    else:
        screen.trouble(say("on_stdout", advice=advice(error)))
        sys.stdout.buffer.write(b"".join(project.detached_lines()))
        sys.stdout.buffer.flush()
    return Exit.UNSAVED
