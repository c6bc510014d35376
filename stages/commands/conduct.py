"""What `run` and `retry` share: settings, the provider, one run over an open project, and how it ends.

Law: nothing is asked of a provider before the project is known to be writable; whatever happens, the exit code and the
last line tell what to type next.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from eventlog.files import read_file
from eventlog.values import frozen
from stages.commands.ending import Ended, sentence, told
from stages.commands.failures import CommandError, Exit
from stages.commands.reasons import are_sure, wants_rerun
from stages.commands.screen import Screen, make_screen, print_line
from stages.commands.trust import check_server
from stages.commands.words import say
from stages.pipeline.briefs import bases_of
from stages.pipeline.order import Order, Outcome, dangerous
from stages.pipeline.plan import plan_run, scenes_beyond
from stages.pipeline.project import SETTINGS
from stages.pipeline.settings import (
    OFFLINE,
    Settings,
    SettingsError,
    fallback_of,
    from_environment,
    from_toml,
    merge,
)
from stages.pipeline.wordings import load_wordings
from stages.providers.choosing import default_model, factory_for
from stages.providers.keys import GENERIC
from stages.registry import STAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from eventlog import Entry
    from stages.pipeline.contract import Provider, Stage
    from stages.pipeline.plan import PlannedStep
    from stages.pipeline.project import Project
    from stages.pipeline.system import System


@frozen
class Wishes:
    """What the command line asks for. `target` is how the project is named in the next command.

    `stale` says what is done with finished work that is no longer today's; where it is empty, nothing is said of it.
    `run` and `plan` are what is typed after these words to mean the same scenes made in the same way.
    """

    stages: Sequence[str] = ()
    scenes: frozenset[int] = frozenset()
    redo: frozenset[int] = frozenset()
    as_json: bool = False
    target: str = ""
    stale: str = ""
    run: str = ""
    plan: str = ""


def settings_files(system: System, folder: str) -> dict[str, dict[str, Any]]:
    """What the user's configuration says, and a project's (of no project without a folder), by path."""
    from platformdirs import user_config_path  # noqa: PLC0415 - only needed when something runs

    own, ours = str(user_config_path("scenelog") / "config.toml"), f"{folder}/{SETTINGS}" if folder else ""
    return {path: from_toml(path, read_file(system.files, path)) for path in (own, ours) if path}


def settings_of(system: System, folder: str, options: Mapping[str, Any]) -> Settings:
    """The settings for a project, the later places winning: user config, project.toml, environment, options.

    Without a folder, those of no project.
    """
    places, ours = settings_files(system, folder), f"{folder}/{SETTINGS}" if folder else ""
    places["environment"] = from_environment(os.environ)
    places["options"] = {name: value for name, value in options.items() if value is not None}
    merged = Settings()
    if [given["provider"] for given in places.values() if "provider" in given][-1:] != [GENERIC]:
        places["environment"].pop("base_url", None)  # OPENAI_BASE_URL is not where the others are
    for place, given in places.items():
        merged = merge(merged, place, given)
    named = [str(given["base_url"]) for place, given in places.items() if "base_url" in given and place != ours]
    check_server(system, merged, named=named, project_file=ours)
    return merged if merged.model else replace(merged, model=default_model(merged.provider))


def prompt_folders(folder: str | None) -> list[str]:
    """Where prompts of one's own stand, the later places winning: the user's config folder, then the project's."""
    from platformdirs import user_config_path  # noqa: PLC0415 - only needed when something runs

    own = [str(user_config_path("scenelog") / "prompts")]
    return [*own, f"{folder}/prompts"] if folder else own


def provider_factory(system: System, settings: Settings, without: str = "") -> Callable[[], Provider]:
    """What makes a provider for each worker; raises ProviderError if no call could succeed."""
    return factory_for(settings, os.environ, system.now, without=[name for name in without.split(",") if name])


def chosen_stages(names: Sequence[str]) -> list[Stage]:
    """The stages named, in the order of the pipeline; all if none are. Raises CommandError."""
    known = [stage.name for stage in STAGES]
    for name in names:
        if name not in known:
            raise click.UsageError(say("no_stage", name=repr(name), known=", ".join(known)))
    return [stage for stage in STAGES if not names or stage.name in names]


def conduct(project: Project, system: System, settings: Settings, wishes: Wishes) -> Exit:
    """Run all that is left of a project and say how it ended."""
    from stages.commands.attended import Shift  # noqa: PLC0415 - not for who only asks what a run would do

    screen = make_screen(as_json=wishes.as_json)
    project.snapshots.on_kept = lambda path, kept: screen.note(
        say("edited_kept", path=path, kept=kept, target=wishes.target)
    )
    project.refuse_foreign([stage.name for stage in STAGES])
    project.revise_plan()
    project.repair([stage.name for stage in STAGES])
    _check_scenes(project, wishes)
    order = _order(project, system, settings, wishes, note=screen.note)
    shift = Shift(project=project, system=system, screen=screen, fallback=_fallback(project, settings, screen))
    with screen:
        runner = shift.work(order)
    outcome, unsaved = shift.outcome, shift.unsaved
    if unsaved is None and outcome is not Outcome.INTERRUPTED:
        _check_scenes(project, wishes)
    if unsaved is None and runner.unwritten:
        screen.trouble(say("unwritten", name=project.progress.name, target=wishes.target))
        unsaved = Exit.UNSAVED
    if runner.remarks:
        screen.note(say("remarks", count=runner.remarks, target=wishes.target))
    if outcome is Outcome.FAILED and order.rerun and (left := _stale(project, settings, wishes, order.wordings)):
        screen.trouble(say("stale_failed", name=project.progress.name, run=wishes.run, count=len(left)))
        return unsaved or Exit.FAILED
    ended = Ended(
        outcome=outcome,
        problem=runner.problem,
        lacks_plan=runner.lacks_plan,
        stages=order.stages,
        target=wishes.target,
    )
    return unsaved or told(project, ended, screen)


def check_provider(system: System, settings: Settings) -> None:
    """Find out, before anything is made, whether calls could succeed at all; raises ProviderError, SettingsError."""
    for chosen in filter(None, (settings, second_choice(settings))):
        provider_factory(system, chosen)
        if settings.max_cost and chosen.provider != OFFLINE and chosen.model not in settings.prices:
            raise SettingsError(
                f"max_cost needs the price of {chosen.model}: say in project.toml what a million tokens cost, as in "
                f'prices."{chosen.model}" = {{ input = 0.27, output = 1.10 }}'
            )


def second_choice(settings: Settings) -> Settings | None:
    """With which settings a run goes on where its provider cannot, if any; raises SettingsError."""
    second = fallback_of(settings)
    return replace(second, model=default_model(second.provider)) if second and not second.model else second


def _order(
    project: Project, system: System, settings: Settings, wishes: Wishes, *, note: Callable[[str], None]
) -> Order:
    """What the run is to do, after the questions there are to ask."""
    wordings = load_wordings(system.files, prompt_folders(project.folder))
    order = Order(
        stages=chosen_stages(wishes.stages),
        all_stages=STAGES,
        settings=settings,
        new_provider=provider_factory(system, settings, project.progress.without.get(settings.who, "")),
        scenes=wishes.scenes,
        redo=wishes.redo,
        wordings=wordings,
    )
    stale = _stale(project, settings, wishes, wordings) if wishes.stale else []
    rerun = wants_rerun(stale, wishes.stale, note, run=wishes.run, plan=wishes.plan)
    return replace(order, rerun=rerun, sure=are_sure(dangerous(project, order), note, wishes.target))


def _fallback(project: Project, first: Settings, screen: Screen) -> Callable[[Order, str], Order | None]:
    """What makes of an order and a problem the order for the second provider, and tells of it; None: there is none."""

    def ask_another(order: Order, problem: str) -> Order | None:
        second = second_choice(first)
        if second is None:
            return None
        screen.note(say("fallback", problem=sentence(problem), who=second.who))
        return _instead(order, project.system, second)

    return ask_another


def _instead(order: Order, system: System, settings: Settings) -> Order:
    """The same order for another provider; what was given up to be made again is given up already."""
    sure = order.sure | order.redo
    new_provider = provider_factory(system, settings)
    return replace(order, settings=settings, new_provider=new_provider, redo=frozenset(), sure=sure)


def _stale(project: Project, settings: Settings, wishes: Wishes, wordings: Mapping[str, str]) -> list[PlannedStep]:
    bases = bases_of(project, chosen_stages(wishes.stages), settings, wordings=wordings)
    return [step for step in plan_run(project.progress, bases, wishes.scenes) if step.stale]


def _check_scenes(project: Project, wishes: Wishes) -> None:
    progress = project.progress
    if beyond := scenes_beyond(progress, wishes.scenes):
        raise CommandError(say("no_scene", number=beyond[0], name=progress.name, total=len(progress.scenes)))


def print_entries(project: Project) -> None:
    """Print each entry appended since the project was opened, opening included, as its line in the log."""
    project.on_entry = _print_entry
    for entry in project.log.read(project.log.found.seq):
        _print_entry(entry)


def _print_entry(entry: Entry) -> None:
    print_line(entry.line)
