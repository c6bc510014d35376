"""Finds who acts in each clause of the narration: a person by name, "he" or "she", or somebody only described.

Law: pure and linear; only the subject of a clause acts in it, never a name that is merely in its way.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stages.providers.offline import figures_en, figures_zh
from stages.providers.offline.beats import is_heading
from stages.providers.offline.speech import is_spoken, quotes

if TYPE_CHECKING:
    from stages.pipeline.contract import Language
    from stages.providers.offline.figure import Figure
    from stages.providers.offline.people import Roster

_ABBREVIATED = re.compile(r"\b(Mr|Mrs|Ms|Dr|St|Prof|Capt|Lt|Sgt|Col|Gen|Rev)\.")
_SHORT_LINE = re.compile(r"^[^\n”]{1,60}$", re.MULTILINE)
HUSH = "”"


def hushed(text: str, language: Language) -> str:
    """Blot out what is spoken, length kept, so that nobody acts in another's words."""
    pieces, at = [], 0
    for quote in quotes(text):
        if is_spoken(text, quote, language):
            pieces += [text[at : quote.start], HUSH * (quote.end - quote.start)]
            at = quote.end
    silent = "".join([*pieces, text[at:]])
    silent = _SHORT_LINE.sub(lambda found: HUSH * len(found[0]) if is_heading(found[0] + "\n") else found[0], silent)
    return _ABBREVIATED.sub(lambda found: f"{found[1]}\u2024", silent) if language == "en" else silent


def figures(text: str, cast: Roster, language: Language) -> list[Figure]:
    """Find the figures of a text, in order."""
    silent = hushed(text, language)
    mentions = {start: (end, person.name) for start, end, person in cast.mentions(silent.replace("\u2024", "."))}
    return figures_zh.find(silent, mentions) if language == "zh" else figures_en.find(silent, mentions)
