"""Whatever a server does wrong once: the run ends complete with one call more, or says what it cannot mend.

Law: only what hangs is waited for, and for less than a second; each case is one run against a server on this computer.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from tests import loopback_server as ls
from tests.commands.stories import SCENES, STORY, is_storyboard_of, model
from tests.program import of_type, results_of
from tests.provider_calls import body

if TYPE_CHECKING:
    from tests.program import Program

ALL_CALLS = 2 + 2 * SCENES
PASSING = {
    "429": ls.RATE_LIMITED,
    "429 with Retry-After": body({"error": {"message": "slow"}}, 429, Retry_After="0.01"),
    "429 with a quota": body({"error": {}}, 429, x_ratelimit_remaining_requests="0", x_ratelimit_reset_requests="9ms"),
    "500": ls.SERVER_ERROR,
    "503": ls.Fault(status=503, body=b"<html>"),
    "cut connection": ls.CLOSES,
    "cut stream": ls.CUT_STREAM,
    "cut stream that looks whole": ls.CUT_STREAM_UNSEEN,
    "invalid JSON": ls.INVALID_JSON,
    "invalid piece": ls.Fault(events=["{"]),
    "HTML with 200": ls.HTML,
    "empty choices": ls.EMPTY_CHOICES,
    "empty answer": ls.EMPTY_CONTENT,
    "wrong charset": ls.HIDES_GBK,
    "error in the stream": ls.Fault(events=['{"error": {"message": "overloaded"}}']),
}
SLOW = {
    "hang before": ls.HANGS,
    "hang in the middle": ls.HANGING_STREAM,
    "slow drip": ls.Fault(drip_s=0.2),
}
FINAL = {
    "400": ls.BAD_REQUEST,
    "content filter": ls.FILTERED,
    "10 MB": ls.HUGE,
}


@pytest.fixture
def program(program: Program, monkeypatch: pytest.MonkeyPatch) -> Program:
    """The program without waiting between two calls."""
    from stages.pipeline import calls  # noqa: PLC0415 - only here

    original = calls.RetryPolicy.__init__

    def init(self: calls.RetryPolicy, **given: float) -> None:
        original(self, **{"first_s": 0.001, "longest_s": 0.001, **given})  # type: ignore[arg-type]

    monkeypatch.setattr(calls.RetryPolicy, "__init__", init)
    return program


def once(fault: ls.Fault) -> ls.Faults:
    """The first call for the storyboard of scene 2 meets the fault."""
    left = [fault]
    return lambda _, text: left.pop() if is_storyboard_of(2, text) and left else None


def assert_one_call_more(program: Program, fault: ls.Fault) -> None:
    """A run that meets the fault once ends complete, with one call more than one that meets none."""
    story = program.story("s.txt", STORY)
    with ls.loopback(once(fault)) as server:
        program("run", story, *model(server))
        assert len(server.requests) == ALL_CALLS + 1
    assert not [name for name in results_of(program.project("s")) if name.endswith("_progress.json")]
    (failed,) = of_type(program.log("s"), "scene.failed")
    assert failed["meta"]["kind"] in ("transient", "rate-limited", "unavailable")


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_what_passes_costs_one_call_more_and_nothing_else(program: Program, fault: ls.Fault) -> None:
    assert_one_call_more(program, fault)


@pytest.mark.parametrize("fault", SLOW.values(), ids=SLOW)
def test_what_takes_too_long_costs_one_call_more_and_nothing_else(
    program: Program, monkeypatch: pytest.MonkeyPatch, fault: ls.Fault
) -> None:
    for name, seconds in (("FIRST_BYTE", "0.6"), ("IDLE", "0.6"), ("TOTAL", "0.8")):
        monkeypatch.setenv(f"SCENELOG_{name}_TIMEOUT_S", seconds)
    assert_one_call_more(program, fault)


@pytest.mark.parametrize("fault", FINAL.values(), ids=FINAL)
def test_what_will_never_work_is_asked_once_and_costs_no_other_scene(program: Program, fault: ls.Fault) -> None:
    story = program.story("s.txt", STORY)
    with ls.loopback(once(fault)) as server:
        program("run", story, *model(server), code=3)
        assert len(server.requests) == ALL_CALLS - 1
        program("run", story, *model(server))
        assert len(server.requests) == ALL_CALLS + 1


def test_unknown_fields_and_a_server_that_does_not_stream_make_no_difference(program: Program) -> None:
    story = program.story("s.txt", STORY)
    with ls.loopback(ls.always(ls.Fault(streams=False))) as server:
        program("run", story, *model(server))
        whole = results_of(program.project("s"))
    with ls.loopback(ls.always(ls.Fault(between=": alive\n\n"))) as server:
        program("run", story, "--projects", "other", *model(server))
    assert {name: data for name, data in whole.items() if name.startswith("output/")} == {
        str(path.relative_to(program.here / "other/s")): path.read_bytes()
        for path in (program.here / "other/s/output").iterdir()
    }


def test_refused_options_cost_one_call_for_the_whole_run(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCENELOG_TEMPERATURE", "0.5")
    refuses = {"temperature": body({"error": {"message": "no", "param": "temperature"}}, 400)}
    with ls.loopback(refuses=refuses) as server:
        program("run", program.story("s.txt", STORY), *model(server))
        assert len(server.requests) == ALL_CALLS + 1
    assert not of_type(program.log("s"), "scene.failed", "planning.failed")


def test_a_server_that_speaks_no_tls_is_said_to_be_unreachable(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCENELOG_PATIENCE", "0")  # nobody waits here for a server to come up
    with ls.loopback() as server, socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = server.base_url.replace("http:", "https:")
        result = program("run", program.story("s.txt", STORY), *model(server), "--base-url", address, code=4)
        assert not server.requests
    assert "cannot be reached" in result.output
