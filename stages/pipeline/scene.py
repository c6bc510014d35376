"""A scene of the story, and why no answer came for it: the nouns that progress shares with all others.

Law: plain values. They stand apart from contract.py because who only asks how far a project is needs no more.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from eventlog.values import frozen

Language = Literal["zh", "en"]
CUT_OFF = "length"  # the finish_reason of an answer that would have gone on


@frozen
class Scene:
    """One scene of the story, as `scenes.planned` fixed it.

    `id` ("s0001") is given once and never reused; `index` (0-based) is where the scene stands now. `start` and `end`
    are character offsets into the source text, end exclusive; both are -1 where the source is missing (old projects).
    """

    id: str
    index: int
    title: str
    start: int = -1
    end: int = -1
    characters: tuple[str, ...] = ()
    summary: str = ""

    @property
    def number(self) -> int:
        """The scene's 1-based number, the one people see."""
        return self.index + 1

    @property
    def has_source(self) -> bool:
        """Whether the story's text of this scene is known."""
        return self.start >= 0


class FailureKind(StrEnum):
    """Why a call gave no answer, which decides what happens next."""

    TRANSIENT = "transient"  # a timeout, a broken connection, a 5xx: worth trying again
    RATE_LIMITED = "rate-limited"  # 429: worth trying again, later
    UNAVAILABLE = "unavailable"  # the provider as a whole is down or cannot be reached: nobody's fault but its own
    TERMINAL = "terminal"  # this request will never work: the scene fails
    REFUSED = "refused"  # the provider will refuse every request (key, credit, model, address): the run pauses
    BAD_OUTPUT = "bad-output"  # the answer came and did not pass the checks
