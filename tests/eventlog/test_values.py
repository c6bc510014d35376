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


def made_now() -> Any:
    """The value as it is made at this moment: the one above was made when nothing was changed in `frozen` yet."""

    @frozen
    class Value:
        name: str
        count: int = 0
        parts: tuple[int, ...] = ()
        notes: list[str] = field(default_factory=list, compare=False)
        hidden: str = field(default="", repr=False)

        @property
        def twice(self) -> int:
            return 2 * self.count

    return Value


def model() -> Any:
    """What it is held against."""
    return Model


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
    kind = made_now()
    value, like = kind(**one), Model(**one)
    assert asdict(value) == asdict(like)
    assert repr(value) == repr(like).replace("Model(", f"{kind.__qualname__}(")
    assert value.twice == like.twice
    assert (value == kind(**two)) is (like == Model(**two))
    assert hash(value) == hash(like)
    assert asdict(replace(value, **two)) == asdict(replace(like, **two))


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


@pytest.mark.parametrize("make", [model, made_now])
@pytest.mark.parametrize(
    "arguments", [{}, {"count": 1}, {"name": "a", "unknown": 1}, {"unknown": 1}, {"name": "a", "twice": 1}]
)
def test_arguments_that_are_missing_or_unknown_are_a_type_error(make: Any, arguments: dict[str, Any]) -> None:
    kind = make()
    with pytest.raises(TypeError, match=kind.__name__):
        kind(**arguments)


def test_an_error_names_the_arguments_that_are_missing_or_unknown() -> None:
    kind = made_now()
    with pytest.raises(TypeError, match=r"^Value has no argument 'unknown'$"):
        kind(name="a", unknown=1)
    with pytest.raises(TypeError, match=r"^Value needs the arguments name$"):
        kind(count=1)

    @frozen
    class Pair:
        one: int
        two: int

    with pytest.raises(TypeError, match=r"^Pair needs the arguments one, two$"):
        Pair()  # type: ignore[call-arg]


@pytest.mark.parametrize("make", [model, made_now])
def test_arguments_by_place_are_a_type_error(make: Any) -> None:
    with pytest.raises(TypeError):
        make()("a")


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
    kind = made_now()
    one, two = kind(name="a"), kind(name="a")
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


def test_an_equality_of_its_own_leaves_it_a_hash_and_one_that_holds_itself_has_words() -> None:
    def own(kind: Any) -> Any:
        return kind(type("Own", (), {"__annotations__": {"held": Any}, "__eq__": lambda _self, _other: True}))

    mine, like = own(frozen), own(dataclass(frozen=True, slots=True, kw_only=True))
    assert hash(mine(held=1)) == hash(like(held=1))
    for kind in (mine, like):
        inner: list[Any] = [1]
        value = kind(held=inner)
        inner.append(value)
        assert repr(value).endswith("Own(held=[1, ...])")
