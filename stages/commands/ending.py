"""How a run ends: the last line tells what was made, or what went wrong, and what to type next.

Law: what went wrong is told on stderr, so that no pipe hides it; what was made is told on stdout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventlog.tool.text import clean
from eventlog.values import frozen
from stages.commands.failures import Exit
from stages.commands.words import say
from stages.pipeline.counts import count
from stages.pipeline.order import Outcome
from stages.registry import STAGES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stages.commands.screen import Screen
    from stages.pipeline.contract import Stage
    from stages.pipeline.project import Project


@frozen
class Ended:
    """A run that ended: how, why (empty if all went well), which stages it was to take, and how the project is named.

    `lacks_plan`: the story could not be planned.
    """

    outcome: Outcome
    problem: str
    lacks_plan: bool
    stages: Sequence[Stage]
    target: str


def sentence(text: str) -> str:
    """The text with a full stop at its end."""
    return text if text.endswith("。") else text.rstrip(".") + "."


def told(project: Project, ended: Ended, screen: Screen) -> Exit:
    """Print the last line of a run and return its exit code."""
    name, target, problem = project.progress.name, ended.target, ended.problem
    match ended.outcome:
        case Outcome.INTERRUPTED:
            screen.trouble(say("interrupted", name=name, target=target))
            return Exit.INTERRUPTED
        case Outcome.PAUSED:
            screen.trouble(say("paused", name=name, target=target, problem=sentence(problem or say("not_asked"))))
            return Exit.PAUSED
        case Outcome.FAILED:
            screen.trouble(_why_failed(project, ended))
            return Exit.FAILED
        case Outcome.COMPLETE:
            whole = all(one.done == one.total for one in count(project.progress, STAGES))
            total = len(project.progress.scenes)
            where = f"{project.folder}/output"
            key = "complete" if whole else "selected_complete"
            screen.note(say(key, name=name, target=target, total=total, where=clean(where)))
            return Exit.COMPLETE


def _why_failed(project: Project, ended: Ended) -> str:
    progress, name, target = project.progress, project.progress.name, ended.target
    if ended.lacks_plan:
        return say("unplanned", name=name, target=target, problem=sentence(ended.problem))
    missing = 0 if project.source else len(progress.sourceless(STAGES[0].name))
    if missing:
        return say("source_missing", name=name, target=target, count=missing)
    counts = count(progress, ended.stages)
    failed, remaining = (sum(getattr(one, key) for one in counts) for key in ("failed", "remaining"))
    key = "some_failed" if failed else "some_left"
    said = say(key, name=name, target=target, failed=failed, remaining=remaining)
    return f"{name}: {ended.problem}; {said}" if ended.problem else said
