"""Take out of a model's answer what was asked for: without its reasoning, its wrapping and the prose around it.

Law: pure, and linear in the answer's length; an answer that was cut off is never taken for a whole one.
"""

from __future__ import annotations

import json
import re
from typing import Any

from stages.pipeline.surroundings import without_surroundings

_LAYERS = 4  # a fence in reasoning in a fence; nobody wraps deeper, and the work stays bounded
_TAG = re.compile(
    r"(?P<margin>^[ \t]*)?<(?P<close>/)?(?P<name>think|thinking|thought|reasoning)>", re.IGNORECASE | re.MULTILINE
)
_FENCE = re.compile(r"(`{3,}|~{3,})[ \t]*([\w+.-]*)[ \t]*")
_SURROGATE = re.compile("[\ud800-\udfff]")
# A comma too many; strings are matched so that what they say is left alone.
_COMMA = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|,(?=\s*+[}\]])', re.DOTALL)
_OPENING = re.compile(r"[{\[]")
_OVERLAP = (12, 400)  # characters that a model repeats when it goes on: fewer are chance, more nobody repeats
_TRIES = 200  # so many brackets of prose are looked at before the JSON must begin


def strip_wrapping(text: str) -> str:
    """Return the answer without reasoning blocks, a code fence around the whole of it, and outer white space.

    Reasoning that never ends has no answer after it: the result is empty. Reasoning without its opening tag (some
    servers put that into the prompt) goes up to its closing tag.
    """
    for _ in range(_LAYERS):
        before = text
        text = _without_fence(_without_reasoning(text.removeprefix("\ufeff")).strip())
        if text == before:
            break
    return text


def _without_reasoning(text: str) -> str:
    """Drop `<think>` blocks; a tag opens one where a line begins with it, within a line it is a word of the story."""
    if "<" not in text:
        return text
    kept: list[str] = []
    at = 0
    block: re.Match[str] | None = None
    is_quoted = False
    for tag in _TAG.finditer(text):
        if block:
            if tag["close"] and tag["name"].lower() == block["name"].lower():
                at, block = tag.end(), None
        elif not tag["close"]:
            if tag["margin"] is None:
                is_quoted = True
            else:
                kept.append(text[at : tag.start()])
                at, block = tag.start(), tag
        elif is_quoted:
            is_quoted = False
        else:  # it closes what was opened before the answer began
            kept, at = [], tag.end()
    if block and not "".join(kept).strip():
        return ""
    return "".join(kept) + text[at:]


def _without_fence(text: str) -> str:
    """Return what one fence wraps, if the fence of the first line is closed by the last line and not before."""
    lines = text.split("\n")
    first = _FENCE.fullmatch(lines[0])
    if not first or len(lines) < 2 or lines[-1].strip() != first[1]:  # noqa: PLR2004 - two fences, two lines
        return text
    depth = 1
    for line in lines[1:-1]:
        if found := _FENCE.fullmatch(line.strip()):
            depth += 1 if found[2] else -1
        if depth == 0:
            return text
    return "\n".join(lines[1:-1]).strip() if depth == 1 else text


def read_json(text: str) -> Any:
    """Return the JSON object or list of objects an answer holds, whatever prose stands around it: the longest one.

    A comma before a closing bracket is borne. Raises ValueError, with a sentence that can be sent back to the model.
    """
    text = strip_wrapping(text)
    try:
        return _longest(text)
    except ValueError:
        mended = _COMMA.sub(lambda found: found[0] if found[0] != "," else "", text)
        if mended == text:
            raise
        return _longest(mended)


def _longest(text: str) -> Any:
    decoder = json.JSONDecoder(strict=False, parse_constant=lambda _: None)
    best, best_length = None, 0
    broken, broken_length = "", 0
    at = 0
    for _ in range(_TRIES):
        if not (opening := _OPENING.search(text, at)):
            break
        start = opening.start()
        try:
            value, at = decoder.raw_decode(text, start)
        except RecursionError:
            raise ValueError("The JSON of the answer is nested too deeply.") from None
        except ValueError as error:
            at = max(getattr(error, "pos", 0), start + 1)
            if at - start > broken_length:
                broken, broken_length = str(getattr(error, "msg", error)), at - start
        else:
            if at - start > best_length:
                best, best_length = value, at - start
    # A part of a broken object can be a sound object by itself: it is not what was asked for.
    if broken_length > best_length and broken_length > 2:  # noqa: PLR2004 - "{}" of a prose sentence
        raise ValueError(f"The JSON of the answer is broken after {broken_length} characters: {broken}.")
    is_list = isinstance(best, list) and best and all(isinstance(one, dict) for one in best)
    if not (isinstance(best, dict) or is_list):
        found = "a JSON list" if isinstance(best, list) else "no JSON"
        raise ValueError(f"The answer holds {found} where one JSON object was asked for.")
    if _SURROGATE.search(json.dumps(best, ensure_ascii=False)):
        raise ValueError("The JSON of the answer holds half a character (a lone surrogate).")
    return best


def result_text(answer: str) -> str:
    """The text an answer gives as a result: without wrapping and talk around it, with one newline at its end."""
    return without_surroundings(strip_wrapping(answer)).strip() + "\n"


def result_as_before(answer: str) -> str:
    """The same as programs read it that left the talk around an answer in the result."""
    return strip_wrapping(answer).strip() + "\n"


def joined(before: str, following: str) -> str:
    """An answer that was cut off and what came when it was asked to go on; what stands in both stands once."""
    rest = strip_wrapping(following)
    if rest == following.strip():  # nothing was wrapped around it: a line may have ended just where it was cut
        rest = following
    least, most = _OVERLAP
    for size in range(min(most, len(before), len(rest)), least - 1, -1):
        if before.endswith(rest[:size]):
            return before + rest[size:]
    return before + rest
