"""What the provider promises of limits: it knows how long to wait, in every way that servers say it.

Law: the time is a value; nothing waits.
"""

from __future__ import annotations

import pytest

from stages.pipeline.contract import FailureKind
from stages.providers.limits import LONGEST_WAIT_S, quota_wait_s, refused_wait_s, retry_after_s
from tests import loopback_server as ls
from tests.provider_calls import NOW, ask, body, failure

EPOCH = int(NOW.timestamp())
SLOW = {"error": {"message": "slow down"}}


def quota(remaining: str, reset: str, name: str = "-requests") -> dict[str, str]:
    """The two headers of a quota."""
    return {f"x-ratelimit-remaining{name}": remaining, f"x-ratelimit-reset{name}": reset}


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("120ms", 0.12),
        ("1h2m3.5s", 3723.5),
        ("7.66s", 7.66),
        ("17µs", 17e-6),
        ("250us", 250e-6),
        ("12", 12.0),
        ("0.5", 0.5),
        (str(EPOCH + 30), 30.0),
        (str((EPOCH + 30) * 1000), 30.0),
        (str(EPOCH - 30), 0.0),
        ("2026-11-23T12:00:09Z", 9.0),
        ("2026-11-23T12:00:09", 9.0),
        ("9d", LONGEST_WAIT_S),
    ],
)
def test_the_time_to_the_reset_is_read_however_it_is_written(said: str, seconds: float) -> None:
    assert quota_wait_s(quota("0", said), lambda: NOW) == pytest.approx(seconds)
    assert refused_wait_s(quota("0", said), lambda: NOW) == pytest.approx(seconds)


@pytest.mark.parametrize("said", ["", "soon", "-1", "s", "1 s", "nan", "1y", "9" * 400 + "x"])
def test_what_cannot_be_understood_says_nothing(said: str) -> None:
    assert quota_wait_s(quota("0", said), lambda: NOW) == 0.0
    assert refused_wait_s(quota("0", said), lambda: NOW) is None


def test_only_a_quota_that_is_used_up_is_waited_for_and_the_longest_one() -> None:
    assert quota_wait_s(quota("1", "60s"), lambda: NOW) == 0.0
    assert quota_wait_s(quota("many", "60s"), lambda: NOW) == 0.0
    both = quota("0", "2s") | quota("0", "6m0s", "-tokens") | quota("5", "9h", "-day")
    assert quota_wait_s(both, lambda: NOW) == 360.0
    assert quota_wait_s(quota("-3", "5", ""), lambda: NOW) == 5.0
    assert quota_wait_s({"ratelimit-remaining": "0", "ratelimit-reset": "4"}, lambda: NOW) == 4.0


def test_a_refusal_waits_as_retry_after_says_then_as_the_quotas_do() -> None:
    quotas = quota("0", "2s") | quota("0", "8s", "-tokens")
    assert refused_wait_s(quotas | {"retry-after": "3"}, lambda: NOW) == 3.0
    assert refused_wait_s(quotas | {"retry-after": "3", "retry-after-ms": "1500"}, lambda: NOW) == 1.5
    assert refused_wait_s(quotas | {"retry-after": "soon"}, lambda: NOW) == 8.0
    assert refused_wait_s(quota("7", "2s") | quota("9", "8s", "-tokens"), lambda: NOW) == 2.0
    assert refused_wait_s({}, lambda: NOW) is None
    assert retry_after_s(quotas, lambda: NOW) is None


def test_a_429_carries_the_wait_and_an_answer_tells_when_the_quota_is_used_up() -> None:
    error = failure(ls.Fault(status=429, body=b"{}", headers=quota("0", "6m0s")))
    assert (error.kind, error.retry_after_s) == (FailureKind.RATE_LIMITED, 360.0)
    error = failure(body(SLOW, 429, x_ratelimit_remaining_tokens="12", x_ratelimit_reset_tokens="120ms"))
    assert error.retry_after_s == pytest.approx(0.12)
    for streams in (True, False):
        for remaining, waits in (("0", 1.5), ("1", 0.0)):
            fault = ls.Fault(headers=quota(remaining, "1.5s", "-tokens"), streams=streams)
            with ls.loopback(ls.always(fault)) as server:
                assert ask(server.base_url).wait_s == waits


def test_a_server_that_is_down_is_not_asked_by_its_quotas() -> None:
    error = failure(ls.Fault(status=503, body=b"{}", headers=quota("0", "6m0s")))
    assert (error.kind, error.retry_after_s) == (FailureKind.UNAVAILABLE, None)
