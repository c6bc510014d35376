"""The enhancement stage: a scene's script becomes one enhanced picture description per shot, ready for an image model.

Law: pure. An answer passes only if it describes each shot of the script, in order, once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from stages.pipeline.answers import result_text
from stages.pipeline.checks import check_language
from stages.pipeline.contract import Brief, Draft, Language, Request, Violation
from stages.pipeline.script import BEFORE, FENCE, NUMBERED, Shot, in_order, number_of, parse
from stages.pipeline.tables import rows_of
from stages.pipeline.text import canonical
from stages.prompts import digest, messages

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

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


class Enhancement:
    """The second stage."""

    name = "enhancement"
    version = 1
    upstream: str | None = "storyboard"

    def prompt_digest(self, language: Language, wording: str = "") -> str:
        """Which prompt is in use."""
        return digest("enhancement", language, wording)

    def request(self, brief: Brief, missing: Sequence[str] = ()) -> Request:
        """Ask for the scene's picture descriptions."""
        inputs: Mapping[str, Any] = {
            "title": brief.scene.title,
            "number": brief.scene.number,
            "script": brief.upstream,
            "characters": list(brief.scene.characters),
            "bible": brief.world_bible,
            "style": brief.style,
            "missing": list(missing),
        }
        return Request(
            task="enhancement",
            language=brief.language,
            messages=messages("enhancement", brief.language, inputs, brief.wording),
            inputs=inputs,
        )

    def read(self, brief: Brief, text: str) -> Draft:
        """Read the descriptions and check them against the script's shots."""
        answer = result_text(text)
        shots = parse(brief.upstream) or [Shot(number=1)]
        described = describe(answer)
        violations: list[Violation] = []
        numbers = [number for number, _ in described]
        # Where a script numbers its shots oddly, an answer may count them.
        if numbers not in ([shot.number for shot in shots], list(range(1, len(shots) + 1))):
            found = ", ".join(map(str, numbers)) or "-"
            wanted = ", ".join(str(shot.number) for shot in in_order(shots))
            message = _MESSAGES["count"][brief.language].format(len(shots), wanted, found)
            violations.append(Violation(rule="count", message=message))
        violations += _check_each(brief, described, shots)
        return Draft(text=answer, violations=violations, remarks=check_language(brief, (body for _, body in described)))


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
