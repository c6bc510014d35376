"""`verify`: is this log whole? Silent if it is.

Law: every byte is read, nothing is changed, and the exit code alone tells the answer.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from eventlog.tool.console import guarded, say, write
from eventlog.tool.deep import DIFFERENT, derived
from eventlog.tool.finding import DERIVED, OK, PROGRAM, examine
from eventlog.tool.look import look
from eventlog.tool.progress import watched
from eventlog.tool.text import escape
from eventlog.tool.view import COUNTING

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventlog.tool.deep import Derived
    from eventlog.tool.finding import Finding
    from eventlog.tool.view import Lens

_FIELDS = ("path", "state", "entries", "line", "offset", "seq", "reason", "evidence", "next")
_HELP = """Read a log to its end and say whether it is whole.

Nothing is printed if it is. The unfinished line of a living writer is no damage.

\b
Exit codes:
   0  whole
   1  cannot be judged: no such file, not a log, a newer format
  10  torn tail: nothing says that an acknowledged entry is missing
  11  corrupt: acknowledged entries are damaged
  12  behind, or different from, its head: an older or another copy
  13  with --deep: the log is whole, but what was derived from it is not what it adds up to
"""
_EPILOG = """\b
Examples:
  {program} verify {example}
  {program} verify {example} --deep --json
"""


def verify(
    path: str,
    *,
    lens: Lens[Any] = COUNTING,
    deep: bool = False,
    as_json: bool = False,
    program: str = PROGRAM,
) -> int:
    """Judge the log at `path`; what is wrong is said in one line on the error output. Returns the exit code.

    With `deep`, a log that is whole is folded anew, and what the lens derives from it compared with what stands beside
    it. With `as_json` one object is printed. `program` is how the next command to type begins.
    """

    def body() -> int:
        with watched() as files:
            finding = examine(path, program, files=files)
            found: list[Derived] | None = None
            if deep and finding.code == OK:
                with look(files, path) as log:
                    found = derived(log, lens)
        if as_json:
            write(_to_json(finding, found))
        for message in filter(None, [finding.message, *(each.message for each in found or [])]):
            say(message)
        return DERIVED if any(each.state == DIFFERENT for each in found or []) else finding.code

    return guarded(path, program, body)


def _to_json(finding: Finding, found: list[Derived] | None) -> bytes:
    fields: dict[str, Any] = {name: getattr(finding, name) for name in _FIELDS}
    told = {name: None if value == "" else value for name, value in fields.items()}
    if found is not None:
        told["derived"] = [
            {"name": each.name, "state": each.state, "seq": each.seq, "behind": each.behind, "unit": each.unit}
            for each in found
        ]
    return (escape(json.dumps(told, ensure_ascii=False)) + "\n").encode()


def verify_command(
    resolve: Callable[[str], str] = str,
    *,
    program: str = PROGRAM,
    metavar: str = "FILE",
    example: str = "events.jsonl",
    lens: Any = COUNTING,
) -> click.Command:
    """The command; `resolve` turns its argument into the path of a log, `lens` is a Lens. The rest is for its help."""

    @click.command(
        "verify",
        short_help="Say whether a log is whole.",
        help=_HELP,
        epilog=_EPILOG.format(program=program, example=example),
    )
    @click.argument("log", metavar=metavar)
    @click.option("--json", "as_json", is_flag=True, help="Print the verdict as one JSON object.")
    @click.option("--deep", is_flag=True, help="Rebuild what is derived from the log, too, and compare it.")
    @click.pass_context
    def run(context: click.Context, log: str, *, as_json: bool, deep: bool) -> None:
        context.exit(verify(resolve(log), lens=lens, deep=deep, as_json=as_json, program=program))

    return run
