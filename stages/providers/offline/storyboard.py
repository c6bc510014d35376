"""Makes a scene's storyboard: beats become views, views become shots with all their fields.

Law: pure; the shots' source texts, joined, are the scene's text, and every shot has every field.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stages.pipeline.script import FIELDS, Shot, render
from stages.providers.offline.bible import load
from stages.providers.offline.camera import Camera, camera_fields
from stages.providers.offline.light import light_fields
from stages.providers.offline.markup import cleared
from stages.providers.offline.people import Person, find_people, roster
from stages.providers.offline.picture import picture
from stages.providers.offline.view import View, views
from stages.providers.offline.voices import Line, fitting_cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stages.pipeline.contract import Language
    from stages.providers.offline.bible import Bible
    from stages.providers.offline.camera import Plan


def storyboard(inputs: Mapping[str, Any], language: Language) -> str:
    """Answer the task: the script of one scene."""
    text = str(inputs.get("text") or "")
    number = int(inputs.get("number") or 1)
    name = " ".join(str(inputs.get("title") or "").split())
    bible = load(str(inputs.get("bible") or ""), language)
    named = [str(one) for one in inputs.get("characters") or ()]
    cast = scene_cast(cleared(text), bible, named, language)
    seen = views(text, roster(cast, language), bible.places, language, listed=named)
    camera = Camera(language)
    shots = []
    for at, view in enumerate(seen):
        plan = camera.plan(view, seen[at + 1] if at + 1 < len(seen) else None)
        fields = {
            "source": view.beat.text.strip(),
            "picture": picture(view, plan, at, language),
            "characters": _characters(view, plan, language),
            "dialogue": _dialogue(view, language),
            **camera_fields(plan, view, language),
            **light_fields(view, plan.size, language),
        }
        shots.append(Shot(number=at + 1, fields={key: fields[key] for key in FIELDS}))
    title = f"场景 {number}：{name}" if language == "zh" else f"Scene {number}: {name}"
    return render(title, shots or [_blank(language)], language)


def scene_cast(text: str, bible: Bible, named: Sequence[str], language: Language) -> list[Person]:
    """Return the cast that this scene may show: the bible's, those the plan names, and whom the text shows itself."""
    known = {person.name for person in bible.people} | {alias for person in bible.people for alias in person.aliases}
    extra = [Person(name=name) for name in dict.fromkeys(named) if name.strip() and name not in known]
    cast = [*bible.people, *extra]
    settled = cast if len(bible.people) >= 2 else find_people(text, language, cast)
    return fitting_cast(settled, named)


def _characters(view: View, plan: Plan, language: Language) -> str:
    """Name who is in the picture, the shoulder in the foreground too."""
    beside = [view.voices.other] if plan.composition in ("two", "ots") and view.voices.other else []
    people = list(dict.fromkeys([*view.voices.people, *beside]))
    if people:
        return ("、" if language == "zh" else ", ").join(people)
    if view.voices.lines:
        return "未点明" if language == "zh" else "Not named"
    if view.has_somebody:
        return "未点明" if language == "zh" else "Not named"
    return "无（空镜）" if language == "zh" else "None"


def _dialogue(view: View, language: Language) -> str:
    """Write the lines with their speakers, or the narrator's voice where the picture alone cannot tell."""
    zh = language == "zh"
    if view.voices.lines:
        return (" ／ " if zh else " / ").join(_line(line, zh=zh) for line in _breaths(view.voices.lines, zh=zh))
    told = " ".join(view.plain.split())
    if view.kind == "card" and told:
        return f"字幕：{told}" if zh else f"Title: {told}"
    if view.kind == "thought":
        return f"旁白：{told}" if zh else f"Narrator: {told}"
    return "无台词" if zh else "No dialogue"


def _breaths(lines: Sequence[Line], *, zh: bool) -> list[Line]:
    """Join what one speaker says on both sides of "he said"."""
    joined: list[Line] = []
    for line in lines:
        if joined and joined[-1].speaker == line.speaker:
            before = joined[-1].words
            before = f"{before[:-1]}." if before.endswith(",") and line.words[:1].isupper() else before
            joined[-1] = Line(line.speaker, before + ("" if zh else " ") + line.words)
        else:
            joined.append(line)
    return [Line(line.speaker, line.words.rstrip(",，")) for line in joined]


def _line(line: Line, *, zh: bool) -> str:
    if zh:
        return f"{line.speaker or '未点明'}：“{line.words}”"
    speaker = line.speaker or "Unnamed"
    return f"{speaker[:1].upper()}{speaker[1:]}: “{line.words}”"


def _blank(language: Language) -> Shot:
    """Return the one shot of a scene without text."""
    empty = next(iter(views("…", roster((), language), (), language)))
    plan = Camera(language).plan(empty, None)
    fields = {
        "source": "",
        "picture": picture(empty, plan, 0, language),
        "characters": _characters(empty, plan, language),
        "dialogue": "无台词" if language == "zh" else "No dialogue",
        **camera_fields(plan, empty, language),
        **light_fields(empty, plan.size, language),
    }
    return Shot(number=1, fields={key: fields[key] for key in FIELDS})
