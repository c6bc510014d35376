"""What a script must be: the whole scene, in order, shot by shot, and nothing else; and what is worth a remark.

Law: pure. Where a sentence stands counts, so a sentence told twice in the story must be shown twice. A violation is
what a person would send back: text that is missing or invented, a shot without a picture, half a scene in one shot, the
wrong language. All else is a remark: it is shown, and never costs a scene that was paid for.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from stages.pipeline.answers import strip_wrapping
from stages.pipeline.contract import Brief, Draft, Language, Violation
from stages.pipeline.script import FIELDS, Shot
from stages.pipeline.text import canonical, language_of, sentences

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# A sentence counts as shown when so much of it stands in the shots at its place: models mend a typo here and there.
SHOWN_SHARE = 0.9
INVENTED_LIMIT = 12
# Shots that quote more than so many times the scene are not aligned to their end: all of that is invented.
_QUOTED_TIMES, _QUOTED_MORE = 4, 2000
_NAMED = 6
_NEEDED = ("source", "shot_size", "picture")
# So many letters of the story in one shot, in more than so many sentences, are no shot any more but a summary; half of
# it is worth a remark. (A prompt asks for one to three sentences.)
LONGEST_SHOT: Mapping[Language, int] = {"zh": 400, "en": 1200}
_SENTENCES = 3
# So many characters or words a shot in the other language are an answer in the wrong one, not a borrowed term.
_FOREIGN = 8
_LISTED = re.compile(r"[、，,;；/／|\n]+|(?<=\w)\s+(?:and|with|&)\s+|(?<=[\u3400-\u9fff])[和与及](?=[\u3400-\u9fff])")
_BRACKETED = re.compile(r"[（(\[【][^）)\]】]*[）)\]】]?")
_NOBODY = frozenset(
    (
        "",
        "无",
        "没有",
        "空镜",
        "none",
        "na",
        "nobody",
        "noone",
        "nocharacters",
        "无角色",
        "无人物",
        "无人",
        "未点明",
        "notnamed",
    )
)
_ANYBODY = frozenset(
    (
        *("众人", "人群", "路人", "行人", "群众", "旁白", "画外音", "叙述者", "观众", "其他人"),
        *("crowd", "people", "everyone", "others", "passersby", "narrator", "voice", "voiceoffscreen", "voiceover"),
    )
)
_ARTICLE = re.compile(r"(?:a|an|the)\s+", re.IGNORECASE)


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
    "too_long": {
        "zh": "镜头 {0} 包含 {1} 句、{2} 字的原文，太多了：请分成几个镜头，每个一到三句",
        "en": "shot {0} holds {1} sentences ({2} letters), too many: make several shots of it, of one to three each",
    },
    "long": {
        "zh": "镜头 {0} 很长：{1} 句，{2} 字",
        "en": "shot {0} is long: {1} sentences, {2} letters",
    },
    "language": {
        "zh": "故事是中文的，回答不是：请全部用中文写",
        "en": "the story is in English, the answer is not: write all of it in English",
    },
    "unknown": {
        "zh": "镜头 {0} 的角色“{1}”在场景和世界观圣经里都没有",
        "en": "shot {0} has a character whom neither the scene nor the world bible knows: {1}",
    },
    "cut": {
        "zh": "回答太长，写到结尾之前被截断：请写得简短些，并写完",
        "en": "the answer was cut off before its end because it is too long: write less, and write it to the end",
    },
    "more": {"zh": "另有 {0} 处缺少原文", "en": "and {0} more sentences are not in any shot"},
}


def _said(brief: Brief, key: str, *values: object) -> str:
    return _MESSAGES[key][brief.language].format(*values)


def with_its_end(brief: Brief, draft: Draft, text: str) -> Draft:
    """What was read of an answer that was cut off for its length: its end is missing, unless only talk was after it."""
    if not strip_wrapping(text).endswith(draft.text.rstrip("\n")):
        return draft
    return replace(draft, violations=[Violation(rule="cut", message=_said(brief, "cut")), *draft.violations])


def no_shots(brief: Brief) -> Violation:
    """That there is nothing in a script that could be a shot."""
    return Violation(rule="shots", message=_said(brief, "no_shots"))


def violations(brief: Brief, shots: Sequence[Shot]) -> list[Violation]:
    """Why a script does not pass."""
    return [
        *_check_fields(brief, shots),
        *check_cover(brief, shots),
        *_check_lengths(brief, shots),
        *check_language(brief, (shot.fields.get("picture", "") for shot in shots)),
    ]


def remarks(brief: Brief, shots: Sequence[Shot]) -> list[Violation]:
    """What is worth a look in a script that may pass."""
    return [*_minor_fields(brief, shots), *_long_shots(brief, shots), *_unknown_names(brief, shots)]


def check_language(brief: Brief, texts: Iterable[str]) -> list[Violation]:
    """Whether what a model wrote is in the other language (which only a prompt of one's own may have asked for)."""
    written = [text for text in texts if canonical(text)]
    joined = " ".join(written)
    found = language_of(joined)
    if not written or brief.wording or found == brief.language:
        return []
    foreign = len(canonical(joined)) if found == "zh" else len(joined.split())
    if foreign < _FOREIGN * len(written):
        return []
    return [Violation(rule="language", message=_said(brief, "language"))]


def _check_lengths(brief: Brief, shots: Sequence[Shot]) -> list[Violation]:
    limit = LONGEST_SHOT[brief.language]
    found = []
    for shot in shots:
        letters, count = len(canonical(shot.source)), len(sentences(shot.source))
        if letters > limit and count > _SENTENCES:
            message = _said(brief, "too_long", shot.number, count, letters)
            found.append(Violation(rule="length", message=message))
    return found


def _long_shots(brief: Brief, shots: Sequence[Shot]) -> list[Violation]:
    limit = LONGEST_SHOT[brief.language]
    found = []
    for shot in shots:
        letters, count = len(canonical(shot.source)), len(sentences(shot.source))
        if limit // 2 < letters and not (letters > limit and count > _SENTENCES):
            message = _said(brief, "long", shot.number, count, letters)
            found.append(Violation(rule="length", message=message))
    return found


def _minor_fields(brief: Brief, shots: Sequence[Shot]) -> list[Violation]:
    """Fields that a shot may lack: one remark for all the shots that lack the same."""
    lacking: dict[tuple[str, ...], list[int]] = {}
    for shot in shots:
        minor = tuple(key for key in FIELDS if key not in _NEEDED and not shot.fields.get(key, "").strip())
        lacking.setdefault(minor, []).append(shot.number)
    return [
        Violation(
            rule="fields",
            message=_said(brief, "empty", _listed(numbers), ", ".join(FIELDS[key][brief.language] for key in minor)),
        )
        for minor, numbers in lacking.items()
        if minor
    ]


def _unknown_names(brief: Brief, shots: Sequence[Shot]) -> list[Violation]:
    """Characters of shots whom neither the scene, nor its text, nor the world bible knows."""
    told = canonical(" ".join((*brief.scene.characters, brief.source, brief.world_bible)))
    unknown: dict[str, list[int]] = {}
    for shot in shots:
        for name in _names(shot.fields.get("characters", "")):
            if canonical(name) not in told:
                unknown.setdefault(name, []).append(shot.number)
    return [
        Violation(rule="names", message=_said(brief, "unknown", _listed(numbers), name[:40]))
        for name, numbers in list(unknown.items())[:_NAMED]
    ]


def _names(said: str) -> list[str]:
    """The names in a list of characters, without what stands in brackets and without words for nobody."""
    plain = _BRACKETED.sub("", said)
    if canonical(plain) in _NOBODY:
        return []
    names = (name.strip(" .。：:*_-—“”\"'") for name in _LISTED.split(plain))
    return [
        name for name in dict.fromkeys(names) if canonical(_ARTICLE.sub("", name, count=1)) not in _NOBODY | _ANYBODY
    ]


def _listed(numbers: Sequence[int]) -> str:
    shown = ", ".join(str(number) for number in dict.fromkeys(numbers[: 2 * _NAMED]))
    return shown + (" …" if len(numbers) > 2 * _NAMED else "")


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
