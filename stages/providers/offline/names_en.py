"""Finds the people and the named places of an English text by rule: capitals that come back, titles, roles.

Law: pure and linear; a name must be earned, by speaking, by acting, or by coming back in the middle of a sentence.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from stages.providers.offline.speech import SPEECH_EN

if TYPE_CHECKING:
    from collections.abc import Mapping

_TITLES = (
    "Mr|Mrs|Ms|Miss|Dr|Captain|Capt|Professor|Sergeant|Colonel|Inspector|Lieutenant|Commander|Detective|Mayor|Major|Judge|Constable|Father|Sister|Brother|Uncle|Aunt|Old|"
    "King|Queen|Lord|Lady|Sir"
)
_NAME = re.compile(rf"(?:\b(?:{_TITLES})\.? )?\b[A-Z][a-zé]+(?:[-’'][A-Z][a-z]+)?(?: [A-Z][a-zé]+){{0,2}}")
_NOT_NAMES_TEXT = (
    "I The A An And But Or So If When While Then There Here This That These Those It He She They We You His Her "
    "Their Our My "
    "Your Its Who What Where Why How Yes No Not Now Never Ever Once After Before Behind Above Below Under Over "
    "Outside Inside "
    "At In On By For From To Of With Without Into Onto Through Across Along Up Down Out Off All Some Any Each "
    "Every Both One Two "
    "Three Four Five Six Seven Eight Nine Ten Nobody Nothing Everyone Everything Somebody Someone Something "
    "Monday Tuesday "
    "Wednesday Thursday Friday Saturday Sunday January February March April May June July August September "
    "October November "
    "December Chapter Part Shot Scene Please Thank Thanks Good Well Oh Ah Perhaps Maybe Because As Only Even "
    "Still Just Again Also "
    "God Lord English French Christmas Easter Later Tonight Today Tomorrow Yesterday Morning Evening Night Dear "
    "Let Look Come Go "
    "Get Put Take Tell Ask Sit Stand Wait Stop Listen Hello Goodbye Sorry Like Most Many Much More Less Few Half "
    "Between Beside "
    "Somewhere Nowhere Sometimes Always Until Since Though Although Which Whose Do Did Does Don Was Were Is Are "
    "Has Had Have Can "
    "Could Will Would Should Must Might May Be Been Being Am Rain Snow Wind Fog Water Light Dark Silence Home "
    "Keep Give Leave Old Next"
)
_NOT_NAMES = frozenset(_NOT_NAMES_TEXT.split())
_ROLE = re.compile(
    r"\b(?:[Tt]he|[Hh]er|[Hh]is|[Mm]y) ((?:old |young |little )?(?:captain|ferryman|keeper|doctor|nurse|teacher|"
    r"postman|postmistress|"
    r"sailor|soldier|sergeant|officer|driver|conductor|engineer|mayor|priest|king|queen|prince|princess|knight|"
    r"wizard|witch|"
    r"stranger|boy|girl|man|woman|mother|father|grandmother|grandfather|sister|brother|daughter|son|wife|husband|"
    r"aunt|uncle|"
    r"lady|gentleman|child|baker|blacksmith|hunter|detective|robot|pilot|clerk|innkeeper))\b(?!['’]s)"
)
_KIN = re.compile(r"mother|father|grand|sister|brother|daughter|son|wife|husband|aunt|uncle")
VERB = (
    r"(?:[a-z]+ed|[a-z]+ly|was|had|did|could|would|took|went|came|stood|sat|saw|held|ran|felt|knew|thought|gave|put|"
    r"left|kept|"
    r"found|made|told|got|began|let|read|wrote|bent|shook|drew|set|turned|and|who|is|has|does|can|will|says|looks)"
)
_ACTS = re.compile(rf",?(?:['’]s)? (?:{SPEECH_EN}|{VERB})\b")
_SAID_BEFORE = re.compile(rf"\b{SPEECH_EN} (?:the |old |young )*$")
_PLACE_BEFORE = re.compile(
    r"\b(?:in|at|to|from|near|of|across|toward|towards|past|for|reach|reached|left) (?:the )?$", re.IGNORECASE
)
_PLACE_NAME = re.compile(
    r"\b(?:Lane|Street|Road|Avenue|Square|Hill|River|Lake|Bay|Island|Bridge|House|Town|City|Valley|Forest|Harbou?r)$"
)
_STARTS = re.compile(r"(?:^|[.!?…:\n“”\"‘’(—])\s*[“\"‘(]?$")


def find(text: str) -> tuple[list[tuple[str, int, int]], list[tuple[str, int]]]:
    """Find (people as (name, count, evidence), named places as (name, count)), strongest first."""
    counts: Counter[str] = Counter()
    evidence: Counter[str] = Counter()
    middle: Counter[str] = Counter()
    placed: Counter[str] = Counter()
    for one in _NAME.finditer(text):
        name = _trimmed(one[0])
        if not name:
            continue
        at = one.start() + one[0].index(name)
        before = text[max(0, at - 24) : at]
        counts[name] += 1
        middle[name] += not _STARTS.search(before)
        evidence[name] += bool(_SAID_BEFORE.search(before)) or bool(_ACTS.match(text, one.end()))
        placed[name] += bool(_PLACE_BEFORE.search(before)) and not _ACTS.match(text, one.end())
    people = {
        name: (count, evidence[name])
        for name, count in counts.items()
        if evidence[name]
        and not _PLACE_NAME.search(name)
        and evidence[name] >= placed[name]
        and (count >= 2 or " " in name)
        and (middle[name] or evidence[name] >= 2)
    }
    people |= {
        name: (count, 1)
        for name, count in counts.items()
        if " " in name and name not in people and (name.split(" ")[0] in people or _is_titled(name, people))
    }
    people |= {name: tally for name, tally in _roles(text).items() if name not in people}
    places = [(name, count) for name, count in counts.items() if name not in people and placed[name] * 2 > count > 1]
    ranked = sorted(((name, *tally) for name, tally in people.items()), key=lambda one: (-one[1], one[0]))
    return ranked, sorted(places, key=lambda one: (-one[1], one[0]))


def _trimmed(name: str) -> str:
    """Return the name without everyday words at its edges: "When Ada" is "Ada", "The" is nothing."""
    words = name.split(" ")
    while words and words[0].rstrip(".") in _NOT_NAMES and not (words[0] == "Old" and len(words) > 1):
        words = words[1:]
    while words and words[-1] in _NOT_NAMES:
        words = words[:-1]
    return "" if not words or words == ["Old"] else " ".join(words)


def _is_titled(name: str, people: Mapping[str, tuple[int, int]]) -> bool:
    """Tell whether a title stands before somebody known: "Inspector Voss"."""
    title, _, rest = name.partition(" ")
    return rest in people and bool(re.fullmatch(_TITLES, title.rstrip(".")))


def goes_with(title: str, first: str) -> bool:
    """Tell whether a titled name may be one whose full name begins with `first`: Mr. Reed and Amos Reed."""
    title, first = title.rstrip("."), first.rstrip(".")
    return bool(re.fullmatch(_TITLES, title)) and not re.fullmatch(_TITLES, first)


def rank_of(name: str) -> str:
    """Return what a titled person is also called: "the doctor" of Dr. Pell, or ""."""
    title = name.split(" ", maxsplit=1)[0].rstrip(".")
    word = {"Dr": "doctor", "Capt": "captain"}.get(title, title.lower())
    ranks = (
        "captain doctor professor sergeant colonel inspector lieutenant commander detective mayor major judge constable"
    )
    return f"the {word}" if " " in name and word in ranks.split() else ""


def _roles(text: str) -> dict[str, tuple[int, int]]:
    """Find people who go by what they are: "the ferryman", "her mother"."""
    counts: Counter[str] = Counter()
    evidence: Counter[str] = Counter()
    for one in _ROLE.finditer(text):
        name = one[1] if _KIN.search(one[1]) else f"the {one[1]}"
        counts[name] += 1
        evidence[name] += bool(_ACTS.match(text, one.end())) or bool(
            _SAID_BEFORE.search(text[max(0, one.start() - 24) : one.start()])
        )
    return {name: (count, evidence[name]) for name, count in counts.items() if count >= 2 and evidence[name]}
