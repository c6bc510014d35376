"""`scenelog prompts`: what models are asked can be seen and changed; a changed one is used or refused, never lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest

from stages import prompts
from stages.pipeline.contract import Language, Task
from tests.commands.stories import SCENES, STORY, model
from tests.loopback_server import loopback
from tests.program import files_of, of_type

if TYPE_CHECKING:
    from tests.program import Program

MISTYPED = "storyboard.md: line 3: there is no placeholder $txet"
MINE = "你画分镜。\n---user---\n我的分镜要求：$text\n---missing---\n缺：$missing\n"


@pytest.mark.parametrize("language", get_args(Language))
@pytest.mark.parametrize("task", get_args(Task))
def test_the_prompt_shown_is_the_prompt_sent(program: Program, task: Task, language: Language) -> None:
    assert program("prompts", "show", task, "--language", language).output == prompts.built_in(task, language)


def test_the_prompt_shown_is_in_the_readers_language_unless_told(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert program("prompts", "show", "scenes").output == prompts.built_in("scenes", "en")
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert program("prompts", "show", "scenes").output == prompts.built_in("scenes", "zh")


def test_ejected_prompts_change_nothing_until_they_are_edited(program: Program) -> None:
    story = program.story("s.txt", STORY)
    program("run", story)
    before = program.log("s")
    written = program("prompts", "eject", "s").output.splitlines()
    assert len(written) == len(get_args(Task)) * len(get_args(Language))
    assert written[0] == "projects/s/prompts/zh/world_bible.md: written"
    program("run", story)
    assert program.log("s") == before
    assert "8 complete (0 of them stale)" in program("plan", "s").output


def test_a_reader_that_goes_away_keeps_no_prompt_from_being_written(program: Program) -> None:
    program("run", program.story("s.txt", STORY), "--scenes", "1")
    with program.start("prompts", "eject", "s", PYTHONUNBUFFERED="1") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert len(list((program.project("s") / "prompts").rglob("*.md"))) == len(get_args(Task)) * 2


def test_an_edited_prompt_is_never_replaced_and_that_is_said(program: Program) -> None:
    program("run", program.story("s.txt", STORY), "--scenes", "1")
    program("prompts", "eject", "s", "--language", "zh")
    mine = program.project("s") / "prompts/zh/storyboard.md"
    mine.write_text(MINE)
    told = program("prompts", "eject", "s", "--language", "zh").output.splitlines()
    assert told[2] == "projects/s/prompts/zh/storyboard.md: edited, kept as it is; delete it to get the built-in one"
    assert told[3].endswith("there already, as built in")
    assert mine.read_text() == MINE
    assert program("prompts", "show", "storyboard", "--language", "zh", "--project", "s").output == MINE


def test_an_edited_prompt_is_what_the_model_is_asked_and_makes_finished_scenes_stale(program: Program) -> None:
    story = program.story("s.txt", STORY)
    with loopback() as server:
        program("run", story, *model(server), "--scenes", "1")
        folder = program.project("s") / "prompts/zh"
        folder.mkdir(parents=True)
        (folder / "storyboard.md").write_text(MINE)
        steps = json.loads(program("plan", "s", *model(server)[:4], "--json").output)["steps"]
        assert [step["reason"] for step in steps[:2]] == ["complete, prompt changed: kept", "not started"]
        asked = len(server.requests)
        program("run", story, *model(server), "--scenes", "2", "--stage", "storyboard", code=3)
        assert "我的分镜要求" in server.requests[asked].text
        assert prompts.system("storyboard", "zh") not in server.requests[asked].text


def test_the_projects_prompt_wins_over_that_of_the_user(program: Program) -> None:
    program("run", program.story("s.txt", STORY), "--scenes", "1")
    path = program("prompts", "eject", "--language", "zh").output.splitlines()[2].split(": ")[0]
    assert path.endswith("scenelog/prompts/zh/storyboard.md")
    Path(path).write_text(MINE.replace("我的", "大家的"))
    assert "大家的" in program("prompts", "show", "storyboard", "--language", "zh").output
    program("prompts", "eject", "s", "--language", "zh")
    (program.project("s") / "prompts/zh/storyboard.md").write_text(MINE)
    assert program("prompts", "show", "storyboard", "--language", "zh", "--project", "s").output == MINE


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        (
            "storyboard.md",
            MINE.replace("$text", "$txet").encode(),
            "storyboard.md: line 3: there is no placeholder $txet",
        ),
        ("storyboard.md", MINE.encode("gb18030"), "storyboard.md is not UTF-8 text"),
        ("storyboard.md", b"", "the part ---user--- is missing"),
        ("storybord.md", MINE.encode(), "storybord.md: there is no prompt of that name; there are world_bible"),
    ],
)
def test_a_prompt_that_cannot_be_used_stops_before_any_call(
    program: Program, name: str, data: bytes, said: str
) -> None:
    story = program.story("s.txt", STORY)
    with loopback() as server:
        program("run", story, *model(server), "--scenes", "1")
        folder = program.project("s") / "prompts/zh"
        folder.mkdir(parents=True)
        (folder / name).write_bytes(data)
        asked, before = len(server.requests), files_of(program.project("s"))["events.jsonl"]
        for command in (["run", story, *model(server)], ["retry", "s", "--scenes", "1"], ["plan", "s"]):
            result = program(*command, code=1)
            assert said in result.output
            assert result.output.count("\n") == 1
        assert len(server.requests) == asked
    assert files_of(program.project("s"))["events.jsonl"] == before


def test_windows_line_ends_and_a_byte_order_mark_do_not_make_another_prompt(program: Program) -> None:
    program("run", program.story("s.txt", STORY))
    folder = program.project("s") / "prompts/zh"
    folder.mkdir(parents=True)
    text = prompts.built_in("storyboard", "zh")
    (folder / "storyboard.md").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert "8 complete (0 of them stale)" in program("plan", "s").output
    assert len(of_type(program.log("s"), "scene.completed")) == 2 * SCENES
