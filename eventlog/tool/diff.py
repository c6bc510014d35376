"""`diff`: what is different between two moments of a log, or between two logs.

Law: the shown states are compared, not the entries; nothing different is silence and 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import orjson

from eventlog.tool.choosing import PlaceType, up_to
from eventlog.tool.console import guarded, write_text
from eventlog.tool.finding import OK, PROGRAM
from eventlog.tool.look import look
from eventlog.tool.progress import watched
from eventlog.tool.text import escape
from eventlog.tool.view import COUNTING, changes, folded, shown
from eventlog.tool.walk import Selection
from eventlog.tool.wording import change_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventlog.tool.choosing import Place
    from eventlog.tool.look import Look
    from eventlog.tool.view import Change, Lens

_HELP = """Show what is different between two moments of a log, or, with two logs, between them.

A moment is the seq of the last entry to count, -1 for none, or a time (UTC). Nothing is printed if nothing differs.
Exit codes are those of show.
"""
_EPILOG = """\b
Examples:
  {program} diff {example} --from 2 --to 5
  {program} diff {example} --from 2026-11-23 --json
  {program} diff {example} {example}
"""


def diff(
    path: str,
    other: str | None = None,
    *,
    lens: Lens[Any] = COUNTING,
    before: Place | None = None,
    after: Place | None = None,
    as_json: bool = False,
    program: str = PROGRAM,
) -> int:
    """Print what differs between two moments of the log at `path`, or between it and the log at `other`.

    A moment that is None is the end; for `before`, with one log, the start. Returns the exit code.
    """

    def body() -> int:
        with watched() as files, look(files, path) as log, look(files, other or path) as second:
            first = -1 if before is None and other is None else before
            found = list(changes(_shown_at(log, lens, first), _shown_at(second, lens, after)))
            for line in [_to_json(found)] if as_json else change_lines(found):
                write_text(line + "\n")
            code = log.code(program)
            return code if other is None and code != OK else max(code, second.code(program))

    return guarded(path, program, body)


def _shown_at(log: Look, lens: Lens[Any], at: Place | None) -> Any:
    entries = log.entries(Selection(last=at if isinstance(at, int) else None))
    return shown(lens, folded(lens, up_to(entries, at)))


def _to_json(found: list[Change]) -> str:
    return escape(orjson.dumps([change.to_json() for change in found]).decode())


def diff_command(
    resolve: Callable[[str], str] = str,
    *,
    program: str = PROGRAM,
    metavar: str = "FILE",
    example: str = "events.jsonl",
    lens: Lens[Any] = COUNTING,
) -> click.Command:
    """The command; `resolve` turns its arguments into paths of logs. The rest is for its help and messages."""

    @click.command(
        "diff",
        short_help="Show what changed between two moments, or two logs.",
        help=_HELP,
        epilog=_EPILOG.format(program=program, example=example),
    )
    @click.argument("log", metavar=metavar)
    @click.argument("other", metavar=f"[OTHER_{metavar}]", required=False)
    @click.option("--from", "before", type=PlaceType(), metavar="SEQ|TIME", help="The first moment; the start.")
    @click.option("--to", "after", type=PlaceType(), metavar="SEQ|TIME", help="The second moment; the end.")
    @click.option("--json", "as_json", is_flag=True, help="Print a list of path, before and after.")
    @click.pass_context
    def run(
        context: click.Context,
        /,
        log: str,
        other: str | None,
        *,
        before: Place | None,
        after: Place | None,
        as_json: bool,
    ) -> None:
        second = None if other is None else resolve(other)
        context.exit(
            diff(resolve(log), second, lens=lens, before=before, after=after, as_json=as_json, program=program)
        )

    return run
