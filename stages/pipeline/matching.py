"""Which paragraph of a changed story belongs to which scene of the story before.

Law: pure. What is the same comes first, in order; then scenes that moved as a whole; then what was edited, near its
place and at last anywhere. A paragraph that is like none belongs to nobody.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from stages.pipeline.text import canonical, paragraphs

if TYPE_CHECKING:
    from collections.abc import Sequence

# How alike two paragraphs are (of 100) to be the same one, edited: where it stood, and anywhere.
_HERE, _ANYWHERE = 50, 75
_AHEAD = 24  # so many paragraphs ahead an edited one is looked for at its place
_COMPARED = 200_000  # so many pairs are compared for what moved and was edited


def match_paragraphs(before: Sequence[str], pieces: Sequence[str]) -> list[int]:
    """The number of the scene in `before` (from 0) that each paragraph of the new story belongs to, -1 for none."""
    former = [(at, piece.strip()) for at, told in enumerate(before) for piece in paragraphs(told)]
    old, new = [told for _, told in former], [piece.strip() for piece in pieces]
    partner = [-1] * len(new)
    gaps = []
    for tag, i1, i2, j1, j2 in _opcodes(old, new):
        if tag == "equal":
            partner[j1:j2] = range(i1, i2)
        elif tag == "replace":
            gaps.append((range(i1, i2), range(j1, j2)))
    free = set(range(len(old))) - set(partner)
    _moved(former, new, partner, free)
    for there, here in gaps:
        _edited_here(old, new, partner, free, there=there, here=here)
    _edited_anywhere(old, new, partner, free)
    return [former[at][0] if at >= 0 else -1 for at in partner]


def _opcodes(old: Sequence[str], new: Sequence[str]) -> list[tuple[str, int, int, int, int]]:
    """How one sequence becomes the other; what both begin and end with is most of it, and costs nothing to compare."""
    least = min(len(old), len(new))
    head = next((at for at in range(least) if old[at] != new[at]), least)
    tail = next((at for at in range(least - head) if old[-1 - at] != new[-1 - at]), least - head)
    middle = SequenceMatcher(None, old[head : len(old) - tail], new[head : len(new) - tail], autojunk=False)
    return [
        ("equal", 0, head, 0, head),
        *((tag, i1 + head, i2 + head, j1 + head, j2 + head) for tag, i1, i2, j1, j2 in middle.get_opcodes()),
        ("equal", len(old) - tail, len(old), len(new) - tail, len(new)),
    ]


def _moved(former: Sequence[tuple[int, str]], new: Sequence[str], partner: list[int], free: set[int]) -> None:
    """Find scenes of which nothing was found yet as a whole somewhere else."""
    scenes: dict[int, list[int]] = {}
    for at, (scene, _) in enumerate(former):
        scenes.setdefault(scene, []).append(at)
    places: dict[str, list[int]] = {}
    for place, told in enumerate(new):
        if partner[place] < 0:
            places.setdefault(told, []).append(place)
    for own in scenes.values():
        if not free.issuperset(own):
            continue
        texts = [former[at][1] for at in own]
        for place in places.get(texts[0], []):
            span = slice(place, place + len(own))
            if list(new[span]) == texts and all(one < 0 for one in partner[span]):
                partner[span] = own
                free.difference_update(own)
                break


def _edited_here(
    old: Sequence[str], new: Sequence[str], partner: list[int], free: set[int], *, there: range, here: range
) -> None:
    """Pair edited paragraphs of one gap in their order."""
    from rapidfuzz.fuzz import ratio  # noqa: PLC0415 - only when a story changed

    left = [at for at in there if at in free]
    begin = 0
    for place in here:
        if partner[place] >= 0:
            continue
        scored = [(ratio(old[at], new[place]), -n) for n, at in enumerate(left[begin : begin + _AHEAD])]
        score, back = max(scored, default=(0.0, 0))
        if score >= _HERE:
            at = left[begin - back]
            partner[place] = at
            free.discard(at)
            begin += 1 - back


def _edited_anywhere(old: Sequence[str], new: Sequence[str], partner: list[int], free: set[int]) -> None:
    """Pair what is left with what is most like it, wherever it stands."""
    from rapidfuzz.fuzz import ratio  # noqa: PLC0415 - only when a story changed
    from rapidfuzz.process import extractOne  # noqa: PLC0415

    left = {at: old[at] for at in sorted(free) if canonical(old[at])}
    for place in [place for place, at in enumerate(partner) if at < 0][: _COMPARED // max(len(left), 1)]:
        found = extractOne(new[place], left, scorer=ratio, score_cutoff=_ANYWHERE)
        if found is not None:
            partner[place] = found[2]
            free.discard(found[2])
            del left[found[2]]
