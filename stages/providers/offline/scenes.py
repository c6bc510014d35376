"""Cuts paragraphs into scenes, each with a title, its people and a sentence that tells it.

Law: pure; the ranges `first`..`last` follow each other and cover every paragraph of the part once.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from stages.providers.offline.bible import load
from stages.providers.offline.boundaries import cuts, is_chapter, title_line
from stages.providers.offline.markup import cleared
from stages.providers.offline.people import find_people, roster
from stages.providers.offline.titles import on_stage, summary, title

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stages.pipeline.contract import Language


def scenes(inputs: Mapping[str, Any], language: Language) -> str:
    """Answer the task: the plan of this part as JSON."""
    paragraphs = [str(one) for one in inputs.get("paragraphs") or ()]
    number = int(inputs.get("first") or 1)
    wanted = [" ".join(str(one).split()) for one in inputs.get("titles") or ()]
    if not paragraphs:
        return json.dumps({"scenes": []})
    clear = [cleared(one) for one in paragraphs]
    text = "".join(clear)
    bible = load(str(inputs.get("bible") or ""), language)
    cast = roster(bible.people if len(bible.people) >= 2 else find_people(text, language, bible.people), language)
    count = inputs.get("scene_count")
    if count is None and wanted and int(inputs.get("parts") or 1) == 1:
        count = len(wanted)
    starts = cuts(paragraphs, cast, None if count is None else int(count), language)
    used: set[str] = set()
    carried: dict[str, str] = {}
    planned = []
    for at, (start, end) in enumerate(zip(starts, [*starts[1:], len(paragraphs)], strict=True)):
        body = "".join(clear[start:end])
        name = wanted[at] if at < len(wanted) else ""
        if not name:
            heading = _heading(clear[start:end], language, opens_book=number + start == 1)
            name = title(body, heading, cast, used=used, language=language)
        used.add(name)
        planned.append(
            {
                "title": name,
                "first": number + start,
                "last": number + end - 1,
                "characters": on_stage(body, cast, carried),
                "summary": summary(body, cast, language),
            }
        )
    return json.dumps({"scenes": planned}, ensure_ascii=False, indent=2)


def _heading(body: Sequence[str], language: Language, *, opens_book: bool) -> str:
    """Return the last of the heading lines a scene begins with; a book's own name is no scene's title."""
    lines = [line for line in "".join(body[:4])[:400].split("\n") if line.strip()]
    found = ""
    for at, line in enumerate(lines):
        if not title_line(line, language):
            break
        found = "" if opens_book and at == 0 and not is_chapter(line, language) else line
    return found
