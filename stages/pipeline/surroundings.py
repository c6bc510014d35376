"""What models say around an answer: a word of welcome before it, a fence, a word of farewell after it.

Law: pure, and linear in the answer's length. Of the answer itself nothing is taken away: where it cannot be told from
what stands around it, all of it stays.
"""

from __future__ import annotations

import re

from stages.pipeline.script import FENCE, RULE, field_in, opens_shot

_AROUND = 4  # so many lines of talk stand before or after the fence that holds the answer
_FAREWELL = re.compile(
    r"[（(*_]{0,3}(?:以上|希望|如需|如果|若需|若有|如有|需要我|请告诉|请随时|这些(?:提示词|描述|镜头)|全部镜头|注[：:]|说明[：:]"
    r"|I hope|Hope|Let me know|Feel free|If you|These (?:prompts|descriptions|shots)|That is all|That's all|Note:)",
    re.IGNORECASE,
)
_LABEL = re.compile(r"[-*•+\s]{0,4}[*_【\[]{0,3}[^\s:：*_】\]]{1,12}[*_】\]]{0,3}\s?[:：]\s{0,3}\S")


def without_surroundings(text: str) -> str:
    """Return the shots of a text and the headings before them, or, if it has none, what its one fence holds."""
    lines = text.split("\n")
    plain = [line.strip() for line in lines]
    opened = [at for at, line in enumerate(plain) if opens_shot(line)]
    if opened:
        begin = next((at for at in range(opened[0]) if plain[at].startswith("#")), opened[0])
        end = _end_of_last(plain, opened[-1])
    elif rows := [at for at, line in enumerate(plain) if line.startswith("|") and line.endswith("|")]:
        begin = next((at for at in range(rows[0]) if plain[at].startswith("#")), rows[0])
        end = rows[-1] + 1
        if any(line.startswith("#") for line in plain[end:]):  # more than a table with talk around it
            return text
    else:
        begin, end = _fenced(plain)
    return "\n".join(lines[begin:end]).strip()


def _end_of_last(lines: list[str], heading: int) -> int:
    """Where the last shot ends: at a fence, at a rule, or at a blank line with talk after it."""
    at = heading + 1
    while at < len(lines) and not lines[at]:
        at += 1
    if at < len(lines) and FENCE.fullmatch(lines[at]):  # the shot itself stands in a fence
        closed = (end for end in range(at + 1, len(lines)) if FENCE.fullmatch(lines[end]))
        return next(closed, len(lines) - 1) + 1
    last = _last_field(lines, heading)
    for end in range(last[0] + 1, len(lines)):
        if FENCE.fullmatch(lines[end]) or RULE.fullmatch(lines[end]):
            return end
        if not lines[end - 1] and lines[end] and _is_talk(lines[end], last[1]):
            return end
    return len(lines)


def _last_field(lines: list[str], heading: int) -> tuple[int, str]:
    """Where the last field of the last shot begins, and which it is; the heading if it has none."""
    for at in range(len(lines) - 1, heading, -1):
        if (found := field_in(lines[at])) is not None:
            return at, found[0]
        if lines[at].startswith("|") and lines[at].endswith("|"):
            return at, "-"
    return heading, ""


def _is_talk(line: str, field: str) -> bool:
    """Whether a paragraph after the last field is none of the shot's: a description or a quote may have several."""
    if _FAREWELL.match(line):
        return True
    return field not in ("", "source") and not _LABEL.match(line) and not line.startswith(("#", "|"))


def _fenced(lines: list[str]) -> tuple[int, int]:
    """The lines inside the one fence of an answer that has little else; all of them if there is no such fence."""
    fences = [at for at, line in enumerate(lines) if FENCE.fullmatch(line)]
    if len(fences) == 2:  # noqa: PLR2004 - one that opens, one that closes
        first, last = fences
        around = [line for line in (*lines[:first], *lines[last + 1 :]) if line]
        if len(around) <= _AROUND and not any(line.startswith("#") for line in around) and last - first > len(around):
            return first + 1, last
    return 0, len(lines)
