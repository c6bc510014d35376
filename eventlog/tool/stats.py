"""`stats`: what a log consists of: how many entries of each type, how much, from when to when.

Law: one reading, flat memory; what a lens knows beyond that stands in sections of its own.
"""

from __future__ import annotations

import heapq
from collections import Counter
from typing import TYPE_CHECKING, Any

import click
import orjson

from eventlog.projection import upcast
from eventlog.tool.console import guarded, write_text
from eventlog.tool.finding import PROGRAM
from eventlog.tool.look import EVERYTHING, look
from eventlog.tool.progress import watched
from eventlog.tool.text import clean, escape, pad, width
from eventlog.tool.view import COUNTING
from eventlog.tool.walk import time_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from eventlog.entry import Entry
    from eventlog.tool.view import Lens

LARGEST = 5
_MOST_DAYS = 10_000  # a log with more has no clock
_HELP = """Count what is in a log: entries of each type, bytes, the largest lines, appends per day (UTC).

Of a damaged log what is good is counted, then one line tells of the damage. Exit codes are those of show.
"""
_EPILOG = """\b
Examples:
  {program} stats {example}
  {program} stats {example} --json
"""


def stats(path: str, *, lens: Lens[Any] = COUNTING, as_json: bool = False, program: str = PROGRAM) -> int:
    """Print the statistics of the log at `path`, with the sections that the lens adds. Returns the exit code."""
    return guarded(path, program, lambda: _stats(path, lens, as_json=as_json, program=program))


def _stats(path: str, lens: Lens[Any], *, as_json: bool, program: str) -> int:
    with watched() as files, look(files, path) as log:
        entries = (entry for entry, _ in log.entries(EVERYTHING))
        counted = count(entries, lens)
        for line in [escape(orjson.dumps(counted).decode())] if as_json else _lines(counted):
            write_text(line + "\n")
        return log.code(program)


def count(entries: Iterable[Entry], lens: Lens[Any] = COUNTING) -> dict[str, Any]:
    """The statistics of some entries, as a JSON object."""
    types: Counter[str] = Counter()
    days: Counter[str] = Counter()
    largest: list[tuple[int, int, str]] = []
    number = size = 0
    times: list[str] = []
    tally = lens.tally()
    for entry in entries:
        number, size = number + 1, size + entry.size
        types[entry.type] += 1
        if time_of(entry) is not None:
            times = [min(times[0], entry.time), max(times[1], entry.time)] if times else [entry.time, entry.time]
            if len(days) < _MOST_DAYS or entry.time[:10] in days:
                days[entry.time[:10]] += 1
        heapq.heappush(largest, (entry.size, -entry.seq, entry.type))
        if len(largest) > LARGEST:
            heapq.heappop(largest)
        if tally is not None:
            tally.add(upcast(entry, lens.upcasters))
    found: dict[str, Any] = {
        "entries": number,
        "bytes": size,
        "first": times[0] if times else None,
        "last": times[1] if times else None,
        "types": dict(types.most_common()),
        "largest": [
            {"seq": -seq, "type": kind, "bytes": bytes_} for bytes_, seq, kind in sorted(largest, reverse=True)
        ],
        "days": dict(sorted(days.items())),
    }
    return found | (dict(tally.sections()) if tally is not None else {})


def _lines(counted: dict[str, Any]) -> Iterator[str]:
    for title, value in counted.items():
        match value:
            case dict() if value and all(isinstance(row, dict) for row in value.values()):
                yield clean(title)
                yield from _table(_headed([{"": key, **row} for key, row in value.items()]))
            case dict() if value:
                yield clean(title)
                yield from _table([(key, _text(item)) for key, item in value.items()])
            case list() if value:
                yield clean(title)
                yield from _table(_headed(value))
            case _:
                yield f"{clean(title)}  {_text(value)}"


def _headed(rows: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """The rows under the names of what stands in them."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return [tuple(names), *(tuple(_text(row.get(name)) for name in names) for row in rows)]


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    cleaned = [tuple(map(clean, row)) for row in rows]
    widths = [max(map(width, column)) for column in zip(*cleaned, strict=False)]
    for row in cleaned:
        yield "  " + "  ".join(pad(text, room) for text, room in zip(row, widths, strict=False)).rstrip()


def _text(value: Any) -> str:
    if isinstance(value, str):
        return clean(value)
    return "-" if value is None else clean(orjson.dumps(value).decode())


def stats_command(
    resolve: Callable[[str], str] = str,
    *,
    program: str = PROGRAM,
    metavar: str = "FILE",
    example: str = "events.jsonl",
    lens: Lens[Any] = COUNTING,
) -> click.Command:
    """The command; `resolve` turns its argument into the path of a log. The rest is for its help and messages."""

    @click.command(
        "stats",
        short_help="Count what is in a log.",
        help=_HELP,
        epilog=_EPILOG.format(program=program, example=example),
    )
    @click.argument("log", metavar=metavar)
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
    @click.pass_context
    def run(context: click.Context, log: str, *, as_json: bool) -> None:
        context.exit(stats(resolve(log), lens=lens, as_json=as_json, program=program))

    return run
