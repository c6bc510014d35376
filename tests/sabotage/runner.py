"""Runs the catalogue: for each bug a copy of the project is broken, and the tests it names are run there.

Law: this project itself is never touched. The tests must pass on a copy without a bug, or finding one proves nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.sabotage.catalogue import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.sabotage.bugs import Bug, Selection

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("cli.py", "eventlog", "stages", "tests", "pyproject.toml", "examples", "README.md", "README.zh-CN.md")
TIMEOUT_S = 300
PASSED, FAILED = 0, 1  # pytest's exit codes; any other means that the tests did not run


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How one bug fared: `problem` is empty if it was found, by the test that is named."""

    bug: Bug
    found_by: str = ""
    problem: str = ""
    seconds: float = 0.0


def copy_project(place: Path) -> Path:
    """Copy everything that tests need to a new folder."""
    place.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, place / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, place / name)
    return place


def run_tests(root: Path, selection: Selection) -> tuple[int, str]:
    """Run tests in a copy, up to the first that fails; the exit code and what was printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SCENELOG_")}
    environment |= {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-n", "0", "-x", "-q", "--tb=no", "-p", "no:cacheprovider", *selection]
    done = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    return done.returncode, done.stdout + done.stderr


def imports_of(root: Path) -> str:
    """Which engine the tests of a copy would import."""
    command = [sys.executable, "-c", "import eventlog; print(eventlog.__file__)"]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=True).stdout.strip()


def try_bug(bug: Bug, folder: Path) -> Trial:
    """Break a copy and see whether the tests notice."""
    began = time.monotonic()
    root = copy_project(folder)
    try:
        bug.apply(root)
        code, told = run_tests(root, bug.found_by)
    except LookupError as error:
        return Trial(bug=bug, problem=f"does not fit the code any more: {error}")
    except subprocess.TimeoutExpired:
        return Trial(bug=bug, problem=f"the tests did not end within {TIMEOUT_S} s")
    finally:
        shutil.rmtree(root)
    seconds = time.monotonic() - began
    failed = next((line.removeprefix("FAILED ") for line in told.splitlines() if line.startswith("FAILED ")), "")
    if code == FAILED and failed:
        return Trial(bug=bug, found_by=failed.split(" - ")[0].partition("::")[2], seconds=seconds)
    problem = "NOT FOUND" if code == PASSED else f"the tests did not run (pytest says {code}): {told.strip()[-300:]}"
    return Trial(bug=bug, problem=problem, seconds=seconds)


def without_bugs(bugs: Sequence[Bug], folder: Path) -> str:
    """Run all tests that the bugs name on a copy that is well; what is wrong with that, empty if nothing."""
    root = copy_project(folder)
    if not imports_of(root).startswith(str(root)):
        return f"the tests of a copy would import {imports_of(root)}"
    selections = sorted({bug.found_by for bug in bugs})
    for selection in selections:
        code, told = run_tests(root, selection)
        if code != PASSED:
            return f"{' '.join(selection)} does not pass without a bug: {told.strip()[-600:]}"
    return ""


def run_catalogue(bugs: Sequence[Bug] = CATALOGUE, jobs: int = os.cpu_count() or 1) -> Iterator[Trial]:
    """Try every bug, some at a time, in the order of the catalogue."""
    with tempfile.TemporaryDirectory(prefix="scenelog-sabotage-") as place, ThreadPoolExecutor(jobs) as pool:
        trials = [pool.submit(try_bug, bug, Path(place) / str(number)) for number, bug in enumerate(bugs)]
        for trial in trials:
            yield trial.result()


def row(number: int, trial: Trial) -> str:
    """One line of the table."""
    what = f"found by {trial.found_by}" if not trial.problem else trial.problem
    return f"{number:3}  {trial.bug.path:34} {trial.bug.name:66} {trial.seconds:5.1f} s  {what}"
