"""Who is in a text: the cast as values, and where each of them is mentioned.

Law: pure; a person is found under all of their names, and the longest name wins where names overlap.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from stages.providers.offline import names_en, names_zh
from stages.providers.offline.speech import narration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stages.pipeline.contract import Language

CAST_LIMIT = 24
_FEMALE_ZH = re.compile(r"[母妈奶婆姐妹女娘嫂婶姨姑妻后]|太太|夫人|公主|丫鬟|护士|小姐|老板娘")
_MALE_ZH = re.compile(r"[父爸爷伯叔舅男汉爹]|丈夫|儿子|老头|和尚|少年|书生|皇帝|王子|将军|公子|小伙|哥|弟")
_FEMALE_EN = re.compile(
    r"\b(?:mother|grandmother|sister|daughter|wife|aunt|lady|girl|woman|queen|princess|witch|postmistress|Mrs|Ms|"
    r"Miss|Aunt)\b"
)
_MALE_EN = re.compile(
    r"\b(?:father|grandfather|brother|son|husband|uncle|gentleman|boy|man|king|prince|priest|Mr|Uncle|ferryman|"
    r"postman|Father)\b"
)
_PRONOUN = {
    "zh": re.compile(r"(她)|(他)(?!们)"),
    "en": re.compile(r"\b(?:(she|her)|(he|his|him))\b", re.IGNORECASE),
}
_NARRATOR = {"zh": ("我", re.compile("我(?!们)")), "en": ("the narrator", re.compile(r"\b(?:I|me|my)\b"))}


@dataclass(frozen=True, slots=True, kw_only=True)
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
    narrator = (
        [Person(name=name, aliases=("I",) if language == "en" else ())] if told >= 3 and name not in taken else []
    )
    cast = _counted(_merged([*known, *narrator], fresh, language, text), text, language)
    old, new = cast[: len(known)], cast[len(known) :]
    return [*old, *sorted(new, key=lambda person: -person.count)][: max(CAST_LIMIT, len(known))]


def _merged(cast: list[Person], fresh: list[tuple[str, int]], language: Language, text: str) -> list[Person]:
    """Give each found name to a person: a new one, or an alias of one that is there."""
    surnames = Counter(name[0] for name, _ in fresh if len(name) == 3) if language == "zh" else Counter[str]()
    for name, _ in sorted(fresh, key=lambda one: -len(one[0])) if language == "en" else fresh:
        owners = [at for at, person in enumerate(cast) if _same(name, person.name, language, surnames)]
        if len(owners) == 1:
            owner = cast[owners[0]]
            cast[owners[0]] = replace(owner, aliases=(*owner.aliases, name))
        elif not owners:
            cast.append(Person(name=name))
    if language == "zh":
        cast = _introduced([_with_given_name(person, text) for person in cast], text)
    return cast


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
        return (
            len(parts) > 1
            and words[-1] in parts
            and (len(words) == 1 or words[0].rstrip(".") in ("Mr", "Mrs", "Ms", "Miss", "Dr", "Captain", "Old"))
        )
    familiar = len(name) == 2 and name[0] in "小老" and name[1] == full[:1] and len(full) in (2, 3)
    titled = (
        len(name) == 3
        and name[0] == full[:1]
        and name[1:] in ("师傅", "医生", "老师", "先生", "掌柜", "船长", "站长", "局长")
    )
    return (familiar or titled) and full[0] not in "小老阿" and surnames[full[0]] <= 1


def _with_given_name(person: Person, text: str) -> Person:
    given = person.name[1:]
    alone = len(person.name) == 3 and person.name[0] not in "小老阿" and not names_zh.is_title(person.name)
    fresh = alone and given not in person.aliases and not names_zh.is_title(given)
    if fresh and text.count(given) - text.count(person.name) >= 2:
        return replace(person, aliases=(*person.aliases, given))
    return person


def _counted(cast: list[Person], text: str, language: Language) -> list[Person]:
    """Count how often each is named in this text, and settle who is "he" and who is "she"."""
    look_up = roster(cast, language)
    plain = narration(text)
    counts = Counter(person.name for _, _, person in look_up.mentions(text))
    female: Counter[str] = Counter()
    male: Counter[str] = Counter()
    named = look_up.mentions(plain)
    for (_, end, person), following in zip(named, [*(start for start, _, _ in named[1:]), len(plain)], strict=False):
        line_end = plain.find("\n", end, following)
        after = min(following if line_end < 0 else line_end, end + (40 if language == "zh" else 110))
        found = _PRONOUN[language].search(plain, end, after)
        if found:
            (female if found[1] else male)[person.name] += 1
    return [
        replace(person, count=counts[person.name], gender=person.gender or _gender(person, female, male, language))
        for person in cast
    ]


def _gender(person: Person, female: Counter[str], male: Counter[str], language: Language) -> str:
    hints = (_FEMALE_ZH, _MALE_ZH) if language == "zh" else (_FEMALE_EN, _MALE_EN)
    titled = language == "en" or names_zh.is_title(person.name)
    names = " ".join((person.name, *person.aliases))
    if titled and hints[0].search(names):
        return "f"
    if titled and hints[1].search(names):
        return "m"
    she, he = female[person.name], male[person.name]
    return "" if she == he else "f" if she > he else "m"
