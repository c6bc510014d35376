"""Reading a whole log: verified, and folded without its payload, against parsing every line with orjson."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from bench.generate import ByItem, plain_log
from bench.harness import Contender, race
from bench.result import Figure, Result
from eventlog import EventLog, read, verify
from eventlog.entry import ZERO_SUM, sealed_sum
from eventlog.projection import fold

if TYPE_CHECKING:
    from pathlib import Path

    from bench.result import Cell, Setting

NAME = "replay"
_BUFFER = 64 * 1024


def measure(setting: Setting) -> Result:
    """Every way to go through a log of 2.5 KB lines; the yardstick is orjson.loads on each line."""
    entries = 5_000 if setting.is_quick else 20_000
    path = setting.place(NAME) / "events.jsonl"
    setting.note(f"replay: a log of {entries:,} entries")
    plain_log(path, entries)
    timings = race(
        [
            Contender(name="orjson.loads on every line", act=lambda _: _parse(path)),
            Contender(name="hash every line, nothing else", act=lambda _: _hash(path)),
            Contender(name="eventlog verify", act=lambda _: verify(str(path))),
            Contender(name="eventlog read + fold, verified", act=lambda _: fold(ByItem(), read(str(path)))),
            Contender(name="eventlog open + fold, no checkpoint", act=lambda _: _open(path)),
            Contender(name="the least: hash, chain, envelope, by hand", act=lambda _: _least(path)),
            Contender(name="envelopes alone, not verified", act=lambda _: _envelopes(path)),
        ],
        rounds=setting.rounds(15),
        operations=1,
    )
    rows: list[list[Cell]] = [[one.name, one.p50_s / entries * 1e6, one.ratio] for one in timings]
    return Result(
        name=NAME,
        title="Reading a whole log of 2.5 KB lines",
        columns=("way", "us a line", "ratio"),
        rows=rows,
        figures=_figures({one.name: one.ratio for one in timings}),
    )


def _figures(by_name: dict[str, float]) -> tuple[Figure, ...]:
    return (
        Figure(
            what="verify and fold a whole log, over `orjson.loads` on every line",
            what_zh="校验并折叠整个日志，与逐行 `orjson.loads` 相比",
            value=by_name["eventlog read + fold, verified"],
            limit=1.0,
        ),
        Figure(
            what="the same without verifying",
            what_zh="同上，不校验",
            value=by_name["envelopes alone, not verified"],
            limit=0.5,
        ),
        Figure(
            what="open and fold without a checkpoint, over the same",
            what_zh="没有检查点时打开并折叠，与同一基准相比",
            value=by_name["eventlog open + fold, no checkpoint"],
            limit=1.0,
        ),
    )


def _parse(path: Path) -> None:
    with path.open("rb", buffering=_BUFFER) as file:
        for line in file:
            orjson.loads(line)


def _hash(path: Path) -> None:
    with path.open("rb", buffering=_BUFFER) as file:
        for line in file:
            sealed_sum(line)


def _open(path: Path) -> None:
    with EventLog.open(str(path), projection=ByItem()) as log:
        log.fold(ByItem())


def _least(path: Path) -> dict[str, int]:
    """What no verified fold in Python goes below: one loop, and no answer to what a line is that does not fit."""
    state, offset, last = {}, 0, ZERO_SUM
    with path.open("rb", buffering=_BUFFER) as file:
        for line in file:
            found = sealed_sum(line)
            fields = orjson.loads(line[: line.find(b'},"data":') + 1] + b"}")
            if found is None or fields["prev"] != last:
                raise ValueError(f"byte {offset} of {path} is damaged; make the log anew")
            state[fields["subject"]], last = offset, found
            offset += len(line)
    return state


def _envelopes(path: Path) -> dict[str, int]:
    """What a fold costs that believes every byte: the engine has no such mode, this is only to see the difference."""
    state, offset = {}, 0
    with path.open("rb", buffering=_BUFFER) as file:
        for line in file:
            fields = orjson.loads(line[: line.find(b'},"data":') + 1] + b"}")
            state[fields["subject"]] = offset
            offset += len(line)
    return state
