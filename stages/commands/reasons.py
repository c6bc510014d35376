"""Why a step is made, kept or blocked, in the reader's words; and what to do with work that is no longer today's.

Law: nobody is asked anything where no person can answer; what is kept is always listed.
"""

from __future__ import annotations

import sys
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from stages.commands.words import called, language, say
from stages.pipeline.text import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from stages.pipeline.plan import PlannedStep

STALE = ("keep", "rerun", "ask")


def stale_option(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the option --stale."""
    return click.option(
        "--stale",
        type=click.Choice(STALE),
        default="keep",
        show_default=True,
        help="Finished scenes made from another text, prompt, model or style: keep them, make them again, or ask.",
    )(command)


def on_terminal() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def reason(step: PlannedStep) -> str:
    """Why, in the reader's language; in English it is the step's own reason."""
    if not language():
        return step.reason
    changed = "、".join(say(f"part_{part}") for part in step.changed)
    upstream = say(step.upstream) if step.upstream else ""
    said = say(
        f"cause_{step.cause.name.lower()}",
        changed=changed,
        upstream=upstream,
        failures=step.failures,
        crashes=step.crashes,
    )
    return f"{said}{say('by_hand')}" if step.edited and step.stale else said


def numbers(steps: Sequence[PlannedStep]) -> str:
    """The scenes of some steps as one writes them after --scenes, stage by stage."""
    stages = groupby(steps, key=lambda step: step.stage)
    return "; ".join(f"{called(stage)} {_ranges([step.scene.number for step in group])}" for stage, group in stages)


def _ranges(found: Sequence[int]) -> str:
    runs: list[list[int]] = []
    for number in sorted(found):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def retyped(options: Mapping[str, Any], *names: str) -> str:
    """The options of these names as they are typed again, each after a space; what was not given is left out."""
    words = []
    for name in names:
        given = options[name] if isinstance(options[name], tuple) else (options[name],)
        typed = "--stage" if name == "stages" else f"--{name.replace('_', '-')}"
        words += [f" {typed} {quoted(str(value))}" for value in given if value is not None]
    return "".join(words)


def wants_rerun(stale: Sequence[PlannedStep], choice: str, note: Callable[[str], None], *, run: str, plan: str) -> bool:
    """Whether stale work is made again; what is kept is told with `note`, and what to type after `run` and `plan`."""
    if not stale:
        return False
    if choice == "rerun":
        return True
    if choice == "ask" and on_terminal():
        for step in stale:
            note(f"{called(step.stage)} {say('scene', number=step.scene.number)} {step.scene.title}: {reason(step)}")
        if click.confirm(say("make_again", count=len(stale)), default=False, err=True):
            return True
    elif choice == "ask":
        note(say("nobody_to_ask"))
    note(say("stale_kept", count=len(stale), scenes=numbers(stale), run=run, plan=plan))
    return False


def are_sure(steps: Sequence[PlannedStep], note: Callable[[str], None], target: str) -> frozenset[int]:
    """The scenes among those of which the program died that the user wants made all the same."""
    sure: set[int] = set()
    for step in steps:
        told = {"stage": called(step.stage), "number": step.scene.number, "reason": reason(step)}
        if not on_terminal():
            note(say("dangerous", target=target, **told))
        elif click.confirm(say("dangerous_ask", **told), default=False, err=True):
            sure.add(step.scene.number)
    return frozenset(sure)
