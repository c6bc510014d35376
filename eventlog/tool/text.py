"""Text from a log as it may be shown on a terminal: without its power over the terminal, and cut to a width.

Law: pure; what `clean` returns is one line that holds no control character and no bidirectional override.
"""

from __future__ import annotations

import re
import unicodedata

# Patterns, which `re` compiles when one is first needed, and keeps: nearly all texts need none of them.
# A whole sequence goes, so that "\x1b[31mred" reads "red". The classes of each are disjoint: every scan is linear.
_SEQUENCE = (
    r"(?:\x1b\[|\x9b)[0-?]*+[ -/]*+[@-~]"  # CSI: colours, the cursor
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*+(?:\x07|\x1b\\|\x9c)"  # OSC, DCS and the like: titles
    r"|\x1b[ -/]*+[0-~]"  # the short ones
)
_SPACE = r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]++"
# C0 and C1; bidirectional marks, embeddings, overrides and isolates; what is invisible; halves of surrogate pairs.
_UNSAFE = (
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    r"\U000e0000-\U000e007f]"
)
_ELLIPSIS = "…"


def clean(text: str) -> str:
    """The text in one line, without terminal sequences, control characters and bidirectional overrides."""
    if text.isprintable():  # so nearly all texts are, and nothing unsafe is
        return text
    return re.sub(_UNSAFE, "", re.sub(_SPACE, " ", re.sub(_SEQUENCE, "", text)))


def escape(json_text: str) -> str:
    """A JSON text that means the same and holds no character that `clean` would remove, except line ends."""
    return re.sub(_UNSAFE, _escaped, json_text)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    if found[0] == "\n":
        return "\n"
    if code < 1 << 16:
        return f"\\u{code:04x}"
    return f"\\u{0xD800 + (code - 0x10000 >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def counted(number: int, noun: str) -> str:
    """`1 entry`, `2 entries`, `0 lines`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun[:-1]}ies" if noun.endswith("y") else f"{number} {noun}s"


def width(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return len(text) if text.isascii() else sum(map(_width_of, text))


def _width_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def shorten(text: str, columns: int) -> str:
    """The text if it takes at most `columns` columns, else its beginning and an ellipsis, which do."""
    if text.isascii():
        return text if len(text) <= columns else text[: columns - 1] + _ELLIPSIS
    used, fits = 0, 0
    for at, character in enumerate(text):
        used += _width_of(character)
        if used > columns:
            return text[:fits] + _ELLIPSIS
        if used < columns:
            fits = at + 1
    return text


def pad(text: str, columns: int) -> str:
    """The text with blanks after it, up to `columns` columns."""
    return text + " " * (columns - width(text))
