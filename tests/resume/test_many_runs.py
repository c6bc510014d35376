"""Whole runs, the long walk: the power is cut at every operation of a run, and every disk that leaves is gone on from.

Law: as in test_every_disk.py; no image is left out but those that differ in how a write was torn: one walk tears one
write of an image, the others none. Two images that differ in bytes which the resumed run does not read are one: of
files that were not renamed yet it reads none, and each run is held to that.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

import pytest

from eventlog.files import TEMPORARY
from stages.pipeline.intake import read_story
from tests.crash.promises import Image
from tests.crash.real.layers import long
from tests.crash.test_every_crash import nowhere
from tests.crash.test_many_states import IS_SOAK
from tests.crash_images import exhaust, few_tears
from tests.resume import test_every_disk as runs
from tests.simulated_disk import SimulatedDisk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.crash_images import Pick, Tears

STORIES = {
    2: runs.STORY,
    3: read_story(
        "s.txt",
        "\n\n".join(
            f"第{day}天，林川走进雨里的街市。“还有灯吗？”他问第{day}个人。那人指了指第{day}盏灯，没有说话。"
            for day in range(1, 10)
        ).encode(),
    ),
}
LEAST_STATES = 3_000
OUTCOMES_UNTORN = 3  # of a write: kept, lost, zeros; from here on it is torn


def is_unread(name: str) -> bool:
    """Whether a file was not renamed yet: whatever it holds after a crash is of no use."""
    return name.endswith(TEMPORARY)


def some_tears(data: bytes) -> Sequence[int]:
    """Tear a write after its first byte, its first line and its first half, or before its last byte."""
    return sorted(at for at in {1, data.find(b"\n") + 1, len(data) // 2, len(data) - 1} if 0 < at < len(data))


class OneTear:
    """The choices that make one image, in which one write at most is torn."""

    def __init__(self, pick: Pick, tears: Tears) -> None:
        self._pick, self._tears = pick, tears
        self._is_asked = self._is_torn = False

    def tears(self, data: bytes) -> Sequence[int]:
        self._is_asked = True
        return () if self._is_torn else self._tears(data)

    def pick(self, count: int) -> int:
        picked = self._pick(count)
        self._is_torn |= self._is_asked and picked >= OUTCOMES_UNTORN
        self._is_asked = False
        return picked


def digest(files: dict[str, bytes], known: list[str]) -> bytes:
    """What tells one state from another: the files, but for what nobody reads, and what was acknowledged."""
    found = hashlib.sha256(repr(known).encode())
    for path, data in sorted(files.items()):
        content = b"" if is_unread(path) else data
        found.update(f"{path} {len(content)}\n".encode() + content)
    return found.digest()


class RunWalk:
    """The walk of one run; each different disk is gone on from once, with all that was acknowledged before.

    With `again`, the run that goes on is cut, too: from each disk at the next of its operations in turn, or at each of
    them in a soak.
    """

    def __init__(self, tears: Tears, *, again: bool = False) -> None:
        self.states: set[bytes] = set()
        self._cut_again: set[bytes] = set()
        self.images = self.operations = 0
        self._tears, self._again = tears, again
        self._before: tuple[object, list[str]] | None = None
        self._images_before = 0

    def explore(self) -> None:
        """Cut the power at every operation."""
        for at in range(runs.whole()[1]):
            disk, witness = SimulatedDisk(folders=["/"]), runs.Witness()
            assert runs.crash(disk, at, witness)
            self.operations += 1
            left = disk.fate(), witness.known()
            if left != self._before:  # else it is as it was one operation before: nothing but a look came between
                self._images_before = self._every_image(disk, witness, again=self._again)
                self._before = left
            self.images += self._images_before

    def _every_image(self, disk: SimulatedDisk, witness: runs.Witness, *, again: bool) -> int:
        def run(pick: Pick) -> None:
            tear = OneTear(pick, self._tears)
            image = Image(tear.pick, tear.tears)
            self._once(witness, again, disk.image(image.pick, tears=image.tears, unread=is_unread))

        return exhaust(run)

    def _once(self, witness: runs.Witness, again: bool, image: SimulatedDisk) -> None:  # noqa: FBT001 - of a closure
        key = digest(image.contents(), witness.known())
        if key in (self._cut_again if again else self.states):
            return
        self.states.add(key)
        left = image.fork()
        runs.check_projections(image)
        runs.check_resumed(image, witness.copy())
        assert not [each for each in image.trace if is_unread(each.path) and each.name in ("read_at", "stat")]
        if again:
            self._cut_again.add(key)
            self._second_cuts(left, witness, len(image.trace))

    def _second_cuts(self, left: SimulatedDisk, witness: runs.Witness, operations: int) -> None:
        turn = len(self._cut_again) * 7 % operations
        for at in range(operations) if IS_SOAK else [turn]:
            disk, promised = left.fork(), witness.copy()
            assert runs.crash(disk, at, promised)
            self.operations += 1
            self.images += self._every_image(disk, promised, again=False)


@long("states")
@pytest.mark.parametrize(
    ("scenes", "again", "tears"), [(2, False, some_tears), (3, False, nowhere), (2, True, nowhere)]
)
def test_no_disk_that_a_power_cut_leaves_of_a_run_loses_or_repeats_anything(
    scenes: int, *, again: bool, tears: Tears, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runs, "STORY", STORIES[scenes])
    monkeypatch.setattr(runs, "SCENES", scenes)
    runs.whole.cache_clear()
    began, walk = time.monotonic(), RunWalk(few_tears if IS_SOAK else tears, again=again)
    walk.explore()
    runs.whole.cache_clear()
    minutes, crashes = (time.monotonic() - began) / 60, ", two crashes" if again else ""
    with capsys.disabled():
        print(  # noqa: T201
            f"\n  runs of {scenes} scenes in 2 stages{crashes}: cut at {walk.operations} operations,"
            f" {walk.images} images, {len(walk.states)} different states gone on from, {minutes:.1f} minutes"
        )
    assert len(walk.states) >= LEAST_STATES
