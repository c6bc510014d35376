"""`show`: the entries of a log, one line each.

Law: entries are shown as they are read, so memory stays flat; what cannot be shown is said in one line, at the end.
"""

from __future__ import annotations

import shutil
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from eventlog import reading
from eventlog.tool.choosing import selecting, selection
from eventlog.tool.console import guarded, is_terminal, write, write_text
from eventlog.tool.finding import OK, PROGRAM
from eventlog.tool.look import EVERYTHING, look
from eventlog.tool.progress import make_room, watched
from eventlog.tool.table import Table, cells
from eventlog.tool.text import clean, escape
from eventlog.tool.waiting import waiter

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import TypeAlias

    from eventlog.entry import Entry
    from eventlog.tool.walk import Selection

    Form: TypeAlias = Callable[[Entry, bool], None]

_HELP = """Show the entries of a log, oldest first.

A seq that ends in ? is of an entry that verifies but that nothing vouches for yet. In a pipe the columns are separated
by tabs. Of a damaged log what is good is shown, then one line tells of the damage. Times are UTC.

\b
Exit codes:
   0  shown
   1  cannot be shown: no such file, not a log, a newer format
  11  acknowledged entries are damaged
  12  acknowledged entries are missing: an older or another copy
"""
_EPILOG = """\b
Examples:
  {program} show {example} --reverse --limit 10
  {program} show {example} --type 'job.*' --seq 100: --json
  {program} show {example} --since 2026-11-23 --grep 'time.?out' --full
"""


def show(
    path: str,
    selection: Selection = EVERYTHING,
    *,
    form: str = "table",
    reverse: bool = False,
    follow: bool = False,
    program: str = PROGRAM,
) -> int:
    """Print the wanted entries of the log at `path`. Returns the exit code.

    `form` is "table", "full" (a table in which nothing is shortened), "json" (each line as it is in the log) or "raw"
    (what each entry holds, and nothing else). `reverse` begins with the last entry, `follow` goes on with new
    confirmed entries until it is stopped. `program` is how the next command to type begins.
    """
    if follow:
        return guarded(path, program, lambda: _follow(path, selection, _form(form)))
    return guarded(path, program, lambda: _show(path, selection, _form(form), reverse=reverse, program=program))


def _show(path: str, selection: Selection, form: Form, *, reverse: bool, program: str) -> int:
    with watched() as files, look(files, path) as log:
        for entry, confirmed in islice(log.entries(selection, reverse=reverse), selection.limit):
            make_room(files)
            form(entry, confirmed)
        return log.code(program)


def _follow(path: str, selection: Selection, form: Form) -> int:
    with closing(_arriving(path, selection)) as entries:
        for entry in islice(entries, selection.limit):
            form(entry, True)  # noqa: FBT003 - the form's own meaning: confirmed
    return OK


def _arriving(path: str, selection: Selection) -> Generator[Entry, None, None]:
    with waiter(path) as wait:
        for entry in reading.read(path, after=selection.first - 1, follow=True, wait=wait):
            if selection.has(entry):
                yield entry
            if selection.last is not None and entry.seq >= selection.last:
                return


def _form(name: str) -> Form:
    if name in ("json", "raw"):
        return _as_it_is if name == "json" else _content
    full = name == "full"
    if not is_terminal():
        return lambda entry, confirmed: write_text("\t".join(cells(entry, confirmed=confirmed, full=full)) + "\n")
    table = Table(None if full else shutil.get_terminal_size().columns)
    return lambda entry, confirmed: write_text(table.lines(cells(entry, confirmed=confirmed, full=full)))


def _as_it_is(entry: Entry, _confirmed: bool) -> None:  # noqa: FBT001 - one shape for all forms
    """Print the line's bytes; on a terminal, what could act on it is written as the JSON escape of the same meaning."""
    write(escape(entry.line.decode()).encode() if is_terminal() else entry.line)


def _content(entry: Entry, _confirmed: bool) -> None:  # noqa: FBT001 - one shape for all forms
    """Print a text as text, anything else as JSON; on a terminal, without what could act on it."""
    held = entry.data if entry.data_bytes.startswith(b'"') else entry.data_bytes.decode()
    write_text("\n".join(map(clean, held.split("\n"))) + "\n" if is_terminal() else held + "\n")


def show_command(
    resolve: Callable[[str], str] = str,
    *,
    program: str = PROGRAM,
    metavar: str = "FILE",
    example: str = "events.jsonl",
) -> click.Command:
    """The command; `resolve` turns its argument into the path of a log. The rest is for its help and messages."""

    @click.command(
        "show",
        short_help="Show the entries of a log.",
        help=_HELP,
        epilog=_EPILOG.format(program=program, example=example),
    )
    @click.argument("log", metavar=metavar)
    @click.option("--json", is_flag=True, help="Print each line exactly as it is in the log.")
    @click.option("--raw", is_flag=True, help="Print only what the entries hold: text as text, else JSON.")
    @click.option("--full", is_flag=True, help="Shorten nothing.")
    @click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Show at most N entries.")
    @click.option("--reverse", is_flag=True, help="Begin with the last entry.")
    @selecting
    @click.option("--follow", is_flag=True, help="Go on with new entries as they are confirmed; Ctrl-C ends it.")
    @click.pass_context
    def run(context: click.Context, /, log: str, *, reverse: bool, follow: bool, **chosen: Any) -> None:
        forms = {name: chosen.pop(name) for name in ("json", "raw", "full")}
        form = next((name for name, is_wanted in forms.items() if is_wanted), "table")
        if follow and reverse:
            raise click.UsageError("--follow goes forward; leave out --reverse")
        wanted = selection(**chosen)
        code = show(resolve(log), wanted, form=form, reverse=reverse, follow=follow, program=program)
        context.exit(code)

    return run
