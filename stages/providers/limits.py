"""How long a server asks to wait: Retry-After, and the x-ratelimit-* headers in all the ways they are written.

Law: pure; a header that cannot be understood says nothing, and nobody waits more than a day on a server's word.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

LONGEST_WAIT_S = 86_400.0
_NUMBER = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
_QUOTA = re.compile(r"(?:x-)?ratelimit-remaining(-[\w-]+)?")
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|[smhd]))+", re.ASCII)
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|[smhd])", re.ASCII)
_UNIT_S = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_EPOCH_S, _EPOCH_MS = 1e9, 1e12  # a number as large as this is a moment, not a number of seconds


def retry_after_s(headers: Mapping[str, str], now: Callable[[], datetime]) -> float | None:
    """Return how long the server asks to wait, from Retry-After as RFC 9110 10.2.3 defines it (or its ms form)."""
    if _NUMBER.fullmatch(exact := headers.get("retry-after-ms", "").strip()):
        return _bounded(float(exact) / 1000)
    said = headers.get("retry-after", "").strip()
    if _NUMBER.fullmatch(said):
        return _bounded(float(said))
    with suppress(ValueError, OverflowError):
        today = now()
        at = parsedate_to_datetime(said)
        at = at if at.tzinfo else at.replace(tzinfo=today.tzinfo)
        return _bounded((at - today).total_seconds())
    return None


def quota_wait_s(headers: Mapping[str, str], now: Callable[[], datetime]) -> float:
    """Return how long it takes until every quota that is used up is filled again; 0 if none is."""
    return max((reset_s for remaining, reset_s in _quotas(headers, now) if remaining <= 0), default=0.0)


def refused_wait_s(headers: Mapping[str, str], now: Callable[[], datetime]) -> float | None:
    """Return how long to wait after a refusal for too many requests; None if the server does not say.

    Where no quota is said to be used up, the request was too large for what is left of one: the first to be filled
    again decides.
    """
    asked = retry_after_s(headers, now)
    if asked is not None:
        return asked
    return quota_wait_s(headers, now) or min((reset_s for _, reset_s in _quotas(headers, now)), default=None)


def _quotas(headers: Mapping[str, str], now: Callable[[], datetime]) -> Iterator[tuple[float, float]]:
    """Every quota the headers tell of: what remains of it, and in how many seconds it is filled again."""
    for name, value in headers.items():
        if _QUOTA.fullmatch(name) and _NUMBER.fullmatch(value.strip().removeprefix("-")):
            reset_s = _reset_s(headers.get(name.replace("remaining", "reset", 1), "").strip(), now)
            if reset_s is not None:
                yield float(value), reset_s


def _reset_s(said: str, now: Callable[[], datetime]) -> float | None:
    if _NUMBER.fullmatch(said):
        number = float(said)
        if number >= _EPOCH_MS:
            return _bounded(number / 1000 - now().timestamp())
        return _bounded(number - now().timestamp() if number >= _EPOCH_S else number)
    if _DURATION.fullmatch(said):
        return _bounded(sum(float(number) * _UNIT_S[unit] for number, unit in _PART.findall(said)))
    with suppress(ValueError):
        at = datetime.fromisoformat(said)
        return _bounded((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now().timestamp())
    return None


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_WAIT_S)
