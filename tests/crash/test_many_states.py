"""The long walk: every operation x every image for all that a log does, at least 100,000 different states in CI.

Law: as in test_every_crash.py nothing is random; the walks here are those that take minutes, and `--soak` makes them
take hours. A state is counted once, however many walks come by it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import pytest

from eventlog import read, verify
from eventlog.adoption import adopt
from eventlog.appending import Stamp
from eventlog.errors import EventLogError
from eventlog.files import replace_durably
from eventlog.recovery import State
from eventlog.repair import salvage
from tests.crash.callers import ONE_GIVES_UP, ONE_IS_BAD, THREE, TWO_AND_TWO, queued
from tests.crash.promises import LOG, WITNESSES, Book, Check, Explorer, Script, fail_next, texts
from tests.crash.real.layers import SOAK, long
from tests.crash.test_every_crash import (
    begun,
    check,
    checkpoints,
    few_places,
    new_disk,
    nowhere,
    one_more,
    poisoned_and_reopened,
    rolled_back,
    torn,
)
from tests.crash_images import Tears, every_byte, few_tears
from tests.simulated_disk import Fault, SimulatedDisk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

IS_SOAK = bool(os.environ.get(SOAK))
LEAST_STATES = 100_000
SNAPSHOT = "/d/progress.json"
VERSIONS = [b"{}", b'{"scenes": [1]}', b'{"scenes": [1, 2]}']
STAMP = Stamp(time_ns=lambda: 1_800_000_000_000_000_000, randomness=bytes)


class Walk(NamedTuple):
    """One walk: where it starts, what is cut, where writes are torn; with `again`, the power goes a second time."""

    name: str
    start: Callable[[], tuple[SimulatedDisk, Book]]
    script: Script
    tears: Tears
    again: Tears | None = None
    torn_witnesses: int = 0


def new() -> tuple[SimulatedDisk, Book]:
    return new_disk(), Book()


def appends(count: int, disk: SimulatedDisk, book: Book) -> None:
    log = book.open(disk)
    for number in range(count):
        book.append(log, f"x{number}")
    log.close()


def groups(sizes: Sequence[int], disk: SimulatedDisk, book: Book) -> None:
    """What a program that appends several at once makes: one write and one sync for each group."""
    log = book.open(disk)
    for number, size in enumerate(sizes):
        book.append(log, *(f"g{number}.{at}" for at in range(size)))
    log.close()


def reopened_twice(disk: SimulatedDisk, book: Book) -> None:
    """Syncs fail again and again, and each time the log goes on in a new file."""
    log = book.open(disk)
    for said in ("x", "y"):
        fail_next(disk, "sync", Fault(errno=errno.EIO))
        with pytest.raises(EventLogError, match="did not confirm"):
            book.append(log, said)
        book.reopen(log)
        book.append(log, said, f"{said} and on")
    log.close()


def replaced_snapshots(disk: SimulatedDisk, book: Book) -> None:
    """A file beside the log is replaced, as every projection is."""
    for version in VERSIONS[len(book.kept) :]:
        book.doubtful = [version.decode()]
        replace_durably(disk, SNAPSHOT, version)
        book.kept, book.doubtful = [*book.kept, version.decode()], []


def check_snapshot(image: SimulatedDisk, book: Book) -> None:
    """The last version that was said to be there, or whole the one that was being written; then the rest follows."""
    found = image.contents().get(SNAPSHOT, b"").decode()
    assert found in [*([book.kept[-1]] if book.kept else [""]), *book.doubtful]
    replaced_snapshots(image, book)
    assert image.contents()[SNAPSHOT] == VERSIONS[-1]


def damaged() -> tuple[SimulatedDisk, Book]:
    """A log that lacks an acknowledged line in its middle; the book keeps its bytes."""
    disk, book = begun("a", "b", "c", "d")
    files = disk.contents()
    lines = files[LOG].splitlines(keepends=True)
    del lines[2]
    files[LOG] = b"".join(lines)
    book.kept = [files[LOG].decode()]
    return SimulatedDisk(files, folders=["/d"]), book


def repaired(disk: SimulatedDisk, _book: Book) -> None:
    """Salvage, then adoption, as the tool does them; done before, each does nothing."""
    salvage(LOG, files=disk, stamp=STAMP)
    with contextlib.suppress(EventLogError):  # the crash came after the adoption: there is nothing to adopt
        adopt(LOG, files=disk)


def check_repaired(image: SimulatedDisk, book: Book) -> None:
    """The damaged log is never lost, and a repair that was cut off is simply done again."""
    assert book.kept[0].encode() in image.contents().values()
    repaired(image, book)
    assert verify(LOG, files=image).state is State.CLEAN
    assert [text for text in texts(read(LOG, files=image)) if text] == ["a", "c", "d"]
    assert book.kept[0].encode() in image.contents().values()


def every_append(data: bytes) -> Sequence[int]:
    """Tear what is appended at every byte, and what is written beside the log at few."""
    return every_byte(data) if data.startswith(b'{"seq":') else few_places(data)


def every_line(data: bytes) -> Sequence[int]:
    """Tear a single line at every byte, and a copy of the log at few."""
    return every_append(data) if data.count(b"\n") == 1 else few_places(data)


def every_witness(data: bytes) -> Sequence[int]:
    """Tear a head and a lock at every byte, and nothing else."""
    return every_byte(data) if data.startswith(WITNESSES) else ()


TASKS = {
    "2 and 2 tasks at once": TWO_AND_TWO,
    "3 tasks at once": THREE,
    "3 tasks at once, one cancelled": ONE_GIVES_UP,
    "3 tasks at once, one with a bad event": ONE_IS_BAD,
}
WALKS = [
    *(Walk(f"{count} appends", partial(begun, "a"), partial(appends, count), few_tears) for count in range(1, 11)),
    Walk("a creation and 3 appends, torn at every byte", new, partial(appends, 3), every_append),
    Walk("batches of 2 and 2", partial(begun, "a"), partial(groups, (2, 2)), few_tears),
    Walk("2 and 2 tasks at once, torn at every byte", partial(begun, "a"), partial(queued, TWO_AND_TWO), every_append),
    Walk("3 tasks at once, torn at every byte", partial(begun, "a"), partial(queued, THREE), every_append),
    Walk("3 tasks at once, one cancelled", partial(begun, "a"), partial(queued, ONE_GIVES_UP), few_tears),
    Walk("3 tasks at once, one with a bad event", partial(begun, "a"), partial(queued, ONE_IS_BAD), few_tears),
    Walk("checkpoints, torn at every byte", partial(begun, "a"), checkpoints, every_byte),
    Walk("a head or a lock torn at every byte", partial(begun, "a"), one_more, every_witness, torn_witnesses=1),
    Walk("quarantine, torn at every byte", torn, one_more, every_byte),
    Walk("quarantine where no cache can be dropped", partial(torn, has_drop_cache=False), one_more, every_byte),
    Walk("poison and reopen, lines torn at every byte", partial(begun, "a"), poisoned_and_reopened, every_line),
    Walk("poison and reopen, twice", partial(begun, "a"), reopened_twice, few_tears),
    Walk("a write that is undone, torn at every byte", partial(begun, "a"), rolled_back, every_byte),
    *(
        Walk(f"{count} appends, two crashes", partial(begun, "a"), partial(appends, count), few_places, few_places)
        for count in range(1, 4)
    ),
    Walk("a creation, two crashes", new, partial(appends, 1), few_tears, few_places),
    Walk("batches of 2 and 2, two crashes", partial(begun, "a"), partial(groups, (2, 2)), few_places, few_places),
    *(
        Walk(f"{name}, two crashes", partial(begun, "a"), partial(queued, one), few_places, few_places)
        for name, one in TASKS.items()
    ),
    Walk("checkpoints, two crashes", partial(begun, "a"), checkpoints, few_places, few_places),
    Walk("quarantine, two crashes", torn, one_more, few_tears, few_tears),
    Walk("poison and reopen, two crashes", partial(begun, "a"), poisoned_and_reopened, few_places, nowhere),
]
FURTHER = [
    Walk("an append torn at every byte, two crashes", partial(begun, "a"), one_more, every_append, few_tears),
    Walk("quarantine torn at every byte, two crashes", torn, one_more, every_append, few_tears),
    Walk(
        "3 appends torn at every byte, two crashes", partial(begun, "a"), partial(appends, 3), every_append, few_tears
    ),
    Walk("checkpoints torn at every byte, two crashes", partial(begun, "a"), checkpoints, every_byte, few_tears),
    Walk("a creation torn at every byte, twice", new, partial(appends, 1), every_append, every_append),
    *(
        Walk(
            f"{name}, torn at every byte, twice", partial(begun, "a"), partial(queued, one), every_append, every_append
        )
        for name, one in TASKS.items()
    ),
]


def walk(one: Walk, states: set[bytes]) -> int:
    """Walk and add the states that were met; returns how many images there were."""
    disk, book = one.start()
    first = Explorer(one.tears, one.torn_witnesses)
    if one.again is None:
        first.states = states
        first.explore(disk, one.script, check, book)
        return first.images
    twice = Explorer(one.again, states=states)
    first.explore(disk, one.script, lambda image, kept: twice.explore(image, one_more, check, kept), book)
    return first.images + twice.images


def walk_aside(start: tuple[SimulatedDisk, Book], script: Script, checked: Check, states: set[bytes]) -> int:
    """The same for what stands beside the log, torn at every byte, then cut a second time."""
    disk, book = start
    once, twice = Explorer(every_byte, states=states), Explorer(few_places, states=states)
    once.explore(disk, script, checked, book)
    first = Explorer(few_tears)
    first.explore(disk, script, lambda image, kept: twice.explore(image, script, checked, kept), book)
    return once.images + twice.images


@long("states")
def test_no_crash_of_a_hundred_thousand_breaks_a_promise(capsys: pytest.CaptureFixture[str]) -> None:
    states: set[bytes] = set()
    images, began = 0, time.monotonic()

    def tell(name: str, more: int) -> None:
        with capsys.disabled():
            print(f"\n  {name}: {more} images; so far {len(states)} different states", end="")  # noqa: T201

    for one in [*WALKS, *(FURTHER if IS_SOAK else [])]:
        more = walk(one, states)
        images += more
        tell(one.name, more)
    for name, start, script, checked in (
        ("snapshots that are replaced", new(), replaced_snapshots, check_snapshot),
        ("salvage and adoption", damaged(), repaired, check_repaired),
    ):
        more = walk_aside(start, script, checked, states)
        images += more
        tell(f"{name}, one and two crashes", more)
    minutes = (time.monotonic() - began) / 60
    tell(f"all, in {minutes:.1f} minutes", images)
    assert len(states) >= LEAST_STATES
