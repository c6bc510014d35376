"""Reads what a clause says of somebody's looks: age, hair, dress, marks.

Law: pure; a fact is a few words that describe, never a clause that tells what happens.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stages.providers.offline.figures_en import NOUNS as PERSONS_EN
from stages.providers.offline.figures_zh import NOUNS

if TYPE_CHECKING:
    from stages.pipeline.contract import Language

AGE_ZH = re.compile(
    r"(?:[一二三四五六七八九十两几\d]{1,4}(?:来|多|几|出)?岁(?:上下|左右|出头)?|[二三四五六七八九]十(?:出头|上下|"
    r"开外|多岁|来岁|多)|年迈|中年|年轻)(?!后|前|那年|的时候|时)"
)
_NUMBER_EN = (
    r"(?:[Tt]en|[Ee]leven|[Tt]welve|[Tt]hirteen|[Ff]ourteen|[Ff]ifteen|[Ss]ixteen|[Ss]eventeen|[Ee]ighteen|[Nn]ineteen|"
    r"[Ff]ive|[Ss]ix|[Ss]even|[Ee]ight|[Nn]ine|(?:[Tt]wenty|[Tt]hirty|[Ff]orty|[Ff]ifty|[Ss]ixty|[Ss]eventy|[Ee]ighty)"
    r"(?:-\w+)?)"
)
AGE_EN = re.compile(
    rf"\b(?:was|is|turned|perhaps|about|barely|nearly|almost|man of|woman of|girl of|boy of),? (?:about |perhaps )?"
    rf"({_NUMBER_EN})(?=$|,|\.|;| years old| and| with)|\b(\d{{1,2}}|\w+)[- ]years?[- ]old|"
    rf"\b(in (?:her|his) (?:late |early )?(?:twenties|thirties|forties|fifties|sixties|seventies|eighties))|"
    rf"^({_NUMBER_EN})$"
)
_WORN_ZH = r"[衣衫袍裙袄裤帽鞋靴褂装服巾纱甲篷笠镜包刀剑弓枪带簪冠氅]"
_GIVEN_ZH = (
    re.compile(r"(?:身)?(穿着?(?!过)[^的了，。]{1,12}?(?:的[^，。的]{1,6})?" + _WORN_ZH + ")"),
    re.compile(r"((?:披|裹|系|戴|挎|斜挎|背负|腰悬|腰挎|腰佩|头戴|身披|手持)(?:着|了)?(?!上)[一两][^，。了]{1,16})$"),
    re.compile(r"((?:披|裹|系|戴|挎|斜挎)着?[^，。了]{0,10}" + _WORN_ZH + ")"),
    re.compile(r"([扎梳](?:着)?[^，。的]{0,6}(?:马尾|辫子?|发髻))"),
    re.compile(r"((?:戴着?)[^，。]{1,16}(?:眼镜|花镜|墨镜))"),
    re.compile(r"((?:一身)[^，。的了]{1,8})"),
    re.compile(r"((?:一头)[^，。了]{1,8}(?:头发|短发|长发|白发|卷发|黑发|发))"),
    re.compile(
        r"^((?:短发|长发|头发|白发|黑发|[^，。的]{0,3}色的?(?:长|短)发|胡子|须发)[^，。了着]{0,8}(?:垂到[^，。]{1,4})?)$"
    ),
    re.compile(r"([^，。的是有在上着]{0,3}(?:花白|雪白|银灰色?|灰白|全白|斑白)的?(?:长|短)?(?:头发|发|胡子|胡须))"),
    re.compile(
        r"((?:脸|额|左眉|右眉|眉|嘴角|下巴|左颊|右颊|手腕|手背|鼻)[^，。]{0,4}有[一]?[^，。]{1,8}(?:疤|痣|胎记|伤疤|刺青|雀斑))"
    ),
    re.compile(r"((?:瘦高|高瘦|矮胖|魁梧|微胖|高大|清瘦|瘦小|身材[^，。]{1,4})(?:个子|身材|的个子)?)$"),
    re.compile(r"(满面风霜|满脸皱纹|满脸胡茬|双目红肿|独眼|驼背|背有些驼|光头|鬓角全白|西装笔挺|络腮胡子?|浓眉大眼)"),
    re.compile(r"(背负[一][^，。]{1,8}|腰(?:悬|挎|佩)[一]?[^，。]{1,8})"),
)
_OF_NOUN_ZH = re.compile(rf"(?P<mod>[穿戴披扎留][^，。的]{{1,12}})的(?:{NOUNS})")
_PART_EN = (
    r"(?:hair|beard|moustache|eyes|face|scar|freckles|spectacles|glasses|wrinkles|braids?|shoulders|cuffs|burn scar|"
    r"eyebrows|nose|teeth)"
)
_WORN_EN = (
    r"(?:coat|suit|dress|hat|cap|cardigan|jacket|shirt|cloak|uniform|oilskin|apron|scarf|sweater|jersey|gown|overalls|"
    r"gloves|boots|robe|shawl|overcoat|raincoat|waistcoat|tunic|spectacles|glasses|jeans|nightshirt|bonnet|cassock)"
)
_BUILD_EN = r"(?:tall|short|thin|stout|stooped|broad|broad-shouldered|bald|bearded|unshaven|gaunt|big|heavy|plump|wiry)"
_GIVEN_EN = (
    re.compile(
        rf"\b(?:wore|wearing|dressed in|in|and|with) ((?:an? )?(?!her |his |the )(?:[a-z-]+ ){{0,4}}{_WORN_EN}"
        rf"(?: [a-z]+ sizes? too \w+)?)\b"
    ),
    re.compile(
        rf"\b(?:with|had|and|has|[Hh]er|[Hh]is) ((?:an? )?(?:(?!her |his )[a-z-]+ ){{1,3}}{_PART_EN}"
        rf"(?: on (?:his|her) \w+| to \w+)?)\b"
    ),
    re.compile(rf"^((?:an? )?(?!his |her )(?:[a-z-]+ ){{1,3}}{_PART_EN})$"),
    re.compile(rf"\b(?:was|is|stood) (?:an? )?((?:very )?{_BUILD_EN}(?:, {_BUILD_EN})?)(?= man| woman| girl| boy|$|,)"),
    re.compile(rf"\b[Aa]n? ({_BUILD_EN}) (?:old |young )?(?:man|woman|girl|boy)\b"),
    re.compile(rf"^({_BUILD_EN})$"),
    re.compile(r"\b([Hh](?:er|is) (?:hair|beard)) was (\w+(?: \w+)?)$"),
)
_LIKENED = re.compile(r"[像似]|如(?!今)|\b(?:like|as if)\b")
_OTHERS_EN = re.compile(rf"\b(?:for|at|to|with|by|from|beside|behind) (?:an?|the) (?:\w+ ){{0,2}}(?:{PERSONS_EN})\b")
_PASSES = re.compile(r"戴上|换|脱|摘|掏|从|取下|递|抓|took off|pulled|buttoned|hung|put on|changed")


def facts_of(clause: str, language: Language) -> list[str]:
    """Return the describing words of a clause, the age among them."""
    if not clause or _LIKENED.search(clause) or _OTHERS_EN.search(clause):
        return []
    words = clause.strip(" ，,\u2024")
    age, given = (AGE_ZH, _GIVEN_ZH) if language == "zh" else (AGE_EN, _GIVEN_EN)
    found = age.search(words)
    facts = [next((group for group in found.groups() if group), found[0])] if found else []
    if _PASSES.search(words):
        return facts
    if language == "zh":
        facts += [one["mod"] for one in _OF_NOUN_ZH.finditer(words)]
    for pattern in given:
        one = pattern.search(words)
        fact = " ".join(group for group in one.groups() if group).strip() if one else ""
        if fact and not any(fact in other or other in fact for other in facts):
            facts.append(fact)
    return facts[:4]


def is_age(fact: str, language: Language) -> bool:
    """Tell whether a fact is an age."""
    if language == "zh":
        return bool(AGE_ZH.fullmatch(fact))
    return bool(re.fullmatch(rf"{_NUMBER_EN}|\d{{1,2}}|in (?:her|his) .*", fact))
