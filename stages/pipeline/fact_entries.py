"""How a fact stands in a log entry, and is read back from one.

Law: a fact's own fields are small and go to `meta`, where folds read them; large content goes to `data` beside them.
An entry of a type unknown here is no fact, and no error; one of a known type in a newer version is never guessed at.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from eventlog import Event
from eventlog.errors import NewerFormatError
from stages.pipeline.events import TYPES, Fact
from stages.pipeline.text import shorten
from stages.pipeline.upcasters import newest_version

if TYPE_CHECKING:
    from eventlog import Entry

MESSAGE_LIMIT_BYTES = 480
NAME_LIMIT_BYTES = 240
# Fields whose text comes from outside, and how many bytes of it may stand in a line's meta. Everything else there is
# made here and is short.
_LIMITS = {
    "message": MESSAGE_LIMIT_BYTES,
    "reason": MESSAGE_LIMIT_BYTES,
    "name": NAME_LIMIT_BYTES,
    "file_name": NAME_LIMIT_BYTES,
    "files": NAME_LIMIT_BYTES,
    "model": NAME_LIMIT_BYTES,
    "finish_reason": NAME_LIMIT_BYTES,
    "without": NAME_LIMIT_BYTES,
}
_CLASSES = {name: kind for kind, name in TYPES.items()}
_FIELDS = {kind: [field.name for field in fields(kind)] for kind in TYPES}


def to_event(fact: Fact, content: Any = None) -> Event:
    """Write a fact, with its large content, as an event."""
    meta = {name: getattr(fact, name) for name in _FIELDS[type(fact)]}
    subject = meta.pop("subject", "")
    for name in meta.keys() & _LIMITS.keys():
        meta[name] = shorten(meta[name], _LIMITS[name])
    name = TYPES[type(fact)]
    return Event(type=name, data=content, subject=subject, meta=meta, v=newest_version(name))


def to_fact(entry: Entry) -> Fact | None:
    """Read the fact of an entry that upcasters brought up to date; None if its type is not in this vocabulary.

    Raises NewerFormatError if a newer program wrote it: what it means now is not known here.
    """
    kind = _CLASSES.get(entry.type)
    if kind is None:
        return None
    if entry.v > newest_version(entry.type):
        raise NewerFormatError(
            f"seq {entry.seq}: {entry.type} is of version {entry.v}, this scenelog reads up to"
            f" {newest_version(entry.type)}; nothing is wrong with the log: install a newer scenelog"
        )
    given = {**entry.meta, "subject": entry.subject}
    fact: Fact = kind(**{name: given[name] for name in _FIELDS[kind] if name in given})
    return fact
