"""`scenelog run`: what STORY|PROJECT means, what is made of it, and the exit code of every way to end."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING

import pytest

from tests.commands.stories import SCENES, STORY, is_storyboard_of, model, paragraph
from tests.loopback_server import (
    BAD_REQUEST,
    RATE_LIMITED,
    SERVER_ERROR,
    UNAUTHORIZED,
    always,
    in_order,
    loopback,
)
from tests.program import files_of, of_type, results_of

if TYPE_CHECKING:
    from tests.loopback_server import Fault
    from tests.program import Program

KEY = "sk-proj-Zq7Xw2Lm9Rt4Vb6Np1Kd8"
OUTPUTS = {f"output/{name}.{kind}" for name in ("storyboard", "enhanced") for kind in ("json", "md")}


# what the argument means


def test_a_story_becomes_a_project_named_by_its_stem(program: Program) -> None:
    story = program.story("人生.txt", STORY)
    assert "projects/人生/output" in program("run", story).output
    found = results_of(program.project("人生"))
    assert set(found) >= OUTPUTS
    assert not [name for name in found if name.endswith("_progress.json")]
    assert found["source.txt"].decode() == STORY


def test_a_name_in_another_unicode_form_is_the_same_project(program: Program) -> None:
    story = program.story(unicodedata.normalize("NFD", "Café.txt"), "It rained in Paris. She waited there alone.\n")
    program("run", story)
    size = len(program.log("Café"))
    program("run", unicodedata.normalize("NFD", "Café"))
    assert len(program.log("Café")) == size


def test_a_complete_project_is_found_by_story_name_folder_and_log_and_nothing_is_appended(program: Program) -> None:
    program("run", program.story("人生.txt", STORY))
    before = files_of(program.project("人生"))
    for target in ("人生.txt", "人生", "projects/人生", "projects/人生/", "projects/人生/events.jsonl"):
        program("run", target)
        after = files_of(program.project("人生"))
        assert {name: data for name, data in after.items() if name != "events.lock"} == {
            name: data for name, data in before.items() if name != "events.lock"
        }


@pytest.mark.parametrize(
    "target",
    ["nothing", "no/s.txt", "../x", "/etc", "/etc/x", ".", "..", "", "a\0b", "x" * 300, "CON", "nul.txt", "a:b", "p/"],
)
def test_what_is_neither_a_story_nor_a_project_is_refused_in_one_line(program: Program, target: str) -> None:
    result = program("run", target, code=1)
    assert result.output.startswith("scenelog: ")
    assert result.output.count("\n") == 1
    assert files_of(program.here) == {}


@pytest.mark.parametrize(
    "name", ["CON.txt", "com1.txt", "aux.md", ".hidden.txt", " .txt", "a:b.txt", "尾 .txt", "点..md"]
)
def test_a_story_whose_name_cannot_be_a_projects_is_refused(program: Program, name: str) -> None:
    program.story(name, STORY)
    assert "cannot be the name of a project" in program("run", program.here / name, code=1).output
    assert not (program.here / "projects").exists()


def test_the_projects_folder_is_chosen_by_option_or_environment(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = program.story("s.txt", STORY)
    program("run", story, "--projects", "a")
    monkeypatch.setenv("SCENELOG_PROJECTS", "b")
    program("run", story)
    assert results_of(program.here / "a/s") == results_of(program.here / "b/s")
    for command in (["status", "s"], ["log", "verify", "s"], ["log", "show", "s"], ["snapshot", "s", "-o", "c"]):
        program(*command)
        program(*command, "--projects", "a")
        program(*command, "--projects", "nowhere", code=1)


# what is taken in


@pytest.mark.parametrize(
    "data",
    [
        STORY.encode(),
        STORY.encode("gb18030"),
        b"\xef\xbb\xbf" + STORY.encode(),
        STORY.replace("\n", "\r\n").encode(),
        STORY.replace("\n", "\r\n").encode("gb18030"),
    ],
    ids=["utf-8", "gb18030", "bom", "crlf", "gb18030 crlf"],
)
def test_a_story_in_any_of_the_encodings_is_the_same_story(program: Program, data: bytes) -> None:
    program("run", program.story("s.txt", data), "--scenes", "1", "--stage", "storyboard")
    assert (program.project("s") / "source.txt").read_bytes() == STORY.encode()
    assert program.log("s")[2]["data"]["text"] == STORY


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b" \n\t\n", "is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" * 20, "binary"),
        (b"... !!!\n", "no letters"),
        (b"a" * 20_000_001, "more than 20 MB"),
    ],
    ids=["empty", "blank", "binary", "no letters", "enormous"],
)
def test_a_file_that_is_no_story_is_refused_with_the_reason_and_nothing_is_made(
    program: Program, data: bytes, said: str
) -> None:
    program.story("s.txt", data)
    result = program("run", "s.txt", code=1)
    assert said in result.output
    assert result.output.count("\n") == 1
    assert not (program.here / "projects").exists()


def test_a_file_that_is_no_text_file_by_its_name_is_refused(program: Program) -> None:
    program.story("s.docx", b"PK\x03\x04")
    assert "save the story as" in program("run", "s.docx", code=1).output


# a story that changed


def test_a_changed_story_is_refused_with_what_changed_and_nothing_is_appended(program: Program) -> None:
    program("run", program.story("s.txt", STORY))
    before = files_of(program.project("s"))["events.jsonl"]
    program.story("s.txt", STORY.replace(paragraph(5), "第五天什么也没有发生。"))
    said = program("run", "s.txt", code=1).output
    assert "line 9" in said
    assert "什么也没有发生" in said
    assert "--update-source" in said
    assert files_of(program.project("s"))["events.jsonl"] == before


def test_update_source_asks_nobody_for_scenes_and_keeps_all_work_until_told_otherwise(program: Program) -> None:
    with loopback() as server:
        program("run", program.story("s.txt", STORY), *model(server))
        asked, whole = len(server.requests), results_of(program.project("s"))
        program.story("s.txt", STORY.replace("第5个人", "第五个人"))
        said = program("run", "s.txt", "--update-source", *model(server)).output.splitlines()
        assert len(server.requests) == asked
        assert [line[0] for line in said[:SCENES]] == ["=", "~", "=", "="]
        assert said[SCENES] == f"{SCENES} scenes: 3 unchanged, 0 moved, 1 edited, 0 new; 0 gone"
        assert "storyboard 2; enhancement 2" in said[SCENES + 1]
        kept = results_of(program.project("s"))
        assert kept["storyboard/scene_002.md"] == whole["storyboard/scene_002.md"]
        assert "第五个人" in kept["source.txt"].decode()
        program("run", "s.txt", *model(server), "--stale", "rerun")
        assert [request.task for request in server.requests[asked:]] == ["storyboard", "enhancement"]
    assert "第五个人" in (program.project("s") / "storyboard/scene_002.md").read_text()
    program("run", "s.txt")


def test_update_source_can_make_the_edited_scenes_again_at_once(program: Program) -> None:
    with loopback() as server:
        program("run", program.story("s.txt", STORY), *model(server))
        asked = len(server.requests)
        program.story("s.txt", STORY.replace("第5个人", "第五个人"))
        program("run", "s.txt", "--update-source", "--stale", "rerun", *model(server))
        assert [request.task for request in server.requests[asked:]] == ["storyboard", "enhancement"]


def test_an_update_that_was_killed_before_the_new_plan_goes_on_with_it(program: Program) -> None:
    """The log ends with the changed story: which scenes it has is worked out by the next run, whatever it is."""
    program("run", program.story("s.txt", STORY))
    program.story("s.txt", STORY.replace("第5个人", "第五个人"))
    program("run", "s.txt", "--update-source")
    log = program.project("s") / "events.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    imported = max(at for at, line in enumerate(lines) if b'"source.imported"' in line)
    log.write_bytes(b"".join(lines[: imported + 1]))
    for name in ("events.head", "checkpoint.json"):
        (program.project("s") / name).unlink(missing_ok=True)
    with loopback() as server:
        program("retry", "s", "--scenes", "2", *model(server))
        assert [request.task for request in server.requests] == ["storyboard", "enhancement"]
    assert "第五个人" in (program.project("s") / "storyboard/scene_002.md").read_text()
    assert json.loads(program("status", "s", "--json").output)["state"] == "complete"


def test_a_moved_scene_keeps_its_work_and_gets_its_new_number(program: Program) -> None:
    program("run", program.story("s.txt", STORY))
    last = (program.project("s") / "storyboard/scene_004.md").read_text()
    order = [10, 11, 12, *range(1, 10)]
    program.story("s.txt", "\n\n".join(paragraph(number) for number in order) + "\n")
    before = len(of_type(program.log("s"), "scene.started"))
    assert "(was 4): moved, its work is kept" in program("run", "s.txt", "--update-source").output
    assert len(of_type(program.log("s"), "scene.started")) == before
    assert (program.project("s") / "storyboard/scene_001.md").read_text() == last
    made = json.loads((program.project("s") / "output/storyboard.json").read_bytes())["scenes"]
    assert made[0]["storyboard_script"] in last


def test_a_plan_shows_what_a_changed_story_does_and_changes_nothing(program: Program) -> None:
    story = program.story("s.txt", STORY)
    program("run", story)
    assert "the story is the one that was taken in" in program("plan", story, "--update-source").output
    program.story("s.txt", STORY.replace("第5个人", "第五个人").replace(f"{paragraph(12)}\n", ""))
    before = files_of(program.here)
    assert "has changed since it was taken in" in program("plan", story).output.splitlines()[-1]
    said = program("plan", story, "--update-source").output.splitlines()
    assert said[1].startswith("~ scene 2 ")
    assert said[SCENES] == f"{SCENES} scenes: 2 unchanged, 0 moved, 2 edited, 0 new; 0 gone"
    found = json.loads(program("plan", story, "--update-source", "--stale", "rerun", "--json").output)
    assert [one["change"] for one in found["changes"]] == ["unchanged", "edited", "unchanged", "edited"]
    again = [(step["stage"], step["scene_index"]) for step in found["steps"] if step["action"] == "run"]
    assert again == [("storyboard", 1), ("storyboard", 3), ("enhancement", 1), ("enhancement", 3)]
    assert {step["reason"] for step in found["steps"] if step["stale"]} == {"scene text changed"}
    assert files_of(program.here) == before
    for command in ("plan", "run"):
        assert "needs the story's file" in program(command, "s", "--update-source", code=2).output


def test_the_scenes_that_are_gone_leave_no_files(program: Program) -> None:
    program("run", program.story("s.txt", STORY))
    program.story("s.txt", "\n\n".join(paragraph(number) for number in range(1, 10)) + "\n")
    (program.project("s") / "storyboard/notes.md").write_text("mine")
    program("run", "s.txt", "--update-source")
    names = set(files_of(program.project("s")))
    assert not {"storyboard/scene_004.md", "enhancement/scene_004.md"} & names
    assert {"storyboard/scene_003.md", "storyboard/notes.md"} <= names


def test_a_scene_that_is_new_never_gets_the_work_of_one_that_is_gone(program: Program) -> None:
    """Scene 4 goes, then another scene 4 comes: it has an id of its own, and its own text in its storyboard."""
    with loopback() as server:
        program("run", program.story("s.txt", STORY), *model(server))
        program.story("s.txt", "\n\n".join(paragraph(number) for number in range(1, 10)) + "\n")
        program("run", "s.txt", "--update-source", *model(server))
        program.story("s.txt", "\n\n".join(paragraph(number) for number in [*range(1, 10), 77, 78, 79]) + "\n")
        program("run", "s.txt", "--update-source", *model(server))
    made = json.loads((program.project("s") / "output/storyboard.json").read_bytes())["scenes"]
    assert "第77天" in made[3]["storyboard_script"]
    assert "scene_id" not in made[3]["scene_info"]


# choosing


def test_scenes_and_stage_restrict_a_run(program: Program) -> None:
    story = program.story("s.txt", STORY)
    with loopback() as server:
        program("run", story, *model(server), "--scenes", "1-2,4", "--stage", "storyboard")
        assert [request.task for request in server.requests[2:]] == ["storyboard"] * 3
        found = results_of(program.project("s"))
        indexes = [item["scene_index"] for item in json.loads(found["storyboard_progress.json"])["storyboard_results"]]
        assert indexes == [0, 1, 3]
        program("run", "s", *model(server))
        assert len(server.requests) == 2 + 2 * SCENES


@pytest.mark.parametrize("order", ["first run", "later run"])
def test_a_scene_there_is_not_is_told_and_no_scene_is_made(program: Program, order: str) -> None:
    story = program.story("s.txt", STORY)
    with loopback() as server:
        if order == "later run":
            program("run", story, *model(server), "--scenes", "1")
        asked = len([request for request in server.requests if request.task == "storyboard"])
        assert f"has {SCENES} scenes" in program("run", story, *model(server), "--scenes", "3-9", code=1).output
        assert len([request for request in server.requests if request.task == "storyboard"]) == asked
        program("run", story, *model(server))
    assert of_type(program.log("s"), "scene.completed")


@pytest.mark.parametrize(
    "options",
    ["--scenes 0", "--scenes x", "--scenes 5-2", "--stage audio", "--jobs 0", "--provider x", "--nope"],
)
def test_options_that_make_no_sense_are_a_usage_error(program: Program, options: str) -> None:
    program.story("s.txt", STORY)
    program("run", "s.txt", *options.split(), code=2)
    assert not (program.here / "projects").exists()


def test_enhancement_alone_says_what_it_waits_for(program: Program) -> None:
    result = program("run", program.story("s.txt", STORY), "--stage", "enhancement", code=3)
    assert "storyboard" in result.output.splitlines()[-1]


# what is printed


def test_json_prints_exactly_the_lines_this_run_appended(program: Program) -> None:
    story = program.story("s.txt", STORY)
    program.finish("run", story, "--scenes", "1")
    before = (program.project("s") / "events.jsonl").read_bytes()
    ended = program.finish("run", story, "--json")
    assert before + ended.stdout == (program.project("s") / "events.jsonl").read_bytes()
    assert program.finish("run", story, "--json").stdout == b""


def test_json_prints_what_opening_appended_too(program: Program) -> None:
    """A torn tail is recovered by the next open, and the entry that says so belongs to this run."""
    story = program.story("s.txt", STORY)
    program("run", story, "--scenes", "1")
    log = program.project("s") / "events.jsonl"
    whole = log.read_bytes()
    log.write_bytes(whole + b'{"seq":')
    printed = program.finish("run", story, "--json").stdout
    assert b'"log.recovered"' in printed
    assert whole + printed == log.read_bytes()


# when the provider says no


def test_a_refused_key_pauses_the_run_and_stands_in_no_file(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    story = program.story("s.txt", STORY)
    with loopback(always(UNAUTHORIZED)) as server:
        result = program("run", story, *model(server), code=4)
        assert len(server.requests) == 1
    assert "OPENAI_API_KEY" in result.output
    assert "scenelog run s" in result.output
    with loopback(in_order(None, None, None, UNAUTHORIZED, UNAUTHORIZED, UNAUTHORIZED, UNAUTHORIZED)) as server:
        program("run", story, *model(server), code=4)
    status = json.loads(program("status", "s", "--json").output)
    assert status["stages"][0]["failed"] == 0
    with loopback() as server:
        address = server.base_url.replace("//", f"//user:{KEY}@")
        program("run", story, *model(server), "--base-url", address)
        program("run", story, "--projects", "other", *model(server), "--base-url", address)
    for name, data in files_of(program.here).items():
        assert KEY.encode() not in data, name


def test_no_key_at_all_is_told_before_anything_is_made(program: Program) -> None:
    story = program.story("s.txt", STORY)
    options = ("--provider", "openai", "--model", "m", "--base-url", "https://api.invalid/v1")
    assert "OPENAI_API_KEY" in program("run", story, *options, code=1).output
    assert "--model" in program("run", story, "--provider", "openai", code=1).output
    assert not (program.here / "projects").exists()


def test_one_scene_that_fails_stops_no_other_and_the_next_run_makes_only_that(program: Program) -> None:
    story = program.story("s.txt", STORY)
    with loopback(lambda _, text: BAD_REQUEST if is_storyboard_of(2, text) else None) as server:
        result = program("run", story, *model(server), code=3)
        assert len(server.requests) == 2 + SCENES + SCENES - 1
    assert "scenelog retry s" in result.output.splitlines()[-1]
    found = results_of(program.project("s"))
    board, enhanced = (json.loads(found[f"{name}_progress.json"]) for name in ("storyboard", "enhancement"))
    assert [item["scene_index"] for item in board["storyboard_results"]] == [0, 2, 3]
    assert [item["scene_index"] for item in enhanced["enhanced_results"]] == [0, 2, 3]
    assert enhanced["last_completed_scene"] == 0
    status = json.loads(program("status", "s", "--json").output)
    assert status["state"] == "failed"
    assert status["stages"] == [
        {"name": "storyboard", "total": SCENES, "done": SCENES - 1, "failed": 1, "remaining": 0},
        {"name": "enhancement", "total": SCENES, "done": SCENES - 1, "failed": 0, "remaining": 1},
    ]
    with loopback() as server:
        program("run", story, *model(server))
        assert [request.task for request in server.requests] == ["storyboard", "enhancement"]


def test_a_pause_comes_before_failures_in_the_exit_code(program: Program) -> None:
    story = program.story("s.txt", STORY)

    def fault(_number: int, text: str) -> Fault | None:
        return BAD_REQUEST if is_storyboard_of(1, text) else UNAUTHORIZED if is_storyboard_of(3, text) else None

    with loopback(fault) as server:
        program("run", story, *model(server), "--jobs", "1", code=4)


def test_passing_failures_are_tried_again_within_the_run(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    from stages.pipeline import calls  # noqa: PLC0415 - only here

    monkeypatch.setattr(calls.RetryPolicy, "__init__", _hasty(calls.RetryPolicy))
    story = program.story("s.txt", STORY)
    with loopback(in_order(SERVER_ERROR, RATE_LIMITED, None, None, SERVER_ERROR)) as server:
        program("run", story, *model(server))
        assert len(server.requests) == 2 + 2 * SCENES + 3
    assert len(of_type(program.log("s"), "scene.failed", "planning.failed")) == 3


def _hasty(policy: type) -> object:
    original = policy.__init__  # type: ignore[misc]

    def init(self: object, **given: float) -> None:
        original(self, **{"first_s": 0.001, "longest_s": 0.001, **given})

    return init


# the progress files


def _interrupted(program: Program) -> dict[str, bytes]:
    """A project in which scene 2 has no storyboard and scene 3 no enhancement."""
    story = program.story("s.txt", STORY)
    program("run", story, "--scenes", "1,3-4", "--stage", "storyboard")
    program("run", story, "--scenes", "1,4", "--stage", "enhancement")
    return results_of(program.project("s"))


def test_the_progress_files_have_the_documents_fields_in_its_order(program: Program) -> None:
    found = _interrupted(program)
    first, second = (found[f"{name}_progress.json"] for name in ("storyboard", "enhancement"))
    for data in (first, second):
        assert data.decode() == json.dumps(json.loads(data), ensure_ascii=False, indent=2) + "\n"
    board, enhanced = json.loads(first), json.loads(second)
    assert list(board) == ["storyboard_results", "world_bible", "scenes_analysis", "timestamp", "total_scenes"]
    assert list(enhanced) == ["enhanced_results", "timestamp", "total_scenes", "last_completed_scene"]
    for item in board["storyboard_results"]:
        assert list(item) == ["scene_index", "scene_info", "storyboard_script"]
        assert isinstance(item["storyboard_script"], str)
    for item in enhanced["enhanced_results"]:
        assert list(item) == ["scene_index", "scene_info", "enhanced_result"]
        assert next(iter(item["enhanced_result"])) == "enhanced_description"
    assert [item["scene_index"] for item in board["storyboard_results"]] == [0, 2, 3]
    assert [item["scene_index"] for item in enhanced["enhanced_results"]] == [0, 3]
    assert enhanced["last_completed_scene"] == 0
    assert board["total_scenes"] == enhanced["total_scenes"] == SCENES
    assert isinstance(board["world_bible"], str)
    assert isinstance(board["scenes_analysis"], str)
    last = of_type(program.log("s"), "scene.completed")[2]["time"]
    assert board["timestamp"] == last[:19] + "+00:00"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", enhanced["timestamp"])


def test_whatever_is_deleted_comes_back_byte_for_byte(program: Program) -> None:
    found = _interrupted(program)
    for name in found:
        (program.project("s") / name).unlink()
    program("snapshot", "s")
    assert results_of(program.project("s")) == found
    program("run", "s")
    whole = results_of(program.project("s"))
    for name in whole:
        (program.project("s") / name).unlink()
    program("run", "s")
    assert results_of(program.project("s")) == whole


def test_leftovers_of_a_crash_are_cleared_and_other_files_are_not(program: Program) -> None:
    program("run", program.story("s.txt", STORY))
    left = ["storyboard_progress.json.new", "output/storyboard.md.new", "storyboard/scene_001.md.new"]
    for name in [*left, "notes.new", "output/mine.txt"]:
        (program.project("s") / name).write_text("x")
    program("run", "s")
    names = set(files_of(program.project("s")))
    assert not names & set(left)
    assert {"notes.new", "output/mine.txt"} <= names


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b'{"storyboard_results": [',
        b'{"storyboard_results": []}',
        b'{"storyboard_results": [{"scene_index": 0, "storyboard_script": "theirs"}]}',
    ],
)
@pytest.mark.parametrize("is_complete", [True, False])
def test_a_progress_file_of_somebody_else_is_never_replaced_or_removed(
    program: Program,
    data: bytes,
    is_complete: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    story = program.story("s.txt", STORY)
    program("run", story, *([] if is_complete else ["--scenes", "1"]))
    foreign = program.project("s") / "storyboard_progress.json"
    foreign.write_bytes(data)
    for command in (["run", "s"], ["snapshot", "s"], ["retry", "s", "--scenes", "1"]):
        assert "storyboard_progress.json" in program(*command, code=1).output
        assert foreign.read_bytes() == data


# two at once


def test_a_second_run_names_the_first_ones_process_and_changes_nothing(program: Program) -> None:
    story = program.story("s.txt", STORY)
    with loopback(delay_s=30) as server, program.start("run", story, *model(server), "--json") as process:
        assert process.stdout is not None
        next(line for line in process.stdout if b"planning.started" in line)
        before = files_of(program.project("s"))
        for command in (["run", story], ["retry", "s", "--scenes", "1"], ["snapshot", "s"]):
            result = program(*command, code=1)
            assert f"pid {process.pid}" in result.output
        assert files_of(program.project("s")) == before
        assert json.loads(program("status", "s", "--json").output)["state"] == "running"
        program("log", "verify", "s")
        process.kill()
    assert json.loads(program("status", "s", "--json").output)["state"] == "new"
