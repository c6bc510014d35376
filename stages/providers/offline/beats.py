"""Cuts a scene's text into beats, the pieces that become shots.

Law: pure and linear; the beats tile the text (`"".join(b.text) == text`), a spoken line stays with the words that say
who speaks, and no beat is longer than a picture can hold unless the text has no place to cut.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stages.pipeline.text import canonical, sentences
from stages.providers.offline import words_en, words_zh
from stages.providers.offline.markup import cleared, is_item
from stages.providers.offline.speech import SPEECH_EN, Quote, is_spoken, quotes

if TYPE_CHECKING:
    from stages.pipeline.contract import Language


@dataclass(frozen=True, slots=True)
class Lengths:
    """How many characters a beat aims at, may have, and below which it looks for company."""

    aim: int
    most: int
    least: int


LENGTHS: dict[Language, Lengths] = {"zh": Lengths(46, 90, 12), "en": Lengths(140, 270, 40)}
_ATTRIBUTION = {
    "zh": re.compile(r"[^“”\s]"),  # in Chinese, whoever acts right after a spoken line has spoken it
    "en": re.compile(rf"(?:[A-Z][a-z]+|[a-z]+)(?: \w+){{0,3}}? {SPEECH_EN}\b|{SPEECH_EN} ", re.IGNORECASE),
}
_CLAUSE = re.compile(r"[，,；;：:、—]+\s*|\s+")
_TURN = re.compile(
    r"(?:突然|忽然|猛地|这时|接着|随后|然后|与此同时|就在|半晌|过了|良久|下一刻|窗外|远处|海上|身后|门外|对岸|"
    r"Suddenly|Then|Outside|Below|Above|Behind|Beyond|Meanwhile|Out of|Far|Across|After a|For a (?:while|moment))"
)


_HEADING = re.compile(rf"{words_zh.HEADING}|{words_en.HEADING}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Beat:
    """One piece of the scene: its text, the lines spoken in it, and whether it opens a paragraph."""

    text: str
    start: int
    lines: tuple[Quote, ...]
    opens_paragraph: bool


def beats(text: str, language: Language) -> list[Beat]:
    """Cut the text; an empty one has no beats. What is said and where sentences end is read without Markdown."""
    clear = cleared(text)
    spans = [quote for quote in quotes(clear) if is_spoken(clear, quote, language)]
    pieces = _split_long(_joined(_pieces(clear), clear, spans, language), clear, LENGTHS[language].most)
    groups = _with_their_marks(_grouped(pieces, text, spans, language), text, clear)
    return [_beat(text, start, end, spans) for start, end in groups]


def _with_their_marks(groups: list[tuple[int, int]], text: str, clear: str) -> list[tuple[int, int]]:
    """Give each beat the Markdown that stands before its first word: "- **" goes with what it marks."""
    if text == clear or not groups:
        return groups
    starts = [groups[0][0]]
    for start, _ in groups[1:]:
        at = start
        while at > starts[-1] + 1 and clear[at - 1] == " ":
            at -= 1
        marked = text[at:start] != clear[at:start]
        starts.append(at if marked and canonical(clear[starts[-1] : at]) else start)
    return list(zip(starts, [*starts[1:], groups[-1][1]], strict=True))


def _beat(text: str, start: int, end: int, spans: list[Quote]) -> Beat:
    lines = tuple(_within(spans, start, end))
    return Beat(text[start:end], start, lines, opens_paragraph=start == 0 or "\n" in text[max(0, start - 2) : start])


def _pieces(text: str) -> list[tuple[int, int]]:
    pieces, at = [], 0
    for sentence in sentences(text):
        pieces.append((at, at + len(sentence)))
        at += len(sentence)
    return pieces


def _within(spans: list[Quote], start: int, end: int) -> list[Quote]:
    """Return the quotes that begin in this range."""
    first = bisect_right(spans, start - 1, key=lambda quote: quote.start)
    last = bisect_right(spans, end - 1, key=lambda quote: quote.start)
    return spans[first:last]


def _open_at(spans: list[Quote], at: int) -> bool:
    """Tell whether the text is inside a quotation at this offset."""
    before = bisect_right(spans, at - 1, key=lambda quote: quote.start) - 1
    return before >= 0 and spans[before].start < at < spans[before].end


def _joined(pieces: list[tuple[int, int]], text: str, spans: list[Quote], language: Language) -> list[tuple[int, int]]:
    """Join sentences that one mouth speaks in one breath, and the words that name the speaker."""
    joined: list[tuple[int, int]] = []
    for start, end in pieces:
        if joined:
            before, at = joined[-1]
            ends_line = "\n" in text[at - 2 : at]
            in_quote = _open_at(spans, start) and end - before <= 2 * LENGTHS[language].most
            follows = not ends_line and _closes_quote(text, at) and bool(_ATTRIBUTION[language].match(text, start))
            follows = follows and end - before <= 2 * LENGTHS[language].most
            if in_quote or follows:
                joined[-1] = (before, end)
                continue
        joined.append((start, end))
    return joined


def _closes_quote(text: str, at: int) -> bool:
    return text[max(0, at - 3) : at].rstrip()[-1:] in ("”", "」", "』", '"')


def _split_long(pieces: list[tuple[int, int]], text: str, most: int) -> list[tuple[int, int]]:
    """Cut pieces that no picture can hold: after a comma or a space near the aim, else where the measure is full."""
    result: list[tuple[int, int]] = []
    for begin, end in pieces:
        start = begin
        while end - start > 2 * most:
            cut = 0
            for found in _CLAUSE.finditer(text, start + most // 2, start + most + most // 2):
                cut = found.end() if found[0].strip() or not cut else cut
                if cut >= start + most:
                    break
            cut = cut if start < cut < end else start + most
            result.append((start, cut))
            start = cut
        result.append((start, end))
    return result


def _grouped(pieces: list[tuple[int, int]], text: str, spans: list[Quote], language: Language) -> list[tuple[int, int]]:
    """Group pieces into beats of one to three sentences that belong together."""
    measure = LENGTHS[language]
    groups: list[tuple[int, int, int, bool]] = []
    for start, end in pieces:
        spoken = bool(_within(spans, start, end)) or _open_at(spans, start)
        if groups and _belongs((start, end, spoken), groups[-1], text, measure):
            first, _, count, was_spoken = groups[-1]
            groups[-1] = (first, end, count + 1, was_spoken or spoken)
        else:
            groups.append((start, end, 1, spoken))
    return [(start, end) for start, end, _, _ in groups]


def _belongs(piece: tuple[int, int, bool], group: tuple[int, int, int, bool], text: str, measure: Lengths) -> bool:
    """Tell whether a piece goes into the beat before it."""
    start, end, spoken = piece
    first, at, count, was_spoken = group
    together = end - first
    if not _readable(text, start, end) or not _readable(text, first, at):
        return together <= 4 * measure.most
    titles = is_heading(text[start:end]) + is_heading(text[first:at])
    if count >= 3 or together > measure.most or titles:
        return titles == 2 and not _HEADING.match(text[start:end].lstrip())
    new_paragraph = "\n" in text[max(first, at - 2) : at]
    if spoken and was_spoken:
        return not new_paragraph and together <= measure.aim
    if spoken != was_spoken:
        return not new_paragraph and (together <= measure.aim or end - start < measure.least)
    if new_paragraph or _TURN.match(text, start):
        return together <= measure.least
    return together <= measure.aim or end - start < measure.least or at - first < measure.least


def is_heading(piece: str) -> bool:
    """Tell whether this is a title card rather than story: a chapter line, or a short line with no mark at its end."""
    lines = [line.strip() for line in piece[:200].split("\n") if line.strip()]
    return (
        len(piece) <= 200
        and bool(lines)
        and all(not is_item(line) and _is_heading_line(cleared(line).strip(), alone="\n" in piece) for line in lines)
    )


def _is_heading_line(line: str, *, alone: bool) -> bool:
    if not line or len(line) > 60:
        return False
    return bool(_HEADING.match(line)) or (alone and line[-1].isalnum() and (len(line) <= 24 or _is_title_case(line)))


def _is_title_case(line: str) -> bool:
    """Tell whether an English line is written like the name of a book."""
    words = [word for word in line.split() if len(word) > 3]
    return len(words) > 1 and line.isascii() and line[0].isupper() and all(word[0].isupper() for word in words)


def _readable(text: str, start: int, end: int) -> bool:
    return bool(canonical(cleared(text[start : min(end, start + 400)]))) or bool(canonical(text[start + 400 : end]))
