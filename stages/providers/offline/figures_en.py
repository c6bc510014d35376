"""Finds the subject of each English clause.

Law: pure and linear; a name acts where a sentence or a clause begins with it and a verb follows, or after "said".
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from stages.providers.offline import names_en
from stages.providers.offline.figure import Figure
from stages.providers.offline.speech import SPEECH_EN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

FEMALE = (
    "woman|girl|lady|housemaid|maid|waitress|actress|nun|queen|princess|witch|mother|grandmother|sister|daughter|wife|"
    "aunt|widow|postmistress|schoolgirl|stewardess"
)
MALE = (
    "man|boy|gentleman|waiter|policeman|postman|fisherman|ferryman|king|prince|priest|father|grandfather|brother|son|"
    "husband|uncle|butler|monk|schoolboy|footman|barman"
)
NEUTRAL = (
    "stranger|child|kid|doctor|nurse|teacher|captain|keeper|sailor|soldier|sergeant|officer|driver|conductor|engineer|"
    "mayor|knight|wizard|baker|blacksmith|hunter|detective|inspector|robot|pilot|clerk|innkeeper|guard|bartender|servant|"
    "botanist|scientist|lawyer|porter|student|reporter|neighbour|neighbor|vicar|judge|thief|shopkeeper|passenger|"
    "customer|trucker|farmer|cook|landlord|constable|lieutenant|commander|deckhand|librarian|gardener|surgeon"
)
_GENDER = {**dict.fromkeys(FEMALE.split("|"), "f"), **dict.fromkeys(MALE.split("|"), "m")}
NOUNS = f"{FEMALE}|{MALE}|{NEUTRAL}"
_WORN = (
    r"(?:coat|scarf|dress|suit|hat|cap|cloak|jacket|shirt|uniform|jersey|gown|apron|sweater|robe|hood|helmet|beard|"
    r"overcoat|raincoat|shawl|moustache|limp|cane|scar|bonnet|cassock|vest|waistcoat)"
)
_NOT_ADJ = r"(?!(?:the|an?|his|her|of|and|was|to|in|no|not|word|that|this|for|at|on|with|from|by|who|had|were) )"
_STRANGER = re.compile(
    rf"(?:(?P<a>[Aa]n?|[Aa]nother) |(?P<the>[Tt]he|[Tt]hat) )(?P<adj>(?:{_NOT_ADJ}[a-z]+(?:-[a-z]+)? ){{0,3}}?)"
    rf"(?P<noun>{NOUNS})(?P<post> (?:in|with) an? (?:[a-z-]+ ){{0,2}}{_WORN})?\b(?!['’]s|-)"
)
_SENTENCE = re.compile(r"[^.!?;:\n”—]+")
_JOINT = re.compile(r", (?:and |but |then |while |when |as )?| (?:and|but|then|while|when|as|until|because|so|where) ")
_PRONOUN = re.compile(r"(?P<f>[Ss]he)\b|(?P<m>[Hh]e)\b|(?P<fo>Her)\b|(?P<mo>His)\b")
_TAG = re.compile(rf"[\s,]*(?:{SPEECH_EN})\s+")
_AHEAD = re.compile(
    rf"['’]s\b(?P<owns> (?:\w+ )?(?:hands?|eyes?|face|voice|head|mouth|heart|fingers?|shoulders?|smile|knees)\b)?|"
    rf",?(?P<verb> (?:{names_en.VERB}|{SPEECH_EN}|[a-z]+s|lay|hung|rang|fell|spoke|broke|woke|rose|threw|grew|flew|"
    rf"knelt|caught|brought|bought|fought|taught|slept|crept|swept|wept|meant|met|led|fed|fled|sang|hit|cut|shut|lit|paid|"
    rf"looked|never|always|only|still|just|must|might|should|may)\b)|(?P<list>,)"
)
_KIN = re.compile(rf"(?:Her|His|My|Their) (?:\w+ )?(?:{FEMALE}|{MALE})(?: |\b)")
_THERE = re.compile(
    r"\b(?:was|were|stood|sat|lay|came|hung|knelt|waited|appeared|walked|stepped|emerged|leaned) (?=an? |[A-Z])"
)
_REACH = 70


def find(silent: str, mentions: Mapping[int, tuple[int, str]]) -> list[Figure]:
    """Find the figures of a text whose speech is blotted out; `mentions` are the names in it by their start."""
    starts = sorted(mentions)
    found: list[Figure] = []
    for sentence in _SENTENCE.finditer(silent):
        begin = sentence.start() + len(sentence[0]) - len(sentence[0].lstrip())
        if begin < sentence.end():
            found += _of_sentence(silent, begin, sentence.end(), mentions=mentions, starts=starts)
    return found


def _of_sentence(
    silent: str, begin: int, end: int, *, mentions: Mapping[int, tuple[int, str]], starts: Sequence[int]
) -> Iterator[Figure]:
    tag = _TAG.match(silent, begin, end) if silent[max(0, begin - 3) : begin].rstrip()[-1:] == "”" else None
    first = tag.end() if tag else begin
    subject = _noun_phrase(silent, first, end, mentions, opens=True)
    if not subject:
        subject = _later(silent, begin, end, mentions=mentions, starts=starts)
    if subject:
        yield subject
    for joint in _JOINT.finditer(silent, subject.end if subject else begin, end):
        figure = _noun_phrase(silent, joint.end(), end, mentions, opens=False)
        if figure:
            yield figure


def _later(
    silent: str, begin: int, end: int, *, mentions: Mapping[int, tuple[int, str]], starts: Sequence[int]
) -> Figure | None:
    """Find the subject behind an opening like "At dusk" or "On the stairs stood"."""
    there = _THERE.search(silent, begin, end)
    if there and (figure := _noun_phrase(silent, there.end(), end, mentions, opens=True)):
        return figure
    limit = min(end, begin + _REACH)
    places = list(starts[bisect_left(starts, begin) : bisect_left(starts, limit)])
    places += [found.start() for found in _STRANGER.finditer(silent, begin, limit)]
    places += [found.start() for found in _PRONOUN.finditer(silent, begin, limit)]
    for place in sorted(places):
        if place and silent[place - 1].isalpha():
            continue
        aside = silent.startswith(", ", place - 2)  # "Behind her, Mina, the youngest, held on"
        figure = _noun_phrase(silent, place, end, mentions, opens=aside)
        if figure and not figure.owns:
            return figure
    return None


def _noun_phrase(
    silent: str, at: int, end: int, mentions: Mapping[int, tuple[int, str]], *, opens: bool
) -> Figure | None:
    """Read the figure that stands at this place, if a verb follows it."""
    kin = _KIN.match(silent, at, end)
    at = kin.end() if kin and kin.end() in mentions else at
    for skip in ("", "the ", "The ", "old ", "young "):
        if silent.startswith(skip, at) and at + len(skip) in mentions:
            return _named(silent, at, end, mentions[at + len(skip)], opens=opens)
    pronoun = None if kin else _PRONOUN.match(silent, at, end)
    if pronoun:
        owns = bool(pronoun["fo"] or pronoun["mo"])
        gender = "f" if pronoun["f"] or pronoun["fo"] else "m"
        return Figure(start=at, end=pronoun.end(), gender=gender, owns=owns)
    stranger = None if kin else _STRANGER.match(silent, at, end)
    if not stranger or (stranger["a"] and silent.startswith("as ", at - 3)):  # "as a child" is no child
        return None
    ahead = _AHEAD.match(silent, stranger.end(), end)
    return _stranger(stranger) if opens or (ahead and ahead["verb"]) else None


def _named(silent: str, at: int, end: int, mention: tuple[int, str], *, opens: bool) -> Figure | None:
    """Read a name as a figure: with a verb, at the head of a sentence, or as the owner of the hand that acts."""
    stop, name = mention
    ahead = _AHEAD.match(silent, stop, end)
    if ahead and not ahead["verb"] and not ahead["list"]:
        return Figure(start=at, end=stop, name=name, owns=True) if ahead["owns"] else None
    return Figure(start=at, end=stop, name=name) if opens or (ahead and ahead["verb"]) else None


def _stranger(found: re.Match[str]) -> Figure:
    noun = found["noun"]
    adj = found["adj"] if found["the"] or len(found["adj"]) < 24 else ""
    label = f"the {adj}{noun}{found['post'] or ''}"
    return Figure(
        start=found.start(),
        end=found.end(),
        label=label,
        noun=noun,
        gender=_GENDER.get(noun, ""),
        fresh=bool(found["a"]),
    )


def gender_of(noun: str) -> str:
    """Return the gender that a noun for a person tells, or ""."""
    return _GENDER.get(noun, "")
