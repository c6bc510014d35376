"""Reads a text for who acts where: every figure gets its name, "he" and "the woman" too, where the text tells.

Law: pure; a pronoun means the last one who acted and whom it fits; where two might be meant, or nobody, it stays open.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stages.providers.offline import words_en, words_zh
from stages.providers.offline.figures import figures, hushed
from stages.providers.offline.speech import addressed, quotes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from stages.pipeline.contract import Language
    from stages.providers.offline.figure import Figure
    from stages.providers.offline.people import Roster

_SELF = {
    "zh": re.compile(r"我(?:叫|名叫|就是|是)$"),
    "en": re.compile(r"\b(?:My name is|My name's|I'm|I am|I’m) $", re.IGNORECASE),
}
_SURNAMED = re.compile(r"(?:此人|他|她)?姓([一-龥])")
_GENERIC = frozenset(
    [
        "女人",
        "男人",
        "女子",
        "男子",
        "姑娘",
        "女孩",
        "男孩",
        "少女",
        "少年",
        "小女孩",
        "小男孩",
        "老头",
        "老太太",
        "小伙子",
        "woman",
        "man",
        "girl",
        "boy",
        "lady",
    ]
)
_ELDER = frozenset(["老人", "老头", "老汉", "老者", "老太太", "老奶奶"])
_ELDER_NAME = re.compile(r"[伯爷奶婆公翁]$|^老")
_NARRATOR = ("我", "the narrator")
_REVEAL_REACH = 1600
_MEMORY = 8
_FAR = 1500
_LINE_END = re.compile(r"\n+")
_JUMP = {"zh": re.compile(words_zh.TIME_JUMP), "en": re.compile(words_en.TIME_JUMP, re.IGNORECASE)}
_CLOSE = 400
_PICTURED = re.compile(r"照片|画像|相片|遗像|合影|photo|portrait", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Actor:
    """One acting figure of the text by name (or by a stranger's description; never "")."""

    start: int
    name: str
    figure: Figure


class Reading:
    """Who acts in a text, in order; `listed` are those the plan puts into the scene."""

    def __init__(self, text: str, cast: Roster, language: Language, listed: Sequence[str] = ()) -> None:
        self._text, self._cast, self.listed = text, cast, listed
        self.language: Language = language
        self._silent = hushed(text, language).replace("\u2024", ".")
        self._found = figures(text, cast, language)
        self.introduced = self._introductions()
        self._first = self._firsts()
        self._breaks = [found.start() for found in re.finditer(r"\n+", text)]
        starts = (0, *(found.end() for found in _LINE_END.finditer(text)))
        self._jumps = [at for at in starts if not at or _JUMP[language].match(text, at)]
        self._addressed = self._addressees()
        self._genders: dict[str, str] = {person.name: person.gender for person in cast.people}
        self._recent: list[tuple[str, int]] = []
        self._nouns: dict[str, str] = {}
        self._revealed: dict[str, str] = {}
        self.actors = tuple(self._named())
        self._starts = [actor.start for actor in self.actors]
        self.company = list(dict.fromkeys(actor.name for actor in self.actors))

    def paragraph(self, at: int) -> int:
        """Return the number of the paragraph at this offset."""
        return bisect_right(self._breaks, at)

    def acting(self, start: int, end: int) -> Sequence[Actor]:
        """Return who acts in this range."""
        return self.actors[bisect_left(self._starts, start) : bisect_left(self._starts, end)]

    def last(self, at: int, count: int = 2, reach: int = 600) -> list[str]:
        """Return who acted last before this offset, the latest first."""
        before = self.actors[max(0, bisect_left(self._starts, at) - 12) : bisect_left(self._starts, at)]
        names = [actor.name for actor in reversed(before) if actor.start > at - reach]
        return list(dict.fromkeys(names))[:count]

    def since(self, at: int) -> int:
        """Return where the stretch of time begins in which this offset lies."""
        return self._jumps[bisect_right(self._jumps, at) - 1]

    def gender(self, name: str) -> str:
        """Return the gender of somebody of the cast or of a stranger, or ""."""
        return self._genders.get(name, "")

    def _introductions(self) -> Mapping[int, str]:
        """Find who says their own name: by the start of the quotation."""
        found: dict[int, str] = {}
        for quote in quotes(self._text):
            for start, end, person in self._cast.mentions(quote.words[:120]):
                before, after = quote.words[max(0, start - 12) : start], quote.words[end:]
                bare = not before and " " in quote.words[start:end] and after in (",", ".")
                met = self._silent.find(person.name, 0, quote.start) >= 0
                tagged = self._text.startswith((" he said", " she said"), quote.end)
                if _SELF[self.language].search(before) or (bare and tagged and not met):
                    found.setdefault(quote.start, person.name)
        return found

    def _firsts(self) -> list[tuple[int, str]]:
        """Return where each of the cast first acts or gives their own name, in order."""
        first: dict[str, int] = {}
        named = [(figure.start, figure.name) for figure in self._found if figure.name]
        for at, name in sorted([*named, *self.introduced.items()]):
            first.setdefault(name, at)
        return sorted((at, name) for name, at in first.items())

    def _addressees(self) -> Mapping[int, set[str]]:
        """Return for each paragraph who is addressed in what is spoken there."""
        found: dict[int, set[str]] = {}
        for quote in quotes(self._text):
            names = addressed(quote.words, self._cast.mentions(quote.words))
            if names:
                found.setdefault(self.paragraph(quote.start), set()).update(names)
        return found

    def _named(self) -> list[Actor]:
        actors = []
        for figure in self._found:
            if self._is_absent(figure):
                continue
            name = figure.name or (self._stranger(figure) if figure.label else self._meant(figure))
            if name:
                actors.append(Actor(figure.start, name, figure))
                if figure.leads and name not in _NARRATOR:
                    self._recent = [(name, figure.start), *(one for one in self._recent if one[0] != name)][:_MEMORY]
        return actors

    def _is_absent(self, figure: Figure) -> bool:
        """Tell whether a figure is only in a picture, or somebody's father of whom the past is told."""
        if figure.label and _PICTURED.search(self._text, max(0, figure.start - 40), figure.start):
            return True
        return figure.name[:1].islower() and self._text.startswith(" had ", figure.end) and " " not in figure.name

    def _meant(self, figure: Figure) -> str:
        paragraph = self.paragraph(figure.start)
        said = next((name for at, name in self.introduced.items() if self.paragraph(at) == paragraph), "")
        if said and self.gender(said) in (figure.gender, ""):
            return said
        return self.resolved(
            figure.gender, figure.start, self._addressed.get(self.paragraph(figure.start), frozenset())
        )

    def resolved(self, gender: str, at: int, others: AbstractSet[str] = frozenset()) -> str:
        """Return whom a pronoun of this gender means here, or "" where the text does not tell."""
        if not gender:
            return self._recent[0][0] if self._recent else ""
        near = [name for name, start in self._recent if at - start < _FAR and name not in others]
        fitting = next((name for name in near if self.gender(name) == gender), "")
        open_ones = [name for name in near if not self.gender(name)]
        if near and near[:1] == open_ones[:1]:
            before = self._recent[0]
            same = before[0] == near[0] and self.paragraph(before[1]) == self.paragraph(at)
            if same or (not fitting and len(open_ones) == 1):
                return near[0]
            return "" if len(open_ones) > 1 and not fitting else fitting
        return fitting or self._only(gender, others)

    def _only(self, gender: str, others: AbstractSet[str]) -> str:
        """Return the only one of this gender whom the plan or the scene so far has."""
        listed = [name for name in self.listed if self.gender(name) == gender and name not in others]
        return listed[0] if len(listed) == 1 else ""

    def _stranger(self, figure: Figure) -> str:
        """Return whom "a woman" turns out to be, or whom "the woman" has been; else the description."""
        known = next((name for name, _ in self._recent if self._nouns.get(name, "").endswith(figure.noun)), "")
        surnamed = _SURNAMED.search(self._text, figure.end, figure.end + 24)
        if surnamed:
            named = [one.name for one in self._cast.people if one.name.startswith(surnamed[1])]
            if len(named) == 1:
                self._nouns[named[0]] = figure.noun
                return named[0]
        if known and not figure.fresh:
            return self._revealed.get(known, known)
        bare = figure.label in (figure.noun, f"the {figure.noun}", f"the old {figure.noun}")
        if figure.fresh or not bare:
            later = [
                name
                for at, name in self._first
                if 0 < at - figure.start < self._reach(name) and self.gender(name) in (figure.gender, "")
            ]
            met = {name for at, name in self._first if at < figure.start}
            fitting = [name for name in later if name not in met and name not in self._revealed.values()]
            fitting = self._like(figure, fitting) or fitting
            if len(fitting) == 1 and figure.gender and (self.gender(fitting[0]) or len(later) == 1):
                self._revealed[figure.label] = fitting[0]
                self._nouns[fitting[0]] = figure.noun
                return fitting[0]
        elif figure.noun in _ELDER or figure.noun in _GENERIC:
            near = [name for name, at in self._recent if figure.start - at < _CLOSE]
            fitting = [name for name in near if self._may_be(name, figure)]
            if len(fitting) == 1:
                return fitting[0]
        self._genders.setdefault(figure.label, figure.gender)
        self._nouns[figure.label] = figure.noun
        return figure.label

    def _like(self, figure: Figure, names: Sequence[str]) -> list[str]:
        """Return those of the names whose settled look has the words of a description."""
        words = set(re.findall(r"[a-z]{4,}|[一-龥]{2}", figure.label)) - {figure.noun, "with", "woman"}
        looks = {name: person.look for name in names if (person := self._cast.get(name))}
        return [name for name, look in looks.items() if any(word in look for word in words)]

    def _reach(self, name: str) -> int:
        """Return how far after "a woman" her name may come: far only if she gives it herself."""
        if name in self.introduced.values():
            return _REVEAL_REACH
        return 400 if self.language == "zh" and self.gender(name) else _REVEAL_REACH if self.gender(name) else 0

    def _may_be(self, name: str, figure: Figure) -> bool:
        """Tell whether "the old man" may be this one."""
        if name in self._nouns or self._cast.get(name) is None:
            return False
        if figure.noun in _ELDER:
            return (bool(_ELDER_NAME.search(name)) and self.gender(name) in (figure.gender, "")) or (
                not figure.gender and bool(_ELDER_NAME.search(name))
            )
        return self.gender(name) == figure.gender and not _ELDER_NAME.search(name)
