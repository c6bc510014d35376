"""Power cuts on real ext4 and xfs: the file system is shut down without flushing, then mounted anew.

Law: the moments are seeded, and none of them is waited for: a cut comes before a chosen call of the child, in the
middle of a chosen append, or from outside as soon as the child has reported a chosen line, while it works on. In the
last case what the child says later is no promise: a sync that races with the shutdown can return success on ext4 (seen
on Linux 6.18, never on xfs), which no machine without power can do.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from eventlog.files import replace_durably
from tests.crash.real.children import Nameless, Unsynced, WatchedFiles, start
from tests.crash.real.layers import real, required
from tests.crash.real.mounts import EXT4, XFS, Disk, Kind, loop_disk
from tests.crash.real.workload import WAYS, Book, Workload, chance

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from tests.crash.real.children import Report
    from tests.crash.real.conftest import Tell

pytestmark = real("power cuts on ext4 and xfs")

CUTS = 150
CUTS_OF_ONE_LOG = 6
OPENING_CALLS = 40
CONTROL_CUTS = 5
on_both = pytest.mark.parametrize("kind", [EXT4, XFS], ids=lambda kind: kind.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """When the power goes: before a call or in an append of the child, or once it has reported so many lines."""

    salt: str
    call: int = -1
    append: int = -1
    report: int = -1


def chosen(number: int, moments: random.Random, *, in_recovery: bool) -> Cut:
    """The moment of one cut."""
    call = moments.randrange(OPENING_CALLS if in_recovery else 250)
    match 0 if in_recovery else number % 3:
        case 0:
            return Cut(salt=f"c{number}", call=call)
        case 1:
            return Cut(salt=f"c{number}", append=moments.randrange(12))
        case _:
            return Cut(salt=f"c{number}", report=moments.randrange(1, 40))


def cut_once(disk: Disk, book: Book, cut: Cut, files: type[WatchedFiles] = WatchedFiles) -> list[str]:
    """Let a child work on the log, cut the power, mount anew; what the child reported."""
    ways = chance(cut.salt).choices(WAYS, (6, 3, 3, 1, 2, 1), k=24)
    first = len(book.kept)

    def work(report: Report) -> None:
        own = files(disk.cut_power, call=cut.call, append=cut.append)
        Workload(book.path, own, report, first=first, salt=cut.salt).do(ways)

    child, before = start(work), None
    for number, _ in enumerate(child.lines(), 1):
        if number == cut.report:
            before = len(child.reports)
            disk.cut_power()
    child.end()
    disk.cut_power()  # in case it was done before its moment came
    disk.power_up()
    book.note(child.reports, cut.salt, until=before)
    return child.reports


@on_both
def test_after_every_power_cut_the_log_is_an_exact_prefix_with_all_that_was_acknowledged(
    kind: Kind, tmp_path: Path, tell: Tell
) -> None:
    required(kind.name)
    moments, began = chance(f"{kind.name} 7"), time.monotonic()
    kept = in_opening = in_recovery = 0
    with loop_disk(kind, tmp_path) as disk:
        for number in range(CUTS):
            is_torn = number % CUTS_OF_ONE_LOG in (2, 4)
            if number % CUTS_OF_ONE_LOG == 0:
                shutil.rmtree(disk.folder / f"{number - CUTS_OF_ONE_LOG}", ignore_errors=True)
                book = Book(f"{disk.folder}/{number}/events.jsonl")
            elif is_torn:
                book.plant_torn_tail(moments)
            reports = cut_once(disk, book, chosen(number, moments, in_recovery=is_torn))
            in_opening += not reports
            in_recovery += is_torn and not reports
            book.expect_kept()
            kept += len(reports)
    assert in_recovery > CUTS // 10
    each_ms = (time.monotonic() - began) / CUTS * 1000
    tell(
        f"{kind.name}: {CUTS} power cuts, {each_ms:.0f} ms each: {in_opening} while the log was opened,"
        f" {in_recovery} of these while a torn tail was recovered from; {kept} reports checked, nothing lost"
    )


@on_both
def test_a_log_that_does_not_sync_loses_acknowledged_entries_so_the_cuts_are_real(
    kind: Kind, tmp_path: Path, tell: Tell
) -> None:
    required(kind.name)
    lost = 0
    with loop_disk(kind, tmp_path) as disk:
        for number in range(CONTROL_CUTS):
            book = Book(f"{disk.folder}/{number}/events.jsonl")
            cut_once(disk, book, Cut(salt=f"u{number}"), Unsynced)
            assert book.kept
            try:
                book.expect_kept()
            except AssertionError:
                lost += 1
    tell(f"{kind.name}: control without fdatasync: {lost} of {CONTROL_CUTS} cuts lost acknowledged entries")
    assert lost > CONTROL_CUTS // 2


@on_both
@pytest.mark.parametrize("files", [WatchedFiles(), Nameless()], ids=["synced", "control"])
def test_a_file_replaced_durably_is_there_after_a_power_cut_and_only_if_its_folder_was_synced(
    kind: Kind, files: WatchedFiles, tmp_path: Path, tell: Tell
) -> None:
    required(kind.name)
    lost = 0
    with loop_disk(kind, tmp_path) as disk:
        for number in range(CONTROL_CUTS):
            path = disk.folder / "progress.json"
            replace_durably(files, str(path), b"%d" % number)
            disk.cut_power()
            disk.power_up()
            lost += not path.exists() or path.read_bytes() != b"%d" % number
    is_control = isinstance(files, Nameless)
    tell(f"{kind.name}: {CONTROL_CUTS} cuts after a file was replaced{', no folder sync' * is_control}: {lost} lost")
    assert lost > CONTROL_CUTS // 2 if is_control else lost == 0
