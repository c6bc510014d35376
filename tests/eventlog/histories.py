"""Random histories of a log, for the tests of the tool.

Law: a history is made by the writer itself; what a test expects of it is told from the events, not from the file.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from eventlog import Event, EventLog, read

if TYPE_CHECKING:
    from pathlib import Path

    from eventlog import Entry

SECOND_NS = 1_000_000_000
START_NS = 1_700_000_000 * SECOND_NS  # 2023-11-14T22:13:20Z

TEXTS = st.text(max_size=8).filter(lambda text: "\ud800" not in text) | st.sampled_from(["a,b", 'a"b', "a\nb", "灯"])
DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
EVENTS = st.builds(
    Event,
    type=st.sampled_from(["job.started", "job.finished", "noted"]),
    subject=st.sampled_from(["", "item/1", "item/2", "灯/3"]),
    meta=st.dictionaries(TEXTS, st.none() | st.integers(0, 9) | TEXTS, max_size=2),
    data=DATA,
)
HISTORIES = st.lists(st.lists(EVENTS, min_size=1, max_size=3), max_size=6)


def write(path: Path, history: list[list[Event]]) -> list[Entry]:
    """Append each batch of a history, a second apart, to a new log; all its entries."""
    for each in (path, path.with_suffix(".head"), path.with_suffix(".lock")):
        each.unlink(missing_ok=True)
    ticks = itertools.count(START_NS, SECOND_NS)
    numbers = itertools.count(1)
    with EventLog.open(
        str(path), time_ns=lambda: next(ticks), randomness=lambda size: next(numbers).to_bytes(size, "big")
    ) as log:
        for batch in history:
            log.append_many(batch)
    return list(read(str(path), unconfirmed=True))


def counted(entries: list[Entry]) -> dict[str, Any]:
    """What the lens for any log shows after these entries."""
    types = [entry.type for entry in entries]
    subjects = {
        entry.subject: {"seq": entry.seq, "time": entry.time, "type": entry.type} for entry in entries if entry.subject
    }
    return {"entries": len(types), "types": {kind: types.count(kind) for kind in types}, "subjects": subjects}
