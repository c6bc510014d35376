"""Ctrl-C at any moment: one line, exit 130, never a traceback; and the line that says what is still waited for."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.commands.stories import STORY, model
from tests.loopback_server import loopback
from tests.program import TIMEOUT_S

if TYPE_CHECKING:
    from tests.program import Program

# The program is interrupted when it first imports a module of this name, wherever that is.
AT_IMPORT = """
import os, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
sys.argv = ["/bin/scenelog", *{arguments!r}]
import cli
cli.main()
"""


@pytest.mark.parametrize(
    "name",
    [
        "click",
        "stages.commands",
        "stages.commands.failures",
        "stages.commands.run",
        "stages.commands.places",
        "stages.commands.conduct",
        "stages.pipeline.outbox",
    ],
)
def test_an_interrupt_at_any_moment_is_one_line_and_exit_130(program: Program, name: str) -> None:
    program.story("s.txt", STORY)
    code = AT_IMPORT.format(name=name, arguments=["run", "s.txt"])
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=program.here,
        env=program.environment,
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert ended.returncode == 130
    assert b"Traceback" not in ended.stderr
    assert ended.stderr.startswith(b"scenelog: interrupted")
    assert ended.stderr.count(b"\n") == 1


def test_the_first_interrupt_says_how_many_calls_are_waited_for(program: Program) -> None:
    story = program.story("s.txt", STORY)
    program("run", story, "--scenes", "1")
    with (
        loopback(delay_s=60) as server,
        program.start("run", "s", *model(server), "--stage", "storyboard", "--jobs", "2", "--json") as process,
    ):
        assert process.stdout is not None
        started = 0
        while started < 2:
            started += b'"scene.started"' in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        said = process.stderr.readline()
        while b"Finishing" not in said:
            said = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=TIMEOUT_S)
    assert b"(calls: 2)" in said
    assert process.returncode == 130
    assert b"interrupted; everything finished is saved" in err
