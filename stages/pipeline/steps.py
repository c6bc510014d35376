"""One scene in one stage: what its history adds up to.

Law: pure. Of two results the one with the higher (attempt number, entry id) wins, whatever order they are heard of in;
what was given up by number stays given up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from eventlog.values import frozen


@frozen
class Ref:
    """Where an entry's content is: the entry's id, and its line's place in bytes (-1 while it waits in memory).

    `is_cut` tells of an answer that the provider cut off because it was long.
    """

    id: str
    offset: int
    size: int
    is_cut: bool = False


@frozen
class Completion:
    """A finished step. `answer` holds the text, `imported` its place in the answer if an old program made it.

    `parts` tells what the fingerprint is made of; it is empty where an older program completed the step.
    """

    rank: tuple[int, str]
    seq: int
    time: str
    fingerprint: str
    result: str
    answer: Ref
    imported: int = -1
    parts: str = ""
    edited: bool = False


@frozen
class Tried:
    """An answer that gave no result so far: the attempt that brought it, and the fingerprint it was asked for with."""

    attempt: str
    number: int
    fingerprint: str
    answer: Ref


@frozen
class Failure:
    """The last outcome of a step that did not finish."""

    kind: str
    message: str


@dataclass(slots=True, kw_only=True)
class Step:
    """One scene in one stage. `unread` is an answer that was paid for and has no outcome yet.

    `asked_after` is the answer that lacked something, by its id, where the scene was asked for once more because of it.
    `open` holds the number of each attempt that was started and has no outcome of its own: it may have been billed.
    `crashes` counts how often in a row the program died with this step alone in hand.
    `tried` holds the answers since the last result, oldest first; a result of an attempt up to `void` is kept until
    there is a newer one, and is to be made again.
    """

    attempts: int = 0
    failures: int = 0
    crashes: int = 0
    fingerprint: str = ""
    completion: Completion | None = None
    failure: Failure | None = None
    unread: Ref | None = None
    unread_attempt: str = ""
    asked_after: str = ""
    results: list[str] = field(default_factory=list)
    open: dict[str, int] = field(default_factory=dict)
    tried: list[Tried] = field(default_factory=list)
    void: int = -1

    def known_answer(self, answer_id: str) -> Ref | None:
        """The answer with this id, if it is one that was tried or gave the result."""
        known = [one.answer for one in self.tried]
        known += [self.completion.answer] if self.completion is not None else []
        return next((answer for answer in known if answer.id == answer_id), None)

    @property
    def is_done(self) -> bool:
        """Whether there is a result that nobody asked to be made again."""
        return self.completion is not None and self.completion.rank[0] > self.void

    @property
    def usable(self) -> list[Tried]:
        """The answers that gave no result and may still give one, oldest first."""
        return [one for one in self.tried if one.number > self.void]

    def begin(self, number: int, fingerprint: str, *, asked_after: str) -> None:
        """Take in that an attempt begins. An answer without an outcome stays, if it is one to this question."""
        if self.fingerprint != fingerprint:
            self.unread = None
        self.attempts, self.fingerprint = max(self.attempts, number), fingerprint
        self.failure, self.asked_after = None, asked_after

    def finish(self, done: Completion) -> bool:
        """Take in a result; whether it replaces another one that said something else."""
        before = self.completion
        self.results.append(done.result)
        if done.rank[0] > self.void:
            self.failure, self.unread, self.failures = None, None, 0
            # What another device asked for at the same time may still be accepted there, and win.
            same = [one for one in self.tried if one.number >= done.rank[0]]
            self.tried = [one for one in same if one.answer.id != done.answer.id]
        if before is not None and done.rank < before.rank:
            return False
        self.completion = done
        return before is not None and before.result != done.result

    def fail(self, failure: Failure, *, was_read: bool) -> None:
        """Take in a failure; beside a result, on another device, it takes nothing away.

        An answer stays if it was not read to its end (`was_read`): it was paid for, and what failed is something else.
        """
        if was_read:
            self.unread = None
        if not self.is_done:
            self.failure = failure
            self.failures += 1

    def give_up(self, number: int) -> bool:
        """Have results of attempts up to `number` (below 0: those known here) made again; whether that is all."""
        known = self.completion.rank[0] if self.completion else -1
        self.void = max(self.void, known if number < 0 else number)
        if self.is_done:
            return False
        self.failure, self.unread = None, None
        return True


def load_ref(saved: Any) -> Ref | None:
    """The reference from its saved form, None if there was none."""
    return Ref(**saved) if saved else None


def load_step(saved: Any) -> Step:
    """The step from its saved form."""
    step = Step(**saved)
    step.unread = load_ref(saved["unread"])
    step.failure = Failure(**saved["failure"]) if saved["failure"] else None
    step.tried = [Tried(**{**one, "answer": Ref(**one["answer"])}) for one in saved["tried"]]
    if done := saved["completion"]:
        step.completion = Completion(**{**done, "rank": tuple(done["rank"]), "answer": Ref(**done["answer"])})
    return step
