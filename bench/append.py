"""One acknowledged append of a 2.5 KB event, against the raw system calls and against other programs."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING

from bench import events
from bench.harness import Contender, race
from bench.peers import PEERS
from bench.result import Figure, Result
from eventlog import EventLog

if TYPE_CHECKING:
    from pathlib import Path

    from bench.harness import Timing
    from bench.result import Setting

NAME = "append"
_ZEROS = bytes(1024 * 1024)
_AHEAD = 64 * 1024


def measure(setting: Setting) -> Result:
    """Append the same events everywhere; the yardstick is O_APPEND write + fdatasync of lines of the same size."""
    place, notes = setting.place(NAME), []
    contenders = [_raw(place), _engine(place), _overwrite(place), _filled_ahead(place)]
    for module in PEERS if setting.with_peers else ():
        try:
            peer = importlib.import_module(f"bench.peers.{module}")
            contenders += peer.contenders(place)
        except ImportError as error:
            notes.append(f"{module}: not measured, {error.name} is not installed (pip install -e '.[bench]')")
    setting.note(f"append: {len(contenders)} contenders")
    try:
        timings = race(contenders, rounds=setting.rounds(40), operations=50 if setting.with_peers else 200)
    finally:
        for contender in contenders:
            contender.close()
    return _told(timings, notes)


def _told(timings: list[Timing], notes: list[str]) -> Result:
    engine = timings[1]
    rows = [
        [
            one.name,
            one.p50_s * 1e6,
            one.p99_s * 1e6,
            one.cpu_s * 1e6,
            one.ratio,
            one.ratio_p99,
            "yes" if one.is_durable else "not durable",
        ]
        for one in sorted(timings, key=lambda one: (not one.is_durable, one.ratio))
    ]
    return Result(
        name=NAME,
        title="One acknowledged append of a 2.5 KB event",
        columns=("program", "p50 us", "p99 us", "CPU us", "p50 ratio", "p99 ratio", "on disk"),
        rows=rows,
        notes=notes,
        figures=(
            Figure(
                what="an acknowledged append, p50, over a raw write + fdatasync",
                what_zh="一次已确认的追加（p50），与裸写加 fdatasync 相比",
                value=engine.ratio,
                limit=1.1,
            ),
            Figure(what="the same, p99", what_zh="同上，p99", value=engine.ratio_p99, limit=1.25),
        ),
    )


def _line_size(place: Path) -> int:
    with EventLog.open(str(place / "size.jsonl")) as log:
        return log.append("item.finished", events.payloads()[0], subject=events.subject(0)).size


def _raw(place: Path) -> Contender:
    line = bytes(_line_size(place) - 1).replace(b"\0", b"x") + b"\n"
    handle = os.open(place / "raw", os.O_RDWR | os.O_APPEND | os.O_CREAT)

    def act(_: int) -> None:
        os.write(handle, line)
        os.fdatasync(handle)

    return Contender(name="raw O_APPEND write + fdatasync", act=act, close=lambda: os.close(handle))


def _engine(place: Path) -> Contender:
    log, pool = EventLog.open(str(place / "events.jsonl")), events.payloads()

    def act(number: int) -> None:
        log.append("item.finished", pool[number % len(pool)], subject=events.subject(number), meta={"attempt": 1})

    return Contender(name="eventlog", act=act, close=log.close)


def _overwrite(place: Path) -> Contender:
    """The floor that no growing file reaches: blocks that were written before are written again."""
    line, place_to_write = bytes(_line_size(place)), [0]
    handle = os.open(place / "filled", os.O_RDWR | os.O_CREAT)
    for _ in range(64):
        os.write(handle, _ZEROS)
    os.fsync(handle)

    def act(_: int) -> None:
        os.pwrite(handle, line, place_to_write[0])
        place_to_write[0] = (place_to_write[0] + len(line)) % (63 * len(_ZEROS))
        os.fdatasync(handle)

    return Contender(name="raw overwrite of a filled file + fdatasync", act=act, close=lambda: os.close(handle))


def _filled_ahead(place: Path) -> Contender:
    """What the engine does not do: fill the file with newlines ahead of the end, and write over them."""
    line, written, filled = bytes(_line_size(place)), 0, 0
    handle = os.open(place / "ahead", os.O_RDWR | os.O_CREAT)

    def act(_: int) -> None:
        nonlocal written, filled
        if written + len(line) > filled:
            os.pwrite(handle, b"\n" * _AHEAD, filled)
            filled += _AHEAD
        os.pwrite(handle, line, written)
        written += len(line)
        os.fdatasync(handle)

    return Contender(name="raw, newlines filled 64 KiB ahead", act=act, close=lambda: os.close(handle))
