"""The fold: what a project's log adds up to.

Law: pure, and a function of the entries alone. Of two completions of one step the one with the higher (attempt number,
entry id) wins, whatever order they are read in; the other stays in the log. An edit is an attempt of its own.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, assert_never

from stages.pipeline import attempts
from stages.pipeline import events as facts
from stages.pipeline.bills import Bill
from stages.pipeline.fact_entries import to_fact
from stages.pipeline.imported import completions_of, imported_bible, scenes_of
from stages.pipeline.scene import CUT_OFF, FailureKind, Scene
from stages.pipeline.steps import Completion, Failure, Ref, Step, Tried, load_ref, load_step
from stages.pipeline.text import digest

if TYPE_CHECKING:
    from eventlog import Entry
    from stages.pipeline.scene import Language

__all__ = ["Completion", "Failure", "Progress", "ProgressProjection", "Ref", "Step", "Tried"]

# What the provider says to everybody is the fault of no scene.
_NOBODYS = (FailureKind.REFUSED, FailureKind.UNAVAILABLE, FailureKind.RATE_LIMITED)


@dataclass(slots=True, kw_only=True)
class Progress:
    """The state of one project. `highest_id` is the highest number that ever stood in the id of a scene.

    `outputs`, `bibles` and `sources` are the digests of all there ever were: what is none of them, somebody else wrote.
    `bills` holds what each attempt costs, by its id; `provider` is who was asked last ("openai/deepseek-chat"),
    `not_before` when each of them wants to be asked again, `without` the options each does not take; `in_hand` the
    subject of each attempt that the run at hand has begun and not brought to an outcome; `plan_failure` why there is no
    plan of the story.
    """

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
    outputs: dict[str, list[str]] = field(default_factory=dict)
    bibles: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    answers: dict[str, Ref] = field(default_factory=dict)
    bills: dict[str, Bill] = field(default_factory=dict)
    provider: str = ""
    model: str = ""
    not_before: dict[str, str] = field(default_factory=dict)
    without: dict[str, str] = field(default_factory=dict)
    in_hand: dict[str, str] = field(default_factory=dict)
    plan_failure: str = ""

    def step(self, stage: str, scene_id: str) -> Step:
        """The step of a scene in a stage; an empty one if nothing was heard of it."""
        return self.steps.get(facts.subject_of(stage, scene_id)) or Step()

    def sourceless(self, stage: str) -> list[Scene]:
        """The scenes that a stage cannot make, because their text is missing and nothing was made of them."""
        return [one for one in self.scenes if not one.has_source and self.step(stage, one.id).completion is None]

    @property
    def is_planned(self) -> bool:
        """Whether the scenes are those of the source at hand."""
        return bool(self.planned_sha256) and self.planned_sha256 == self.source_sha256


class ProgressProjection:
    """Progress as a projection of the engine."""

    name = "progress"
    version = 3  # a result stays until there is a newer one, an answer until it is read; why there is no plan

    def initial(self) -> Progress:
        """Nothing happened yet."""
        return Progress()

    def apply(self, state: Progress, entry: Entry) -> Progress:
        """Take in one entry; the state is changed in place."""
        fact = to_fact(entry)
        if fact is not None:
            _apply(state, fact, entry)
        return state

    def save(self, state: Progress) -> Any:
        """The state as a JSON value."""
        return asdict(state)

    def load(self, saved: Any) -> Progress:
        """The state from what `save` gave."""
        state = Progress(**saved)
        state.source, state.planned_source = load_ref(saved["source"]), load_ref(saved["planned_source"])
        state.bible, state.imported = load_ref(saved["bible"]), load_ref(saved["imported"])
        state.scenes = [Scene(**{**scene, "characters": tuple(scene["characters"])}) for scene in saved["scenes"]]
        state.planning = {subject: Ref(**ref) for subject, ref in saved["planning"].items()}
        state.answers = {answer: Ref(**ref) for answer, ref in saved["answers"].items()}
        state.steps = {subject: load_step(step) for subject, step in saved["steps"].items()}
        state.bills = {attempt: Bill(**bill) for attempt, bill in saved["bills"].items()}
        return state


def _apply(state: Progress, fact: facts.Fact, entry: Entry) -> None:  # noqa: C901, PLR0912 - one case a fact, on purpose
    match fact:
        case facts.ProjectCreated():
            state.name = fact.name
        case facts.SourceImported():
            _sourced(state, fact, _ref(entry))
        case facts.WorldBibleCompleted():
            _bible_completed(state, fact)
        case facts.ScenesPlanned():
            _planned(state, fact, [Scene(**{**s, "characters": tuple(s["characters"])}) for s in entry.data["scenes"]])
        case facts.AnswerReceived():
            _answered(state, fact, _ref(entry, is_cut=fact.finish_reason == CUT_OFF))
        case facts.SceneStarted():
            _started(state, fact)
        case facts.SceneCompleted():
            _completed(state, fact, entry)
        case facts.SceneEdited():
            _edited(state, fact, entry, _ref(entry))
        case facts.SceneRejected() | facts.SceneFailed():
            _failed(state, fact)
        case facts.SceneInvalidated():
            if state.steps.setdefault(fact.subject, Step()).give_up(fact.number):
                _unfinish(state, fact.subject.split("/")[0])
        case facts.StageCompleted():
            _stage_completed(state, fact)
        case facts.ProgressImported():
            _imported(state, fact, entry, _ref(entry))
        case facts.PlanningStarted():
            state.plan_failure = ""
            attempts.reserve(state, fact)
        case facts.PlanningFailed():
            state.plan_failure = state.plan_failure if fact.kind in _NOBODYS else fact.message
            attempts.give_back(state, fact)
        case facts.RunStarted():
            attempts.run_started(state, fact)
        case facts.RunFinished() | facts.RunInterrupted():
            state.in_hand = {}
        case _:
            assert_never(fact)


def _ref(entry: Entry, *, is_cut: bool = False) -> Ref:
    return Ref(id=entry.id, offset=entry.offset, size=entry.size, is_cut=is_cut)


def _bible_completed(state: Progress, fact: facts.WorldBibleCompleted) -> None:
    state.bible, state.bible_digest = state.answers.get(fact.answer), fact.result
    state.bibles.append(fact.result)


def _sourced(state: Progress, fact: facts.SourceImported, ref: Ref) -> None:
    state.source, state.source_sha256, state.language = ref, fact.sha256, _language(fact.language)
    state.source_name = fact.file_name
    state.sources.append(fact.sha256)
    state.planning, state.plan_failure = {}, ""


def _language(name: str) -> Language:
    return "zh" if name == "zh" else "en"


def _planned(state: Progress, fact: facts.ScenesPlanned, scenes: list[Scene]) -> None:
    state.scenes, state.planned_sha256, state.planned_source = scenes, fact.source, state.source
    state.completed_stages = []
    state.highest_id = max([state.highest_id, *(int(scene.id[1:]) for scene in scenes)])


def _started(state: Progress, fact: facts.SceneStarted) -> None:
    step = state.steps.setdefault(fact.subject, Step())
    step.begin(fact.number, fact.fingerprint, asked_after=fact.after)
    step.open[fact.attempt] = fact.number
    state.in_hand[fact.attempt] = fact.subject
    attempts.reserve(state, fact)


def _answered(state: Progress, fact: facts.AnswerReceived, ref: Ref) -> None:
    state.answers[ref.id] = ref
    attempts.settle(state, fact)
    if fact.subject.startswith("planning/"):
        state.planning[fact.subject] = ref
    else:
        step = state.steps.setdefault(fact.subject, Step())
        step.unread, step.unread_attempt = ref, fact.attempt
        number = step.open.get(fact.attempt, 0)
        step.tried.append(Tried(attempt=fact.attempt, number=number, fingerprint=step.fingerprint, answer=ref))


def _completed(state: Progress, fact: facts.SceneCompleted, entry: Entry) -> None:
    step = state.steps.setdefault(fact.subject, Step())
    # Nobody names an answer again but its own step, so that what is kept of answers does not grow with the history.
    answer = state.answers.pop(fact.answer, None) or step.known_answer(fact.answer)
    number = fact.number or step.open.get(fact.attempt, 0)
    if answer is None:  # a damaged rescue file may have lost it: then there is no result, and the scene is made again
        if step.completion is not None and number < step.completion.rank[0]:  # or it would not have won anyway
            step.results.append(fact.result)
        return
    step.open.pop(fact.attempt, None)
    done = Completion(
        rank=(number, entry.id),
        seq=entry.seq,
        time=entry.time,
        fingerprint=fact.fingerprint,
        result=fact.result,
        answer=answer,
        parts=fact.parts,
    )
    attempts.has_outcome(state, step, fact.attempt)
    _finish(state, fact.subject, done)


def _edited(state: Progress, fact: facts.SceneEdited, entry: Entry, ref: Ref) -> None:
    step = state.steps.setdefault(fact.subject, Step())
    step.attempts = max(step.attempts, fact.number)
    done = Completion(
        rank=(fact.number, entry.id),
        seq=entry.seq,
        time=entry.time,
        fingerprint=fact.fingerprint,
        result=fact.result,
        answer=ref,
        parts=fact.parts,
        edited=True,
    )
    _finish(state, fact.subject, done)


def _finish(state: Progress, subject: str, done: Completion) -> None:
    """Take in a completion; another result than before makes the outputs of a complete stage due again."""
    if state.steps[subject].finish(done):
        _unfinish(state, subject.split("/", maxsplit=1)[0])


def _failed(state: Progress, fact: facts.SceneRejected | facts.SceneFailed) -> None:
    kind = fact.kind if isinstance(fact, facts.SceneFailed) else FailureKind.BAD_OUTPUT
    step = state.steps.setdefault(fact.subject, Step())
    step.open.pop(fact.attempt, None)
    attempts.has_outcome(state, step, fact.attempt)
    if isinstance(fact, facts.SceneFailed):
        attempts.give_back(state, fact)
    else:
        state.answers.pop(fact.answer, None)  # the step remembers it
    if kind not in _NOBODYS:
        step.fail(Failure(kind=kind, message=fact.message), was_read=isinstance(fact, facts.SceneRejected))


def _stage_completed(state: Progress, fact: facts.StageCompleted) -> None:
    """Believe it where every scene is there: a salvaged log may say so and lack the answer of one."""
    stage = fact.subject
    known = state.outputs.get(stage, [])
    state.outputs[stage] = [*known, *(one for one in fact.outputs.split() if one not in known)]
    if all(state.step(stage, scene.id).is_done for scene in state.scenes):
        state.completed_stages = sorted({*state.completed_stages, stage})


def _unfinish(state: Progress, stage: str) -> None:
    state.completed_stages = [name for name in state.completed_stages if name != stage]


def _imported(state: Progress, fact: facts.ProgressImported, entry: Entry, ref: Ref) -> None:
    content = entry.data
    state.bibles.append(digest(imported_bible(content)))
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
