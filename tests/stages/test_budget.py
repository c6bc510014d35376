"""What a call costs is estimated before it and counted once after it; a budget holds for all runs together."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages import prompts
from stages.pipeline.bills import Bill, Tokens
from stages.pipeline.budget import (
    Allowance,
    Price,
    cost_of,
    estimate_answer,
    estimate_call,
    estimate_tokens,
    terms_of,
    totals,
    unpriced,
)
from stages.pipeline.contract import Request
from stages.pipeline.settings import Settings

PRICES = {"a": Price(input=1.0, output=3.0)}
EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.txt"))
bills = st.builds(Bill, model=st.sampled_from("ab"), prompt=st.integers(0, 10**6), completion=st.integers(0, 10**6))


def bill(prompt: int, completion: int, model: str = "a") -> Bill:
    return Bill(model=model, prompt=prompt, completion=completion)


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("", 0, 0),
        ("她推开了那扇门。", 6, 9),
        ("She pushed the door open.", 5, 9),
        ("灯塔 lighthouse", 4, 6),
        ("😀" * 10, 2, 40),
    ],
)
def test_tokens_are_estimated_by_how_dense_the_writing_is(text: str, least: int, most: int) -> None:
    assert least <= estimate_tokens(text) <= most


@given(st.text(), st.text())
def test_more_text_is_never_fewer_tokens(one: str, other: str) -> None:
    assert estimate_tokens(one + other) >= estimate_tokens(one) - 1


def test_a_call_costs_its_messages_and_a_usual_answer_to_what_is_told() -> None:
    inputs = {"title": "", "number": 1, "text": "雨" * 1000, "characters": [], "bible": "", "style": "", "missing": []}
    asked = Request(
        task="storyboard", language="zh", messages=prompts.messages("storyboard", "zh", inputs), inputs=inputs
    )
    tokens = estimate_call(asked)
    assert tokens.prompt == sum(estimate_tokens(message["content"]) for message in asked.messages) > 1000
    assert tokens.completion == estimate_answer("storyboard", 1000)


def test_without_a_limit_every_call_may_be_made() -> None:
    assert Allowance().refusal([bill(10**12, 10**12)], PRICES, bill(10**12, 0)) == ""


@given(st.lists(bills, max_size=5), bills, st.integers(1, 10**7))
def test_a_call_is_refused_exactly_if_it_might_pass_the_limit_of_tokens(
    known: list[Bill], wanted: Bill, limit: int
) -> None:
    total = sum(one.tokens.total for one in [*known, wanted])
    assert bool(Allowance(max_tokens=limit).refusal(known, {}, wanted)) == (total > limit)


@given(st.lists(bills, max_size=5), bills, st.floats(0.01, 10))
def test_a_call_is_refused_exactly_if_it_might_pass_the_limit_of_money(
    known: list[Bill], wanted: Bill, limit: float
) -> None:
    refusal = Allowance(max_cost=limit).refusal(known, PRICES, wanted)
    assert bool(refusal) == (cost_of(known, PRICES) + cost_of([wanted], PRICES) > limit)


def test_a_price_is_for_a_million_tokens_each_way() -> None:
    assert cost_of([bill(1_000_000, 2_000_000), bill(5, 5, model="unknown")], PRICES) == 7.0
    assert unpriced(["a", "unknown", ""], PRICES) == ["unknown"]


def test_tokens_are_added_up_for_each_model() -> None:
    assert totals([bill(1, 2), bill(3, 4), bill(5, 6, model="b")]) == {
        "a": Tokens(prompt=4, completion=6),
        "b": Tokens(prompt=5, completion=6),
    }


def test_the_built_in_director_costs_nothing() -> None:
    assert terms_of(Settings()).free
    assert not terms_of(Settings(provider="openai", model="m")).free
