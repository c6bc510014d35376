"""The history of one scene in one stage: every attempt, what came of it, and what made it run or be left alone.

Law: pure; told from the entries alone, in their order. The entries of other scenes are not needed: what decides about a
scene is its own past, the plan and the runs.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from eventlog.values import frozen
from stages.pipeline import events as facts
from stages.pipeline.contract import FailureKind
from stages.pipeline.fact_entries import to_fact
from stages.pipeline.progress import Progress, ProgressProjection, Step
from stages.pipeline.tally import seconds_between

if TYPE_CHECKING:
    from eventlog import Entry
    from stages.pipeline.contract import Scene, Stage

_LISTED = 60  # so many of the scenes that were asked for stand in run.started


@frozen
class Moment:
    """Something that happened to a scene, in the run with this number (0: in none).

    `waited_s` is the time since the attempt before failed, `took_s` that from a call to its answer.
    """

    seq: int
    time: str
    run: int
    what: str
    why: str = ""
    attempt: int = 0
    kind: str = ""
    message: str = ""
    took_s: float | None = None
    waited_s: float | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    model: str = ""

    def to_json(self) -> dict[str, Any]:
        """The moment without what there is nothing to say of."""
        told = asdict(self)
        return {"seq": self.seq, "time": self.time, "run": self.run, "what": self.what} | {
            name: value for name, value in told.items() if value not in ("", 0, None)
        }


@dataclass(slots=True, kw_only=True)
class _Run:
    """The run under way: what was asked for, and whether anything happened to the scene in it."""

    number: int = 0
    fact: facts.RunStarted | None = None
    seq: int = -1
    time: str = ""
    touched: bool = False


@dataclass(slots=True, kw_only=True)
class Attempts:
    """What is known of the attempts of a scene: number and start by attempt; the last failure, not yet followed up."""

    started: dict[str, tuple[int, str]] = field(default_factory=dict)
    failed_at: str = ""
    fingerprint: str = ""


class SceneHistory:
    """One scene in one stage, told entry by entry; `moments` is what happened so far."""

    def __init__(self, stage: Stage, scene: Scene) -> None:
        self.moments: list[Moment] = []
        self.stage = stage
        self._progress = Progress()
        self._scene, self._subject = scene, facts.subject_of(stage.name, scene.id)
        self._projection = ProgressProjection()
        self._is_planned = False
        self._run = _Run()
        self._attempts = Attempts()

    @property
    def step(self) -> Step:
        """Where the scene stands in this stage."""
        return self._progress.step(self.stage.name, self._scene.id)

    def add(self, entry: Entry) -> None:
        """Take in the next entry."""
        fact = to_fact(entry)
        if isinstance(fact, facts.RunStarted | facts.RunFinished | facts.RunInterrupted):
            self._turn(fact, entry)
        elif entry.subject == self._subject:
            self._run.touched = True
            self._tell(fact, entry)
        self._is_planned = self._is_planned or isinstance(fact, facts.ScenesPlanned | facts.ProgressImported)
        if not isinstance(fact, facts.ScenesPlanned):  # the scene is known, and no other is asked for
            self._progress = self._projection.apply(self._progress, entry)
        if isinstance(fact, facts.SceneCompleted) and entry.subject == self._subject and self.step.completion is None:
            self._attempts.started.pop(fact.attempt, None)
            self.moments[-1] = replace(self.moments[-1], what="lost", why="its answer is not in the log any more")
        if isinstance(fact, facts.ProgressImported) and (step := self.step) != Step():
            message = step.failure.message if step.failure else ""
            self._moment(entry, "failed" if message else "completed", why="by the older program", message=message)

    def close(self) -> None:
        """The log ends here: say what is still open."""
        self._leave("", is_last=True)

    def _moment(self, entry: Entry, what: str, **told: Any) -> None:
        self.moments.append(Moment(seq=entry.seq, time=entry.time, run=self._run.number, what=what, **told))

    def _turn(self, fact: facts.RunStarted | facts.RunFinished | facts.RunInterrupted, entry: Entry) -> None:
        """A run begins or ends."""
        match fact:
            case facts.RunFinished():
                self._leave(f"the run ended before its turn ({fact.outcome})")
            case facts.RunInterrupted():
                self._leave("the run was stopped before its turn")
            case _:
                self._leave("the run was cut off before its turn")
                self._run = _Run(number=self._run.number + 1, fact=fact, seq=entry.seq, time=entry.time)

    def _leave(self, because: str, *, is_last: bool = False) -> None:
        """Say of the run that ends why nothing was done, or what was left open."""
        run = self._run
        for number, _ in self._attempts.started.values():
            said = "it was cut off, or is under way; it may have been billed"
            last = self.moments[-1]
            cut = Moment(
                seq=last.seq, time=last.time, run=last.run, what="without an outcome", why=said, attempt=number
            )
            self.moments.append(cut)
        self._attempts.started = {}
        if run.fact is not None and not run.touched and self._is_planned:
            why = self._why_not(run.fact) or because
            if why or not is_last:
                self.moments.append(Moment(seq=run.seq, time=run.time, run=run.number, what="not run", why=why))
        self._run = _Run(number=run.number)

    def _why_not(self, run: facts.RunStarted) -> str:
        scene, upstream = self._scene, self.stage.upstream
        if self.stage.name not in run.stages.split(","):
            return f"not asked for: the run was for {run.stages}"
        asked = run.scenes.split(",") if run.scenes else []
        if asked and len(asked) < _LISTED and str(scene.number) not in asked:
            return f"not asked for: the run was for scenes {run.scenes}"
        if self.step.is_done:
            return "complete"
        if upstream and not self._progress.step(upstream, scene.id).is_done:
            return f"waits for {upstream}"
        return "source missing" if not upstream and not scene.has_source else ""

    def _tell(self, fact: facts.Fact | None, entry: Entry) -> None:
        known = self._attempts
        match fact:
            case facts.SceneStarted():
                waited_s = seconds_between(known.failed_at, entry.time) if known.failed_at else None
                why = self._why_run(fact)
                self._moment(entry, "started", attempt=fact.number, why=why, waited_s=waited_s)
                known.started[fact.attempt] = fact.number, entry.time
                known.failed_at, known.fingerprint = "", fact.fingerprint
            case facts.AnswerReceived():
                number, since = known.started.pop(fact.attempt, (0, ""))
                self._moment(
                    entry,
                    "answered",
                    attempt=number,
                    took_s=seconds_between(since, entry.time),
                    prompt_tokens=fact.prompt_tokens,
                    completion_tokens=fact.completion_tokens,
                    model=fact.model,
                    why="" if fact.finish_reason in ("", "stop") else f"ended by {fact.finish_reason}",
                )
            case facts.SceneFailed():
                number, since = known.started.pop(fact.attempt, (0, ""))
                took_s = seconds_between(since, entry.time)
                self._moment(entry, "failed", attempt=number, kind=fact.kind, message=fact.message, took_s=took_s)
                known.failed_at = entry.time
            case facts.SceneRejected():
                self._moment(entry, "rejected", kind=FailureKind.BAD_OUTPUT.value, message=fact.message)
                known.failed_at = entry.time
            case facts.SceneCompleted():
                self._moment(entry, "completed")
            case facts.SceneInvalidated():
                self._moment(entry, "given up", why=fact.reason)
            case _:  # also what a newer program may tell of a scene
                self._moment(entry, entry.type)

    def _why_run(self, fact: facts.SceneStarted) -> str:
        """What made the scene run, told from where it stood just before."""
        step, last = self.step, self.moments[-1] if self.moments else None
        changed = step.fingerprint not in ("", fact.fingerprint)
        if last is not None and last.what == "given up":
            why = "it was asked for again"
        elif last is not None and last.what == "lost":
            why = "its answer was lost"
        elif step.failure is not None:
            why = f"failed {step.failures} {'time' if step.failures == 1 else 'times'}, tried again"
        elif last is not None and last.kind == FailureKind.REFUSED:
            why = "the provider had refused"
        elif last is not None and last.what == "answered" and last.run == self._run.number and not changed:
            why = "the answer before lacked something"
        elif step.attempts:
            why = "was interrupted"
        else:
            why = "not started before"
        return f"{why}; its input or the settings had changed" if changed else why
