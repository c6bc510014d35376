"""A program for test_trace.py to watch: it appends in every way there is, and prints a line for each acknowledgement.

`python -m tests.crash.real.traced LOG FILES`, where FILES is one of DISKS; all but the first forget something.
"""

from __future__ import annotations

import sys

from tests.crash.real.children import Nameless, Unsynced, WatchedFiles
from tests.crash.real.workload import WAYS, Workload

DISKS = {"honest": WatchedFiles, "unsynced": Unsynced, "nameless": Nameless}


def main(log: str, files: str) -> None:
    """Do every kind of work on a new log."""
    Workload(log, DISKS[files](), _print, first=0, salt="t").do([*WAYS, "one"])


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
