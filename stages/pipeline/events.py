"""The vocabulary: one frozen dataclass per fact, in the past tense.

Law: only what cannot be derived is a fact; its own fields are small, large content stands beside them.
"""

from __future__ import annotations

from typing import get_args

from eventlog.values import frozen


@frozen
class ProjectCreated:
    """A project folder began its life."""

    name: str


@frozen
class SourceImported:
    """The story was taken in. Content: {text}, UTF-8, NFC, newlines only."""

    sha256: str
    characters: int
    language: str
    file_name: str = ""
    encoding: str = ""


@frozen
class PlanningStarted:
    """A planning call is about to be made; subject is `planning/<task>/<part>`. Tokens are what it may cost."""

    subject: str
    attempt: str
    prompt_tokens: int = 0
    completion_tokens: int = 0


@frozen
class PlanningFailed:
    """A planning call gave no usable answer."""

    subject: str
    attempt: str
    kind: str
    message: str
    not_before: str = ""
    possibly_billed: bool = False


@frozen
class WorldBibleCompleted:
    """The world bible is the text of the answer with the id `answer`; `result` is its digest."""

    answer: str
    result: str


@frozen
class ScenesPlanned:
    """The story was cut into scenes. Content: {scenes: [...]}, the fields of contract.Scene."""

    source: str
    total: int


@frozen
class RunStarted:
    """A run began to take steps. `stale` is what it does with finished work made from something else: keep or rerun."""

    run: str
    stages: str
    provider: str
    model: str
    jobs: int
    scenes: str = ""
    stale: str = "keep"


@frozen
class SceneStarted:
    """A call for a scene is about to be made, and may be billed.

    `continues` is the answer that was cut off and goes on, `after` the one that lacked something, both by their ids.
    """

    subject: str
    attempt: str
    number: int
    fingerprint: str
    continues: str = ""
    after: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0


@frozen
class AnswerReceived:
    """A provider answered. Content: {text}, untouched; nothing has parsed it yet.

    One that goes on where another was cut off has {text, piece}: all of it, and what came this time. Tokens are those
    billed, or an estimate where the provider names none; `without` the options that the server does not take.
    """

    subject: str
    attempt: str
    finish_reason: str
    model: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    is_estimate: bool = False
    without: str = ""


@frozen
class SceneCompleted:
    """The answer with the id `answer` passed the checks; `result` is the digest of the text read out of it.

    `parts` tells what the fingerprint is made of (see plan.told_parts), `number` which attempt brought the answer (0:
    the one that was started with this id and has no outcome).
    """

    subject: str
    attempt: str
    fingerprint: str
    answer: str
    result: str
    parts: str = ""
    number: int = 0


@frozen
class SceneEdited:
    """Somebody wrote the result of a scene. Content: {text}. It counts as the attempt with this number."""

    subject: str
    number: int
    fingerprint: str
    result: str
    parts: str = ""


@frozen
class SceneRejected:
    """The answer did not pass, not even the second one. Content: {violations: [...]}."""

    subject: str
    attempt: str
    answer: str
    message: str


@frozen
class SceneFailed:
    """A call gave no answer; `not_before` (RFC 3339) is when the provider wants to be asked again.

    `possibly_billed`: the request was sent, and nobody knows whether it was answered.
    """

    subject: str
    attempt: str
    kind: str
    message: str
    not_before: str = ""
    possibly_billed: bool = False


@frozen
class SceneInvalidated:
    """A finished scene is to be made again, because somebody said so: what attempts up to `number` gave is due.

    It is kept until there is a newer result.

    Without a number (-1, as older programs wrote it) it is what was known when the entry was read.
    """

    subject: str
    reason: str
    number: int = -1


@frozen
class StageCompleted:
    """All scenes of a stage are done and its outputs are on disk; subject is the stage.

    `outputs` holds the digests of the files in output/, so that what somebody changed there later is known.
    """

    subject: str
    scenes: int
    outputs: str = ""


@frozen
class RunFinished:
    """A run took every step it could."""

    run: str
    outcome: str


@frozen
class RunInterrupted:
    """A run was stopped before its end."""

    run: str
    reason: str


@frozen
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
    | SceneEdited
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
    SceneEdited: "scene.edited",
    SceneRejected: "scene.rejected",
    SceneFailed: "scene.failed",
    SceneInvalidated: "scene.invalidated",
    StageCompleted: "stage.completed",
    RunFinished: "run.finished",
    RunInterrupted: "run.interrupted",
    ProgressImported: "progress.imported",
}
if set(TYPES) != set(get_args(Fact)):
    raise AssertionError("every fact needs a type, and every type a fact")


def subject_of(stage: str, scene_id: str) -> str:
    """What events about a scene's step are about: `storyboard/s0004`."""
    return f"{stage}/{scene_id}"
