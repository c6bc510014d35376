"""Takes Markdown for what it means: the words stay where they are, the marks become spaces.

Law: pure, linear, and length-preserving, so that an offset means the same in both texts; a heading keeps its "#".
"""

from __future__ import annotations

import re

_RULE = re.compile(r"^[ \t]*(?:[-*_][ \t]*){3,80}$", re.MULTILINE)
_IMAGE = re.compile(r"!\[[^\]\n]{0,200}\]\([^)\s]{0,400}\)")
_LINK = re.compile(r"(?<!!)\[([^\]\n]{1,200})\]\((?:https?:|/|#|\.|\w)[^)\s]{0,400}\)")
_BULLET = re.compile(r"^([ \t]{0,8}(?:>[ \t]?){0,4})((?:[-*+•]|\d{1,3}[.)])(?=[ \t]+\S)|)", re.MULTILINE)
_PAIRED = re.compile(r"(?<![\w*`_])([*_]{1,3}|`{1,2})(?=[^\s*_`])([^\n*`]{0,300}?)(?<=[^\s*_`])\1(?![\w*`_])")
_ITEM = re.compile(r"(?:[-*+•>]|\d{1,3}[.)])\s+\S")
_HEADING_MARK = re.compile(r"^#{1,6}[ \t]+", re.MULTILINE)


def cleared(text: str) -> str:
    """Return the text with its Markdown blotted out, length kept."""
    if not any(mark in text for mark in "*_`[>-+•1234567890"):
        return text
    text = _RULE.sub(lambda found: " " * len(found[0]), text)
    text = _IMAGE.sub(lambda found: " " * len(found[0]), text)
    text = _LINK.sub(lambda found: f" {found[1]}{' ' * (len(found[0]) - len(found[1]) - 1)}", text)
    text = _BULLET.sub(_blank_marks, text)
    return _PAIRED.sub(lambda found: f"{' ' * len(found[1])}{found[2]}{' ' * len(found[1])}", text)


def _blank_marks(found: re.Match[str]) -> str:
    return re.sub(r"[^ \t]", " ", found[0])


def is_item(line: str) -> bool:
    """Tell whether a line is an item of a list, or quoted."""
    return bool(_ITEM.match(line))


def without_marks(text: str) -> str:
    """Return cleared text without the "#" of its headings."""
    return _HEADING_MARK.sub("", text)
