"""A story that changed, and the scenes it had: which of them are still there, which were edited, moved, added, removed.

Law: pure, and no model is asked. The new scenes tile the new story. A scene that is still recognised keeps its id, and
so its work; an id is never given twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING

from eventlog.values import frozen
from stages.pipeline.contract import Language, Scene
from stages.pipeline.matching import match_paragraphs
from stages.pipeline.text import paragraphs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# A passage of at least half a usual scene (within bounds) is a scene of its own; a shorter one joins its neighbour.
_LEAST, _MOST = 40, 400
_TITLE_LIMIT = 30


class Kind(StrEnum):
    """What became of a scene."""

    UNCHANGED = "unchanged"
    MOVED = "moved"
    EDITED = "edited"
    NEW = "new"
    GONE = "gone"


@frozen
class Change:
    """One scene as it is now, or was, if it is gone; `was` is its former index, `alike` how alike its two texts are."""

    scene: Scene
    kind: Kind
    was: int = -1
    alike: float = 1.0


@frozen
class Revision:
    """The scenes of the new story, and what became of each, in the order of the new story; those that are gone last."""

    scenes: tuple[Scene, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbouring paragraphs [first, last) of the new story that make one scene; `owner` is the former one, or -1."""

    first: int
    last: int
    owner: int


def revise(before: Sequence[tuple[Scene, str]], text: str, language: Language, *, highest_id: int) -> Revision:
    """Fit scenes, each with its former text, to a changed story; new ones get ids above `highest_id`."""
    from statistics import median  # noqa: PLC0415 - only for a story that changed

    pieces = paragraphs(text)
    sizes = [len(piece) for piece in pieces]
    usual = median(len(told.strip()) for _, told in before) if before else 0
    long = int(min(_MOST, max(_LEAST, usual / 2)))
    owners = match_paragraphs([told for _, told in before], pieces)
    runs = [run for whole in _contiguous(owners, sizes, long) for run in _cut(whole, sizes, max(usual, long))]
    offsets = [0]
    for size in sizes:
        offsets.append(offsets[-1] + size)
    scenes: list[Scene] = []
    for index, run in enumerate(runs):
        start, end = offsets[run.first], offsets[run.last]
        if run.owner >= 0:
            scenes.append(replace(before[run.owner][0], index=index, start=start, end=end))
        else:
            highest_id += 1
            fresh = Scene(id=f"s{highest_id:04d}", index=index, title="", start=start, end=end)
            scenes.append(_named(fresh, text[start:end], language, before))
    return Revision(scenes=tuple(scenes), changes=tuple(_changes(before, runs, scenes, text)))


def _contiguous(owners: Sequence[int], sizes: Sequence[int], long: int) -> list[_Run]:
    """Runs of paragraphs, one a former scene: of several pieces of a scene the largest is it.

    Other pieces, and passages that nobody owned, are scenes of their own if they are long, and else join the scene
    before them (the one after, at the beginning).
    """
    runs = _runs(owners)
    largest: dict[int, _Run] = {}
    for run in runs:
        if run.owner >= 0 and _size(run, sizes) > (_size(largest[run.owner], sizes) if run.owner in largest else 0):
            largest[run.owner] = run
    fixed = list(owners)
    for run in runs:
        if run.owner >= 0 and largest[run.owner] is not run:
            fixed[run.first : run.last] = [-1] * (run.last - run.first)
    joined: list[_Run] = []
    for run in _runs(fixed):
        short = run.owner < 0 and _size(run, sizes) < long
        if joined and (short or (joined[-1].owner == run.owner >= 0)):
            joined[-1] = _Run(joined[-1].first, run.last, joined[-1].owner)
        elif joined and joined[-1].owner < 0 and _size(joined[-1], sizes) < long:  # a short beginning
            joined[-1] = _Run(joined[-1].first, run.last, run.owner)
        else:
            joined.append(run)
    return joined


def _runs(owners: Sequence[int]) -> list[_Run]:
    runs, at = [], 0
    for owner, group in groupby(owners):
        count = len(list(group))
        runs.append(_Run(at, at + count, owner))
        at += count
    return runs


def _size(run: _Run, sizes: Sequence[int]) -> int:
    return sum(sizes[run.first : run.last])


def _cut(run: _Run, sizes: Sequence[int], usual: float) -> Iterator[_Run]:
    """A new passage as scenes of about the usual length; a former scene is never cut."""
    count = round(_size(run, sizes) / usual) if run.owner < 0 else 1
    share, first, told = _size(run, sizes) / max(count, 1), run.first, 0
    for at in range(run.first, run.last - 1):
        told += sizes[at]
        if told >= share and count > 1:
            yield _Run(first, at + 1, -1)
            first, told, count = at + 1, 0, count - 1
    yield _Run(first, run.last, run.owner)


def _named(scene: Scene, told: str, language: Language, before: Sequence[tuple[Scene, str]]) -> Scene:
    """A new scene with what can be known of it without a model: its heading, and the known people it names."""
    heading = told.strip().split("\n", 1)[0].strip("#* \u3000")
    number = scene.index + 1
    title = heading if 0 < len(heading) <= _TITLE_LIMIT else f"场景{number}" if language == "zh" else f"Scene {number}"
    known = dict.fromkeys(name for one, _ in before for name in one.characters)
    return replace(scene, title=title, characters=tuple(name for name in known if name in told))


def _changes(
    before: Sequence[tuple[Scene, str]], runs: Sequence[_Run], scenes: Sequence[Scene], text: str
) -> Iterator[Change]:
    kept = [run.owner for run in runs if run.owner >= 0]
    in_order = {
        kept[at]
        for match in SequenceMatcher(None, sorted(kept), kept, autojunk=False).get_matching_blocks()
        for at in range(match.b, match.b + match.size)
    }
    for run, scene in zip(runs, scenes, strict=True):
        if run.owner < 0:
            yield Change(scene=scene, kind=Kind.NEW)
            continue
        former, told = before[run.owner]
        now = text[scene.start : scene.end]
        if told.strip() == now.strip():
            kind = Kind.UNCHANGED if run.owner in in_order else Kind.MOVED
            yield Change(scene=scene, kind=kind, was=former.index)
        else:
            yield Change(scene=scene, kind=Kind.EDITED, was=former.index, alike=_alike(told, now))
    gone = set(range(len(before))) - set(kept)
    for at in sorted(gone):
        yield Change(scene=before[at][0], kind=Kind.GONE, was=before[at][0].index)


def _alike(told: str, now: str) -> float:
    from rapidfuzz.fuzz import ratio  # noqa: PLC0415 - only when a story changed

    return round(ratio(told.strip(), now.strip()) / 100, 2)
