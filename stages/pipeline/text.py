"""Text as units that can be counted and covered: language, paragraphs, sentences, canonical characters.

Law: pure; every split tiles its input, so that joining the pieces gives the input back.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from stages.pipeline.contract import Language

PARAGRAPH_LIMIT = 1200
# Patterns, which `re` compiles when one is first needed: who wants a digest needs none of them.
_HAN = r"[\u3400-\u9fff\uf900-\ufaff]"
_LATIN_WORD = r"[A-Za-z]+"
# Where a sentence may end: a run of marks with the closing quotes and brackets after it, or a line end. The possessive
# quantifiers keep every scan linear, whatever the text is made of.
_MARK = r"([.。！？!?…]++)([”’」』）\"')\]]*+)(\s*+)|\n\s*+"
_ABBREVIATION = r"\b(?:Mr|Mrs|Ms|Dr|St|Prof|Sr|Jr|Capt|Lt|Col|Gen|Rev|Mt|[A-Z])$"
_LINE = r"[^\n]*+\n++|[^\n]++"
_NOT_LETTERS = re.compile(r"[\W_]+")


def language_of(text: str) -> Language:
    """Which of the two languages the text is in: Chinese if it has more Han characters than Latin words."""
    return "zh" if len(re.findall(_HAN, text)) > len(re.findall(_LATIN_WORD, text)) else "en"


def sentences(text: str) -> list[str]:
    """Split into sentences that tile the text: `"".join(sentences(t)) == t`.

    White space belongs to the sentence before it; a piece without letters or digits joins its neighbour.
    """
    return _tiles(text, [found.end() for found in re.finditer(_MARK, text) if _ends_sentence(text, found)])


def _ends_sentence(text: str, found: re.Match[str]) -> bool:
    """Whether the mark ends a sentence: not the dots of 3.14, "Mr. ", "Well... maybe", nor `"Go!" he said`."""
    marks, closers, space = found[1], found[2], found[3]
    if marks is None or "\n" in space:
        return True
    after = text[found.end() : found.end() + 1]
    if space and "a" <= after <= "z":
        return False
    if marks.strip("."):
        return True
    if not (closers or space or not after):
        return bool(re.match(_HAN, after)) and bool(re.match(_HAN, text[found.start() - 1 : found.start()]))
    before = text[max(0, found.start() - 8) : found.start()]
    numero = before.endswith("No") and after.isdigit()
    return bool(closers) or not (numero or (len(marks) == 1 and re.search(_ABBREVIATION, before)))


def paragraphs(text: str, limit: int = PARAGRAPH_LIMIT) -> list[str]:
    """Split into paragraphs that tile the text; one longer than `limit` characters is cut between its sentences."""
    pieces = _tiles(text, [line.end() for line in re.finditer(_LINE, text)])
    return [part for piece in pieces for part in _cut(piece, limit)]


def _tiles(text: str, ends: list[int]) -> list[str]:
    """Cut the text at `ends`; a piece in which nothing can be read joins the one before, the first one the next."""
    starts: list[int] = []
    at, readable = 0, False
    for end in [*ends, len(text)]:
        if end == at:
            continue
        has_letters = bool(canonical(text[at:end]))
        if starts and not (readable and has_letters):
            readable = readable or has_letters
        else:
            starts.append(at)
            readable = has_letters
        at = end
    return [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=False)]


def _cut(paragraph: str, limit: int) -> list[str]:
    if len(paragraph) <= limit:
        return [paragraph]
    parts: list[str] = []
    for sentence in sentences(paragraph):
        for at in range(0, len(sentence), limit):
            piece = sentence[at : at + limit]
            if parts and len(parts[-1]) + len(piece) <= limit:
                parts[-1] += piece
            else:
                parts.append(piece)
    return parts


def canonical(text: str) -> str:
    """Keep the characters that carry meaning: letters and digits, with compatibility forms, accents and case folded.

    Two texts that differ only in spacing, punctuation or full-width forms have the same canonical form, and it can be
    taken piece by piece: `canonical(a + b) == canonical(a) + canonical(b)`. (That is why the letters are decomposed:
    composed ones could join across the seam of two pieces.)
    """
    return _NOT_LETTERS.sub("", unicodedata.normalize("NFKD", text).casefold())


def quoted(word: str) -> str:
    """The word as it is typed in a shell."""
    if re.fullmatch(r"[\w@%+=:,./-]+", word):
        return word
    import shlex  # noqa: PLC0415 - few words need it

    return shlex.quote(word)


def digest(text: str) -> str:
    """Which text this is: the first 128 bits of its SHA-256, in hex."""
    return digest_of(text.encode())


def digest_of(data: bytes) -> str:
    """The same of a text in UTF-8."""
    return sha256_of(data)[:32]


def sha256_of(data: bytes) -> str:
    """The whole SHA-256, in hex."""
    return hashlib.sha256(data).hexdigest()


def shorten(text: str, limit: int) -> str:
    """Cut a text to what takes at most `limit` bytes as a JSON string; halves of characters become `?`."""
    text = text[: limit + 1].encode(errors="replace").decode()
    if _size(text) <= limit:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if _size(text[:middle] + "…") <= limit:
            low = middle
        else:
            high = middle - 1
    return text[:low] + "…"


def _size(text: str) -> int:
    return len(orjson.dumps(text)) - len('""')
