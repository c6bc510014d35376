"""A storyboard script: Markdown, shot by shot, written for people and read back into shots.

Law: `parse(render(title, shots, language))` gives the shots back; parsing never fails, it only finds fewer fields.
"""

from __future__ import annotations

import re
from dataclasses import field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from eventlog.values import frozen
from stages.pipeline.tables import unfold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stages.pipeline.contract import Language

FIELDS: Mapping[str, Mapping[Language, str]] = {
    "source": {"zh": "镜头原文", "en": "Source text"},
    "shot_size": {"zh": "镜头类型", "en": "Shot size"},
    "angle": {"zh": "机位角度", "en": "Camera angle"},
    "movement": {"zh": "镜头运动", "en": "Camera movement"},
    "depth_of_field": {"zh": "景深效果", "en": "Depth of field"},
    "composition": {"zh": "构图要点", "en": "Composition"},
    "lighting": {"zh": "光影设计", "en": "Lighting"},
    "colour": {"zh": "色彩基调", "en": "Colour"},
    "characters": {"zh": "镜头角色", "en": "Characters"},
    "picture": {"zh": "画面描述", "en": "Picture"},
    "dialogue": {"zh": "台词/旁白", "en": "Dialogue/narration"},
    "sound": {"zh": "音效提示", "en": "Sound"},
    "transition": {"zh": "转场方式", "en": "Transition"},
}
# What models write instead; every name is compared without case, spaces and decoration.
_OTHER_NAMES = {
    **dict.fromkeys(("原文", "对应原文", "场景原文", "原文内容", "原文文本"), "source"),
    **dict.fromkeys(("景别", "镜头景别", "镜头大小"), "shot_size"),
    **dict.fromkeys(("机位", "角度", "拍摄角度", "镜头角度", "视角"), "angle"),
    **dict.fromkeys(("运镜", "运镜方式", "运动", "摄影机运动", "镜头运动方式"), "movement"),
    "景深": "depth_of_field",
    "构图": "composition",
    **dict.fromkeys(("光影", "光线", "灯光", "光影效果"), "lighting"),
    **dict.fromkeys(("色调", "色彩"), "colour"),
    **dict.fromkeys(("角色", "人物", "出场角色", "出镜角色", "镜头人物"), "characters"),
    **dict.fromkeys(("画面", "画面内容", "镜头描述", "内容描述", "场景描述"), "picture"),
    **dict.fromkeys(("台词", "旁白", "对白", "对话", "对白旁白", "台词对白"), "dialogue"),
    **dict.fromkeys(("音效", "声音", "音乐音效", "声效"), "sound"),
    **dict.fromkeys(("转场", "过渡", "切换方式"), "transition"),
    **dict.fromkeys(("source", "original text", "story text"), "source"),
    **dict.fromkeys(("shot type", "framing"), "shot_size"),
    "angle": "angle",
    "movement": "movement",
    "focus": "depth_of_field",
    "light": "lighting",
    **dict.fromkeys(("color", "colors", "colours", "color palette", "colour palette"), "colour"),
    "character": "characters",
    **dict.fromkeys(("picture description", "description", "visual", "visual description"), "picture"),
    **dict.fromkeys(("dialogue", "dialog", "narration", "voice over"), "dialogue"),
    **dict.fromkeys(("sound effects", "audio", "sfx"), "sound"),
    "transitions": "transition",
}
# What models add of their own; it is no part of the field before it.
_ADDED = ("时长", "镜头时长", "镜号", "镜头编号", "编号", "备注", "duration", "shot number", "notes", "note")
_KEYS = {name: key for key, names in FIELDS.items() for name in names.values()} | _OTHER_NAMES
_BY_NAME = {re.sub(r"\W", "", name.casefold()): key for name, key in _KEYS.items()} | dict.fromkeys(
    (name.replace(" ", "") for name in _ADDED), ""
)
_NUMBER = r"\d{1,6}|[一二三四五六七八九十]{1,3}"
_NUMERALS = "零一二三四五六七八九"
# Patterns are matched against stripped lines and count what they repeat, so that no line is scanned twice.
# "镜头 3", "Shot 3", "分镜三", "镜号：3", "第3镜", "第三个镜头": the number stands in one of two places.
NUMBERED = (
    r"(?:(?:镜头|分镜头?|Shot|(?P<label>镜号|镜头编号|镜头序号))\s{0,3}[#：:]?\s{0,3}"
    rf"(?P<after>{_NUMBER})(?!\w)"
    rf"|第\s{{0,3}}(?P<within>{_NUMBER})\s{{0,3}}个?\s{{0,3}}(?:分镜头|镜头|分镜|镜)(?!\w))"
)
# What may stand before the word: a list's mark, "###", "**", "1.", "🎬"; and "**" once more after these.
BEFORE = (
    r"(?P<bullet>[-*•+]\s{1,3})?(?P<mark>#{1,6})?\s{0,3}(?P<bold>[*_【\[]{0,3})\s{0,3}"
    r"(?:\d{1,3}[.)、．）]|[（(]\d{1,3}[)）]|[\u2190-\u2bff\U0001f000-\U0001faff\ufe0f\u200d]{1,4})?"
    r"\s{0,3}(?P<inner>[*_【\[]{0,3})\s{0,3}"
)
_HEADING = re.compile(rf"{BEFORE}{NUMBERED}(?P<rest>.*)", re.IGNORECASE)
# What may follow the number where neither "###" nor "**" says that the line is a heading: "(wide)", "】", nothing.
_BARE_REST = re.compile(r"[\s】\])）*_.、:：—-]*(?:[（(\[【].*)?")
_TITLED_REST = re.compile(r"\s{0,3}[：:·—–-].*[*_】\]]")
_MARKS = r"(?:(?:[-*•+]|\d{1,2}[.)、])\s{1,4})"
_FIELD = re.compile(
    rf"{_MARKS}?([*_【\[]{{0,4}})\s{{0,4}}([^*_:：】\]]{{2,24}}?)\s{{0,4}}([*_】\]]{{0,4}})\s{{0,4}}[:：](.*)"
)
# Names that stand without a colon: "#### 镜头原文", "【镜头原文】门开了。", "- **景别** 特写", "- 景别 —— 特写".
_UNCOLONED = re.compile(
    rf"#{{1,6}}\s{{1,4}}[*_【\[]{{0,3}}(?P<headed>[^*_:：】\]]{{2,24}})[*_】\]]{{0,3}}$"
    rf"|{_MARKS}?(?:【|\*\*|\[)(?P<boxed>[^*_:：】\]]{{2,24}})(?:】|\*\*|\])(?P<after_box>.*)"
    rf"|{_MARKS}(?P<dashed>[^*_:：】\]—–]{{2,24}}?)\s{{0,4}}[—–]{{1,2}}(?P<after_dash>.*)"
)
_NO_LETTERS = re.compile(r"\W")
_LEADING_NUMBER = re.compile(r"[\d①-⑳]{1,3}")
_BRACKETED = re.compile(r"[（(][^（()）]{0,20}[)）]?")
_SCENE_HEADING = re.compile(r"#{1,2}\s+\S")
RULE = re.compile(r"-{3,}|\*{3,}|_{3,}|—{3,}")
FENCE = re.compile(r"(?:`{3,}|~{3,})[\w+.-]*")


@frozen
class Shot:
    """One shot: its number in the script (1-based) and its fields by key of FIELDS; a missing field is absent."""

    number: int
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def source(self) -> str:
        """The piece of the story that this shot shows."""
        return self.fields.get("source", "")


def render(title: str, shots: Sequence[Shot], language: Language) -> str:
    """Write a script: a heading for the scene, then one block a shot with its fields in the order of FIELDS."""
    word, colon = ("镜头", "：") if language == "zh" else ("Shot", ": ")
    title = _one_line(title)
    lines = [f"# “{title}”" if opens_shot(f"# {title}") else f"# {title}"]
    for shot in shots:
        lines += ["", f"### {word} {shot.number}"]
        for key in FIELDS:
            if key in shot.fields:
                lines.append(f"- {FIELDS[key][language]}{colon}{_one_line(shot.fields[key])}")
    return "\n".join(lines) + "\n"


def _one_line(value: str) -> str:
    return " ".join(value.split())


def parse(script: str) -> list[Shot]:
    """Read the shots of a script, tolerant of the decorations models add; text before the first shot is ignored."""
    shots: list[tuple[int, dict[str, list[str]]]] = []
    current = ""
    for line in unfold([line.strip() for line in script.split("\n")], _field_name):
        heading = _heading(line)
        if heading is not None and not (shots and _only_repeats(heading, *shots[-1])):
            shots.append((number_of(heading), {}))
            current = ""
        elif not shots:
            continue
        elif (found := field_in(line)) is not None:
            current, value = found
            if current:
                shots[-1][1].setdefault(current, []).append(value)
        elif _SCENE_HEADING.match(line):
            current = ""
        elif current and line and not RULE.fullmatch(line) and not FENCE.fullmatch(line):
            shots[-1][1][current].append(line)
    return [
        Shot(number=number, fields={key: "\n".join(part for part in parts if part) for key, parts in fields.items()})
        for number, fields in shots
    ]


def in_order(shots: Sequence[Shot]) -> list[Shot]:
    """The shots as they are numbered, or counted from 1 where a number does not follow the one before it."""
    numbers = [shot.number for shot in shots]
    if all(before < after for before, after in pairwise(numbers)):
        return list(shots)
    return [replace(shot, number=number) for number, shot in enumerate(shots, 1)]


def opens_shot(line: str) -> bool:
    """Whether this stripped line is the heading of a shot."""
    return _heading(line) is not None


def _heading(line: str) -> re.Match[str] | None:
    """The heading of a shot that this line is, if it is one."""
    can_be = "镜" in line or "hot" in line.lower()  # most lines are none, and the pattern takes ten times as long
    found = _HEADING.match(line) if can_be else None
    if found is None:
        return None
    is_bold = found["bold"] or found["inner"]
    if found["mark"] or (is_bold and not found["bullet"]) or _BARE_REST.fullmatch(found["rest"]):
        return found
    return found if is_bold and _TITLED_REST.fullmatch(found["rest"]) else None


def _only_repeats(heading: re.Match[str], number: int, fields: Mapping[str, object]) -> bool:
    """Whether "镜号：1" is no heading but a field of the shot that has it: its number, or its first line."""
    return bool(heading["label"]) and (number_of(heading) == number or not fields)


def field_in(line: str) -> tuple[str, str] | None:
    """The key of the field that begins on this stripped line ("" for one that is left out), and its value."""
    if (found := _FIELD.match(line)) and (key := _key(found[2])) is not None:
        return key, _value(found)
    if found := _UNCOLONED.match(line):
        key = _key(found["headed"] or found["boxed"] or found["dashed"])
        if key is not None:
            return key, (found["after_box"] or found["after_dash"] or "").strip()
    return None


def number_of(found: re.Match[str]) -> int:
    """The number that NUMBERED found; 一 to 九十九 are read as well."""
    said = found["after"] or found["within"]
    if said.isdecimal():
        return int(said)
    tens, ten, ones = said.rpartition("十")
    return (_NUMERALS.find(tens or "一") * 10 if ten else 0) + (_NUMERALS.find(ones) if ones else 0)


def _value(found: re.Match[str]) -> str:
    """Return what stands after the colon; only the other half of a decoration opened before the name is taken off."""
    value = found[4].strip()
    if not found[1].strip("【[") or found[3]:
        return value
    return value.lstrip("*_").lstrip() if value[:1] in ("*", "_") else value.rstrip("*_").rstrip()


def _key(name: str) -> str | None:
    """The field that a name means, "" for one that is left out.

    Neither brackets after it ("景别（镜头类型）") nor a number before it ("1.景别", "①景别") count.
    """
    plain = _plain(name)
    return _BY_NAME[plain] if plain in _BY_NAME else _BY_NAME.get(_plain(_BRACKETED.sub("", name)))


def _plain(name: str) -> str:
    return _LEADING_NUMBER.sub("", _NO_LETTERS.sub("", name.casefold()))


def _field_name(name: str) -> str:
    key = _key(name)
    return FIELDS[key]["zh"] if key else ""
