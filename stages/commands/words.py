"""The words people read while work goes on, in English and in Chinese.

Law: pure but for one look at the locale variables; a word that is missing in a language is a bug that a test finds.
"""

from __future__ import annotations

import os

WORDS: dict[str, tuple[str, str]] = {
    "storyboard": ("storyboard", "分镜"),
    "enhancement": ("enhancement", "增强描述"),
    "scene": ("scene {number}", "场景{number}"),
    "failed": ("failed", "失败"),
    "numbers": ("{done} done, {failed} failed, {remaining} left", "完成 {done}，失败 {failed}，剩余 {remaining}"),
    "resuming": (
        "{stage}: {done} of {total} scenes are done, going on with {steps}",
        "{stage}：{total} 个场景已完成 {done} 个，继续其余 {steps} 个",
    ),
    "complete": (
        "{name}: all {total} scenes are complete; see {where}",
        "{name}：{total} 个场景全部完成；结果在 {where}",
    ),
    "selected_complete": (
        "{name}: the scenes asked for are complete; the others: scenelog run {target}",
        "{name}：所选场景已完成；其余场景请运行：scenelog run {target}",
    ),
    "some_failed": (
        "{name}: failed: {failed}, left: {remaining}; what is finished is saved. Try again: scenelog retry {target}",
        "{name}：{failed} 个步骤失败，剩余 {remaining} 个；已完成的都已保存。重试：scenelog retry {target}",
    ),
    "some_left": (
        "{name}: left: {remaining}, each waiting for the storyboard of its scene; make all: scenelog run {target}",
        "{name}：剩余 {remaining} 个步骤，需先完成该场景的分镜；请运行：scenelog run {target}",
    ),
    "source_missing": (
        "{name}: source missing for {count} scenes; add the story with: scenelog import --story STORY --name {target}",
        "{name}：{count} 个场景缺少原文；请补上：scenelog import --story 故事文件 --name {target}",
    ),
    "paused": (
        "{name}: paused: {problem} Everything finished is saved; go on with: scenelog run {target}",
        "{name}：已暂停：{problem} 已完成的都已保存；继续请运行：scenelog run {target}",
    ),
    "interrupted": (
        "{name}: interrupted; everything finished is saved. Go on with: scenelog run {target}",
        "{name}：已中断；已完成的都已保存。继续请运行：scenelog run {target}",
    ),
    "fallback": (
        "{problem} Going on with {who}.",
        "{problem} 改用 {who} 继续。",
    ),
    "dangerous": (
        (
            "{stage} scene {number}: {reason}; it is left out. "
            "Make it all the same: scenelog retry {target} --scenes {number}"
        ),
        "{stage} 场景{number}：{reason}；已跳过。仍要生成请运行：scenelog retry {target} --scenes {number}",
    ),
    "dangerous_ask": (
        "{stage} scene {number}: {reason}. Make it again?",
        "{stage} 场景{number}：{reason}。要再次生成吗？",
    ),
    "not_asked": ("some scenes need your word before they are made again", "有场景需要你确认后才会再次生成"),
    "stopping": (
        "Finishing what is in flight; press Ctrl-C again to stop at once.",
        "正在完成进行中的场景；再按一次 Ctrl-C 立即停止。",
    ),
    "save_trouble": (
        (
            "Warning: results cannot be saved in {folder}: {advice}. The work goes on, its results are kept in memory "
            "and saved as soon as that is possible."
        ),
        "警告：无法把结果保存到 {folder}：{advice}。生成继续进行，结果暂存在内存中，一旦可以就会保存。",
    ),
    "saved_again": ("Saving works again; everything is saved.", "已恢复保存；所有结果都已保存。"),
    "rescued": (
        "Results could not be saved in {folder}: {advice}. They are in {path}; the next scenelog run takes them in.",
        "结果未能保存到 {folder}：{advice}。已存入 {path}；下次运行 scenelog run 会自动收回。",
    ),
    "on_stdout": (
        "Results could not be saved anywhere: {advice}. They follow on the output, one line each: keep them in a file.",
        "结果无处可存：{advice}。下面逐行输出，请存成文件。",
    ),
    "unwritten": (
        "{name}: all results are in the log, but not all files in output/; write them with: scenelog run {target}",
        "{name}：结果都已保存在日志中，但 output/ 中的文件未能全部写出；请再运行：scenelog run {target}",
    ),
    "nothing_failed": ("{name}: nothing failed", "{name}：没有失败的场景"),
}


def language() -> int:
    """Which column of WORDS is read: 1 if the locale is Chinese, else 0."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(variable):
            return int(value.lower().startswith("zh"))
    return 0


def say(key: str, **values: object) -> str:
    """The words for `key` in the reader's language, with the values put in."""
    return WORDS[key][language()].format(**values)
