"""Opening a log again with a checkpoint: after how many new entries, in how long a history."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

from bench.disk import UnsyncedFiles
from bench.generate import ByItem, plain_log
from bench.result import Figure, Result
from eventlog import Event, EventLog

if TYPE_CHECKING:
    from pathlib import Path

    from bench.result import Cell, Setting

NAME = "reopen"
_NEW = {0: 2.0, 100: 8.0, 1000: 40.0}  # new entries -> milliseconds


def measure(setting: Setting) -> Result:
    """Open, fold and close, with 0, 100 and 1,000 entries after the checkpoint."""
    sizes = (10_000, 100_000) if setting.is_quick else (10_000, 100_000, 1_000_000)
    rows: list[list[Cell]] = []
    lines: dict[str, list[tuple[float, float]]] = {f"{new:,} new entries": [] for new in _NEW}
    for entries in sizes:
        place = setting.place(f"{NAME}-{entries}")
        setting.note(f"reopen: a log of {entries:,} entries")
        plain_log(place / "events.jsonl", entries, checkpoint=True)
        row: list[Cell] = [entries]
        for new in _NEW:
            _append(place / "events.jsonl", new)
            taken_ms = _reopened_s(place / "events.jsonl", setting.rounds(30)) * 1e3
            row.append(taken_ms)
            lines[f"{new:,} new entries"].append((entries, taken_ms))
        rows.append(row)
        for path in place.iterdir():
            path.unlink()
    worst = {new: max(float(row[at]) for row in rows) for at, new in enumerate(_NEW, 1)}
    return Result(
        name=NAME,
        title="Opening again from a checkpoint of 1,000 items",
        columns=("entries", *(f"{new:,} new, ms" for new in _NEW)),
        rows=rows,
        axes=("entries in the log", "ms to open and fold"),
        lines=lines,
        figures=tuple(
            Figure(
                what=f"reopen with a checkpoint and {new:,} new entries, up to {sizes[-1]:,} entries",
                what_zh=f"有检查点、{new:,} 条新记录时重新打开，日志至 {sizes[-1]:,} 条",
                value=worst[new],
                unit="ms",
                limit=limit,
            )
            for new, limit in _NEW.items()
        ),
    )


def _append(path: Path, new: int) -> None:
    """Bring the number of entries after the checkpoint to `new`."""
    with EventLog.open(str(path), files=UnsyncedFiles()) as log:
        missing = new - (log.position.seq - log.found.seq if new == 0 else _after_checkpoint(log))
        if missing > 0:
            plain = [
                Event(type="item.finished", data="x" * 2300, subject=f"item/{at % 1000:04d}") for at in range(missing)
            ]
            log.append_many(plain)


def _after_checkpoint(log: EventLog) -> int:
    return log.position.seq - log.checkpoint_seq


def _reopened_s(path: Path, rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        begin = time.perf_counter()
        with EventLog.open(str(path), projection=ByItem()) as log:
            log.fold(ByItem())
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)
