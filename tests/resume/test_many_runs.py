"""Whole runs, the long walk: the power is cut at every operation of a run, and every disk that leaves is gone on from.

Law: as in test_every_disk.py; here no image is left out but those that differ in how a write was torn.
"""

from __future__ import annotations

import copy
import hashlib
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from stages.pipeline.intake import read_story
from tests.crash.promises import every_image
from tests.crash.real.layers import long
from tests.crash.test_every_crash import nowhere
from tests.crash.test_many_states import IS_SOAK
from tests.crash_images import few_tears
from tests.resume import test_every_disk as runs
from tests.simulated_disk import SimulatedDisk

if TYPE_CHECKING:
    from tests.crash_images import Tears

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
LEAST_STATES = 500


class RunWalk:
    """The walk of one run; each different disk is gone on from once, with all that was acknowledged before.

    With `again`, the run that goes on is cut, too: from each disk at the next of its operations in turn.
    """

    def __init__(self, tears: Tears, *, again: bool = False) -> None:
        self.states: set[bytes] = set()
        self.images = self.operations = 0
        self._tears, self._again = tears, again

    def explore(self) -> None:
        """Cut the power at every operation."""
        for at in range(runs.whole()[1]):
            self._cut(SimulatedDisk(folders=["/"]), runs.Witness(), at, again=self._again)

    def _cut(self, disk: SimulatedDisk, witness: runs.Witness, at: int, *, again: bool) -> None:
        if runs.crash(disk, at, witness):
            self.operations += 1
            self.images += every_image(disk, partial(self._once, witness, again), self._tears)

    def _once(self, witness: runs.Witness, again: bool, image: SimulatedDisk) -> None:  # noqa: FBT001 - of a partial
        known = [entry.id for entry in witness.acknowledged]
        key = hashlib.sha256(repr((sorted(image.contents().items()), known)).encode()).digest()
        if key in self.states:
            return
        self.states.add(key)
        runs.check_projections(image)
        if again:
            self._cut(image.fork(), copy.deepcopy(witness), len(self.states) * 7 % runs.whole()[1], again=False)
        runs.check_resumed(image, copy.deepcopy(witness))


@long("states")
@pytest.mark.parametrize(("scenes", "again"), [(2, False), (3, False), (2, True)])
def test_no_disk_that_a_power_cut_leaves_of_a_run_loses_or_repeats_anything(
    scenes: int, *, again: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runs, "STORY", STORIES[scenes])
    monkeypatch.setattr(runs, "SCENES", scenes)
    runs.whole.cache_clear()
    began, walk = (
        time.monotonic(),
        RunWalk(few_tears if IS_SOAK or (scenes, again) == (2, False) else nowhere, again=again),
    )
    walk.explore()
    runs.whole.cache_clear()
    minutes, crashes = (time.monotonic() - began) / 60, ", two crashes" if again else ""
    with capsys.disabled():
        print(  # noqa: T201
            f"\n  runs of {scenes} scenes in 2 stages{crashes}: cut at {walk.operations} operations,"
            f" {walk.images} images, {len(walk.states)} different states gone on from, {minutes:.1f} minutes"
        )
    assert len(walk.states) >= LEAST_STATES
