"""Settles what each of the cast looks like, so that every picture can show the same person.

Law: pure; what the text says comes first, word for word; what it leaves open is decided by rule and marked as such.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from stages.pipeline.text import sentences
from stages.providers.offline import figures_en, figures_zh, names_zh
from stages.providers.offline.figures import hushed
from stages.providers.offline.people import Person, Roster, roster
from stages.providers.offline.reading import Reading
from stages.providers.offline.speech import narration
from stages.providers.offline.traits import facts_of, is_age
from stages.providers.offline.wardrobe import DRESS, HAIR

if TYPE_CHECKING:
    from stages.pipeline.contract import Language

EVIDENCE_LIMIT = 3
_CLAUSE = {"zh": re.compile(r"[^，。！？；：…—”“\s]+"), "en": re.compile(r"[^,;.!?:\n—”“\"]+")}
_WEAR_ZH = re.compile(r"穿|一身|斗篷|披|裹|制服|大衣|衣|衫|袍|裙|袄|装")
_HAIR_ZH = re.compile(r"发(?!现|生|出|抖)|辫|光头|马尾|鬓")
_WEAR_EN = re.compile(
    r"\b(?:coat|suit|dress|cardigan|jacket|shirt|cloak|uniform|oilskin|apron|sweater|jersey|gown|overalls|robe|raincoat|"
    r"overcoat|tunic|waistcoat|nightshirt|cassock)\b"
)
_HAIR_EN = re.compile(r"\b(?:hair|beard|bald|braids?)\b")
_ROLE_BEFORE = {
    "zh": re.compile(rf"((?:老|女|小)?(?:{names_zh.ROLES}|{figures_zh.NEUTRAL}|{names_zh.SUFFIXES}))$"),
    "en": re.compile(rf"\b(?:the|The|a|A) ((?:old |young )?(?:{figures_en.NEUTRAL})),? $"),
}
_OLD = re.compile(
    r"[六七八九]十|年迈|[奶爷婆伯翁]|外公|祖|姥|老(?!师|板|大|花镜)|白发|花白|\b(?:silver|white|grey) (?:hair|beard)|"
    r"\b(?:sixty|seventy|eighty|old|grand\w+)\b",
    re.IGNORECASE,
)
_YOUNG = re.compile(
    r"孩|^(?:十|[三四五六七八九])[一二三四五六七八九多来几]?岁|少年|少女|丫头|\b(?:boy|girl|child|[Ff]ive|[Ss]ix|[Ss]even|[Ee]ight|"
    r"[Nn]ine|[Tt]en|[Ee]leven|[Tt]welve|[Tt]hirteen|[Ff]ourteen|[Ff]ifteen|[5-9]|1[0-6])\b"
)
_GOWN = re.compile(r"裙|\bgown\b")
_ERAS = {
    "ancient": re.compile(
        r"剑|将军|皇帝|县令|公子|王府|客栈|朝堂|丫鬟|侠|娘娘|\b(?:sword|knight|castle|throne|wizard)\b"
    ),
    "future": re.compile(r"飞船|空间站|机器人|舰桥|星际|太空|\b(?:starship|spaceship|android|airlock|robot|orbit)\b"),
}


def era_of(text: str) -> str:
    """Say which wardrobe the text belongs to: "ancient", "modern" or "future"."""
    counts = {era: len(pattern.findall(text)) for era, pattern in _ERAS.items()}
    era = max(counts, key=lambda key: counts[key])
    return era if counts[era] >= 4 else "modern"


def dressed(cast: list[Person], text: str, language: Language) -> list[Person]:
    """Give each person a look and the sentences behind it; a known look stays, unless the text now says more."""
    said = _said_of(roster(cast, language), text, language)
    era = era_of(text)
    roles = _roles_of(cast, text, language)
    result = []
    for place, known in enumerate(cast):
        person = known if known.role else replace(known, role=roles.get(known.name, ""))
        about = said.get(person.name, [])
        evidence = tuple(dict.fromkeys([*person.evidence, *(sentence for sentence, _ in about)]))[:EVIDENCE_LIMIT]
        facts = list(dict.fromkeys(fact for _, found in about for fact in found))
        if person.look and len(facts) <= person.facts:
            result.append(replace(person, evidence=evidence))
        else:
            look = _look(person, facts, era=era, place=place, language=language)
            result.append(replace(person, look=look, facts=len(facts), evidence=evidence))
    return result


def _roles_of(cast: list[Person], text: str, language: Language) -> dict[str, str]:
    """Find what each is called beside their name: "老船工" of 老船工鲁大山, "Mayor" of Mayor Whitlow."""
    roles: dict[str, str] = {}
    pattern = _ROLE_BEFORE[language]
    for start, _, person in roster(cast, language).mentions(text):
        found = pattern.search(text[max(0, start - 16) : start])
        if found and person.name not in roles and len(person.name) > 1:
            roles[person.name] = found[1]
    return roles


def _said_of(cast: Roster, text: str, language: Language) -> dict[str, list[tuple[str, list[str]]]]:
    """Collect for each person the sentences that describe them, with the describing words.

    A clause belongs to who acts in it, else to who acted before it in the same paragraph.
    """
    said: dict[str, list[tuple[str, list[str]]]] = {}
    reading = Reading(text, cast, language)
    silent, at, owner = hushed(text, language), 0, ""
    for sentence in sentences(text):
        start, at = at, at + len(sentence)
        owner = "" if "\n" in text[max(0, start - 2) : start] else owner
        plain = narration(sentence)
        found: dict[str, list[str]] = {}
        for clause in _CLAUSE[language].finditer(silent, start, min(at, start + 600)):
            acting = reading.acting(clause.start(), clause.end())
            owner = acting[-1].name if acting else owner
            if owner and cast.get(owner):
                found.setdefault(owner, []).extend(facts_of(clause[0].strip(), language))
        for name, facts in found.items():
            if facts:
                shown = " ".join(plain.split())[:90].rstrip()
                said.setdefault(name, []).append((shown, list(dict.fromkeys(facts))))
    return said


def _look(person: Person, facts: list[str], *, era: str, place: int, language: Language) -> str:
    """Compose one look: age and kind, traits, hair, dress; text first, the director's choice where it is silent."""
    zh = language == "zh"
    age = next((fact for fact in facts if is_age(fact, language)), "")
    rest = [fact for fact in facts if not is_age(fact, language)][:4]
    wear, hair = (_WEAR_ZH, _HAIR_ZH) if zh else (_WEAR_EN, _HAIR_EN)
    hints = " ".join((person.name, *person.aliases, person.role, *rest))
    old = bool(_OLD.search(age or hints))
    young = bool(_YOUNG.search(age or f"{person.name} {' '.join(person.aliases)}"))
    parts = [_kind(person, age, old=old, young=young, language=language), *rest]
    group = "young" if young else person.gender
    if person.gender and not young and not any(hair.search(fact) for fact in rest):
        choices = HAIR[language]["old" if old else person.gender]
        parts.append(choices[place % len(choices)])
    if not any(wear.search(fact) for fact in rest):
        choices = tuple(one for one in DRESS[language][era] if group == "f" or not _GOWN.search(one))
        parts.append(choices[place % len(choices)])
    return ("，" if zh else ", ").join(parts)


def _kind(person: Person, age: str, *, old: bool, young: bool, language: Language) -> str:
    """Say age and kind; where the text gives no age, none is made up, only "young" or "old" where it shows."""
    if language == "zh":
        kinds = {"f": ("女子", "女孩", "老妇"), "m": ("男子", "男孩", "老人")}.get(
            person.gender, ("人物", "孩子", "老人")
        )
        noun = kinds[2 if old else 1 if young else 0]
        return f"{age}的{noun}" if age else noun
    grown, small = {"f": ("woman", "girl"), "m": ("man", "boy")}.get(person.gender, ("figure", "child"))
    noun = small if young and not old else grown
    if not age:
        return f"an old {noun}" if old else f"a {noun}"
    return f"a {noun} {age}" if age.startswith("in ") else f"a {noun} of about {age[:1].lower()}{age[1:]}"
