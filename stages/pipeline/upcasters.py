"""What brings events of older versions to the newest: pure functions from `v` to `v + 1`, applied while a log is read.

Law: a log is never rewritten. Whoever changes what an event means adds a step here and a golden log of the version
before to `tests/golden/`; an event newer than this program is never guessed at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventlog import Entry

UPCASTERS: dict[tuple[str, int], Callable[[Entry], Entry]] = {}


def newest_version(kind: str) -> int:
    """The version in which events of this type are written."""
    return 1 + max((v for known, v in UPCASTERS if known == kind), default=0)
