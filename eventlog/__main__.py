"""`python -m eventlog`: the generic log tool on its own.

Law: nothing but the mounting; what a command does stands in its own file in `eventlog/tool/`.
"""

import click

from eventlog.tool import (
    diff_command,
    export_command,
    repair_command,
    replay_command,
    show_command,
    stats_command,
    verify_command,
)
from eventlog.tool.finding import PROGRAM

main = click.Group(
    name="eventlog",
    help="Look at an event log. Only `repair` changes anything, and only when told to; nothing else takes a lock.",
    commands=[
        show_command(),
        verify_command(),
        repair_command(),
        replay_command(),
        diff_command(),
        stats_command(),
        export_command(),
    ],
)

if __name__ == "__main__":
    main(prog_name=PROGRAM)
