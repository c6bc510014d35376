"""What the director knows when a beat becomes a shot: who, where, when, in what weather and mood, around what thing.

Law: pure; place, time and weather carry on from beat to beat until the text changes them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from eventlog.values import frozen
from stages.providers.offline import words_en, words_zh
from stages.providers.offline.beats import Beat, beats, is_heading
from stages.providers.offline.cues import Cues, scan
from stages.providers.offline.markup import cleared, without_marks
from stages.providers.offline.phrases import INTERIORS, phrases
from stages.providers.offline.speech import narration
from stages.providers.offline.voices import Stage, Voices

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from stages.pipeline.contract import Language
    from stages.providers.offline.bible import Place
    from stages.providers.offline.people import Roster

_MOVE = {"zh": re.compile(words_zh.MOVE), "en": re.compile(words_en.MOVE, re.IGNORECASE)}
_JUMP = {"zh": re.compile(words_zh.TIME_JUMP), "en": re.compile(words_en.TIME_JUMP, re.IGNORECASE)}
_AT = {
    "zh": re.compile(r"(?:在|到|进|回|往|从|上|出|着)$"),
    "en": re.compile(r"\b(?:in|at|to|on|into|from|through|of) (?:the |his |her |a )?$"),
}
_LOOKED_AT = re.compile(
    r"[望看盯瞧指][着见向]?$|\b(?:look|star|gaz|glanc|point|watch)\w* (?:\w+ )?(?:(?:at|toward|towards|across) "
    r")?(?:the )?$"
)
_SOMEBODY = re.compile(
    r"[他她]|[^，。！？\n]*[大众几二两三]人|人群|此人|声长笑|喊声|人声|\b(?:he|she|they|them|people|men|women|someone|crowd|voices?|we)\b",
    re.IGNORECASE,
)
_CHAPTER = {
    "zh": re.compile(rf"(?!#\s){words_zh.HEADING}"),
    "en": re.compile(rf"(?!#\s){words_en.HEADING}", re.IGNORECASE),
}
_EARLY = {"zh": 130, "en": 420}
_BIG_THINGS = ("door", "window", "coat", "boat", "cup", "rope")
_STRONG = ("grief", "fear", "anger", "surprise", "tender")


@frozen
class View:
    """One beat as the camera will meet it."""

    beat: Beat
    plain: str
    told: str
    voices: Voices
    cues: Cues
    kind: str
    place: str
    place_name: str
    place_look: str
    time: str
    weather: str
    mood: str
    prop: str
    prop_name: str
    first: bool
    last: bool
    moved: bool

    @property
    def has_somebody(self) -> bool:
        """Whether the words speak of people, though they do not tell who."""
        return not self.voices.people and self.kind != "card" and bool(_SOMEBODY.search(self.plain))

    @property
    def where(self) -> str:
        """Whether this place is indoors ("in") or out of doors ("out")."""
        return "in" if self.place in INTERIORS else "out"


@dataclass(slots=True)
class _World:
    place: str = ""
    place_name: str = ""
    time: str = "day"
    weather: str = ""


def views(
    text: str, cast: Roster, places: Sequence[Place], language: Language, *, listed: Sequence[str] = ()
) -> list[View]:
    """Read a scene from beat to beat; `listed` are those whom the plan puts into it."""
    pieces = beats(text, language)
    clear = cleared(text)
    stage = Stage(clear, cast, language, listed)
    opening = next((beat for beat in pieces if not is_heading(beat.text)), None)
    world = _opening(clear, opening.start if opening else 0, cast, language)
    shown, met = list[View](), set[str]()
    for number, beat in enumerate(pieces):
        plain = without_marks(narration(clear[beat.start : beat.start + len(beat.text)])).strip()
        cues = scan(cast.masked(plain), language)
        before = world.place_name
        if not is_heading(beat.text):
            _carry_on(world, cues, plain, opens=beat.opens_paragraph, language=language)
        voices = stage.voices(beat)
        (name, look), (prop, prop_name) = _place(world, places, language), _prop(cues, language)
        one = View(
            beat=beat,
            plain=plain,
            told=_renamed(plain, cast) if language == "zh" else plain,
            voices=voices,
            cues=cues,
            kind=_kind(beat, plain, cues, voices, first=beat is opening, met=met),
            place=world.place,
            place_name=name,
            place_look=look,
            time=world.time,
            weather=world.weather,
            mood=_mood(cues, beat, language),
            prop=prop,
            prop_name=prop_name,
            first=beat is opening or number == 0,
            last=number == len(pieces) - 1,
            moved=number > 0 and world.place_name != before and not beat.lines,
        )
        shown.append(one)
        met.update(voices.people)
    return shown


def _opening(story: str, start: int, cast: Roster, language: Language) -> _World:
    """Settle where and when the scene begins, by its heading, then by its first narration."""
    headings = [line for line in story[:start].split("\n") if _CHAPTER[language].match(line.strip())]
    headed = scan(headings[-1] if headings else "", language)  # a book's own name is no place
    first, *lines = story[start : start + _EARLY[language]].split("\n")
    same = takewhile(lambda line: not _JUMP[language].match(line), lines)  # not where they are three days later
    text = cast.masked(narration("\n".join([first, *same])))
    cues = scan(text, language)
    place = (headed.last("place") if language == "zh" else headed.first("place")) or first_place(text, cues, language)
    name = headed.word_of("place", place) or cues.word_of("place", place)
    weather = next((value for value in cues.values("weather") if value != "wind"), cues.first("weather"))
    time = cues.first("time") or headed.first("time") or "day"
    return _World(place, name, time, weather)


def first_place(text: str, cues: Cues, language: Language) -> str:
    """Return where a text begins: the place most named; being there counts twice, being looked at not at all."""
    weights: dict[str, int] = {}
    for hit in cues.hits:
        before = text[max(0, hit.at - 24) : hit.at]
        if hit.category == "place" and not _LOOKED_AT.search(before):
            opens = 2 * (hit.at < (2 if language == "zh" else 8))
            weights[hit.value] = weights.get(hit.value, 0) + 1 + opens + bool(_AT[language].search(before))
    return max(weights, key=lambda key: weights[key]) if weights else ""


def _carry_on(world: _World, cues: Cues, plain: str, *, opens: bool, language: Language) -> None:
    jumps = opens and bool(_JUMP[language].match(plain))
    world.weather = "" if cues.has("clears") else world.weather
    world.time = cues.last("time") or ("day" if jumps else world.time)
    weathers = [value for value in cues.values("weather") if value != "wind"]
    world.weather = weathers[0] if weathers else world.weather
    moves = bool(_MOVE[language].search(plain))
    for hit in cues.hits:
        before = plain[max(0, hit.at - 24) : hit.at]
        if _LOOKED_AT.search(before):
            continue
        stands_at = bool(_AT[language].search(before))
        begins = hit.at < 7 if language == "en" else not before or before[-1] in "，。"
        at_start = opens and hit.at < (12 if language == "zh" else 40) and (stands_at or begins)
        arrives = jumps and hit.at < (16 if language == "zh" else 60)
        if hit.category == "place" and (at_start or arrives or (moves and stands_at)):
            world.place, world.place_name = hit.value, hit.word
            return


def _place(world: _World, places: Sequence[Place], language: Language) -> tuple[str, str]:
    """Return the place's name and look: the bible's look for this place, so that it is the same in every scene."""
    known = next((place for place in places if place.kind == world.place), None) if world.place else None
    tables = phrases(language)
    look = known.look if known else tables.PLACE_LOOK.get(world.place, "")
    if language == "en":
        return (f"the {world.place_name}" if world.place_name else tables.PLACE_NAME[""]), look or tables.PLACE_LOOK[""]
    return world.place_name or tables.PLACE_NAME[world.place], look or tables.PLACE_LOOK[""]


def _renamed(plain: str, cast: Roster) -> str:
    """Write the name where the text says "the old man", so that every picture calls a person the same."""
    pieces, at = [], 0
    for start, end, person in cast.mentions(plain):
        if plain[start:end] not in person.name:
            pieces += [plain[at:start], person.name]
            at = end
    return "".join([*pieces, plain[at:]])


def _prop(cues: Cues, language: Language) -> tuple[str, str]:
    value = next((one for one in cues.values("object") if one not in _BIG_THINGS), cues.first("object"))
    if not value:
        return "", ""
    return value, cues.word_of("object", value) if language == "zh" else f"the {cues.word_of('object', value)}"


def _mood(cues: Cues, beat: Beat, language: Language) -> str:
    strong = [value for value in cues.values("emotion") if value in _STRONG]
    spoken = " ".join(line.words for line in beat.lines)
    return (strong or cues.values("emotion") or scan(spoken, language).values("emotion") or [""])[0]


def _kind(beat: Beat, plain: str, cues: Cues, voices: Voices, *, first: bool, met: AbstractSet[str]) -> str:
    """Say what sort of shot the beat asks for; `met` are those seen before, for nobody enters as a pair of hands."""
    if is_heading(beat.text):
        return "card"
    if beat.lines:
        return "dialogue"
    if first:
        return "establish"
    acts = cues.has("action", "hold", "read", "work", "open") or cues.has("body", "hand")
    small = any(value not in _BIG_THINGS for value in cues.values("object"))
    alone = len(voices.people) < 2 and not cues.has("action", "sit") and not cues.has("emotion", *_STRONG)
    checks = (
        ("action", cues.has("action", "run", "fight", "fall")),
        ("emotion", bool(voices.people) and cues.has("emotion", *_STRONG)),
        ("insert", small and acts and alone and (not voices.subject or voices.subject in met)),
        ("insert", small and not voices.people and not cues.has("weather") and not cues.has("place")),
        ("look", bool(voices.people) and cues.has("action", "look")),
        ("travel", bool(voices.people) and cues.has("action", "walk")),
        ("thought", bool(voices.people) and cues.has("action", "think")),
        ("landscape", not voices.people and not cues.has("body")),
    )
    return next((kind for kind, fits in checks if fits), "rest" if plain else "landscape")
