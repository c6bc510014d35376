r"""From a file somebody wrote to a story: bytes -> text, with its encoding told apart by a library.

Law: pure. Text is UTF-8 in NFC with `\\n` alone; a file that is no story is refused with the reason and what to do.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from eventlog.values import frozen
from stages.pipeline.text import canonical, language_of

if TYPE_CHECKING:
    from stages.pipeline.contract import Language

SIZE_LIMIT_BYTES = 20_000_000
_HAN = re.compile("[\u4e00-\u9fff]")
_SEVERAL = re.compile("[^\0-\x7f]{2}")
# Of a hundred characters of Chinese, old or new, told in whatever style, more than ten are some of these.
_COMMON = frozenset(
    "的一是不了在人我他她有这這那来來上到大个個们們为為和你说說地出道也时時年得就下子着著过過之而其以者无無"
)
_COMMON_SHARE, _ENOUGH_HAN = 0.03, 60
_MESS_LIMIT = 0.6  # of the library's own measure (0 to 1): above it, a text was read in the wrong encoding


class IntakeError(ValueError):
    """The file cannot be taken in as a story; the message says why and what to do."""


@frozen
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
        if best is not None and not (best.encoding == "gb18030" and _is_implausible(str(best))):
            return str(best), best.encoding
    except UnicodeDecodeError:  # of a large file the library looks at samples first
        pass
    raise IntakeError(
        f"{name} is neither UTF-8 nor GB18030 text, or a part of it is damaged; save it as UTF-8 and try again"
    )


def _is_implausible(text: str) -> bool:
    """Whether nobody writes such Chinese: another encoding gives single characters in words, or ones never used."""
    found = _HAN.findall(text)
    if not _SEVERAL.search(text):  # an apostrophe and the letter after it read as one character: It\u6290 late
        return bool(found)
    common = sum(one in _COMMON for one in found)
    return len(found) >= _ENOUGH_HAN and common < _COMMON_SHARE * len(found)
