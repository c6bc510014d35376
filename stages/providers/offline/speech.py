"""Finds what is spoken in a text: the spans between quotation marks, and the words that name a speaker.

Law: pure and linear; a quotation that is never closed ends with its line, so that no mark can swallow a scene.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stages.pipeline.contract import Language
    from stages.providers.offline.people import Person

_QUOTE = re.compile(r"“([^”\n]*+)”?|「([^」\n]*+)」?|『([^』\n]*+)』?|\"([^\"\n]*+)\"?")
SPEECH_ZH = (
    r"(?:笑道|问道|答道|说道|喊道|叫道|骂道|叹道|低声道|轻声道|冷笑道|回答|嘟囔|喃喃|吩咐|嘱咐|念道|吼道|开口|接话|"
    r"说|问|答|喊|叫|骂|嚷|吼|念|道)"
)
SPEECH_EN = (
    r"(?:said|says|asked|asks|replied|answered|whispered|shouted|cried|called|muttered|murmured|told|added|began|"
    r"continued|snapped|laughed|sighed|yelled|agreed|admitted|repeated|read)"
)
_ENDING = re.compile(r"[：:，,]\s*$")


@dataclass(frozen=True, slots=True)
class Quote:
    """One spoken span: offsets of the marks in the text, and the words between them."""

    start: int
    end: int
    words: str


def quotes(text: str) -> list[Quote]:
    """Find the spoken spans of a text, in order."""
    return [
        Quote(found.start(), found.end(), next((words for words in found.groups() if words is not None), ""))
        for found in _QUOTE.finditer(text)
    ]


def is_spoken(text: str, quote: Quote, language: Language) -> bool:
    """Tell speech from a quoted word: it ends in a mark of speech, stands after a colon, or is a line of its own."""
    words = quote.words.strip()
    if not words:
        return False
    if words[-1] in "。！？!?…，,.—":
        return True
    before = text[max(0, quote.start - 3) : quote.start]
    return bool(_ENDING.search(before)) or len(words) > (12 if language == "zh" else 40) or not before.strip()


def narration(text: str) -> str:
    """Return the text with everything between quotation marks taken out."""
    return _QUOTE.sub("", text)


def addressed(words: str, mentions: Iterable[tuple[int, int, Person]]) -> set[str]:
    """Return the names of those whom a line calls: a name between marks, or at its beginning or end."""
    return {
        person.name
        for start, end, person in mentions
        if (words[:start].rstrip()[-1:] in ("", "，", ",", "！", "!", "？", "?", "。", ".", "…"))
        and (words[end : end + 1] in ("", "，", ",", "！", "!", "？", "?", "。", ".", "…", "—"))
    }
