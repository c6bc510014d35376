"""Every disk a crash can leave: the walk through all choices, and through all moments of a script.

Law: nothing here is random; the same script and disk give the same images in the same order.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from tests.simulated_disk import SimulatedDisk

Pick: TypeAlias = Callable[[int], int]
Tears: TypeAlias = Callable[[bytes], Sequence[int]]
LINE_END = 10


class SimulatedCrash(BaseException):
    """The process is dead. A BaseException, so that no `except Exception` survives a power cut."""


def kindest(_count: int) -> int:
    """Choose the kind outcome, always."""
    return 0


def every_byte(data: bytes) -> Sequence[int]:
    """Tear a write between any two of its bytes."""
    return range(1, len(data))


def few_tears(data: bytes) -> Sequence[int]:
    """Tear a write after its first byte, in the middle, before its last byte, or after a line."""
    line_ends = {at + 1 for at, byte in enumerate(data) if byte == LINE_END}
    return sorted(at for at in {1, len(data) // 2, len(data) - 1} | line_ends if 0 < at < len(data))


def exhaust(run: Callable[[Pick], object], limit: int | None = None) -> int:
    """Call `run(pick)` once for every sequence of choices it can meet (an odometer); returns how often."""
    wheels: list[tuple[int, int]] = []  # what was picked, out of how many
    runs = 0
    while True:
        place = 0

        def pick(count: int) -> int:
            nonlocal place
            if place == len(wheels):
                wheels.append((0, count))
            picked, of = wheels[place]
            if of != count:
                raise AssertionError(
                    f"choice {place} was out of {of} and is now out of {count}: the run is not repeatable"
                )
            place += 1
            return picked

        run(pick)
        runs += 1
        while wheels and wheels[-1][0] + 1 >= wheels[-1][1]:
            wheels.pop()
        if not wheels or runs == limit:
            return runs
        wheels[-1] = (wheels[-1][0] + 1, wheels[-1][1])


def after_every_crash(
    disk: SimulatedDisk,
    script: Callable[[SimulatedDisk], object],
    check: Callable[[SimulatedDisk], object],
    *,
    tears: Tears = every_byte,
) -> int:
    """Call `check` with every disk that a power cut during or after `script` can leave; returns how many.

    The script runs on copies of `disk`, each cut at one operation further on. What `check` must know of the script
    (what was acknowledged so far) goes through their closure.
    """
    images = 0
    for number in itertools.count(len(disk.trace)):
        attempt = disk.fork()
        attempt.crash_at = number
        try:
            script(attempt)
            finished = True
        except SimulatedCrash:
            finished = False
        images += exhaust(_image_check(attempt, check, tears))
        if finished:
            return images
    raise AssertionError("unreachable")


def _image_check(
    disk: SimulatedDisk, check: Callable[[SimulatedDisk], object], tears: Tears
) -> Callable[[Pick], object]:
    return lambda pick: check(disk.image(pick, tears=tears))
