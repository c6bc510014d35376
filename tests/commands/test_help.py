"""Every command explains itself with examples that can be typed."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING

import click
import pytest

import cli
from stages.commands.failures import Exit, Interrupted, explained
from stages.commands.words import WORDS
from tests.commands.stories import STORY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.program import Program


def _commands(group: click.Group, *above: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield above, group
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _commands(command, *above, name)
        else:
            yield (*above, name), command


COMMANDS = list(_commands(cli.scenelog))


def _examples(command: click.Command) -> list[str]:
    text = (command.epilog or "").replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith("scenelog ")]
    return [re.split(r"\s{3,}(?!-)", line)[0] for line in lines]


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[" ".join(path) or "scenelog" for path, _ in COMMANDS])
def test_help_has_examples_whose_commands_parse(
    program: Program, path: tuple[str, ...], command: click.Command
) -> None:
    shown = program(*path, "--help").output
    examples = _examples(command)
    assert examples
    assert examples[0] in shown
    for example in examples:
        words = shlex.split(example)[1:]
        context = click.Context(cli.scenelog, info_name="scenelog")
        current: click.Command = cli.scenelog
        while isinstance(current, click.Group):
            _, found, words = current.resolve_command(context, words)
            assert found is not None, example
            current = found
        current.make_context(current.name, words, parent=context)


PREPARED = """\
scenelog run story.txt
scenelog run 人生.txt --scenes 1-4 --stage storyboard
"""
ELSEWHERE = ("--provider", "--update-source", "test")  # what needs a server, or a story that changed


@pytest.mark.parametrize("command", [command for _, command in COMMANDS], ids=lambda command: command.name)
def test_an_example_of_every_help_runs(program: Program, command: click.Command) -> None:
    for name in ("story.txt", "人生.txt"):
        program.story(name, STORY)
    old = {"storyboard_results": [{"storyboard_script": "旧"}], "total_scenes": 1}
    for folder in ("old", "projects/旧"):
        (program.here / folder).mkdir(parents=True)
        (program.here / folder / "storyboard_progress.json").write_text(json.dumps(old))
        enhanced = {"enhanced_results": [{"enhanced_result": "旧"}], "total_scenes": 1}
        (program.here / folder / "enhancement_progress.json").write_text(json.dumps(enhanced))
    for line in PREPARED.splitlines():
        program(*shlex.split(line)[1:])
    (program.here / "path").mkdir()
    log = (program.project("人生") / "events.jsonl").read_bytes()
    (program.here / "path/events.jsonl").write_bytes(log)
    (program.here / "script.md").write_bytes((program.project("人生") / "storyboard/scene_003.md").read_bytes())
    codes = []
    for example in _examples(command):
        words = shlex.split(example)[1:]
        if not any(word in ELSEWHERE for word in words):
            codes.append(program(*words, code=None).exit_code)
    assert 0 in codes or command.name == "test"
    assert 2 not in codes


def test_every_command_about_projects_takes_their_folder(program: Program) -> None:
    for path, command in COMMANDS:
        if not isinstance(command, click.Group) and path[0] != "providers":
            assert "--projects" in program(*path, "--help").output, path


def test_a_mistyped_command_is_a_usage_error(program: Program) -> None:
    assert "No such command" in program("runn", "x", code=2).output
    assert "--help" in program("run", code=2).output


def test_an_interrupt_outside_of_a_run_ends_with_its_own_code() -> None:
    with pytest.raises(Interrupted) as caught, explained():
        raise KeyboardInterrupt
    assert caught.value.exit_code == Exit.INTERRUPTED


def test_each_word_says_the_same_in_both_languages() -> None:
    for key, (english, chinese) in WORDS.items():
        assert sorted(re.findall(r"\{(\w+)\}", english)) == sorted(re.findall(r"\{(\w+)\}", chinese)), key


def test_what_the_help_says_of_a_command_is_what_the_command_says() -> None:
    context = click.Context(cli.scenelog)
    said = {name: getattr(cli.scenelog.get_command(context, name), "short_help", None) for name in cli.COMMANDS}
    assert said == cli.COMMANDS
    assert cli.scenelog.get_command(context, "nothing") is None
