"""Values -> JSON bytes from which exactly they can be had back; the guards before any line is made.

Law: pure. What JSON cannot hold, or the encoder would change in silence, is refused.
"""

from __future__ import annotations

import math
from enum import Enum
from typing import Any

import orjson

from eventlog.errors import InvalidEventError

_DEPTH_LIMIT = 100
_LEAVES = frozenset((str, int, bool, type(None)))


def is_same_json(one: bytes, other: bytes) -> bool:
    """Whether two JSON texts say the same: the order of keys means nothing, but 1 is not 1.0."""
    return one == other or _in_order(one) == _in_order(other)


def _in_order(text: bytes) -> bytes:
    return orjson.dumps(orjson.loads(text), option=orjson.OPT_SORT_KEYS)


def to_json(name: str, value: Any) -> bytes:
    """The value as JSON, only if it can be had back from it exactly; raises InvalidEventError, which says `name`."""
    if not _is_plain(value, 0):
        _check_plain(name, value, 0)
    try:
        return orjson.dumps(value)
    except (TypeError, orjson.JSONEncodeError) as error:
        raise InvalidEventError(f"{name} cannot be written as JSON: {error}") from None


def is_flat(value: dict[Any, Any]) -> bool:
    """Whether an object is had back just as it is: it holds texts, numbers and words, none of a type of its own."""
    for key, item in value.items():
        kind = type(item)
        if type(key) is not str or not (kind in _LEAVES or (kind is float and math.isfinite(item))):
            return False
    return True


def _is_plain(value: Any, depth: int) -> bool:
    """Whether a value is of the common kinds alone: a third of the cost of looking for what is wrong with it."""
    kind = type(value)
    if kind is float:
        return math.isfinite(value)
    if kind is not dict and kind is not list:
        return kind in _LEAVES
    if depth > _DEPTH_LIMIT:
        return False
    for item in value.values() if kind is dict else value:
        if type(item) not in _LEAVES and not _is_plain(item, depth + 1):
            return False
    return True


def _check_plain(where: str, value: Any, depth: int) -> None:
    """Refuse what orjson would change in silence: NaN becomes null, objects lose fields beginning with `_`."""
    if depth > _DEPTH_LIMIT:
        raise InvalidEventError(f"{where} is nested more than {_DEPTH_LIMIT} levels deep")
    match value:
        case Enum():  # written as its value, whatever it is shown as
            _check_plain(where, value.value, depth)
        case None | str() | bool() | int():
            return
        case float():
            if not math.isfinite(value):
                raise InvalidEventError(f"{where} is {value}; JSON has no such number")
        case dict():
            for key, item in dict.items(value):  # what the encoder sees, whatever a type of one's own shows
                _check_plain(f"{where}.{key}", item, depth + 1)
        case list() | tuple():
            there = tuple.__iter__(value) if isinstance(value, tuple) else list.__iter__(value)
            for at, item in enumerate(there):
                _check_plain(f"{where}[{at}]", item, depth + 1)
        case _:
            raise InvalidEventError(f"{where} is a {type(value).__name__}; only JSON values can be written")
