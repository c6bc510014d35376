"""What the provider promises of streams: whole or a failure that says so, within its times, with the usage at the end.

Law: every reply comes from a server on this computer; nothing waits for a second.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.pipeline.contract import Answer, FailureKind, Usage
from stages.providers.connection import Timeouts
from stages.providers.replies import Reply, Server, read
from stages.providers.streams import Gathering
from tests import loopback_server as ls
from tests.loopback_answers import respond
from tests.provider_calls import NOW, REQUEST, ask, factory, failure, failure_of

GOOD = respond(REQUEST.messages)
SHORT = Timeouts(first_byte_s=0.2, idle_s=0.2)


def piece(text: str | None = None, finish_reason: str | None = None, **more: Any) -> str:
    """One event's data."""
    delta = {} if text is None else {"content": text}
    return json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}], **more})


def answer_to(fault: ls.Fault, timeouts: Timeouts | None = None) -> Answer:
    """What one call makes of a fault that is none, having cost one request."""
    with ls.loopback(ls.always(fault)) as server:
        answer = ask(server.base_url, timeouts=timeouts)
        assert len(server.requests) == 1
    return answer


@pytest.mark.parametrize(
    "fault",
    [
        ls.Fault(),
        ls.Fault(streams=False),
        ls.Fault(between=": keep-alive\n\n"),
        ls.Fault(between="event: message\nid: 7\nretry: 10\n"),
        ls.Fault(between="\ufeff"),
        ls.Fault(ends="\r\n\r\n"),
        ls.Fault(ends="\r\r"),
        ls.Fault(drip_s=0.0005),
        ls.Fault(tells_length=False),
        ls.Fault(headers={"Content-Type": "application/json"}),
        ls.Fault(headers={"Content-Type": "text/event-stream; charset=latin-1"}),
        ls.Fault(headers={"Content-Type": "text/event-stream; charset=gbk"}, encoding="gbk"),
    ],
    ids=lambda fault: f"{fault.between[:20]!r} {fault.ends!r} {fault.encoding} {dict(fault.headers)}",
)
def test_a_stream_has_the_same_answer_however_it_is_cut_and_kept_alive(fault: ls.Fault) -> None:
    if fault.between == "\ufeff":  # a byte order mark stands at the beginning alone
        whole = "".join(f"data: {piece(text)}\n\n" for text in ("“谁？”", "她问"))
        fault = ls.Fault(body=f"\ufeff{whole}data: [DONE]\n\n".encode())
        assert answer_to(fault).text == "“谁？”她问"
        return
    answer = answer_to(fault)
    assert (answer.text, answer.finish_reason, answer.model) == (GOOD, "stop", "test-model-0001")
    assert answer.usage.completion_tokens == len(GOOD) // 2


@pytest.mark.parametrize("fault", [ls.CUT_STREAM, ls.CUT_STREAM_UNSEEN, replace(ls.HANGING_STREAM, wait_s=0.0)])
def test_a_stream_that_breaks_off_is_transient_and_possibly_billed(fault: ls.Fault) -> None:
    error = failure(fault, SHORT)
    assert error.kind is FailureKind.TRANSIENT
    assert error.possibly_billed
    assert "broke off after" in error.message


def test_each_time_a_call_may_take_is_kept_and_named() -> None:
    began = time.monotonic()
    assert "nothing came in 0.1 s" in failure(ls.HANGS, Timeouts(first_byte_s=0.1)).message
    assert "nothing more came in 0.1 s" in failure(ls.HANGING_STREAM, Timeouts(idle_s=0.1)).message
    whole = failure(ls.SLOW_DRIP, Timeouts(first_byte_s=0.2, idle_s=0.2, total_s=0.3))
    assert "not whole in 0.3 s" in whole.message
    assert whole.possibly_billed
    assert failure(ls.HANGS, Timeouts(first_byte_s=0.1)).possibly_billed
    assert time.monotonic() - began < 3


def test_a_comment_keeps_an_answer_alive_but_not_beyond_the_whole_time() -> None:
    waits = ls.Fault(events=[piece("a"), "[DONE]"], between=": still thinking\n\n" * 40, drip_s=0.01)
    assert answer_to(waits, Timeouts(first_byte_s=0.2, idle_s=0.2)).text == "a"
    assert failure(waits, Timeouts(idle_s=0.2, total_s=0.1)).kind is FailureKind.TRANSIENT


@pytest.mark.parametrize(
    "events",
    [
        [piece("ab"), piece(finish_reason="stop")],
        [piece("ab"), piece(finish_reason="stop"), "[DONE]"],
        [piece("ab"), "[DONE]"],
        [piece("ab"), "[DONE]", "rubbish"],
        [piece("ab", "stop"), piece(usage={"prompt_tokens": 3, "completion_tokens": 2})],
    ],
)
@pytest.mark.parametrize("ending", [ls.Fault(), ls.Fault(tells_length=False), ls.Fault(ends="\n", between="\n")])
def test_a_stream_is_whole_when_it_says_so_in_either_way(events: list[str], ending: ls.Fault) -> None:
    assert answer_to(replace(ending, events=events)).text == "ab"


def test_a_whole_answer_is_not_lost_when_the_connection_breaks_or_hangs_after_it() -> None:
    whole = [piece("ab"), piece(finish_reason="length")]
    for hangs in (False, True):
        fault = ls.Fault(events=[*whole, piece("x"), piece("y")], stops_after=2, hangs=hangs)
        answer = answer_to(fault, Timeouts(idle_s=0.1))
        assert (answer.text, answer.finish_reason) == ("ab", "length")


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        ({"error": {"message": "upstream is gone", "code": 502}}, FailureKind.UNAVAILABLE, "upstream is gone"),
        ({"error": {"message": "slow", "code": "rate_limit_exceeded"}}, FailureKind.RATE_LIMITED, "slow"),
        ({"error": {"message": "no", "code": "insufficient_quota"}}, FailureKind.REFUSED, "out of credit"),
        ({"error": "crashed"}, FailureKind.TRANSIENT, "crashed"),
        (
            {"error": {"type": "server_error"}, "choices": [{"delta": {"content": "z"}}]},
            FailureKind.TRANSIENT,
            "server",
        ),
    ],
)
def test_an_error_in_the_middle_of_a_stream_is_a_failure_of_its_kind(
    error: dict[str, Any], kind: FailureKind, says: str
) -> None:
    for before in ([], [piece("ab")]):
        events = [*before, json.dumps(error), piece("cd", "stop"), "[DONE]"]
        found = failure(ls.Fault(events=events))
        assert (found.kind, found.possibly_billed) == (kind, bool(before))
        assert says in found.message


def test_an_event_named_error_is_one_whatever_it_holds() -> None:
    fault = ls.Fault(events=["out of memory"], between="event: error\n")
    assert "out of memory" in failure(fault).message


@pytest.mark.parametrize("rubbish", ['{"choices": [', "[1]", "ping", "<html>"])
def test_a_piece_that_cannot_be_read_is_never_left_out_in_silence(rubbish: str) -> None:
    error = failure(ls.Fault(events=[piece("ab"), rubbish, piece("cd", "stop"), "[DONE]"]))
    assert (error.kind, error.possibly_billed) == (FailureKind.TRANSIENT, True)
    assert "not readable as JSON" in error.message


def test_what_is_no_text_of_the_answer_is_not_in_it() -> None:
    pieces = [
        json.dumps({"id": "1", "new_field": {"a": [1]}, "choices": []}),
        json.dumps({"choices": [{"index": 0, "delta": {"reasoning_content": "hm", "reasoning": "hm", "x": 1}}]}),
        json.dumps({"choices": [{"index": 1, "delta": {"content": "another choice"}}]}),
        json.dumps({"choices": [{"delta": {"content": [{"type": "text", "text": "a\ud83d"}, {"type": "image"}]}}]}),
        json.dumps({"choices": [{"delta": {"content": "\ude00b\u2028c"}, "finish_reason": ""}]}),
        json.dumps({"choices": [{"delta": {}, "finish_reason": "stop", "usage": {"prompt_tokens": 5}}]}),
    ]
    answer = answer_to(ls.Fault(events=["", *pieces]))
    assert answer == Answer(text="a😀b\u2028c", model="test-model", usage=Usage(prompt_tokens=5))


def test_a_whole_message_at_the_end_of_a_stream_stands_in_for_missing_pieces() -> None:
    last = json.dumps({"choices": [{"message": {"content": "whole"}, "finish_reason": "stop"}]})
    assert answer_to(ls.Fault(events=[piece(), last])).text == "whole"
    assert answer_to(ls.Fault(events=[piece("whole"), last])).text == "whole"


def test_a_stop_for_length_is_an_answer_and_a_filtered_one_a_failure_with_its_reason() -> None:
    cut = answer_to(ls.CUT_OFF)
    assert (cut.text, cut.finish_reason) == (GOOD, "length")
    empty = answer_to(ls.Fault(events=[piece("", "length")]))
    assert (empty.text, empty.finish_reason) == ("", "length")
    filtered = {"finish_reason": "content_filter", "content_filter_results": {"violence": {"filtered": True}}}
    error = failure(ls.Fault(events=[piece("ab"), json.dumps({"choices": [{"delta": {}} | filtered]})]))
    assert error.kind is FailureKind.TERMINAL
    assert "content_filter, violence" in error.message
    refusal = json.dumps({"choices": [{"delta": {"refusal": "I will not."}, "finish_reason": "stop"}]})
    assert "I will not." in failure(ls.Fault(events=[refusal])).message


def test_a_stream_that_is_packed_unasked_is_unpacked() -> None:
    packed = gzip.compress(f"data: {piece('ab', 'stop')}\n\n".encode())
    assert answer_to(ls.Fault(body=packed, headers={"Content-Encoding": "gzip"})).text == "ab"
    bomb = gzip.compress(b"data: " + b"x" * (11 * 2**20))
    assert failure(ls.Fault(body=bomb, headers={"Content-Encoding": "gzip"})).kind is FailureKind.TERMINAL
    broken = ls.Fault(body=packed[:20] + b"rubbish", headers={"Content-Encoding": "gzip"})
    assert failure(broken).kind is FailureKind.TRANSIENT


def test_one_connection_serves_a_worker_for_many_streams() -> None:
    async def calls(base_url: str) -> set[str]:
        provider = factory(base_url)()
        try:
            return {(await provider.answer(REQUEST)).text for _ in range(3)}
        finally:
            await provider.close()

    with ls.loopback() as server:
        assert asyncio.run(calls(server.base_url)) == {GOOD}
        assert len(server.connections) == 1


def test_a_cancelled_stream_is_cancelled_and_no_failure() -> None:
    async def cancelled(base_url: str) -> None:
        provider = factory(base_url)()
        try:
            async with asyncio.timeout(0.1):
                await provider.answer(REQUEST)
        finally:
            await provider.close()

    with ls.loopback(ls.always(ls.HANGING_STREAM)) as server, pytest.raises(TimeoutError):
        asyncio.run(cancelled(server.base_url))


def test_a_refusal_of_a_stream_is_read_as_any_other() -> None:
    with ls.loopback(ls.always(ls.UNAUTHORIZED)) as server:
        assert failure_of(lambda: ask(server.base_url)).kind is FailureKind.REFUSED


@given(st.lists(st.tuples(st.sampled_from(["", "message", "error"]), st.binary(max_size=60) | st.sampled_from([
    b"{}", b"[DONE]", b"null", b"[]", b'{"choices": 1}', b'{"choices": [1]}', b'{"choices": [{"delta": 1}]}',
    b'{"choices": [{"delta": {"content": {"a": 1}}}]}', b'{"choices": [{"finish_reason": [1]}]}', b'{"error": []}',
    b'{"model": 7, "usage": 7}', b'{"choices": [{"finish_reason": "stop", "message": {"content": 7}}]}',
])), max_size=6))  # fmt: skip
def test_nothing_that_a_stream_can_hold_is_an_accident(events: list[tuple[str, bytes]]) -> None:
    stream = Gathering()
    for event, data in events:
        stream.take(event, data)
    reply = Reply(status=200, stream=stream)
    outcome = read(reply, Server(where="here", model="m"), lambda: NOW)
    assert isinstance(outcome, Answer) or outcome.message.isprintable()
