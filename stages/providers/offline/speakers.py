"""Says who speaks each line of a scene.

Law: pure; the words beside a line are believed first, then who was addressed, then two people taking turns; nobody
speaks to themselves, and where nothing tells, nobody is named.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stages.providers.offline.speech import SPEECH_EN, SPEECH_ZH, addressed, is_spoken, quotes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stages.pipeline.contract import Language
    from stages.providers.offline.people import Roster
    from stages.providers.offline.reading import Reading
    from stages.providers.offline.speech import Quote

_SAYS = {"zh": re.compile(rf"{SPEECH_ZH}"), "en": re.compile(rf"\b{SPEECH_EN}\b", re.IGNORECASE)}
_TAG_REACH = {"zh": 30, "en": 60}
_BY_SOMEBODY = re.compile(rf"\s*{SPEECH_EN} (?:an?|some\w+|the) ")
_LOOK_BACK = 6
_KIN_ZH = re.compile(r"(?:^|[，。！？…])(?:妈|爸|爹|娘|妈妈|爸爸|奶奶|爷爷|哥|姐|外婆|外公|姥姥)(?=[，。！？…]|$)")


@dataclass(slots=True)
class _Turn:
    """All that is spoken in one paragraph by one mouth."""

    paragraph: int
    speaker: str
    bare: bool
    opens: bool
    to: set[str] = field(default_factory=set)
    to_kin: bool = False
    quotes: list[int] = field(default_factory=list)


def speakers(text: str, cast: Roster, reading: Reading, language: Language) -> dict[int, str]:
    """Return the speaker of each spoken line by its start; "" where nobody can tell."""
    spoken = [quote for quote in quotes(text) if is_spoken(text, quote, language)]
    turns: list[_Turn] = []
    for at, quote in enumerate(spoken):
        following = spoken[at + 1].start if at + 1 < len(spoken) else len(text)
        before = spoken[at - 1].end if at else 0
        name = reading.introduced.get(quote.start) or _beside(text, quote, (before, following), reading)
        paragraph = reading.paragraph(quote.start)
        same = bool(turns) and turns[-1].paragraph == paragraph
        settled = same and turns[-1].quotes[-1] in reading.introduced
        name = turns[-1].speaker if settled else name
        if not same or (name and turns[-1].speaker not in ("", name)):
            bare = not reading.acting(*_paragraph(text, quote))
            opens = not text[_paragraph(text, quote)[0] : quote.start].strip()
            turns.append(_Turn(paragraph, name, bare, opens))
        turns[-1].speaker = turns[-1].speaker or name
        turns[-1].quotes.append(quote.start)
        if quote.start not in reading.introduced:
            turns[-1].to |= addressed(quote.words, cast.mentions(quote.words))
        turns[-1].to_kin |= language == "zh" and bool(_KIN_ZH.search(quote.words))
    _settle(turns, reading)
    return {start: turn.speaker for turn in turns for start in turn.quotes}


def _paragraph(text: str, quote: Quote) -> tuple[int, int]:
    end = text.find("\n", quote.end)
    return text.rfind("\n", 0, quote.start) + 1, end if end >= 0 else len(text)


def _beside(text: str, quote: Quote, between: tuple[int, int], reading: Reading) -> str:
    """Return who speaks by the words of the same paragraph: those that lead in, those that follow, those before."""
    first, last = _paragraph(text, quote)
    lead = text[first : quote.start].rstrip()
    introduced = lead[-1:] in ("：", ":") or (
        lead[-1:] in ("，", ",") and bool(_SAYS[reading.language].search(lead[-24:]))
    )
    before = _nearest(reading, max(first, between[0]), quote.start)
    if introduced and before:
        return before
    reach = min(last, between[1], quote.end + _TAG_REACH[reading.language])
    after = _follows(text, quote, reach, reading)
    tagged = (quote.end, between[0]) if first < between[0] else (quote.end,)
    if not after and any(_BY_SOMEBODY.match(text, at) for at in tagged):
        return ""  # "said a voice behind her"
    return after or before or _nearest(reading, first, quote.start)


def _follows(text: str, quote: Quote, reach: int, reading: Reading) -> str:
    """Return who acts right after a line: in Chinese and after a full stop anybody, else only who says it."""
    acting = reading.acting(quote.end, reach)
    if not acting:
        return ""
    between = text[quote.end : acting[0].start]
    if reading.language == "zh":
        return acting[0].name if len(between) <= 14 and not re.search(r"[。！？]", between) else ""
    if re.search(r"[.!?]", between):
        return ""
    opens = between.strip(" ,") == "" or bool(_SAYS["en"].search(between))
    return acting[0].name if opens else ""


def _nearest(reading: Reading, start: int, end: int) -> str:
    acting = [actor for actor in reading.acting(start, end) if actor.figure.leads]
    return acting[-1].name if acting else ""


def _settle(turns: Sequence[_Turn], reading: Reading) -> None:
    """Give the lines that stand alone to who was addressed, then to who takes turns."""
    for at, turn in enumerate(turns):
        if not turn.speaker and turn.bare:
            turn.speaker = _answering(turns, at, reading) or _taking_turns(turns, at, reading)
    for at in range(len(turns) - 2, -1, -1):
        turn, following = turns[at], turns[at + 1]
        if not turn.speaker and turn.bare and following.speaker and following.opens and _adjoin(turn, following):
            name = _partner(turns, at, following.speaker, reading)
            clashes = at > 0 and _adjoin(turns[at - 1], turn) and turns[at - 1].speaker == name
            turn.speaker = "" if clashes else name
    for turn in turns:
        if turn.speaker in turn.to:
            turn.speaker = ""


def _adjoin(one: _Turn, other: _Turn) -> bool:
    return other.paragraph - one.paragraph == 1


def _answering(turns: Sequence[_Turn], at: int, reading: Reading) -> str:
    """Return who was addressed in the line just before, or the only one there who can address their mother."""
    before = turns[at - 1] if at else None
    if before and _adjoin(before, turns[at]) and len(before.to) == 1:
        name = next(iter(before.to))
        if name != before.speaker and name not in turns[at].to and name in reading.company:
            return name
    recent = reading.last(turns[at].quotes[0], 3)
    follows_speech = before is not None and _adjoin(before, turns[at])
    if turns[at].to and not follows_speech and recent and recent[0] not in turns[at].to:
        return recent[0]  # who has just acted calls somebody else
    return recent[0] if turns[at].to_kin and len(recent) == 1 else ""


def _taking_turns(turns: Sequence[_Turn], at: int, reading: Reading) -> str:
    before = turns[at - 1] if at else None
    if before and before.speaker and _adjoin(before, turns[at]):
        name = _partner(turns, at, before.speaker, reading)
        following = turns[at + 1] if at + 1 < len(turns) else None
        clashes = following is not None and _adjoin(turns[at], following) and following.speaker == name
        return "" if clashes else name  # nobody takes two turns in a row, so one of the two is not theirs
    return ""


def _partner(turns: Sequence[_Turn], at: int, speaker: str, reading: Reading) -> str:
    """Return who talks with this speaker here: the other of the last or next lines, or the only other one there."""
    turn = turns[at]
    excluded = {speaker, *turn.to}
    since = reading.since(turn.quotes[0])
    earlier = [one.speaker for one in reversed(turns[max(0, at - _LOOK_BACK) : at]) if one.quotes[0] >= since]
    later = [one.speaker for one in turns[at + 1 : at + 3] if one.opens and one.paragraph - turn.paragraph <= 2]
    spoke = [name for name in (*later[:1], *earlier, *later[1:]) if name and name not in excluded]
    company = [name for name in reading.last(turn.quotes[0], 9, turn.quotes[0] - since) if name not in excluded]
    company = company or [name for name in reading.listed if name not in excluded]
    if spoke:
        return spoke[0] if len(set(spoke)) == 1 or spoke[0] in earlier[:2] or spoke[0] in company[:1] else ""
    addressed_before = [name for one in turns[max(0, at - 2) : at] for name in one.to if name not in excluded]
    return addressed_before[0] if addressed_before else company[0] if len(company) == 1 else ""
