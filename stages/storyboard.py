"""The storyboard stage: a scene's text becomes a professional script, shot by shot.

Law: pure. A script passes only if its shots, in order, tell the whole scene and nothing else; where a sentence stands
counts, so a sentence told twice in the story must be shown twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stages.pipeline.answers import result_text
from stages.pipeline.contract import Brief, Draft, Language, Request, Violation
from stages.pipeline.script import FIELDS, Shot, parse
from stages.pipeline.text import canonical, sentences
from stages.prompts import digest, messages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# A sentence counts as shown when so much of it stands in the shots at its place: models mend a typo here and there.
SHOWN_SHARE = 0.9
INVENTED_LIMIT = 12
# Shots that quote more than so many times the scene are not aligned to their end: all of that is invented.
_QUOTED_TIMES, _QUOTED_MORE = 4, 2000
_NAMED = 6
_NEEDED = ("source", "shot_size", "picture")


class Storyboard:
    """The first stage."""

    name = "storyboard"
    version = 1
    upstream: str | None = None

    def prompt_digest(self, language: Language, wording: str = "") -> str:
        """Which prompt is in use."""
        return digest("storyboard", language, wording)

    def request(self, brief: Brief, missing: Sequence[str] = ()) -> Request:
        """Ask for the scene's script."""
        inputs: Mapping[str, Any] = {
            "title": brief.scene.title,
            "number": brief.scene.number,
            "text": brief.source,
            "characters": list(brief.scene.characters),
            "bible": brief.world_bible,
            "style": brief.style,
            "missing": list(missing),
        }
        return Request(
            task="storyboard",
            language=brief.language,
            messages=messages("storyboard", brief.language, inputs, brief.wording),
            inputs=inputs,
        )

    def read(self, brief: Brief, text: str) -> Draft:
        """Read a script and check it against the scene."""
        script = result_text(text)
        shots = parse(script)
        if not shots:
            return Draft(text=script, violations=[Violation(rule="shots", message=_said(brief, "no_shots"))])
        violations = [*_check_fields(brief, shots), *check_cover(brief, shots)]
        return Draft(text=script, violations=violations)


_MESSAGES = {
    "no_shots": {
        "zh": "没有找到任何镜头：每个镜头以“### 镜头 N”开头，其后逐行列出各字段",
        "en": 'there is no shot in it: each shot begins with "### Shot N", its fields follow line by line',
    },
    "empty": {"zh": "镜头 {0} 缺少字段：{1}", "en": "shot {0} lacks: {1}"},
    "repeated": {"zh": "镜头 {0} 与镜头 {1} 相同", "en": "shot {0} is the same as shot {1}"},
    "missing": {"zh": "缺少原文：{0}", "en": "this text of the scene is not in any shot at its place: {0}"},
    "invented": {
        "zh": "镜头 {0} 的镜头原文不在本场景此处：{1}",
        "en": "shot {0} quotes what the scene does not say there: {1}",
    },
    "more": {"zh": "另有 {0} 处缺少原文", "en": "and {0} more sentences are not in any shot"},
}


def _said(brief: Brief, key: str, *values: object) -> str:
    return _MESSAGES[key][brief.language].format(*values)


def _check_fields(brief: Brief, shots: Sequence[Shot]) -> list[Violation]:
    violations = []
    for shot in shots:
        lacking = [FIELDS[key][brief.language] for key in _NEEDED if not shot.fields.get(key, "").strip()]
        if lacking:
            violations.append(Violation(rule="fields", message=_said(brief, "empty", shot.number, ", ".join(lacking))))
    return violations


def _repeated(brief: Brief, shots: Sequence[Shot]) -> list[Violation]:
    """Shots that say the same; only asked where the shots do not tell exactly the scene (it may repeat itself)."""
    seen: dict[tuple[str, str], int] = {}
    violations = []
    for shot in shots:
        told = (canonical(shot.source), canonical(shot.fields.get("picture", "")))
        if all(told) and told in seen:
            violations.append(Violation(rule="repeat", message=_said(brief, "repeated", shot.number, seen[told])))
        seen.setdefault(told, shot.number)
    return violations


def check_cover(brief: Brief, shots: Sequence[Shot]) -> list[Violation]:
    """Align what the shots quote with the scene, in order; name sentences that are not shown, and invented text."""
    from rapidfuzz.distance import Indel  # noqa: PLC0415 - only needed when a script is read

    told = [canonical(sentence) for sentence in sentences(brief.source)]
    quoted = [canonical(shot.source) for shot in shots]
    scene, shown = "".join(told), "".join(quoted)
    if scene == shown:
        return []
    aligned = shown[: _QUOTED_TIMES * len(scene) + _QUOTED_MORE]
    matched, foreign = bytearray(len(scene)), bytearray(b"\1" * len(shown))
    foreign[: len(aligned)] = bytes(len(aligned))
    for step in Indel.opcodes(scene, aligned):
        if step.tag == "equal":
            matched[step.src_start : step.src_end] = b"\1" * (step.src_end - step.src_start)
        else:
            foreign[step.dest_start : step.dest_end] = b"\1" * (step.dest_end - step.dest_start)
    return _missing(brief, told, matched) + _invented(brief, shots, quoted, foreign) + _repeated(brief, shots)


def _missing(brief: Brief, told: Sequence[str], matched: bytearray) -> list[Violation]:
    lacking, at = [], 0
    for sentence, canon in zip(sentences(brief.source), told, strict=True):
        here = matched[at : at + len(canon)]
        at += len(canon)
        if canon and sum(here) < SHOWN_SHARE * len(canon):
            lacking.append(sentence.strip())
    violations = [Violation(rule="cover", message=_said(brief, "missing", sentence)) for sentence in lacking[:_NAMED]]
    if len(lacking) > _NAMED:
        violations.append(Violation(rule="cover", message=_said(brief, "more", len(lacking) - _NAMED)))
    return violations


def _invented(brief: Brief, shots: Sequence[Shot], quoted: Sequence[str], foreign: bytearray) -> list[Violation]:
    violations, at = [], 0
    for shot, canon in zip(shots, quoted, strict=True):
        extra = sum(foreign[at : at + len(canon)])
        at += len(canon)
        if 2 * extra > len(canon) or extra > max(INVENTED_LIMIT, (1 - SHOWN_SHARE) * len(canon)):
            message = _said(brief, "invented", shot.number, " ".join(shot.source.split())[:80])
            violations.append(Violation(rule="invented", message=message))
    return violations[:_NAMED]
