"""What the provider promises of answers: one call is one request, and each failure has its kind.

Law: every reply comes from a server on this computer; no test needs a network.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from stages.pipeline.contract import Answer, FailureKind, Usage
from stages.providers.connection import Timeouts
from tests import loopback_server as ls
from tests.loopback_answers import respond
from tests.provider_calls import KEY, REQUEST, ask, ask_once, body, factory, failure, failure_of

if TYPE_CHECKING:
    from pathlib import Path


def test_a_good_answer_is_returned_raw_for_one_request_with_the_key_in_its_header() -> None:
    with ls.loopback() as server:
        answer = ask(server.base_url)
        (received,) = server.requests
    assert answer.text == respond(REQUEST.messages)
    assert "他推开门" in answer.text
    assert (answer.finish_reason, answer.model) == ("stop", "test-model-0001")
    assert answer.usage.prompt_tokens > 0
    assert answer.usage.completion_tokens > 0
    assert received.path == "/v1/chat/completions"
    assert received.headers["Authorization"] == f"Bearer {KEY}"
    assert received.body == {
        "model": "test-model",
        "messages": list(REQUEST.messages),
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_wrapping_is_left_in_the_answer_for_those_who_read_it() -> None:
    raw = "<think>\nhm\n</think>\n```markdown\n# T\n```"
    with ls.loopback(ls.always(ls.Fault(content=raw))) as server:
        assert ask(server.base_url).text == raw


@pytest.mark.parametrize(
    ("fault", "kind", "says"),
    [
        (ls.RATE_LIMITED, FailureKind.RATE_LIMITED, "slow down"),
        (ls.OUT_OF_QUOTA, FailureKind.REFUSED, "out of credit"),
        (body({"error": {"message": "余额不足或无可用资源包", "code": "1113"}}, 429), FailureKind.REFUSED, "of credit"),
        (body({"message": "Sorry, your account balance is insufficient"}, 403), FailureKind.REFUSED, "out of credit"),
        (body({"error": {"message": "Access denied", "code": "Arrearage"}}, 400), FailureKind.REFUSED, "out of credit"),
        (body({"error": {"message": "quoted: 余额不足"}}, 400), FailureKind.TERMINAL, "quoted"),
        (body({"error": {"message": "Insufficient Balance"}}, 402), FailureKind.REFUSED, "out of credit"),
        (ls.SERVER_ERROR, FailureKind.TRANSIENT, "had an error"),
        (ls.Fault(status=502, body=b"<html>Bad gateway</html>"), FailureKind.UNAVAILABLE, "502"),
        (ls.Fault(status=408, body=b""), FailureKind.TRANSIENT, "408"),
        (ls.Fault(status=409, body=b"{}"), FailureKind.TRANSIENT, "409"),
        (ls.UNAUTHORIZED, FailureKind.REFUSED, "OPENAI_API_KEY"),
        (ls.Fault(status=403, body=b""), FailureKind.REFUSED, "OPENAI_API_KEY"),
        (ls.NOT_FOUND, FailureKind.REFUSED, "'test-model', or this base URL"),
        (body({"error": {"message": "Model Not Exist"}}, 400), FailureKind.REFUSED, "test-model"),
        (ls.BAD_REQUEST, FailureKind.TERMINAL, "context length exceeded"),
        (ls.Fault(status=413, body=b"too large"), FailureKind.TERMINAL, "too large"),
        (body({"detail": [{"loc": ["body"], "msg": "bad"}]}, 422), FailureKind.TERMINAL, "bad"),
        (ls.HTML, FailureKind.TRANSIENT, "text/html"),
        (ls.INVALID_JSON, FailureKind.TRANSIENT, "not readable as JSON"),
        (ls.Fault(body=b"[1]"), FailureKind.TRANSIENT, "not readable as JSON"),
        (ls.Fault(body=b"[" * 100_000), FailureKind.TRANSIENT, "not readable as JSON"),
        (ls.HIDES_GBK, FailureKind.TRANSIENT, "not readable as JSON"),
        (ls.Fault(body=b"", headers={"Content-Encoding": "br"}), FailureKind.TRANSIENT, "not readable"),
        (ls.EMPTY_CHOICES, FailureKind.TRANSIENT, "no choices"),
        (body({"choices": [None]}), FailureKind.TRANSIENT, "no choices"),
        (body({"choices": [{"message": None}]}), FailureKind.TRANSIENT, "empty"),
        (body({"choices": [{"message": {"content": None}}]}), FailureKind.TRANSIENT, "empty"),
        (ls.EMPTY_CONTENT, FailureKind.TRANSIENT, "empty"),
        (body({"error": {"message": "upstream is gone", "code": 503}}), FailureKind.UNAVAILABLE, "upstream is gone"),
        (body({"error": {"message": "no credits left", "code": 402}}), FailureKind.REFUSED, "no credits left"),
        (body({"error": "out of memory"}), FailureKind.TRANSIENT, "out of memory"),
        (ls.FILTERED, FailureKind.TERMINAL, "content_filter"),
        (body({"choices": [{"message": {"refusal": "I will not."}}]}), FailureKind.TERMINAL, "I will not."),
        (ls.HUGE, FailureKind.TERMINAL, "larger than 10 MiB"),
        (ls.HUGE_IN_ONE_PIECE, FailureKind.TERMINAL, "larger than 10 MiB"),
        (ls.CLOSES, FailureKind.TRANSIENT, "the connection failed"),
        (ls.Fault(body=b"{", headers={"Content-Length": "99", "Connection": "close"}, tells_length=False),
         FailureKind.TRANSIENT, "failed"),
        (ls.Fault(status=401, body=b"{", headers={"Content-Length": "99", "Connection": "close"}, tells_length=False),
         FailureKind.REFUSED, "OPENAI_API_KEY"),
    ],
)  # fmt: skip
def test_each_failure_has_its_kind_and_costs_one_request(fault: ls.Fault, kind: FailureKind, says: str) -> None:
    error = failure(fault)
    assert error.kind is kind
    assert says in error.message
    assert error.retry_after_s is None


@pytest.mark.parametrize(
    ("fault", "is_billed"),
    [
        (ls.SERVER_ERROR, False),
        (ls.RATE_LIMITED, False),
        (ls.UNAUTHORIZED, False),
        (ls.Fault(status=502, body=b""), False),
        (ls.Fault(status=504, body=b""), True),
        (ls.Fault(status=524, body=b""), True),
        (ls.CLOSES, True),
        (ls.HTML, True),
        (ls.INVALID_JSON, True),
        (ls.EMPTY_CHOICES, True),
        (ls.EMPTY_CONTENT, True),
        (ls.FILTERED, True),
        (ls.HUGE_IN_ONE_PIECE, True),
        (body({"error": "out of memory"}), False),
    ],
)
def test_it_is_known_what_may_have_been_billed(fault: ls.Fault, is_billed: bool) -> None:  # noqa: FBT001 - a case
    assert failure(fault).possibly_billed is is_billed


@pytest.mark.parametrize("status", [502, 503, 504, 521, 522, 523, 529])
def test_a_provider_that_is_down_is_unavailable(status: int) -> None:
    assert failure(ls.Fault(status=status, body=b"x")).kind is FailureKind.UNAVAILABLE


def test_a_host_that_nobody_knows_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = failure_of(lambda: ask("http://ollama.localhost/v1"))
    assert (error.kind, error.possibly_billed) == (FailureKind.UNAVAILABLE, False)
    assert "cannot be reached" in error.message
    assert "not known" in error.message


def test_a_server_that_does_not_accept_in_time_is_unavailable() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)  # noqa: FBT003 - the library's signature
            one.connect_ex(address)
        error = failure_of(lambda: ask(f"http://127.0.0.1:{address[1]}/v1", timeouts=Timeouts(connect_s=0.1)))
        for one in waiting:
            one.close()
    assert (error.kind, error.possibly_billed) == (FailureKind.UNAVAILABLE, False)
    assert "0.1 s" in error.message


@pytest.mark.parametrize("timeouts", [Timeouts(first_byte_s=0.1), Timeouts(total_s=0.1)])
def test_a_server_that_hangs_is_a_transient_failure(timeouts: Timeouts) -> None:
    error = failure(ls.HANGS, timeouts)
    assert error.kind is FailureKind.TRANSIENT
    assert "0.1 s" in error.message


def test_a_slow_drip_ends_with_the_total_timeout_and_is_borne_within_it() -> None:
    began = time.monotonic()
    assert failure(ls.SLOW_DRIP, Timeouts(idle_s=5, total_s=0.3)).kind is FailureKind.TRANSIENT
    assert time.monotonic() - began < 3
    with ls.loopback(ls.always(ls.Fault(drip_s=0.001))) as server:
        assert ask(server.base_url).text


def test_an_answer_too_large_is_not_read_to_its_end() -> None:
    endless = ls.Fault(body=b"x" * (10 * 2**20 + 1), headers={"Content-Length": str(10**12)})
    assert failure(endless, Timeouts(idle_s=2)).kind is FailureKind.TERMINAL


def test_a_cancelled_call_is_cancelled_and_no_failure() -> None:
    async def cancelled(base_url: str) -> None:
        async with asyncio.timeout(0.2):
            await ask_once(factory(base_url)())

    with ls.loopback(ls.always(ls.HANGS)) as server, pytest.raises(TimeoutError):
        asyncio.run(cancelled(server.base_url))


def test_a_provider_that_nobody_can_reach_is_unavailable_and_nothing_was_billed() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, not listening
        error = failure_of(lambda: ask(f"http://127.0.0.1:{closed.getsockname()[1]}/v1"))
    assert error.kind is FailureKind.UNAVAILABLE
    assert not error.possibly_billed


@pytest.mark.parametrize(
    ("said", "wait_s"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("Mon, 23 Nov 2026 12:01:30 GMT", 90.0),
        ("Mon, 23 Nov 2026 12:01:30 -0000", 90.0),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0.0),
        ("9" * 400, 86_400.0),
        ("-1", None),
        ("nan", None),
        ("soon", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_read_in_both_of_its_forms(said: str, wait_s: float | None, status: int) -> None:
    error = failure(body({"error": {"message": "later"}}, status, Retry_After=said))
    assert error.retry_after_s == wait_s


def test_an_answer_cut_at_its_length_is_an_answer_that_says_so() -> None:
    with ls.loopback(ls.always(ls.CUT_OFF)) as server:
        assert ask(server.base_url).finish_reason == "length"


@pytest.mark.parametrize("fault", [ls.SAYS_GBK, ls.SAYS_LATIN_1])
def test_a_readable_answer_is_read_whatever_charset_is_claimed(fault: ls.Fault) -> None:
    with ls.loopback(ls.always(fault)) as server:
        assert "“谁？”" in ask(server.base_url).text


def test_odd_but_whole_answers_are_read() -> None:
    parts = [{"type": "text", "text": "a\ud800"}, {"type": "image"}, {"type": "text", "text": "b"}]
    odd = {"choices": [{"message": {"content": parts}}], "usage": {"prompt_tokens": -1, "completion_tokens": "7"}}
    packed = ls.Fault(body=gzip.compress(json.dumps(odd).encode()), headers={"Content-Encoding": "gzip"})
    with ls.loopback(ls.always(packed)) as server:
        answer = ask(server.base_url)
    assert answer == Answer(text="a\ufffdb", finish_reason="stop", model="test-model", usage=Usage())


def test_the_loopback_server_runs_as_a_process_and_counts(tmp_path: Path) -> None:
    port_file = tmp_path / "port"
    program = [sys.executable, ls.__file__, "--port-file", str(port_file), "--delay-s", "0.01"]
    with subprocess.Popen(program, cwd=tmp_path) as process:
        try:
            deadline = time.monotonic() + 20
            while not port_file.exists() and time.monotonic() < deadline:
                time.sleep(0.02)
            for _ in range(2):
                assert ask(f"http://127.0.0.1:{port_file.read_text(encoding='ascii')}/v1").text
        finally:
            process.terminate()
    assert (tmp_path / "port.count").read_text(encoding="utf-8") == "storyboard 雨夜\n" * 2


def test_faults_meet_the_requests_they_are_meant_for() -> None:
    with ls.loopback(ls.when("雨夜", ls.SERVER_ERROR, ls.RATE_LIMITED_7_S)) as server:
        kinds = [failure_of(lambda: ask(server.base_url)).kind for _ in range(2)]
        assert ask(server.base_url).text
    assert kinds == [FailureKind.TRANSIENT, FailureKind.RATE_LIMITED]
