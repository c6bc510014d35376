"""Makes the world bible: reads one part of the story and carries it into the bible so far.

Law: pure and rolling; what was settled stays settled (names, looks), counts add up, the whole stays short.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stages.providers.offline import names_en
from stages.providers.offline.bible import Bible, Place, load, save
from stages.providers.offline.cues import Cues, scan
from stages.providers.offline.look import dressed, era_of
from stages.providers.offline.markup import cleared
from stages.providers.offline.people import CAST_LIMIT, Person, find_people, roster
from stages.providers.offline.phrases import INTERIORS, phrases
from stages.providers.offline.speech import narration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stages.pipeline.contract import Language

PLACE_LIMIT = 16
_TALLIES = {"season": "season", "hours": "time", "weather": "weather", "mood": "emotion"}
_ERA = {
    "zh": {"ancient": "古代", "modern": "近现代", "future": "未来"},
    "en": {"ancient": "long ago", "modern": "modern", "future": "the future"},
}


def world_bible(inputs: Mapping[str, Any], language: Language) -> str:
    """Answer the task: the bible so far, brought up to date with this part of the story."""
    text = cleared(str(inputs.get("text") or ""))
    before = load(str(inputs.get("bible") or ""), language)
    style = " ".join(str(inputs.get("style") or before.style).split())
    people = tuple(_cast(before.people, text, language))
    cues = scan(roster(people, language).masked(narration(text)), language)
    bible = Bible(
        people=people,
        places=tuple(_places(before.places, cues, text, language)),
        tallies=_tallies(before, cues, language),
        style=style,
        era=before.era or _ERA[language][era_of(text)],
        notes=before.notes,
    )
    return save(bible, rules(bible, language), tone(bible, language), language)


def _cast(known: Sequence[Person], text: str, language: Language) -> list[Person]:
    """Find the cast of this part and add up how often each was named; people on the edge drop out when it is full."""
    before = {person.name: person.count for person in known}
    cast = dressed(find_people(text, language, known), text, language)
    summed = [replace(person, count=person.count + before.get(person.name, 0)) for person in cast]
    strongest = {person.name for person in sorted(summed, key=lambda one: -one.count)[:CAST_LIMIT]}
    return [person for person in summed if person.name in strongest]


def _places(known: Sequence[Place], cues: Cues, text: str, language: Language) -> list[Place]:
    """Name the places: of one kind the word that the text uses most; named places of an English text beside them."""
    words = Counter((hit.value, hit.word) for hit in cues.hits if hit.category == "place")
    counts: Counter[str] = Counter(hit.value for hit in cues.hits if hit.category == "place")
    places = {place.name: place for place in known}
    kinds = {place.kind: place.name for place in known if place.kind}
    for kind, count in counts.items():
        word = max((one for one in words if one[0] == kind), key=lambda one: (words[one], len(one[1])))[1]
        name = kinds.get(kind, word if language == "zh" else f"the {word}")
        look = places[name].look if name in places else phrases(language).PLACE_LOOK[kind]
        places[name] = Place(
            name=name, kind=kind, look=look, count=count + (places[name].count if name in places else 0)
        )
    named = names_en.find(text)[1] if language == "en" else []
    for name, count in named[:PLACE_LIMIT]:
        old = places.get(name, Place(name=name, kind="", count=0, look=phrases(language).PLACE_LOOK[""]))
        places[name] = replace(old, count=old.count + count)
    return sorted(places.values(), key=lambda place: (-place.count, place.name))[:PLACE_LIMIT]


def _tallies(before: Bible, cues: Cues, language: Language) -> dict[str, dict[str, int]]:
    tables = phrases(language)
    shown = {
        "season": tables.SEASON_NAME,
        "hours": tables.TIME_NAME,
        "weather": tables.WEATHER_NAME,
        "mood": tables.MOOD_NAME,
    }
    tallies = {}
    for key, category in _TALLIES.items():
        tally = Counter(before.tallies.get(key, {}))
        tally.update(shown[key][hit.value] for hit in cues.hits if hit.category == category)
        tallies[key] = dict(tally)
    return tallies


def leading(bible: Bible, key: str, language: Language) -> str:
    """Return the key of the most frequent season, hour, weather or mood of the bible, or ""."""
    tables = phrases(language)
    shown = {
        "season": tables.SEASON_NAME,
        "hours": tables.TIME_NAME,
        "weather": tables.WEATHER_NAME,
        "mood": tables.MOOD_NAME,
    }[key]
    tally = bible.tallies.get(key, {})
    if not tally:
        return ""
    best = min(tally, key=lambda name: (-tally[name], name))
    return next((value for value, name in shown.items() if name == best), "")


def tone(bible: Bible, language: Language) -> str:
    """Say in a line what the story should feel like."""
    names = phrases(language).MOOD_NAME
    first = leading(bible, "mood", language)
    rest = {key: value for key, value in bible.tallies.get("mood", {}).items() if key != names.get(first)}
    second = min(rest, key=lambda name: (-rest[name], name)) if rest else ""
    if language == "zh":
        base = f"以{names.get(first, '克制')}为底" + (f"，{second}为转折" if second else "")
        return f"总体：{base}；节奏由停顿与环境声带动，情绪高点留给近景与静默"
    base = f"{names.get(first, 'restraint')} as the ground" + (f", {second} as the turn" if second else "")
    return f"Overall: {base}; pace carried by pauses and ambience, the peaks kept for close shots and silence"


def rules(bible: Bible, language: Language) -> list[str]:
    """Derive the visual rules that hold for every shot: palette, light, lens, continuity."""
    tables = phrases(language)
    hour = leading(bible, "hours", language) or "day"
    weather = leading(bible, "weather", language)
    mood = leading(bible, "mood", language)
    inside = sum(place.count for place in bible.places if place.kind in INTERIORS)
    where = "in" if inside * 2 > sum(place.count for place in bible.places) else "out"
    comma = "，" if language == "zh" else ", "
    palette = comma.join(
        filter(None, (tables.COLOUR[hour], tables.WEATHER_COLOUR.get(weather, ""), tables.MOOD_COLOUR.get(mood, "")))
    )
    light = comma.join(filter(None, (tables.LIGHT[f"{where} {hour}"], tables.WEATHER_LIGHT.get(weather, ""))))
    if language == "zh":
        return [
            f"色板：{palette}",
            f"光：{light}；光源必须在画面里说得通",
            "镜头：交代空间用 24–28mm，人物关系用 35–50mm，情绪与细节用 85mm 及微距；同一场对话不越轴",
            "连续性：人物一律按“定妆”一行的字句出现，地点一律按“地点”一节的样貌出现，跨场景不改",
        ]
    return [
        f"Palette: {palette}",
        f"Light: {light}; every source must be justified in the frame",
        "Lens: 24-28mm for geography, 35-50mm for relations, 85mm and macro for feeling; one axis a dialogue",
        "Continuity: people appear in the words of their Look line, places in those of section 2, in every scene",
    ]
