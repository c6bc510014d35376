"""A shown state, and what changed in one, as lines for a person.

Law: pure; one line a fact, without any character that could act on a terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from eventlog.tool.text import clean
from eventlog.tool.view import ABSENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from eventlog.tool.view import Change


def state_lines(value: Any, indent: str = "") -> Iterator[str]:
    """The value, a line for each thing in it, indented by depth; what is innermost stands on one line."""
    for key, item in value.items() if isinstance(value, dict) else [("", value)]:
        if isinstance(item, dict) and any(isinstance(inner, dict | list) for inner in item.values()):
            yield f"{indent}{clean(key)}"
            yield from state_lines(item, indent + "  ")
        elif isinstance(item, list) and any(isinstance(inner, dict | list) for inner in item):
            yield f"{indent}{clean(key)}"
            for each in item:
                yield f"{indent}  {_said(each)}"
        else:
            yield f"{indent}{clean(key)}  {_said(item)}"


def change_lines(found: Iterable[Change]) -> Iterator[str]:
    """The changes, grouped under what they belong to."""
    heading: tuple[str, ...] = ()
    for change in found:
        *above, name = change.path or ("state",)
        if tuple(above) != heading:
            heading = tuple(above)
            yield clean(" / ".join(heading))
        indent = "  " if heading else ""
        yield f"{indent}{clean(name)}: {_before_and_after(change)}"


def _before_and_after(change: Change) -> str:
    if change.before is ABSENT:
        return f"new: {_said(change.after)}"
    if change.after is ABSENT:
        return f"gone: {_said(change.before)}"
    return f"{_said(change.before)} -> {_said(change.after)}"


def _said(value: Any) -> str:
    match value:
        case dict():
            return "  ".join(f"{clean(str(key))}={_said(item)}" for key, item in value.items())
        case str() if value and not value.isspace():
            return clean(value)
        case _:
            return clean(orjson.dumps(value).decode())
