"""How long the program takes to begin, against an interpreter that does nothing."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from bench.process import ROOT, python, ran, scenelog
from bench.result import Figure, Result

if TYPE_CHECKING:
    from bench.result import Setting

NAME = "startup"


def measure(setting: Setting) -> Result:
    """Whole processes, in turn, each compared with the interpreter's own start in the same round."""
    place = setting.place(NAME)
    setting.note("startup: whole processes")
    ran(scenelog("run", str(ROOT / "examples/灯塔来信.txt")), place)
    commands = {
        "python -c pass": python("-c", "pass"),
        "python -c 'import click'": python("-c", "import click"),
        "scenelog --help": scenelog("--help"),
        "scenelog status PROJECT": scenelog("status", "灯塔来信"),
    }
    for command in commands.values():
        ran(command, place)  # compiles what it imports
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(setting.rounds(30)):
        for name, command in commands.items():
            taken[name].append(ran(command, place).wall_s)
    yardstick = taken["python -c pass"]
    ratios = {
        name: statistics.median(mine / bare for mine, bare in zip(times, yardstick, strict=True))
        for name, times in taken.items()
    }
    return Result(
        name=NAME,
        title="Start-up of whole processes",
        columns=("command", "ms", "ratio"),
        rows=[[name, statistics.median(taken[name]) * 1e3, ratios[name]] for name in commands],
        figures=(
            Figure(
                what="`scenelog --help`, over `python -c pass`",
                what_zh="`scenelog --help`，与 `python -c pass` 相比",
                value=ratios["scenelog --help"],
                limit=5,
            ),
            Figure(
                what="`scenelog status` of a 12-scene project, over the same",
                what_zh="12 个场景的项目的 `scenelog status`，与同一基准相比",
                value=ratios["scenelog status PROJECT"],
                limit=7,
            ),
        ),
    )
