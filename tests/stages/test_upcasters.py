"""Logs of released versions are read for ever: as golden files, through upcasters, and never by guessing.

Law: the files in tests/golden/ were written once and are never written again; a new version adds new ones.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eventlog import Entry, EventLog, read
from eventlog.errors import NewerFormatError
from eventlog.files import RealFiles
from eventlog.projection import upcast
from eventlog.tool.look import look
from eventlog.tool.view import folded
from stages.pipeline import events as facts
from stages.pipeline.fact_entries import to_event, to_fact
from stages.pipeline.lens import ProgressLens
from stages.pipeline.upcasters import UPCASTERS, newest_version
from stages.registry import STAGES
from tests.program import program_in
from tests.stages.told import Told

if TYPE_CHECKING:
    from tests.program import Program

GOLDEN = Path(__file__).parent.parent / "golden"
LOGS = ("project-1", "imported-1")
BEGINNING = {"log.created"}
FACTS_OF_VERSION_1 = 17


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """The program in an empty folder."""
    return program_in(tmp_path, monkeypatch)


def written(name: str) -> dict[str, bytes]:
    """The progress files that a golden log gives today."""
    lens = ProgressLens(STAGES)
    with look(RealFiles(), str(GOLDEN / f"{name}.jsonl")) as log:
        state = folded(lens, (entry for entry, _ in log.entries()))
        return dict(lens.files(state, log.entry_at))


@pytest.mark.parametrize("name", LOGS)
def test_the_golden_logs_of_version_1_give_the_same_progress_files_for_ever(name: str) -> None:
    kept = {path.name.removeprefix(f"{name}."): path.read_bytes() for path in GOLDEN.glob(f"{name}.*.json")}
    assert kept
    assert written(name) == kept


def test_every_fact_of_version_1_is_in_a_golden_log_and_is_read() -> None:
    logs = [str(GOLDEN / f"{name}.jsonl") for name in LOGS]
    entries = [upcast(entry, UPCASTERS) for log in logs for entry in read(log, unconfirmed=True)]
    found = [to_fact(entry) for entry in entries if entry.type not in BEGINNING]
    assert None not in found
    assert len({type(fact) for fact in found}) == FACTS_OF_VERSION_1


def test_there_is_a_step_from_each_version_to_the_next() -> None:
    for kind in {kind for kind, _ in UPCASTERS}:
        assert kind in facts.TYPES.values()
        assert {v for known, v in UPCASTERS if known == kind} == set(range(1, newest_version(kind)))


def renamed(entry: Entry) -> Entry:
    """A step from version 1 of scene.failed, in which `message` was called `error`."""
    meta = {name: value for name, value in entry.meta.items() if name != "error"}
    return entry.as_version(2, data=entry.data, meta=meta | {"message": entry.meta["error"]})


def test_an_event_of_an_old_version_is_brought_up_to_date_while_it_is_read(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = program.project("s")
    folder.mkdir(parents=True)
    told = Told()
    told.story("正文" * 10, [])
    with EventLog.open(str(folder / "events.jsonl")) as log:
        for entry in told.entries:
            log.append_many([entry.to_event()])
        failed = to_event(facts.PlanningFailed(subject="planning/x/1", attempt="a", kind="terminal", message="no"))
        meta = {name: value for name, value in failed.meta.items() if name != "message"} | {"error": "an old reason"}
        log.append_many([replace(failed, meta=meta)])
        newest = len(list(log.read())) - 1
    monkeypatch.setitem(UPCASTERS, ("planning.failed", 1), renamed)
    assert newest_version("planning.failed") == 2
    with EventLog.open(str(folder / "events.jsonl"), upcasters=UPCASTERS) as log:
        fact = to_fact(list(log.read())[newest])
    assert fact == facts.PlanningFailed(subject="planning/x/1", attempt="a", kind="terminal", message="an old reason")
    assert to_event(fact).v == 2
    assert program("log", "replay", "s").exit_code == 0
    assert json.loads(program("status", "s", "--json").output)["problem"] == "an old reason"
    assert program("run", "s", code=3).exception is not None  # it has no scenes, which is told, and its past is read


def test_an_event_of_a_newer_version_is_shown_and_never_guessed_at(program: Program) -> None:
    folder = program.project("s")
    folder.mkdir(parents=True)
    with EventLog.open(str(folder / "events.jsonl")) as log:
        event = to_event(facts.ProjectCreated(name="s"))
        newer = log.append_many([replace(event, v=2), replace(event, type="project.renamed")])[0]
    with pytest.raises(NewerFormatError, match="version 2, this scenelog reads up to 1"):
        to_fact(newer)
    assert program("log", "verify", "s").output == ""
    shown = program("log", "show", "s").output
    assert "project.created" in shown
    assert "project.renamed" in shown
    for command in (
        ["log", "replay", "s"],
        ["log", "stats", "s"],
        ["log", "why", "s", "1"],
        ["snapshot", "s", "-o", "x"],
        ["run", "s"],
    ):
        said = program(*command, code=1).output
        assert "install a newer scenelog" in said
        assert said.count("\n") == 1
        assert "corrupt" not in said


def test_a_project_of_a_newer_program_is_listed_as_such_and_hides_no_other(program: Program) -> None:
    for name, v in (("new", 2), ("old", 1)):
        folder = program.project(name)
        folder.mkdir(parents=True)
        with EventLog.open(str(folder / "events.jsonl")) as log:
            log.append_many([replace(to_event(facts.ProjectCreated(name=name)), v=v)])
    assert [(one["name"], one["state"]) for one in json.loads(program("status", "--json").output)] == [
        ("new", "newer"),
        ("old", "new"),
    ]
    assert "install a newer scenelog" in program("status", "new").output
