"""`export`: the events of a log for other programs: JSON lines, CSV or CloudEvents.

Law: what an event says goes out exactly as it stands; its place in the chain stays behind.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import click
import orjson

from eventlog.reading import log_id_of
from eventlog.tool.choosing import selecting, selection
from eventlog.tool.console import guarded, is_terminal, write
from eventlog.tool.finding import PROGRAM
from eventlog.tool.look import EVERYTHING, look
from eventlog.tool.output import write_pieces
from eventlog.tool.progress import watched
from eventlog.tool.text import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eventlog.entry import Entry
    from eventlog.tool.look import Look
    from eventlog.tool.walk import Selection

FORMATS = ("jsonl", "csv", "cloudevents")
COLUMNS = ("seq", "time", "type", "v", "subject", "id", "meta", "data")
_HELP = """Write the events of a log for another program.

\b
Formats:
  jsonl        one object a line: id, time, type, v, subject, meta, data
  csv          RFC 4180, with a heading; meta and data as JSON
  cloudevents  CloudEvents 1.0, one object a line; source names the log, meta and v are extensions

Of a damaged log what is good is written, then one line tells of the damage. Exit codes are those of show.
"""
_EPILOG = """\b
Examples:
  {program} export {example} --format csv -o events.csv --force
  {program} export {example} --since 2026-11-23 --until 2026-11-24 --format cloudevents
"""


def export(
    path: str,
    selection: Selection = EVERYTHING,
    *,
    form: str = "jsonl",
    output: str | None = None,
    force: bool = False,
    program: str = PROGRAM,
) -> int:
    """Write the wanted events of the log at `path` to `output`, or print them. Returns the exit code.

    A file that is there is only replaced with `force`; the log itself never is.
    """
    return guarded(path, program, lambda: _export(path, selection, form, output, force=force, program=program))


def _export(path: str, selection: Selection, form: str, output: str | None, *, force: bool, program: str) -> int:
    with watched() as files, look(files, path) as log:
        pieces = _pieces(log, selection, form)
        if output is not None:
            write_pieces(files, output, pieces, log=path, force=force)
        else:
            for piece in pieces:
                write(escape(piece.decode()).encode() if is_terminal() else piece)
        return log.code(program)


def _pieces(log: Look, selection: Selection, form: str) -> Iterator[bytes]:
    entries = (entry for entry, _ in log.entries(selection))
    match form:
        case "csv":
            yield _row(COLUMNS)
            yield from map(_as_row, entries)
        case "cloudevents":
            source = f"urn:eventlog:{log_id_of(log.files, log.handle) or 'unknown'}"
            yield from (_as_cloud_event(entry, source) for entry in entries)
        case _:
            yield from map(_as_event, entries)


def _as_event(entry: Entry) -> bytes:
    named = orjson.dumps({"id": entry.id, "time": entry.time})
    return named[:-1] + b"," + entry.payload_bytes + b"}\n"


def _as_row(entry: Entry) -> bytes:
    meta = orjson.dumps(entry.meta).decode()
    place = (entry.seq, entry.time, entry.type, entry.v, entry.subject, entry.id)
    return _row((*place, meta, entry.data_bytes.decode()))


def _row(values: tuple[object, ...]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(values)
    return text.getvalue().encode()


def _as_cloud_event(entry: Entry, source: str) -> bytes:
    """CloudEvents 1.0, JSON format: an absent value has no key, and an extension holds a text or a number."""
    event: dict[str, Any] = {"specversion": "1.0", "id": entry.id, "source": source, "type": entry.type}
    event |= {"time": entry.time, "sequence": f"{entry.seq:020d}", "eventversion": entry.v}
    if entry.subject:
        event["subject"] = entry.subject
    if entry.meta:
        event["meta"] = orjson.dumps(entry.meta).decode()
    if entry.data_bytes == b"null":
        return orjson.dumps(event) + b"\n"
    event["datacontenttype"] = "application/json"
    return orjson.dumps(event)[:-1] + b',"data":' + entry.data_bytes + b"}\n"


def export_command(
    resolve: Callable[[str], str] = str,
    *,
    program: str = PROGRAM,
    metavar: str = "FILE",
    example: str = "events.jsonl",
) -> click.Command:
    """The command; `resolve` turns its argument into the path of a log. The rest is for its help and messages."""

    @click.command(
        "export",
        short_help="Write the events as JSON lines, CSV, CloudEvents.",
        help=_HELP,
        epilog=_EPILOG.format(program=program, example=example),
    )
    @click.argument("log", metavar=metavar)
    @click.option("--format", "form", type=click.Choice(FORMATS), default="jsonl", help="How the events are written.")
    @click.option("-o", "--output", metavar="FILE", help="Write to this file; it must not be there yet.")
    @click.option("--force", is_flag=True, help="Replace the file.")
    @selecting
    @click.pass_context
    def run(context: click.Context, /, log: str, *, form: str, output: str | None, force: bool, **chosen: Any) -> None:
        wanted = selection(**chosen)
        context.exit(export(resolve(log), wanted, form=form, output=output, force=force, program=program))

    return run
