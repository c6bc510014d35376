"""Reads the cues in a text: which words of the director's vocabulary stand where.

Law: pure and linear in the text; a cue is a word of `words_zh.py` or `words_en.py`, nothing is guessed here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stages.providers.offline import words_en, words_zh

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stages.pipeline.contract import Language

Meanings = dict[str, list[tuple[str, str]]]

# Words that contain a cue and mean something else.
_NOT_CUES_TEXT = (
    "相信 信心 信任 自信 迷信 信号 信用 马上 马马虎虎 风景 威风 风格 风筝 风险 作风 风气 雪亮 雪白 打算 打听 打扮 "
    "打招呼 打电话 打扫 打扰 打断 "
    "打交道 打转 打湿 打滚 枪毙 秘书 书记 文书 走廊 灯谜 急忙 急诊 站长 站起 车站 火车站 好笑 可笑 玩笑 琴键 大抵 "
    "冲着 递给 白雪公主 "
    "洗得发白 "
    "雾散 雨停 风停 雪停 雾退 一边 看来 看样子 恨不得 拿手 爱人 可爱 亲爱 爱好 坐标 躺椅 写字台 信箱 信号灯 船长 "
    "船员 船夫 船票 船工 灯塔 打湿 立刻 立即 "
    "成立 独立 念头 想念 纪念 意念 观念 接着 冲洗 放心 放学 放假 存放 摸样 掏钱 走私 睡衣 立场 停靠 可靠 洗礼 倒是 "
    "反倒 倒霉 追求 "
    "追问 按照 按时 提起 提醒 提前 提出 前提 问题 话题 打折 挥手 扑通 夺目 瞎闯 慌忙 乐意 音乐 修长 立春 立夏 立秋 "
    "起身 一封 站在 看守 "
    "面容 车上 掌声 拿主意 抱怨 抱歉 拾级 放下心 心里话 推开 敲钟 刀子嘴 枪炮 信不信 信教 信佛 急救 河马 马路 马虎 "
    "钢琴 江湖 急速 跑调 走神 走样 走音 划算 计划 走运 打工 火车票 开水 打烊 雨花石 马尾 马桶 马甲 罗马 斑马 人马"
)
_NOT_CUES = tuple(_NOT_CUES_TEXT.split())
# Categories in which "like a …" makes a word say nothing about the picture.
_LIKENED = ("place", "time", "weather", "season", "object", "sound", "action")
_LIKE_ZH = re.compile(r"(?:[像似]|如(?!果|何|今)|仿佛|宛若|犹如)[^，。！？；\n]*$")
_LIKE_EN = re.compile(r"\b(?:like|as \w+ as|as if|as though) (?:an? |the )?(?:[\w-]+ ){0,2}$")
_COMPOUND_EN = re.compile(
    r" (?:clocks?|doors?|windows?|lamps?|tickets?|drivers?|boys?|girls?|bags?|bells?|keys?|lights?|master|keeper|"
    r"walls?|papers?|floors?|legs|gear|pads?|benches|bench|chairs?)\b"
)
_SINGLE = {
    "雨": "下大小暴细冷夜春秋骤急阵中冒淋躲避场的在是被了着风秋冬夏听看等",
    "雪": "下大小飘积白落踏的在风厚残着了是初冒冰扫",
    "雾": "大浓薄晨起的在了着是海江白雨有",
    "风": "大北南东西海晚夜寒冷江山秋春狂起的吹阵微刮有着了是被在",
}
_AFTER_A_BREAK = frozenset(["房里", "店里", "车里", "城里", "屋里", "舱里", "院里", "庙里", "塔里", "田里", "村里"])
_BREAKS = "在到进回往从上出着了的这那和与向朝离过老大小旧新破住间个"
_MODIFIES = re.compile(r"[里上中外内边旁]?(?:的[一-龥]{1,6}|[后前旁]?[一-龥]?有[一两][座片家间条个][一-龥]{1,5})")
_EN_WORD = re.compile(r"[A-Za-zé]+(?:[-'’][A-Za-z]+)*")


@dataclass(frozen=True, slots=True)
class Hit:
    """One word of the vocabulary, as it stands in the text."""

    category: str
    value: str
    word: str
    at: int


@dataclass(frozen=True, slots=True)
class Cues:
    """The cues of one piece of text, in order of appearance."""

    hits: tuple[Hit, ...]

    def values(self, category: str) -> list[str]:
        """Return the different values of a category, first come first."""
        return list(dict.fromkeys(hit.value for hit in self.hits if hit.category == category))

    def first(self, category: str) -> str:
        """Return the first value of a category, or ""."""
        return next((hit.value for hit in self.hits if hit.category == category), "")

    def last(self, category: str) -> str:
        """Return the last value of a category, or ""."""
        return next((hit.value for hit in reversed(self.hits) if hit.category == category), "")

    def words(self, category: str) -> list[str]:
        """Return the words of a category as they stand in the text, each once."""
        return list(dict.fromkeys(hit.word for hit in self.hits if hit.category == category))

    def most(self, category: str) -> str:
        """Return the most frequent value of a category (of equals, the first), or ""."""
        counts: dict[str, int] = {}
        for hit in self.hits:
            if hit.category == category:
                counts[hit.value] = counts.get(hit.value, 0) + 1
        return max(counts, key=lambda value: counts[value]) if counts else ""

    def has(self, category: str, *values: str) -> bool:
        """Tell whether the category appears, with one of `values` if any are named."""
        return any(hit.category == category and (not values or hit.value in values) for hit in self.hits)

    def word_of(self, category: str, value: str) -> str:
        """Return the longest word that stood for this value, or ""."""
        return max(
            (hit.word for hit in self.hits if (hit.category, hit.value) == (category, value)), key=len, default=""
        )


def _meanings(cues: Mapping[str, Mapping[str, str]]) -> Meanings:
    meanings: Meanings = {}
    for category, values in cues.items():
        for value, words in values.items():
            for word in words.split():
                meanings.setdefault(word.replace("_", " "), []).append((category, value))
    return meanings


_ZH = _meanings(words_zh.CUES)
_EN = _meanings(words_en.CUES)
_PLACES_ZH = frozenset(word for word, meant in _ZH.items() if any(category == "place" for category, _ in meant))
_ZH_WORDS = re.compile("|".join(sorted({*_ZH, *_NOT_CUES}, key=lambda word: (-len(word), word))))


def scan(text: str, language: Language) -> Cues:
    """Read the cues of a text."""
    return Cues(tuple(_scan_zh(text) if language == "zh" else _scan_en(text)))


def _scan_zh(text: str) -> Iterable[Hit]:
    for found in _ZH_WORDS.finditer(text):
        meant = _ZH.get(found[0], ())
        if meant and not _stands_zh(text, found):
            continue
        for category, value in meant:
            if category not in _LIKENED or not _LIKE_ZH.search(text, max(0, found.start() - 12), found.start()):
                yield Hit(category, value, found[0], found.start())


def _scan_en(text: str) -> Iterable[Hit]:
    before = ""
    for found in _EN_WORD.finditer(text):
        token = found[0].casefold().replace("’", "'")
        phrase = f"{before} {token}"
        word = phrase if phrase in _EN else next((stem for stem in _stems(token) if stem in _EN), "")
        meant = _EN.get(word, ())
        likened = bool(meant) and bool(_LIKE_EN.search(text, max(0, found.start() - 40), found.start()))
        for category, value in meant:
            of_thing = category == "place" and _COMPOUND_EN.match(text, found.end())
            if not of_thing and not (likened and category in _LIKENED):
                yield Hit(category, value, word, found.start())
        before = token


def _stands_zh(text: str, found: re.Match[str]) -> bool:
    """Tell whether a word stands for itself: 房里 in 门房里 does not, nor 渡口 in 渡口的客栈, nor 雨 in 碧雨."""
    word, before = found[0], text[found.start() - 1 : found.start()]
    if word in _SINGLE and before and "一" <= before <= "龥" and before not in _SINGLE[word]:
        return False
    if word in _AFTER_A_BREAK and "一" <= before <= "龥" and before not in _BREAKS:
        return False
    is_place = any(category == "place" for category, _ in _ZH[word])
    chain = _MODIFIES.match(text, found.end()) if is_place else None
    return not (chain and any(part in _PLACES_ZH for part in _parts(chain[0])))


def _parts(words: str) -> Iterable[str]:
    return (words[at : at + size] for at in range(len(words)) for size in (2, 3, 4))


def _stems(token: str) -> Iterable[str]:
    """Yield the token and the base forms it may come from, likeliest first."""
    yield token
    if token.endswith("'s"):
        yield token[:-2]
    if token.endswith("s"):
        yield token[:-1]
        yield token[:-2]
    for ending in ("ed", "ing"):
        if token.endswith(ending) and len(token) > len(ending) + 2:
            stem = token[: -len(ending)]
            yield stem
            yield stem + "e"
            if stem[-1] == stem[-2]:
                yield stem[:-1]
            if stem[-1] == "i":
                yield stem[:-1] + "y"
