"""`repair`: what can be saved of a damaged log, and the saving of it.

Law: nothing is changed unless it is asked for by name; what is kept, quarantined and lost is told before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import orjson

from eventlog.adoption import adopt
from eventlog.opening import QUARANTINE
from eventlog.recovery import State
from eventlog.repair import kept_name, plan_repair, salvage
from eventlog.tool.console import flush, guarded, say, write_text
from eventlog.tool.finding import FAILED, OK, PROGRAM, command, examine
from eventlog.tool.progress import watched
from eventlog.tool.text import clean, counted, escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from eventlog.files import RealFiles
    from eventlog.repair import Repair
    from eventlog.salvage import Gap
    from eventlog.tool.finding import Finding

_MOST_NAMED = 20
_HELP = """Show what can be saved of a damaged log; change nothing.

--salvage writes it into a new log beside the old one. --adopt then moves the old log to quarantine/ and puts the new
one into its place. Both can be repeated, and after a crash must be; done a second time they change nothing.

\b
Exit codes:
           0  nothing is wrong, or what was asked for is done
           1  it cannot be done; the message says why
  10, 11, 12  torn, corrupt, behind its head, as verify says: there is something to repair
"""
_EPILOG = """\b
Examples:
  {program} repair {example}
  {program} repair {example} --json
"""


def repair(
    path: str, *, salvaging: bool = False, adopting: bool = False, as_json: bool = False, program: str = PROGRAM
) -> int:
    """Print what is kept, quarantined and lost of the log at `path`, then do what is asked. Returns the exit code."""

    def body() -> int:
        with watched() as files:
            finding = examine(path, program, files=files)
            if finding.code == FAILED:  # no log at all, or a newer one, with which nothing is wrong
                say(finding.message)
                return finding.code
            found = plan_repair(path, files=files) if finding.code != OK else None
            told = _told(found, finding, program)
            if not as_json:
                _print(_lines(told))
                flush()
            done = _done(path, files, program, salvaging=salvaging, adopting=adopting)
        _print([escape(orjson.dumps(told | done).decode())] if as_json else _done_lines(done))
        return OK if salvaging or adopting else finding.code

    return guarded(path, program, body)


def _done(path: str, files: RealFiles, program: str, *, salvaging: bool, adopting: bool) -> dict[str, Any]:
    """Do what is asked; what was done, for the reader."""
    done: dict[str, Any] = {}
    if salvaging:
        made = salvage(path, files=files)
        if made.plan is not None:
            done |= {"salvage": made.target, "written": not made.salvaged}
            done["next"] = command(program, "repair", path, "--adopt")
    if adopting:
        adoption = adopt(path, files=files)
        done |= {"adopted": adoption.changed, "kept_in": adoption.kept_in, "next": None}
    return done


def _told(found: Repair | None, finding: Finding, program: str) -> dict[str, Any]:
    """The plan as a JSON object."""
    told = {"path": finding.path, "state": finding.state, "entries": finding.entries, "reason": finding.reason}
    told["remedy"] = finding.remedy
    if found is None or found.plan is None:
        adopting = found is not None and found.adopting
        return told | {"next": command(program, "repair", finding.path, "--adopt") if adopting else None}
    plan = found.plan
    following = "--adopt" if found.salvaged else "--salvage"
    return told | {
        "kept": {
            "entries": plan.kept,
            "verbatim": plan.verbatim,
            "repeated_lines": plan.repeated,
            "runs": [{"first_seq": run.first, "last_seq": run.last, "verbatim": run.verbatim} for run in plan.runs],
        },
        "quarantined": {
            "bytes": plan.size,
            "as": f"{QUARANTINE}/{kept_name(found.found.path, plan.sha256)}",
            "damaged": [{"offset": damage.offset, "bytes": damage.size} for damage in plan.damaged],
        },
        "lost": {"entries": plan.lost, "gaps": [_gap(gap) for gap in plan.gaps]},
        "salvage": found.target,
        "written": found.salvaged,
        "next": command(program, "repair", finding.path, following) if plan.kept else None,
    }


def _gap(gap: Gap) -> dict[str, Any]:
    seqs = {"first_seq": gap.first, "last_seq": gap.last} if gap.lost else {"first_seq": None, "last_seq": None}
    return {**seqs, "offset": gap.offset, "bytes": gap.size, "reason": gap.reason}


def _lines(told: dict[str, Any]) -> Iterator[str]:
    if "kept" not in told:
        adopting = "the adoption of its salvage was interrupted" if told["next"] else "nothing is to be repaired"
        yield f"{told['path']}: {told['state']}: {adopting}"
        return
    kept, lost, quarantined = told["kept"], told["lost"], told["quarantined"]
    yield f"{told['path']}: {told['state']}: {told['reason']}"
    yield f"kept         {counted(kept['entries'], 'entry')}, {kept['verbatim']} of them byte for byte"
    yield from _some([f"  {_seqs(run)}{'' if run['verbatim'] else ', with a new seq'}" for run in kept["runs"]])
    yield f"quarantined  the whole file, {quarantined['bytes']} bytes, as {quarantined['as']}; damaged in it:"
    yield from _some(
        [f"  {each['bytes']} bytes at byte {each['offset']}" for each in quarantined["damaged"]] or ["  -"]
    )
    yield f"lost         {counted(lost['entries'], 'entry')}"
    yield from _some(
        [f"  {_seqs(gap)}, {gap['bytes']} bytes at byte {gap['offset']}: {gap['reason']}" for gap in lost["gaps"]]
    )
    if told["next"]:
        unasked = f" (not needed: {told['remedy']})" if told["state"] == State.TORN else ""
        yield f"next         {told['next']}{unasked}"


def _seqs(run: dict[str, Any]) -> str:
    first, last = run["first_seq"], run["last_seq"]
    return "no seq" if first is None else f"seq {first}" if first == last else f"seq {first} to {last}"


def _some(lines: list[str]) -> list[str]:
    return (
        lines
        if len(lines) <= _MOST_NAMED
        else [*lines[:_MOST_NAMED], f"  and {len(lines) - _MOST_NAMED} more; --json names all"]
    )


def _done_lines(done: dict[str, Any]) -> Iterator[str]:
    if "salvage" in done:
        yield f"{'written' if done['written'] else 'there already'}: {done['salvage']}"
    if "adopted" in done:
        what = "in its place; the damaged log is" if done["adopted"] else "was in its place already; the damaged log is"
        yield f"the salvaged log {what} {done['kept_in']}"
    elif done.get("next"):
        yield f"next: {done['next']}"


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        write_text(clean(line) + "\n")


def repair_command(
    resolve: Callable[[str], str] = str,
    *,
    program: str = PROGRAM,
    metavar: str = "FILE",
    example: str = "events.jsonl",
) -> click.Command:
    """The command; `resolve` turns its argument into the path of a log. The rest is for its help and messages."""

    @click.command(
        "repair",
        short_help="Show what can be saved of a damaged log; save it.",
        help=_HELP,
        epilog=_EPILOG.format(program=program, example=example),
    )
    @click.argument("log", metavar=metavar)
    @click.option("--salvage", "salvaging", is_flag=True, help="Write what can be saved into a new log beside the old.")
    @click.option("--adopt", "adopting", is_flag=True, help="Put the new log in place, the old one into quarantine/.")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
    @click.pass_context
    def run(context: click.Context, /, log: str, **flags: bool) -> None:
        context.exit(repair(resolve(log), program=program, **flags))

    return run
