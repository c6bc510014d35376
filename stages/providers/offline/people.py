"""Who is in a text: the cast as values, and where each of them is mentioned.

Law: pure; a person is found under all of their names, and the longest name wins where names overlap.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from eventlog.values import frozen
from stages.providers.offline import gender, names_en, names_zh
from stages.providers.offline.reading import Reading
from stages.providers.offline.speech import narration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stages.pipeline.contract import Language

CAST_LIMIT = 24
_OWN_NAME = re.compile(r"(?:^|[\n。])我叫([一-龥]{2,3})(?=[，。])")
_NARRATOR = {"zh": ("我", re.compile("我(?!们)")), "en": ("the narrator", re.compile(r"\b(?:I|me|my)\b"))}


@frozen
class Person:
    """One of the cast: what the text says, and the look that the director settled for them."""

    name: str
    aliases: tuple[str, ...] = ()
    gender: str = ""
    role: str = ""
    look: str = ""
    facts: int = 0
    evidence: tuple[str, ...] = ()
    count: int = 0


@dataclass(frozen=True, slots=True)
class Roster:
    """The cast of a text, ready to be looked for."""

    people: tuple[Person, ...]
    language: Language
    _pattern: re.Pattern[str] | None = field(default=None, repr=False)
    _by_name: dict[str, Person] = field(default_factory=dict, repr=False)

    def mentions(self, text: str) -> list[tuple[int, int, Person]]:
        """Return where people are named: (start, end, who)."""
        if self._pattern is None:
            return []
        return [(one.start(), one.end(), self._by_name[one[0]]) for one in self._pattern.finditer(text)]

    def present(self, text: str) -> list[Person]:
        """Return who is named in the text, most often first, of equals the first named."""
        counts = Counter(person.name for _, _, person in self.mentions(text))
        return [self._by_name[name] for name, _ in counts.most_common()]

    def masked(self, text: str) -> str:
        """Blot the names out, length kept, so that nobody called Rain makes the weather."""
        pieces, at = [], 0
        for start, end, _ in self.mentions(text):
            if end - start > 1:
                pieces += [text[at:start], "□" * (end - start)]
                at = end
        return "".join([*pieces, text[at:]])

    def get(self, name: str) -> Person | None:
        """Return the person of this name or alias."""
        return self._by_name.get(name)


def roster(people: Iterable[Person], language: Language) -> Roster:
    """Prepare a cast for look-up."""
    cast = tuple(people)
    by_name: dict[str, Person] = {}
    for person in cast:
        for name in (person.name, *person.aliases):
            for form in (name, name[:1].upper() + name[1:]) if language == "en" else (name,):
                by_name.setdefault(form, person)
    if not by_name:
        return Roster(cast, language)
    names = "|".join(re.escape(name) for name in sorted(by_name, key=lambda name: (-len(name), name)))
    pattern = re.compile(rf"(?<![A-Za-z])(?:{names})(?![A-Za-z])" if language == "en" else names)
    return Roster(cast, language, pattern, by_name)


def find_people(text: str, language: Language, known: Sequence[Person] = ()) -> list[Person]:
    """Find the cast of a text, the known ones first; each with names, gender and the times they are named here."""
    found = [(name, count) for name, count, _ in (names_zh.find(text) if language == "zh" else names_en.find(text)[0])]
    taken = {name for person in known for name in (person.name, *person.aliases)}
    fresh = [(name, count) for name, count in found if name not in taken]
    name, first_person = _NARRATOR[language]
    told = len(first_person.findall(narration(text)))
    own = _OWN_NAME.search(narration(text)) if language == "zh" else None
    aliases = ("I",) if language == "en" else (own[1],) if own else ()
    narrator = [Person(name=name, aliases=aliases)] if told >= 3 and name not in taken else []
    fresh = [one for one in fresh if not (narrator and one[0] in aliases)]
    cast = _counted(_merged([*known, *narrator], fresh, language, text), text, language)
    old, new = cast[: len(known)], cast[len(known) :]
    return [*old, *sorted(new, key=lambda person: -person.count)][: max(CAST_LIMIT, len(known))]


def _merged(cast: list[Person], fresh: list[tuple[str, int]], language: Language, text: str) -> list[Person]:
    """Give each found name to a person: a new one, or an alias of one that is there."""
    named = [*(person.name for person in cast), *(name for name, _ in fresh)]
    full = [name for name in named if len(name) in (2, 3) and name[0] not in "小老阿" and not names_zh.is_title(name)]
    surnames = Counter(name[0] for name in full) if language == "zh" else Counter[str]()
    counts = dict(fresh)
    for name, count in sorted(fresh, key=lambda one: -len(one[0])) if language == "en" else _full_first(fresh):
        owners = [at for at, person in enumerate(cast) if _same(name, person.name, language, surnames)]
        if (
            language == "zh"
            and name[0] in "老小"
            and not names_zh.is_title(name)
            and any(counts.get(cast[at].name, count) < count for at in owners)
        ):
            owners = []  # 老周 is not the girl 周小雨 who is named once
        if len(owners) == 1:
            owner = cast[owners[0]]
            cast[owners[0]] = replace(owner, aliases=(*owner.aliases, name))
        elif not owners and not (language == "zh" and names_zh.is_suffix(name[1:]) and surnames[name[0]] > 1):
            cast.append(Person(name=name))
    if language == "zh":
        return _introduced([_with_given_name(person, text) for person in cast], text)
    ranks = Counter(names_en.rank_of(person.name) for person in cast)
    taken = {name for person in cast for name in (person.name, *person.aliases)}
    return [
        replace(person, aliases=(*person.aliases, rank))
        if (rank := names_en.rank_of(person.name)) and ranks[rank] == 1 and rank not in taken
        else person
        for person in cast
    ]


def _full_first(fresh: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Put full names before 林律师 and 老板, which may mean one of them."""
    return sorted(fresh, key=lambda one: 2 * names_zh.is_title(one[0]) - (len(one[0]) > 2) + (one[0][0] in "小老"))


def _introduced(cast: list[Person], text: str) -> list[Person]:
    """Join "the old man" to the name he gives himself."""
    for title, words in names_zh.introductions(text):
        named = next((person for person in cast if words.startswith(person.name) and person.name != title), None)
        titled = next((person for person in cast if person.name == title), None)
        if named and titled and not titled.look:
            joined = replace(named, aliases=(*named.aliases, title))
            cast = [joined if person is named else person for person in cast if person is not titled]
    return cast


def _same(name: str, full: str, language: Language, surnames: Counter[str]) -> bool:
    """Tell whether a short name plainly means the person with the full one: "Ada" of Ada Quill, 小沈 of 沈砚."""
    if language == "en":
        parts = full.split(" ")
        words = name.split(" ")
        return len(parts) > 1 and words[-1] in parts and (len(words) == 1 or names_en.goes_with(words[0], parts[0]))
    surname = full[1:2] if full[0] in "小老阿" else full[:1]
    familiar = len(name) == 2 and name[0] in "小老" and name[1] == surname and len(full) in (2, 3)
    titled = name[0] == surname and len(full) <= 4 and names_zh.is_suffix(name[1:])
    bare = len(name) > 1 and full[1:] == name and names_zh.is_title(name)
    if bare:
        return True
    return (familiar or titled) and full != name and not names_zh.is_suffix(full[1:]) and surnames[surname] <= 1


def _with_given_name(person: Person, text: str) -> Person:
    given = person.name[1:]
    pets = [f"{first}{given[-1:]}" for first in "小阿"] if given and not names_zh.is_title(person.name) else []
    pets = [pet for pet in pets if pet != person.name and pet not in person.aliases and f"“{pet}" in text]
    person = replace(person, aliases=(*person.aliases, *pets)) if person.name[0] not in "小老阿我" else person
    alone = len(person.name) == 3 and person.name[0] not in "小老阿" and not names_zh.is_title(person.name)
    fresh = alone and given not in person.aliases and not names_zh.is_title(given)
    if fresh and text.count(given) - text.count(person.name) >= 2:
        return replace(person, aliases=(*person.aliases, given))
    return person


def _counted(cast: list[Person], text: str, language: Language) -> list[Person]:
    """Count how often each is named in this text, and settle who is "he" and who is "she"."""
    look_up = roster(cast, language)
    counts = Counter(person.name for _, _, person in look_up.mentions(text))
    genders = gender.settled(look_up, text, language)
    counted = [replace(person, count=counts[person.name], gender=genders[person.name]) for person in cast]
    open_ones = {person.name for person in counted if not person.gender}
    if not open_ones:
        return counted
    told: dict[str, str] = {}
    reading = Reading(text, roster(counted, language), language)
    for actor in reading.actors:
        if (
            actor.name in open_ones
            and actor.figure.gender
            and (actor.figure.label or actor.name in reading.introduced.values())
        ):
            told.setdefault(actor.name, actor.figure.gender)
    return [replace(person, gender=person.gender or told.get(person.name, "")) for person in counted]
