"""What the vocabulary promises: facts come back, none is too large for its line, and the unknown harms nothing."""

from __future__ import annotations

from dataclasses import MISSING, fields, replace
from typing import Any, get_args

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog.entry import META_LIMIT, START, encode
from stages.pipeline import events as facts
from stages.pipeline.fact_entries import MESSAGE_LIMIT_BYTES, to_event, to_fact
from stages.pipeline.text import shorten
from tests.stages.told import Told

KINDS = get_args(facts.Fact)
ANYTHING = st.text(st.characters(), max_size=2000)  # halves of characters and control characters included
STORIES = st.text(st.sampled_from('灯塔来信，风。"\\\n\x00\x1b\ud800a€😀'), min_size=200, max_size=3000)
FROM_OUTSIDE = {"message", "reason", "name", "file_name", "files", "model", "finish_reason"}


def made(kind: Any, text: str = "x") -> facts.Fact:
    """A fact of this kind with a different value in each field; what comes from outside is `text`."""
    given_values: dict[str, Any] = {}
    for at, field in enumerate(fields(kind)):
        value = f"{field.name} {at}" if field.type == "str" else 41 + at
        given_values[field.name] = text if field.name in FROM_OUTSIDE else value
    fact: facts.Fact = kind(**given_values)
    return fact


@pytest.mark.parametrize("kind", KINDS)
def test_every_fact_comes_back_from_its_entry(kind: Any) -> None:
    fact = made(kind)
    entry = Told().fact(fact, {"text": "内容"})
    assert to_fact(entry) == fact
    assert entry.data == {"text": "内容"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_fact_of_an_older_program_without_the_newer_fields_is_read(kind: Any) -> None:
    optional = {field.name for field in fields(kind) if field.default is not MISSING}
    event = to_event(made(kind))
    old = {name: value for name, value in event.meta.items() if name not in optional}
    entry = encode(replace(event, meta=old, id="e", time="t"), after=START, dur=-1)
    found = to_fact(entry)
    assert isinstance(found, kind)
    assert all(getattr(found, field.name) == field.default for field in fields(kind) if field.name in optional)


@pytest.mark.parametrize("name", ["scene.enhanced", "log.created", "log.recovered", "x"])
def test_an_event_of_an_unknown_type_is_no_fact_and_no_error(name: str) -> None:
    entry = Told().fact(facts.RunFinished(run="r", outcome="complete"))
    assert to_fact(entry._replace(type=name)) is None


def test_an_unknown_field_of_a_known_fact_is_no_error() -> None:
    entry = Told().fact(facts.RunFinished(run="r", outcome="complete"))
    newer = entry._replace(meta={**entry.meta, "cost": 3})
    assert to_fact(newer) == facts.RunFinished(run="r", outcome="complete")


def test_types_are_distinct_and_in_the_past_tense() -> None:
    names = list(facts.TYPES.values())
    assert len(set(names)) == len(names)
    assert all(name.endswith(("ed", "planned")) for name in names)


@pytest.mark.parametrize("kind", KINDS)
@given(text=ANYTHING | STORIES)
def test_every_fact_fits_into_its_line_whatever_comes_from_outside(kind: Any, text: str) -> None:
    event = replace(to_event(made(kind, text)), id="e", time="t")
    meta = encode(event, after=START, dur=-1).meta
    assert len(orjson.dumps(meta)) <= META_LIMIT


@given(STORIES | ANYTHING)
def test_a_shortened_message_is_the_beginning_of_the_message(text: str) -> None:
    short = shorten(text, MESSAGE_LIMIT_BYTES)
    readable = text.encode(errors="replace").decode()
    assert len(orjson.dumps(short)) <= MESSAGE_LIMIT_BYTES + 2
    assert short == readable or (short.endswith("…") and readable.startswith(short[:-1]))


def test_as_much_of_a_long_chinese_message_is_kept_as_fits() -> None:
    short = shorten("缺" * 1000, MESSAGE_LIMIT_BYTES)
    assert short == "缺" * ((MESSAGE_LIMIT_BYTES - 3) // 3) + "…"
    assert shorten("缺少原文", MESSAGE_LIMIT_BYTES) == "缺少原文"


def test_a_subject_names_the_stage_and_the_scene() -> None:
    assert facts.subject_of("storyboard", "s0004") == "storyboard/s0004"
