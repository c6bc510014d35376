"""The line format: what is written is read back exactly, and what is not exactly a written line is refused.

Law: tests/golden/format-1.jsonl and its head were written once and are never written again; every version reads them.
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import itertools
import json
import math
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Self

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eventlog.entry import (
    LINE_LIMIT,
    META_LIMIT,
    START,
    ZERO_SUM,
    Entry,
    Event,
    Position,
    decode,
    decode_detached,
    encode,
    encode_detached,
    named_id,
    payload,
    seal,
    sealed_sum,
    uuid7,
)
from eventlog.errors import InvalidEventError, NewerFormatError
from eventlog.head import Head, decode_head, encode_head
from eventlog.plain import to_json
from eventlog.recovery import scan

GOLDEN = Path(__file__).parent.parent / "golden"
ID, TIME = "018bcfe5-6800-7000-8000-000000000000", "2026-11-23T12:34:56.789012Z"
ODD = [
    "\u2028",
    "\u2029",
    "\x00",
    "\x1f",
    '"',
    "\\",
    '},"data":',
    ',"type":',
    '{"seq":',
    ',"sum":"',
    "\r\n",
    "灯塔",
    "🜁",
]

texts = st.lists(st.sampled_from(ODD) | st.text(st.characters(codec="utf-8"), max_size=5), max_size=5).map("".join)
numbers = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
names = texts.filter(lambda text: 0 < len(text) <= 512)
events = st.builds(
    Event,
    type=names,
    data=values,
    subject=texts,
    meta=st.dictionaries(texts, scalars, max_size=4),
    v=st.integers(1, 2**63 - 1),
    id=names,
    time=names,
)
places = st.builds(
    Position,
    seq=st.integers(-1, 10**12),
    offset=st.integers(0, 10**15),
    sum=st.binary(min_size=16, max_size=16).map(bytes.hex),
)


def said(data: Any = None, **fields: Any) -> Event:
    return Event(**{"type": "said", "data": data, "id": ID, "time": TIME} | fields)


@given(events, places, st.integers(-1, 10**12))
@example(said({'},"data":': ['{"seq":', ',"type":"x"', {"\u2028": "\u2029"}]}, subject='},"data":'), START, -1)
@example(said(None, meta={'},"data":': 1, ',"type":': 2}), START, -1)
def test_an_entry_is_read_back_exactly_as_it_was_written(event: Event, after: Position, dur: int) -> None:
    entry = encode(event, after=after, dur=dur)
    assert repr(decode(entry.line, offset=after.offset)) == repr(entry), "each value, and of the same type"
    assert entry.to_event() == event
    assert repr(entry.data) == repr(event.data), "1 is not 1.0 and not true"
    assert (entry.seq, entry.prev, entry.dur, entry.offset) == (after.seq + 1, after.sum, dur, after.offset)
    assert entry.position == Position(seq=entry.seq, offset=after.offset + len(entry.line), sum=entry.sum)
    assert entry.payload_bytes == payload(event)
    assert entry.line.count(b"\n") == 1
    assert entry.line.endswith(b"\n"), "one line, whatever is in it"


@given(events)
@example(said(id='a "quoted" one,"time":"x'))
@example(said(id="\\", subject=',"id":"other","time":"'))
@example(said({"a": 1, "id": "other", "time": "x"}))
def test_the_id_of_a_line_is_known_before_it_is_verified(event: Event) -> None:
    line = encode(event, after=START, dur=-1).line
    assert named_id(line) == event.id
    assert named_id(line[:-50] + b"?" * 50) == event.id


def test_what_is_no_line_has_no_id() -> None:
    others = (b'{"seq":1,"id":"', b'{"seq":1,"id":"\xff","time":"', b'{"seq":1,"id":1,"time":"', b'"1","time":"')
    assert [named_id(line) for line in (b"", b"\n", *others)] == [""] * 6


class Word(enum.StrEnum):
    """A text of a type of its own."""

    KIND = "kind"


class Number(enum.IntEnum):
    """A number of a type of its own."""

    ONE = 1


@pytest.mark.parametrize(
    "event",
    [
        said(type=Word.KIND),
        said(subject=Word.KIND),
        said(id=Word.KIND),
        said(time=Word.KIND),
        said(meta={"of a type of its own": Word.KIND}),
        said(meta={"of a type of its own": Number.ONE}),
        said(meta=MappingProxyType({"a": 1})),
    ],
    ids=repr,
)
def test_an_entry_holds_what_a_reader_will_find_and_not_what_only_equals_it(event: Event) -> None:
    entry = encode(event, after=START, dur=-1)
    read = decode(entry.line)
    assert repr(read) == repr(entry)
    assert read == entry


def test_an_entry_does_not_change_with_what_it_was_made_from() -> None:
    meta, data = {"n": 1}, [1]
    entry = encode(said(data, meta=meta), after=START, dur=-1)
    meta["n"] = 2
    data.append(2)
    assert (entry.meta, entry.data) == ({"n": 1}, [1])


@given(events)
def test_a_line_is_plain_json_with_the_fields_in_their_order(event: Event) -> None:
    entry = encode(event, after=START, dur=-1)
    fields = json.loads(entry.line)
    assert list(fields) == ["seq", "prev", "dur", "id", "time", "type", "v", "subject", "meta", "data", "sum"]
    assert (fields["data"], fields["meta"]) == (event.data, event.meta)


@given(events)
def test_the_sum_is_that_of_the_bytes_before_it(event: Event) -> None:
    line = encode(event, after=START, dur=-1).line
    body, _, rest = line.rpartition(b',"sum":"')
    assert rest == hashlib.sha256(body).hexdigest()[:32].encode() + b'"}\n'


LINE = encode(said({"text": "灯 \u2028"}, meta={"n": 1}), after=START, dur=-1).line


def test_every_flipped_bit_of_a_line_is_noticed() -> None:
    for bit in range(len(LINE) * 8):
        damaged = bytearray(LINE)
        damaged[bit // 8] ^= 1 << bit % 8
        assert decode(bytes(damaged)) is None, f"bit {bit}"


def test_every_cut_line_is_noticed() -> None:
    for size in range(len(LINE)):
        assert decode(LINE[:size]) is None
        assert decode(LINE[:size] + b"\n") is None or LINE[size:] == b"\n"
        assert decode(LINE[size + 1 :]) is None


@given(st.binary(max_size=200))
def test_no_other_bytes_are_taken_for_a_line(data: bytes) -> None:
    assert decode(data) is None
    assert decode(LINE + data) is None or not data
    assert decode(data + LINE) is None or not data


class WithHidden(NamedTuple):
    """Something orjson may know, and JSON does not."""

    a: int


@dataclasses.dataclass
class WithUnderscore:
    """orjson leaves out fields that begin with an underscore."""

    a: int = 1
    _b: int = 2


DEEP: list[Any] = []
for _ in range(200):
    DEEP = [DEEP]
CYCLE: list[Any] = []
CYCLE.append(CYCLE)


@pytest.mark.parametrize(
    "data",
    [
        math.nan, math.inf, -math.inf, [math.nan], {"a": {"b": math.nan}}, "\ud800", {"\udfff": 1}, 2**64, -(2**63) - 1,
        WithUnderscore(), {"a": WithUnderscore()}, WithHidden(1), {1: "a"}, {None: 1}, {("a",): 1}, b"bytes",
        {"a", "b"}, DEEP, CYCLE, object(), 1j, Path("a"),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_json_cannot_hold_exactly_is_refused_and_nothing_is_written(data: Any) -> None:
    with pytest.raises(InvalidEventError, match="data"):
        encode(said(data), after=START, dur=-1)
    with pytest.raises(InvalidEventError):
        to_json("state", data)


@pytest.mark.parametrize(
    "fields",
    [
        {"type": ""}, {"type": "x" * 513}, {"type": None}, {"type": 1}, {"type": "\ud800"}, {"subject": "\udc00"},
        {"subject": None}, {"id": ""}, {"id": 5}, {"id": []}, {"id": "\ud800"}, {"id": None}, {"time": ""},
        {"time": None}, {"time": 1.5}, {"v": 0}, {"v": True}, {"v": 1.0}, {"v": "1"}, {"v": 2**70},
        {"meta": []}, {"meta": None},
        {"meta": {"a": {}}}, {"meta": {"a": [1]}}, {"meta": {"a": (1,)}}, {"meta": {"a": "x" * META_LIMIT}},
        {"meta": {"a": math.nan}}, {"meta": {1: 1}}, {"meta": {"a": "\ud800"}},
    ],
    ids=lambda fields: ascii(fields).replace("\\", "/"),  # pytest escapes a backslash again each time it collects
)  # fmt: skip
def test_an_event_that_breaks_a_rule_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidEventError):
        encode(said(**fields), after=START, dur=-1)


def test_the_limits_are_the_last_that_fit() -> None:
    full = {"a": "x" * (META_LIMIT - len('{"a":""}'))}
    assert encode(said(meta=full, type="x" * 512), after=START, dur=-1).meta == full
    frame = len(encode(said(""), after=START, dur=-1).line)
    assert len(encode(said("x" * (LINE_LIMIT - frame)), after=START, dur=-1).line) == LINE_LIMIT
    with pytest.raises(InvalidEventError, match="at most 67108864 fit"):
        encode(said("x" * (LINE_LIMIT - frame + 1)), after=START, dur=-1)


def test_any_mapping_can_be_meta_and_tuples_are_lists() -> None:
    entry = encode(said((1, (2,)), meta=MappingProxyType({"a": 1})), after=START, dur=-1)
    assert (entry.meta, entry.data) == ({"a": 1}, [1, [2]])


class Odd(enum.StrEnum):
    """Shown as one text, written as its value."""

    def __new__(cls, value: Any) -> Self:
        """Be another text than the value."""
        one = str.__new__(cls, "shown")
        one._value_ = value
        return one

    NAN = (math.nan,)


class Hiding(dict[str, Any]):
    """Hides what the encoder writes."""

    def items(self) -> Any:
        """Nothing."""
        return []


class HidingList(list[Any]):
    """Hides what the encoder writes."""

    def __iter__(self) -> Any:
        """Nothing."""
        return iter(())


@pytest.mark.parametrize("data", [[Odd.NAN], Hiding(a=math.nan), {"a": Hiding(a=math.inf)}, HidingList([math.nan])])
def test_nothing_that_json_would_change_is_hidden_in_a_type_of_ones_own(data: Any) -> None:
    with pytest.raises(InvalidEventError):
        encode(said(data), after=START, dur=-1)


def test_an_enum_of_texts_is_its_text() -> None:
    kind = enum.StrEnum("kind", ["LOST"])
    assert encode(said({"kind": kind.LOST}), after=START, dur=-1).data == {"kind": "lost"}


@given(events)
def test_a_detached_line_holds_the_event_and_nothing_of_a_place(event: Event) -> None:
    line = encode_detached(event)
    assert decode_detached(line) == event
    assert list(json.loads(line)) == ["id", "time", "type", "v", "subject", "meta", "data", "sum"]
    with pytest.raises(NewerFormatError):
        decode(line)


def test_a_damaged_detached_line_is_refused_and_a_foreign_one_named() -> None:
    line = encode_detached(said("a"))
    for bit in range(len(line) * 8):
        damaged = bytearray(line)
        damaged[bit // 8] ^= 1 << bit % 8
        assert decode_detached(bytes(damaged)) is None
    for foreign in (seal(b'{"a":1'), seal(b"[1"), encode_head(Head(log_id=ID, position=START))):
        with pytest.raises(NewerFormatError, match="install a newer eventlog"):
            decode_detached(foreign)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"data": math.nan}, "data is nan; JSON has no such number"),
        ({"meta": {"a": math.nan}}, "meta.a is nan; JSON has no such number"),
        ({"meta": {"a": "x" * META_LIMIT}}, "meta of said has 1032 bytes; at most 1024 go there, put more into data"),
        ({"meta": {"b": 1, "a": [1]}}, "meta of said must be flat; 'a' holds an object or a list"),
        ({"type": "\ud800"}, "name cannot be written as JSON: "),
        ({"id": "\ud800"}, "name cannot be written as JSON: "),
        ({"id": None}, "said has no id or no time; a line in a log has both"),
        ({"time": None}, "said has no id or no time; a line in a log has both"),
        ({"subject": "s" * 513}, f"subject must be a text of 0 to 512 characters, not '{'s' * 60}'"),
        ({"type": ""}, "type must be a text of 1 to 512 characters, not ''"),
        ({"id": ""}, "id must be a text of 1 to 512 characters, not ''"),
        ({"v": 0}, "v must be a whole number from 1, not 0"),
        ({"meta": []}, "meta of said must be an object, not list"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_refusal_says_which_rule_was_broken_and_by_what(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidEventError) as refused:
        encode(dataclasses.replace(said(1), **fields), after=START, dur=-1)
    assert str(refused.value).startswith(told)
    assert str(refused.value) == told or told.endswith(": ")


def test_what_an_event_says_does_not_depend_on_its_id_and_time_but_wrong_ones_are_refused() -> None:
    nameless = dataclasses.replace(said(1), id=None, time=None)
    assert payload(nameless) == payload(said(1))
    with pytest.raises(InvalidEventError, match=r"^time must be a text of 1 to 512 characters, not ''$"):
        payload(dataclasses.replace(nameless, time=""))


class OwnText(str):
    """A text of a type of its own."""

    __slots__ = ()


def test_texts_of_any_type_are_given_back_as_plain_texts() -> None:
    names = ("type", "subject", "id", "time")
    for chosen in itertools.product((str, OwnText), repeat=len(names)):
        fields: dict[str, Any] = {name: kind(f"some {name}") for name, kind in zip(names, chosen, strict=True)}
        entry = encode(dataclasses.replace(said(1), **fields), after=START, dur=-1)
        assert entry == decode(entry.line)
        assert {type(getattr(entry, name)) for name in names} == {str}


def test_content_may_look_like_the_end_of_meta() -> None:
    entry = encode(said({"a": {}, "data": {"b": {}, "data": 1}}), after=START, dur=-1)
    assert b'},"data":' in entry.data_bytes
    assert decode(entry.line) == entry


def test_a_line_stands_at_the_beginning_if_nothing_else_is_said() -> None:
    entry = decode(LINE)
    assert entry is not None
    assert entry.offset == 0


def test_a_line_of_a_newer_format_is_named_by_its_first_sixty_bytes() -> None:
    for line, begin in (
        (seal(b'{"n":"' + b"x" * 53 + b'yz"'), '{"n":"' + "x" * 53 + "y"),
        (seal(b'{"nn":"' + "灯".encode() * 20 + b'"'), '{"nn":"' + "灯" * 17 + "\ufffd"),
    ):
        told = f"the line beginning '{begin}' verifies but is of a newer format; install a newer eventlog"
        with pytest.raises(NewerFormatError) as refused:
            decode(line)
        assert str(refused.value) == told


NEWER = [
    b'{"seq":0', b'{"seq":"0","prev":"","dur":-1', b"{", b'{"format":2,"data":',
    LINE[:-43].replace(b'"dur":-1', b'"dur":-1.0'),
    LINE[:-43].replace(b'"meta":{"n":1}', b'"meta":[1]'), LINE[:-43].replace(b'"seq":0', b'"seq":true'),
    LINE[:-43] + b',"blob":"x"', LINE[:-43] + b',"blob":1', LINE[:-43].replace(b'"dur":', b'"extra":1,"dur":'),
    LINE[:-43].replace(b'"seq":0,', b"") + b',"seq":0',
    LINE[:-43].replace(b'"v":1,"subject":""', b'"subject":"","v":1'), LINE[:-43].replace(b'"subject"', b'"topic"'),
    encode(said(1), after=START, dur=-1).line[:-43] + b',"blob":1',
    encode(said(None), after=START, dur=-1).line[:-43].replace(b'"data":null', b'"data":garbage'),
]  # fmt: skip


@pytest.mark.parametrize("body", NEWER, ids=[f"newer {number}" for number in range(len(NEWER))])
def test_a_line_that_verifies_and_is_not_of_this_format_is_newer_not_corrupt(body: bytes) -> None:
    with pytest.raises(NewerFormatError, match="verifies but is of a newer format"):
        decode(seal(body))


@pytest.mark.parametrize("name", ["seq", "prev", "dur", "id", "time", "type", "v", "subject", "meta"])
def test_a_line_with_a_value_of_another_kind_is_newer(name: str) -> None:
    fields = orjson.loads(LINE[:-43] + b"}")
    others: list[Any] = [{}, "1", 1, 1.0, True, None]
    for other in others:
        line = seal(orjson.dumps({**fields, name: other})[:-1])
        if type(other) is type(fields[name]):
            assert decode(line) is not None
        else:
            with pytest.raises(NewerFormatError, match="verifies but is of a newer format"):
                decode(line)


def test_content_that_is_no_json_is_an_error_that_says_so_when_it_is_read() -> None:
    """To look for it sooner would cost every fold the parsing of what it does not need."""
    entry = decode(seal(LINE[:-43] + b',"blob":{}'))
    assert entry is not None
    with pytest.raises(NewerFormatError, match="verifies but is of a newer format"):
        _ = entry.data


@given(st.lists(st.tuples(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10)), min_size=2, max_size=9))
def test_ids_sort_by_their_time(made: list[tuple[int, bytes]]) -> None:
    ids = [(uuid7(time_ms, randomness), time_ms) for time_ms, randomness in made]
    assert [time for _, time in sorted(ids)] == sorted(time for _, time in ids)
    for each, time in ids:
        assert (len(each), each[14], each[19] in "89ab", int(each.replace("-", "")[:12], 16)) == (36, "7", True, time)
    for (each, _), (_, randomness) in zip(ids, made, strict=True):  # all of it but the six bits that say what it is
        told, drawn = int(each.replace("-", ""), 16), int.from_bytes(randomness)
        assert (told ^ drawn) & 0x0FFF_3FFF_FFFF_FFFF_FFFF == 0


@given(places, st.uuids().map(str))
def test_a_head_is_read_back_and_has_one_width(position: Position, log_id: str) -> None:
    head = Head(log_id=log_id, position=position)
    assert decode_head(encode_head(head)) == head
    assert len(encode_head(head)) == 188


def test_a_damaged_head_counts_as_absent() -> None:
    data = encode_head(Head(log_id=ID, position=Position(seq=7, offset=99, sum="ab" * 16)))
    for bit in range(len(data) * 8):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        assert decode_head(bytes(damaged)) is None
    for foreign in (None, b"", data[:-1], data + b"x", seal(b'{"log":"a"'), seal(b"[1"), LINE, seal(b'{"seq":"x"')):
        assert decode_head(foreign) is None


def golden_events() -> list[Event]:
    """What the golden file says; change nothing here, add a file for a new format."""
    return [
        Event(type="log.created", meta={"format": 1, "log": ID, "device": "golden", "program": "eventlog 0.1"}),
        Event(type="job.finished", data={"text": '灯塔 \u2028 "},"data": {"seq":'}, subject="item/7", meta={"n": 1}),
        Event(type="job.failed", data=[None, True, -(2**63), 2**64 - 1, 1e-300, ""], subject="item/8", v=3),
        Event(type="job.noted", meta={'},"data":': "x", "flag": False, "nothing": None}),
        Event(type="log.recovered", data={"reason": "its sum does not match its bytes", "kept": []}),
    ]  # fmt: skip


def golden_bytes() -> tuple[bytes, bytes]:
    end, lines = START, b""
    for at, event in enumerate(golden_events()):
        stamped = dataclasses.replace(event, id=uuid7(1_764_000_000_000 + at, bytes([at] * 10)), time=TIME)
        entry = encode(stamped, after=end, dur=max(-1, at - 2))
        end, lines = entry.position, lines + entry.line
    return lines, encode_head(Head(log_id=ID, position=end))


def test_the_golden_log_of_format_1_is_read_for_ever_and_written_byte_for_byte() -> None:
    log, head = (GOLDEN / "format-1.jsonl").read_bytes(), (GOLDEN / "format-1.head").read_bytes()
    assert golden_bytes() == (log, head)
    entries = [found for found in scan([log]) if isinstance(found, Entry)]
    assert [dataclasses.replace(entry.to_event(), id=None, time=None) for entry in entries] == golden_events()
    assert decode_head(head) == Head(log_id=ID, position=entries[-1].position)
    assert hashlib.sha256(log).hexdigest() == "c6a413cf8bf81c80c4438d8e7a93bfd53f68bd391e6fff7f1eaf51dcb7b1d5e5"
    assert hashlib.sha256(head).hexdigest() == "24ac08722ef261328be5cece954ec45e28e240497a2285493f82ae281d6ea787"
    again = START
    for entry in entries:
        copy = encode(entry.to_event(), after=again, dur=entry.dur)
        assert copy.line == entry.line
        again = copy.position


@settings(max_examples=50)
@given(values)
def test_an_upcaster_changes_the_content_and_never_the_line(data: Any) -> None:
    entry = encode(said({"old": 1}, meta={"n": 1}), after=START, dur=-1)
    newer = entry.as_version(2, data=data)
    assert (newer.v, newer.data, newer.meta, newer.line) == (2, data, {"n": 1}, entry.line)
    assert (newer.position, newer.payload_bytes) == (entry.position, entry.payload_bytes)
    assert orjson.loads(newer.data_bytes) == data


def test_the_sum_before_the_first_line_is_zeros() -> None:
    assert json.loads(LINE)["prev"] == ZERO_SUM == "0" * 32
    assert sealed_sum(b"") is None


def test_an_id_is_that_of_the_example_in_the_rfc_and_keeps_48_bits_of_time() -> None:
    """RFC 9562, appendix A.6."""
    randomness = bytes.fromhex("0cc318c4dc0c0c07398f")
    assert uuid7(0x017F22E279B0, randomness) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
    assert uuid7(0x017F22E279B0 + (1 << 48), randomness) == uuid7(0x017F22E279B0, randomness)


def test_an_upcaster_keeps_meta_unless_it_gives_another_and_is_told_what_json_cannot_hold() -> None:
    entry = encode(Event(type="said", meta={"n": 1}, id=ID, time=TIME), after=START, dur=-1)
    assert entry.as_version(2, data=0).meta == {"n": 1}
    assert entry.as_version(2, data=0, meta={"m": 2}).meta == {"m": 2}
    with pytest.raises(InvalidEventError, match=r"^data is nan"):
        entry.as_version(2, data=math.nan)


def test_an_event_without_a_place_is_refused_by_the_name_of_what_is_wrong() -> None:
    with pytest.raises(InvalidEventError, match=r"^name cannot be written"):
        encode_detached(Event(type="said", id="\ud800", time=TIME))
