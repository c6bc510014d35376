"""Every bit, every length: what a log, and each file beside it, is worth when any of its bits turns or its end is lost.

Law: the whole engine is asked, through its front door. Refused at the right place, or harmless, or the one documented
exception, in which nothing is thrown away; a log is never shorter in silence while anything in the folder can tell.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from eventlog import Event, EventLogError, LogDamagedError, read, verify
from eventlog.recovery import State
from tests.crash.promises import LOG, open_log, texts
from tests.crash.real.layers import long
from tests.crash.test_every_crash import Texts, new_disk
from tests.simulated_disk import SimulatedDisk

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD, LOCK, CHECKPOINT = "/d/events.head", "/d/events.lock", "/d/checkpoint.json"
SAID = ["a", "b", "c", "d1", "d2"]
BATCHES = (["a"], ["b"], ["c"], ["d1", "d2"])


def written() -> dict[str, bytes]:
    """The files of a log with five events, the last two of which were appended together; a checkpoint after two."""
    disk = new_disk()
    with open_log(disk) as log:
        for number, batch in enumerate(BATCHES):
            if number == 2:
                log.save_checkpoint(Texts(), log.fold(Texts()))
            log.append_many([_event(said) for said in batch])
    return disk.contents()


def _event(said: str) -> Event:
    return Event(type="said", data=said, id=said)


FILES = written()
LINES = FILES[LOG].splitlines(keepends=True)
STARTS = [sum(map(len, LINES[:at])) for at in range(len(LINES))]
LAST_BATCH = STARTS[-2]


def flipped(path: str) -> Iterator[tuple[int, bytes]]:
    """The content of a file with each of its bits turned, and the byte that was hit."""
    for bit in range(len(FILES[path]) * 8):
        content = bytearray(FILES[path])
        content[bit // 8] ^= 1 << bit % 8
        yield bit // 8, bytes(content)


def shortened(path: str) -> Iterator[tuple[int, bytes]]:
    """The content of a file at each shorter length, and the first byte that is missing."""
    for size in range(len(FILES[path])):
        yield size, FILES[path][:size]


def outcome(files: dict[str, bytes], at: int) -> str:
    """What becomes of a log whose bytes were damaged from `at` on; fails if it is anything that is not allowed."""
    disk, damaged = SimulatedDisk(files, folders=["/d"]), files[LOG]
    line = max(number for number, start in enumerate(STARTS) if start <= at)
    log = open_log(disk)
    problem = log.read_only
    try:
        if problem is None:
            said = texts(log.read())
    except LogDamagedError as error:  # it lies before the checkpoint, and is met when it is read
        problem = error
    log.close()
    if problem is not None:
        assert isinstance(problem, LogDamagedError)
        told = str(problem)
        where = f"line {line + 1}, byte {STARTS[line]}, seq {line}"
        assert where in told or (at in STARTS and f"behind after seq {line - 1}" in told), told
        assert disk.contents()[LOG] == damaged, "nothing is changed"
        with pytest.raises(EventLogError):
            list(read(LOG, files=disk))
        return "refused at its place"
    kept = [data for path, data in disk.contents().items() if path.endswith(".torn")]
    assert said == SAID[: len(said)]
    if kept:
        assert kept == [damaged[STARTS[line] :]], "all that was cut is in quarantine"
        return "taken for a torn tail, and in quarantine"
    assert len(said) == len(SAID) or at in STARTS
    return "harmless" if len(said) == len(SAID) else "shorter, and nothing is left that could tell"


def counted(*, has_head: bool, how: str) -> Counter[str]:
    """The outcomes of every damage of one kind to the log."""
    files = {path: data for path, data in FILES.items() if has_head or path != HEAD}
    damages = (flipped if how == "flipped" else shortened)(LOG)
    found: Counter[str] = Counter()
    for at, content in damages:
        result = outcome({**files, LOG: content}, at)
        if result.startswith("taken") and not (how == "shortened" or at >= LAST_BATCH):
            raise AssertionError(f"byte {at} was acknowledged before the last batch, and a later line says so")
        found[result] += 1
    return found


@long("states")
@pytest.mark.parametrize("how", ["flipped", "shortened"])
def test_no_damage_to_an_acknowledged_log_passes_unseen(how: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = counted(has_head=True, how=how)
    tell(capsys, f"the log, {how}", found)
    assert set(found) == {"refused at its place"}


@long("states")
@pytest.mark.parametrize("how", ["flipped", "shortened"])
def test_without_a_head_only_the_last_batch_can_be_taken_for_a_torn_tail(
    how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The documented exception: the head is gone as well. A cut between two lines then leaves a whole, shorter log."""
    found = counted(has_head=False, how=how)
    tell(capsys, f"the log, {how}, and the head lost", found)
    size, tail = len(FILES[LOG]), len(FILES[LOG]) - LAST_BATCH
    if how == "flipped":
        expected = {"refused at its place": 8 * (size - tail), "taken for a torn tail, and in quarantine": 8 * tail}
        assert found == expected
    else:
        assert "refused at its place" not in found or found["refused at its place"] > 0
        assert found["shorter, and nothing is left that could tell"] <= len(LINES)


@long("states")
@pytest.mark.parametrize("path", [HEAD, LOCK, CHECKPOINT])
def test_no_damage_beside_a_log_harms_the_log(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    found: Counter[str] = Counter()
    for _, content in [*flipped(path), *shortened(path)]:
        disk = SimulatedDisk({**FILES, path: content}, folders=["/d"])
        assert verify(LOG, files=disk.process()).state is State.CLEAN
        with open_log(disk) as log:
            assert log.read_only is None
            assert texts(log.read()) == log.fold(Texts()) == SAID
        found["harmless"] += 1
    tell(capsys, path, found)


def tell(capsys: pytest.CaptureFixture[str], what: str, found: Counter[str]) -> None:
    told = ", ".join(f"{count} {result}" for result, count in sorted(found.items()))
    with capsys.disabled():
        print(f"\n  {what}: {found.total()} cases: {told}", end="")  # noqa: T201
