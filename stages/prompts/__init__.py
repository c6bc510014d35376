"""What we ask models: one Markdown file a task and language, filled with the facts of a request.

Law: what a story says is data: each value is put in once, long ones between fences whose code they cannot contain.

A file is cut by lines such as `---user---`. What stands before the first of them is the system message and has no
placeholders. The parts after it make the user message, in order: `user` always, any other part only if the input it is
named after has something to say (so `---missing---` appears when an answer is asked for again).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from string import Template
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stages.pipeline.contract import Language, Task

CUT = re.compile(r"^---(\w+)---\n", re.MULTILINE)
_FENCED = frozenset({"text", "bible", "script", "paragraphs"})
_SEPARATOR: Mapping[Language, str] = {"zh": "、", "en": ", "}


def messages(
    task: Task, language: Language, inputs: Mapping[str, Any], wording: str = ""
) -> tuple[Mapping[str, str], ...]:
    """Return the chat that asks for `task`; what `inputs` holds for each task is said in `INPUTS.md`.

    `wording` is the text of a prompt that stands in for the built-in one.
    """
    values = {name: _shown(name, value, language) for name, value in inputs.items()}
    if "paragraphs" in inputs:
        values["paragraphs"] = _numbered(inputs["paragraphs"], inputs["first"])
        values["last"] = str(inputs["first"] + len(inputs["paragraphs"]) - 1)
    parts = _parts(wording or built_in(task, language))
    wanted = (part for name, part in parts[1:] if name == "user" or values[name])
    asked = "\n\n".join(Template(part).substitute(values) for part in wanted)
    return {"role": "system", "content": parts[0][1]}, {"role": "user", "content": asked}


_GO_ON: Mapping[Language, str] = {
    "zh": "你的回答在这里被截断了。请从中断的那个字之后直接继续，不要重复已写的内容，不要加任何说明或代码围栏。",
    "en": (
        "Your answer was cut off here. Go on directly after its last character: repeat nothing, explain nothing, add "
        "no code fence."
    ),
}


def go_on(language: Language, so_far: str) -> tuple[Mapping[str, str], ...]:
    """Return the messages that ask a model to go on where its answer was cut off."""
    return {"role": "assistant", "content": so_far}, {"role": "user", "content": _GO_ON[language]}


def system(task: Task, language: Language) -> str:
    """Return the system message of a task: it is the same for every request."""
    return _parts(built_in(task, language))[0][1]


@cache
def digest(task: Task, language: Language, wording: str = "") -> str:
    """Return the first 16 hex digits of the SHA-256 of the prompt's text: a changed prompt is another prompt."""
    return hashlib.sha256((wording or built_in(task, language)).encode()).hexdigest()[:16]


@cache  # a plan asks for it once a scene
def built_in(task: Task, language: Language) -> str:
    """Return the text of the prompt that comes with the program."""
    text = resources.files(__name__).joinpath(language, f"{task}.md").read_text(encoding="utf-8")
    return text.replace("\r\n", "\n")


@cache
def _parts(text: str) -> tuple[tuple[str, str], ...]:
    """Return the parts of a file with their names, in order; the first one is the system message."""
    pieces = ["system", *CUT.split(text)]
    return tuple((name, part.strip()) for name, part in zip(pieces[::2], pieces[1::2], strict=True))


def _shown(name: str, value: Any, language: Language) -> str:
    """Return an input as the words that stand in a message; an empty one is the empty string."""
    if not value:
        return ""
    if name in _FENCED and isinstance(value, str):
        return _fenced(name, value)
    if name == "titles":
        return json.dumps(value, ensure_ascii=False)  # titles may hold any separator
    if isinstance(value, Sequence) and not isinstance(value, str):
        lines = [_one_line(item) for item in value]
        return "\n".join(f"- {line}" for line in lines) if name == "missing" else _SEPARATOR[language].join(lines)
    return _one_line(value)


def _one_line(value: Any) -> str:
    return " ".join(str(value).split())


def _numbered(paragraphs: Sequence[str], first: int) -> str:
    lines = (f"[{number}] {_one_line(text)}" for number, text in enumerate(paragraphs, first))
    return _fenced("paragraphs", "\n".join(lines))


def _fenced(name: str, text: str) -> str:
    """Put the text, unchanged, between two lines that it cannot hold itself: their code depends on the text."""
    code = text
    while code in text:
        code = hashlib.sha256(code.encode("utf-8", "replace")).hexdigest()[:12]
    return f"<<<{name}:{code}>>>\n{text}\n<<<end:{code}>>>"
