"""The enhancement stage: a scene's script becomes one enhanced picture description per shot, ready for an image model.

Law: pure. An answer passes only if it describes each shot of the script, in order, once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from stages.pipeline.answers import result_text
from stages.pipeline.checks import check_language
from stages.pipeline.contract import Brief, Draft, Language, Request, Violation
from stages.pipeline.script import NUMBERED, number_of, parse
from stages.pipeline.text import canonical
from stages.prompts import digest, messages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Matched against stripped lines; it counts what it repeats, so that no line is scanned twice.
_HEADING = re.compile(
    r"(?:[-*•+]\s{1,3})?(?P<mark>#{1,6}\s{0,3})?(?P<bold>[*_【\[]{0,3})\s{0,3}"
    rf"{NUMBERED}[*_】\]]{{0,3}}\s{{0,3}}(?P<colon>[：:][*_】\]]{{0,3}})?(?P<rest>.*)",
    re.IGNORECASE,
)
_LEAST = 8  # letters and digits that a description has at least
_MESSAGES = {
    "count": {
        "zh": "脚本有 {0} 个镜头，编号 {1}；回答里的镜头编号是 {2}",
        "en": "the script has {0} shots, numbered {1}; the answer numbers {2}",
    },
    "empty": {"zh": "镜头 {0} 没有画面描述", "en": "shot {0} has no picture description"},
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
        wanted = [shot.number for shot in parse(brief.upstream)] or [1]
        described = describe(answer)
        violations: list[Violation] = []
        if [number for number, _ in described] != wanted:
            found = ", ".join(str(number) for number, _ in described) or "-"
            message = _MESSAGES["count"][brief.language].format(len(wanted), ", ".join(map(str, wanted)), found)
            violations.append(Violation(rule="count", message=message))
        violations += _check_each(brief, described)
        return Draft(text=answer, violations=violations, remarks=check_language(brief, (body for _, body in described)))


def describe(answer: str) -> list[tuple[int, str]]:
    """The shot numbers of an answer and what is said under each."""
    found: list[tuple[int, list[str]]] = []
    for line in map(str.strip, answer.split("\n")):
        heading = _HEADING.match(line)
        if heading and (heading["mark"] or heading["bold"] or heading["colon"] or not heading["rest"]):
            found.append((number_of(heading), [heading["rest"].strip()]))
        elif found:
            found[-1][1].append(line)
    return [(number, "\n".join(lines).strip()) for number, lines in found]


def _check_each(brief: Brief, described: Sequence[tuple[int, str]]) -> list[Violation]:
    empty = [number for number, body in described if len(canonical(body)) < _LEAST]
    return [Violation(rule="empty", message=_MESSAGES["empty"][brief.language].format(number)) for number in empty]
