"""One acknowledged append of a 2.5 KB event, against the raw system calls and against other programs."""

from __future__ import annotations

import importlib
import os
import time
from hashlib import sha256
from typing import TYPE_CHECKING

import orjson

from bench import events
from bench.harness import Contender, race
from bench.peers import PEERS
from bench.result import Figure, Result
from eventlog import EventLog
from eventlog.files import RealFiles

if TYPE_CHECKING:
    from pathlib import Path

    from bench.harness import Timing
    from bench.result import Setting

NAME = "append"
_ZEROS = bytes(1024 * 1024)
_AHEAD = 64 * 1024
_KEPT = 16 * 1024 * 1024


def measure(setting: Setting) -> Result:
    """Append the same events everywhere; the yardstick is O_APPEND write + fdatasync of lines of the same size."""
    place, notes = setting.place(NAME), []
    contenders = [
        _raw(place),
        _engine(place),
        _engine(place, preallocate=_KEPT),
        _least(place),
        _raw(place, ahead=_KEPT),
    ]
    contenders += [_overwrite(place), _filled_ahead(place)]
    for module in PEERS if setting.with_peers else ():
        try:
            peer = importlib.import_module(f"bench.peers.{module}")
            contenders += peer.contenders(place)
        except ImportError as error:
            notes.append(f"{module}: not measured, {error.name} is not installed (pip install -e '.[bench]')")
    setting.note(f"append: {len(contenders)} contenders")
    try:
        timings = race(contenders, rounds=setting.rounds(20), operations=200)
    finally:
        for contender in contenders:
            contender.close()
    return _told(timings, notes)


def _told(timings: list[Timing], notes: list[str]) -> Result:
    engine, kept = timings[1:3]
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
            Figure(
                what="the same with `preallocate=` 16 MiB, p50",
                what_zh="同上，`preallocate=` 16 MiB，p50",
                value=kept.ratio,
                limit=1.1,
            ),
        ),
    )


def _line_size(place: Path) -> int:
    with EventLog.open(str(place / "size.jsonl")) as log:
        return log.append("item.finished", events.payloads()[0], subject=events.subject(0)).size


def _raw(place: Path, *, ahead: int = 0) -> Contender:
    name = f"raw, {ahead >> 20} MiB allocated ahead" if ahead else "raw O_APPEND write + fdatasync"
    line = bytes(_line_size(place) - 1).replace(b"\0", b"x") + b"\n"
    handle, written, allocated = os.open(place / f"raw {ahead}", os.O_RDWR | os.O_APPEND | os.O_CREAT), 0, 0

    def act(_: int) -> None:
        nonlocal written, allocated
        written += len(line)
        if ahead and allocated < written:
            allocated = written - len(line) + ahead
            RealFiles().preallocate(handle, written - len(line), ahead)
        os.write(handle, line)
        os.fdatasync(handle)

    return Contender(name=name, act=act, close=lambda: os.close(handle))


def _engine(place: Path, *, preallocate: int = 0) -> Contender:
    name = f"eventlog, {preallocate >> 20} MiB allocated ahead" if preallocate else "eventlog"
    log, pool = EventLog.open(str(place / f"{name}.jsonl"), preallocate=preallocate), events.payloads()

    def act(number: int) -> None:
        log.append("item.finished", pool[number % len(pool)], subject=events.subject(number), meta={"attempt": 1})

    return Contender(name=name, act=act, close=log.close)


def _least(place: Path) -> Contender:
    """What an append comes to by hand: an id, a time, JSON, two sums, two looks, a write, its sync, the head."""
    path, pool = str(place / "least"), events.payloads()
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
    head = os.open(f"{path}.head", os.O_RDWR | os.O_CREAT)
    last, end = "0" * 32, 0

    def act(number: int) -> None:
        nonlocal last, end
        named = {"id": os.urandom(10).hex(), "time": str(time.time_ns()), "type": "item.finished", "v": 1}
        said = {"subject": events.subject(number), "meta": {"attempt": 1}, "data": pool[number % len(pool)]}
        body = b'{"seq":%d,"prev":"%b","dur":%d,%b' % (
            number,
            last.encode(),
            number - 1,
            orjson.dumps(named | said)[1:-1],
        )
        last = sha256(body).hexdigest()[:32]
        line = b'%b,"sum":"%b"}\n' % (body, last.encode())
        place_of_it = b'{"log":"%036d","seq":"%020d","last":"%b","end":"%020d"' % (0, number, last.encode(), end)
        witness = b'%b,"sum":"%b"}\n' % (place_of_it, sha256(place_of_it).hexdigest()[:32].encode())
        if os.fstat(handle).st_ino != os.stat(path).st_ino:  # noqa: PTH116 - as the engine looks
            raise RuntimeError(path)
        os.write(handle, line)
        os.fdatasync(handle)
        os.pwrite(head, witness, 0)
        end += len(line)

    def close() -> None:
        os.close(handle)
        os.close(head)

    return Contender(name="the least, by hand", act=act, close=close)


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
