"""Read what an OpenAI-compatible server replied: status, headers and bytes become an answer or a failure with its kind.

Law: pure; whatever a server sends is data: bounded, freed of control characters, and never trusted to have a shape.
"""

from __future__ import annotations

import json
import re
import zlib
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from stages.pipeline.contract import Answer, FailureKind, ProviderError, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

ANSWER_LIMIT_BYTES = 10 * 1024 * 1024
_DETAIL_LIMIT = 300
_RETRY_AFTER_LIMIT_S = 86_400.0
_NOT_NOW = frozenset({408, 409, 425, 499})
_KEY_REFUSED = frozenset({401, 403, 407})
_WRONG_ADDRESS = frozenset({404, 405, 410})
_OUT_OF_CREDIT_STATUS = 402
_SLOW_DOWN = 429
# Some providers say with a general status (400, 429) what will fail for every request; their codes, in lower case.
_OUT_OF_CREDIT_CODES = frozenset({
    "insufficient_quota", "credit_balance_exhausted", "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded", "organization_usage_limit_exceeded",  # OpenAI
    "exceeded_current_quota_error", "arrearage", "accountoverdueerror", "1113",  # Moonshot, DashScope, Ark, Zhipu
})  # fmt: skip
_OUT_OF_CREDIT = re.compile(
    r"insufficient[ _](?:quota|balance|credit|funds)|credit balance|balance is (?:too low|insufficient|not enough)"
    r"|(?:out of|no) credits?\b|余额不足|欠费|arrear",
    re.IGNORECASE,
)
_NO_SUCH_MODEL_CODES = frozenset({"model_not_found", "model_not_exist", "invalid_model"})
_NO_SUCH_MODEL = re.compile(r"\W*model not exist", re.IGNORECASE)
_BAD_KEY_CODES = frozenset({"invalid_api_key", "authentication_error"})
_FILTERED = frozenset({"content_filter", "sensitive"})
_BROKEN_OFF = frozenset({"network_error", "insufficient_system_resource"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One HTTP reply as it came; the names of `headers` are in lower case, `body` may still be compressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_too_large: bool = False

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 - RFC 9110, section 15

    @property
    def is_redirect(self) -> bool:
        """Whether the status is 3xx."""
        return 300 <= self.status < 400  # noqa: PLR2004 - RFC 9110, section 15


def read(reply: Reply, *, where: str, model: str, now: Callable[[], datetime]) -> Answer | ProviderError:
    """Return the answer, or the failure to raise; `where` and `model` are what its message names."""
    if reply.is_too_large:
        limit_mib = ANSWER_LIMIT_BYTES // 2**20
        return ProviderError(FailureKind.TERMINAL, f"The answer of {where} is larger than {limit_mib} MiB.")
    value = _json(reply)
    if not reply.is_success:
        return _refusal(reply, value, where=where, model=model, now=now)
    if not isinstance(value, dict):
        kind = short(reply.headers.get("content-type", "no content type"))
        return ProviderError(FailureKind.TRANSIENT, f"The answer of {where} is not readable as JSON ({kind}).")
    choices = value.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return _chosen(choices[0], value, where=where, model=model)
    codes, detail = _complaint(value)
    if status := next((int(code) for code in codes if re.fullmatch(r"[45]\d\d", code)), 0):
        inner = Reply(status=status, headers=reply.headers, body=b"")
        return _refusal(inner, value, where=where, model=model, now=now)
    why = short(detail) or "it holds no choices"
    return ProviderError(FailureKind.TRANSIENT, f"{where} answered without an answer: {why}")


def _chosen(choice: Mapping[str, Any], value: Mapping[str, Any], *, where: str, model: str) -> Answer | ProviderError:
    message = choice.get("message")
    message = message if isinstance(message, dict) else {}
    text = _text(message.get("content"))
    refusal = short(_text(message.get("refusal")))
    reason = short(str(choice.get("finish_reason") or "stop"))
    if reason in _FILTERED or (refusal and not text.strip()):
        why = refusal or f"finish_reason {reason}"
        return ProviderError(FailureKind.TERMINAL, f"The content filter of {where} refused this text: {why}")
    if reason in _BROKEN_OFF or (not text.strip() and reason != "length"):
        return ProviderError(FailureKind.TRANSIENT, f"{where} gave an empty answer (finish_reason {reason}).")
    answered_by = short(_text(value.get("model"))) or model
    return Answer(text=text, finish_reason=reason, model=answered_by, usage=_usage(value.get("usage")))


def _refusal(reply: Reply, value: Any, *, where: str, model: str, now: Callable[[], datetime]) -> ProviderError:
    """Say what a status other than 2xx means for this request and for the ones to come."""
    status = reply.status
    codes, detail = _complaint(value)
    kind = _kind(reply, codes, detail)
    match kind:
        case FailureKind.REFUSED:
            what = _why_refused(reply, codes, detail, where=where, model=model)
        case FailureKind.RATE_LIMITED:
            what = f"{where} asks to slow down ({status})."
        case FailureKind.TRANSIENT:
            what = f"{where} cannot answer now ({status})."
        case _:
            what = f"{where} does not accept this request ({status})."
    said = f" It says: {words}" if (words := short(detail)) else ""
    waits = kind in {FailureKind.RATE_LIMITED, FailureKind.TRANSIENT}
    return ProviderError(kind, what + said, retry_after_s=retry_after_s(reply.headers, now) if waits else None)


def _kind(reply: Reply, codes: frozenset[str], detail: str) -> FailureKind:
    status = reply.status
    if _is_out_of_credit(status, codes, detail) or reply.is_redirect or status in _KEY_REFUSED | _WRONG_ADDRESS:
        return FailureKind.REFUSED
    if status >= 500 or status in _NOT_NOW:  # noqa: PLR2004 - RFC 9110, section 15
        return FailureKind.TRANSIENT
    if codes & (_BAD_KEY_CODES | _NO_SUCH_MODEL_CODES) or _NO_SUCH_MODEL.match(detail):
        return FailureKind.REFUSED
    return FailureKind.RATE_LIMITED if status == _SLOW_DOWN else FailureKind.TERMINAL


def _is_out_of_credit(status: int, codes: frozenset[str], detail: str) -> bool:
    """Tell by code, and by words only where the words cannot be a piece of the story (as they may be at 400)."""
    named = status == _OUT_OF_CREDIT_STATUS or bool(codes & _OUT_OF_CREDIT_CODES)
    return named or (status in {403, _SLOW_DOWN} and bool(_OUT_OF_CREDIT.search(detail)))


def _why_refused(reply: Reply, codes: frozenset[str], detail: str, *, where: str, model: str) -> str:
    status = reply.status
    if _is_out_of_credit(status, codes, detail):
        return f"The account at {where} is out of credit or over its limit ({status})."
    if reply.is_redirect:
        location = re.match(r"(https?://)(?:[^/?#]*@)?([^/?#@]+)", reply.headers.get("location", ""), re.IGNORECASE)
        target = short("".join(location.groups())) if location else "another path of the same host"
        return f"{where} redirects to {target} ({status}), which is not followed: look at OPENAI_BASE_URL."
    if status in _KEY_REFUSED or codes & _BAD_KEY_CODES:
        return (
            f"{where} refuses the key ({status}): look at the environment variable OPENAI_API_KEY, "
            "and whether the key belongs to this base URL."
        )
    return f"{where} knows no model {model!r}, or this base URL (OPENAI_BASE_URL) is wrong ({status})."


def _complaint(value: Any) -> tuple[frozenset[str], str]:
    """Return the codes (lower case) and the words of a provider's error body, whichever of the usual shapes it has."""
    if isinstance(value, str):
        return frozenset(), value
    if not isinstance(value, dict):
        return frozenset(), ""
    error = value.get("error")
    if isinstance(error, dict):
        value = error
    elif isinstance(error, str):
        value = {**value, "message": error}
    codes = {str(value.get(key)).strip().lower() for key in ("code", "type") if value.get(key) is not None}
    said = value.get("message") or value.get("detail") or value.get("msg") or ""
    return frozenset(codes), said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)


def retry_after_s(headers: Mapping[str, str], now: Callable[[], datetime]) -> float | None:
    """Return how long the server asks to wait (at most a day), from Retry-After as RFC 9110 10.2.3 defines it."""
    said = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+(?:\.\d+)?", said, re.ASCII):
        return min(float(said), _RETRY_AFTER_LIMIT_S)
    with suppress(ValueError, OverflowError):
        today = now()
        at = parsedate_to_datetime(said)
        at = at if at.tzinfo else at.replace(tzinfo=today.tzinfo)
        return min(max((at - today).total_seconds(), 0.0), _RETRY_AFTER_LIMIT_S)
    return None


def short(text: str, limit: int = _DETAIL_LIMIT) -> str:
    """Return the text on one line, without control characters, cut to `limit` characters."""
    plain = "".join(c if c.isprintable() else " " for c in text[: 8 * limit])
    line = " ".join(plain.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _text(content: Any) -> str:
    """Return the words of a `content`, which is a string or a list of typed parts."""
    if isinstance(content, str):
        # A lone surrogate half (an escape cut in two) can be written nowhere: it becomes U+FFFD.
        return content.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    parts = content if isinstance(content, list) else []
    return "".join(_text(part.get("text")) for part in parts if isinstance(part, dict) and part.get("type") == "text")


def _usage(value: Any) -> Usage:
    told = value if isinstance(value, dict) else {}
    prompt, completion = (
        tokens if isinstance(tokens := told.get(key), int) and 0 <= tokens < 2**53 else 0
        for key in ("prompt_tokens", "completion_tokens")
    )
    return Usage(prompt_tokens=prompt, completion_tokens=completion)


def _json(reply: Reply) -> Any:
    """Return the body as a JSON value, as plain text if it is no JSON and no markup, or None if unreadable."""
    body = _decompressed(reply)
    if body is None:
        return None
    # JSON says its encoding itself; the header is believed only where that fails.
    charset = re.search(r"charset=\"?([\w.:-]+)", reply.headers.get("content-type", ""), re.IGNORECASE)
    for encoding in (json.detect_encoding(body), charset[1] if charset else ""):
        with suppress(ValueError, LookupError):  # a UnicodeDecodeError is a ValueError
            text = body.decode(encoding)
            with suppress(ValueError, RecursionError):
                return json.loads(text)
            return None if reply.is_success or text.lstrip().startswith("<") else text
    return None


def _decompressed(reply: Reply) -> bytes | None:
    """Return the body itself: we ask for no compression, and bear gzip from servers that do not listen."""
    encoding = reply.headers.get("content-encoding", "identity").strip().lower()
    if encoding in {"gzip", "x-gzip"}:
        with suppress(zlib.error):
            return zlib.decompressobj(31).decompress(reply.body, ANSWER_LIMIT_BYTES)
        return None
    return reply.body if encoding in {"identity", ""} else None
