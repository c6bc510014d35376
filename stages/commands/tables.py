"""A table as commands print it: columns as wide as what they show, whatever the script.

Law: what is shown is cleaned of terminal sequences.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from eventlog.tool.text import clean, width

if TYPE_CHECKING:
    from collections.abc import Sequence


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; each row has as many cells as the head."""
    shown = [[clean(cell) for cell in row] for row in (head, *rows)]
    widths = [max(width(row[at]) for row in shown) for at in range(len(head))]
    for row in shown:
        cells = (padded(cell, wide) for cell, wide in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def padded(cell: str, wide: int) -> str:
    """The cell with blanks up to so many columns of a terminal."""
    return cell + " " * (wide - width(cell))
