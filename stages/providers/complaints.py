"""What a provider says is wrong, read out of whichever of the usual shapes its error body has.

Law: pure; what a server says is data: shown on one line, without control characters, and never whole.
"""

from __future__ import annotations

import json
from typing import Any

from eventlog.values import frozen

_DETAIL_LIMIT = 300


@frozen
class Complaint:
    """The codes (lower case), the words, and the names of the parameters that an error is about."""

    codes: frozenset[str] = frozenset()
    words: str = ""
    params: tuple[str, ...] = ()


def complaint_in(value: Any) -> Complaint:
    """Return what an error body says; `value` is its JSON, or its text."""
    if isinstance(value, str):
        return Complaint(words=value)
    if not isinstance(value, dict):
        return Complaint()
    error = value.get("error")
    if isinstance(error, dict):
        value = error
    elif isinstance(error, str):
        value = {**value, "message": error}
    codes = {str(value.get(key)).strip().lower() for key in ("code", "type") if value.get(key) is not None}
    said = value.get("message") or value.get("detail") or value.get("msg") or ""
    words = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
    return Complaint(codes=frozenset(codes), words=words, params=_params(value, said))


def _params(error: dict[str, Any], said: Any) -> tuple[str, ...]:
    """The parameters named: OpenAI's `param`, or the `loc` of each error of a FastAPI server."""
    if isinstance(param := error.get("param"), str) and param:
        return (param,)
    errors = [one for one in said if isinstance(one, dict)] if isinstance(said, list) else []
    places = [place for one in errors if isinstance(place := one.get("loc"), list)]
    return tuple(str(name) for place in places for name in place if name != "body")


def short(text: str, limit: int = _DETAIL_LIMIT) -> str:
    """Return the text on one line, without control characters, cut to `limit` characters."""
    plain = "".join(c if c.isprintable() else " " for c in text[: 8 * limit])
    line = " ".join(plain.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
