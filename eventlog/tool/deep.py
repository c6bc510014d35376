"""The deep part of `verify`: whether what was derived from the log still is what the log adds up to.

Law: a checkpoint or a file that a rebuild at an earlier seq would give is behind, which is no fault; one that no
rebuild gives is different.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from eventlog.checkpoint import NAME as CHECKPOINT
from eventlog.checkpoint import load_checkpoint
from eventlog.errors import EventLogError
from eventlog.files import folder_of, read_file
from eventlog.projection import upcast
from eventlog.reading import log_id_of
from eventlog.tool.text import counted
from eventlog.values import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventlog.entry import Entry
    from eventlog.tool.look import Look
    from eventlog.tool.view import Lens, Mark

EQUAL, BEHIND, MISSING, DIFFERENT = "equal", "behind", "missing", "different"


@frozen
class Derived:
    """A checkpoint or a file beside the log. `seq` is the entry up to which it was made; None if there is none.

    `behind` counts what is not in it, one `unit` each.
    """

    name: str
    state: str
    seq: int | None
    behind: int = 0
    unit: str = "entry"

    @property
    def message(self) -> str:
        """What is to be said of it; empty if it is as it must be."""
        if self.state == BEHIND:
            behind = counted(self.behind, self.unit)
            return f"{self.name}: {behind} behind: it is what the log added up to at seq {self.seq}"
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
    expected = lens.derived(state, log.entry_at)
    optional = lens.optional(state)
    there = {name: _content(log, name) for name in expected}
    unlike = {name: data for name, data in there.items() if data is not None and data != expected[name]}
    made_at = _made_at(log, lens, unlike) if unlike else {}
    for name, data in there.items():
        if data is None:
            found += [] if name in optional else [Derived(name=name, state=MISSING, seq=None)]
        elif name not in unlike:
            found.append(Derived(name=name, state=EQUAL, seq=last))
        elif name in made_at:
            found.append(_behind(name, made_at[name], now=(last, lens.mark(state, name))))
        else:
            found.append(Derived(name=name, state=DIFFERENT, seq=None))
    return found


def _content(log: Look, name: str) -> bytes | None:
    path = f"{folder_of(log.path)}/{name}"
    try:
        return read_file(log.files, path)
    except OSError as error:  # of this file: nothing is wrong with the log
        raise EventLogError(f"{path}: it cannot be compared with the log: {error.strerror}; move it away") from error


def _behind(name: str, then: tuple[int, Mark], *, now: tuple[int, Mark]) -> Derived:
    """A file that a rebuild at an earlier seq gives; if nothing it counts was added since, the entries are told."""
    amount = now[1].amount - then[1].amount
    behind, unit = (amount, now[1].unit) if amount > 0 else (now[0] - then[0], "entry")
    return Derived(name=name, state=BEHIND, seq=then[0], behind=behind, unit=unit)


def _made_at(log: Look, lens: Lens[Any], unlike: dict[str, bytes]) -> dict[str, tuple[int, Mark]]:
    """At which last seq a rebuild gave these files, and of what; those that none gives are left out."""
    state = lens.projection.initial()
    marks: dict[str, tuple[Mark, bool]] = {}
    found: dict[str, tuple[int, Mark]] = {}
    for entry in _entries(log, lens):
        state = lens.projection.apply(state, entry)
        for name, data in unlike.items():
            mark = lens.mark(state, name)
            if name in marks and marks[name][0] == mark:
                same = marks[name][1]
            else:
                same = lens.gives(state, name, data, log.entry_at)
            marks[name] = mark, same
            if same:
                found[name] = entry.seq, mark
    return found


def _entries(log: Look, lens: Lens[Any]) -> Iterator[Entry]:
    return (upcast(entry, lens.upcasters) for entry, _ in log.entries())


def _canonical(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
