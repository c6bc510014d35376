"""What is taken off an answer, and what never is: talk and fences go, every word of the work stays."""

from __future__ import annotations

import time

import pytest

from stages.pipeline.answers import result_text
from stages.pipeline.contract import Scene
from stages.pipeline.results import outputs
from stages.pipeline.script import parse
from stages.pipeline.text import digest
from tests.stages.told import Told

SCRIPT = (
    "# 雨夜\n\n### 镜头 1\n- 镜头原文：门开了。\n- 转场方式：硬切\n\n### 镜头 2\n- 镜头原文：她走了。\n- 转场方式：淡出"
)
DESCRIBED = "### 镜头 1\n油画风格，雨夜旧书店。\n\n### 镜头 2\n油画风格，空巷。\n\n画面里没有人。"
TABLE = "| 镜号 | 镜头原文 | 转场方式 |\n|---|---|---|\n| 1 | 门开了。 | 硬切 |"
BIBLE = "## 角色\n- 林晓：二十岁\n\n## 时代\n\n民国。"
ALL = pytest.mark.parametrize("work", [SCRIPT, DESCRIBED, TABLE], ids=["script", "described", "table"])


@ALL
@pytest.mark.parametrize(
    "said",
    [
        "好的，以下是全部内容：\n\n{}",
        "{}\n\n---\n\n以上是完整脚本，共3个镜头。",
        "{}\n\n希望这些提示词对你有帮助！",
        "{}\n\nLet me know if you want changes.",
        "好的，以下是全部内容：\n\n```markdown\n{}\n```\n\n以上是完整脚本，如需调整请告诉我。",
        "```markdown\n{}\n```\n以上是完整脚本。",
        "好的：\n```\n{}\n```",
        "```markdown\n{}",
    ],
)
def test_talk_and_fences_around_the_work_are_taken_off(work: str, said: str) -> None:
    assert result_text(said.format(work)) == work + "\n"


def test_prose_after_the_last_field_is_no_part_of_it() -> None:
    for farewell in ("\n\n全文完，共两个镜头。", "\n\n***\n完", "\n```\n完"):
        assert parse(result_text(SCRIPT + farewell))[-1].fields["transition"] == "淡出"


@pytest.mark.parametrize(
    "work",
    [
        BIBLE,
        "一段没有标题的话。\n\n---\n\n另一段。",
        f"{BIBLE}\n\n```\n表\n```\n\n{BIBLE}",
        f"{SCRIPT}\n- 镜头时长：3秒",
        f"{DESCRIBED}\n\n负面提示词：文字，水印",
        "### 镜头 1\n```\n雨夜\n```\n\n### 镜头 2\n```\n空巷\n```",
        "### 镜头 1\n- 转场方式：硬切\n- 镜头原文：门开了。\n\n她走了。",
        f"# 雨夜\n\n场景说明。\n\n{DESCRIBED}",
    ],
)
def test_nothing_of_the_work_is_taken_away(work: str) -> None:
    assert result_text(work) == work + "\n"


def test_a_bible_in_a_fence_among_talk_is_what_the_fence_holds() -> None:
    assert result_text(f"好的，这是世界观圣经：\n\n```markdown\n{BIBLE}\n```\n\n希望对你有帮助。") == BIBLE + "\n"


def test_what_a_program_before_made_of_an_answer_stays_what_it_made() -> None:
    """The log names the result by its digest: a result with talk in it is not another one today."""
    told = Told()
    told.story("门开了。她走了。", [Scene(id="s0001", index=0, title="雨夜", start=0, end=8)])
    before = f"{SCRIPT}\n\n以上是完整脚本。\n"
    told.complete("storyboard/s0001", before)
    assert outputs(told.progress, "storyboard", told.content)["storyboard/scene_001.md"].decode() == before
    assert digest(before) in told.progress.step("storyboard", "s0001").results


@pytest.mark.parametrize("piece", ["```\n", "### 镜头 1\n", "---\n", "\n", "| a |\n", "#\n", "以上\n\n"])
def test_no_answer_is_slow(piece: str) -> None:
    text = "### 镜头 1\n" + piece * (300_000 // len(piece)) + "完"
    begun = time.process_time()
    result_text(text)
    assert time.process_time() - begun < 2
