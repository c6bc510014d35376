"""Says who speaks each line and who is on screen in each beat.

Law: pure; the text is believed first (names, then pronouns), the habit of taking turns second, and where neither
tells, nobody is named.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stages.providers.offline import names_zh
from stages.providers.offline.speech import SPEECH_EN, Quote, narration, quotes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from stages.pipeline.contract import Language
    from stages.providers.offline.beats import Beat
    from stages.providers.offline.people import Person, Roster

_PRONOUN = {
    "zh": re.compile(r"(?:接着|然后|于是|但|可|这时)?(她|他)(?!们)"),
    "en": re.compile(r"(?:(?:Then|And|But|Halfway \w+),? )?(she|he|her|his)\b", re.IGNORECASE),
}
_INVERTED = re.compile(rf"{SPEECH_EN} (she|he)\b|(she|he) (?:\w+ly )?{SPEECH_EN}", re.IGNORECASE)
_UNNAMED = {
    "zh": re.compile(rf"((?:[一-龥]{{1,3}}的)?(?:{names_zh.ROLES}|{names_zh.KIN}|女人|男人|小孩|孩子|妇人))"),
    "en": re.compile(rf"(?:{SPEECH_EN} ((?:the|a) (?:\w+ )?\w+))|((?:the|a) (?:\w+ )?\w+) {SPEECH_EN}", re.IGNORECASE),
}
_SUBJECT = {"zh": re.compile(r"(她|他)(?!们)"), "en": re.compile(r"\b(she|he)\b", re.IGNORECASE)}
# "the woman" is somebody we know; "a woman" is somebody whose name comes later in the scene.
_SOMEBODY = {
    "zh": re.compile(
        r"(?P<a>一[个位名][^，。]{0,6}?)?(?:(?P<f>女人|女子|姑娘|老太太|女孩)|(?P<m>男人|男子|老头|老人|男孩|小伙子))"
    ),
    "en": re.compile(
        r"\b(?:the|(?P<a>an?)) (?:\w+ ){0,3}?(?:(?P<f>woman|lady|girl)|(?P<m>man|gentleman|boy))\b", re.IGNORECASE
    ),
}
_PICTURED = re.compile(r"照片|画像|相片|梦|photo|portrait|dream")
_STOP = re.compile(r"[“”「」『』\"\n。！？!?]|\.(?=\s|$)")
_LOOK_BACK = 14


@dataclass(frozen=True, slots=True)
class Line:
    """One spoken line: the speaker's name ("" where nobody can tell) and the words."""

    speaker: str
    words: str


@dataclass(frozen=True, slots=True)
class Voices:
    """Who is heard and seen in a beat: `subject` carries the picture, `other` is who they face."""

    lines: tuple[Line, ...]
    subject: str
    other: str
    people: tuple[str, ...]


class Stage:
    """Follows one scene from beat to beat, and remembers who spoke and who was last named."""

    def __init__(self, text: str, cast: Roster, language: Language) -> None:
        self._text = text
        self._language: Language = language
        self._cast = cast
        spoken = quotes(text)
        self._named = [(start, person) for start, _, person in cast.mentions(text) if not _inside(spoken, start)]
        self._starts = [start for start, _ in self._named]
        self._spoke: list[str] = []
        self._subject = ""
        self._company = [person.name for person in cast.present(narration(text))]

    def voices(self, beat: Beat) -> Voices:
        """Read the next beat; beats come in the order of the text."""
        lines = tuple(Line(self._speaker(quote, beat), quote.words.strip()) for quote in beat.lines)
        plain = narration(beat.text)
        mentions = self._cast.mentions(plain)
        named = list(dict.fromkeys(person.name for at, end, person in mentions if _is_shown(plain, at, end)))
        speakers = list(dict.fromkeys(line.speaker for line in lines if line.speaker))
        acting = self._pronoun_subject(plain.lstrip(), beat.start)
        subject = speakers[0] if speakers else acting or (named[0] if named else "")
        self._subject = subject or ("" if beat.opens_paragraph else self._subject)
        people = list(dict.fromkeys(filter(None, (subject, acting, *speakers, *named))))
        return Voices(lines, subject, self._other(subject, people, spoken=bool(lines), at=beat.start), tuple(people))

    def _other(self, subject: str, people: Sequence[str], *, spoken: bool, at: int) -> str:
        """Return whom the subject faces: somebody in the beat, or who spoke before, or the only other one there."""
        beside = next((name for name in people if name != subject), "")
        if beside or not spoken:
            return beside
        before = next((name for name in reversed(self._spoke) if name != subject), "")
        recent = self._named[max(0, bisect_left(self._starts, at) - _LOOK_BACK) : bisect_left(self._starts, at)]
        before = before or next((person.name for _, person in reversed(recent) if person.name != subject), "")
        return before or next((name for name in self._company if name != subject), "")

    def _speaker(self, quote: Quote, beat: Beat) -> str:
        after = _until_stop(self._text[quote.end : quote.end + 60])
        before = self._text[max(beat.start, quote.start - 60) : quote.start]
        before = before[max((found.end() for found in _STOP.finditer(before)), default=0) :]
        introduced = before.rstrip()[-1:] in ("：", ":")
        sides = (before, after) if introduced else (after, before)
        name = next((name for side in sides if (name := self._named_in(side, quote.start))), "")
        if not name and quote.start > beat.start and beat.lines[0].start < quote.start and self._spoke:
            name = self._spoke[-1]
        name = (
            name
            or self._acting_before(quote, beat)
            or ("" if beat.opens_paragraph else self._subject)
            or self._by_turns()
        )
        if name and self._spoke[-1:] != [name]:
            self._spoke = [*self._spoke[-3:], name]
        return name

    def _named_in(self, side: str, at: int) -> str:
        """Return the subject of the words beside a quotation."""
        words = side.lstrip(" ，,")
        mentions = self._cast.mentions(words)
        found = _PRONOUN[self._language].match(words)
        inverted = None if found or self._language == "zh" else _INVERTED.match(words)
        if found or inverted:
            pronoun = found[1] if found else inverted[1] or inverted[2] if inverted else ""
            return self._resolved(pronoun, at, {person.name for _, _, person in mentions})
        reach = 12 if self._language == "zh" else 30
        if mentions and mentions[0][0] <= reach:
            return mentions[0][2].name
        known = self._somebody(words[:40], at)
        if known:
            return known
        unnamed = _UNNAMED[self._language].match(words)
        return next((group for group in unnamed.groups() if group), "").lower() if unnamed else ""

    def _acting_before(self, quote: Quote, beat: Beat) -> str:
        """Return who acts earlier in the same beat, if the beat opens with them."""
        if quote.start - beat.start < 3:
            return ""
        plain = narration(self._text[beat.start : quote.start])
        mentions = self._cast.mentions(plain)
        return self._pronoun_subject(plain.lstrip(), quote.start) or (mentions[0][2].name if mentions else "")

    def _by_turns(self) -> str:
        """Return who should speak now, if two people have been taking turns or only two are there."""
        if len(self._spoke) >= 2:
            return self._spoke[-2]
        if self._spoke and len(self._company) == 2:
            return next((name for name in self._company if name != self._spoke[-1]), "")
        return ""

    def _pronoun_subject(self, plain: str, at: int) -> str:
        """Return who "she" is where a beat begins with her, or names nobody else."""
        if _SOMEBODY[self._language].match(plain) and not _PICTURED.search(plain):
            return self._somebody(plain[:80], at)
        found = _PRONOUN[self._language].match(plain)
        named = bool(self._cast.mentions(plain))
        if not found and not named:
            found = _SUBJECT[self._language].search(plain[:400])
        if found:
            return self._resolved(found[1], at)
        return "" if named or _PICTURED.search(plain) else self._somebody(plain[:80], at)

    def _somebody(self, words: str, at: int) -> str:
        """Return whom "the woman" or "a woman" stands for, if the scene tells."""
        found = _SOMEBODY[self._language].search(words)
        if not found:
            return ""
        wanted = "f" if found["f"] else "m"
        before = {person.name for _, person in self._named[: bisect_left(self._starts, at)]}
        if found["a"]:
            return self._fallback(wanted, before)
        return self._resolved("she" if found["f"] else "he", at)

    def _resolved(self, pronoun: str, at: int, others: AbstractSet[str] = frozenset()) -> str:
        """Return the last person named before this place whom the pronoun fits, else the likeliest of the cast."""
        wanted = "f" if pronoun.lower() in ("她", "she", "her") else "m"
        end = bisect_left(self._starts, at)
        recent = [person for _, person in reversed(self._named[max(0, end - _LOOK_BACK) : end])]
        recent = [person for person in recent if person.name not in others]
        fitting = next((person.name for person in recent if person.gender == wanted), "")
        fitting = fitting or self._fallback(wanted, others)
        return fitting or next((person.name for person in recent if not person.gender), "")

    def _fallback(self, wanted: str, others: AbstractSet[str]) -> str:
        """Return the first of this gender in the scene, else in the whole cast, which stands in order of weight."""
        company = [person for name in self._company if (person := self._cast.get(name))]
        both = [*company, *self._cast.people]
        return next((person.name for person in both if person.gender == wanted and person.name not in others), "")


def _until_stop(text: str) -> str:
    found = _STOP.search(text)
    return text[: found.start()] if found else text


def _is_shown(plain: str, start: int, end: int) -> bool:
    """Tell whether a named person is there: not a name on paper, nor a father whose keys or past are told."""
    if plain[start - 1 : start] in ("：", ":"):
        return False
    return not (plain[start].islower() and plain.startswith(("'s", "’s", " had "), end))


def _inside(spoken: Sequence[Quote], at: int) -> bool:
    place = bisect_left(spoken, at, key=lambda quote: quote.start) - 1
    return place >= 0 and at < spoken[place].end


def fitting_cast(people: Sequence[Person], names: Sequence[str]) -> list[Person]:
    """Return the cast with the named ones first, which decides between equals."""
    wanted = {name: place for place, name in enumerate(names)}
    return sorted(people, key=lambda person: wanted.get(person.name, len(wanted)))
