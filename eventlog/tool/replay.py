"""`replay`: what a log had added up to at any moment of its past, and what each entry since has changed.

Law: the state at seq n is the fold of the entries up to n and of nothing else; it never goes into the log's folder.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import click
import orjson

from eventlog.errors import EventLogError
from eventlog.files import resolve as resolve_path
from eventlog.projection import upcast
from eventlog.tool.choosing import PlaceType, up_to
from eventlog.tool.console import guarded, is_terminal, say, write, write_text
from eventlog.tool.finding import PROGRAM
from eventlog.tool.look import look
from eventlog.tool.output import write_files
from eventlog.tool.progress import watched
from eventlog.tool.table import cells
from eventlog.tool.text import clean, escape
from eventlog.tool.view import COUNTING, changes, folded, shown, shown_part
from eventlog.tool.walk import Selection
from eventlog.tool.wording import change_lines, state_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eventlog.entry import Entry
    from eventlog.tool.choosing import Place
    from eventlog.tool.look import Look
    from eventlog.tool.view import Lens

STATE_FILE = "state.json"
_HELP = """Show what a log had added up to at a moment of its past: after the entry with a seq, or at a time (UTC).

With --step, go on from there one entry at a time and show what each changed. With -o, write the state and the files
that follow from it into another folder; with --file, print one of these files. Exit codes are those of show.
"""
_EPILOG = """\b
Examples:
  {program} replay {example} --at 3
  {program} replay {example} --at 2 --step --limit 2
  {program} replay {example} --at '2026-11-23 12:34' --json
"""


def replay(
    path: str,
    *,
    lens: Lens[Any] = COUNTING,
    at: Place | None = None,
    as_json: bool = False,
    program: str = PROGRAM,
) -> int:
    """Print the state of the log at `path` as it was at a seq or a time (None: now). Returns the exit code."""

    def body() -> int:
        with watched() as files, look(files, path) as log:
            state = _state_at(log, lens, at)
            for line in _in_form(shown(lens, state), as_json=as_json):
                write_text(line + "\n")
            return log.code(program)

    return guarded(path, program, body)


def step(
    path: str,
    *,
    lens: Lens[Any] = COUNTING,
    after: Place | None = -1,
    limit: int | None = None,
    as_json: bool = False,
    program: str = PROGRAM,
) -> int:
    """Print each entry after a seq or a time, and what it changed in the shown state. Returns the exit code."""

    def body() -> int:
        with watched() as files, look(files, path) as log:
            for entry, found in islice(_steps(log, lens, after), limit):
                if as_json:
                    told = {"seq": entry.seq, "changes": [change.to_json() for change in found]}
                    write_text(escape(orjson.dumps(told).decode()) + "\n")
                    continue
                write_text("  ".join(text for text in cells(entry, confirmed=True, full=False)[:5] if text) + "\n")
                for line in change_lines(found):
                    write_text(f"  {line}\n")
            return log.code(program)

    return guarded(path, program, body)


def write_out(
    path: str,
    folder: str,
    *,
    lens: Lens[Any] = COUNTING,
    at: Place | None = None,
    force: bool = False,
    program: str = PROGRAM,
) -> int:
    """Write the state and the files that follow from it into a folder that is not the log's. Returns the exit code."""

    def body() -> int:
        with watched() as files, look(files, path) as log:
            here, there = (resolve_path(files, each)[1] for each in (path, f"{folder}/{STATE_FILE}"))
            if here.rpartition("/")[0] == there.rpartition("/")[0]:
                raise EventLogError(f"{folder} is the folder of the log itself; name another, its files are in use")
            state = _state_at(log, lens, at)
            told = orjson.dumps(shown(lens, state), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
            contents = {STATE_FILE: told, **lens.files(state, log.entry_at)}
            write_files(files, folder, contents, log=path, force=force)
            return log.code(program)

    return guarded(path, program, body)


def print_file(
    path: str, name: str, *, lens: Lens[Any] = COUNTING, at: Place | None = None, program: str = PROGRAM
) -> int:
    """Print one of the files that follow from the state, as it was. Returns the exit code."""

    def body() -> int:
        with watched() as files, look(files, path) as log:
            contents = lens.files(_state_at(log, lens, at), log.entry_at)
            if name not in contents:
                known = f"there were: {', '.join(contents)}" if contents else "there was none yet"
                raise EventLogError(f"{path}: no file {name!r} followed from the log then; {known}")
            data = contents[name]
            write(escape(data.decode()).encode() if is_terminal() else data)
            return log.code(program)

    return guarded(path, program, body)


def _state_at(log: Look, lens: Lens[Any], at: Place | None) -> Any:
    last = at if isinstance(at, int) else None
    met = _Met()
    state = folded(lens, met.following(up_to(log.entries(Selection(last=last)), at)))
    if last is not None and met.seq < last:
        say(f"{log.path}: seq {last} is not there; this is the state after seq {met.seq}")
    return state


class _Met:
    """Which entry came last."""

    def __init__(self) -> None:
        self.seq = -1

    def following(self, entries: Iterator[Entry]) -> Iterator[Entry]:
        """The same entries."""
        for entry in entries:
            self.seq = entry.seq
            yield entry


def _steps(log: Look, lens: Lens[Any], after: Place | None) -> Iterator[tuple[Entry, list[Any]]]:
    state = lens.projection.initial()
    is_shown = False
    for entry, _ in log.entries():
        newest = upcast(entry, lens.upcasters)
        is_shown = is_shown or next(up_to([(entry, True)], after), None) is None
        before = shown_part(lens, state, newest) if is_shown else None
        state = lens.projection.apply(state, newest)
        if is_shown:
            yield entry, list(changes(before, shown_part(lens, state, newest)))


def _in_form(value: Any, *, as_json: bool) -> Iterator[str]:
    if as_json:
        text = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
        yield escape(text) if is_terminal() else text
    else:
        yield from map(clean, state_lines(value))


def replay_command(
    resolve: Callable[[str], str] = str,
    *,
    program: str = PROGRAM,
    metavar: str = "FILE",
    example: str = "events.jsonl",
    lens: Lens[Any] = COUNTING,
) -> click.Command:
    """The command; `resolve` turns its argument into the path of a log. The rest is for its help and messages."""

    @click.command(
        "replay",
        short_help="Show what a log added up to at any moment.",
        help=_HELP,
        epilog=_EPILOG.format(program=program, example=example),
    )
    @click.argument("log", metavar=metavar)
    @click.option("--at", type=PlaceType(), metavar="SEQ|TIME", help="The moment; by default the last entry.")
    @click.option("--step", "steps", is_flag=True, help="Show each entry after it, and what it changed.")
    @click.option("--limit", type=click.IntRange(min=1), metavar="N", help="With --step: show at most N entries.")
    @click.option("-o", "--output", metavar="DIR", help="Write the state and its files into this folder.")
    @click.option("--force", is_flag=True, help="With -o: replace files that are there.")
    @click.option("--file", "name", metavar="NAME", help="Print only this file, as -o would write it.")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    @click.pass_context
    def run(context: click.Context, /, log: str, **asked: Any) -> None:
        context.exit(_asked(resolve(log), lens, program, **asked))

    return run


def _asked(path: str, lens: Lens[Any], program: str, *, at: Place | None, as_json: bool, **rest: Any) -> int:
    """Do what the options ask for."""
    steps, folder, name = rest["steps"], rest["output"], rest["name"]
    if sum(map(bool, (steps, folder, name))) > 1:
        raise click.UsageError("--step shows, -o writes, --file prints a file; take one of them")
    if steps:
        after = -1 if at is None else at
        return step(path, lens=lens, after=after, limit=rest["limit"], as_json=as_json, program=program)
    if folder:
        return write_out(path, folder, lens=lens, at=at, force=rest["force"], program=program)
    if name:
        return print_file(path, name, lens=lens, at=at, program=program)
    return replay(path, lens=lens, at=at, as_json=as_json, program=program)
