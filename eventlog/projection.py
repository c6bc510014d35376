"""What a log adds up to: the Projection protocol, the fold and the upcasters.

Law: pure and lawful: fold(fold(s, xs), ys) == fold(s, xs + ys).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from eventlog.entry import Entry

State = TypeVar("State")
Upcasters = Mapping[tuple[str, int], Callable[["Entry"], "Entry"]]


class Projection(Protocol[State]):
    """A fold over entries whose state can be kept in a checkpoint.

    `version` is raised whenever `apply` or the saved form changes: an older checkpoint is then not used.
    """

    @property
    def name(self) -> str:
        """Which projection this is; a checkpoint of another one is not used."""

    @property
    def version(self) -> int:
        """The version of `apply` and of the saved form."""

    def initial(self) -> State:
        """The state before the first entry."""

    def apply(self, state: State, entry: Entry) -> State:
        """The state after one more entry; may change `state` in place and return it."""

    def save(self, state: State) -> Any:
        """The state as a JSON value."""

    def load(self, saved: Any) -> State:
        """The state from what `save` gave."""


def fold(projection: Projection[State], entries: Iterable[Entry], *state: State) -> State:
    """Apply the entries in order, to the initial state if none is given."""
    (current,) = state or (projection.initial(),)
    for entry in entries:
        current = projection.apply(current, entry)
    return current


class Folding(Generic[State]):
    """A fold that goes along while entries are read for another reason; `state` is what they add up to so far."""

    def __init__(self, projection: Projection[State], upcasters: Upcasters) -> None:
        self.state = projection.initial()
        self._projection, self._upcasters = projection, upcasters

    def is_of(self, name: str, version: int) -> bool:
        """Whether this is the fold of the projection with this name and version."""
        return (self._projection.name, self._projection.version) == (name, version)

    def load(self, saved: Any) -> bool:
        """Go on from what `save` gave; False if it cannot be loaded: a cache must not stop a good log."""
        try:
            self.state = self._projection.load(saved)
        except Exception:  # noqa: BLE001 - whatever it is, the entries themselves are there
            return False
        return True

    def take(self, entry: Entry) -> None:
        """Take in one more entry."""
        newest = upcast(entry, self._upcasters) if self._upcasters else entry
        self.state = self._projection.apply(self.state, newest)


def upcast(entry: Entry, upcasters: Upcasters) -> Entry:
    """Bring an entry of an old version to the newest one, a step v -> v+1 at a time; the log is never rewritten."""
    while step := upcasters.get((entry.type, entry.v)):
        newer = step(entry)
        if newer.v != entry.v + 1:
            raise AssertionError(
                f"the upcaster of {entry.type} {entry.v} must give version {entry.v + 1}, not {newer.v}"
            )
        entry = newer
    return entry
