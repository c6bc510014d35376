"""Every command on logs of 10k, 100k and 1M entries: time and memory; and `status` over 1,000 projects.

Law: what grows with history where it need not is a defect.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from bench.generate import log_of, project
from bench.process import Ran, ran, scenelog
from bench.result import Figure, Result

if TYPE_CHECKING:
    from pathlib import Path

    from bench.result import Setting

NAME = "scale"
_SCENES = 1000
_PROJECTS = 1000
_BOUNDED = ("status P", "log show P", "run P")
_DRAWN = ("status P", "run P", "log verify P", "log show P", "log show P --reverse --limit 20")
# `P` stands for the project; output goes nowhere.
COMMANDS = (
    "status",
    "status P",
    "log show P --limit 20",
    "log show P --reverse --limit 20",
    "log show P",
    "log show P --json",
    "log verify P",
    "log verify P --deep",
    "log replay P",
    "log replay P --at 5000",
    "log why P 3",
    "log stats P",
    "log diff P P",
    "log export P",
    "log doctor P",
    "log repair P",
    "snapshot P -o out",
    "snapshot P --at 5000 -o out",
    "plan P",
    "run P",
    "check P",
)


def measure(setting: Setting) -> Result:
    """Time and memory of each command that this version has, by the length of the log."""
    sizes = (10_000,) if setting.is_quick else (10_000, 100_000, 1_000_000)
    costs = _costs(setting, sizes)
    told = {command: each for command, each in costs.items() if each}
    at = min(2, len(sizes))
    return Result(
        name=NAME,
        title="Every command on a project of 1,000 scenes, by entries in its log (MB: above a project of 12)",
        columns=("command", *(f"{size:,}: s" for size in sizes), *(f"{size:,}: MB" for size in sizes)),
        rows=[
            [command, *(one.wall_s for one in each[1:]), *(one.memory_mb - each[0].memory_mb for one in each[1:])]
            for command, each in told.items()
        ],
        axes=("entries in the log", "seconds"),
        lines={
            command: [(size, one.wall_s) for size, one in zip(sizes, each[1:], strict=True)]
            for command, each in told.items()
            if command in _DRAWN
        },
        figures=(
            Figure(
                what=f"memory of `status`, `log show`, resuming on {sizes[at - 1]:,} entries, above a small project",
                what_zh=f"{sizes[at - 1]:,} 条日志上 `status`、`log show` 与恢复运行的内存，超出小项目的部分",
                value=max(told[command][at].memory_mb - told[command][0].memory_mb for command in _BOUNDED),
                unit="MB",
                limit=32,
            ),
            Figure(
                what=f"`status` over {_PROJECTS:,} projects",
                what_zh=f"{_PROJECTS:,} 个项目的 `status`",
                value=_many(setting),
                unit="s",
                limit=2,
            ),
        ),
    )


def _costs(setting: Setting, sizes: tuple[int, ...]) -> dict[str, list[Ran]]:
    """What each command costs on a project of 12 scenes, which is the least, and at each size."""
    costs: dict[str, list[Ran]] = {command: [] for command in COMMANDS}
    for entries in (0, *sizes):
        place = setting.place(f"{NAME}-{entries}")
        setting.note(f"scale: a project of {entries:,} entries")
        project(place / "projects" / "P", scenes=_SCENES if entries else 12, entries=entries)
        setting.note(f"scale: its log has {log_of(place / 'projects' / 'P').stat().st_size / 1e6:,.0f} MB")
        ran(scenelog("run", "P"), place)  # writes the files of all scenes; what is measured below finds them there
        for command in COMMANDS if not entries else ():
            ran(scenelog(*command.split()), place)  # compiles what it imports, which takes memory as well
        for command in COMMANDS:
            done = ran(scenelog(*command.split()), place, with_memory=True)
            if done.code != 2:  # this version has the command
                costs[command].append(done)
        log_of(place / "projects" / "P").unlink()  # the rest is small, and see throughput.py
    return costs


def _many(setting: Setting) -> float:
    place = setting.place(f"{NAME}-many")
    setting.note(f"scale: {_PROJECTS:,} projects")
    first: Path = place / "projects" / "p0000"
    project(first, scenes=12)
    for number in range(1, _PROJECTS):
        shutil.copytree(first, first.with_name(f"p{number:04d}"))
    return min(ran(scenelog("status"), place).wall_s for _ in range(3))
