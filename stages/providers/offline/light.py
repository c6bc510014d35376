"""Writes light, colour and sound for a shot.

Law: pure; light has a source in the picture, colour follows hour, weather and mood, sound follows what is seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stages.providers.offline.phrases import phrases

if TYPE_CHECKING:
    from stages.pipeline.contract import Language
    from stages.providers.offline.view import View

_CLOSE = ("mcu", "cu", "ecu")


def light_fields(view: View, size: str, language: Language) -> dict[str, str]:
    """Write lighting, colour and sound of one shot."""
    return {
        "lighting": lighting(view, size, language),
        "colour": colour(view, language),
        "sound": _sound(view, language),
    }


def lighting(view: View, size: str, language: Language) -> str:
    """Write the light: the hour outside or inside, the weather, the lamp in the frame, the face."""
    tables = phrases(language)
    dim = view.where == "in" or view.time in ("night", "dusk", "dawn")
    source = (
        ""
        if not dim
        else next(
            (tables.SOURCE_LIGHT[value] for value in view.cues.values("object") if value in tables.SOURCE_LIGHT), ""
        )
    )
    base = tables.LIGHT[f"{view.where} {view.time}"]
    weather = (
        tables.WEATHER_LIGHT.get(view.weather, "") if view.where == "out" or view.weather in ("storm", "moon") else ""
    )
    if size in _CLOSE and view.voices.people:
        face = tables.FACE_LIGHT[view.mood]
        parts = [face, source] if source else [face, weather or base]
    else:
        parts = [base, source or weather]
    return _listed(parts, language)


def colour(view: View, language: Language) -> str:
    """Write the palette of the shot."""
    tables = phrases(language)
    parts = [
        tables.COLOUR[view.time],
        tables.WEATHER_COLOUR.get(view.weather, ""),
        tables.MOOD_COLOUR.get(view.mood, ""),
    ]
    return _listed(parts, language)


def _sound(view: View, language: Language) -> str:
    """Write what is heard: at most two things of the shot over the tone of the place."""
    tables = phrases(language)
    walks = view.voices.people and not view.voices.lines and view.cues.has("action", "walk", "run")
    values = [*view.cues.values("sound"), *(["steps"] if walks and view.kind in ("travel", "action") else [])]
    heard = [tables.SOUND[value] for value in values][:2]
    tone = tables.ROOM_TONE.get(view.place, "") or tables.ROOM_TONE[""]
    if view.mood == "quiet" and not heard:
        tone = f"几乎静默，只留{tone}" if language == "zh" else f"near silence under {tone}"
    if view.voices.lines:
        under = f"{tone}垫底，人声在前" if language == "zh" else f"voices in front, {tone} beneath"
        return _listed([*heard[:1], under], language)
    return _listed([*heard, tone], language)


def _listed(parts: list[str], language: Language) -> str:
    kept = [part for part in parts if part]
    joined = ("，" if language == "zh" else ", ").join(dict.fromkeys(kept))
    return joined[:1].upper() + joined[1:] if language == "en" else joined
