"""The world bible as a value, and as the Markdown in which people read and edit it.

Law: `load(save(bible))` gives the bible back; a bible that somebody else wrote is read for its cast and kept as notes.
"""

from __future__ import annotations

import re
from dataclasses import field, replace
from typing import TYPE_CHECKING

from eventlog.values import frozen
from stages.providers.offline.people import Person

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stages.pipeline.contract import Language

NOTES_LIMIT = 6000
LOOK_LIMIT = 160
_LABELS: Mapping[Language, Mapping[str, str]] = {
    "zh": {
        "title": "# 世界观圣经", "people": "## 一、人物", "places": "## 二、地点", "time": "## 三、时间与天气",
        "tone": "## 四、基调",
        "rules": "## 五、视觉规则", "notes": "## 六、此前的设定（原样保留）", "aliases": "别称", "role": "身份",
        "look": "定妆",
        "basis": "定妆依据", "evidence": "原文", "count": "出场", "season": "季节", "hours": "时段", "weather": "天气",
        "mood": "情绪",
        "style": "画风", "era": "时代", "colon": "：", "open": "原文未提", "unset": "（未指定，按写实电影）",
    },
    "en": {
        "title": "# World bible", "people": "## 1. Characters", "places": "## 2. Places",
        "time": "## 3. Time and weather",
        "tone": "## 4. Tone", "rules": "## 5. Visual rules", "notes": "## 6. Earlier notes (kept as they were)",
        "aliases": "Also called",
        "role": "Role", "look": "Look", "basis": "Basis of the look", "evidence": "In the text", "count": "Named",
        "season": "Seasons",
        "hours": "Hours", "weather": "Weather", "mood": "Moods", "style": "Style", "era": "Era", "colon": ": ",
        "open": "the text does not say", "unset": "(not set; realistic cinema)",
    },
}  # fmt: skip
_SECTION = {
    "people": re.compile(r"人物|角色|characters|cast", re.IGNORECASE),
    "places": re.compile(r"地点|场所|places|locations|settings", re.IGNORECASE),
    "time": re.compile(r"时间|天气|time", re.IGNORECASE),
    "tone": re.compile(r"基调|氛围|tone|mood", re.IGNORECASE),
    "rules": re.compile(r"视觉|画面|visual", re.IGNORECASE),
}
_HEADING = re.compile(r"(#{1,6})\s{0,3}\*{0,3}([^*\n]{1,80})\*{0,3}$")
_ENTRY = re.compile(r"[-*•]\s{0,3}(?:\*\*|【)([^*】]{1,40})(?:\*\*|】)\s{0,3}[：:|｜-]?\s{0,3}(.*)")
_FIELD = re.compile(r"[-*•]\s{0,3}([^：:]{1,20})[：:]\s{0,3}(.*)")
_TALLY = re.compile(r"([^\s、,（(]{1,24}(?: [^\s、,（(]{1,24}){0,3}) ?[（(](\d{1,7})[)）]")
_NUMBER = re.compile(r"\d{1,7}")


@frozen
class Place:
    """A place of the story under the name the text gives it; `kind` is a key of the place tables."""

    name: str
    kind: str
    count: int
    look: str


@frozen
class Bible:
    """All that is settled about the world; tallies say how often the text named each time, weather, season, mood."""

    people: tuple[Person, ...] = ()
    places: tuple[Place, ...] = ()
    tallies: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    style: str = ""
    era: str = ""
    notes: str = ""


def save(bible: Bible, rules: Iterable[str], tone: str, language: Language) -> str:
    """Write the bible as Markdown; `rules` and `tone` follow from it and are not read back."""
    label = _LABELS[language]
    colon = label["colon"]
    lines = [label["title"], "", label["people"]]
    for person in bible.people:
        lines += ["", *_person_lines(person, language)]
    lines += ["", label["places"], ""]
    lines += [f"- **{place.name}**{colon}{place.look}｜{place.kind}｜{place.count}" for place in bible.places]
    lines += ["", label["time"], ""]
    lines += [
        f"- {label[key]}{colon}{_tally_line(bible.tallies.get(key, {}), language) or label['open']}"
        for key in ("season", "hours", "weather")
    ]
    mood = _tally_line(bible.tallies.get("mood", {}), language) or label["open"]
    lines += [
        f"- {label['era']}{colon}{bible.era}",
        "",
        label["tone"],
        "",
        f"- {label['mood']}{colon}{mood}",
        f"- {tone}",
    ]
    lines += [
        "",
        label["rules"],
        "",
        f"- {label['style']}{colon}{bible.style or label['unset']}",
        *(f"- {rule}" for rule in rules),
    ]
    if bible.notes:
        lines += ["", label["notes"], "", *(f"> {line}" for line in bible.notes.split("\n"))]
    return "\n".join(lines) + "\n"


def _person_lines(person: Person, language: Language) -> list[str]:
    label = _LABELS[language]
    colon = label["colon"]
    zh = language == "zh"
    gender = (
        {"f": "女", "m": "男", "": "未明"}[person.gender]
        if zh
        else {"f": "female", "m": "male", "": "unknown"}[person.gender]
    )
    role = f"{gender}{'，' if zh else ', '}{person.role}" if person.role else gender
    taken = (
        f"原文 {person.facts} 处，其余由导演拟定"
        if zh
        else f"{person.facts} from the text, the rest decided by the director"
    )
    rows = [
        ("role", role),
        ("look", person.look),
        ("basis", taken),
        ("evidence", " ／ ".join(person.evidence)),
        ("count", str(person.count)),
    ]
    if person.aliases:
        rows.insert(0, ("aliases", "、".join(person.aliases)))
    return [f"### {person.name}", *(f"- {label[key]}{colon}{value}" for key, value in rows if value)]


def _tally_line(tally: Mapping[str, int], language: Language) -> str:
    ranked = sorted(tally.items(), key=lambda one: (-one[1], one[0]))
    return (
        "、".join(f"{name}（{count}）" for name, count in ranked)
        if language == "zh"
        else ", ".join(f"{n} ({c})" for n, c in ranked)
    )


def load(text: str, language: Language) -> Bible:
    """Read a bible; what it does not have stays empty."""
    label = _LABELS[language]
    names = {value: key for key, value in label.items()}
    section = ""
    people: list[Person] = []
    places: list[Place] = []
    bible = Bible()
    notes: list[str] = []
    for line in map(str.strip, text.split("\n")):
        heading = _HEADING.match(line)
        if line == label["notes"]:
            section = "notes"
        elif section == "notes":
            notes.append(line.removeprefix(">").removeprefix(" "))
        elif heading and not (section == "people" and len(heading[1]) > 2):
            section = next((key for key, pattern in _SECTION.items() if pattern.search(heading[2])), "")
        elif section == "people":
            _read_person(line, people, names)
        elif section == "places" and (entry := _ENTRY.match(line)):
            places.append(_read_place(entry))
        elif found := _FIELD.match(line):
            bible = _read_field(bible, names.get(found[1].strip(), ""), found[2])
    if not text.startswith(label["title"]):
        notes = [text.strip()[:NOTES_LIMIT]] if text.strip() else []
    return replace(bible, people=tuple(people), places=tuple(places), notes="\n".join(notes).strip())


def _read_person(line: str, people: list[Person], names: Mapping[str, str]) -> None:
    heading, entry = _HEADING.match(line), _ENTRY.match(line)
    if heading or (entry and len(entry[1]) <= 20 and entry[1] not in names):
        name = re.sub(r"[（(].*$", "", (heading[2] if heading else entry[1] if entry else "").strip(" ：:*")).strip()
        people.append(Person(name=name[:40], look=(entry[2] if entry else "")[:LOOK_LIMIT])) if name else None
        return
    found = _FIELD.match(line)
    if not people or not found:
        return
    person, value = people[-1], found[2].strip()
    number = _NUMBER.search(value)
    match names.get(found[1].strip(" *"), ""):
        case "aliases":
            person = replace(person, aliases=tuple(part for part in value.split("、") if part))
        case "role":
            gender = {"女": "f", "f": "f", "男": "m", "m": "m"}.get(value[:1], "")
            person = replace(
                person,
                gender=gender,
                role=re.split(r"，|, ", value, maxsplit=1)[1] if re.search(r"，|, ", value) else "",
            )
        case "look":
            person = replace(person, look=value)
        case "basis" if number:
            person = replace(person, facts=int(number[0]))
        case "evidence":
            person = replace(person, evidence=tuple(value.split(" ／ ")))
        case "count" if number:
            person = replace(person, count=int(number[0]))
        case _ if not person.look and len(value) > 3:
            person = replace(person, look=value[:LOOK_LIMIT])
    people[-1] = person


def _read_place(entry: re.Match[str]) -> Place:
    look, kind, count = (
        [*entry[2].rsplit("｜", 2), "", ""][:3] if "｜" in entry[2] else (entry[2][:LOOK_LIMIT], "", "1")
    )
    return Place(name=entry[1], kind=kind, count=int(count) if count.isdecimal() else 1, look=look)


def _read_field(bible: Bible, key: str, value: str) -> Bible:
    if key in ("season", "hours", "weather", "mood"):
        return replace(
            bible, tallies={**bible.tallies, key: {name: int(count) for name, count in _TALLY.findall(value)}}
        )
    if key == "style":
        is_unset = value.strip() in {label["unset"] for label in _LABELS.values()}
        return replace(bible, style="" if is_unset else value.strip())
    return replace(bible, era=value.strip()) if key == "era" else bible
