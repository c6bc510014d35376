"""Every operation x every image: no crash, and no failure of the disk, breaks a promise of the log.

Law: nothing here is random. The scripts are cut at each of their operations, and everything a power cut can leave there
is opened again; depth 2 cuts the power a second time, also in the middle of the recovery from the first.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from eventlog.errors import EventLogError
from tests.crash.callers import ONE_GIVES_UP, ONE_IS_BAD, queued
from tests.crash.promises import (
    LOG,
    Book,
    Explorer,
    Script,
    crash_next,
    every_image,
    expect_kept,
    fail_next,
    open_log,
    texts,
    unkindest,
)
from tests.crash_images import every_byte, few_tears
from tests.simulated_disk import Fault, Operation, SimulatedCrash, SimulatedDisk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from eventlog import Entry
    from tests.crash_images import Tears

    Failing = Callable[[int, Operation], Fault | None]


AHEAD = 500  # bytes: an append or two, so that more is allocated now and then
WHOLE = 10**6  # all of a write passes, and then the disk says no


class Texts:
    """A projection that lists what was said."""

    name, version = "texts", 1

    def initial(self) -> list[str]:
        return []

    def apply(self, state: list[str], entry: Entry) -> list[str]:
        return state + texts([entry])

    def save(self, state: list[str]) -> Any:
        return state

    def load(self, saved: Any) -> list[str]:
        return list(saved)


def few_places(data: bytes) -> Sequence[int]:
    """Tear a write in its middle and after each line but the last."""
    middle = len(data) // 2
    return sorted({middle, *(at for at in few_tears(data) if data[at - 1 : at] == b"\n")} - {0})


def new_disk(*, has_drop_cache: bool = True) -> SimulatedDisk:
    return SimulatedDisk(folders=["/d"], has_drop_cache=has_drop_cache)


def begun(*said: str, has_drop_cache: bool = True, ahead: int = 0) -> tuple[SimulatedDisk, Book]:
    """A log that was properly closed, all of it on the platter, and what it promises."""
    disk, book = new_disk(has_drop_cache=has_drop_cache), Book(ahead=ahead)
    log = book.open(disk)
    for each in said:
        book.append(log, each)
    log.close()
    return disk.image(lambda _count: 0), book


def torn(*, has_drop_cache: bool = True) -> tuple[SimulatedDisk, Book]:
    """A log whose last batch was torn by a power cut in its second line."""
    disk, book = begun("a", has_drop_cache=has_drop_cache)
    log = book.open(disk)
    crash_next(disk, "append")
    with pytest.raises(SimulatedCrash):
        book.append(log, "b", "c")
    whole = disk.contents()[LOG]
    image = disk.image(lambda _count: 0)
    image.cut(LOG, len(whole) - 40)
    return image, book


def cached() -> tuple[SimulatedDisk, Book]:
    """A log whose writer was killed just after a write: its last line is in the page cache and nowhere else."""
    disk, book = begun("a")
    log = book.open(disk)
    crash_next(disk, "sync")
    with pytest.raises(SimulatedCrash):
        book.append(log, "b")
    return disk.kill(), book


def some_appends(disk: SimulatedDisk, book: Book) -> None:
    log = book.open(disk)
    for said in "xyz":
        book.append(log, said)
    log.close()


def batches(disk: SimulatedDisk, book: Book) -> None:
    log = book.open(disk)
    book.append(log, "x1", "x2", "x3")
    book.append(log, "y1", "y2")
    log.close()


def tasks(disk: SimulatedDisk, book: Book) -> None:
    """Tasks that wait together; one is cancelled, another one's event is refused."""
    queued((*ONE_GIVES_UP, *ONE_IS_BAD), disk, book)


def one_batch(disk: SimulatedDisk, book: Book) -> None:
    log = book.open(disk)
    book.append(log, "x1", "x2")
    log.close()


def checkpoints(disk: SimulatedDisk, book: Book) -> None:
    log = book.open(disk)
    for said in "xy":
        book.append(log, said)
        log.save_checkpoint(Texts(), log.fold(Texts()))
    book.append(log, "z")
    log.close()


def one_more(disk: SimulatedDisk, book: Book) -> None:
    log = book.open(disk)
    book.append(log, f"more {len(book.kept)}")
    log.close()


def poisoned_and_reopened(disk: SimulatedDisk, book: Book) -> None:
    """A sync fails, an append is refused, the log goes on in a new file."""
    log = book.open(disk)
    book.append(log, "x")
    fail_next(disk, "sync", Fault(errno=errno.EIO))
    with pytest.raises(EventLogError, match="did not confirm"):
        book.append(log, "y")
    book.reopen(log)
    book.append(log, "y", "z")
    log.close()


def rolled_back(disk: SimulatedDisk, book: Book) -> None:
    """A write runs into a full disk in the middle, is undone, and something else is written in its place."""
    log = book.open(disk)
    fail_next(disk, "append", Fault(errno=errno.ENOSPC, through=150))
    with pytest.raises(EventLogError, match="nothing was appended"):
        book.append(log, "refused")
    book.append(log, "x")
    log.close()


def rolled_back_whole(disk: SimulatedDisk, book: Book) -> None:
    """A write fails after all of it was written: what was refused must not be there, nor come back."""
    log = book.open(disk)
    fail_next(disk, "append", Fault(errno=errno.EIO, through=WHOLE))
    with pytest.raises(EventLogError, match="nothing was appended"):
        book.append(log, "refused")
    log.close()


def check(image: SimulatedDisk, book: Book) -> None:
    log = expect_kept(image, book)
    assert log.fold(Texts()) == book.kept, "the fold from a checkpoint is the fold of all"
    log.close()


def check_quickly(image: SimulatedDisk, book: Book) -> None:
    log = book.open(image)
    assert log.read_only is None, log.read_only
    assert texts(open_log(image.image(unkindest)).read()) == book.kept


def tell(capsys: pytest.CaptureFixture[str], about: str, explorer: Explorer) -> None:
    with capsys.disabled():
        print(f"\n  {about}: {explorer.images} crash images, {len(explorer.states)} different states checked")  # noqa: T201


@pytest.mark.parametrize(
    ("start", "script", "tears"),
    [
        pytest.param(lambda: (new_disk(), Book()), some_appends, few_tears, id="create"),
        pytest.param(partial(begun, "a", "b"), batches, few_tears, id="batches"),
        pytest.param(partial(begun, "a"), tasks, few_places, id="tasks"),
        pytest.param(partial(begun, "a"), checkpoints, few_tears, id="checkpoint"),
        pytest.param(torn, some_appends, few_tears, id="torn"),
        pytest.param(partial(torn, has_drop_cache=False), some_appends, few_tears, id="torn, without a cache to drop"),
        pytest.param(partial(begun, "a"), poisoned_and_reopened, few_places, id="poison"),
        pytest.param(partial(begun, "a"), rolled_back, few_tears, id="rollback"),
        pytest.param(partial(begun, "a"), rolled_back_whole, few_tears, id="rollback of a whole line"),
        pytest.param(partial(begun, "a", ahead=AHEAD), some_appends, few_tears, id="allocated ahead"),
        pytest.param(partial(begun, "a", ahead=AHEAD), poisoned_and_reopened, few_places, id="poison, allocated ahead"),
        pytest.param(partial(begun, "a", ahead=AHEAD), rolled_back, few_tears, id="rollback, allocated ahead"),
    ],
)
def test_no_crash_loses_or_alters_an_acknowledged_event(
    start: Callable[..., tuple[SimulatedDisk, Book]], script: Script, tears: Tears, capsys: pytest.CaptureFixture[str]
) -> None:
    disk, book = start()
    explorer = Explorer(tears)
    explorer.explore(disk, script, check, book)
    tell(capsys, f"{script.__name__}, one crash", explorer)
    assert len(explorer.states) > 30


def test_no_crash_at_any_byte_of_an_append_breaks_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    disk, book = begun("a")
    explorer = Explorer(every_byte)
    explorer.explore(disk, one_more, check_quickly, book)
    tell(capsys, "one append torn at every byte, one crash", explorer)
    assert len(explorer.states) > 1000


def test_no_crash_at_any_byte_of_a_creation_breaks_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    explorer = Explorer(every_byte)
    explorer.explore(new_disk(), create, check_quickly, Book())
    tell(capsys, "a creation torn at every byte, one crash", explorer)
    assert len(explorer.states) > 1000


def nowhere(_data: bytes) -> Sequence[int]:
    """Keep a write, lose it, or find zeros where it was; tear none."""
    return ()


def create(disk: SimulatedDisk, book: Book) -> None:
    book.open(disk)


@pytest.mark.parametrize(
    ("start", "first", "tears"),
    [
        pytest.param(lambda: (new_disk(), Book()), create, few_places, id="create"),
        pytest.param(partial(begun, "a"), batches, nowhere, id="batches"),
        pytest.param(partial(begun, "a"), one_batch, few_places, id="batch"),
        pytest.param(partial(begun, "a"), some_appends, nowhere, id="appends"),
        pytest.param(partial(begun, "a"), poisoned_and_reopened, nowhere, id="poison"),
        pytest.param(torn, one_more, few_places, id="torn"),
    ],
)
def test_no_second_crash_in_the_recovery_or_after_it_does_either(
    start: Callable[[], tuple[SimulatedDisk, Book]], first: Script, tears: Tears, capsys: pytest.CaptureFixture[str]
) -> None:
    disk, book = start()
    once, twice = Explorer(tears), Explorer(tears)
    once.explore(disk, first, lambda image, kept: twice.explore(image, one_more, check, kept), book)
    tell(capsys, f"{first.__name__}, two crashes", twice)
    assert len(twice.states) > 100


def killed_everywhere(disk: SimulatedDisk, book: Book, script: Script) -> Iterator[tuple[SimulatedDisk, Book]]:
    """What the next process finds when this one is killed at an operation: the kernel and its cache live on."""
    for number in itertools.count():
        for through in (None, 1, 200):
            attempt, promised = disk.fork(), book.copy()
            attempt.crash_at = number
            try:
                if through is not None:
                    attempt.faults = {number: Fault(through=through)}
                script(attempt, promised)
            except SimulatedCrash:
                pass
            except (OSError, EventLogError):
                continue
            else:
                return
            yield attempt.kill(), promised


@pytest.mark.parametrize("has_drop_cache", [True, False], ids=["drops", "keeps"])
@pytest.mark.parametrize("script", [some_appends, batches, checkpoints, poisoned_and_reopened, rolled_back])
def test_a_killed_process_leaves_a_log_that_opens_to_what_is_on_disk(
    script: Script,
    has_drop_cache: bool,  # noqa: FBT001 - a parameter
) -> None:
    disk, book = begun("a", has_drop_cache=has_drop_cache)
    killed = 0
    for left, promised in killed_everywhere(disk, book, script):
        check(left, promised)
        killed += 1
    assert killed > 50


def stubborn(disk: SimulatedDisk, book: Book) -> None:
    """A program that goes on after every error as far as that is possible at all."""
    log = None
    for _ in range(3):
        try:
            log = book.open(disk)
            break
        except (OSError, EventLogError):
            continue
    if log is None or log.read_only is not None:
        return
    book.keep(log, "x")
    book.keep(log, "y", "z")
    with contextlib.suppress(OSError):
        log.save_checkpoint(Texts(), log.fold(Texts()))
    book.keep(log, "w")
    log.close()


def failing_from(first: int, fault: Fault) -> Failing:
    return lambda number, operation: fault if number >= first and applies(fault, operation) else None


def failing_at(at: int, fault: Fault) -> Failing:
    return lambda number, operation: fault if number == at and applies(fault, operation) else None


def applies(fault: Fault, operation: Operation) -> bool:
    return fault.errno is not None or operation.name in ("append", "write_at")


FAULTS = [
    *(Fault(errno=code) for code in (errno.EIO, errno.ENOSPC, errno.EROFS, errno.EDQUOT)),
    *(Fault(errno=code) for code in (errno.EACCES, errno.EPERM)),
    *(Fault(errno=code, through=100) for code in (errno.EIO, errno.ENOSPC)),
    Fault(errno=errno.EIO, through=WHOLE),
    Fault(through=100),
]


@pytest.mark.parametrize(
    "start",
    [partial(begun, "a"), torn, cached, lambda: (new_disk(), Book()), partial(begun, "a", ahead=AHEAD)],
    ids=["good", "torn", "cached", "new", "allocated ahead"],
)
@pytest.mark.parametrize("failing", [failing_at, failing_from], ids=["once", "for ever"])
def test_no_failure_of_any_call_loses_an_acknowledged_event_or_brings_back_a_refused_one(
    start: Callable[[], tuple[SimulatedDisk, Book]],
    failing: Callable[[int, Fault], Failing],
    capsys: pytest.CaptureFixture[str],
) -> None:
    origin, book = start()
    explorer = Explorer(few_places)
    for fault in FAULTS:
        for number in itertools.count():
            disk, promised = origin.fork(), book.copy()
            disk.faults = failing(number, fault)
            stubborn(disk, promised)
            done = len(disk.trace) <= number
            disk.faults = {}
            explorer.images += every_image(disk, partial(explorer.once, check, promised), few_places)
            check(disk.kill(), promised)
            if done:
                break
    tell(capsys, "a call fails, then the power", explorer)


def test_after_any_failure_the_log_can_be_opened_again_once_the_disk_is_well() -> None:
    """A short write for ever is no failure at all; whatever else, a new process finds all and goes on."""
    for fault, number in itertools.product(FAULTS, range(40)):
        disk, book = begun("a")
        disk.faults = failing_at(number, fault)
        stubborn(disk, book)
        disk.faults = {}
        left = disk.kill()
        log = book.open(left)
        assert log.read_only is None
        book.append(log, "after")
        assert texts(open_log(left.image(unkindest)).read()) == book.kept


def test_a_full_disk_keeps_what_is_acknowledged_and_goes_on_when_there_is_room() -> None:
    disk, book = begun("a")
    log = book.open(disk)
    disk.faults = lambda _number, operation: Fault(errno=errno.ENOSPC) if operation.name == "append" else None
    for said in "xyz":
        with pytest.raises(EventLogError, match="No space left"):
            book.append(log, said)
    assert texts(log.read()) == ["a"]
    disk.faults = {}
    book.append(log, "x")
    check(disk.image(unkindest), book)


NOT_A_LOG: Mapping[str, bytes] = {
    "text": b"Dear diary,\nI bought a disk.\n",
    "json": b'{"a": 1}\n',
    "one word": b"hello",
    "newline": b"\n",
    "zip": b"PK\x03\x04\0\0\0\0rest",
    "nul first": b"\0\0\x01\0icon\0",
    "nul text": b"\0\0hello\n",
    "zeros, too many": bytes(5000),
    "crlf": b'{"seq":0,"prev":"\r\n',
    "head": b'{"log":"0","sum":"0"}\n',
}


@pytest.mark.parametrize("content", NOT_A_LOG.values(), ids=NOT_A_LOG.keys())
def test_a_file_that_is_not_a_log_is_never_cut(content: bytes) -> None:
    disk = SimulatedDisk({LOG: content})
    log = open_log(disk)
    assert log.read_only is not None
    assert "not the beginning of an event log" in str(log.read_only)
    log.close()
    assert disk.contents()[LOG] == content
    assert not any("quarantine" in path for path in disk.contents())
