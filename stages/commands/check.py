"""`scenelog check`: all answers judged again by today's rules; no call is made and nothing is paid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from eventlog.tool.text import clean
from stages.commands.failures import CommandError, Exit, explained
from stages.commands.places import Place, find_project, projects_option, real_system, require_log, typed
from stages.commands.words import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stages.pipeline.recheck import Finding

_EPILOG = """\b
Examples:
  scenelog check 人生                              every scene that has an answer
  scenelog check 人生 --stage storyboard --scenes 3
  scenelog check 人生 --json                       for a script

\b
Exit codes: 0 all is well, 3 something does not pass the checks.
"""


@click.command("check", epilog=_EPILOG, short_help="Judge all answers again, at no cost.")
@click.argument("project")
@click.option("--stage", "stages", multiple=True, metavar="NAME", help="Only this stage (storyboard, enhancement).")
@click.option("--scenes", metavar="LIST", help="Only these scenes, counted from 1, as in 1-5,8.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@projects_option
@click.pass_context
def check(context: click.Context, /, project: str, **options: Any) -> None:
    """Judge the answers in PROJECT's log again by today's rules: finished, rejected and not yet read.

    An answer that was rejected and passes now becomes the scene's result. A finished scene that would fail now is
    reported and kept.
    """
    with explained():
        place = find_project(project, options["projects"])
        require_log(place)
        context.exit(_check(place, options))


def _check(place: Place, options: dict[str, Any]) -> Exit:
    findings = _judged(place, options)
    if options["as_json"]:
        _print_json(place, findings)
    else:
        for finding in findings:
            _print(finding)
        click.echo(say("checked", name=clean(place.name), **_counts(findings)))
        if any(not finding.passes for finding in findings):
            click.echo(say("check_failed", target=typed(place)))
    return Exit.COMPLETE if all(finding.passes for finding in findings) else Exit.FAILED


def _judged(place: Place, options: dict[str, Any]) -> list[Finding]:
    """What was found, with all that passes now accepted."""
    from stages.commands.conduct import (  # noqa: PLC0415 - only when something is checked
        chosen_stages,
        prompt_folders,
        settings_of,
    )
    from stages.commands.stories import parsed_scenes  # noqa: PLC0415
    from stages.pipeline.plan import scenes_beyond  # noqa: PLC0415
    from stages.pipeline.project import Project  # noqa: PLC0415
    from stages.pipeline.recheck import accepted, judge  # noqa: PLC0415
    from stages.pipeline.wordings import load_wordings  # noqa: PLC0415
    from stages.registry import STAGES  # noqa: PLC0415

    system, scenes = real_system(), parsed_scenes(options["scenes"])
    stages, names = chosen_stages(options["stages"]), [stage.name for stage in STAGES]
    settings = settings_of(system, str(place.folder), {})
    wordings = load_wordings(system.files, prompt_folders(str(place.folder)))
    findings: list[Finding] = []
    with Project.open(str(place.folder), system) as project:
        project.refuse_foreign(names)
        if beyond := scenes_beyond(project.progress, scenes):
            raise CommandError(say("no_scene", number=beyond[0], name=place.name, total=len(project.progress.scenes)))
        for stage in stages:
            found = judge(project, stage, settings, wordings=wordings, selected=scenes)
            for finding in found:
                if finding.is_acceptable:
                    project.record_now(accepted(project, stage, settings, finding, wordings=wordings))
            findings += found
        project.settle(names)
    return findings


def _counts(findings: Sequence[Finding]) -> dict[str, int]:
    return {
        "passed": sum(finding.passes for finding in findings),
        "failed": sum(not finding.passes for finding in findings),
        "accepted": sum(finding.is_acceptable for finding in findings),
        "remarks": sum(len(finding.draft.remarks) for finding in findings),
    }


def _print(finding: Finding) -> None:
    scene = f"{say(finding.stage)}  {say('scene', number=finding.scene.number)} {finding.scene.title}"
    if finding.is_acceptable:
        click.echo(clean(f"{scene}: {say('now_accepted')}"))
    if not finding.passes:
        click.echo(clean(f"{scene}: {say(f'fails_{finding.state.value}')}"))
    for violation in finding.draft.violations:
        click.echo(clean(f"  - {violation.message}"))
    for remark in finding.draft.remarks:
        click.echo(clean(f"{scene}: {say('remark')}: {remark.message}"))


def _print_json(place: Place, findings: Sequence[Finding]) -> None:
    import orjson  # noqa: PLC0415 - only with --json

    told = [
        {
            "stage": finding.stage,
            "scene_index": finding.scene.index,
            "scene_id": finding.scene.id,
            "scene_title": finding.scene.title,
            "state": finding.state,
            "passes": finding.passes,
            "accepted": finding.is_acceptable,
            "violations": [{"rule": one.rule, "message": one.message} for one in finding.draft.violations],
            "remarks": [{"rule": one.rule, "message": one.message} for one in finding.draft.remarks],
        }
        for finding in findings
    ]
    click.echo(orjson.dumps({"name": place.name, "counts": _counts(findings), "scenes": told}).decode())
