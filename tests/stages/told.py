"""A log told in memory: facts become entries one after another, and their content can be had back by reference.

Law: what a test tells is encoded and folded by the real code; only the disk is missing.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from eventlog.entry import START, Entry, encode
from stages.pipeline import events as facts
from stages.pipeline.contract import Scene
from stages.pipeline.fact_entries import to_event
from stages.pipeline.progress import Progress, ProgressProjection, Ref
from stages.pipeline.text import digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SHA = "a" * 64


def fold(entries: Iterable[Entry], state: Progress | None = None) -> Progress:
    """What the entries add up to."""
    projection = ProgressProjection()
    progress = projection.initial() if state is None else state
    for entry in entries:
        progress = projection.apply(progress, entry)
    return progress


class Told:
    """A log being told; `entries` are its lines so far. Two of them with other `prefix`es never share an id."""

    def __init__(self, prefix: str = "e") -> None:
        self.entries: list[Entry] = []
        self._prefix = prefix

    def fact(self, fact: facts.Fact, content: Any = None) -> Entry:
        """Append a fact."""
        number = len(self.entries)
        event = replace(
            to_event(fact, content),
            id=f"{self._prefix}{number:04d}",
            time=f"2024-01-01T12:{number // 60:02d}:{number % 60:02d}.654321Z",
        )
        after = self.entries[-1].position if self.entries else START
        self.entries.append(encode(event, after=after, dur=after.seq))
        return self.entries[-1]

    @property
    def progress(self) -> Progress:
        """What all of it adds up to."""
        return fold(self.entries)

    def content(self, ref: Ref) -> Any:
        """The content that a reference means."""
        return next(entry.data for entry in self.entries if entry.id == ref.id)

    def story(self, text: str, scenes: Sequence[Scene], *, name: str = "人生", bible: str = "世界观圣经内容\n") -> None:
        """Tell of a story that was taken in and planned."""
        self.fact(facts.ProjectCreated(name=name))
        self.fact(facts.SourceImported(sha256=SHA, characters=len(text), language="zh"), {"text": text})
        attempt = facts.AnswerReceived(
            subject="planning/world_bible/0001", attempt="p", finish_reason="stop", model="m"
        )
        answer = self.fact(attempt, {"text": bible})
        self.fact(facts.WorldBibleCompleted(answer=answer.id, result=digest(bible)))
        self.plan(scenes)

    def plan(self, scenes: Sequence[Scene]) -> None:
        """Tell of a plan."""
        content = {"scenes": [asdict(scene) for scene in scenes]}
        self.fact(facts.ScenesPlanned(source=SHA, total=len(scenes)), content)

    def start(self, subject: str, number: int = 1, *, fingerprint: str = "f") -> str:
        """Tell of a call that is made; returns the attempt."""
        attempt = f"{self._prefix}-{subject}-{number}"
        self.fact(facts.SceneStarted(subject=subject, attempt=attempt, number=number, fingerprint=fingerprint))
        return attempt

    def answer(self, subject: str, attempt: str, text: str) -> Entry:
        """Tell of an answer."""
        received = facts.AnswerReceived(subject=subject, attempt=attempt, finish_reason="stop", model="m")
        return self.fact(received, {"text": text})

    def complete(self, subject: str, text: str, number: int = 1, *, fingerprint: str = "f", parts: str = "") -> Entry:
        """Tell of a step from its start to its completion; returns the last entry."""
        attempt = self.start(subject, number, fingerprint=fingerprint)
        answer = self.answer(subject, attempt, text)
        return self.fact(
            facts.SceneCompleted(
                subject=subject,
                attempt=attempt,
                fingerprint=fingerprint,
                answer=answer.id,
                result=digest(text),
                parts=parts,
            )
        )

    def edit(self, subject: str, text: str, number: int, *, fingerprint: str = "f", parts: str = "") -> Entry:
        """Tell of a result that somebody wrote, as the attempt with this number."""
        edited = facts.SceneEdited(
            subject=subject, number=number, fingerprint=fingerprint, result=digest(text), parts=parts
        )
        return self.fact(edited, {"text": text})

    def fail(self, subject: str, number: int = 1, *, kind: str = "terminal", message: str = "no answer") -> Entry:
        """Tell of a call that failed; returns the last entry."""
        attempt = self.start(subject, number)
        return self.fact(facts.SceneFailed(subject=subject, attempt=attempt, kind=kind, message=message))


def scenes(count: int, *, length: int = 10, title: str = "场景{0}") -> list[Scene]:
    """So many scenes of `length` characters each."""
    return [
        Scene(
            id=f"s{number:04d}",
            index=number - 1,
            title=title.format(number),
            start=(number - 1) * length,
            end=number * length,
        )
        for number in range(1, count + 1)
    ]
