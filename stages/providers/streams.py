"""Put an answer together from the pieces of a stream: the data of its server-sent events, one after the other.

Law: pure. A stream is whole only if it said so itself: a reason to finish, or [DONE]; a piece that cannot be read is
never left out in silence.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any

STREAM_BEGINS = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:data|event|id|retry)?:")  # a field, or a comment
_DONE = "[DONE]"


def decoded(data: bytes, charset: str = "") -> Any:
    """Return JSON as a value, or None: it says its encoding itself; the charset is believed only where that fails."""
    for encoding in (json.detect_encoding(data), charset):
        with suppress(ValueError, LookupError):  # a UnicodeDecodeError is a ValueError
            text = data.decode(encoding)
            with suppress(ValueError, RecursionError):
                return json.loads(text)
            return None
    return None


def words(content: Any) -> str:
    """Return the words of a `content`, which is a string or a list of typed parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(words(part.get("text")) for part in parts if isinstance(part, dict) and part.get("type") == "text")


class Gathering:
    """A stream while it comes; `error` is the value of the piece that said something went wrong."""

    def __init__(self, charset: str = "") -> None:
        self.characters = self.text_bytes = 0
        self.error: Any = None
        self.is_done = False
        self.is_unreadable = False
        self._charset = charset
        self._texts: list[str] = []
        self._refusals: list[str] = []
        self._whole: Any = None
        self._about: dict[str, Any] = {}
        self._choice: dict[str, Any] = {}

    @property
    def is_whole(self) -> bool:
        """Whether nothing more is needed for an answer."""
        return self.is_done or bool(self._choice.get("finish_reason"))

    def take(self, event: str, data: bytes) -> None:
        """Take in one event; what comes after the end, or after an error, says nothing."""
        if self.is_done or self.error is not None or not data.strip():
            return
        if data.strip() == _DONE.encode():
            self.is_done = True
            return
        value = decoded(data, self._charset)
        if event == "error" or (isinstance(value, dict) and value.get("error")):
            self.error = value if value is not None else data.decode("utf-8", "replace")
        elif not isinstance(value, dict):
            self.is_unreadable = True
        else:
            self._take_piece(value)

    def value(self) -> dict[str, Any]:
        """Return the answer in the shape it would have had in one piece."""
        text: Any = "".join(self._texts) or self._whole
        message = {"content": text, "refusal": "".join(self._refusals)}
        return self._about | {"choices": [self._choice | {"message": message}]}

    def _take_piece(self, piece: dict[str, Any]) -> None:
        self._about |= {name: piece[name] for name in ("model", "usage") if piece.get(name)}
        choices = piece.get("choices")
        first = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(first, dict) or first.get("index"):
            return
        if isinstance(first.get("usage"), dict):  # Moonshot's place for it
            self._about["usage"] = first["usage"]
        self._choice |= {name: first[name] for name in ("finish_reason", "content_filter_results") if first.get(name)}
        delta, message = first.get("delta"), first.get("message")
        if isinstance(delta, dict):
            self._texts.append(words(delta.get("content")))
            self._refusals.append(words(delta.get("refusal")))
            self.characters += len(self._texts[-1])
            self.text_bytes += len(self._texts[-1].encode("utf-8", "surrogatepass"))
        if isinstance(message, dict) and message.get("content"):
            self._whole = message["content"]
