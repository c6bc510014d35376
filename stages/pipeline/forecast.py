"""What a run will cost before it is made: the requests it would send are put together, and counted.

Law: pure, and an estimate: no call is made. A result that is not there yet counts as long as such results usually are.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from eventlog.values import frozen
from stages.pipeline.bills import Tokens
from stages.pipeline.briefs import brief_of
from stages.pipeline.budget import estimate_answer, estimate_call, estimate_tokens
from stages.pipeline.contract import Brief, Scene
from stages.pipeline.plan import Action
from stages.pipeline.planning import bible_request, parts_of, scenes_request

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from stages.pipeline.briefs import Material
    from stages.pipeline.contract import Language, Stage
    from stages.pipeline.plan import PlannedStep

_USUAL_SCENE: Mapping[Language, int] = {"zh": 450, "en": 1800}  # characters


@frozen
class Forecast:
    """So many calls, and about so many tokens."""

    calls: int = 0
    tokens: Tokens = field(default_factory=Tokens)

    def and_call(self, tokens: Tokens) -> Forecast:
        """One call more."""
        return Forecast(calls=self.calls + 1, tokens=self.tokens + tokens)


def total(calls: Iterable[Tokens]) -> Forecast:
    """All of these calls together."""
    found = Forecast()
    for tokens in calls:
        found = found.and_call(tokens)
    return found


def forecast_steps(
    material: Material,
    stages: Sequence[Stage],
    steps: Sequence[PlannedStep],
    *,
    style: str,
    wordings: Mapping[str, str],
) -> dict[tuple[str, str], Tokens]:
    """What each step that would be made costs, by the names of its stage and its scene."""
    by_name = {stage.name: stage for stage in stages}
    found: dict[tuple[str, str], Tokens] = {}
    for step in steps:
        if step.action in (Action.RUN, Action.ASK):
            stage = by_name[step.stage]
            brief = brief_of(material, stage, step.scene, style=style, wordings=wordings)
            upstream = found.get((stage.upstream or "", step.scene.id))
            found[step.stage, step.scene.id] = _of(stage, brief, upstream)
    return found


def _of(stage: Stage, brief: Brief, upstream: Tokens | None) -> Tokens:
    request = stage.request(brief)
    tokens = estimate_call(request)
    if stage.upstream and upstream is not None:  # what it reads is made before it, and may be longer than today's
        told = upstream.completion
        known = estimate_tokens(brief.upstream)
        return Tokens(prompt=tokens.prompt - known + told, completion=estimate_answer(request.task, told))
    return tokens


def forecast_story(text: str, stages: Sequence[Stage], *, language: Language, style: str) -> list[Tokens]:
    """What a story costs of which nothing was made yet: its plan, and scenes of the usual size in every stage."""
    return [*_planning(text, language=language, style=style), *_scenes(text, stages, language=language, style=style)]


def _planning(text: str, *, language: Language, style: str) -> Iterator[Tokens]:
    parts = parts_of(text)
    bible = 0
    for part in parts:
        asked = estimate_call(bible_request(part, total=len(parts), bible="", style=style, language=language))
        yield Tokens(prompt=asked.prompt + bible, completion=asked.completion)
        bible = asked.completion
    for part in parts:
        asked = estimate_call(scenes_request(part, total=len(parts), bible="", language=language))
        yield Tokens(prompt=asked.prompt + bible, completion=asked.completion)


def _scenes(text: str, stages: Sequence[Stage], *, language: Language, style: str) -> Iterator[Tokens]:
    parts = parts_of(text, _USUAL_SCENE[language])
    bible = estimate_answer("world_bible", estimate_tokens(text))
    for number, part in enumerate(parts):
        scene = Scene(id=f"s{number:04d}", index=number, title="", start=0, end=len(part.text))
        made: dict[str, Tokens] = {}
        for stage in stages:
            brief = Brief(scene=scene, language=language, source=part.text, world_bible="", style=style)
            tokens = _of(stage, brief, made.get(stage.upstream or ""))
            made[stage.name] = Tokens(prompt=tokens.prompt + bible, completion=tokens.completion)
            yield made[stage.name]
