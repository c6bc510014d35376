"""Settles what each of the cast looks like, so that every picture can show the same person.

Law: pure; what the text says comes first, word for word; what it leaves open is decided by rule and marked as such.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from stages.pipeline.text import sentences
from stages.providers.offline import names_zh
from stages.providers.offline.people import Person, Roster, roster
from stages.providers.offline.speech import narration
from stages.providers.offline.wardrobe import DRESS, HAIR

if TYPE_CHECKING:
    from stages.pipeline.contract import Language

EVIDENCE_LIMIT = 3
_SPLIT = {
    "zh": re.compile(r"[，。；！？：\n—]+"),
    "en": re.compile(r"[,;.!?:\n—]+|\band\b(?= (?:a|her|his|did|had|wore)\b)"),
}
_AGE_ZH = re.compile(
    r"(?:[一二三四五六七八九十两几\d]{1,4}(?:来|多|几|出)?岁(?:上下|左右|出头)?|[二三四五六七八九]十(?:出头|上下|"
    r"开外|多|来岁)|年迈|中年|年轻)"
)
_AGE_EN = re.compile(
    r"(?:(?:was|is|,) )?\b((?:[Ee]ighteen|[Nn]ineteen|(?:[Tt]wenty|[Tt]hirty|[Ff]orty|[Ff]ifty|[Ss]ixty|[Ss]eventy|"
    r"[Ee]ighty)(?:-\w+)?|"
    r"(?:in (?:her|his) (?:twenties|thirties|forties|fifties|sixties|seventies)))\b)(?=,|\.| years old| and)|"
    r"\b(\d{1,2}|\w+)[- ]years?[- ]old"
)
_AGE_EN_FACT = re.compile(
    r"\d{1,2}|[A-Za-z]*(?:teen|ty)(?:-\w+)?|ten|eleven|twelve|five|six|seven|eight|nine|in (?:her|his) \w+"
)
_TRAIT_ZH = re.compile(
    r"(?:穿着?(?!过)|披着?|戴着?|裹着?|斜?挎着?|系着?|梳着?|留着|头发|白发|短发|长发|辫子|胡子|光头|花白|皱纹|浅?疤|"
    r"眼镜|圆脸|方脸|高个|矮个|驼|魁梧|"
    r"瘸|跛|瘦|微胖|雀斑|酒窝|浓眉|一身|腰间)"
)
_WEAR_ZH = re.compile(r"穿|一身|斗篷|披|裹|挎|系着|制服|大衣|衣|衫|袍|裙|袄")
_HAIR_ZH = re.compile(r"发(?!现|生|出|抖)|辫|光头|胡子")
_TRAIT_EN = re.compile(
    r"\b(?:wore|wearing|wears|dressed|in an? (?:\w+ ){0,3}(?:coat|suit|dress|hat|cap|cardigan|jacket|shirt|cloak|"
    r"uniform|spectacles)|hair|"
    r"beard|bearded|bald|scar|freckle\w*|spectacles|glasses|wrinkle\w*|braid\w*|oilskin|moustache|cap|hat|coat|"
    r"cardigan|jacket|suit)\b|"
    r"^(?:an? )?(?:tall|short|thin|stout|small|stooped|broad)\b(?! \w+ing)"
)
_PRONOUN_FIRST = re.compile(r"[他她]|(?:She|He|Her|His)\b")
_DRESSED_IN = re.compile(r"^.* (in an? .*)$")
_SOMEBODY = {
    "f": re.compile(r"女人|女子|姑娘|女孩|老太太|妇人|少女|\b(?:woman|girl|lady)\b"),
    "m": re.compile(r"男人|男子|小伙|男孩|老头|老人|少年|\b(?:man|boy|gentleman)\b"),
}
_WEAR_EN = re.compile(
    r"\b(?:wore|wearing|wears|dressed|coat|suit|dress|cardigan|jacket|shirt|cloak|uniform|oilskin|apron)\b"
)
_HAIR_EN = re.compile(r"\b(?:hair|beard|bald|braid)")
_ROLE_BEFORE = {
    "zh": re.compile(rf"((?:老|女|小)?(?:{names_zh.ROLES}|{names_zh.SUFFIXES}))$"),
    "en": re.compile(r"\b(?:the|The|a|A) ((?:old |young )?[a-z]+(?:er|or|man|woman|ess|ist|ain|eon|ant))\s*,? $"),
}
_PASSING = re.compile(
    r"[像如]|流|戴上|换|擦|脱|摘|掏|从|取|递|抓|changed|was \w+ing|took off|pulled|buttoned|pocket|gave"
)
_OLD = re.compile(
    r"[六七八九]十|年迈|[奶爷婆]|外公|祖|姥|老(?!师|板|大)|白发|花白的?胡|\b(?:silver|white|grey) hair|"
    r"\b(?:sixty|seventy|eighty|old|grand\w+)\b",
    re.IGNORECASE,
)
_YOUNG = re.compile(r"孩|^(?:十|[三四五六七八九])[一二三四五六七八九多来几]?岁|少年|少女|\b(?:boy|girl|child)\b")
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
    """Collect for each person the sentences that describe them, with the describing clauses; a pronoun carries on."""
    said: dict[str, list[tuple[str, list[str]]]] = {}
    current: Person | None = None
    stranger: tuple[int, str, list[str]] = (-99, "", [])
    for at, sentence in enumerate(sentences(text)):
        plain = narration(sentence).strip()
        named = cast.mentions(plain[:600])
        if named and not _PRONOUN_FIRST.match(plain):
            current = named[0][2]
            if (
                stranger[1]
                and at - stranger[0] < 16
                and current.name not in said
                and _is_somebody(stranger[1], current)
            ):
                said[current.name] = [stranger[1:]]
                stranger = (-99, "", [])
        elif plain and not _PRONOUN_FIRST.match(plain) and not _describes_alone(plain, language):
            current = None
        facts = _facts(plain, current, language) if plain else []
        shown = " ".join(plain.split())[:90].rstrip()
        if facts and current:
            said.setdefault(current.name, []).append((shown, facts))
        elif facts and any(pattern.search(plain) for pattern in _SOMEBODY.values()):
            stranger = (at, shown, facts)
    return said


def _is_somebody(sentence: str, person: Person) -> bool:
    """Tell whether a sentence about "a woman" may be about this person, named soon after."""
    return person.gender in _SOMEBODY and bool(_SOMEBODY[person.gender].search(sentence))


def _describes_alone(plain: str, language: Language) -> bool:
    return bool(language == "zh" and re.match(r"[梳穿戴披留]|[一-龥]{0,4}岁", plain))


def _facts(plain: str, person: Person | None, language: Language) -> list[str]:
    """Cut the describing clauses out of a sentence, with the names and pronouns taken off."""
    names = (person.name, *person.aliases) if person else ()
    own = "|".join([*(re.escape(name) for name in names), "[她他]的?", "[Ss]he", "[Hh]er", "[Hh]is", "[Hh]e", "with"])
    lead = re.compile(rf"^(?:(?:{own})\s?)?(?:[是有]|was |wore |had |is )?")
    age, trait = (_AGE_ZH, _TRAIT_ZH) if language == "zh" else (_AGE_EN, _TRAIT_EN)
    longest = 20 if language == "zh" else 60
    facts = []
    found = age.search(plain[:300])
    if found and not re.search(r"[像如]", plain[max(0, found.start() - 4) : found.start()]):
        facts.append(next((group for group in found.groups() if group), found[0]).strip(" ,"))
    for clause in _SPLIT[language].split(plain[:600]):
        fact = _DRESSED_IN.sub(r"\1", lead.sub("", clause.strip(" ，,“”")).strip())
        if (
            trait.search(fact)
            and len(fact) <= longest
            and not _PASSING.search(fact)
            and fact not in facts
            and not age.fullmatch(fact)
        ):
            facts.append(fact)
    return facts[:5]


def _look(person: Person, facts: list[str], *, era: str, place: int, language: Language) -> str:
    """Compose one look: age and kind, hair, traits, dress; text first, the director's choice where it is silent."""
    zh = language == "zh"
    age = next((fact for fact in facts if (_AGE_ZH if zh else _AGE_EN_FACT).fullmatch(fact)), "")
    rest = [fact for fact in facts if fact != age]
    wear, hair = (_WEAR_ZH, _HAIR_ZH) if zh else (_WEAR_EN, _HAIR_EN)
    hints = " ".join((person.name, *person.aliases, person.role, *rest))
    old = bool(_OLD.search(age or hints))
    young = bool(_YOUNG.search(age or person.name))
    parts = [_kind(person, age, old=old, young=young, language=language), *rest[:4]]
    if not any(hair.search(fact) for fact in rest):
        choices = HAIR[language]["old" if old else person.gender or "m"]
        parts.append(choices[place % len(choices)])
    if not any(wear.search(fact) for fact in rest):
        choices = DRESS[language][era]
        parts.append(choices[place % len(choices)])
    return ("，" if zh else ", ").join(parts)


def _kind(person: Person, age: str, *, old: bool, young: bool, language: Language) -> str:
    if language == "zh":
        noun = {"f": "女子", "m": "男子"}.get(person.gender, "人物")
        noun = (
            {"女子": "女孩", "男子": "男孩"}.get(noun, "孩子")
            if young
            else {"女子": "老妇", "男子": "老人"}.get(noun, "老人")
            if old
            else noun
        )
        guess = "十岁上下" if young else "年近七十" if old else "三十岁上下"
        return f"{age or guess}的{noun}"
    noun = {"f": "woman", "m": "man"}.get(person.gender, "figure")
    noun = {"woman": "girl", "man": "boy"}.get(noun, "child") if young else noun
    if old and not age:
        return f"an old {noun} of about seventy"
    return (
        f"a {noun} of about {age or ('ten' if young else 'thirty-five')}"
        if not age.startswith("in ")
        else f"a {noun} {age}"
    )
