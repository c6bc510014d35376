"""A storyboard script: Markdown, shot by shot, written for people and read back into shots.

Law: `parse(render(title, shots, language))` gives the shots back; parsing never fails, it only finds fewer fields.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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
    "原文": "source",
    "景别": "shot_size",
    "机位": "angle",
    "运镜": "movement",
    "景深": "depth_of_field",
    "构图": "composition",
    "光影": "lighting",
    "色调": "colour",
    "角色": "characters",
    "画面": "picture",
    "台词": "dialogue",
    "旁白": "dialogue",
    "音效": "sound",
    "转场": "transition",
    "source": "source",
    "original text": "source",
    "shot type": "shot_size",
    "angle": "angle",
    "movement": "movement",
    "color": "colour",
    "color palette": "colour",
    "picture description": "picture",
    "description": "picture",
    "dialogue": "dialogue",
    "narration": "dialogue",
    "sound effects": "sound",
}
_KEYS = {name: key for key, names in FIELDS.items() for name in names.values()} | _OTHER_NAMES
_BY_NAME = {re.sub(r"\W", "", name.casefold()): key for name, key in _KEYS.items()}
# Patterns are matched against stripped lines and count what they repeat, so that no line is scanned twice.
_HEADING = re.compile(
    r"(#{1,6})?\s{0,3}([*_【\[]{0,3})\s{0,3}(?:镜头|分镜|Shot)\s{0,3}[#：:]?\s{0,3}(\d{1,6})(?!\w)(.*)", re.IGNORECASE
)
# What may follow the number where neither "###" nor "**" says that the line is a heading: "(wide)", "】", nothing.
_BARE_REST = re.compile(r"[\s】\])）*_.、:：—-]*(?:[（(\[【].*)?")
_FIELD = re.compile(
    r"(?:(?:[-*•+]|\d{1,2}[.)、])\s{1,4})?([*_【\[]{0,4})\s{0,4}([^*_:：】\]]{2,24}?)\s{0,4}([*_】\]]{0,4})\s{0,4}[:：](.*)"
)
_SCENE_HEADING = re.compile(r"#{1,2}\s+\S")


@dataclass(frozen=True, slots=True, kw_only=True)
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
    lines = [f"# “{title}”" if _shot_number(f"# {title}") is not None else f"# {title}"]
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
    for line in map(str.strip, script.split("\n")):
        number = _shot_number(line)
        if number is not None:
            shots.append((number, {}))
            current = ""
        elif not shots:
            continue
        elif (found := _FIELD.match(line)) and (key := _key(found[2])):
            shots[-1][1].setdefault(key, []).append(_value(found))
            current = key
        elif current and line and not _SCENE_HEADING.match(line) and line != "---":
            shots[-1][1][current].append(line)
    return [
        Shot(number=number, fields={key: "\n".join(part for part in parts if part) for key, parts in fields.items()})
        for number, fields in shots
    ]


def _shot_number(line: str) -> int | None:
    """Return the number of the shot that this line opens, or None if it opens none."""
    found = _HEADING.match(line)
    if found and (found[1] or found[2] or _BARE_REST.fullmatch(found[4])):
        return int(found[3])
    return None


def _value(found: re.Match[str]) -> str:
    """Return what stands after the colon; only the other half of a decoration opened before the name is taken off."""
    value = found[4].strip()
    if not found[1].strip("【[") or found[3]:
        return value
    return value.lstrip("*_").lstrip() if value[:1] in ("*", "_") else value.rstrip("*_").rstrip()


def _key(name: str) -> str | None:
    return _BY_NAME.get(re.sub(r"\W", "", name.casefold()))
