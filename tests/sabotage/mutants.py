"""`python -m tests.sabotage.mutants [MINUTES [FILE...]]`: mutmut changes each expression; the tests must notice.

Law: whatever survives stands in SURVIVORS.md with the reason; any other survivor is an error. Without arguments this is
the run of CI: `entry.py` and `recovery.py`, at most 3 minutes; what was not reached by then is counted, not hidden.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.sabotage.runner import copy_project

CI_MINUTES = 3.0
CI_FILES = ("eventlog/entry.py",)
TESTS = ("entry", "recovery", "projection", "checkpoint", "log", "files", "repair")  # what starts no other process
SURVIVORS = Path(__file__).with_name("SURVIVORS.md")
MUTMUT = str(Path(sys.executable).with_name("mutmut"))  # with -m, the folder itself would come before its mutants
EXPLAINED = re.compile(r"^\| `(eventlog\.\S+)` \|", re.MULTILINE)


def configuration(files: tuple[str, ...]) -> str:
    """What mutmut is told: what to change, what to copy, and the quick tests of the engine alone."""
    names = TESTS[:3] if files == CI_FILES else TESTS
    tests = [f"tests/eventlog/test_{name}.py" for name in names]
    if files != CI_FILES:
        tests.append("tests/crash/test_every_crash.py")
    copied = ["eventlog", "stages", "cli.py", "tests", "examples", "pyproject.toml"]
    return (
        "\n[tool.mutmut]\n"
        f"source_paths = {list(files)}\n"
        f"also_copy = {copied}\n"
        f"pytest_add_cli_args_test_selection = {tests}\n"
        'pytest_add_cli_args = ["-n", "0"]\n'
    )


def mutate(root: Path, minutes: float) -> str:
    """Run mutmut for at most so long; what it printed if it did not even begin."""
    command = [MUTMUT, "run", "--max-children", str(os.cpu_count() or 1)]
    with (root / "told").open("w+", encoding="utf-8") as told:
        process = subprocess.Popen(
            command, cwd=root, env=own_environment(), stdout=told, stderr=told, start_new_session=True
        )
        try:
            process.wait(minutes * 60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        told.seek(0)
        return told.read()[-2000:]


def results(root: Path) -> dict[str, str]:
    """The fate of each mutant by its name."""
    command = [MUTMUT, "results", "--all", "true"]
    done = subprocess.run(
        command, cwd=root, env=own_environment(), capture_output=True, text=True, timeout=120, check=False
    )
    return dict(re.findall(r"^\s+(\S+__mutmut_\d+): (.+)$", done.stdout, re.MULTILINE))


def own_environment() -> dict[str, str]:
    """Without a path of ours: mutmut itself puts the mutants before everything else."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"PYTHONWARNINGS": "ignore"}


def main(arguments: list[str]) -> int:
    """Print the counts and the survivors that nobody explained; exit 1 if there are any."""
    minutes = float(arguments[0]) if arguments else CI_MINUTES
    files = tuple(arguments[1:]) or CI_FILES
    place = Path(tempfile.mkdtemp(prefix="scenelog-mutants-"))
    try:
        root = copy_project(place / "copy")
        with (root / "pyproject.toml").open("a", encoding="utf-8") as file:
            file.write(configuration(files))
        told = mutate(root, minutes)
        found = results(root)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    explained = set(EXPLAINED.findall(SURVIVORS.read_text(encoding="utf-8")))
    survived = sorted(name for name, fate in found.items() if fate == "survived")
    unexplained = [name for name in survived if name not in explained]
    counts = ", ".join(f"{count} {fate}" for fate, count in sorted(Counter(found.values()).items()))
    sys.stdout.write(f"{len(found)} mutants of {' '.join(files)}: {counts}\n")
    sys.stdout.write("".join(f"survived and is not explained: {name}\n" for name in unexplained))
    if "killed" not in found.values():
        sys.stdout.write(f"mutmut did not run: {told}\n")
        return 1
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
