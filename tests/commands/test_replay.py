"""`scenelog log replay`, `diff` and `verify --deep`: the past of a project, whatever happened to it on the way.

Law: what is shown is compared with a fold of the entries themselves; crashes are those that a disk can really leave.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cli
from eventlog import Entry, Event, EventLog, read
from eventlog.tool.view import changes
from stages.pipeline import events as facts
from stages.pipeline.fact_entries import to_event
from stages.pipeline.lens import ProgressLens
from stages.pipeline.results import snapshot
from stages.pipeline.text import digest
from stages.registry import STAGES
from tests.commands.stories import SCENES, STORY
from tests.crash_images import SimulatedCrash, few_tears
from tests.program import files_of
from tests.simulated_disk import SimulatedDisk
from tests.stages.told import SHA, fold, scenes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stages.pipeline.progress import Progress, Ref
    from tests.program import Program

LOG = "/project/events.jsonl"
TEXT = "正文" * 10
SUBJECTS = [f"{stage.name}/{scene.id}" for stage in STAGES for scene in scenes(2)]
LENS = ProgressLens(STAGES)


def beginning() -> list[Event]:
    """What every project begins with."""
    plan = {"scenes": [asdict(scene) for scene in scenes(2)]}
    return [
        to_event(facts.ProjectCreated(name="人生")),
        to_event(facts.SourceImported(sha256=SHA, characters=len(TEXT), language="zh"), {"text": TEXT}),
        to_event(facts.ScenesPlanned(source=SHA, total=2), plan),
    ]


@st.composite
def happenings(draw: st.DrawFn) -> list[list[Event]]:
    """Batches of what may happen to two scenes in two stages, in any order, with something unknown in between."""
    batches = []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        subject, attempt = draw(st.sampled_from(SUBJECTS)), f"a{number}"
        answer = f"answer-{number}"
        told: list[facts.Fact] = []
        started = facts.SceneStarted(subject=subject, attempt=attempt, number=number, fingerprint="f")
        received = facts.AnswerReceived(subject=subject, attempt=attempt, finish_reason="stop", model="m")
        events = [to_event(started)]
        match draw(st.sampled_from(["done", "failed", "unread", "given up", "run", "unknown"])):
            case "done":
                text = f"镜头 {number}\n"
                events.append(replace(to_event(received, {"text": text}), id=answer))
                done = facts.SceneCompleted(
                    subject=subject, attempt=attempt, fingerprint="f", answer=answer, result=digest(text)
                )
                told.append(done)
            case "failed":
                told.append(facts.SceneFailed(subject=subject, attempt=attempt, kind="transient", message="no"))
            case "unread":
                events.append(replace(to_event(received, {"text": "…"}), id=answer))
            case "given up":
                told.append(facts.SceneInvalidated(subject=subject, reason="asked for again"))
            case "run":
                told.append(facts.RunStarted(run="r", stages="storyboard", provider="openai", model="m", jobs=1))
            case _:
                events.append(Event(type="scene.dreamt", subject=subject, data={"text": "?"}))
        batches.append(events + [to_event(fact) for fact in told])
    return batches


def lived(data: st.DataObject, batches: list[list[Event]]) -> dict[str, bytes]:
    """The files of a project whose program was cut off by power cuts, and each time went on with what was left."""
    disk = SimulatedDisk(folders=["/project"])
    ticks, numbers = itertools.count(1_700_000_000 * 10**9, 10**9), itertools.count(1)
    waiting = [beginning(), *batches]
    for _ in range(3):
        disk.crash_at = len(disk.trace) + data.draw(st.integers(0, 40))
        try:
            _append(disk, waiting, ticks, numbers)
        except SimulatedCrash:
            disk = disk.image(lambda count: data.draw(st.integers(0, count - 1)), tears=few_tears)
    disk.crash_at = None
    _append(disk, waiting, ticks, numbers)
    return disk.contents()


def _append(disk: SimulatedDisk, waiting: list[list[Event]], ticks: Iterator[int], numbers: Iterator[int]) -> None:
    with EventLog.open(
        LOG, files=disk, time_ns=lambda: next(ticks), randomness=lambda size: next(numbers).to_bytes(size, "big")
    ) as log:
        while waiting:
            log.append_many([replace(event, id=event.id or f"e{next(numbers)}") for event in waiting[0]])
            waiting.pop(0)


def shown(*arguments: object) -> str:
    done = CliRunner().invoke(cli.scenelog, [str(one) for one in arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def rebuilt(progress: Progress, entries: list[Entry]) -> dict[str, bytes]:
    """The two progress files, from the entries alone."""

    def content(ref: Ref) -> Any:
        return next(entry.data for entry in entries if entry.id == ref.id)

    found = {f"{stage.name}_progress.json": snapshot(progress, stage.name, content) for stage in STAGES}
    return {name: data for name, data in found.items() if data is not None}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("replay")


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(batches=happenings(), data=st.data())
def test_replay_at_any_seq_is_the_fold_of_the_entries_up_to_it_after_any_crash(
    folder: Path, batches: list[list[Event]], data: st.DataObject
) -> None:
    for name, content in lived(data, batches).items():
        path = folder / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    log = folder / LOG.lstrip("/")
    entries = list(read(str(log), unconfirmed=True))
    assert len(entries) > sum(map(len, batches))
    states = [orjson.loads(orjson.dumps(LENS.show(fold(entries[:count])))) for count in range(len(entries) + 1)]
    for line in shown("log", "replay", log, "--step", "--json").splitlines():
        step = json.loads(line)
        found = changes(states[step["seq"]], states[step["seq"] + 1])
        assert step["changes"] == [change.to_json() for change in found]
    for seq in range(-1, len(entries)):
        progress = fold(entries[: seq + 1])
        assert json.loads(shown("log", "replay", log, "--json", "--at", seq)) == states[seq + 1]
        for name, data_then in rebuilt(progress, entries).items():
            assert shown("log", "replay", log, "--at", seq, "--file", name).encode() == data_then


def test_replay_shows_the_status_table_and_every_scene_as_they_were(program: Program) -> None:
    program("run", program.story("人生.txt", STORY), "--scenes", "1-2", "--stage", "storyboard")
    before = files_of(program.project("人生"))
    seq = len(program.log("人生")) - 1
    program("run", "人生")
    lines = program("log", "replay", "人生", "--at", seq).output.splitlines()
    assert lines[:3] == ["project  人生", "status", "  storyboard  total=4  done=2  failed=0  remaining=2"]
    assert len([line for line in lines if "state=done" in line]) == 2
    program("log", "replay", "人生", "--at", seq, "-o", "then")
    then = files_of(program.here / "then")
    assert then["storyboard_progress.json"] == before["storyboard_progress.json"]
    assert set(then) == {"state.json", "storyboard_progress.json"}
    now = json.loads(program("log", "replay", "人生", "--json").output)
    assert now["status"]["enhancement"] == {"total": SCENES, "done": SCENES, "failed": 0, "remaining": 0}


def test_steps_and_differences_are_told_scene_by_scene(program: Program) -> None:
    program("run", program.story("s.txt", STORY), "--scenes", "2", "--stage", "storyboard")
    log = program.log("s")
    (done,) = [entry["seq"] for entry in log if entry["type"] == "scene.completed"]
    (step,) = program("log", "replay", "s", "--step", "--at", done - 1, "--limit", 1, "--json").output.splitlines()
    paths = [change["path"] for change in json.loads(step)["changes"]]
    assert ["storyboard", "2", "state"] in paths
    assert ["status", "storyboard", "done"] in paths
    assert {path[1] for path in paths if path[0] == "storyboard"} == {"2"}
    told = program("log", "diff", "s", "--from", done - 1, "--to", done).output
    assert "storyboard / 2\n  state: answered -> done\n" in told
    assert program("log", "diff", "s", "s").output == ""


def test_a_whole_project_is_deeply_whole_at_every_stage_of_its_life(program: Program) -> None:
    story = program.story("s.txt", STORY)
    for options in (["--scenes", "1-2", "--stage", "storyboard"], ["--stage", "storyboard"], []):
        program("run", story, *options)
        assert program("log", "verify", "s", "--deep").output == ""


def test_a_progress_file_that_lags_is_so_many_scenes_behind_and_no_fault(program: Program) -> None:
    story = program.story("s.txt", STORY)
    program("run", story, "--scenes", "1", "--stage", "storyboard")
    path = program.project("s") / "storyboard_progress.json"
    early = path.read_bytes()
    program("run", story, "--scenes", "1-3", "--stage", "storyboard")
    path.write_bytes(early)
    result = program("log", "verify", "s", "--deep")
    assert "storyboard_progress.json: 2 scenes behind: it is what the log added up to at seq " in result.output
    (told,) = [
        each
        for each in json.loads(program("log", "verify", "s", "--deep", "--json").stdout)["derived"]
        if each["name"] == path.name
    ]
    assert (told["state"], told["behind"], told["unit"]) == ("behind", 2, "scene")


@pytest.mark.parametrize("name", ["storyboard_progress.json", "storyboard/scene_001.md", "source.txt"])
def test_a_file_that_the_log_never_added_up_to_is_told(program: Program, name: str) -> None:
    program("run", program.story("s.txt", STORY), "--scenes", "1", "--stage", "storyboard")
    path = program.project("s") / name
    path.write_bytes(path.read_bytes().replace("林川".encode(), "林山".encode()))
    assert f"{name}: different" in program("log", "verify", "s", "--deep", code=13).output
    path.unlink()
    assert f"{name}: missing" in program("log", "verify", "s", "--deep").output
    program("run", "s", "--scenes", "1")
    assert program("log", "verify", "s", "--deep").output == ""


def test_an_old_scene_file_and_old_outputs_are_behind(program: Program) -> None:
    program("run", program.story("s.txt", STORY))
    folder = program.project("s")
    old = {name: data for name, data in files_of(folder).items() if name.startswith(("output/", "enhancement/"))}
    (folder / "project.toml").write_text('style = "水墨"\n', encoding="utf-8")
    program("retry", "s", "--scenes", "1")
    changed = [name for name, data in files_of(folder).items() if name in old and old[name] != data]
    for name in changed:
        (folder / name).write_bytes(old[name])
    said = program("log", "verify", "s", "--deep").output
    assert len(changed) > 1
    assert sorted(line.split(":")[0] for line in said.splitlines()) == sorted(changed)
    assert "behind" in said
