"""What the pipeline needs of the machine, passed in: files, clock, randomness, places outside the project.

Law: nobody below asks the machine for these; a test can put its own in their place.
"""

from __future__ import annotations

import os
import time
from dataclasses import field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from eventlog.files import Files, RealFiles
from eventlog.values import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@frozen
class System:
    """The machine, or what stands for it. `rescue_folders` are tried in order."""

    files: Files = field(default_factory=RealFiles)
    time_ns: Callable[[], int] = time.time_ns
    randomness: Callable[[int], bytes] = os.urandom
    rescue_folders: Sequence[str] = ()
    program: str = "scenelog"

    def chance(self) -> float:
        """A random number from 0 up to 1."""
        return int.from_bytes(self.randomness(6), "big") / 2**48

    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.fromtimestamp(self.time_ns() / 1e9, tz=UTC)

    def now_text(self) -> str:
        """The time as it stands in an entry: RFC 3339, UTC, microseconds."""
        return self.now().isoformat(timespec="microseconds").replace("+00:00", "Z")
