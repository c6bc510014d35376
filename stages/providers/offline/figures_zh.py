"""Finds the subject of each Chinese clause.

Law: pure and linear; a name after a preposition or a verb is an object and does not act.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stages.providers.offline import names_zh
from stages.providers.offline.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FEMALE = (
    "老太太|老妇人|老奶奶|小女孩|小姑娘|女服务员|女护士|女警察|女司机|少女|女孩子|女孩|女人|女子|女士|姑娘|妇人|少妇|小姐|"
    "太太|夫人|丫鬟|丫头|护士|老板娘|公主|皇后|大妈|大娘|大婶|阿姨|母亲|妈妈|奶奶|外婆|祖母|姥姥|姐姐|妹妹|妻子|女儿|孙女|"
    "婶婶|嫂子|尼姑|师姐|师妹|空姐|女郎|女侠"
)
MALE = (
    "老头儿|老头子|老头|老汉|老大爷|大爷|小男孩|小伙子|男孩子|男孩|男人|男子|男士|大汉|汉子|壮汉|少年|小伙|先生|和尚|道士|"
    "书生|秀才|公子|将军|皇帝|王子|太子|丞相|侍卫|店小二|小二|大叔|大伯|父亲|爸爸|爷爷|外公|祖父|姥爷|哥哥|弟弟|丈夫|儿子|"
    "孙子|叔叔|伯伯|舅舅|师兄|爹爹|铁匠|木匠|老翁|青衫客|刀客|剑客"
)
NEUTRAL = (
    "服务员|服务生|收银员|售货员|驾驶员|邮递员|陌生人|守塔人|摆渡人|看门人|巡夜人|修表匠|机器人|老者|老人|青年|年轻人|中年人|"
    "孩子|小孩|客人|旅客|乘客|顾客|店主|店员|伙计|掌柜|老板|船长|船夫|船工|医生|大夫|法医|警察|警官|队长|老师|师傅|师父|"
    "管家|校长|教授|博士|邮差|渔夫|司机|站长|局长|村长|镇长|经理|律师|记者|侦探|猎人|郎中|县令|捕快|杀手|刺客|黑衣人|蒙面人|"
    "众人|群贼|村民|大伙|人们|官兵|百姓|宾客|保安|门卫|保姆|秘书|助理|代表|主持人|士兵|哨兵|学生|画家|作家|诗人|船老大|族长|长老|路人|人影"
)
NOUNS = "|".join(sorted(f"{FEMALE}|{MALE}|{NEUTRAL}".split("|"), key=lambda word: (-len(word), word)))
_GENDER = {**dict.fromkeys(FEMALE.split("|"), "f"), **dict.fromkeys(MALE.split("|"), "m")}
_COUNT = r"(?:(?<=[着是了])[个位名]|(?:一|两|三|几|那|这|另一|数|十几|二十余|几十)(?:个|位|名|群|伙|条|对))"
_LOOK = (
    r"[老小大女男红黑白青灰黄蓝紫绿花独瘦胖高矮壮年轻美俊瞎瘸光秃蒙布绣秀陌生衣眼发面头脸袍衫裙须个子金银长短]{0,4}?"
)
_STRANGER = re.compile(
    rf"(?P<count>{_COUNT}|另一|那|这)?(?P<mod>[^，。的”像如似问给对向把被和与跟为一]{{1,8}}的)?(?P<adj>{_LOOK})(?P<noun>{NOUNS})(?![家店服装室房兵长们])"
)
_COUNTED = re.compile(rf"{_COUNT}(?P<mod>[^，。的”]{{1,10}}的)?(?P<adj>{_LOOK})(?P<noun>{NOUNS})(?![家店服装室房们])")
_CLAUSE = re.compile(r"[^，。！？；：…—”“、\s]+")
_LEAD = re.compile(
    r"(?:但是|但|可是|可|而|却|不过|只是|于是|然后|接着|随后|随即|这时候?|此时|那时候?|忽然|突然|终于|只见|果然|原来|后来|最后|"
    r"直到|等到?|当|每当|因为|所以|如果|虽然|这边|那边|过了(?:很久|好久|许久|一会儿?|半晌|片刻)|良久|半晌|一旁的?|对面的?|"
    r"[^，。”像如似一]{0,7}(?:时候|时|之?后|之?前|早上|上午|中午|下午|傍晚|晚上|夜里|清晨|深夜|凌晨|那天|当天|次日|第二天|的))*"
)
_PRONOUN = re.compile(r"(?P<f>她)(?!们)|(?P<m>他)(?!们)|(?P<n>[此那这来]人)")
_OWNED = re.compile(
    r"的[^，。”]{0,3}(?:手|眼|脸|头|声|目光|嘴|眉|肩|背|腿|脚|心|胸|腰|牙|唇|泪|神情|表情|身|影|喉|膝|指|额|鼻|耳)"
)
_ARRIVES = re.compile(
    r"(?:坐|站|躺|跪|蹲|立|靠|趴|围|住|走|跑|冲|闯|钻|跳|出现|传|进|来|走[来出进过])(?:着|了|出|进|来|过|上|下)*$"
)
_BEFORE_SUBJECT = re.compile(rf"(?:[时后前里上中下天日晚早午边外处间头旁的了]|(?:{NOUNS}|{names_zh.SUFFIXES}))$")
_GOVERNS = re.compile(
    r"[想记说问念提看望见找等给对向把被让叫像是有和与跟替为听请帮陪随劝骂打指盯瞧扶抱拉推送谢爱恨怕]|遇|发现|认识|通知"
)
_SEEN = re.compile(r"(?:看见|看到|望见|瞧见|听见|遇见|遇到|忽见|发现|见|碰见|碰到|撞见|认出)了?$")
_TAG = re.compile(
    r"(?:[一-龥]{1,8}的)?(?P<who>(?!接着|继续|于是|然后|低声|轻声|大声|高声|冷冷|忽然|突然|一边|又是)[一-龥]{2,4}?)"
    r"(?:[一-龥]{2,4}地|又|也|便|就|冷冷|轻声|低声|大声|高声|连忙|赶紧|急忙|忙|笑着|接着){0,2}"
    r"(?:说|问|道|喊|叫|答|笑道|说道|问道|答道|喊道|叫道|回答)[着了道]?"
)
_BRINGS = re.compile(rf"{_COUNT}[^，。”]{{0,8}}?的?[老小]?$")
_CALLED = re.compile(r"(?:人称|名叫|叫做?|名为|便是|正是|就是)(?:“[^”\n]{1,8}”)?$")


def find(silent: str, mentions: Mapping[int, tuple[int, str]]) -> list[Figure]:
    """Find the figures of a text whose speech is blotted out; `mentions` are the names in it by their start."""
    starts = sorted(mentions)
    found: list[Figure] = []
    at = 0
    for clause in _CLAUSE.finditer(silent):
        while at < len(starts) and starts[at] < clause.start():
            at += 1
        inside = []
        while at < len(starts) and starts[at] < clause.end():
            inside.append((starts[at], *mentions[starts[at]]))
            at += 1
        found += _of_clause(silent, clause.start(), clause.end(), inside)
    return found


def _of_clause(silent: str, begin: int, end: int, names: list[tuple[int, int, str]]) -> Iterator[Figure]:
    places = {begin, _lead(silent, begin, end)}
    named = next(
        (one for one in names if _acts(silent[begin : one[0]], begin=begin, place=one[0], places=places)), None
    )
    pronoun = next((one for at in sorted(places) if (one := _PRONOUN.match(silent, at, end))), None)
    if named and (not pronoun or named[0] < pronoun.start()):
        yield from _by_name(silent, named, names)
    elif pronoun:
        after = silent[pronoun.end() : pronoun.end() + 1]
        owns = bool(_OWNED.match(silent, pronoun.end()))
        if owns or after != "的":
            gender = "f" if pronoun["f"] else "m" if pronoun["m"] else ""
            yield Figure(start=pronoun.start(), end=pronoun.end(), gender=gender, owns=owns)
    strangers = list(_strangers(silent, (begin, end), places, names))
    yield from strangers
    if not (named or pronoun or strangers) and silent[begin - 1 : begin] == "”":
        tag = _TAG.fullmatch(silent, begin, end)
        if tag:
            yield Figure(start=tag.start("who"), end=tag.end("who"), label=tag["who"], noun=tag["who"])


def _lead(silent: str, begin: int, end: int) -> int:
    found = _LEAD.match(silent, begin, end)
    return found.end() if found else begin


def _acts(prefix: str, *, begin: int, place: int, places: set[int]) -> bool:
    """Tell whether a name that stands after `prefix` in its clause is the subject."""
    if place in places or (begin == place):
        return not prefix or not _GOVERNS.search(prefix) or prefix.endswith(("时", "后", "时候"))
    if len(prefix) > 14:
        return False
    if _CALLED.search(prefix) or _ARRIVES.search(prefix) or _BRINGS.fullmatch(prefix):
        return True
    return bool(_BEFORE_SUBJECT.search(prefix)) and not _GOVERNS.search(prefix)


def _by_name(silent: str, named: tuple[int, int, str], names: list[tuple[int, int, str]]) -> Iterator[Figure]:
    start, end, name = named
    if silent[start - 1 : start] in ("“", "《", "「") or (
        silent[start - 1 : start] == "：" and not silent[end : end + 1].strip("，。！？；：\n")
    ):
        return  # a name on a list or on an envelope
    owns = bool(_OWNED.match(silent, end))
    if owns or silent[end : end + 1] != "的":
        yield Figure(start=start, end=end, name=name, owns=owns)
    joined = next((one for one in names if one[0] == end + 1 and silent[end] in "和与跟同"), None)
    if joined:
        yield Figure(start=joined[0], end=joined[1], name=joined[2], leads=False)


def _strangers(
    silent: str, span: tuple[int, int], places: set[int], names: list[tuple[int, int, str]]
) -> Iterator[Figure]:
    """Find who is only described: at the head of the clause, or brought in by a number ("坐着一个…男人")."""
    begin, end = span
    taken = [range(start, stop) for start, stop, _ in names]
    opening = next((one for at in sorted(places) if (one := _STRANGER.match(silent, at, end))), None)
    counted = _COUNTED.search(silent, begin, min(end, begin + 200))
    for found in (opening, counted):
        if found is None or any(found.start("noun") in span or found.end() - 1 in span for span in taken):
            continue
        if any(found.end() == start for start, _, _ in names):
            continue  # "法医孟婕" is one person, and has a name
        if silent[found.end() : found.end() + 1] == "的" and not _OWNED.match(silent, found.end()):
            continue
        before = silent[begin : found.start()]
        if found is not opening and not (_ARRIVES.search(before) or before.endswith("有") or _SEEN.search(before)):
            continue
        yield _stranger(found, leads=not _SEEN.search(before))
        return


def _stranger(found: re.Match[str], *, leads: bool) -> Figure:
    mod = found["mod"] or ""
    mod = mod if len(mod) <= 9 and re.match(r"[穿戴披扎背拿提年满瘦高矮胖中白红黑蒙留]", mod) else ""
    noun = found["noun"]
    label = mod + found["adj"] + noun
    count = found.groupdict().get("count")
    fresh = count is None if found.re is _COUNTED else bool(count and count[0] in "一两三几另")
    return Figure(
        start=found.start(),
        end=found.end(),
        label=label,
        noun=noun,
        gender=_GENDER.get(noun, ""),
        fresh=fresh,
        leads=leads,
    )


def gender_of(noun: str) -> str:
    """Return the gender that a noun for a person tells, or ""."""
    return _GENDER.get(noun, "")


def noun_before(text: str) -> str:
    """Return the noun for a person with which these words end, or ""."""
    found = re.search(rf"(?:{NOUNS})$", text)
    return found[0] if found else ""
