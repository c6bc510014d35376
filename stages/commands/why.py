"""`scenelog log why`: the history of one scene, and what made it run or be left alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eventlog.tool.console import guarded, write_text
from eventlog.tool.text import clean, escape
from stages.commands.failures import CommandError, explained
from stages.commands.places import log_path, projects_parameter, real_system

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stages.pipeline.history import Moment

PROGRAM = "scenelog log"
_EPILOG = """\b
Examples:
  scenelog log why 人生 3                          what happened to scene 3, in both stages
  scenelog log why 人生 3 --stage storyboard       in one of them
  scenelog log why 人生 3 --json                   for a script
"""


@click.command("why", epilog=_EPILOG, short_help="Tell the history of one scene.", params=[projects_parameter()])
@click.argument("log", metavar="PROJECT|FILE")
@click.argument("number", metavar="SCENE", type=click.IntRange(min=1))
@click.option("--stage", "stages", multiple=True, metavar="NAME", help="Only this stage (storyboard, enhancement).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def why(context: click.Context, /, log: str, number: int, *, stages: tuple[str, ...], as_json: bool) -> None:
    """Tell what happened to a scene (counted from 1), and why it ran or was left alone.

    Attempts, answers, errors, waits and tokens; for each run in which nothing was done, the reason; at the end, what
    the next run would do. Times are UTC. Only the entries about the scene are verified; `verify` reads all.
    """
    path = log_path(log)
    with explained():
        context.exit(guarded(path, PROGRAM, lambda: _why(path, number, stages, as_json=as_json)))


def _why(path: str, number: int, stages: Sequence[str], *, as_json: bool) -> int:
    import orjson  # noqa: PLC0415 - only when a log is looked at

    from eventlog.tool.look import look  # noqa: PLC0415
    from eventlog.tool.progress import watched  # noqa: PLC0415
    from stages.commands.conduct import chosen_stages, settings_of  # noqa: PLC0415
    from stages.pipeline.tracing import planned_now, trace  # noqa: PLC0415

    chosen = chosen_stages(stages)
    settings = settings_of(real_system(), str(Path(path).parent), {})
    with watched() as files, look(files, path) as log:
        found = trace(log, number, chosen)
        if found.scene is None:
            raise CommandError(_no_scene(path, number, len(found.progress.scenes)))
        told: dict[str, Any] = {"project": found.progress.name, "scene": number, "id": found.scene.id}
        told |= {"title": found.scene.title, "stages": []}
        for history in found.histories:
            now = planned_now(log, found, history.stage, settings)
            told["stages"].append(_summed(history.stage.name, history.moments, now))
        for line in [escape(orjson.dumps(told).decode())] if as_json else _lines(told):
            write_text(line + "\n")
        return log.code(PROGRAM)


def _no_scene(path: str, number: int, total: int) -> str:
    there = f"it has {total}, counted from 1" if total else "none is planned yet"
    return f"{path}: there is no scene {number}: {there}; see them with: {PROGRAM} replay {path}"


def _summed(stage: str, moments: Sequence[Moment], now: Any) -> dict[str, Any]:
    """One stage as a JSON object."""
    return {
        "stage": stage,
        "attempts": sum(one.what == "started" for one in moments),
        "failures": sum(one.what in ("failed", "rejected") for one in moments),
        "waited_s": round(sum(one.waited_s or 0.0 for one in moments), 3),
        "prompt_tokens": sum(one.prompt_tokens for one in moments),
        "completion_tokens": sum(one.completion_tokens for one in moments),
        "history": [one.to_json() for one in moments],
        "now": {"action": now.action.value, "reason": now.reason},
    }


def _lines(told: dict[str, Any]) -> Iterator[str]:
    yield clean(f"{told['project']}: scene {told['scene']} {told['title']} ({told['id']})")
    for stage in told["stages"]:
        sums = f"attempts {stage['attempts']}, failures {stage['failures']}, waited {stage['waited_s']:.3f} s"
        yield f"{stage['stage']}: {sums}, tokens {stage['prompt_tokens']} + {stage['completion_tokens']}"
        for one in stage["history"]:
            place = f"seq {one['seq']:<6} {one['time'].replace('T', ' ')[:19]}  run {one['run']}"
            yield clean(f"  {place}  {_sentence(one)}")
        yield clean(f"  next run: {stage['now']['action']}: {stage['now']['reason']}")


def _sentence(one: dict[str, Any]) -> str:
    what, attempt = one["what"], f"attempt {one['attempt']} " if "attempt" in one else ""
    took = f" after {one['took_s']:.3f} s" if "took_s" in one else ""
    waited = f" (waited {one['waited_s']:.3f} s)" if "waited_s" in one else ""
    tokens = ""
    if what == "answered":
        tokens = f": {one.get('prompt_tokens', 0)} + {one.get('completion_tokens', 0)} tokens"
        tokens += f", {one['model']}" if "model" in one else ""
    said = ": ".join(one[name] for name in ("kind", "message", "why") if name in one)
    return f"{attempt}{what}{took}{waited}{tokens}{': ' + said if said else ''}"
