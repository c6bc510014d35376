"""Threads, signals, forks, loops that end and listeners that fail: whatever breaks in, the log stays right.

Law: what comes in the middle is forced there by the disk or the loop, never awaited by chance; nothing here may hang.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from eventlog import Entry, Event, EventLog, EventLogError, LogPoisonedError, verify
from eventlog.errors import LogReadOnlyError
from eventlog.lock import CLOSED
from eventlog.recovery import State
from tests.crash.promises import KIND, LOG, fail_next, open_log, texts, unkindest
from tests.eventlog.test_log import EIO, Texts, poison
from tests.simulated_disk import Operation, SimulatedDisk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATIENCE_S = 20


@pytest.fixture
def disk() -> SimulatedDisk:
    return SimulatedDisk(folders=["/d"])


@pytest.fixture
def log(disk: SimulatedDisk) -> EventLog:
    return open_log(disk)


def break_in(disk: SimulatedDisk, name: str, end: str, what: Callable[[], object]) -> None:
    """Do something in the middle of the next call of one verb on a file with this ending."""

    def strike(_number: int, operation: Operation) -> None:
        if operation.name == name and operation.path.endswith(end):
            disk.faults = {}
            what()

    disk.faults = strike


def interrupt() -> None:
    raise KeyboardInterrupt


# threads and signals


def test_an_append_that_breaks_into_another_is_refused_and_harms_nothing(disk: SimulatedDisk, log: EventLog) -> None:
    refused: list[str] = []

    def broken_in() -> None:
        for what in (lambda: log.append(KIND, "inner"), log.reopen, log.close):
            with pytest.raises(EventLogError, match=f"^{LOG} is in use: this would break into an append") as error:
                what()
            refused.append(str(error.value))

    break_in(disk, "append", ".jsonl", broken_in)
    assert log.append(KIND, "outer").seq == 1
    assert log.append(KIND, "after").seq == 2
    assert len(refused) == 3
    log.close()
    assert texts(open_log(disk).read()) == ["outer", "after"]


def test_no_two_threads_are_told_the_same_seq(disk: SimulatedDisk, log: EventLog) -> None:
    """The second thread comes while the first one writes, and waits for it."""
    second: list[Entry] = []
    other = threading.Thread(target=lambda: second.append(log.append(KIND, "second")))

    def come() -> None:
        other.start()
        other.join(0.05)
        assert not second

    break_in(disk, "append", ".jsonl", come)
    first = log.append(KIND, "first")
    other.join(PATIENCE_S)
    assert (first.seq, second[0].seq) == (1, 2)
    assert texts(open_log(disk.image(unkindest)).read()) == ["first", "second"]


def test_what_threads_append_on_a_real_disk_is_all_there_in_order(tmp_path: Path) -> None:
    path = f"{tmp_path}/events.jsonl"
    heard: list[int] = []
    acknowledged: list[int] = []
    with EventLog.open(path) as log:
        log.on_append = lambda entry: heard.append(entry.seq)

        def go() -> None:
            acknowledged.extend(log.append(KIND).seq for _ in range(20))

        threads = [threading.Thread(target=go) for _ in range(3)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(PATIENCE_S)
    assert sorted(acknowledged) == heard == list(range(1, 61))
    assert verify(path).state is State.CLEAN


@pytest.mark.parametrize(("name", "end"), [("write_at", ".head"), ("open", ".head")])
def test_what_is_on_disk_when_ctrl_c_comes_is_known_and_told_of(name: str, end: str) -> None:
    disk = SimulatedDisk(folders=["/d"])
    log = open_log(disk)
    log.append(KIND, "x", id="x")
    log.append(KIND, "the ids are read now", id="y")
    if name == "open":
        log.close()
        log = open_log(disk)
        log.append(KIND, "the ids are read now", id="y")
    heard: list[Any] = []
    log.on_append = lambda entry: heard.append(entry.data)
    break_in(disk, name, end, interrupt)
    with pytest.raises(KeyboardInterrupt):
        log.append(KIND, "interrupted", id="p")
    assert log.poisoned is None
    assert log.append(KIND, "interrupted", id="p").seq == log.position.seq == 3, "its id is known"
    log.append(KIND, "next")
    assert heard == ["interrupted", "next"]
    assert texts(log.read())[-2:] == ["interrupted", "next"]


def test_a_close_that_is_interrupted_gives_back_the_lock(disk: SimulatedDisk, log: EventLog) -> None:
    for end in (".jsonl", ".lock"):
        break_in(disk, "close", end, interrupt)
        with pytest.raises(KeyboardInterrupt):
            log.close()
        log.close()
        log = open_log(disk)
    break_in(disk, "unlock", ".lock", interrupt)
    with pytest.raises(KeyboardInterrupt):
        log.close()
    log.close()
    open_log(disk.process()).close()


# loops


def run(work: Any) -> Any:
    """Run a coroutine on a new loop; what hangs fails."""

    async def limited() -> Any:
        async with asyncio.timeout(PATIENCE_S):
            return await work

    return asyncio.run(limited())


def test_a_loop_that_ended_before_its_flush_stops_nobody(log: EventLog) -> None:
    loop = asyncio.new_event_loop()

    async def leave() -> None:
        tasks.append(asyncio.ensure_future(log.append_async(Event(type=KIND, data="left behind"))))
        await asyncio.sleep(0)

    tasks: list[asyncio.Future[Entry]] = []
    loop.call_soon(loop.stop)
    leaving = loop.create_task(leave())
    loop.run_forever()
    entry = run(log.append_async(Event(type=KIND, data="second")))
    assert entry.data == "second"
    assert texts(log.read()) in (["second"], ["left behind", "second"])
    loop.run_until_complete(asyncio.wait_for(leaving, PATIENCE_S))
    assert loop.run_until_complete(asyncio.wait_for(tasks[0], PATIENCE_S)).data == "left behind"
    loop.close()


@pytest.mark.parametrize("is_cancelled", [True, False])
def test_a_log_that_is_closed_first_writes_what_waits(
    disk: SimulatedDisk, log: EventLog, *, is_cancelled: bool
) -> None:
    async def leave() -> list[Any]:
        waiting = asyncio.ensure_future(log.append_async(Event(type=KIND, data="left behind")))
        await asyncio.sleep(0)
        if is_cancelled:
            waiting.cancel()
        log.close()
        return list(await asyncio.gather(waiting, return_exceptions=True))

    (outcome,) = run(leave())
    assert isinstance(outcome, asyncio.CancelledError if is_cancelled else Entry)
    assert texts(open_log(disk).read()) == ["left behind"]


def test_what_waited_on_a_loop_that_was_closed_is_still_written(log: EventLog) -> None:
    waiting = log.append_async(Event(type=KIND, data="left behind"))
    loop = asyncio.new_event_loop()
    loop.call_soon(lambda: waiting.send(None))  # it waits, and the loop ends before its flush
    loop.call_soon(loop.stop)
    asyncio.events._set_running_loop(None)  # noqa: SLF001 - a coroutine asks for the loop that runs
    loop.run_forever()
    loop._ready.clear()  # type: ignore[attr-defined]  # noqa: SLF001 - the flush that never came
    loop.close()
    assert run(log.append_async(Event(type=KIND, data="second"))).seq == 2
    assert texts(log.read()) == ["left behind", "second"]
    waiting.close()


@pytest.mark.parametrize("count", [1, 3])
def test_tasks_that_waited_on_a_loop_that_was_closed_stop_nobody(log: EventLog, count: int) -> None:
    loop = asyncio.new_event_loop()
    tasks = [loop.create_task(log.append_async(Event(type=KIND, data="left behind"))) for _ in range(count)]
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop._ready.clear()  # type: ignore[attr-defined]  # noqa: SLF001 - the flush that never came
    loop.close()
    for task in tasks:
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # noqa: SLF001 - it is meant to be left
    second = log.append_async(Event(type=KIND, data="second"))
    assert run(asyncio.wait_for(second, PATIENCE_S)).seq == count + 1
    assert texts(log.read()) == ["left behind"] * count + ["second"]


def test_a_loop_of_another_thread_is_refused_while_it_runs(log: EventLog) -> None:
    refused: list[str] = []

    async def other() -> None:
        with pytest.raises(
            EventLogError, match=r"^this log is in use by an event loop of another thread; append"
        ) as error:
            await log.append_async(Event(type=KIND))
        refused.append(str(error.value))

    async def first() -> Entry:
        waiting = asyncio.ensure_future(log.append_async(Event(type=KIND, data="first")))
        await asyncio.sleep(0)
        thread = threading.Thread(target=lambda: run(other()))
        thread.start()  # a flush is due, and did not have its turn yet
        thread.join(PATIENCE_S)
        return await waiting

    assert run(first()).data == "first"
    assert len(refused) == 1


def test_whoever_waits_for_an_append_that_is_interrupted_is_told(disk: SimulatedDisk, log: EventLog) -> None:
    loop = asyncio.new_event_loop()
    waiting = [loop.create_task(log.append_async(Event(type=KIND, data=at))) for at in range(2)]
    break_in(disk, "sync", ".jsonl", interrupt)
    with pytest.raises(KeyboardInterrupt):
        loop.run_until_complete(asyncio.wait(waiting))
    for each in waiting:
        with pytest.raises(EventLogError, match="interrupted by KeyboardInterrupt") as told:
            loop.run_until_complete(asyncio.wait_for(each, PATIENCE_S))
        assert isinstance(told.value.__cause__, KeyboardInterrupt)
    loop.close()


class Interrupted(asyncio.SelectorEventLoop):
    """A loop that loses one of the calls that were to come soon: an interruption came as it was to begin."""

    def __init__(self, lost: int) -> None:
        super().__init__()
        self.calls, self._lost = 0, lost

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:  # type: ignore[override]
        if getattr(callback, "__qualname__", "").startswith("GroupCommit"):
            self.calls += 1
            callback = interrupt_it if self.calls == self._lost else callback
        return super().call_soon(callback, *args, context=context)


def interrupt_it(*_args: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_an_interruption_before_a_flush_keeps_no_later_append_waiting(log: EventLog, lost: int) -> None:
    loop = Interrupted(lost)
    first = loop.create_task(log.append_async(Event(type=KIND, data="first")))
    with pytest.raises(KeyboardInterrupt):
        loop.run_until_complete(first)
    assert loop.run_until_complete(asyncio.wait_for(asyncio.shield(first), PATIENCE_S)).seq == 1  # not lost itself
    later = log.append_async(Event(type=KIND, data="later"))
    assert loop.run_until_complete(asyncio.wait_for(later, PATIENCE_S)).seq == 2
    assert loop.calls <= 3 * 2 * 2
    loop.close()


@pytest.mark.parametrize("is_closed", [False, True])
def test_whoever_was_not_told_yet_when_an_interruption_came_is_told(log: EventLog, *, is_closed: bool) -> None:
    class Deaf(asyncio.Future[Entry]):
        """One who is interrupted as they are told."""

        def set_result(self, result: Entry) -> None:
            super().set_result(result)
            interrupt()

        def set_exception(self, exception: type | BaseException) -> None:
            super().set_exception(exception)
            interrupt()

    loop = asyncio.new_event_loop()
    futures = iter([Deaf(loop=loop)])
    create = loop.create_future
    loop.create_future = lambda: next(futures, None) or create()  # type: ignore[method-assign]
    if is_closed:
        log.close()
    waiting = [loop.create_task(log.append_async(Event(type=KIND, data=at))) for at in range(3)]
    with pytest.raises(KeyboardInterrupt):
        loop.run_until_complete(asyncio.wait(waiting))
    telling = asyncio.gather(*waiting, return_exceptions=True)
    told = loop.run_until_complete(asyncio.wait_for(telling, PATIENCE_S))
    if is_closed:
        assert [type(error) for error in told] == [LogReadOnlyError] * 3
    else:
        assert [entry.data for entry in told if isinstance(entry, Entry)] == [0, 1, 2]
    loop.close()


@pytest.mark.parametrize("debug", [True, False])
def test_whoever_waits_while_another_thread_closes_the_log_is_told(
    disk: SimulatedDisk, log: EventLog, *, debug: bool
) -> None:
    """The other thread writes what waits, and the disk takes longer than this loop needs to fall asleep."""

    def slowly() -> None:
        begun.set()
        time.sleep(0.1)

    async def closed_meanwhile() -> set[asyncio.Task[Entry]]:
        waiting = asyncio.ensure_future(log.append_async(Event(type=KIND, data="waits")))
        await asyncio.sleep(0)
        other.start()
        begun.wait(PATIENCE_S)
        return (await asyncio.wait({waiting}, timeout=PATIENCE_S))[0]

    begun, other = threading.Event(), threading.Thread(target=log.close)
    break_in(disk, "sync", ".jsonl", slowly)
    loop, began = asyncio.new_event_loop(), time.monotonic()
    loop.set_debug(debug)
    told = loop.run_until_complete(closed_meanwhile())
    loop.close()
    other.join(PATIENCE_S)
    assert [each.result().data for each in told] == ["waits"]
    assert time.monotonic() - began < PATIENCE_S / 2  # it was woken, and did not sleep to the end of its patience
    assert texts(open_log(disk).read()) == ["waits"]


def test_a_listener_may_close_the_log_that_is_being_closed(tmp_path: Path) -> None:
    log = EventLog.open(tmp_path / "events.jsonl")

    async def close() -> Entry:
        waiting = asyncio.ensure_future(log.append_async(Event(type=KIND, data="waits")))
        await asyncio.sleep(0)
        log.on_append = lambda _: log.close()
        log.close()
        return await waiting

    assert run(close()).data == "waits"
    with EventLog.open(tmp_path / "events.jsonl") as again:
        assert texts(again.read()) == ["waits"]


def test_a_cancelled_caller_keeps_nobody_waiting(log: EventLog) -> None:
    async def one_is_cancelled() -> list[Any]:
        waiting = [asyncio.ensure_future(log.append_async(Event(type=KIND, data=at))) for at in range(3)]
        await asyncio.sleep(0)
        waiting[1].cancel()
        return list(await asyncio.gather(*waiting, return_exceptions=True))

    first, cancelled, last = run(one_is_cancelled())
    assert (first.data, type(cancelled), last.data) == (0, asyncio.CancelledError, 2)


# listeners


def test_whoever_waited_has_an_entry_that_is_on_disk_whatever_the_listener_raises(log: EventLog) -> None:
    raised: list[Any] = []

    def hear(entry: Entry) -> None:
        if entry.data == "a":
            raise ZeroDivisionError

    async def three() -> list[Any]:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: raised.append(context["exception"]))
        return list(await asyncio.gather(*(log.append_async(Event(type=KIND, data=each)) for each in "abc")))

    log.on_append = hear
    assert [entry.data for entry in run(three())] == ["a", "b", "c"]
    assert [type(error) for error in raised] == [ZeroDivisionError]


def test_a_listener_that_keeps_failing_costs_no_memory_and_misses_nothing(log: EventLog) -> None:
    heard: list[int] = []

    def hear(entry: Entry) -> None:
        heard.append(entry.seq)
        raise ZeroDivisionError

    log.on_append = hear
    for _ in range(5):
        with pytest.raises(ZeroDivisionError):
            log.append_many([Event(type=KIND)] * 4)
        assert not log._told._at_hand  # noqa: SLF001 - what would grow
    log.on_append = lambda entry: heard.append(entry.seq)
    log.append(KIND)
    assert heard == list(range(1, 22))


def test_a_listener_that_is_far_behind_has_a_part_of_what_it_missed_in_memory(log: EventLog) -> None:
    def fail(_entry: Entry) -> None:
        raise ZeroDivisionError

    log.on_append = fail
    with pytest.raises(ZeroDivisionError):
        log.append_many([Event(type=KIND)] * 1500)
    at_hand: list[int] = []
    log.on_append = lambda _entry: at_hand.append(len(log._told._at_hand))  # noqa: SLF001 - what is in memory
    log.append(KIND)
    assert len(at_hand) == 1500, "of 1501 the first was told"
    assert max(at_hand) < 1000


def test_a_listener_of_a_log_that_was_opened_again_hears_what_is_new(disk: SimulatedDisk, log: EventLog) -> None:
    log.append(KIND)
    log.close()
    again = open_log(disk)
    heard: list[int] = []
    again.on_append = lambda entry: heard.append(entry.seq)
    again.append(KIND)
    assert heard == [2]


def test_a_checkpoint_made_in_a_listener_holds_all_it_claims_or_is_refused(disk: SimulatedDisk, log: EventLog) -> None:
    state: list[Any] = []
    saved: list[Any] = []

    def hear(entry: Entry) -> None:
        state.extend(texts([entry]))
        try:
            log.save_checkpoint(Texts(), state)
            saved.append(entry.data)
        except EventLogError as error:
            assert f"told up to seq {entry.seq}, the log goes up to 2" in str(error)  # noqa: PT017 - it may be either

    log.on_append = hear
    log.append_many([Event(type=KIND, data="a"), Event(type=KIND, data="b")])
    assert saved == ["b"]
    log.close()
    log = open_log(disk)
    assert log.fold(Texts()) == texts(log.read()) == ["a", "b"]


# errors that are raised again and again


def test_the_one_error_of_a_poisoned_log_does_not_grow(disk: SimulatedDisk, log: EventLog) -> None:
    poison(disk, log)
    sizes = set()
    for _ in range(5):
        with pytest.raises(LogPoisonedError) as refused:
            log.append(KIND)
        sizes.add(len(traceback.extract_tb(refused.value.__traceback__)))
    assert len(sizes) == 1


# a closed log


def test_a_closed_log_says_that_it_is_closed(log: EventLog) -> None:
    log.append(KIND)
    log.close()
    for what in (
        lambda: list(log.read()),
        lambda: log.entry_at(0, 10),
        lambda: log.fold(Texts()),
        lambda: log.save_checkpoint(Texts(), []),
        lambda: log.append(KIND),
    ):
        with pytest.raises(LogReadOnlyError, match="this log was closed; open it again"):
            what()


# forks


def in_a_fork(work: Callable[[], None]) -> None:
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - the child must never go on as the test
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def test_a_forked_process_may_not_append_and_its_close_leaves_the_log_alone(tmp_path: Path) -> None:
    path = f"{tmp_path}/events.jsonl"
    log = EventLog.open(path)
    log.append(KIND, "a")

    def child() -> None:
        for refused in (lambda: log.append(KIND, "child"), log.reopen):
            with pytest.raises(EventLogError, match="was opened by process"):
                refused()
        log.close()

    in_a_fork(child)
    assert (tmp_path / "events.lock").read_bytes() != CLOSED
    with pytest.raises(EventLogError, match="is being written"):
        EventLog.open(path)
    log.append(KIND, "b")
    log.close()
    with EventLog.open(path) as log:
        assert texts(log.read()) == ["a", "b"]


def test_a_forked_process_that_lives_on_does_not_keep_the_lock(tmp_path: Path) -> None:
    path = f"{tmp_path}/events.jsonl"
    log = EventLog.open(path)
    waits, ends = os.pipe()
    child = os.fork()
    if child == 0:
        os.read(waits, 1)
        os._exit(0)
    log.close()
    EventLog.open(path).close()
    os.write(ends, b"x")
    os.waitpid(child, 0)
    os.close(waits)
    os.close(ends)


def test_an_append_that_failed_before_tells_nothing_twice(disk: SimulatedDisk, log: EventLog) -> None:
    heard: list[Any] = []
    log.on_append = lambda entry: heard.append(entry.data)
    fail_next(disk, "append", EIO)
    with pytest.raises(EventLogError):
        log.append(KIND, "a")
    log.append(KIND, "b")
    assert heard == ["b"]
