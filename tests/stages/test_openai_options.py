"""What the provider promises of options: what a server refuses is left out once, remembered by all, and told.

Law: every reply comes from a server on this computer; no test needs a network.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from stages.pipeline.contract import Answer, FailureKind
from stages.providers.options import Wishes
from tests import loopback_server as ls
from tests.provider_calls import REQUEST, ask_once, body, factory, failure_of

if TYPE_CHECKING:
    from stages.pipeline.contract import Request

SCENES = replace(REQUEST, task="scenes")
WISHES = Wishes(temperature=0.7, max_answer_tokens=4000)
NO_TEMPERATURE = body({"error": {"message": "Unsupported value", "param": "temperature"}}, 400)


def ask(base_url: str, request: Request = REQUEST, wishes: Wishes = WISHES, without: tuple[str, ...] = ()) -> Answer:
    """Make one call with a new provider."""
    return asyncio.run(ask_once(factory(base_url, wishes=wishes, without=without)(), request))


def sent(request: Request, wishes: Wishes = Wishes(), without: tuple[str, ...] = ()) -> dict[str, Any]:  # noqa: B008
    """The options of the request that goes out."""
    with ls.loopback() as server:
        ask(server.base_url, request, wishes, without)
        (received,) = server.requests
    return {name: value for name, value in received.body.items() if name not in ("model", "messages")}


def test_only_what_is_wanted_is_asked_for_and_json_only_for_the_scenes() -> None:
    plain = {"stream": True, "stream_options": {"include_usage": True}}
    assert sent(REQUEST) == plain
    assert sent(SCENES) == plain | {"response_format": {"type": "json_object"}}
    assert sent(REQUEST, WISHES) == plain | {"temperature": 0.7, "max_tokens": 4000}
    assert sent(REQUEST, Wishes(temperature=0.0))["temperature"] == 0.0


def test_what_is_known_not_to_be_taken_is_not_sent() -> None:
    assert "temperature" not in sent(REQUEST, WISHES, ("temperature",))
    assert sent(REQUEST, WISHES, ("max_tokens",))["max_completion_tokens"] == 4000
    assert not [name for name in sent(REQUEST, WISHES, ("max_tokens", "max_completion_tokens")) if "max" in name]
    assert sent(SCENES, without=("stream", "response_format")) == {"stream": False}
    assert sent(REQUEST, without=("an option of tomorrow",)) == sent(REQUEST)


def test_an_answer_to_be_continued_is_sent_unchanged_and_without_asking_for_json_anew() -> None:
    begun = (*REQUEST.messages, {"role": "assistant", "content": '{"scenes": ['})
    with ls.loopback() as server:
        ask(server.base_url, replace(SCENES, messages=begun))
        (received,) = server.requests
    assert received.body["messages"] == [dict(message) for message in begun]
    assert "response_format" not in received.body


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("temperature", {"error": {"message": "Unsupported value", "param": "temperature"}}),
        ("temperature", {"error": {"message": "`temperature` is not supported by this model"}}),
        ("temperature", {"detail": [{"loc": ["body", "temperature"], "msg": "no", "input": {"stream_options": 1}}]}),
        ("max_tokens", {"error": {"message": "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'."}}),
        ("response_format", {"error": {"message": "no such thing", "param": "response_format.type"}}),
        ("response_format", {"message": "json mode is not supported by this model"}),
        ("stream_options", {"error": {"message": "stream_options is not supported"}}),
        ("stream_options", {"object": "error", "message": "Unknown field: include_usage", "code": 400}),
        ("stream", {"error": {"message": "Your organization must be verified to stream this", "param": "stream"}}),
        ("stream", {"error": "streaming is not supported here"}),
    ],
)
@pytest.mark.parametrize("status", [400, 422])
def test_a_refused_option_is_left_out_once_remembered_and_told(option: str, said: dict[str, Any], status: int) -> None:
    async def calls(base_url: str) -> list[Answer]:
        new = factory(base_url, wishes=WISHES)
        return [await ask_once(new(), SCENES) for _ in range(3)]

    with ls.loopback(refuses={option: body(said, status)}) as server:
        answers = asyncio.run(calls(server.base_url))
        assert [bool(one.body.get(option)) for one in server.requests] == [True, False, False, False]
    assert [answer.without for answer in answers] == [(option,)] * 3


def test_many_refused_options_are_one_call_and_one_answer() -> None:
    names = ("temperature", "max_tokens", "max_completion_tokens", "stream_options", "response_format")
    refuses = {name: body({"error": {"message": f"{name} is unknown"}}, 400) for name in names}
    with ls.loopback(refuses=refuses) as server:
        answer = ask(server.base_url, SCENES)
        assert len(server.requests) == len(names) + 1
    assert set(answer.without) == set(names)
    assert answer.text


def test_one_refusal_that_names_several_options_is_met_at_once() -> None:
    said = body({"error": {"message": "unknown: temperature, response_format"}}, 400)
    with ls.loopback(refuses={"temperature": said}) as server:
        assert ask(server.base_url, SCENES, without=("x",)).without == ("x", "response_format", "temperature")
        assert len(server.requests) == 2


@pytest.mark.parametrize(
    "fault",
    [
        body({"error": {"message": "context length exceeded", "code": "context_length_exceeded"}}, 400),
        body({"error": {"message": "the temperature of this story", "param": "messages"}}, 400),
        body({"error": {"message": "he must not cross the stream_bed"}}, 400),
        body({"error": {"message": "temperature"}}, 403),
    ],
)
def test_a_refusal_of_something_else_is_not_taken_for_one_of_an_option(fault: ls.Fault) -> None:
    with ls.loopback(ls.always(fault)) as server:
        failure_of(lambda: ask(server.base_url))
        assert len(server.requests) == 1


def test_what_did_not_help_is_not_remembered() -> None:
    async def calls(base_url: str) -> Answer:
        new = factory(base_url, wishes=WISHES)
        with pytest.raises(Exception, match="temperature"):
            await ask_once(new())
        return await ask_once(new())

    story = body({"error": {"message": "The text is refused: 'the temperature fell'"}}, 400)
    with ls.loopback(ls.in_order(story, story)) as server:
        assert asyncio.run(calls(server.base_url)).without == ()
        assert [one.body.get("temperature") for one in server.requests] == [0.7, None, 0.7]


def test_a_failure_after_an_option_was_left_out_is_that_failure() -> None:
    with ls.loopback(ls.in_order(NO_TEMPERATURE, ls.RATE_LIMITED_7_S)) as server:
        error = failure_of(lambda: ask(server.base_url))
        assert len(server.requests) == 2
    assert (error.kind, error.retry_after_s) == (FailureKind.RATE_LIMITED, 7.0)


def test_workers_side_by_side_learn_from_each_other() -> None:
    async def calls(base_url: str) -> None:
        new = factory(base_url, wishes=WISHES)
        await asyncio.gather(*(ask_once(new()) for _ in range(4)))
        await asyncio.gather(*(ask_once(new()) for _ in range(4)))

    with ls.loopback(refuses={"temperature": NO_TEMPERATURE}) as server:
        asyncio.run(calls(server.base_url))
        refused = [one for one in server.requests if "temperature" in one.body]
        assert len(refused) <= 4
        assert len(server.requests) == 8 + len(refused)
