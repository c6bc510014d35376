"""`scenelog providers`: which servers have a name, whether one can be used, and where its key is kept.

Law: a key is read without being shown, and is never printed, in whole or in part.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from eventlog.tool.text import clean
from stages.commands.failures import CommandError, Exit, explained
from stages.commands.places import real_system
from stages.commands.tables import print_table
from stages.providers.presets import NAMES, PRESETS

if TYPE_CHECKING:
    from stages.pipeline.settings import Settings
    from stages.pipeline.system import System
    from stages.providers.trial import Trial

_LIST_EPILOG = """\b
Examples:
  scenelog providers list             every provider, and whether there is a key for it
  scenelog providers list --json
"""
_TEST_EPILOG = """\b
Examples:
  scenelog providers test deepseek
  scenelog providers test ollama --model qwen3
  scenelog providers test openai --base-url https://example.org/v1 --model M --json

\b
Exit codes: 0 it works, 1 it cannot be tried (no key, no model, a wrong setting), 4 the provider says no.
"""
_KEY_EPILOG = """\b
Examples:
  scenelog providers key deepseek              asks for the key without showing it
  scenelog providers key deepseek --delete
"""
_EPILOG = """\b
Examples:
  scenelog providers list             every provider, and whether there is a key for it
  scenelog providers test deepseek    one tiny call: is it reachable, are key and model right
  scenelog providers key deepseek     keep a key in the system's keyring
"""
_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON value, nothing else.")
_name = click.Choice([name for name in NAMES if name != "offline"])


@click.group("providers", epilog=_EPILOG, short_help="List, test, or give a key to the providers of models.")
def providers() -> None:
    """See which providers there are, try one out with a tiny call, or keep a key in the system's keyring."""


@providers.command("list", epilog=_LIST_EPILOG, short_help="All providers, and whether there is a key.")
@_json_option
def list_(*, as_json: bool) -> None:
    """List the providers: their address, the model they ask if none is named, and where a key was found."""
    rows, note = _rows()
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    cells = [(row["name"], row["base_url"], row["model"], _key_cell(row)) for row in rows]
    print_table(("provider", "base URL", "model", "key"), cells)
    if note:
        click.echo(f"scenelog: {note}", err=True)


def _rows() -> tuple[list[dict[str, Any]], str]:
    """The presets as they are printed, and what is wrong with the keyring, which is asked until it first fails."""
    from stages.providers.keys import KeyringError, find_environment_key, stored_key  # noqa: PLC0415 - only here

    rows, note = [], ""
    for preset in PRESETS.values():
        place = find_environment_key(preset, preset.base_url, os.environ).place
        if not place and not preset.is_local and not note:
            try:
                place = "the keyring" if stored_key(preset.name) else ""
            except KeyringError as error:
                note = str(error)
        row = {name: getattr(preset, name) for name in ("name", "title", "base_url", "model", "key_variable")}
        rows.append(row | {"needs_key": not preset.is_local, "has_key": bool(place), "key_place": place})
    return rows, note


def _key_cell(row: dict[str, Any]) -> str:
    if row["has_key"]:
        return f"found: {row['key_place']}"
    return f"none; set {row['key_variable']}" if row["needs_key"] else "needs none"


@providers.command("test", epilog=_TEST_EPILOG, short_help="One tiny call: does it work?")
@click.argument("name", required=False, type=click.Choice(NAMES), metavar="[NAME]")
@click.option("--model", metavar="M", help="The model to ask; some providers have one of their own.")
@click.option("--base-url", metavar="URL", help="The server to ask, where it is not the provider's own.")
@_json_option
@click.pass_context
def test(
    context: click.Context, /, name: str | None, *, model: str | None, base_url: str | None, as_json: bool
) -> None:
    """Try the provider NAME with one tiny call; without NAME, the one that the settings choose.

    It says whether the server is reachable, whether it takes the key, knows the model and streams, how long it took,
    and which options it does not take.
    """
    with explained():
        from stages.commands.conduct import settings_of  # noqa: PLC0415 - only when something runs

        system = real_system()
        settings = settings_of(system, "", {"provider": name, "model": model, "base_url": base_url})
        if settings.provider == "offline":
            told = {"name": "offline", "ok": True}
            click.echo(json.dumps(told) if as_json else "offline: works without a network and without a key")
            return
        trial = _tried(settings, system)
    shown = _shown(settings, trial)
    if as_json:
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
    else:
        _print_trial(shown, trial)
    context.exit(Exit.PAUSED if trial.problem else Exit.COMPLETE)


def _tried(settings: Settings, system: System) -> Trial:
    from stages.providers.choosing import server_factory_for  # noqa: PLC0415 - httpx is heavy
    from stages.providers.trial import LONGEST_ANSWER_TOKENS, try_out  # noqa: PLC0415

    tiny = replace(settings, max_answer_tokens=settings.max_answer_tokens or LONGEST_ANSWER_TOKENS)
    return try_out(server_factory_for(tiny, os.environ, system.now), system.time_ns)


def _shown(settings: Settings, trial: Trial) -> dict[str, Any]:
    from stages.pipeline.settings import without_secrets  # noqa: PLC0415 - only here

    return {
        "name": settings.provider,
        "ok": not trial.problem,
        "base_url": without_secrets(settings.base_url or PRESETS[settings.provider].base_url),
        "model": settings.model,
        "answered_by": trial.answered_by,
        "reachable": trial.is_reachable,
        "key_ok": trial.is_key_taken,
        "model_ok": trial.is_model_known,
        "streaming": trial.is_streaming,
        "latency_s": round(trial.latency_s, 3),
        "without": list(trial.without),
        "problem": trial.problem,
    }


def _print_trial(shown: dict[str, Any], trial: Trial) -> None:
    words = {True: "yes", False: "no", None: "not known"}
    by = f" (answered by {trial.answered_by})" if trial.answered_by else ""
    lines = [
        ("reachable", words[trial.is_reachable]),
        ("key taken", words[trial.is_key_taken]),
        ("model known", words[trial.is_model_known] + by),
        ("streaming", words[trial.is_streaming]),
        ("time", f"{trial.latency_s:.1f} s"),
        ("not taken", ", ".join(trial.without) or "everything is taken" if not trial.problem else "not known"),
    ]
    click.echo(clean(f"{shown['name']}: {shown['base_url']}, model {shown['model']}"))
    for name, value in lines:
        click.echo(clean(f"  {name:<12} {value}"))
    if trial.problem:
        click.echo(clean(f"scenelog: {trial.problem}"), err=True)


@providers.command("key", epilog=_KEY_EPILOG, short_help="Keep a key in the system's keyring.")
@click.argument("name", type=_name, metavar="NAME")
@click.option("--delete", is_flag=True, help="Take the key out of the keyring instead.")
@_json_option
def key(*, name: str, delete: bool, as_json: bool) -> None:
    """Ask for the key of the provider NAME and keep it in the system's keyring.

    It is not shown while it is typed; it may also be piped in. A key in the environment comes before it.
    """
    from stages.providers.keys import KeyringError, cannot_be_sent, delete_key, store_key  # noqa: PLC0415 - only here

    preset = PRESETS[name]
    if preset.is_local:
        raise CommandError(f"{name} needs no key" + (f"; if yours does, set {v}" if (v := preset.key_variable) else ""))
    with explained():
        try:
            if delete:
                was_there = delete_key(name)
                told = "the key is deleted" if was_there else "there was no key"
                click.echo(json.dumps({"name": name, "deleted": was_there}) if as_json else f"{name}: {told}")
                return
            value = _asked(preset.title)
            if not value or cannot_be_sent(value):
                raise CommandError("that is no key: it is empty, or holds a space or a character outside ASCII")
            store_key(name, value)
        except KeyringError as error:
            raise CommandError(str(error)) from None
    click.echo(json.dumps({"name": name, "stored": True}) if as_json else f"{name}: the key is in the keyring")


def _asked(title: str) -> str:
    """The key, typed without echo, or the first line of what is piped in."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    return str(click.prompt(f"Key of {title}", hide_input=True, err=True)).strip()
