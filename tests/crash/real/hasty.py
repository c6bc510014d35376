"""The `scenelog` program with nothing changed but its patience, so that a test can wait for a network timeout.

`python -m tests.crash.real.hasty run ...`: a server that is silent for 1.5 s has timed out, and calls are repeated at
once.
"""

from __future__ import annotations

from functools import partial

import cli
from stages.pipeline import runner
from stages.pipeline.calls import RetryPolicy
from stages.providers import openai_compatible
from stages.providers.connection import Timeouts
from stages.providers.openai_compatible import openai_factory

TIMEOUTS = Timeouts(connect_s=5.0, first_byte_s=1.5, idle_s=1.5, total_s=5.0)
POLICY = partial(RetryPolicy, attempts=2, first_s=0.001)


def main() -> None:
    """Run the program."""
    openai_compatible.__dict__["openai_factory"] = partial(openai_factory, timeouts=TIMEOUTS)
    runner.__dict__["RetryPolicy"] = POLICY
    cli.main()


if __name__ == "__main__":
    main()
