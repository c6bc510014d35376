"""Finds where a scene ends: the strength of every seam between two paragraphs, and the cuts chosen among them.

Law: pure; the ranges tile the paragraphs, and a wanted number of scenes is met exactly where
there are paragraphs enough.
"""

from __future__ import annotations

import heapq
import re
from bisect import bisect_left, insort
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from stages.pipeline.text import canonical
from stages.providers.offline import words_en, words_zh
from stages.providers.offline.beats import is_heading
from stages.providers.offline.cues import scan
from stages.providers.offline.speech import narration, quotes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stages.pipeline.contract import Language
    from stages.providers.offline.people import Roster

THRESHOLD = 3.7  # a seam this strong begins a scene
WEAK = 2.9  # one this strong does so only in a long scene
_LONG = {"zh": 500, "en": 1400}
_LEAST = {"zh": 150, "en": 420}
_MOST = {"zh": 900, "en": 3200}
_JUMP = {"zh": re.compile(words_zh.TIME_JUMP), "en": re.compile(words_en.TIME_JUMP, re.IGNORECASE)}
_OPENINGS = re.compile(r"^|[，。]|[,.] ")
_FAMILY = {"sea": "boat", "shore": "boat"}  # at sea, these are seen from each other and are no change of place
_OPENS_WITHIN = {"zh": 10, "en": 34}
_JUMP_REACH = {"zh": 12, "en": 24}
_MOVE = {"zh": re.compile(words_zh.MOVE), "en": re.compile(words_en.MOVE, re.IGNORECASE)}
_HEADING = {"zh": re.compile(words_zh.HEADING), "en": re.compile(words_en.HEADING, re.IGNORECASE)}
_NUMBERING = re.compile(
    r"^(?:#{1,6}\s*)?(?:第[一二三四五六七八九十百千零〇两\d]{1,6}[章节回幕卷集场部折]|"
    r"[（(]?[一二三四五六七八九十\d]{1,3}[)）、.．]|(?:chapter|part|act|scene|book)\s+\w+|[ivxlc]{1,6}[.)])",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(r"\n[ \t]*[*＊·•~—=_#◇◆○●☆★-][^\w\n]{0,40}\n?\s*$")


@dataclass(frozen=True, slots=True)
class _Facts:
    length: int
    heading: bool
    spoken: bool
    jump: bool
    moves: bool
    place: str
    opens_at: bool
    time: str
    people: frozenset[str]
    blank_after: bool
    separated: bool


def cuts(paragraphs: Sequence[str], cast: Roster, count: int | None, language: Language) -> list[int]:
    """Return the index at which each scene begins; the first is 0."""
    facts = [_facts(paragraph, cast, language) for paragraph in paragraphs]
    strengths = _strengths(facts)
    if count is not None:
        return _exactly(facts, strengths, max(1, min(count, len(paragraphs))))
    return _naturally(facts, strengths, language)


def _facts(paragraph: str, cast: Roster, language: Language) -> _Facts:
    plain = narration(paragraph)
    cues = scan(cast.masked(plain[:4000]), language)
    start = paragraph.lstrip()
    jump = next(
        (
            found
            for found in _OPENINGS.finditer(start, 0, _JUMP_REACH[language])
            if _JUMP[language].match(start, found.end())
        ),
        None,
    )
    first = start.split("\n", 1)[0]
    return _Facts(
        length=len(paragraph.strip()),
        heading=bool(_HEADING[language].match(start)) and len(first) <= 60,
        spoken=bool(quotes(start[:2])),
        jump=bool(jump) and not quotes(start[:1]),
        moves=bool(_MOVE[language].search(plain[:80])),
        place=_FAMILY.get(cues.first("place"), cues.first("place")),
        opens_at=any(hit.category == "place" and hit.at < _OPENS_WITHIN[language] for hit in cues.hits),
        time=cues.first("time"),
        people=frozenset(person.name for person in cast.present(plain)),
        blank_after=paragraph.endswith(("\n\n", "\n\n\n")),
        separated=bool(_SEPARATOR.search(paragraph[-60:])) or paragraph.endswith("\n\n\n"),
    )


def _strengths(facts: Sequence[_Facts]) -> list[float]:
    """Weigh every seam: `strengths[i]` is how much a scene wants to begin at paragraph i."""
    told = sum(one.blank_after for one in facts[:-1]) <= 0.6 * max(1, len(facts) - 1)
    strengths = [0.0]
    time = place = ""
    for at in range(1, len(facts)):
        before, one = facts[at - 1], facts[at]
        time = before.time or time
        place = before.place or place
        strength = 0.0
        strength += 12 * (one.heading and not before.heading) - 12 * (before.heading and not one.separated)
        strength += 9 * before.separated + 4.5 * (told and before.blank_after) + 5 * one.jump
        strength += 2 * bool(one.time and time and one.time != time)
        new_place = bool(one.place and place and one.place != place)
        strength += (2 + one.moves + one.opens_at) * new_place
        strength += 1.5 * _other_people(facts, at) - 3 * (one.spoken and before.spoken) - 1.5 * one.spoken
        strengths.append(strength)
    return strengths


def _other_people(facts: Sequence[_Facts], at: int) -> float:
    """Return how much the company changes at this seam, from 0 to 1."""
    before = frozenset[str]().union(*(one.people for one in facts[max(0, at - 3) : at]))
    after = frozenset[str]().union(*(one.people for one in facts[at : at + 3]))
    both = before | after
    return 1 - len(before & after) / len(both) if both else 0.0


def _naturally(facts: Sequence[_Facts], strengths: Sequence[float], language: Language) -> list[int]:
    """Take the strong seams that leave scenes of sensible length, then cut what is still too long."""
    ends = _running(facts)
    least, most = _LEAST[language], _MOST[language]
    chosen = [0, len(facts)]
    for at in sorted(range(1, len(facts)), key=lambda at: (-strengths[at], at)):
        place = bisect_left(chosen, at)
        left = ends[at] - ends[chosen[place - 1]]
        right = ends[chosen[place]] - ends[at]
        if strengths[at] < THRESHOLD and (strengths[at] < WEAK or left + right < _LONG[language]):
            continue
        if min(left, right) >= least * (1 if strengths[at] < 5 else 0.6 if strengths[at] < 9 else 0.3):
            insort(chosen, at)
    return _split(chosen, ends, strengths, lambda length, _: length > most)


def _exactly(facts: Sequence[_Facts], strengths: Sequence[float], count: int) -> list[int]:
    """Take the strongest seams, at most `count` - 1, then cut the longest scenes until the number is met."""
    ends = _running(facts)
    least = ends[-1] / (3 * count)
    chosen = [0, len(facts)]
    for at in sorted(range(1, len(facts)), key=lambda at: (-strengths[at], at)):
        if len(chosen) > count or strengths[at] < THRESHOLD:
            break
        place = bisect_left(chosen, at)
        if min(ends[at] - ends[chosen[place - 1]], ends[chosen[place]] - ends[at]) >= least:
            insort(chosen, at)
    return _split(chosen, ends, strengths, lambda _, scenes: scenes < count)


def _running(facts: Sequence[_Facts]) -> list[int]:
    ends = [0]
    for one in facts:
        ends.append(ends[-1] + one.length)
    return ends


def _split(
    chosen: list[int], ends: Sequence[int], strengths: Sequence[float], wanted: Callable[[int, int], bool]
) -> list[int]:
    """Cut the longest scene at its best seam for as long as `wanted(its length, number of scenes)`."""
    heap = [(-(ends[last] - ends[first]), first, last) for first, last in pairwise(chosen) if last - first > 1]
    heapq.heapify(heap)
    starts = chosen[:-1]
    while heap and wanted(-heap[0][0], len(starts)):
        _, first, last = heapq.heappop(heap)
        at = _best(first, last, ends, strengths)
        starts.append(at)
        for begin, end in ((first, at), (at, last)):
            if end - begin > 1:
                heapq.heappush(heap, (-(ends[end] - ends[begin]), begin, end))
    return sorted(starts)


def _best(first: int, last: int, ends: Sequence[int], strengths: Sequence[float]) -> int:
    """Choose the seam inside a scene: strong, and not far from the middle."""
    length = max(1, ends[last] - ends[first])
    middle = (ends[last] + ends[first]) / 2
    return max(range(first + 1, last), key=lambda at: (strengths[at] - 8 * abs(ends[at] - middle) / length, -at))


def is_chapter(line: str, language: Language) -> bool:
    """Tell whether a line is a chapter's heading, by its number or its word."""
    return bool(_HEADING[language].match(line.strip()))


def title_line(paragraph: str, language: Language) -> str:
    """Return the words of a heading without its number: "归来" of "第三章 归来", or ""."""
    first = paragraph.strip().split("\n", 1)[0].strip()
    if len(first) > 60 or not (_HEADING[language].match(first) or is_heading(first + "\n\n")):
        return ""
    words = _NUMBERING.sub("", first, count=1).strip(" :：.-—#*、")
    return words if canonical(words) else ""
