"""Turns the shots of a script into image prompts that show the same people and places in every scene.

Law: pure; a person always comes in the words of the bible's look for them, a place in the words of the bible's look.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from stages.pipeline.script import Shot, parse
from stages.providers.offline.bible import load
from stages.providers.offline.light import colour, lighting
from stages.providers.offline.markup import cleared
from stages.providers.offline.people import roster
from stages.providers.offline.phrases import phrases
from stages.providers.offline.storyboard import scene_cast
from stages.providers.offline.view import views

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stages.pipeline.contract import Language
    from stages.providers.offline.people import Person, Roster
    from stages.providers.offline.view import View

_LONGEST = 400
_PEOPLE_LIMIT = 4
_LENSES = {"els": 18, "ls": 24, "fs": 35, "ms": 50, "mcu": 65, "cu": 85, "ecu": 100}  # millimetres, full frame
_QUALITY = {
    "zh": "电影剧照质感，构图干净，细节清晰，人物手部与五官准确，无文字、无水印",
    "en": "cinematic still, clean composition, fine detail, correct hands and faces, no text, no watermark",
}
_STYLE = {"zh": "写实电影风格，细颗粒胶片", "en": "realistic cinema, fine film grain"}
_NAME_END = re.compile(r"[、，,/／;；]|\band\b")


def enhancement(inputs: Mapping[str, Any], language: Language) -> str:
    """Answer the task: a heading and an image prompt for every shot of the script."""
    script = str(inputs.get("script") or "")
    bible = load(str(inputs.get("bible") or ""), language)
    shots = parse(script) or [_whole(script)]
    named = [str(one) for one in inputs.get("characters") or ()]
    starts, text = _laid_out(shots)
    cast = roster(scene_cast(cleared(text), bible, named, language), language)
    seen = views(text or "…", cast, bible.places, language, listed=named)
    begins = [view.beat.start for view in seen]
    style = " ".join(str(inputs.get("style") or bible.style).split()) or _STYLE[language]
    word = "镜头" if language == "zh" else "Shot"
    blocks = []
    for shot, start in zip(shots, starts, strict=True):
        view = seen[max(0, bisect_right(begins, start) - 1)]
        blocks.append(f"### {word} {shot.number}\n{_prompt(shot, view, cast=cast, style=style, language=language)}\n")
    return "\n".join(blocks)


def _whole(script: str) -> Shot:
    """Take a script in a form nobody knows for one shot, without its Markdown."""
    lines = (line.strip(" #*->`|_") for line in script.split("\n"))
    return Shot(number=1, fields={"picture": " ".join(line for line in lines if line)})


def _laid_out(shots: Sequence[Shot]) -> tuple[list[int], str]:
    """Lay the shots' texts out as one scene: where each begins, and the whole."""
    starts, pieces, at = [], [], 0
    for shot in shots:
        piece = (shot.source or shot.fields.get("picture", "")) + "\n"
        starts.append(at)
        pieces.append(piece)
        at += len(piece)
    return starts, "".join(pieces)


def _prompt(shot: Shot, seen: View, *, cast: Roster, style: str, language: Language) -> str:
    """Write one prompt: style, framing, who, what, where, light, colour, quality."""
    get = shot.fields.get
    size = next((key for key, name in phrases(language).SIZE.items() if name == get("shot_size")), "")
    picture = get("picture", "") or shot.source
    place = f"{seen.place_name}{'：' if language == 'zh' else ': '}{seen.place_look}"
    parts = [
        style,
        _joined((get("shot_size", ""), get("angle", ""), _lens(size, language)), language),
        *(_shown(person, language) for person in _people(shot, cast)),
        picture,
        "" if seen.place_look in picture else place,
        get("composition", ""),
        get("depth_of_field", ""),
        get("lighting", "") or lighting(seen, size, language),
        get("colour", "") or colour(seen, language),
        _QUALITY[language],
    ]
    sentences = [" ".join(part.split())[:_LONGEST].strip(" 。.，,；;") for part in parts if part]
    stop = "。" if language == "zh" else ". "
    return stop.join(f"{sentence[:1].upper()}{sentence[1:]}" for sentence in sentences if sentence) + stop.strip()


def _lens(size: str, language: Language) -> str:
    if size not in _LENSES:
        return ""
    return f"{_LENSES[size]}mm 镜头" if language == "zh" else f"{_LENSES[size]}mm lens"


def _shown(person: Person, language: Language) -> str:
    """Write a person in the bible's words, the same in every shot."""
    if not person.look:
        return person.name
    return f"{person.name}（{person.look}）" if language == "zh" else f"{person.name} ({person.look})"


def _people(shot: Shot, cast: Roster) -> list[Person]:
    """Return who is in the picture, in the order the script names them; without that field, who the picture names."""
    named = [name.strip() for name in _NAME_END.split(shot.fields.get("characters", ""))]
    found = [person for name in named if (person := cast.get(name))]
    if not found and "characters" not in shot.fields:
        found = cast.present(shot.fields.get("picture", "") or shot.source)
    return list({person.name: person for person in found}.values())[:_PEOPLE_LIMIT]


def _joined(parts: tuple[str, ...], language: Language) -> str:
    return ("，" if language == "zh" else ", ").join(part for part in parts if part)
