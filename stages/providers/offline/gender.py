"""Settles who of the cast is "he" and who is "she", as far as the text tells.

Law: pure; a pronoun counts for a name only as the subject right after it with nobody else between; titles and kinship
words count more, given names last; where the votes do not agree, the gender stays open.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from stages.providers.offline import figures_en, figures_zh, given_names
from stages.providers.offline.figures import figures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stages.pipeline.contract import Language
    from stages.providers.offline.figure import Figure
    from stages.providers.offline.people import Person, Roster

_REACH = {"zh": 160, "en": 320}
_TITLE_EN = (
    ("f", re.compile(r"^(?:Mrs|Ms|Miss|Lady|Queen|Princess|Aunt|Sister|Madame?|Dame)\b")),
    ("m", re.compile(r"^(?:Mr|Lord|Sir|King|Prince|Uncle|Father|Brother)\b")),
)
_TITLE_ZH = (
    ("f", re.compile(r"(?:小姐|姑娘|太太|夫人|女士|丫头|大妈|大婶|阿姨|[婶婆嫂姨姐妹娘妈姑])$")),
    ("m", re.compile(r"(?:先生|公子|大爷|大叔|大哥|大侠|[叔伯爷哥弟爹爸])$")),
)
_OWN_EN = re.compile(
    r"\b(?:herself|himself|(?:with|in|on|into|from|wiping|put|shook|closed|opened|raised|held|folded|turned) "
    r"(her|his) (?:own |left |right )?(?:hands?|eyes?|head|face|arms?|hair|coat|apron|hat|pockets?|helmet|glasses|"
    r"gloves|sleeve|nightshirt|shoulders?|mouth|lap|knees|notebook))\b"
)
_CALLED_ZH = re.compile(r"(?:人称|名叫|叫做?|名为|便是|正是|就是)(?:“[^”\n]{1,8}”)?$")


def settled(cast: Roster, text: str, language: Language) -> dict[str, str]:
    """Return the gender of each of the cast: "f", "m", or "" where the text does not tell."""
    votes = _votes(cast, text, language)
    hints = _hints(cast, text, language)
    return {person.name: _of(person, votes, hints, language) for person in cast.people}


def _of(person: Person, votes: Counter[tuple[str, str]], hints: Counter[tuple[str, str]], language: Language) -> str:
    if person.gender:
        return person.gender
    title = _by_title(person, language)
    if title:
        return title
    she, he = (votes[person.name, one] + 2 * hints[person.name, one] for one in "fm")
    if max(she, he) >= 1 and max(she, he) >= 2 * min(she, he):
        return "f" if she > he else "m"
    return "" if she or he else given_names.gender_of(person.name, language)


def _by_title(person: Person, language: Language) -> str:
    for name in (person.name, *person.aliases):
        if language == "zh":
            of_noun = figures_zh.gender_of(name)
            found = next((one for one, pattern in _TITLE_ZH if len(name) > 1 and pattern.search(name)), "")
        else:
            of_noun = figures_en.gender_of(name.split(" ")[-1])
            found = next((one for one, pattern in _TITLE_EN if pattern.search(name)), "")
        if of_noun or found:
            return of_noun or found
    return ""


def _votes(cast: Roster, text: str, language: Language) -> Counter[tuple[str, str]]:
    """Count the pronouns that can only mean the one who acted just before."""
    votes: Counter[tuple[str, str]] = Counter()
    named = cast.mentions(text)
    last: Figure | None = None
    counted = False
    at = 0
    for figure in figures(text, cast, language):
        if figure.name in ("我", "the narrator"):
            last = None
        elif figure.name:
            last, counted = figure, False
        elif figure.label:
            last = None
        elif last and figure.gender and not counted and figure.start - last.end < _REACH[language]:
            while at < len(named) and named[at][0] < last.end:
                at += 1
            between = {person.name for start, _, person in named[at : at + 12] if start < figure.start}
            breaks = len(re.findall(r"\n+", text[last.end : figure.start]))
            if between <= {last.name} and (
                breaks == 0 or (breaks == 1 and not figure.owns and "”" in text[last.end : figure.start])
            ):
                votes[last.name, figure.gender] += 1
                counted = True
    if language == "en":
        _own_things(cast, text, votes)
    return votes


def _own_things(cast: Roster, text: str, votes: Counter[tuple[str, str]]) -> None:
    """Count "with her hands in her pockets" for the only person whom the sentence names."""
    for found in _OWN_EN.finditer(text):
        start = max(text.rfind(mark, 0, found.start()) for mark in (". ", "\n", '"', "”", "? ", "! ")) + 1
        names = {person.name for _, _, person in cast.mentions(text[max(start, found.start() - 200) : found.start()])}
        if len(names) == 1:
            votes[names.pop(), "f" if found[0].startswith("herself") or found[1] == "her" else "m"] += 1


def _hints(cast: Roster, text: str, language: Language) -> Counter[tuple[str, str]]:
    """Count nouns that stand before a name and mean the same one: 独眼大汉，人称雷万山; his wife Anna."""
    hints: Counter[tuple[str, str]] = Counter()
    for start, _, person in cast.mentions(text):
        before = text[max(0, start - 24) : start]
        if language == "zh":
            called = _CALLED_ZH.search(before)
            words = before[: called.start()].rstrip("，,") if called else before
            gender = figures_zh.gender_of(figures_zh.noun_before(words))
        else:
            found = re.search(r"\b([a-z]+) (?:named |called )?$", before)
            gender = figures_en.gender_of(found[1]) if found else ""
        if gender and not figures_zh.gender_of(person.name):
            hints[person.name, gender] += 1
    return hints


def names_of(people: Sequence[Person]) -> set[str]:
    """Return every name these people go by."""
    return {name for person in people for name in (person.name, *person.aliases)}
