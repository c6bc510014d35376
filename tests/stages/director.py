"""Asks the offline director, for the tests of what it promises."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from stages.pipeline.contract import Request
from stages.pipeline.script import parse
from stages.pipeline.text import language_of, paragraphs
from stages.providers.offline import OfflineProvider
from stages.providers.offline.bible import load

if TYPE_CHECKING:
    from stages.pipeline.contract import Language, Task
    from stages.pipeline.script import Shot
    from stages.providers.offline.people import Person


def ask(task: Task, language: Language, **inputs: Any) -> str:
    """The answer to one request."""
    request = Request(task=task, language=language, messages=(), inputs=inputs)
    return asyncio.run(OfflineProvider().answer(request)).text


def bible_of(text: str) -> str:
    """The world bible of a short story."""
    return ask("world_bible", language_of(text), text=text, bible="", style="", part=1, parts=1)


def cast_of(text: str) -> dict[str, Person]:
    """The people of a short story, by name."""
    return {person.name: person for person in load(bible_of(text), language_of(text)).people}


def titles_of(text: str) -> list[str]:
    """The titles of its scenes."""
    asked: dict[str, Any] = {"first": 1, "part": 1, "parts": 1, "scene_count": None, "titles": []}
    answer = ask("scenes", language_of(text), paragraphs=paragraphs(text), bible=bible_of(text), **asked)
    return [scene["title"] for scene in json.loads(answer)["scenes"]]


def shots_of(text: str) -> list[Shot]:
    """The shots of a text taken as one scene of its own story."""
    asked: dict[str, Any] = {"title": "", "number": 1, "characters": [], "style": "", "missing": []}
    return parse(ask("storyboard", language_of(text), text=text, bible=bible_of(text), **asked))


def shot_with(text: str, words: str) -> dict[str, str]:
    """The fields of the shot in whose source these words stand."""
    return next(dict(shot.fields) for shot in shots_of(text) if words in shot.source)


def speaker_of(text: str, words: str) -> str:
    """Who speaks the line with these words."""
    lines = shot_with(text, words)["dialogue"].replace(" ／ ", "\n").replace(" / ", "\n").split("\n")
    line = next(line for line in lines if words.strip("“”。，,.？") in line)
    return line.split("：" if "：" in line else ":", maxsplit=1)[0]
