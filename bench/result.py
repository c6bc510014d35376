"""What a measurement gives: figures that have a limit to meet, a table for a person, and lines to draw."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

Cell = str | float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One row of the README: what was measured (in both languages), the value, and the limit it must keep.

    `unit` follows the number; with `at_least` the value must be as large as the limit, else at most as large. A figure
    without a limit is only told.
    """

    what: str
    what_zh: str
    value: float
    unit: str = "x"
    limit: float | None = None
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the limit is kept."""
        if self.limit is None:
            return True
        return self.value >= self.limit if self.at_least else self.value <= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The outcome of one measurement. `lines` are drawn: name -> points (x, y)."""

    name: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    figures: Sequence[Figure] = ()
    notes: Sequence[str] = ()
    axes: tuple[str, str] = ("", "")
    lines: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The result as a JSON object."""
        return asdict(self)


def from_json(found: dict[str, Any]) -> Result:
    """The result of what `to_json` gave."""
    return Result(**{**found, "figures": [Figure(**one) for one in found["figures"]], "axes": tuple(found["axes"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Where and how much is measured: `folder` is on the disk of interest and is emptied afterwards.

    `is_quick` takes a tenth of the rounds and the small sizes only; `with_peers` adds other programs; `note` tells a
    person what is going on.
    """

    folder: Path
    is_quick: bool
    with_peers: bool
    note: Callable[[str], None]

    def rounds(self, full: int) -> int:
        """How many rounds to take where `full` of them are wanted."""
        return max(3, full // 10) if self.is_quick else full

    def place(self, name: str) -> Path:
        """A new folder to work in."""
        path = self.folder / name
        path.mkdir(parents=True)
        return path
