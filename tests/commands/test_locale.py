"""The reader's language: under a Chinese locale every line of run, status and retry is Chinese, JSON stays as it is."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from stages.commands.screen import PlainScreen
from tests.commands.stories import SCENES, STORY, is_storyboard_of, model
from tests.loopback_server import BAD_REQUEST, UNAUTHORIZED, Fault, always, loopback

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.program import Program

HAN = re.compile("[\u4e00-\u9fff]")
ENGLISH_STORY = "The fog came in at dawn. He left the house.\n\nThe ferry was late. A gull sat still.\n"


@pytest.fixture
def chinese(program: Program, monkeypatch: pytest.MonkeyPatch) -> Program:
    """The program for a reader of Chinese."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    return program


def assert_chinese(lines: Sequence[str]) -> None:
    assert lines
    assert [line for line in lines if not HAN.search(line)] == []


def test_all_lines_of_a_run_are_in_the_readers_language_whatever_the_storys_is(chinese: Program) -> None:
    lines = chinese("run", chinese.story("fog.txt", ENGLISH_STORY)).output.splitlines()
    assert_chinese(lines)
    assert lines[0] == "世界观圣经 …"


def test_a_reader_of_english_reads_english_of_a_chinese_story(program: Program) -> None:
    lines = program("run", program.story("s.txt", STORY), "--scenes", "1").output.splitlines()
    assert lines[:2] == ["world bible …", "scenes …"]


def test_status_and_retry_are_in_the_readers_language_and_json_is_not(chinese: Program) -> None:
    story = chinese.story("s.txt", STORY)
    with loopback(lambda _, text: BAD_REQUEST if is_storyboard_of(2, text) else None) as server:
        last = chinese("run", story, *model(server), code=3).output.splitlines()[-1]
    assert last == "s：1 个步骤失败，剩余 1 个；已完成的都已保存。重试：scenelog retry s"
    assert_chinese(chinese("status").output.splitlines())
    shown = chinese("status", "s").output.splitlines()
    assert shown[1].split() == ["分镜", "完成", f"{SCENES - 1}/{SCENES}，失败", "1"]
    assert_chinese(shown)
    found = json.loads(chinese("status", "s", "--json").output)
    assert (found["state"], found["stages"][0]["name"]) == ("failed", "storyboard")
    with loopback() as server:
        chinese("retry", "s", *model(server))
    assert_chinese(chinese("retry", "s").output.splitlines())


@pytest.mark.parametrize(
    "arguments", [["run", "nothing"], ["run", "nul.txt"], ["status", "../x"], ["run", "s.txt", "--scenes", "9"]]
)
def test_what_cannot_be_done_is_told_in_the_readers_language(chinese: Program, arguments: list[str]) -> None:
    chinese.story("s.txt", STORY)
    said = chinese(*arguments, code=1).output.splitlines()[-1]
    assert said.startswith("scenelog: ")
    assert HAN.search(said)


def test_a_list_of_scenes_that_cannot_be_read_is_told_so_in_the_readers_language(chinese: Program) -> None:
    chinese.story("s.txt", STORY)
    for given, reason in (("3-1", "前后颠倒；请写 1-3"), ("0", "从 1 开始"), ("x", "1-5,8"), ("1-999999", "100000")):
        assert reason in chinese("run", "s.txt", "--scenes", given, code=2).output


def test_how_long_a_provider_wants_to_be_left_alone_is_told_in_the_readers_language(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for locale, told in (("zh_CN.UTF-8", "slow；12 秒后继续\n"), ("C.UTF-8", "slow; going on in 12 s\n")):
        monkeypatch.setenv("LC_ALL", locale)
        PlainScreen().waiting("slow.", 12)
        assert capsys.readouterr().out == told


def test_a_story_that_could_not_be_planned_is_told_so_everywhere(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = program.story("s.txt", STORY)
    with loopback(lambda number, _: Fault(content="No.") if number else None) as server:
        ended = program("run", story, *model(server), code=3)
        assert len(server.requests) == 3
    last = ended.output.splitlines()[-1]
    assert last.startswith("s: the story could not be planned")
    assert "scenes of part 1 are unusable" in last
    assert "--model" in last
    assert "left: 0" not in ended.output
    assert json.loads(program("status", "s", "--json").output)["state"] == "failed"
    assert "could not be planned" in program("status", "s").output
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert "故事未能划分场景" in program("status", "s").output
    with loopback(always(Fault(content="No."))) as server:
        assert "--model" in program("retry", "s", *model(server), code=3).output.splitlines()[-1]
        assert len(server.requests) == 1
    with loopback() as server:
        program("retry", "s", *model(server))
    assert json.loads(program("status", "s", "--json").output)["state"] == "complete"


def test_how_a_run_ended_badly_is_told_on_stderr_and_what_was_made_on_stdout(program: Program) -> None:
    story = program.story("s.txt", STORY)
    with loopback(always(UNAUTHORIZED)) as server:
        ended = program("run", story, *model(server), code=4)
    assert "paused" in ended.stderr
    assert "paused" not in ended.stdout
    with loopback(lambda _, text: BAD_REQUEST if is_storyboard_of(2, text) else None) as server:
        ended = program("run", story, *model(server), code=3)
    assert "scenelog retry s" in ended.stderr
    assert "scenelog retry s" not in ended.stdout
    assert "storyboard 3/4" in ended.stdout
