"""Whether a prompt that somebody wrote can be used: what is wrong with it, line by line.

Law: pure; a prompt without problems can be filled with the inputs of its task, whatever they hold.
"""

from __future__ import annotations

import re
from string import Template
from typing import TYPE_CHECKING

from stages.prompts import CUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stages.pipeline.contract import Task

# What each task gives to its prompt (see INPUTS.md; `last` is worked out), and what a prompt must not leave out.
INPUTS: Mapping[Task, frozenset[str]] = {
    "world_bible": frozenset(("text", "bible", "style", "part", "parts")),
    "scenes": frozenset(("paragraphs", "first", "last", "bible", "part", "parts", "scene_count", "titles", "missing")),
    "storyboard": frozenset(("title", "number", "text", "characters", "bible", "style", "missing")),
    "enhancement": frozenset(("title", "number", "script", "characters", "bible", "style", "missing")),
}
NEEDED: Mapping[Task, tuple[str, ...]] = {
    "world_bible": ("text", "bible"),
    "scenes": ("paragraphs", "missing"),
    "storyboard": ("text", "missing"),
    "enhancement": ("script", "missing"),
}
_PLACEHOLDER = re.compile(Template.pattern.pattern, re.IGNORECASE | re.VERBOSE)


def problems(task: Task, text: str) -> list[tuple[int, str]]:
    """What is wrong with a prompt, as pairs of line number (1-based) and sentence; nothing if it can be used."""
    known = INPUTS[task]
    found: list[tuple[int, str]] = []
    names: set[str] = set()
    used: set[str] = set()
    last = text.rstrip().count("\n") + 1
    for line, name, part in _parts_with_lines(text):
        names.add(name)
        if name not in known | {"system", "user"}:
            found.append((line, f"there is no part {name!r}; a part is named user, or after one of: {_listed(known)}"))
        found += _placeholders(line, part, known=known, used=None if name == "system" else used)
    if "user" not in names:
        found.append((last, "the part ---user--- is missing; it stands on a line of its own before what is asked"))
    found += [
        (last, f"${name} is missing: nothing else tells the model the {name.replace('_', ' ')}")
        for name in NEEDED[task]
        if name not in used
    ]
    if not text.split("---", maxsplit=1)[0].strip():
        found.append((1, "the system message is empty; it stands before the first part"))
    return sorted(found, key=lambda one: one[0])


def _parts_with_lines(text: str) -> Iterator[tuple[int, str, str]]:
    """The parts of a prompt: the line on which each begins, its name, its text."""
    name, start = "system", 0
    for cut in CUT.finditer(text):
        yield text.count("\n", 0, start) + 1, name, text[start : cut.start()]
        name, start = cut[1], cut.end()
    yield text.count("\n", 0, start) + 1, name, text[start:]


def _placeholders(line: int, part: str, *, known: frozenset[str], used: set[str] | None) -> Iterator[tuple[int, str]]:
    """What is wrong with the placeholders of a part; without `used` it is the system message, which has none."""
    for found in _PLACEHOLDER.finditer(part):
        here = line + part.count("\n", 0, found.start())
        said = found["named"] or found["braced"]
        if used is None:
            if said in known:
                yield here, f"${said} stands in the system message, which is sent as it is; move it below ---user---"
        elif found["escaped"] is not None:
            continue
        elif said is None:
            yield here, "a single $ begins a placeholder; write $$ for a dollar sign"
        elif said not in known:
            yield here, f"there is no placeholder ${said}; there are {_listed(known, '$')}"
        else:
            used.add(said)


def _listed(names: frozenset[str], mark: str = "") -> str:
    return ", ".join(f"{mark}{name}" for name in sorted(names))
