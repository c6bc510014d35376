"""Frozen values that cost little to define: `@frozen` is `@dataclass(frozen=True, slots=True, kw_only=True)`.

Law: whoever meets one meets that dataclass: the type checker, `fields`, `replace`, `asdict`, `match`, `copy`, `pickle`.
Only its methods are shared by all values, where a dataclass compiles six of its own; for the values that looking at a
log needs, compiling took longer than looking.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, dataclass_transform

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
_put = object.__setattr__


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def frozen(kind: type[T]) -> type[T]:
    """The class as a value; what it defines itself it keeps."""
    made: Any = dataclass(slots=True, kw_only=True, init=False, repr=False, eq=False)(kind)
    told = fields(made)
    if hasattr(kind, "__post_init__") or not all(one.init and one.hash is None for one in told):
        raise TypeError(f"{kind.__name__}: a frozen value has no __post_init__, nor fields with init=False or hash=")
    made.__compared__ = tuple(one.name for one in told if one.compare)
    made.__init__ = _init_of(told)
    for name, method in _SHARED.items():
        if vars(kind).get(name) is None:  # a class with an __eq__ of its own has None for __hash__
            setattr(made, name, method)
    done: type[T] = made
    return done


def _init_of(told: tuple[Field[Any], ...]) -> Callable[..., None]:
    count = len(told)
    defaults = {one.name: one.default for one in told if one.default is not MISSING}
    factories = {one.name: one.default_factory for one in told if one.default_factory is not MISSING}

    def init(self: Any, /, **given: Any) -> None:
        values = given if len(given) == count else {**defaults, **given}
        if factories and len(values) != count:
            values |= {name: make() for name, make in factories.items() if name not in values}
        try:
            for name, held in values.items():
                _put(self, name, held)
        except AttributeError:
            raise TypeError(f"{self.__class__.__name__} has no argument {name!r}") from None
        if len(values) != count:
            missing = [one.name for one in told if one.name not in values]
            raise TypeError(f"{self.__class__.__name__} needs the arguments {', '.join(missing)}")

    return init


@recursive_repr()
def _repr(self: Any) -> str:
    shown = ", ".join(f"{one.name}={getattr(self, one.name)!r}" for one in fields(self) if one.repr)
    return f"{self.__class__.__qualname__}({shown})"


def _compared(one: Any) -> tuple[Any, ...]:
    return tuple([getattr(one, name) for name in one.__compared__])


def _eq(self: Any, other: object) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    return _compared(self) == _compared(other)


def _hash(self: Any) -> int:
    return hash(_compared(self))


def _setattr(_self: Any, name: str, _value: Any) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _delattr(_self: Any, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _setstate(self: Any, state: tuple[None, dict[str, Any]]) -> None:
    """Take over a copy's fields, in the form in which `copy` and `pickle` hold those of a class with slots."""
    for name, held in state[1].items():
        _put(self, name, held)


_SHARED = {
    "__repr__": _repr,
    "__eq__": _eq,
    "__hash__": _hash,
    "__setattr__": _setattr,
    "__delattr__": _delattr,
    "__setstate__": _setstate,
}
