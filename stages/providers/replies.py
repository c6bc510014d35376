"""Read what an OpenAI-compatible server replied: status, headers and bytes become an answer or a failure with its kind.

Law: pure; whatever a server sends is data: bounded, freed of control characters, and never trusted to have a shape.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from eventlog.values import frozen
from stages.pipeline.contract import Answer, FailureKind, ProviderError, Usage
from stages.providers.complaints import Complaint, complaint_in, short
from stages.providers.limits import quota_wait_s, refused_wait_s, retry_after_s
from stages.providers.streams import Gathering, decoded, words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

ANSWER_LIMIT_BYTES = 10 * 1024 * 1024
_NOT_NOW = frozenset({408, 409, 425, 499})
_DOWN = frozenset({502, 503, 504, 521, 522, 523, 529})
_GAVE_UP_WAITING = frozenset({504, 524})  # a gateway that waited for an answer as we do
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
_STATUS_OF = {"rate_limit_exceeded": 429, "rate_limit_error": 429, "overloaded_error": 529, "service_unavailable": 503}
_FILTERED = frozenset({"content_filter", "sensitive"})
_BROKEN_OFF = frozenset({"network_error", "insufficient_system_resource"})


@frozen
class Server:
    """Whom a reply is from, in the words of a message: the address, the model, and where address and key are set."""

    where: str
    model: str
    key_place: str = "the environment variable OPENAI_API_KEY"
    address_place: str = "OPENAI_BASE_URL"


@frozen
class Reply:
    """One HTTP reply as it came; the names of `headers` are in lower case.

    A stream stands in `stream` instead of `body`; `broken` says why it ended before its end, if it did.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_too_large: bool = False
    stream: Gathering | None = None
    broken: str = ""

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 - RFC 9110, section 15

    @property
    def is_redirect(self) -> bool:
        """Whether the status is 3xx."""
        return 300 <= self.status < 400  # noqa: PLR2004 - RFC 9110, section 15


def read(reply: Reply, server: Server, now: Callable[[], datetime]) -> Answer | ProviderError:
    """Return the answer, or the failure to raise."""
    where = server.where
    if reply.is_too_large:
        limit_mib = ANSWER_LIMIT_BYTES // 2**20
        message = f"The answer of {where} is larger than {limit_mib} MiB."
        return ProviderError(FailureKind.TERMINAL, message, possibly_billed=True)
    if not reply.is_success:
        return _refusal(reply, complaint_of(reply), server, now)
    if reply.stream is not None:
        outcome = _streamed(reply, reply.stream, server, now)
    elif isinstance(value := _json(reply), dict):
        outcome = _whole(reply, value, server, now)
    else:
        kind = short(reply.headers.get("content-type", "no content type"))
        outcome = _unanswered(f"The answer of {where} is not readable as JSON ({kind}).")
    return replace(outcome, wait_s=quota_wait_s(reply.headers, now)) if isinstance(outcome, Answer) else outcome


def complaint_of(reply: Reply) -> Complaint:
    """Return what the reply says is wrong."""
    return complaint_in(_json(reply))


def _unanswered(message: str) -> ProviderError:
    """A success that holds no answer: worth another try, and perhaps billed."""
    return ProviderError(FailureKind.TRANSIENT, message, possibly_billed=True)


def _streamed(reply: Reply, stream: Gathering, server: Server, now: Callable[[], datetime]) -> Answer | ProviderError:
    if stream.error is not None:
        return _refusal_inside(reply, complaint_in(stream.error), server, now, was_begun=stream.characters > 0)
    if stream.is_unreadable:
        return _unanswered(f"The stream of {server.where} holds a piece that is not readable as JSON.")
    if not stream.is_whole:
        why = reply.broken or "the connection was closed"
        return _unanswered(f"The stream of {server.where} broke off after {stream.characters} characters: {why}.")
    return _whole(reply, stream.value(), server, now)


def _whole(
    reply: Reply, value: Mapping[str, Any], server: Server, now: Callable[[], datetime]
) -> Answer | ProviderError:
    choices = value.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return _chosen(choices[0], value, server)
    complaint = complaint_in(value)
    if complaint.codes or complaint.words:
        return _refusal_inside(reply, complaint, server, now, was_begun=False)
    return _unanswered(f"{server.where} answered without an answer: it holds no choices")


def _chosen(choice: Mapping[str, Any], value: Mapping[str, Any], server: Server) -> Answer | ProviderError:
    message = choice.get("message")
    message = message if isinstance(message, dict) else {}
    text = _text(message.get("content"))
    refusal = short(_text(message.get("refusal")))
    reason = short(str(choice.get("finish_reason") or "stop"))
    if reason in _FILTERED or (refusal and not text.strip()):
        why = ", ".join(filter(None, (refusal or f"finish_reason {reason}", _filters(choice))))
        told = f"The content filter of {server.where} refused this text: {why}"
        return ProviderError(FailureKind.TERMINAL, told, possibly_billed=True)
    if reason in _BROKEN_OFF or (not text.strip() and reason != "length"):
        return _unanswered(f"{server.where} gave an empty answer (finish_reason {reason}).")
    answered_by = short(_text(value.get("model"))) or server.model
    return Answer(text=text, finish_reason=reason, model=answered_by, usage=_usage(value.get("usage")))


def _filters(choice: Mapping[str, Any]) -> str:
    """The names of the filters that took offence, where a server tells them as Azure does."""
    results = choice.get("content_filter_results")
    found = results.items() if isinstance(results, dict) else ()
    return short(", ".join(str(name) for name, one in found if isinstance(one, dict) and one.get("filtered")), 80)


def _refusal_inside(
    reply: Reply, complaint: Complaint, server: Server, now: Callable[[], datetime], *, was_begun: bool
) -> ProviderError:
    """Say what an error means that came with a status of success, or in the middle of an answer."""
    told = (int(code) if re.fullmatch(r"[45]\d\d", code) else _STATUS_OF.get(code, 0) for code in complaint.codes)
    status = max(told, default=0)
    inner = Reply(status=status or reply.status, headers=reply.headers)
    if status or _kind(inner, complaint) is FailureKind.REFUSED:
        error = _refusal(inner, complaint, server, now)
        error.possibly_billed = error.possibly_billed or was_begun
        return error
    why = short(complaint.words) or f"error {', '.join(sorted(complaint.codes)) or 'without a word'}"
    message = f"{server.where} answered without an answer: {why}"
    return ProviderError(FailureKind.TRANSIENT, message, possibly_billed=was_begun)


def _refusal(reply: Reply, complaint: Complaint, server: Server, now: Callable[[], datetime]) -> ProviderError:
    """Say what a status other than 2xx means for this request and for the ones to come."""
    status, where, wait_s = reply.status, server.where, None
    kind = _kind(reply, complaint)
    match kind:
        case FailureKind.REFUSED:
            what = _why_refused(reply, complaint, server)
        case FailureKind.RATE_LIMITED:
            what, wait_s = f"{where} asks to slow down ({status}).", refused_wait_s(reply.headers, now)
        case FailureKind.TRANSIENT:
            what, wait_s = f"{where} cannot answer now ({status}).", retry_after_s(reply.headers, now)
        case FailureKind.UNAVAILABLE:
            what, wait_s = f"{where} is not available ({status}).", retry_after_s(reply.headers, now)
        case _:
            what = f"{where} does not accept this request ({status})."
    said = f" It says: {told}" if (told := short(complaint.words)) else ""
    return ProviderError(kind, what + said, retry_after_s=wait_s, possibly_billed=status in _GAVE_UP_WAITING)


def _kind(reply: Reply, complaint: Complaint) -> FailureKind:
    status, codes = reply.status, complaint.codes
    if _is_out_of_credit(status, complaint) or reply.is_redirect or status in _KEY_REFUSED | _WRONG_ADDRESS:
        return FailureKind.REFUSED
    if status in _DOWN:
        return FailureKind.UNAVAILABLE
    if codes & (_BAD_KEY_CODES | _NO_SUCH_MODEL_CODES) or _NO_SUCH_MODEL.match(complaint.words):
        return FailureKind.REFUSED
    if status >= 500 or status in _NOT_NOW:  # noqa: PLR2004 - RFC 9110, section 15
        return FailureKind.TRANSIENT
    return FailureKind.RATE_LIMITED if status == _SLOW_DOWN else FailureKind.TERMINAL


def _is_out_of_credit(status: int, complaint: Complaint) -> bool:
    """Tell by code, and by words only where the words cannot be a piece of the story (as they may be at 400)."""
    named = status == _OUT_OF_CREDIT_STATUS or bool(complaint.codes & _OUT_OF_CREDIT_CODES)
    return named or (status in {403, _SLOW_DOWN} and bool(_OUT_OF_CREDIT.search(complaint.words)))


def _why_refused(reply: Reply, complaint: Complaint, server: Server) -> str:
    status, where = reply.status, server.where
    if _is_out_of_credit(status, complaint):
        return f"The account at {where} is out of credit or over its limit ({status})."
    if reply.is_redirect:
        location = re.match(r"(https?://)(?:[^/?#]*@)?([^/?#@]+)", reply.headers.get("location", ""), re.IGNORECASE)
        target = short("".join(location.groups())) if location else "another path of the same host"
        return f"{where} redirects to {target} ({status}), which is not followed: look at {server.address_place}."
    if status in _KEY_REFUSED or complaint.codes & _BAD_KEY_CODES:
        return (
            f"{where} refuses the key ({status}): look at {server.key_place}, "
            "and whether the key belongs to this base URL."
        )
    return f"{where} knows no model {server.model!r}, or this base URL ({server.address_place}) is wrong ({status})."


def _text(content: Any) -> str:
    """Return the words of a `content`; half a surrogate (an escape cut in two) can be written nowhere: it is U+FFFD."""
    return words(content).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _usage(value: Any) -> Usage:
    told = value if isinstance(value, dict) else {}
    prompt, completion = (
        tokens if isinstance(tokens := told.get(key), int) and 0 <= tokens < 2**53 else 0
        for key in ("prompt_tokens", "completion_tokens")
    )
    return Usage(prompt_tokens=prompt, completion_tokens=completion)


def charset_of(headers: Mapping[str, str]) -> str:
    """Return the charset that the content type names."""
    found = re.search(r"charset=\"?([\w.:-]+)", headers.get("content-type", ""), re.IGNORECASE)
    return found[1] if found else ""


def _json(reply: Reply) -> Any:
    """Return the body as a JSON value, a refusal's as plain text if it is no JSON and no markup, else None."""
    charset = charset_of(reply.headers)
    value = decoded(reply.body, charset)
    if value is None and not reply.is_success:
        for encoding in ("utf-8", charset):
            with suppress(ValueError, LookupError):
                text = reply.body.decode(encoding)
                return None if text.lstrip().startswith("<") else text
    return value
