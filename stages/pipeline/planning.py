"""From a story to its world bible and its scenes: what to ask, part by part, and how answers are read.

Law: pure. The scenes tile the story: together they are all of it, and no character of it stands in two.
"""

from __future__ import annotations

import contextlib
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from eventlog.values import frozen
from stages.pipeline.answers import read_json
from stages.pipeline.contract import Language, Request, Scene
from stages.pipeline.text import paragraphs
from stages.prompts import messages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PART_LIMIT = 12_000
_TITLE_LIMIT = 80
_SUMMARY_LIMIT = 400
_NAME_LIMIT = 60
_NUMBER = re.compile(r"[^\d-]{0,8}(\d{1,9})\D{0,8}")


class PlanError(ValueError):
    """An answer does not cut its paragraphs into scenes; the message says what is wrong, for a model and a person."""


@frozen
class Part:
    """One part of the story that fits into a request: its paragraphs, the first one's number counted from 1."""

    number: int
    first: int
    paragraphs: tuple[str, ...]

    @property
    def last(self) -> int:
        """The number of its last paragraph."""
        return self.first + len(self.paragraphs) - 1

    @property
    def text(self) -> str:
        """The part's text."""
        return "".join(self.paragraphs)


@frozen
class Cut:
    """One scene as an answer names it: paragraph numbers, the last one included."""

    title: str
    first: int
    last: int
    characters: tuple[str, ...]
    summary: str


def parts_of(text: str, limit: int = PART_LIMIT) -> list[Part]:
    """Cut a story between its paragraphs into parts of at most `limit` characters."""
    groups: list[list[str]] = []
    length = 0
    for paragraph in paragraphs(text):
        length += len(paragraph)
        if groups and length <= limit:
            groups[-1].append(paragraph)
        else:
            groups.append([paragraph])
            length = len(paragraph)
    parts, first = [], 1
    for at, group in enumerate(groups):
        parts.append(Part(number=at + 1, first=first, paragraphs=tuple(group)))
        first += len(group)
    return parts


def bible_request(part: Part, *, total: int, bible: str, style: str, language: Language, wording: str = "") -> Request:
    """Ask for the world bible of the story up to and with this part."""
    inputs = {"text": part.text, "bible": bible, "style": style, "part": part.number, "parts": total}
    return Request(
        task="world_bible",
        language=language,
        messages=messages("world_bible", language, inputs, wording),
        inputs=inputs,
    )


def scenes_request(
    part: Part,
    *,
    total: int,
    bible: str,
    language: Language,
    titles: Sequence[str] = (),
    missing: Sequence[str] = (),
    wording: str = "",
) -> Request:
    """Ask for the scenes of one part; `titles` asks for just these, in this order (a project that has them already)."""
    inputs: Mapping[str, Any] = {
        "paragraphs": list(part.paragraphs),
        "first": part.first,
        "bible": bible,
        "part": part.number,
        "parts": total,
        "scene_count": len(titles) or None,
        "titles": list(titles),
        "missing": list(missing),
    }
    return Request(
        task="scenes", language=language, messages=messages("scenes", language, inputs, wording), inputs=inputs
    )


def read_cuts(part: Part, answer: str, count: int = 0) -> list[Cut]:
    """Read the scenes of one part; raises PlanError unless they cover each of its paragraphs exactly once.

    With `count`, there must be exactly so many, or as many as there are paragraphs if these are fewer.
    """
    try:
        cuts = [_cut(item) for item in _listed(read_json(answer))]
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise PlanError(
            f"the answer is not the JSON object with a list of scenes that was asked for ({_reason(error)})"
        ) from None
    if not cuts:
        raise PlanError("the list of scenes is empty")
    _check_cover(part, cuts)
    wanted = min(count, len(part.paragraphs))
    if count and len(cuts) != wanted:
        raise PlanError(f"there are {len(cuts)} scenes; exactly {wanted} were asked for")
    return cuts


def _listed(found: Any, depth: int = 3) -> Any:
    """The scenes of an answer: its list, by its name or by what is in it, or that of an object inside."""
    if isinstance(found, list):
        return found
    if "scenes" in found:
        return found["scenes"]
    for inner in found.values() if depth else ():
        is_list = isinstance(inner, list) and inner and all(isinstance(one, dict) and "first" in one for one in inner)
        if is_list or isinstance(inner, dict):
            with contextlib.suppress(KeyError):
                return _listed(inner, depth - 1)
    raise KeyError("scenes")


def _number(said: Any) -> int:
    """The number of a paragraph; models write "[3]" and "第3段" as well."""
    found = _NUMBER.fullmatch(said) if isinstance(said, str) else None
    return int(found[1] if found else said)


def _cut(item: Any) -> Cut:
    first, last = _number(item["first"]), _number(item["last"])
    characters = item.get("characters") or []
    names = [_name(one) for one in ([characters] if isinstance(characters, str) else characters)]
    title = _one_line(item.get("title"), _TITLE_LIMIT)
    summary = _one_line(item.get("summary"), _SUMMARY_LIMIT)
    return Cut(title=title, first=first, last=last, characters=tuple(filter(None, names)), summary=summary)


def _name(said: Any) -> str:
    """The name of a character; models give objects with a name as well."""
    return _one_line(said.get("name") if isinstance(said, dict) else said, _NAME_LIMIT)


def _one_line(said: Any, limit: int) -> str:
    return " ".join(str(said or "").split())[:limit]


def _reason(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)


def _check_cover(part: Part, cuts: Sequence[Cut]) -> None:
    wrong = [f"{cut.first}-{cut.last} runs backwards" for cut in cuts if cut.last < cut.first]
    if cuts[0].first != part.first:
        wrong.append(f"the first scene begins at {cuts[0].first}, the part at {part.first}")
    if cuts[-1].last != part.last:
        wrong.append(f"the last scene ends at {cuts[-1].last}, the part at {part.last}")
    for before, after in pairwise(cuts):
        if after.first > before.last + 1:
            wrong.append(f"no scene has the paragraphs {before.last + 1}-{after.first - 1}")
        elif after.first <= before.last:
            wrong.append(f"two scenes have paragraph {after.first}")
    if wrong:
        raise PlanError("the scenes do not cover each paragraph exactly once: " + "; ".join(wrong))


def assemble(text: str, cuts: Sequence[Cut], language: Language) -> list[Scene]:
    """Turn the cuts of all parts into the scenes of a first plan, with their spans; ids are given by their order."""
    ends, offset = [0], 0
    for paragraph in paragraphs(text):
        offset += len(paragraph)
        ends.append(offset)
    return [
        Scene(
            id=f"s{index + 1:04d}",
            index=index,
            title=cut.title or _default_title(index, language),
            start=ends[cut.first - 1],
            end=ends[cut.last],
            characters=cut.characters,
            summary=cut.summary,
        )
        for index, cut in enumerate(cuts)
    ]


def _default_title(index: int, language: Language) -> str:
    return f"场景{index + 1}" if language == "zh" else f"Scene {index + 1}"


def analysis_text(scenes: Sequence[Scene], language: Language) -> str:
    """The scene analysis as people read it: one block a scene."""
    who, what = ("出场角色", "概要") if language == "zh" else ("Characters", "Summary")
    colon, comma = ("：", "、") if language == "zh" else (": ", ", ")
    blocks = []
    for scene in scenes:
        lines = [f"## {scene.number}. {scene.title}"]
        lines += [f"- {who}{colon}{comma.join(scene.characters)}"] if scene.characters else []
        lines += [f"- {what}{colon}{scene.summary}"] if scene.summary else []
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"
