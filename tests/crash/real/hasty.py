"""The `scenelog` program with nothing changed but its patience, so that a test can wait for a network timeout.

`python -m tests.crash.real.hasty run ...`: a server that is silent for 1.5 s has timed out, and calls are repeated at
once.
"""

from __future__ import annotations

import os
from functools import partial

import cli
from stages.pipeline import runner
from stages.pipeline.calls import RetryPolicy

TIMES = {"CONNECT": "5", "FIRST_BYTE": "1.5", "IDLE": "1.5", "TOTAL": "5"}
POLICY = partial(RetryPolicy, attempts=2, first_s=0.001)


def main() -> None:
    """Run the program."""
    os.environ.update({f"SCENELOG_{name}_TIMEOUT_S": seconds for name, seconds in TIMES.items()})
    runner.__dict__["RetryPolicy"] = POLICY
    cli.main()


if __name__ == "__main__":
    main()
