"""Making the plan of a story: the world bible and the scenes, asked for part by part.

Law: each answer is durable before the next is asked for, and no answer is asked for twice: a resumed plan goes on at
the first part without a usable one.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from stages.pipeline import events as facts
from stages.pipeline.answers import result_text
from stages.pipeline.briefs import wording_of
from stages.pipeline.calls import Call, Caller, Received
from stages.pipeline.contract import FailureKind, ProviderError
from stages.pipeline.planning import Cut, Part, PlanError, assemble, bible_request, parts_of, read_cuts, scenes_request
from stages.pipeline.text import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from stages.pipeline.contract import Provider
    from stages.pipeline.project import Project
    from stages.pipeline.settings import Settings


class StoryPlanner:
    """Plans the story of one project; `note` is told what is being done."""

    def __init__(
        self,
        project: Project,
        caller: Caller,
        *,
        settings: Settings,
        wordings: Mapping[str, str],
        note: Callable[[str], None],
    ) -> None:
        self._project, self._caller, self._settings, self._note = project, caller, settings, note
        self._wordings = wordings
        self._parts = parts_of(project.source)
        self._language = project.progress.language

    async def plan(self, provider: Provider) -> None:
        """Make what is missing of the plan; raises ProviderError if a part of it cannot be had."""
        bible = self._project.world_bible()
        if not bible:
            bible = await self._make_bible(provider)
        if self._project.progress.is_planned:
            return
        progress, titles = self._project.progress, self._wanted_titles()
        cuts: list[Cut] = []
        for part, part_titles in zip(self._parts, titles, strict=True):
            if progress.imported and not part_titles:  # no scene of the old project begins here
                cuts = [*cuts[:-1], replace(cuts[-1], last=part.last)] if cuts else cuts
                continue
            self._tell("scenes", part)
            found = await self._cuts(provider, part, bible, part_titles)
            cuts += found if cuts else [replace(found[0], first=1), *found[1:]]
        progress = self._project.progress
        scenes = assemble(self._project.source, cuts, self._language)  # imported scenes get their ids, by their order
        if progress.imported and len(scenes) != len(progress.scenes):
            have, want = len(scenes), len(progress.scenes)
            raise ProviderError(FailureKind.TERMINAL, f"the story gives {have} scenes, the imported project has {want}")
        planned = facts.ScenesPlanned(source=self._project.progress.source_sha256, total=len(scenes))
        await self._project.record(planned, {"scenes": [asdict(scene) for scene in scenes]})

    def _tell(self, what: str, part: Part) -> None:
        names = {
            "zh": {"bible": "世界观圣经", "scenes": "场景划分"},
            "en": {"bible": "world bible", "scenes": "scenes"},
        }
        of = f" {part.number}/{len(self._parts)}" if len(self._parts) > 1 else ""
        self._note(f"{names[self._language][what]}{of} …")

    def _wanted_titles(self) -> list[list[str]]:
        """For a project that has its scenes already: which of them each part must give, by its share of the text."""
        progress = self._project.progress
        if progress.imported is None:
            return [[] for _ in self._parts]
        titles = [scene.title for scene in progress.scenes]
        length, told, shares = max(len(self._project.source), 1), 0, []
        for part in self._parts:
            begin = round(len(titles) * told / length)
            told += len(part.text)
            shares.append(titles[begin : round(len(titles) * told / length)])
        return shares

    async def _make_bible(self, provider: Provider) -> str:
        bible, answer_id = "", ""
        for part in self._parts:
            subject = f"planning/world_bible/{part.number:04d}"
            received = self._received(subject)
            if received is None or received.is_cut:
                self._tell("bible", part)
                request = bible_request(
                    part,
                    total=len(self._parts),
                    bible=bible,
                    style=self._settings.style,
                    language=self._language,
                    wording=wording_of(self._wordings, self._language, "world_bible"),
                )
                received = await self._caller.ask(provider, Call(subject=subject, request=request), received)
            bible, answer_id = result_text(received.text), received.id
        await self._project.record(facts.WorldBibleCompleted(answer=answer_id, result=digest(bible)))
        return bible

    def _received(self, subject: str) -> Received | None:
        ref = self._project.progress.planning.get(subject)
        if ref is None:
            return None
        return Received(id=ref.id, attempt="", text=self._project.content(ref)["text"], is_cut=ref.is_cut)

    async def _cuts(self, provider: Provider, part: Part, bible: str, titles: Sequence[str]) -> list[Cut]:
        subject = f"planning/scenes/{part.number:04d}"
        received, missing = self._received(subject), ""
        for _ in range(3):  # an answer from before, a first one, and one that is told what was wrong
            if received is not None and not received.is_cut:
                try:
                    return read_cuts(part, received.text, len(titles))
                except PlanError as error:
                    missing = str(error)
            request = scenes_request(
                part,
                total=len(self._parts),
                bible=bible,
                language=self._language,
                titles=titles,
                missing=[missing] if missing else [],
                wording=wording_of(self._wordings, self._language, "scenes"),
            )
            so_far = received if received and received.is_cut else None
            received = await self._caller.ask(provider, Call(subject=subject, request=request), so_far)
        try:
            return read_cuts(part, received.text if received else "", len(titles))
        except PlanError as error:
            raise ProviderError(
                FailureKind.BAD_OUTPUT, f"the scenes of part {part.number} are unusable: {error}"
            ) from None
