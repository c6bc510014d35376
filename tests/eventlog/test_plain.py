"""The guards before any line is made: how deep a value may be, what is said of one that is refused, what says the same.

Law: a value that is accepted is had back exactly; one that is refused is named by its place.
"""

from __future__ import annotations

import enum
import math
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from eventlog.errors import InvalidEventError
from eventlog.plain import is_flat, is_same_json, to_json

if TYPE_CHECKING:
    from collections.abc import Callable

DEEPEST = 101


class Own(str):
    """A text of a type of its own."""

    __slots__ = ()


class Wrong(enum.Enum):
    """Names for what JSON has not."""

    NUMBER = math.inf
    PARTS = (1, math.nan)


NESTS: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "list": ([], lambda inner: [inner]),
    "tuple": ((), lambda inner: (inner,)),
    "object": ({}, lambda inner: {"a": inner}),
    "object around a tuple": ((), lambda inner: {"a": inner}),
    "list around a tuple": ((), lambda inner: [inner]),
}


@pytest.mark.parametrize("kind", NESTS)
def test_100_levels_below_a_value_fit_and_no_more(kind: str) -> None:
    value, wrap = NESTS[kind]
    for _ in range(DEEPEST - 1):
        value = wrap(value)
    written = to_json("data", value)
    assert orjson.dumps(orjson.loads(written)) == written
    with pytest.raises(InvalidEventError, match=r"^data\S+ is nested more than 100 levels deep$"):
        to_json("data", wrap(value))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"a": [0, {"b": {1}}]}, "data.a[1].b is a set; only JSON values can be written"),
        ([math.nan], "data[0] is nan; JSON has no such number"),
        ({"a": Wrong.NUMBER}, "data.a is inf; JSON has no such number"),
        ([Wrong.PARTS], "data[0][1] is nan; JSON has no such number"),
    ],
    ids=["set", "number", "name", "name of more"],
)
def test_a_value_that_is_refused_is_named_by_its_place(value: Any, said: str) -> None:
    with pytest.raises(InvalidEventError) as refused:
        to_json("data", value)
    assert str(refused.value) == said


def test_two_texts_say_the_same_whatever_the_order_of_their_keys() -> None:
    assert is_same_json(b'{"a":1,"b":{"c":2,"d":3}}', b'{"b":{"d":3,"c":2},"a":1}')
    assert is_same_json(b'{"a":1}', b'{"a":1}')
    for other in (b'{"a":1.0}', b'{"a":true}', b'{"a":"1"}', b'{"a":1,"b":null}', b"{}"):
        assert not is_same_json(b'{"a":1}', other)


def test_an_object_is_flat_that_holds_plain_texts_numbers_and_words_alone() -> None:
    assert is_flat({"a": "", "b": 1, "c": 1.5, "d": True, "e": None})
    others: list[dict[Any, Any]] = [
        {Own("a"): 1}, {1: 1}, {"a": Own("")}, {"a": math.nan}, {"a": []}, {"a": 1, "b": {}},
    ]  # fmt: skip
    assert not any(map(is_flat, others))
