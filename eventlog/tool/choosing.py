"""What is typed to choose entries: a range of seq, a time, a pattern; and the options that all commands share.

Law: a wrong word is one plain error that shows how to write it; a time without a zone is UTC, as `show` prints it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from eventlog.tool.walk import EVERY, Selection, time_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from eventlog.entry import Entry

Place: TypeAlias = int | datetime


class SeqRange(click.ParamType[tuple[int, int | None]]):
    """`A:B`, `A:`, `:B` or one number."""

    name = "A:B"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int | None]:
        """The first seq and the last one, None if there is no end."""
        found = re.fullmatch(r"([0-9]{0,18})(:?)([0-9]{0,18})", str(value))
        if not found or not (found[1] or found[2]):
            self.fail(f"{value!r} is not a range of seq; write 10:20, 10:, :20 or 10", param, ctx)
        first = int(found[1] or 0)
        return first, int(found[3]) if found[3] else None if found[2] else first


class Time(click.ParamType[datetime]):
    """A date, or a date and a time."""

    name = "TIME"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The time; in UTC if it names no zone."""
        try:
            time = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a time; write 2026-11-23, '2026-11-23 12:34' or 2026-11-23T12:34Z", param, ctx)
        return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


class PlaceType(click.ParamType[Place]):
    """A seq, -1 for the place before the first entry, or a time."""

    name = "SEQ|TIME"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Place:
        """The seq or the time."""
        if re.fullmatch(r"-1|[0-9]{1,18}", str(value)) and not re.fullmatch(r"[12][0-9]{7}", str(value)):
            return int(str(value))
        return Time().convert(value, param, ctx)


class Pattern(click.ParamType[re.Pattern[str]]):
    """A regular expression."""

    name = "PATTERN"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> re.Pattern[str]:
        """The compiled expression."""
        try:
            return re.compile(str(value))
        except re.error as error:
            self.fail(f"{value!r} is no pattern: {error}; write . * + ? ( ) [ ] with a backslash before", param, ctx)


def selecting(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that choose entries; `selection` makes a Selection of them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_OPTIONS = (
    click.option("--type", "kind", default=EVERY, metavar="GLOB", help="Only entries of this type, as in 'job.*'."),
    click.option("--subject", default=EVERY, metavar="GLOB", help="Only entries with this subject, as in 'item/*'."),
    click.option("--seq", type=SeqRange(), default=":", metavar="A:B", help="Only from seq A to B, both included."),
    click.option("--since", type=Time(), metavar="TIME", help="Only entries of this time (UTC) or later."),
    click.option("--until", type=Time(), metavar="TIME", help="Only entries of this time (UTC) or earlier."),
    click.option(
        "--grep", type=Pattern(), metavar="PATTERN", help="Only entries in which this is found; (?i) for any case."
    ),
)


def selection(*, kind: str, seq: tuple[int, int | None], limit: int | None = None, **chosen: Any) -> Selection:
    """The choice that was typed."""
    return Selection(type=kind, first=seq[0], last=seq[1], limit=limit, **chosen)


def up_to(entries: Iterable[tuple[Entry, bool]], place: Place | None) -> Iterator[Entry]:
    """The entries before the first one that is later than the place; all of them if it is None."""
    for entry, _ in entries:
        if place is not None and _is_after(entry, place):
            return
        yield entry


def _is_after(entry: Entry, place: Place) -> bool:
    if isinstance(place, int):
        return entry.seq > place
    time = time_of(entry)
    return time is not None and time > place
