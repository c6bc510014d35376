"""What a request asks for besides its messages, and which of that a server turns out not to take.

Law: pure. An option is left out only where the server named it in a refusal of a request that held it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from eventlog.values import frozen

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from stages.pipeline.contract import Request
    from stages.providers.complaints import Complaint

REFUSES_OPTIONS = frozenset({400, 422})
_NAMED = {
    "stream_options": re.compile(r"stream_options|include_usage", re.IGNORECASE),
    "response_format": re.compile(r"response_format|json_object|json[ _-]?mode|json[ _-]schema", re.IGNORECASE),
    "temperature": re.compile(r"\btemperature\b", re.IGNORECASE),
    "max_tokens": re.compile(r"\bmax_tokens\b", re.IGNORECASE),
    "max_completion_tokens": re.compile(r"\bmax_completion_tokens\b", re.IGNORECASE),
}
_NO_STREAM = re.compile(
    r"\bstream(?:ing)?\b(?!_).{0,40}\b(?:not|unsupported|must|cannot)\b"
    r"|\b(?:not|unsupported|must|cannot)\b.{0,40}\bstream(?:ing)?\b(?!_)",
    re.IGNORECASE | re.DOTALL,
)


@frozen
class Wishes:
    """What the user wants of every answer: None and 0 leave it to the server."""

    temperature: float | None = None
    max_answer_tokens: int = 0


def body(model: str, request: Request, wishes: Wishes, without: Collection[str]) -> dict[str, Any]:
    """Return what is sent: the messages as they are, and the options that are wanted and not known to be refused."""
    wanted: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
    is_continued = request.messages[-1].get("role") == "assistant"  # its JSON begins in what is there already
    if request.task == "scenes" and not is_continued:
        wanted["response_format"] = {"type": "json_object"}
    if wishes.temperature is not None:
        wanted["temperature"] = wishes.temperature
    if wishes.max_answer_tokens:
        name = "max_completion_tokens" if "max_tokens" in without else "max_tokens"
        wanted[name] = wishes.max_answer_tokens
    if "stream" in without:
        wanted |= {"stream": False}
        del wanted["stream_options"]
    asked = {"model": model, "messages": [dict(message) for message in request.messages]}
    return asked | {name: value for name, value in wanted.items() if name == "stream" or name not in without}


def refused(complaint: Complaint, sent: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the options of the sent request that the complaint is about."""
    if complaint.params:
        told = {re.split(r"[.\[]", param, maxsplit=1)[0] for param in complaint.params}
        return tuple(name for name in [*_NAMED, "stream"] if name in told and sent.get(name))
    found = tuple(name for name, named in _NAMED.items() if name in sent and named.search(complaint.words))
    return found or (("stream",) if sent["stream"] and _NO_STREAM.search(complaint.words) else ())
