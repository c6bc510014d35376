"""What the picture descriptions of a scene must be: one for each shot of its script, in order, once.

Law: pure, and linear in the answer's length: no line is scanned twice.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stages.pipeline.contract import Brief, Violation
from stages.pipeline.script import BEFORE, FENCE, NUMBERED, Shot, in_order, number_of
from stages.pipeline.tables import rows_of
from stages.pipeline.text import canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Matched against stripped lines; it counts what it repeats, so that no line is scanned twice.
_HEADING = re.compile(
    rf"{BEFORE}{NUMBERED}[*_】\]]{{0,3}}\s{{0,3}}(?P<colon>[：:][*_】\]]{{0,3}})?(?P<rest>.*)", re.IGNORECASE
)
_LISTED = re.compile(r"[*_]{0,3}[（(]?(?P<number>\d{1,6})[.)、．）][*_]{0,3}\s{0,4}(?P<rest>\S.*)")
_LEAST = 8  # letters and digits that a description has at least, or as many as the picture in the script
_NOTHING = frozenset(("略", "无", "同上", "none", "na", "sameasabove", "omitted"))  # what says that there is nothing
_MESSAGES = {
    "count": {
        "zh": "脚本有 {0} 个镜头，编号 {1}；回答里的镜头编号是 {2}",
        "en": "the script has {0} shots, numbered {1}; the answer numbers {2}",
    },
    "empty": {"zh": "镜头 {0} 没有画面描述", "en": "shot {0} has no picture description"},
    "short": {
        "zh": "镜头 {0} 的画面描述太短：{1}",
        "en": "the picture description of shot {0} is too short: {1}",
    },
}


def violations(brief: Brief, described: Sequence[tuple[int, str]], shots: Sequence[Shot]) -> list[Violation]:
    """Why descriptions do not pass: they are not those of the script's shots, or say nothing."""
    found: list[Violation] = []
    numbers = [number for number, _ in described]
    # Where a script numbers its shots oddly, an answer may count them.
    if numbers not in ([shot.number for shot in shots], list(range(1, len(shots) + 1))):
        told = ", ".join(map(str, numbers)) or "-"
        wanted = ", ".join(str(shot.number) for shot in in_order(shots))
        message = _MESSAGES["count"][brief.language].format(len(shots), wanted, told)
        found.append(Violation(rule="count", message=message))
    return found + _check_each(brief, described, shots)


def describe(answer: str) -> list[tuple[int, str]]:
    """The shot numbers of an answer and what is said under each: under headings, or else in a list or a table."""
    lines = [line for line in map(str.strip, answer.split("\n")) if not FENCE.fullmatch(line)]
    return _grouped(lines, _headed) or _grouped(lines, _listed) or rows_of(lines)


def _grouped(lines: Sequence[str], opened: Callable[[str], tuple[int, str] | None]) -> list[tuple[int, str]]:
    found: list[tuple[int, list[str]]] = []
    for line in lines:
        if (begins := opened(line)) is not None:
            found.append((begins[0], [begins[1]]))
        elif found:
            found[-1][1].append(line)
    return [(number, "\n".join(part).strip()) for number, part in found]


def _headed(line: str) -> tuple[int, str] | None:
    """The shot that a heading opens, and what stands on its line."""
    found = _HEADING.match(line)
    if found and (found["mark"] or found["bold"] or found["inner"] or found["colon"] or not found["rest"]):
        return number_of(found), found["rest"].strip()
    return None


def _listed(line: str) -> tuple[int, str] | None:
    found = _LISTED.fullmatch(line)
    return (int(found["number"]), found["rest"]) if found else None


def _check_each(brief: Brief, described: Sequence[tuple[int, str]], shots: Sequence[Shot]) -> list[Violation]:
    """What is described must be so with words: as many as the script has for the picture, if these are few."""
    violations = []
    for at, (number, body) in enumerate(described):
        picture = canonical(shots[at].fields.get("picture", "")) if at < len(shots) else ""
        letters = canonical(body)
        if not letters or letters in _NOTHING:
            violations.append(Violation(rule="empty", message=_MESSAGES["empty"][brief.language].format(number)))
        elif len(letters) < min(_LEAST, len(picture) or _LEAST):
            message = _MESSAGES["short"][brief.language].format(number, " ".join(body.split()))
            violations.append(Violation(rule="short", message=message))
    return violations
