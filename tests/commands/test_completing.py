"""Completion: what the Tab key finds, asked as each shell asks, and in the shells themselves where they are.

Law: the words are those a person would have typed so far; nothing but folder names is read.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.commands.stories import STORY
from tests.program import files_of

if TYPE_CHECKING:
    from tests.program import Program

SHELLS = ("bash", "zsh", "fish")


def offered(program: Program, shell: str, typed: str) -> list[str]:
    """What is offered after these words; the last one is not finished unless a blank follows it."""
    words = typed.split()
    last = "" if typed.endswith(" ") else words.pop()
    place = last if shell == "fish" else str(len(words))
    asked = {"COMP_WORDS": typed.strip() if last else typed, "COMP_CWORD": place}
    done = program.finish(**asked, _SCENELOG_COMPLETE=f"{shell}_complete")
    assert (done.returncode, done.stderr) == (0, b"")
    lines = done.stdout.decode().splitlines()
    if shell == "zsh":
        pairs = list(zip(lines[::3], lines[1::3], strict=False))
    else:
        pairs = [(line.split(",", 1)[0], line.split(",", 1)[1].split("\t")[0]) for line in lines if "," in line]
    return [value for kind, value in pairs if kind == "plain"]


@pytest.fixture
def projects(program: Program) -> Program:
    """A program with two projects."""
    program("run", program.story("人生.txt", STORY), "--scenes", "1", "--stage", "storyboard")
    program("run", program.story("人间.txt", STORY), "--scenes", "1", "--stage", "storyboard")
    (program.here / "projects" / "人non").mkdir()
    return program


@pytest.mark.parametrize("shell", SHELLS)
def test_commands_options_projects_and_stages_are_offered(projects: Program, shell: str) -> None:
    before = files_of(projects.here)
    assert {"run", "status", "log"} <= set(offered(projects, shell, "scenelog "))
    assert offered(projects, shell, "scenelog log w") == ["why"]
    for typed in ("scenelog log why 人", "scenelog run 人", "scenelog log diff 人生 人", "scenelog log doctor 人"):
        assert offered(projects, shell, typed) == ["人生", "人间"], typed
    assert offered(projects, shell, "scenelog log why 人生 1 --stage s") == ["storyboard"]
    assert "--salvage" in offered(projects, shell, "scenelog log repair 人生 --")
    assert offered(projects, shell, "scenelog log show --projects projects 人生") == ["人生"]
    assert offered(projects, shell, "scenelog log show --projects nowhere 人") == []
    assert files_of(projects.here) == before


def test_the_folder_of_the_environment_is_looked_at(projects: Program) -> None:
    (projects.here / "projects").rename(projects.here / "elsewhere")
    assert offered(projects, "bash", "scenelog status 人") == []
    projects.environment["SCENELOG_PROJECTS"] = "elsewhere"
    assert offered(projects, "bash", "scenelog status 人") == ["人生", "人间"]


IN_BASH = """
eval "$(_SCENELOG_COMPLETE=bash_source scenelog)"
COMP_WORDS=(scenelog log why 人) COMP_CWORD=3
compopt() { :; }
_scenelog_completion scenelog
printf "%s\n" "${COMPREPLY[@]}"
"""
IN_FISH = """
_SCENELOG_COMPLETE=fish_source scenelog | source
complete --do-complete "scenelog log why 人"
"""
IN_SHELL = {
    "bash": (["bash", "--norc", "--noprofile", "-c"], IN_BASH),
    "fish": (["fish", "--no-config", "-c"], IN_FISH),
}


@pytest.mark.parametrize("shell", IN_SHELL)
def test_the_shell_itself_completes_a_project(projects: Program, shell: str) -> None:
    command, typed = IN_SHELL[shell]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{shell} is not here")
    script = projects.here.parent / "scenelog"
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m cli "$@"\n')
    script.chmod(0o755)
    environment = {**projects.environment, "PATH": f"{script.parent}:{projects.environment['PATH']}"}
    done = subprocess.run(
        [*command, typed], env=environment, cwd=projects.here, capture_output=True, timeout=60, check=True
    )
    found = [word for word in done.stdout.decode().splitlines() if word.startswith("人") and not word.endswith(".txt")]
    assert found == ["人生", "人间"]
