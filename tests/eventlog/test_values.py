"""A value is the dataclass it stands for, whoever looks at it.

Law: each promise is held against a real `@dataclass(frozen=True, slots=True, kw_only=True)` with the same fields.
"""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, is_dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog.values import frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What a value is held against."""

    name: str
    count: int = 0
    parts: tuple[int, ...] = ()
    notes: list[str] = field(default_factory=list, compare=False)
    hidden: str = field(default="", repr=False)

    @property
    def twice(self) -> int:
        """So much."""
        return 2 * self.count


@frozen
class Value:
    """The value."""

    name: str
    count: int = 0
    parts: tuple[int, ...] = ()
    notes: list[str] = field(default_factory=list, compare=False)
    hidden: str = field(default="", repr=False)

    @property
    def twice(self) -> int:
        """So much."""
        return 2 * self.count


@frozen
class Other:
    """Another one with a field of the same name."""

    name: str


@frozen
class Named:
    """A value that says itself how it looks and what equals it."""

    name: str

    def __repr__(self) -> str:
        return "as it likes"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Named)

    def __hash__(self) -> int:
        return 7


GIVEN = st.fixed_dictionaries(
    {"name": st.text(max_size=3)},
    optional={
        "count": st.integers(0, 3),
        "parts": st.tuples(st.integers(0, 2)),
        "notes": st.lists(st.text(max_size=2), max_size=2),
        "hidden": st.text(max_size=2),
    },
)


@given(one=GIVEN, two=GIVEN)
def test_it_has_the_fields_the_equality_the_hash_and_the_words_of_the_dataclass(
    one: dict[str, Any], two: dict[str, Any]
) -> None:
    value, model = Value(**one), Model(**one)
    assert asdict(value) == asdict(model)
    assert repr(value) == repr(model).replace("Model(", "Value(")
    assert value.twice == model.twice
    assert (value == Value(**two)) is (model == Model(**two))
    if value == Value(**two):
        assert hash(value) == hash(Value(**two))
    assert asdict(replace(value, **two)) == asdict(replace(model, **two))


def test_the_standard_library_takes_it_for_a_dataclass() -> None:
    value: Any = Value(name="a")
    assert is_dataclass(value)
    assert [one.name for one in fields(value)] == [one.name for one in fields(Model)]
    assert value != Other(name="a")
    assert Other(name="a") != value
    match value:
        case Value(name="a", count=count):
            assert count == 0
        case _:
            pytest.fail("no match")


@pytest.mark.parametrize("kind", [Model, Value])
@pytest.mark.parametrize(
    "arguments", [{}, {"count": 1}, {"name": "a", "unknown": 1}, {"unknown": 1}, {"name": "a", "twice": 1}]
)
def test_arguments_that_are_missing_or_unknown_are_a_type_error(kind: Any, arguments: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=kind.__name__):
        kind(**arguments)


@pytest.mark.parametrize("kind", [Model, Value])
def test_arguments_by_place_are_a_type_error(kind: Any) -> None:
    with pytest.raises(TypeError):
        kind("a")


@pytest.mark.parametrize(("kind", "name"), [(Model, "name"), (Value, "name"), (Value, "unknown")])
def test_nothing_can_be_set_or_deleted(kind: Any, name: str) -> None:
    one = kind(name="a")
    with pytest.raises(FrozenInstanceError, match=name):
        setattr(one, name, "b")
    with pytest.raises(FrozenInstanceError, match=name):
        delattr(one, name)
    assert one == kind(name="a")
    assert not hasattr(one, "__dict__")


def test_each_one_has_a_list_of_its_own() -> None:
    one, two = Value(name="a"), Value(name="a")
    one.notes.append("x")
    assert two.notes == []


def test_copies_and_pickles_are_equal() -> None:
    value = Value(name="a", notes=["x"], hidden="s")
    for other in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):  # noqa: S301 - our own
        assert asdict(other) == asdict(value)
    assert copy.deepcopy(value).notes is not value.notes


@pytest.mark.parametrize("made", [field(init=False, default=1), field(hash=False, default=1)])
def test_what_a_dataclass_can_do_and_it_cannot_is_refused_where_it_is_defined(made: Any) -> None:
    with pytest.raises(TypeError, match="Strange: a frozen value has no __post_init__, nor fields with"):
        frozen(type("Strange", (), {"__annotations__": {"one": int}, "one": made}))
    with pytest.raises(TypeError, match="Strange: a frozen value has no __post_init__"):
        frozen(type("Strange", (), {"__post_init__": lambda _self: None}))


def test_what_a_class_defines_itself_it_keeps() -> None:
    assert repr(Named(name="a")) == "as it likes"
    assert Named(name="a") == Named(name="b")
    assert hash(Named(name="a")) == 7
