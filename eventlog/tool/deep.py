"""The deep part of `verify`: whether what was derived from the log still is what the log adds up to.

Law: a checkpoint or a file that a rebuild at an earlier seq would give is behind, which is no fault; one that no
rebuild gives is different.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from eventlog.checkpoint import NAME as CHECKPOINT
from eventlog.checkpoint import load_checkpoint
from eventlog.files import folder_of, read_file
from eventlog.projection import upcast
from eventlog.reading import log_id_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventlog.entry import Entry
    from eventlog.tool.look import Look
    from eventlog.tool.view import Lens

EQUAL, BEHIND, MISSING, DIFFERENT = "equal", "behind", "missing", "different"


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A checkpoint or a file beside the log. `seq` is the entry up to which it was made; None if there is none."""

    name: str
    state: str
    seq: int | None
    behind: int = 0

    @property
    def message(self) -> str:
        """What is to be said of it; empty if it is as it must be."""
        if self.state == BEHIND:
            return f"{self.name}: {self.behind} entries behind: it is what the log added up to at seq {self.seq}"
        if self.state == MISSING:
            return f"{self.name}: missing; it is written again when the log is next used"
        if self.state == DIFFERENT:
            return f"{self.name}: different: the log never added up to this; delete it, and it is written again"
        return ""


def derived(log: Look, lens: Lens[Any]) -> list[Derived]:
    """Rebuild everything that the lens derives from the log, and compare it with what stands beside it."""
    state, last = lens.projection.initial(), -1
    checkpoint = load_checkpoint(log.files, log.path, log.handle, log_id_of(log.files, log.handle))
    wanted = (lens.projection.name, lens.projection.version)
    ours = checkpoint if checkpoint and (checkpoint.projection, checkpoint.version) == wanted else None
    found: list[Derived] = []
    for entry in _entries(log, lens):
        state, last = lens.projection.apply(state, entry), entry.seq
        if ours and ours.position.seq == last:
            same = _canonical(lens.projection.save(state)) == _canonical(ours.state)
            found.append(Derived(name=CHECKPOINT, state=EQUAL if same else DIFFERENT, seq=last if same else None))
    expected = lens.files(state, log.entry_at)
    there = {name: read_file(log.files, f"{folder_of(log.path)}/{name}") for name in expected}
    unlike = {name: data for name, data in there.items() if data is not None and data != expected[name]}
    made_at = _made_at(log, lens, unlike) if unlike else {}
    return found + [_derived(name, there[name], made_at, is_like=name not in unlike, last=last) for name in expected]


def _derived(name: str, data: bytes | None, made_at: dict[str, int], *, is_like: bool, last: int) -> Derived:
    if data is None:
        return Derived(name=name, state=MISSING, seq=None)
    if is_like:
        return Derived(name=name, state=EQUAL, seq=last)
    if name in made_at:
        return Derived(name=name, state=BEHIND, seq=made_at[name], behind=last - made_at[name])
    return Derived(name=name, state=DIFFERENT, seq=None)


def _made_at(log: Look, lens: Lens[Any], unlike: dict[str, bytes]) -> dict[str, int]:
    """At which last seq a rebuild gave these files; those that none gives are left out."""
    state = lens.projection.initial()
    found: dict[str, int] = {}
    for entry in _entries(log, lens):
        state = lens.projection.apply(state, entry)
        made = lens.files(state, log.entry_at)
        found |= {name: entry.seq for name, data in unlike.items() if made.get(name) == data}
    return found


def _entries(log: Look, lens: Lens[Any]) -> Iterator[Entry]:
    return (upcast(entry, lens.upcasters) for entry, _ in log.entries())


def _canonical(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
