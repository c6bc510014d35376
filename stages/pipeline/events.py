"""The vocabulary: one frozen dataclass per fact, in the past tense, and how each stands in a log entry.

Law: a fact's own fields are small and go to `meta`, where folds read them; large content goes to `data` beside them.
An event of a type unknown here is no fact, and no error.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, get_args

import orjson

from eventlog import Event

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
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectCreated:
    """A project folder began its life."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceImported:
    """The story was taken in. Content: {text}, UTF-8, NFC, newlines only."""

    sha256: str
    characters: int
    language: str
    file_name: str = ""
    encoding: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanningStarted:
    """A planning call is about to be made; subject is `planning/<task>/<part>`."""

    subject: str
    attempt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanningFailed:
    """A planning call gave no usable answer."""

    subject: str
    attempt: str
    kind: str
    message: str
    not_before: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldBibleCompleted:
    """The world bible is the text of the answer with the id `answer`; `result` is its digest."""

    answer: str
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenesPlanned:
    """The story was cut into scenes. Content: {scenes: [...]}, the fields of contract.Scene."""

    source: str
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """A run began to take steps."""

    run: str
    stages: str
    provider: str
    model: str
    jobs: int
    scenes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneStarted:
    """A call for a scene is about to be made: from here on it may be billed."""

    subject: str
    attempt: str
    number: int
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerReceived:
    """A provider answered. Content: {text}, untouched; nothing has parsed it yet."""

    subject: str
    attempt: str
    finish_reason: str
    model: str
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneCompleted:
    """The answer with the id `answer` passed the checks; `result` is the digest of the text read out of it."""

    subject: str
    attempt: str
    fingerprint: str
    answer: str
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneRejected:
    """The answer did not pass, not even the second one. Content: {violations: [...]}."""

    subject: str
    attempt: str
    answer: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneFailed:
    """A call gave no answer; `not_before` (RFC 3339) is when the provider wants to be asked again."""

    subject: str
    attempt: str
    kind: str
    message: str
    not_before: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneInvalidated:
    """A finished scene is to be made again, because somebody said so."""

    subject: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StageCompleted:
    """All scenes of a stage are done and its outputs are on disk; subject is the stage."""

    subject: str
    scenes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished:
    """A run took every step it could."""

    run: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInterrupted:
    """A run was stopped before its end."""

    run: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressImported:
    """Progress files of the program before were taken over. Content: {storyboard, enhancement}, as they were."""

    total_scenes: int
    language: str
    files: str


Fact = (
    ProjectCreated
    | SourceImported
    | PlanningStarted
    | PlanningFailed
    | WorldBibleCompleted
    | ScenesPlanned
    | RunStarted
    | SceneStarted
    | AnswerReceived
    | SceneCompleted
    | SceneRejected
    | SceneFailed
    | SceneInvalidated
    | StageCompleted
    | RunFinished
    | RunInterrupted
    | ProgressImported
)
TYPES = {
    ProjectCreated: "project.created",
    SourceImported: "source.imported",
    PlanningStarted: "planning.started",
    PlanningFailed: "planning.failed",
    WorldBibleCompleted: "world_bible.completed",
    ScenesPlanned: "scenes.planned",
    RunStarted: "run.started",
    SceneStarted: "scene.started",
    AnswerReceived: "answer.received",
    SceneCompleted: "scene.completed",
    SceneRejected: "scene.rejected",
    SceneFailed: "scene.failed",
    SceneInvalidated: "scene.invalidated",
    StageCompleted: "stage.completed",
    RunFinished: "run.finished",
    RunInterrupted: "run.interrupted",
    ProgressImported: "progress.imported",
}
_CLASSES = {name: kind for kind, name in TYPES.items()}
_FIELDS = {kind: [field.name for field in fields(kind)] for kind in TYPES}
if set(TYPES) != set(get_args(Fact)):
    raise AssertionError("every fact needs a type, and every type a fact")


def to_event(fact: Fact, content: Any = None) -> Event:
    """Write a fact, with its large content, as an event."""
    meta = {field.name: getattr(fact, field.name) for field in fields(fact)}
    subject = meta.pop("subject", "")
    for name in meta.keys() & _LIMITS.keys():
        meta[name] = shorten(meta[name], _LIMITS[name])
    return Event(type=TYPES[type(fact)], data=content, subject=subject, meta=meta)


def to_fact(entry: Entry) -> Fact | None:
    """Read the fact of an entry; None if its type is not in this vocabulary."""
    kind = _CLASSES.get(entry.type)
    if kind is None:
        return None
    given = {**entry.meta, "subject": entry.subject}
    fact: Fact = kind(**{name: given[name] for name in _FIELDS[kind] if name in given})
    return fact


def shorten(text: str, limit: int = MESSAGE_LIMIT_BYTES) -> str:
    """Cut a text to what takes at most `limit` bytes as a JSON string; halves of characters become `?`."""
    text = text[: limit + 1].encode(errors="replace").decode()
    if _size(text) <= limit:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if _size(text[:middle] + "…") <= limit:
            low = middle
        else:
            high = middle - 1
    return text[:low] + "…"


def _size(text: str) -> int:
    return len(orjson.dumps(text)) - len('""')


def subject_of(stage: str, scene_id: str) -> str:
    """What events about a scene's step are about: `storyboard/s0004`."""
    return f"{stage}/{scene_id}"
