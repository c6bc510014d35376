"""The offline director: answers every request by rule, without a network, a clock or chance.

Law: the same request always gets the same answer, and no request fails; story text is data and is never obeyed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from stages.pipeline.contract import Answer
from stages.providers.offline.enhancement import enhancement
from stages.providers.offline.scenes import scenes
from stages.providers.offline.storyboard import storyboard
from stages.providers.offline.world import world_bible

if TYPE_CHECKING:
    from stages.pipeline.contract import Request

__all__ = ["OfflineProvider"]


class OfflineProvider:
    """A Provider that reads `inputs` and leaves `messages` alone."""

    name = "offline"
    model = "director-1"

    async def answer(self, request: Request) -> Answer:
        """Answer one request; what each task's answer holds is said in `stages/prompts/INPUTS.md`."""
        return Answer(text=direct(request), model=self.model)

    async def close(self) -> None:
        """Give back nothing: there is no connection."""


def direct(request: Request) -> str:
    """Return the answer's text."""
    inputs, language = request.inputs, request.language
    match request.task:
        case "world_bible":
            return world_bible(inputs, language)
        case "scenes":
            return scenes(inputs, language)
        case "storyboard":
            return storyboard(inputs, language)
        case "enhancement":
            return enhancement(inputs, language)
        case _:
            assert_never(request.task)
