"""Options that commands share.

Law: an option means the same wherever it stands, and says so in the same words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

BUDGET = ("max_cost", "max_tokens", "fallback")
CHOSEN = ("provider", "model", "base_url", "style", "jobs", *BUDGET)  # options that are settings
_OPTIONS = (
    click.option(
        "--max-cost", type=click.FloatRange(min=0), metavar="AMOUNT", help="What the project may cost in all its runs."
    ),
    click.option(
        "--max-tokens", type=click.IntRange(min=0), metavar="N", help="Tokens the project may use in all its runs."
    ),
    click.option("--fallback", metavar="WHO", help="Who goes on if the provider cannot: offline, or PROVIDER/MODEL."),
)


def budget_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that bound what a run may cost, and say who goes on if the provider cannot."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
