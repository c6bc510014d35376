"""Whole runs of the program with a model on this machine: what the tests of the users' four failures share.

Law: the program is a process of its own, and the server tells what it was asked for.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from tests.loopback_server import Loopback, loopback
from tests.program import TIMEOUT_S, completed_twice, entries, of_type, results_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.program import Program

STORY = "\n\n".join(
    f"第{number}天，林川走进雨里的街市。“还有灯吗？”他问第{number}个人。那人指了指第{number}盏灯，没有说话。"
    for number in range(1, 19)
)
SCENES, PLANNING = 6, 2
ALL_CALLS = PLANNING + 2 * SCENES
OPTIONS = ("--provider", "openai", "--model", "test-model", "--jobs", 2)


def run(program: Program, server: Loopback, *arguments: object, main: str = "cli") -> subprocess.Popen[bytes]:
    """Type `scenelog run story.txt`, with this server as the model."""
    command = [sys.executable, "-m", main, "run", "story.txt", *OPTIONS, *arguments]
    environment = {**program.environment, "OPENAI_BASE_URL": server.base_url}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [str(word) for word in command], cwd=program.here, env=environment, stdout=pipe, stderr=pipe
    )


def finished(process: subprocess.Popen[bytes], *, code: int) -> str:
    """Wait for the program's end; all that it still printed."""
    with process:
        out, err = process.communicate(timeout=TIMEOUT_S)
    told = (out + err).decode()
    assert process.returncode == code, told
    return told


def whole(program: Program) -> Path:
    """The folder of a project that an undisturbed run made of the story."""
    with loopback() as server:
        finished(run(program, server, "--projects", "whole"), code=0)
        assert len(server.requests) == ALL_CALLS
    return program.here / "whole" / "story"


def asked(server: Loopback) -> list[str]:
    """What the server was asked for."""
    return [f"{request.task} {request.title}".strip() for request in server.requests]


def progress_of(folder: Path, stage: str) -> Any:
    return json.loads((folder / f"{stage}_progress.json").read_bytes())


def expect_complete(folder: Path, undisturbed: Path) -> None:
    """The project is what an undisturbed run makes, and no scene was finished twice."""
    assert results_of(folder) == results_of(undisturbed)
    assert completed_twice(entries(folder)) == []
    assert sorted(completions(folder)) == sorted(completions(undisturbed))


def completions(folder: Path) -> list[str]:
    """The subjects of all completions in the log, which may end in a torn line."""
    lines = (folder / "events.jsonl").read_bytes().split(b"\n")[:-1] if folder.exists() else []
    return [entry["subject"] for entry in of_type([json.loads(line) for line in lines], "scene.completed")]
