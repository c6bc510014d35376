"""Says who is heard and who is on screen in each beat.

Law: pure; nobody is shown whom the words of the beat, or of the beat it goes on from, do not put there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stages.providers.offline.beats import is_heading
from stages.providers.offline.reading import Reading
from stages.providers.offline.speakers import speakers
from stages.providers.offline.speech import narration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stages.pipeline.contract import Language
    from stages.providers.offline.beats import Beat
    from stages.providers.offline.people import Person, Roster

_PICTURED = re.compile(r"照片|画像|相片|遗像|合影|梦见|photo|portrait|dream")
_TOLD_OF = re.compile(
    r"(?:想起|记得|提到|说起|谈起|关于|问起|等着?|找|写给|属于|像|是|叫做?|名叫|遇见过|of|about|like|named|called|for|remember\w*)"
    r"(?: the)? ?$"
)
_BOTH = re.compile(r"两人|二人|两个人|他们|她们|\b(?:[Tt]hey|the two of them|both of them)\b")
_LIKENED = re.compile(r"[像似如][^，。！？]*$|\blike (?:an? |the )?(?:\w+ ){0,2}$")
_DROPPED_ZH = re.compile(
    r"(?:[^，。！？；：…\n]{0,6}[，])?(?:又|便|就|才|再|也|还|慢慢|轻轻|忽然|突然|终于|猛地|立刻)*"
    r"(?:[走跑站坐躺跪蹲拿握抬低转摇点伸递推拉打接笑哭愣停放举抱扶闭睁咬皱叹吸追冲靠爬提端写读翻把将看望听想])"
)


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
    """Follows one scene from beat to beat, and remembers who acted last."""

    def __init__(self, text: str, cast: Roster, language: Language, listed: Sequence[str] = ()) -> None:
        self._text, self._cast = text, cast
        self._language: Language = language
        self._reading = Reading(text, cast, language, listed)
        self._speakers = speakers(text, cast, self._reading, language)
        self._listed = list(listed)
        self._subject = ""

    def voices(self, beat: Beat) -> Voices:
        """Read the next beat; beats come in the order of the text."""
        if is_heading(beat.text):
            return Voices((), "", "", ())
        lines = tuple(Line(self._speakers.get(quote.start, ""), quote.words.strip()) for quote in beat.lines)
        acting = list(self._reading.acting(beat.start, beat.start + len(beat.text)))
        actors = list(dict.fromkeys(actor.name for actor in acting))
        leading = next((actor.name for actor in acting if actor.figure.leads), "")
        speaking = list(dict.fromkeys(line.speaker for line in lines if line.speaker))
        subject = (speaking or [leading])[0] or self._going_on(beat, lines)
        shown = [name for name in self._shown(beat) if name not in actors]
        people = list(dict.fromkeys(filter(None, (subject, *speaking, *actors, *shown))))
        if not lines and not people and _BOTH.search(self._plain(beat)) and not _PICTURED.search(beat.text):
            both = self._reading.last(beat.start)
            people = both if len(both) == 2 else self._listed if len(self._listed) == 2 else []
        elif lines and not speaking and not people:
            people = self._reading.last(beat.start)  # those who listen, where nobody tells who speaks
        self._subject = subject or self._subject
        return Voices(lines, subject, self._other(subject, people, beat, spoken=bool(lines)), tuple(people))

    def _plain(self, beat: Beat) -> str:
        return narration(self._text[beat.start : beat.start + len(beat.text)])

    def _going_on(self, beat: Beat, lines: Sequence[Line]) -> str:
        """Return who goes on acting where a Chinese sentence drops its subject."""
        if lines or beat.opens_paragraph or self._language != "zh":
            return ""
        return self._subject if _DROPPED_ZH.match(beat.text.strip()) else ""

    def _shown(self, beat: Beat) -> list[str]:
        """Return who else is named in the narration and is there."""
        plain = self._plain(beat)
        if _PICTURED.search(plain):
            return []
        return [person.name for at, end, person in self._cast.mentions(plain) if _is_shown(plain, at, end)]

    def _other(self, subject: str, people: Sequence[str], beat: Beat, *, spoken: bool) -> str:
        """Return whom the subject faces: somebody in the beat, or who acted last before."""
        beside = next((name for name in people if name != subject), "")
        if beside or not spoken or not subject:
            return beside if subject else ""
        before = [name for name in self._reading.last(beat.start, 3) if name != subject]
        return next((name for name in before if self._cast.get(name)), before[0] if before else "")


def _is_shown(plain: str, start: int, end: int) -> bool:
    """Tell whether a named person is there: not a name on paper, nor one who is spoken or thought of."""
    if plain[start - 1 : start] in ("：", ":", "“", "《", "「") or _TOLD_OF.search(plain[max(0, start - 16) : start]):
        return False
    if _LIKENED.search(plain[max(0, start - 14) : start]):
        return False
    if plain.startswith(("的", "'s", "’s", " had "), end):
        return False
    return not (plain[max(0, start - 4) : start].endswith(("her ", "his ", "my ")) and plain[start].islower())


def fitting_cast(people: Sequence[Person], names: Sequence[str]) -> list[Person]:
    """Return the cast with the named ones first, which decides between equals."""
    wanted = {name: place for place, name in enumerate(names)}
    return sorted(people, key=lambda person: wanted.get(person.name, len(wanted)))
