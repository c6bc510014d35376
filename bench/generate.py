"""Making logs and projects of any size, to measure on: written by the real code, without waiting for the disk."""

from __future__ import annotations

from dataclasses import asdict
from itertools import count, islice
from typing import TYPE_CHECKING, Any

from bench import events
from bench.disk import UnsyncedFiles
from eventlog import Entry, Event, EventLog
from stages.pipeline import events as facts
from stages.pipeline.contract import Scene
from stages.pipeline.fact_entries import to_event
from stages.pipeline.project import LOG, Project
from stages.pipeline.system import System
from stages.pipeline.text import digest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from eventlog.files import Files

_BATCH = 1000
_SHA = "a" * 64


class ByItem:
    """A projection like those of real work: where the last entry of each item is; the payload is never parsed."""

    name, version = "by-item", 1

    def initial(self) -> dict[str, list[int]]:
        """Nothing yet."""
        return {}

    def apply(self, state: dict[str, list[int]], entry: Entry) -> dict[str, list[int]]:
        """Remember the place."""
        state[entry.subject] = [entry.offset, entry.size]
        return state

    def save(self, state: dict[str, list[int]]) -> Any:
        """The state is JSON already."""
        return state

    def load(self, saved: Any) -> dict[str, list[int]]:
        """The state from its saved form."""
        return dict(saved)


def plain_log(path: Path, entries: int, *, checkpoint: bool = False) -> None:
    """A log of so many entries of 2.5 KB about 1,000 items."""
    pool = events.payloads()
    with EventLog.open(str(path), files=UnsyncedFiles()) as log:
        for first in range(1, entries, _BATCH):
            numbers = range(first, min(first + _BATCH, entries))
            log.append_many(_event(pool, number) for number in numbers)
        if checkpoint:
            log.save_checkpoint(ByItem(), log.fold(ByItem()))


def _event(pool: list[dict[str, Any]], number: int) -> Event:
    meta = {"attempt": number, "fingerprint": "f" * 32}
    return Event(type="item.finished", data=pool[number % len(pool)], subject=events.subject(number), meta=meta)


def project(
    folder: Path, *, scenes: int, entries: int = 0, done: int | None = None, files: Files | None = None
) -> None:
    """A project of so many scenes, the first `done` of them (all, if None) finished in both stages.

    With `entries` its log is filled up with attempts until it has so many.
    """
    with Project.open(str(folder), System(files=files or UnsyncedFiles())) as made:
        made.log.append_many(_beginning(folder.name, scenes))
        steps = 3 * 2 * (scenes if done is None else done)
        before = max(0, entries - steps - made.log.position.seq - 1)
        again = _attempts(scenes, before)
        story = _history(scenes if done is None else done, before // (3 * scenes) + 2)
        for source in (again, story):
            while batch := list(islice(source, _BATCH)):
                made.log.append_many(batch)


def _beginning(name: str, scenes: int) -> list[Event]:
    text = "雨" * 10 * scenes
    plan = [
        Scene(id=f"s{at + 1:04d}", index=at, title=f"场景{at + 1}", start=at * 10, end=at * 10 + 10)
        for at in range(scenes)
    ]
    bible = facts.AnswerReceived(subject="planning/world_bible/0001", attempt="p", finish_reason="stop", model="m")
    return [
        to_event(facts.ProjectCreated(name=name)),
        to_event(
            facts.SourceImported(sha256=_SHA, characters=len(text), language="zh", file_name="story.txt"),
            {"text": text},
        ),
        Event(**{**_plain(to_event(bible, {"text": "世界观"})), "id": "bible"}),
        to_event(facts.WorldBibleCompleted(answer="bible", result=digest("世界观"))),
        to_event(facts.ScenesPlanned(source=_SHA, total=scenes), {"scenes": [asdict(scene) for scene in plan]}),
    ]


def _plain(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in ("type", "data", "subject", "meta", "v")}


def _history(scenes: int, nth: int) -> Iterator[Event]:
    """Each scene made once in each stage, by its `nth` attempt."""
    for stage in ("storyboard", "enhancement"):
        for number in range(1, scenes + 1):
            yield from step(stage, number, script(number), nth=nth)


def _attempts(scenes: int, entries: int) -> Iterator[Event]:
    """So many entries of attempts that came to nothing, three by three."""

    def all_of_them() -> Iterator[Event]:
        for at in count():
            nth, number = at // scenes + 1, at % scenes + 1
            yield from step("storyboard", number, script(at), nth=nth, failed=f"f{at}")

    return islice(all_of_them(), entries)


def script(number: int) -> str:
    """A result of about 2.4 KB that reads as a script."""
    return f"# 场景 {number}\n\n### 镜头 1\n- 镜头原文：{events.text(number % 64)}\n"


def step(stage: str, number: int, text: str, *, nth: int = 1, failed: str = "") -> Iterator[Event]:
    """The three facts of the `nth` attempt at a scene; one that came to nothing is called as `failed` says."""
    subject, name = f"{stage}/s{number:04d}", failed or f"{stage}{number}"
    started = facts.SceneStarted(subject=subject, attempt=name, number=nth, fingerprint="f" * 32)
    answer = facts.AnswerReceived(subject=subject, attempt=name, finish_reason="stop", model="m")
    yield to_event(started)
    yield Event(**{**_plain(to_event(answer, {"text": text})), "id": f"answer-{name}"})
    if failed:
        yield to_event(
            facts.SceneRejected(subject=subject, attempt=name, answer=f"answer-{name}", message="too short"),
            {"violations": ["too short"]},
        )
        return
    yield to_event(
        facts.SceneCompleted(
            subject=subject, attempt=name, fingerprint="f" * 32, answer=f"answer-{name}", result=digest(text)
        )
    )


def log_of(folder: Path) -> Path:
    """Where the log of a project is."""
    return folder / LOG
