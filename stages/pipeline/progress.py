"""The fold: what a project's log adds up to.

Law: pure, and a function of the entries alone. Of two completions of one step the one with the higher (attempt number,
entry id) wins, whatever order they are read in; the other stays in the log.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, assert_never

from stages.pipeline import events as facts
from stages.pipeline.contract import FailureKind, Scene
from stages.pipeline.imported import completions_of, scenes_of

if TYPE_CHECKING:
    from eventlog import Entry
    from stages.pipeline.contract import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    """Where an entry's content is: the entry's id, and its line's place in bytes (-1 while it waits in memory)."""

    id: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A finished step. `answer` holds the text, `imported` its place in the answer if an old program made it."""

    rank: tuple[int, str]
    seq: int
    time: str
    fingerprint: str
    result: str
    answer: Ref
    imported: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The last outcome of a step that did not finish."""

    kind: str
    message: str


@dataclass(slots=True, kw_only=True)
class Step:
    """One scene in one stage. `unread` is an answer that was paid for and has no outcome yet.

    `open` holds the number of each attempt that was started and has no outcome of its own: it may have been billed.
    """

    attempts: int = 0
    failures: int = 0
    fingerprint: str = ""
    completion: Completion | None = None
    failure: Failure | None = None
    unread: Ref | None = None
    unread_attempt: str = ""
    results: list[str] = field(default_factory=list)
    open: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Progress:
    """The state of one project. `highest_id` is the highest number that ever stood in the id of a scene."""

    name: str = ""
    language: Language = "zh"
    source: Ref | None = None
    source_sha256: str = ""
    source_name: str = ""
    planned_sha256: str = ""
    planned_source: Ref | None = None
    bible: Ref | None = None
    bible_digest: str = ""
    imported: Ref | None = None
    scenes: list[Scene] = field(default_factory=list)
    highest_id: int = 0
    steps: dict[str, Step] = field(default_factory=dict)
    planning: dict[str, Ref] = field(default_factory=dict)
    completed_stages: list[str] = field(default_factory=list)
    answers: dict[str, Ref] = field(default_factory=dict)

    def step(self, stage: str, scene_id: str) -> Step:
        """The step of a scene in a stage; an empty one if nothing was heard of it."""
        return self.steps.get(facts.subject_of(stage, scene_id)) or Step()

    @property
    def is_planned(self) -> bool:
        """Whether the scenes are those of the source at hand."""
        return bool(self.planned_sha256) and self.planned_sha256 == self.source_sha256


class ProgressProjection:
    """Progress as a projection of the engine."""

    name = "progress"
    version = 1

    def initial(self) -> Progress:
        """Nothing happened yet."""
        return Progress()

    def apply(self, state: Progress, entry: Entry) -> Progress:
        """Take in one entry; the state is changed in place."""
        fact = facts.to_fact(entry)
        if fact is not None:
            _apply(state, fact, entry)
        return state

    def save(self, state: Progress) -> Any:
        """The state as a JSON value."""
        return asdict(state)

    def load(self, saved: Any) -> Progress:
        """The state from what `save` gave."""
        state = Progress(**saved)
        state.source, state.planned_source = _ref(saved["source"]), _ref(saved["planned_source"])
        state.bible, state.imported = _ref(saved["bible"]), _ref(saved["imported"])
        state.scenes = [Scene(**{**scene, "characters": tuple(scene["characters"])}) for scene in saved["scenes"]]
        state.planning = {subject: Ref(**ref) for subject, ref in saved["planning"].items()}
        state.answers = {answer: Ref(**ref) for answer, ref in saved["answers"].items()}
        state.steps = {subject: _step(step) for subject, step in saved["steps"].items()}
        return state


def _ref(saved: Any) -> Ref | None:
    return Ref(**saved) if saved else None


def _step(saved: Any) -> Step:
    step = Step(**saved)
    step.unread = _ref(saved["unread"])
    step.failure = Failure(**saved["failure"]) if saved["failure"] else None
    if done := saved["completion"]:
        step.completion = Completion(**{**done, "rank": tuple(done["rank"]), "answer": Ref(**done["answer"])})
    return step


def _apply(state: Progress, fact: facts.Fact, entry: Entry) -> None:  # noqa: C901, PLR0912 - one case a fact, on purpose
    ref = Ref(id=entry.id, offset=entry.offset, size=entry.size)
    match fact:
        case facts.ProjectCreated():
            state.name = fact.name
        case facts.SourceImported():
            state.source, state.source_sha256, state.language = ref, fact.sha256, _language(fact.language)
            state.source_name = fact.file_name
            state.planning = {}
        case facts.WorldBibleCompleted():
            state.bible, state.bible_digest = state.answers.get(fact.answer), fact.result
        case facts.ScenesPlanned():
            _planned(state, fact, [Scene(**{**s, "characters": tuple(s["characters"])}) for s in entry.data["scenes"]])
        case facts.AnswerReceived():
            _answered(state, fact, ref)
        case facts.SceneStarted():
            step = state.steps.setdefault(fact.subject, Step())
            step.attempts, step.fingerprint = max(step.attempts, fact.number), fact.fingerprint
            step.failure, step.unread = None, None
            step.open[fact.attempt] = fact.number
        case facts.SceneCompleted():
            _completed(state, fact, entry)
        case facts.SceneRejected():
            _failed(state, fact, Failure(kind=FailureKind.BAD_OUTPUT, message=fact.message))
        case facts.SceneFailed():
            _failed(state, fact, Failure(kind=fact.kind, message=fact.message))
        case facts.SceneInvalidated():
            step = state.steps.setdefault(fact.subject, Step())
            step.completion, step.failure, step.unread = None, None, None
            _unfinish(state, fact.subject.split("/")[0])
        case facts.StageCompleted():
            state.completed_stages = sorted({*state.completed_stages, fact.subject})
        case facts.ProgressImported():
            _imported(state, fact, entry, ref)
        case facts.PlanningStarted() | facts.PlanningFailed():
            pass
        case facts.RunStarted() | facts.RunFinished() | facts.RunInterrupted():
            pass
        case _:
            assert_never(fact)


def _language(name: str) -> Language:
    return "zh" if name == "zh" else "en"


def _planned(state: Progress, fact: facts.ScenesPlanned, scenes: list[Scene]) -> None:
    state.scenes, state.planned_sha256, state.planned_source = scenes, fact.source, state.source
    state.completed_stages = []
    state.highest_id = max([state.highest_id, *(int(scene.id[1:]) for scene in scenes)])


def _answered(state: Progress, fact: facts.AnswerReceived, ref: Ref) -> None:
    state.answers[ref.id] = ref
    if fact.subject.startswith("planning/"):
        state.planning[fact.subject] = ref
    else:
        step = state.steps.setdefault(fact.subject, Step())
        step.unread, step.unread_attempt = ref, fact.attempt


def _completed(state: Progress, fact: facts.SceneCompleted, entry: Entry) -> None:
    answer = state.answers.get(fact.answer)
    if answer is None:  # a damaged rescue file may have lost it: then there is no result, and the scene is made again
        return
    step = state.steps.setdefault(fact.subject, Step())
    done = Completion(
        rank=(step.open.pop(fact.attempt, 0), entry.id),
        seq=entry.seq,
        time=entry.time,
        fingerprint=fact.fingerprint,
        result=fact.result,
        answer=answer,
    )
    step.results.append(fact.result)
    step.failure, step.unread, step.failures = None, None, 0
    del state.answers[fact.answer]  # nobody names it again; kept, they would grow with the history
    if step.completion is None or done.rank > step.completion.rank:
        step.completion = done


def _failed(state: Progress, fact: facts.SceneRejected | facts.SceneFailed, failure: Failure) -> None:
    step = state.steps.setdefault(fact.subject, Step())
    step.open.pop(fact.attempt, None)
    if isinstance(fact, facts.SceneRejected):
        state.answers.pop(fact.answer, None)
    if failure.kind == FailureKind.REFUSED:  # the provider refuses everybody: no fault of this scene
        return
    step.unread = None
    if step.completion is None:  # a failure beside a result, on another device, takes nothing away
        step.failure = failure
        step.failures += 1


def _unfinish(state: Progress, stage: str) -> None:
    state.completed_stages = [name for name in state.completed_stages if name != stage]


def _imported(state: Progress, fact: facts.ProgressImported, entry: Entry, ref: Ref) -> None:
    content = entry.data
    state.imported, state.language = ref, _language(fact.language)
    state.scenes = scenes_of(content, fact.total_scenes, state.language)
    state.highest_id = fact.total_scenes
    for stage, index, result, error in completions_of(content):
        step = state.steps.setdefault(facts.subject_of(stage, state.scenes[index].id), Step())
        if error:
            step.failure, step.failures = Failure(kind=FailureKind.TERMINAL, message=error), 1
            continue
        step.results.append(result)
        step.completion = Completion(
            rank=(0, entry.id),
            seq=entry.seq,
            time=entry.time,
            fingerprint="",
            result=result,
            answer=ref,
            imported=index,
        )
