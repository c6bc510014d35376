"""Names a scene and tells it in one sentence.

Law: pure; both are drawn from the scene's own words, and no two scenes of one part bear the same title.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stages.pipeline.text import canonical, sentences
from stages.providers.offline.beats import is_heading
from stages.providers.offline.boundaries import title_line
from stages.providers.offline.cues import Cues, scan
from stages.providers.offline.markup import without_marks
from stages.providers.offline.phrases import phrases
from stages.providers.offline.speech import narration
from stages.providers.offline.view import first_place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stages.pipeline.contract import Language
    from stages.providers.offline.people import Roster

_AIR_ZH = {
    ("rain", "night"): "雨夜", ("snow", "night"): "雪夜", ("fog", "morning"): "雾晨", ("fog", "dawn"): "雾晨",
    ("rain", "morning"): "晨雨",
    ("storm", "night"): "风暴之夜", ("moon", "night"): "月夜", ("rain", "dusk"): "暮雨", ("snow", "morning"): "雪晨",
    ("fog", "night"): "雾夜",
    ("storm", "morning"): "风浪里", ("storm", ""): "风浪里", ("rain", ""): "雨中", ("snow", ""): "雪中",
    ("fog", ""): "雾中",
}  # fmt: skip
_HOUR_ZH = {
    "dawn": "黎明",
    "morning": "清晨",
    "noon": "正午",
    "afternoon": "午后",
    "dusk": "黄昏",
    "night": "夜里",
    "": "",
}
_HOUR_EN = {
    "dawn": "Dawn",
    "morning": "Morning",
    "noon": "Noon",
    "afternoon": "Afternoon",
    "dusk": "Dusk",
    "night": "Night",
}
_AIR_EN = {"rain": "Rain", "storm": "Storm", "snow": "Snow", "fog": "Fog"}
_CLAUSE_ZH = re.compile(r"[，。；！？：\n“”]")
_SMALL_OBJECTS = ("door", "window", "cup", "coat", "boat")
_LONGEST = {"zh": 46, "en": 150}
_BARE_SPEECH = re.compile(r"[：:]$|\b(?:said|asked|called)\b[^.]{0,20}\.?$|^.{0,8}[说问道]。?$")
_PRONOUNS = {"f": re.compile(r"她(?!们)|\bshe\b", re.IGNORECASE), "m": re.compile(r"他(?!们)|\bhe\b", re.IGNORECASE)}
_LEADING = re.compile(r"^(?:但|可|而|接着|然后|于是|这时)?(?:他|她)(?!们)|^(?:She|He)\b")


def title(text: str, heading: str, cast: Roster, *, used: set[str], language: Language) -> str:
    """Choose a title not used yet: the heading's, or one of place, thing and people."""
    plain = _story(text)
    candidates = _zh(plain, cast) if language == "zh" else _en(plain, cast)
    for candidate in (title_line(heading, language), *candidates):
        if candidate and candidate not in used:
            return candidate
    base = _opening(text, language)
    number = 2
    name = base
    while name in used:
        name = f"{base}（{number}）" if language == "zh" else f"{base} ({number})"
        number += 1
    return name


def _story(text: str) -> str:
    """Return the narration without the headings it begins with."""
    lines = narration(text).split("\n")
    first = next((at for at, line in enumerate(lines) if line.strip() and not is_heading(line + "\n")), 0)
    return "\n".join(lines[first:])


def _zh(plain: str, cast: Roster) -> Iterator[str]:
    cues = scan(cast.masked(plain[:3000]), "zh")
    early = scan(cast.masked(plain[:130]), "zh")
    time = early.first("time") or ""
    weather = next((value for value in early.values("weather") if value not in ("wind", "sun")), "")
    air = _AIR_ZH.get((weather, time)) or _AIR_ZH.get((weather, "")) or _HOUR_ZH[time]
    kind = first_place(plain[:130], early, "zh") or cues.most("place")
    place = cues.word_of("place", kind) if kind else ""
    place = place.removesuffix("里").removesuffix("上") if len(place) > 2 else place
    thing = _thing(cues)
    people = [person.name for person in cast.present(plain)][:2]
    if air and place:
        yield (
            f"{air}的{place}"
            if not air.endswith(("里", "中"))
            else f"{air[:-1]}中的{place}"
            if air != "夜里"
            else f"夜色里的{place}"
        )
    if place and thing and thing != place:
        yield f"{place}里的{thing}"
    if people and thing:
        yield f"{people[0]}与{thing}"
    if len(people) == 2:
        yield f"{people[0]}和{people[1]}"
    if people and place:
        yield f"{people[0]}在{place}"
    if place:
        yield place


def _en(plain: str, cast: Roster) -> Iterator[str]:
    cues = scan(cast.masked(plain[:6000]), "en")
    early = scan(cast.masked(plain[:420]), "en")
    kind = first_place(plain[:420], early, "en") or cues.most("place")
    place = f"the {cues.word_of('place', kind)}".title().replace("The ", "the ") if kind else ""
    weather = next((value for value in early.values("weather") if value in _AIR_EN), "")
    thing = _thing(cues)
    thing = f"The {thing.title()}" if thing else ""
    people = [person.name for person in cast.present(plain)][:2]
    at = (
        "in"
        if kind
        in ("home", "office", "shop", "kitchen", "yard", "forest", "village", "city", "street", "field", "desert")
        else "at"
    )
    inside = cues.word_of("place", kind) in (
        "wheelhouse",
        "cabin",
        "galley",
        "engine room",
        "car",
        "train",
        "carriage",
        "truck",
        "bus",
    )
    at = "in" if inside else at
    at = "on" if not inside and kind in ("street", "river", "sea", "boat", "bridge", "shore", "mountain") else at
    air = _AIR_EN.get(weather) or _HOUR_EN.get(early.first("time"), "")
    if air and place:
        yield f"{air} {at} {place}"
    if thing and place and thing.lower() not in place.lower():
        yield f"{thing} {at} {place}"
    if people and thing:
        yield f"{_short(people[0])} and {thing.replace('The ', 'the ')}"
    if len(people) == 2:
        yield f"{_short(people[0])} and {_short(people[1])}"
    if people and place:
        yield f"{_short(people[0])} {at} {place}"


def _short(name: str) -> str:
    return name[:1].upper() + name[1:]


def _thing(cues: Cues) -> str:
    """Return the thing the scene turns on, in the text's word for it."""
    counts: dict[str, int] = {}
    for hit in cues.hits:
        if hit.category == "object" and hit.value not in _SMALL_OBJECTS:
            counts[hit.value] = counts.get(hit.value, 0) + 1
    if not counts:
        return ""
    best = max(counts, key=lambda value: counts[value])
    return cues.word_of("object", best).removeprefix("那封").removeprefix("一封")


def _opening(text: str, language: Language) -> str:
    """Return the first words of the scene, where nothing else gives a title."""
    words = " ".join((narration(text).strip() or text).split())
    if language == "zh":
        clause = next((part for part in _CLAUSE_ZH.split(words) if canonical(part)), words)
        return clause[:12] or "无题"
    return " ".join(words.split(" ")[:6])[:48].strip(" ,.;:") or "Untitled"


def summary(text: str, cast: Roster, language: Language) -> str:
    """Tell the scene in one sentence: its fullest sentence, opened with where and when."""
    best, score, subject, spoken_of = "", -1.0, "", ""
    for at, sentence in enumerate(sentences(narration(without_marks(_story(text[:6000]))))):
        plain = sentence.strip()
        named = cast.mentions(plain)
        spoken_of = named[0][2].name if named else spoken_of
        if not canonical(plain) or title_line(plain, language) or _BARE_SPEECH.search(plain):
            continue
        cues = scan(plain, language)
        weight = (
            2.5 * bool(named and named[0][0] < 12)
            + sum(cues.has(one) for one in ("action", "object", "emotion"))
            - at / 40
        )
        weight += bool(cues.has("object") and cues.has("action"))
        weight -= 2 * cues.has("action", "think") + abs(len(plain) - _LONGEST[language] * 0.6) / _LONGEST[language]
        if weight > score:
            best, score, subject = plain, weight, spoken_of
    best = " ".join((best or narration(text).strip() or text.strip()).split())
    if subject:
        best = _LEADING.sub(lambda found: subject if _fits(found[0], subject, cast) else found[0], best, count=1)
    return (
        f"{_where(text, cast, language)}{_shortened(best, language)}"
        if best
        else ("空场。" if language == "zh" else "An empty scene.")
    )


def _fits(pronoun: str, name: str, cast: Roster) -> bool:
    """Tell whether "she" may be this person."""
    person = cast.get(name)
    return person is not None and person.gender == ("f" if pronoun.endswith(("她", "She")) else "m")


def _where(text: str, cast: Roster, language: Language) -> str:
    opening = _story(text)[: 130 if language == "zh" else 420]
    early = scan(cast.masked(opening), language)
    tables = phrases(language)
    kind = first_place(opening, early, language)
    if language == "zh":
        parts = [tables.TIME_NAME.get(early.first("time"), ""), early.word_of("place", kind) if kind else ""]
        joined = "，".join(part for part in parts if part)
        return f"{joined}：" if joined else ""
    hour = tables.TIME_NAME.get(early.first("time"), "")
    place = f"the {early.word_of('place', kind)}" if kind else ""
    joined = ", ".join(part for part in (place, hour) if part)
    return f"{joined[:1].upper()}{joined[1:]}: " if joined else ""


def _shortened(sentence: str, language: Language) -> str:
    longest = _LONGEST[language]
    if len(sentence) <= longest:
        return sentence.rstrip("，,：: ；") + (
            "" if sentence[-1] in "。！？.!?…" else "。" if language == "zh" else "."
        )
    cut = max(
        sentence.rfind("，", 0, longest),
        sentence.rfind(", ", 0, longest),
        sentence.rfind(" ", 0, longest) if language == "en" else -1,
    )
    return sentence[: cut if cut > longest // 3 else longest].rstrip("，, ：:") + ("。" if language == "zh" else ".")


def on_stage(text: str, cast: Roster, carried: dict[str, str], limit: int = 8) -> list[str]:
    """Return who is in the scene: those the narration names; if it names nobody, those who are spoken of.

    A scene that says only "she" goes on with her of the scene before: `carried` remembers the last of each gender.
    """
    plain = narration(text)
    seen = cast.present(plain) or cast.present(text)
    names = [person.name for person in seen][:limit]
    for gender, pronoun in _PRONOUNS.items():
        open_ones = any(person.gender in (gender, "") for person in seen)
        if gender in carried and not open_ones and pronoun.search(plain):
            names.append(carried[gender])
    carried.update({person.gender: person.name for person in reversed(seen) if person.gender})
    return names
