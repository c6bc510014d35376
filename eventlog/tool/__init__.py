"""The generic log tool: what a person asks of any event log, one file a command.

Law: looking changes nothing, neither a byte nor a lock; only `repair` writes, and only when told to. A
command's body is a plain function that returns an exit code; its factory makes the click command of it, so that another
program can mount it under a name of its own.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eventlog.tool.diff import diff_command
    from eventlog.tool.export import export_command
    from eventlog.tool.repair import repair_command
    from eventlog.tool.replay import replay_command
    from eventlog.tool.show import show_command
    from eventlog.tool.stats import stats_command
    from eventlog.tool.verify import verify_command
    from eventlog.tool.view import Lens

__all__ = [
    "Lens",
    "diff_command",
    "export_command",
    "repair_command",
    "replay_command",
    "show_command",
    "stats_command",
    "verify_command",
]


def __getattr__(name: str) -> Any:
    """Load a command when it is asked for: who wants one function of this package need not pay for all of it."""
    if name not in __all__:
        raise AttributeError(f"module 'eventlog.tool' has no attribute {name!r}")
    home = "view" if name == "Lens" else name.removesuffix("_command")
    return getattr(import_module(f"eventlog.tool.{home}"), name)
