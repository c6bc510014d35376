"""Chooses the tables of phrases for a language.

Law: pure; the two modules of phrases have the same tables with the same keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from stages.providers.offline import phrases_en, phrases_zh

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stages.pipeline.contract import Language

INTERIORS = frozenset(
    {
        "lighthouse",
        "home",
        "kitchen",
        "shop",
        "post",
        "vehicle",
        "hospital",
        "school",
        "office",
        "temple",
        "ship",
        "factory",
        "cellar",
    }
)


class Phrases(Protocol):
    """The tables that both languages have."""

    SIZE: Mapping[str, str]
    ANGLE: Mapping[str, str]
    MOVEMENT: Mapping[str, str]
    DEPTH: Mapping[str, str]
    COMPOSITION: Mapping[str, str]
    SIDE: Mapping[str, str]
    LIGHT: Mapping[str, str]
    WEATHER_LIGHT: Mapping[str, str]
    SOURCE_LIGHT: Mapping[str, str]
    FACE_LIGHT: Mapping[str, str]
    COLOUR: Mapping[str, str]
    WEATHER_COLOUR: Mapping[str, str]
    MOOD_COLOUR: Mapping[str, str]
    PERFORMANCE: Mapping[str, tuple[str, ...]]
    SOUND: Mapping[str, str]
    ROOM_TONE: Mapping[str, str]
    TRANSITION: Mapping[str, str]
    PLACE_NAME: Mapping[str, str]
    PLACE_LOOK: Mapping[str, str]
    TIME_NAME: Mapping[str, str]
    WEATHER_NAME: Mapping[str, str]
    SEASON_NAME: Mapping[str, str]
    MOOD_NAME: Mapping[str, str]
    OBJECT_NAME: Mapping[str, str]


def phrases(language: Language) -> Phrases:
    """Return the tables of a language."""
    return phrases_zh if language == "zh" else phrases_en
