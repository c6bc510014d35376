"""How a log is looked at through a projection: the Lens that a program passes in, and the one for any log.

Law: a lens is pure but for `read`, which it is given; what it shows is JSON, so that two states can be compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

import orjson

from eventlog.projection import fold, upcast
from eventlog.values import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from eventlog.entry import Entry
    from eventlog.projection import Projection, Upcasters

State = TypeVar("State")
Read: TypeAlias = "Callable[[int, int], Entry]"  # offset and size of a line -> its entry
ABSENT: Any = object()


class Tally(Protocol):
    """What a lens adds to the statistics of a log, counted as the entries go by."""

    def add(self, entry: Entry) -> None:
        """Count one entry."""

    def sections(self) -> Mapping[str, Any]:
        """JSON values by their titles."""


@frozen
class Mark:
    """What a derived file is made of, in short: two states with the same mark give the same file.

    `amount` counts what went into it, one `unit` each; `others` is whatever else it depends on.
    """

    amount: int
    unit: str = "entry"
    others: tuple[object, ...] = ()


class Lens(Protocol[State]):
    """A projection, and how its state is shown."""

    @property
    def projection(self) -> Projection[State]:
        """What the entries are folded with."""

    @property
    def upcasters(self) -> Upcasters:
        """What brings entries of old versions to the newest."""

    def show(self, state: State) -> Any:
        """The state as a JSON object, with whatever changes as a value below a key that stays."""

    def touched(self, state: State, entry: Entry) -> Any:
        """The part of what `show` gives that this entry can change, under the same keys."""

    def files(self, state: State, read: Read) -> Mapping[str, bytes]:
        """The files that `replay` writes out, by their paths beside the log; '/' parts the names."""

    def derived(self, state: State, read: Read) -> Mapping[str, bytes]:
        """All files beside the log that are a function of the state; those of `files` are among them."""

    def optional(self, state: State) -> Collection[str]:
        """The derived files that need not be there."""

    def mark(self, state: State, name: str) -> Mark:
        """What a derived file is made of."""

    def gives(self, state: State, name: str, data: bytes, read: Read) -> bool:
        """Whether this is the content that the state gives a derived file."""

    def tally(self) -> Tally | None:
        """A new count for the statistics; None if there is nothing to add."""


class CountingProjection:
    """How many entries of each type, and the last entry of each subject."""

    name = "counts"
    version = 1

    def initial(self) -> dict[str, Any]:
        """See Projection.initial."""
        return {"entries": 0, "types": {}, "subjects": {}}

    def apply(self, state: dict[str, Any], entry: Entry) -> dict[str, Any]:
        """See Projection.apply."""
        state["entries"] += 1
        state["types"][entry.type] = state["types"].get(entry.type, 0) + 1
        if entry.subject:
            state["subjects"][entry.subject] = {"seq": entry.seq, "time": entry.time, "type": entry.type}
        return state

    def save(self, state: dict[str, Any]) -> Any:
        """See Projection.save."""
        return state

    def load(self, saved: Any) -> dict[str, Any]:
        """See Projection.load."""
        return dict(saved)


class CountingLens:
    """The lens for a log of which nothing is known."""

    projection = CountingProjection()
    upcasters: Upcasters = {}  # noqa: RUF012 - a Mapping: nothing can be put into it

    def show(self, state: dict[str, Any]) -> Any:
        """See Lens.show."""
        return state

    def touched(self, state: dict[str, Any], _entry: Entry) -> Any:
        """See Lens.touched."""
        return state

    def files(self, _state: dict[str, Any], _read: Read) -> Mapping[str, bytes]:
        """See Lens.files: there are none."""
        return {}

    def derived(self, state: dict[str, Any], read: Read) -> Mapping[str, bytes]:
        """See Lens.derived."""
        return self.files(state, read)

    def optional(self, _state: dict[str, Any]) -> Collection[str]:
        """See Lens.optional."""
        return ()

    def mark(self, state: dict[str, Any], _name: str) -> Mark:
        """See Lens.mark."""
        return Mark(amount=state["entries"])

    def gives(self, state: dict[str, Any], name: str, data: bytes, read: Read) -> bool:
        """See Lens.gives."""
        return self.derived(state, read).get(name) == data

    def tally(self) -> Tally | None:
        """See Lens.tally."""
        return None


COUNTING = CountingLens()


def folded(lens: Lens[State], entries: Iterable[Entry]) -> State:
    """What the entries add up to."""
    return fold(lens.projection, (upcast(entry, lens.upcasters) for entry in entries))


def shown(lens: Lens[State], state: State) -> Any:
    """What the lens shows now, as a value of its own: a later entry may change the state in place."""
    return _own(lens.show(state))


def shown_part(lens: Lens[State], state: State, entry: Entry) -> Any:
    """What the lens shows now of what this entry can change, as a value of its own."""
    return _own(lens.touched(state, entry))


def _own(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value))


@frozen
class Change:
    """One value that differs: where it stands, and what it was and is (ABSENT: nothing)."""

    path: tuple[str, ...]
    before: Any
    after: Any

    def to_json(self) -> dict[str, Any]:
        """The change as a JSON value; a side that is absent has no key."""
        sides = {"before": self.before, "after": self.after}
        return {"path": list(self.path)} | {name: value for name, value in sides.items() if value is not ABSENT}


def changes(before: Any, after: Any, path: tuple[str, ...] = ()) -> Iterator[Change]:
    """What differs between two JSON values, each innermost difference alone, in the order of the later one."""
    sides = [_children(before), _children(after)]
    if None not in sides and type(before) is type(after):
        old, new = (side or {} for side in sides)
        for key in [*new, *(key for key in old if key not in new)]:
            yield from changes(old.get(key, ABSENT), new.get(key, ABSENT), (*path, key))
    elif before != after or type(before) is not type(after):
        yield Change(path=path, before=before, after=after)


def _children(value: Any) -> dict[str, Any] | None:
    if isinstance(value, dict):
        return value
    return {str(at): item for at, item in enumerate(value)} if isinstance(value, list) else None
