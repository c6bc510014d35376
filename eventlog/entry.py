"""One entry <-> one line of bytes: the only file that knows the line format (FORMAT.md states it).

Law: pure. What `encode` wrote `decode` reads back as it was, and no accident makes a line that it accepts: of one that
somebody seals who knows the format, it looks at what a fold needs, and `Entry.data` at the rest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from eventlog.errors import InvalidEventError, NewerFormatError
from eventlog.plain import is_flat, to_json

FORMAT_VERSION = 1
CREATED = "log.created"
RECOVERED = "log.recovered"
ZERO_SUM = "0" * 32
META_LIMIT = 1024
LINE_LIMIT = 64 * 1024 * 1024
_NAME_LIMIT = 512
_SUM_KEY = b',"sum":"'
_TRAILER_SIZE = len(_SUM_KEY) + 32 + len(b'"}\n')
_BODY, _TRAILER, _SUM = slice(None, -_TRAILER_SIZE), slice(-_TRAILER_SIZE, None), slice(-35, -3)
_LAST_OF_DATA = -_TRAILER_SIZE - 1
_PAYLOAD = b',"type":'
_NAMED = re.compile(rb',"id":("[^"\\]*+(?:\\.[^"\\]*+)*+"),"time":"')
_META_END = b'},"data":'
# As orjson makes them: it keeps the names it has met, and one that is the same object is equal at a glance.
_NAMES = [*orjson.loads('{"seq":0,"prev":0,"dur":0,"id":0,"time":0,"type":0,"v":0,"subject":0,"meta":0}')]
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}  # of a UUID: its first bits are 10
_CLOSING = dict(zip(b'{["', b'}]"', strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, not yet in a log.

    `meta` is a flat object of at most 1 KiB with the small facts that folds need; `data` any JSON value. `id` and
    `time` (RFC 3339, UTC) are made at the append if they are None.
    """

    type: str
    data: Any = None
    subject: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)
    v: int = 1
    id: str | None = None
    time: str | None = None


class Position(NamedTuple):
    """A place between two lines: `seq` and `sum` of the line before it, `offset` (bytes) where the next one begins."""

    seq: int = -1
    offset: int = 0
    sum: str = ZERO_SUM


START = Position()


class Entry(NamedTuple):
    """An event at its place in a log. The fields are those of the line; `offset` and `size` are in bytes.

    `data` is parsed at each access: a fold over the other fields never pays for large content. `newer_data` is what an
    upcaster made of it. A tuple: one is made of each line read, and a frozen dataclass takes four times as long.
    """

    seq: int
    prev: str
    dur: int
    id: str
    time: str
    type: str
    v: int
    subject: str
    meta: Mapping[str, Any]
    sum: str
    offset: int
    line: bytes
    newer_data: bytes | None = None

    @property
    def size(self) -> int:
        """How many bytes the line has, its newline included."""
        return len(self.line)

    @property
    def data(self) -> Any:
        """The event's content, parsed anew; raises NewerFormatError if it is not one JSON value."""
        try:
            return orjson.loads(self.data_bytes)
        except orjson.JSONDecodeError:
            raise _newer(self.line) from None

    @property
    def data_bytes(self) -> bytes:
        """The event's content as it stands in the line, or as an upcaster gave it."""
        if self.newer_data is not None:
            return self.newer_data
        return self.line[self.line.index(_META_END) + len(_META_END) : -_TRAILER_SIZE]

    @property
    def payload_bytes(self) -> bytes:
        """What the line says, as `payload` writes it: everything but its place, id and time."""
        return self.line[self.line.index(_PAYLOAD) + 1 : -_TRAILER_SIZE]

    @property
    def position(self) -> Position:
        """The place just after this entry."""
        return Position(self.seq, self.offset + len(self.line), self.sum)

    def as_version(self, v: int, *, data: Any, meta: Mapping[str, Any] | None = None) -> Entry:
        """The entry as an upcaster gives it back: newer content at the same place; its line stays what it is."""
        return self._replace(v=v, meta=self.meta if meta is None else meta, newer_data=to_json("data", data))

    def to_event(self) -> Event:
        """The event alone, with its id and time."""
        return Event(
            type=self.type, data=self.data, subject=self.subject, meta=self.meta, v=self.v, id=self.id, time=self.time
        )


def checksum(data: bytes | memoryview) -> str:
    """The first 128 bits of SHA-256, in lowercase hex."""
    return sha256(data).hexdigest()[:32]


def payload(event: Event) -> bytes:
    """The bytes of what the event says: everything but its id and time. Two equal payloads are the same fact.

    Raises InvalidEventError where JSON cannot hold the value exactly, or a limit is passed.
    """
    return _said(event, {})


def _said(event: Event, names: dict[str, str | None]) -> bytes:
    """The payload, behind the names that the event has in a line."""
    _check_names(event)
    meta = to_json("meta", dict(event.meta))
    if len(meta) > META_LIMIT:
        raise InvalidEventError(
            f"meta of {event.type} has {len(meta)} bytes; at most {META_LIMIT} go there, put more into data"
        )
    if b"[" in meta or b"{" in meta[1:]:  # in a text, perhaps
        nested = [key for key, value in event.meta.items() if isinstance(value, Mapping | list | tuple)]
        if nested:
            raise InvalidEventError(f"meta of {event.type} must be flat; {nested[0]!r} holds an object or a list")
    named = to_json("name", {**names, "type": event.type, "v": event.v, "subject": event.subject})
    return b'%b,"meta":%b,"data":%b' % (named[1:-1], meta, to_json("data", event.data))


def _check_names(event: Event) -> None:
    _check_name("type", event.type, 1)
    _check_name("subject", event.subject, 0)
    if event.id is not None:
        _check_name("id", event.id, 1)
    if event.time is not None:
        _check_name("time", event.time, 1)
    if type(event.v) is not int or event.v < 1:
        raise InvalidEventError(f"v must be a whole number from 1, not {event.v!r}")
    if not isinstance(event.meta, Mapping):
        raise InvalidEventError(f"meta of {event.type} must be an object, not {type(event.meta).__name__}")


def _check_name(name: str, value: Any, least: int) -> None:
    if not isinstance(value, str) or not least <= len(value) <= _NAME_LIMIT:
        raise InvalidEventError(
            f"{name} must be a text of {least} to {_NAME_LIMIT} characters, not {str(value)[:60]!r}"
        )


def encode(event: Event, *, after: Position, dur: int, names: tuple[str, str] | None = None) -> Entry:
    """Write the event as the line that follows `after`; `dur` is the highest seq known to be on disk.

    `names` are the id and time of an event that has none of its own. Raises InvalidEventError.
    """
    event_id, time = names or (event.id, event.time)
    if event_id is None or time is None:
        raise InvalidEventError(f"{event.type} has no id or no time; a line in a log has both")
    said = _said(event, {"id": event_id, "time": time})
    seq = after.seq + 1
    body = b'{"seq":%d,"prev":"%b","dur":%d,%b' % (seq, after.sum.encode(), dur, said)
    line = seal(body)
    if len(line) > LINE_LIMIT:
        raise InvalidEventError(f"{event.type} makes a line of {len(line)} bytes; at most {LINE_LIMIT} fit")
    found = line[_SUM].decode()
    meta = dict(event.meta)
    if not (type(event.type) is type(event.subject) is type(event_id) is type(time) is str and is_flat(meta)):
        return _open(line, found, after.offset)  # they are read back as other values, if equal ones
    return Entry(
        seq, after.sum, dur, event_id, time, event.type, event.v, event.subject, meta, found, after.offset, line
    )


def seal(body: bytes) -> bytes:
    """Close an open JSON object (`{...` without its brace) with its own sum and a newline."""
    return b'%b,"sum":"%b"}\n' % (body, checksum(body).encode())


def sealed_sum(line: bytes) -> str | None:
    """The sum of a line that verifies, None for any other bytes: slice, hash, compare; nothing is parsed."""
    found = sha256(line[_BODY]).hexdigest()[:32]
    return found if line[_TRAILER] == f',"sum":"{found}"}}\n'.encode() else None


def decode(line: bytes, *, offset: int = 0) -> Entry | None:
    """Read one line, its newline included; None if it does not verify.

    Raises NewerFormatError for a line that verifies and still is not of this format.
    """
    found = sealed_sum(line)
    return None if found is None else _open(line, found, offset)


def named_id(line: bytes) -> str:
    """The id that a line says it has, whether or not it verifies; empty if it says none."""
    found = _NAMED.search(line)
    try:
        return str(orjson.loads(found[1])) if found else ""
    except orjson.JSONDecodeError:
        return ""


def _open(line: bytes, found: str, offset: int) -> Entry:
    end = line.find(_META_END)
    try:
        fields = orjson.loads(line[: end + 1] + b"}")
        seq, prev, dur, event_id, time, kind, v, subject, meta = fields.values()
        are_numbers = type(seq) is type(dur) is type(v) is int
        are_texts = type(prev) is type(event_id) is type(time) is type(kind) is type(subject) is str
        if not (are_numbers and are_texts and type(meta) is dict and [*fields] == _NAMES):
            raise _newer(line)
        begin = end + len(_META_END)
        closing = _CLOSING.get(line[begin])
        if closing is None:
            orjson.loads(line[begin:-_TRAILER_SIZE])  # a number, or a word
        elif closing != line[_LAST_OF_DATA]:  # a fold never pays for more: `data` looks at all of it
            raise _newer(line)
    except ValueError:
        raise _newer(line) from None
    # What `Entry._make` does, at half its cost.
    return tuple.__new__(Entry, (seq, prev, dur, event_id, time, kind, v, subject, meta, found, offset, line, None))


def _newer(line: bytes) -> NewerFormatError:
    begin = line[:60].decode(errors="replace")
    return NewerFormatError(f"the line beginning {begin!r} verifies but is of a newer format; install a newer eventlog")


def encode_detached(event: Event) -> bytes:
    """Write an event that has no place yet as a line with its own sum, for safekeeping outside a log."""
    return seal(b"{%b" % _said(event, {"id": event.id, "time": event.time}))


def decode_detached(line: bytes) -> Event | None:
    """Read a line of `encode_detached`; None if it does not verify, NewerFormatError if it is of another format."""
    if sealed_sum(line) is None:
        return None
    try:
        fields = orjson.loads(line)
        return Event(**{name: fields[name] for name in ("id", "time", "type", "v", "subject", "meta", "data")})
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise _newer(line) from None


def uuid7(time_ms: int, randomness: bytes) -> str:
    """A UUID version 7 (RFC 9562, section 5.7) of a Unix time in milliseconds and 10 random bytes."""
    chance = randomness.hex()
    return f"{_begin_of_id(time_ms)}-7{chance[1:4]}-{_VARIANT[chance[4]]}{chance[5:8]}-{chance[8:]}"


@lru_cache(maxsize=1)
def _begin_of_id(time_ms: int) -> str:
    digits = f"{time_ms & (1 << 48) - 1:012x}"
    return f"{digits[:8]}-{digits[8:]}"
