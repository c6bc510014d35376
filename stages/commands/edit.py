"""`scenelog edit`: a person writes the result of a scene; it is checked, and then it is the scene's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from eventlog.tool.text import clean
from eventlog.values import frozen
from stages.commands.failures import CommandError, Exit, explained
from stages.commands.places import Place, find_project, projects_option, real_system, require_log, typed
from stages.commands.words import called, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stages.pipeline.contract import Brief, Draft, Scene, Stage
    from stages.pipeline.project import Project
    from stages.pipeline.settings import Settings
    from stages.pipeline.steps import Step
    from stages.pipeline.system import System

_EPILOG = """\b
Examples:
  scenelog edit 人生 --scene 3                          the script of scene 3, in $EDITOR
  scenelog edit 人生 --scene 3 --stage enhancement      its image prompts
  scenelog edit 人生 --scene 3 --file script.md         take the text from a file

\b
Exit codes: 0 saved, 3 the text does not pass the checks (it is kept in a file, which is named).
"""


@click.command("edit", epilog=_EPILOG, short_help="Write a scene's script by hand.")
@click.argument("project")
@click.option("--scene", "number", type=click.IntRange(min=1), required=True, metavar="N", help="Which, from 1.")
@click.option("--stage", default="storyboard", show_default=True, metavar="NAME", help="storyboard or enhancement.")
@click.option("--file", "file", metavar="PATH", help="Take the text from this file and open no editor.")
@projects_option
@click.pass_context
def edit(context: click.Context, /, project: str, **options: Any) -> None:
    """Open a scene's script (or the answer that was rejected) in $EDITOR, check it, and make it the scene's result.

    It wins over everything that was made before. Nothing you type is lost: a text that does not pass is kept in a
    file, and the next `scenelog edit` of the scene goes on with it.
    """
    with explained():
        place = find_project(project, options["projects"])
        require_log(place)
        context.exit(_edit(_Desk.set_up(place, options), options["file"]))


@frozen
class _Desk:
    """All that one edit works with; `text` is what there is to edit, `step` how the scene stood when it began."""

    place: Place
    system: System
    stage: Stage
    scene: Scene
    settings: Settings
    wordings: Mapping[str, str]
    brief: Brief
    step: Step
    text: str
    kept: str

    @classmethod
    def set_up(cls, place: Place, options: dict[str, Any]) -> _Desk:
        from stages.commands.conduct import (  # noqa: PLC0415 - only when something is edited
            chosen_stages,
            prompt_folders,
            settings_of,
        )
        from stages.pipeline.briefs import brief_of  # noqa: PLC0415
        from stages.pipeline.draft_files import draft_path  # noqa: PLC0415
        from stages.pipeline.recheck import text_to_edit  # noqa: PLC0415
        from stages.pipeline.view import ProjectView  # noqa: PLC0415
        from stages.pipeline.wordings import load_wordings  # noqa: PLC0415

        system, folder = real_system(), str(place.folder)
        (stage,) = chosen_stages([options["stage"]])
        settings = settings_of(system, folder, {})
        wordings = load_wordings(system.files, prompt_folders(folder))
        with ProjectView(f"{folder}/events.jsonl", system.files) as view:
            if view.damage is not None:
                raise view.damage
            scenes, number = view.progress.scenes, options["number"]
            if number > len(scenes):
                raise CommandError(f"there is no scene {number}: {place.name} has {len(scenes)} scenes")
            scene = scenes[number - 1]
            return cls(
                place=place,
                system=system,
                stage=stage,
                scene=scene,
                settings=settings,
                wordings=wordings,
                brief=brief_of(view, stage, scene, style=settings.style, wordings=wordings),
                step=view.progress.step(stage.name, scene.id),
                text=text_to_edit(view, stage, scene),
                kept=draft_path(folder, stage.name, number),
            )


def _edit(desk: _Desk, file: str | None) -> Exit:
    _require_material(desk, file)
    if file is not None:
        draft = _read(desk, file)
        if not _passes(draft):
            click.echo(say("text_rejected", path=clean(file)), err=True)
            return Exit.FAILED
        return _save(desk, draft, file)
    return _in_editor(desk)


def _require_material(desk: _Desk, file: str | None) -> None:
    if desk.stage.upstream and not desk.brief.upstream:
        raise CommandError(
            f"scene {desk.scene.number} has no {desk.stage.upstream} yet, which its {desk.stage.name} is made from; "
            f"make or edit that first"
        )
    if file is None and not desk.text and desk.system.files.stat(desk.kept) is None:
        raise CommandError(
            f"scene {desk.scene.number} has nothing to edit yet: make it with scenelog run {typed(desk.place)}, "
            "or give your own text with --file"
        )


def _in_editor(desk: _Desk) -> Exit:
    from stages.commands.reasons import on_terminal  # noqa: PLC0415 - only with an editor
    from stages.pipeline.draft_files import remove_draft, write_draft  # noqa: PLC0415

    files, kept = desk.system.files, desk.kept
    if files.stat(kept) is not None:
        click.echo(say("going_on_with", path=clean(kept)), err=True)
    else:
        write_draft(files, kept, desk.text)
    while True:
        click.edit(filename=kept, extension=".md")
        draft = _read(desk, kept)
        if draft.text.strip() == desk.text.strip():
            remove_draft(files, kept)
            click.echo(say("nothing_edited", name=clean(desk.place.name), number=desk.scene.number))
            return Exit.COMPLETE
        if _passes(draft):
            saved = _save(desk, draft, kept)
            remove_draft(files, kept)
            return saved
        if not on_terminal() or not click.confirm(say("edit_again"), default=True, err=True):
            again = f"scenelog edit {typed(desk.place)} --scene {desk.scene.number} --stage {desk.stage.name}"
            click.echo(say("text_kept", path=clean(kept), again=again), err=True)
            return Exit.FAILED


def _read(desk: _Desk, path: str) -> Draft:
    from stages.pipeline.draft_files import read_draft  # noqa: PLC0415 - only when something is edited

    text = read_draft(desk.system.files, path)
    if text is None:
        raise CommandError(f"{path}: there is no such file")
    return desk.stage.read(desk.brief, text)


def _passes(draft: Draft) -> bool:
    """Whether a text passes; what is wrong with it, or worth a remark, is told."""
    for violation in draft.violations:
        click.echo(clean(f"  - {violation.message}"), err=True)
    for remark in draft.remarks:
        click.echo(clean(f"  {say('remark')}: {remark.message}"), err=True)
    return not draft.violations


def _save(desk: _Desk, draft: Draft, path: str) -> Exit:
    """Record the edit, and say what is stale now."""
    from stages.pipeline import project as projects  # noqa: PLC0415
    from stages.pipeline.briefs import bases_of  # noqa: PLC0415 - only when something is edited
    from stages.pipeline.plan import plan_run  # noqa: PLC0415
    from stages.pipeline.recheck import edited  # noqa: PLC0415
    from stages.registry import STAGES  # noqa: PLC0415

    names = [stage.name for stage in STAGES]
    try:
        with projects.Project.open(str(desk.place.folder), desk.system) as project:
            project.refuse_foreign(names)
            _require_unchanged(desk, project)
            fact = edited(project, desk.stage, desk.settings, desk.scene, draft=draft, wordings=desk.wordings)
            project.record_now(fact, {"text": draft.text})
            project.settle(names)
            steps = plan_run(project.progress, bases_of(project, STAGES, desk.settings, wordings=desk.wordings))
    except BaseException:
        click.echo(say("text_safe", path=clean(path)), err=True)
        raise
    click.echo(say("edited", name=clean(desk.place.name), stage=say(desk.stage.name), number=desk.scene.number))
    stale = [step for step in steps if step.scene.id == desk.scene.id and step.stage != desk.stage.name and step.stale]
    if stale:
        stages = " ".join(f"--stage {step.stage}" for step in stale)
        again = f"scenelog run {typed(desk.place)} --scenes {desk.scene.number} {stages} --stale rerun"
        click.echo(say("edited_stale", stages=", ".join(called(step.stage) for step in stale), again=again))
    return Exit.COMPLETE


def _require_unchanged(desk: _Desk, project: Project) -> None:
    """Raise CommandError if the scene is not what it was when the person began to write."""
    same_step = project.progress.step(desk.stage.name, desk.scene.id) == desk.step
    if not same_step or project.scene_text(desk.scene) != desk.brief.source:
        raise CommandError(
            f"scene {desk.scene.number} was made anew while you wrote: look at what it is now, "
            "then run the same command again"
        )
