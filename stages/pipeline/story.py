"""Making the plan of a story: the world bible and the scenes, asked for part by part.

Law: each answer is durable before the next is asked for, and no answer is asked for twice: a resumed plan goes on at
the first part without a usable one.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from stages.pipeline import events as facts
from stages.pipeline.answers import result_text, strip_wrapping
from stages.pipeline.briefs import wording_of
from stages.pipeline.calls import Call, Caller, Received
from stages.pipeline.contract import FailureKind, ProviderError
from stages.pipeline.planning import Cut, Part, PlanError, assemble, bible_request, parts_of, read_cuts, scenes_request
from stages.pipeline.text import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from stages.pipeline.contract import Provider, Task
    from stages.pipeline.project import Project
    from stages.pipeline.settings import Settings

ASKS = 2  # so often the scenes of a part are asked for: a first time, and once more with what was wrong


class StoryPlanner:
    """Plans the story of one project; `tell` is told which part is asked about, and of how many."""

    def __init__(
        self,
        project: Project,
        caller: Caller,
        *,
        settings: Settings,
        wordings: Mapping[str, str],
        tell: Callable[[Task, int, int], None],
    ) -> None:
        self._project, self._caller, self._settings, self._tell = project, caller, settings, tell
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
            self._tell_of("scenes", part)
            found = await self._cuts(provider, part, bible, part_titles)
            cuts += found if cuts else [replace(found[0], first=1), *found[1:]]
        progress = self._project.progress
        scenes = assemble(self._project.source, cuts, self._language)  # imported scenes get their ids, by their order
        if progress.imported and len(scenes) != len(progress.scenes):
            have, want = len(scenes), len(progress.scenes)
            raise ProviderError(FailureKind.TERMINAL, f"the story gives {have} scenes, the imported project has {want}")
        planned = facts.ScenesPlanned(source=self._project.progress.source_sha256, total=len(scenes))
        await self._project.record(planned, {"scenes": [asdict(scene) for scene in scenes]})

    def _tell_of(self, task: Task, part: Part) -> None:
        self._tell(task, part.number, len(self._parts))

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
            received = await self._bible_up_to(provider, part, bible)
            bible, answer_id = result_text(received.text), received.id
        await self._project.record(facts.WorldBibleCompleted(answer=answer_id, result=digest(bible)))
        return bible

    async def _bible_up_to(self, provider: Provider, part: Part, bible: str) -> Received:
        """The whole answer for one part; one that is nothing but reasoning is asked for once more."""
        subject = f"planning/world_bible/{part.number:04d}"
        received = self._received(subject)
        if received is not None and not received.is_cut and _says_something(received):
            return received
        self._tell_of("world_bible", part)
        request = bible_request(
            part,
            total=len(self._parts),
            bible=bible,
            style=self._settings.style,
            language=self._language,
            wording=wording_of(self._wordings, self._language, "world_bible"),
        )
        call = Call(subject=subject, request=request)
        received = await self._caller.ask(provider, call, _unfinished(received))
        if not _says_something(received):
            received = await self._caller.ask(provider, call)
        if not _says_something(received):
            raise await self._unusable(received, subject, "the world bible is empty: the model only reasoned")
        if received.is_cut:
            length = len(received.text)
            why = f"the world bible was cut off after {length} characters; the next run goes on there"
            raise await self._unusable(received, subject, why)
        return received

    async def _unusable(self, received: Received, subject: str, why: str) -> ProviderError:
        """Record that an answer is no use; returns what to raise."""
        kind = FailureKind.BAD_OUTPUT
        failed = facts.PlanningFailed(subject=subject, attempt=received.attempt, kind=kind, message=why)
        await self._project.record(failed)
        return ProviderError(kind, why)

    def _received(self, subject: str) -> Received | None:
        ref = self._project.progress.planning.get(subject)
        if ref is None:
            return None
        return Received(id=ref.id, attempt="", text=self._project.content(ref)["text"], is_cut=ref.is_cut)

    async def _cuts(self, provider: Provider, part: Part, bible: str, titles: Sequence[str]) -> list[Cut]:
        """The scenes of one part; an answer that is no use, be it from before, is asked for once more, and told why."""
        subject = f"planning/scenes/{part.number:04d}"
        received = so_far = self._received(subject)
        cuts, missing = _read(part, received, len(titles))
        for _ in range(ASKS if received is None or received.is_cut else ASKS - 1):
            if cuts:
                break
            request = scenes_request(
                part,
                total=len(self._parts),
                bible=bible,
                language=self._language,
                titles=titles,
                missing=[missing] if missing else [],
                wording=wording_of(self._wordings, self._language, "scenes"),
            )
            received = await self._caller.ask(provider, Call(subject=subject, request=request), _unfinished(so_far))
            so_far = None
            cuts, missing = _read(part, received, len(titles))
        if not cuts:
            why = f"the scenes of part {part.number} are unusable: {missing}"
            raise await self._unusable(received or Received(id="", attempt="", text=""), subject, why)
        return cuts


def _read(part: Part, received: Received | None, count: int) -> tuple[list[Cut], str]:
    """The scenes of an answer; none, and why, if it is no use. One that was cut off may hold them all."""
    if received is None:
        return [], ""
    try:
        return read_cuts(part, received.text, count), ""
    except PlanError as error:
        return [], str(error)


def _says_something(received: Received) -> bool:
    """Whether there is an answer after the reasoning."""
    return bool(strip_wrapping(received.text))


def _unfinished(received: Received | None) -> Received | None:
    """An answer from before that was cut off and can go on where it stopped."""
    return received if received is not None and received.is_cut and _says_something(received) else None
