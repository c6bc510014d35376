"""`python -m tests.sabotage [WORD...]`: try all bugs, or those with a word in their name; exit 1 if one survives."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.sabotage.catalogue import CATALOGUE
from tests.sabotage.runner import row, run_catalogue, without_bugs


def main(words: list[str]) -> int:
    """Print the table and return the exit code."""
    bugs = [bug for bug in CATALOGUE if not words or any(word in bug.name for word in words)]
    began, survived = time.monotonic(), 0
    if not words:
        with tempfile.TemporaryDirectory(prefix="scenelog-sabotage-") as place:
            if problem := without_bugs(bugs, Path(place) / "well"):
                _print(problem)
                return 1
    for number, trial in enumerate(run_catalogue(bugs), 1):
        survived += bool(trial.problem)
        _print(row(number, trial))
    _print(f"{len(bugs)} bugs, {len(bugs) - survived} found, in {time.monotonic() - began:.0f} s")
    return 1 if survived or not bugs else 0


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
