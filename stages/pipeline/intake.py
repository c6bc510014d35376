r"""From a file somebody wrote to a story: bytes -> text, with its encoding told apart by a library.

Law: pure. Text is UTF-8 in NFC with `\\n` alone; a file that is no story is refused with the reason and what to do.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stages.pipeline.text import canonical, language_of

if TYPE_CHECKING:
    from stages.pipeline.contract import Language

SIZE_LIMIT_BYTES = 20_000_000
_MESS_LIMIT = 0.6  # of the library's own measure (0 to 1): above it, a text was read in the wrong encoding


class IntakeError(ValueError):
    """The file cannot be taken in as a story; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A story as the program works with it."""

    text: str
    language: Language
    encoding: str


def read_story(name: str, data: bytes) -> Story:
    """Take in the bytes of a file called `name`; raises IntakeError."""
    if len(data) > SIZE_LIMIT_BYTES:
        raise IntakeError(f"{name} has more than {SIZE_LIMIT_BYTES // 10**6} MB; cut it into several stories")
    if not data.strip():
        raise IntakeError(f"{name} is empty; write the story into it first")
    decoded, encoding = _decode(name, data)
    text = unicodedata.normalize("NFC", decoded.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff"))
    if not canonical(text):
        raise IntakeError(f"{name} has no letters in it; it is not a story")
    return Story(text=text, language=language_of(text), encoding=encoding)


def _decode(name: str, data: bytes) -> tuple[str, str]:
    from charset_normalizer import from_bytes  # noqa: PLC0415 - heavy, and only needed here

    if b"\0" in data and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise IntakeError(f"{name} is a binary file, not text; save the story as a .txt or .md file and use that")
    best = from_bytes(data, cp_isolation=["utf_8", "gb18030", "utf_16"], threshold=_MESS_LIMIT).best()
    try:
        if best is not None:
            return str(best), best.encoding
    except UnicodeDecodeError:  # of a large file the library looks at samples first
        pass
    raise IntakeError(
        f"{name} is neither UTF-8 nor GB18030 text, or a part of it is damaged; save it as UTF-8 and try again"
    )
