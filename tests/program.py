"""The `scenelog` program as tests use it: in a folder and a home of its own, as a process or inside this one.

Law: nothing of the machine's user is read or written: no configuration, no key, no keyring, no rescue folder.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keyring
import keyring.backends.null
from click.testing import CliRunner

import cli

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pytest
    from click.testing import Result

ROOT = Path(__file__).resolve().parents[1]
TIMEOUT_S = 60.0
TYPES_OF_END = ("scene.completed", "scene.failed", "scene.rejected")


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """The program in the folder `here`; `environment` is all that a process of it gets."""

    here: Path
    environment: dict[str, str]

    def __call__(self, *arguments: object, code: int | None = 0, typed: str = "") -> Result:
        """Run a command inside this process; its exit code must be `code` (None: any). A person types `typed`."""
        result = CliRunner().invoke(cli.scenelog, [str(one) for one in arguments], input=typed)
        unexpected = result.exception is not None and not isinstance(result.exception, SystemExit)
        if unexpected or (code is not None and result.exit_code != code):
            raise AssertionError(f"{arguments}: exit {result.exit_code}: {result.output}") from result.exception
        return result

    def start(self, *arguments: object, **environment: str) -> subprocess.Popen[bytes]:
        """Start a command as a process."""
        return subprocess.Popen(
            [sys.executable, "-m", "cli", *(str(one) for one in arguments)],
            cwd=self.here,
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def finish(self, *arguments: object, **environment: str) -> subprocess.CompletedProcess[bytes]:
        """Run a command as a process to its end."""
        with self.start(*arguments, **environment) as process:
            out, err = process.communicate(timeout=TIMEOUT_S)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def story(self, name: str, text: str | bytes) -> Path:
        """Write a story file."""
        path = self.here / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def project(self, name: str) -> Path:
        """The folder of a project."""
        return self.here / "projects" / name

    def log(self, name: str) -> list[dict[str, Any]]:
        """The entries of a project's log."""
        return entries(self.project(name))


def program_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """A program in `folder`, which becomes the current folder of this process too."""
    here, home = folder / "here", folder / "home"
    here.mkdir()
    home.mkdir()
    own = {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_STATE_HOME": str(home / "state"),
        "TMPDIR": str(home),
        "LC_ALL": "C.UTF-8",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "PYTHONPATH": os.pathsep.join([str(Path(cli.__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "SCENELOG_", "XDG_")) or name.lower().endswith(("_proxy", "_api_key")):
            monkeypatch.delenv(name)
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    keyring.set_keyring(keyring.backends.null.Keyring())  # type: ignore[no-untyped-call]
    monkeypatch.setattr(tempfile, "tempdir", str(home))
    monkeypatch.chdir(here)
    return Program(here=here, environment={"PATH": os.environ["PATH"], **own})


def entries(folder: Path) -> list[dict[str, Any]]:
    """The entries of the log in a project folder."""
    return [json.loads(line) for line in (folder / "events.jsonl").read_bytes().split(b"\n") if line]


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def results_of(folder: Path) -> dict[str, bytes]:
    """The files a project was made for, and the progress files if there are any."""
    wanted = ("output/", "storyboard/", "enhancement/", "source.txt", "storyboard_", "enhancement_")
    return {name: data for name, data in files_of(folder).items() if name.startswith(wanted)}


def of_type(log: Sequence[dict[str, Any]], *types: str) -> list[dict[str, Any]]:
    """The entries of these types."""
    return [entry for entry in log if entry["type"] in types]


def completed_twice(log: Sequence[dict[str, Any]]) -> list[str]:
    """The subjects that have more than one completion."""
    subjects = [entry["subject"] for entry in of_type(log, "scene.completed")]
    return sorted({subject for subject in subjects if subjects.count(subject) > 1})


def unanswered(log: Sequence[dict[str, Any]]) -> list[str]:
    """The attempts, planning included, that were started and of which nothing more was heard."""
    begun = of_type(log, "scene.started", "planning.started")
    started = {entry["meta"]["attempt"]: entry["subject"] for entry in begun}
    ends = of_type(log, "answer.received", "scene.failed", "planning.failed")
    for entry in ends:
        started.pop(entry["meta"]["attempt"], None)
    return sorted(started.values())


def lines_of(process: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
    """The entries a `--json` process prints, as they come."""
    assert process.stdout is not None
    for line in process.stdout:
        yield json.loads(line)
