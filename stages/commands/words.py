"""The words people read while work goes on, in English and in Chinese.

Law: pure but for one look at the locale variables; a word that is missing in a language is a bug that a test finds.
"""

from __future__ import annotations

import os

from stages.commands.words_of_failures import WORDS_OF_FAILURES

WORDS: dict[str, tuple[str, str]] = WORDS_OF_FAILURES | {
    "world_bible": ("world bible", "世界观圣经"),
    "scenes": ("scenes", "场景划分"),
    "elapsed": ("elapsed", "已用"),
    "time_left": ("left", "剩余"),
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
        "Finishing what is in flight (calls: {calls}); press Ctrl-C again to stop at once.",
        "正在完成进行中的 {calls} 个请求；再按一次 Ctrl-C 立即停止。",
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
    "edited_kept": (
        "{path} was changed by somebody: that is in {kept} now. Change a result with: scenelog edit {target}",
        "{path} 被人改动过：改动后的内容现保存在 {kept}。修改结果请用：scenelog edit {target}",
    ),
    "unwritten": (
        "{name}: all results are in the log, but not all files in output/; write them with: scenelog run {target}",
        "{name}：结果都已保存在日志中，但 output/ 中的文件未能全部写出；请再运行：scenelog run {target}",
    ),
    "stale_kept": (
        (
            "{count} finished results are kept though what they were made from has changed: {scenes}. "
            "See why: scenelog plan {plan}. Make them again: scenelog run {run} --stale rerun"
        ),
        (
            "{count} 个已完成的结果保留不动，虽然生成依据已经改变：{scenes}。"
            "查看原因：scenelog plan {plan}。重新生成：scenelog run {run} --stale rerun"
        ),
    ),
    "stale_failed": (
        (
            "{name}: {count} results could not be made again, the ones before are kept. Try again: "
            "scenelog run {run} --stale rerun"
        ),
        "{name}：{count} 个结果未能重新生成，原来的保留不动。再试：scenelog run {run} --stale rerun",
    ),
    "make_again": ("Make these {count} again?", "重新生成这 {count} 个吗？"),
    "nobody_to_ask": (
        "--stale ask: there is no terminal to ask on, so they are kept.",
        "--stale ask：没有可以提问的终端，因此保留不动。",
    ),
    "remarks": (
        "{count} remarks on what was made; nothing was rejected for them. See them: scenelog check {target}",
        "对生成结果有 {count} 条提示，不影响完成。查看：scenelog check {target}",
    ),
    "changes": (
        "{total} scenes: {unchanged} unchanged, {moved} moved, {edited} edited, {new} new; {gone} gone",
        "共 {total} 个场景：未变 {unchanged}，移动 {moved}，修改 {edited}，新增 {new}；删除 {gone}",
    ),
    "former_number": (" (was {number})", "（原场景{number}）"),
    "change_unchanged": ("unchanged, its work is kept", "未变，已完成的保留"),
    "change_moved": ("moved, its work is kept", "移动了位置，已完成的保留"),
    "change_edited": (
        "edited ({percent} % the same): what was made of it is stale",
        "有修改（{percent}% 相同）：已完成的依据已变",
    ),
    "change_new": ("new", "新增"),
    "change_gone": ("gone; its work stays in the log", "已删除；已完成的仍在日志里"),
    "source_changed": (
        "{path} has changed since it was taken in; what that does to the scenes: scenelog plan {path} --update-source",
        "{path} 在收入之后有改动；对各场景的影响：scenelog plan {path} --update-source",
    ),
    "source_same": ("{name}: the story is the one that was taken in", "{name}：故事与已收入的相同"),
    "checked": (
        "{name}: {passed} pass, {failed} do not, {accepted} newly accepted, {remarks} remarks",
        "{name}：通过 {passed}，未通过 {failed}，新接受 {accepted}，提示 {remarks} 条",
    ),
    "check_failed": (
        (
            "Mend one by hand: scenelog edit {target} --scene N; make failed scenes again: scenelog retry {target}; "
            "make a finished one again: scenelog retry {target} --scenes N"
        ),
        (
            "手工修改：scenelog edit {target} --scene N；重做失败的场景：scenelog retry {target}；"
            "重做某个已完成的场景：scenelog retry {target} --scenes N"
        ),
    ),
    "now_accepted": ("its answer passes now and is accepted", "回答现在通过检查，已接受"),
    "fails_finished": ("finished, kept, but would not pass now:", "已完成，保留，但按现在的规则不能通过："),
    "fails_rejected": ("rejected:", "未通过："),
    "fails_unread": ("its answer does not pass; a run asks once more:", "回答未通过，运行时会再问一次："),
    "remark": ("remark", "提示"),
    "edited": (
        "{name}: {stage} of scene {number} is saved as you wrote it",
        "{name}：场景{number} 的{stage}已按你写的保存",
    ),
    "edited_stale": (
        "Made from what was there before: {stages}. Make it again: {again}",
        "仍依据修改前内容的：{stages}。重新生成：{again}",
    ),
    "nothing_edited": ("{name}: scene {number} was left as it is", "{name}：场景{number} 没有改动"),
    "edit_again": ("Edit it again?", "继续修改吗？"),
    "text_kept": (
        "Your text is kept in {path}; go on with: {again} (or delete that file to give it up)",
        "你写的内容保存在 {path}；继续修改：{again}（删除该文件则放弃）",
    ),
    "text_rejected": (
        "{path} does not pass the checks; nothing was changed.",
        "{path} 未通过检查；没有任何改动。",
    ),
    "text_safe": ("What you wrote is safe in {path}.", "你写的内容完好地保存在 {path}。"),
    "going_on_with": ("Going on with what you wrote before, in {path}.", "继续修改你之前写的内容：{path}。"),
    "prompt_written": ("written", "已写出"),
    "prompt_same": ("there already, as built in", "已存在，与内置的相同"),
    "prompt_kept": (
        "edited, kept as it is; delete it to get the built-in one",
        "已修改过，保留不动；删除后可重新写出内置的",
    ),
    "run": ("run", "生成"),
    "skip": ("skip", "跳过"),
    "blocked": ("blocked", "等待"),
    "planned": (
        "{name}: {run} to make, {skip} complete ({stale} of them stale), {blocked} waiting",
        "{name}：待生成 {run}，已完成 {skip}（其中 {stale} 个依据已变），等待 {blocked}",
    ),
    "ask": ("ask", "询问"),
    "estimated": (
        "Estimate: {calls} calls, about {tokens} tokens{cost}.",
        "预计：{calls} 次调用，约 {tokens} 个 token{cost}。",
    ),
    "used": ("Used so far: {tokens} tokens{cost}.", "已用：{tokens} 个 token{cost}。"),
    "cost": (", cost {cost}", "，费用 {cost}"),
    "budget": ("Budget for all runs together: {limit}.", "所有运行合计的预算：{limit}。"),
    "dry_new": (
        "{name}: a new project of {characters} characters; nothing was made. First come the plan, then its scenes.",
        "{name}：新项目，共 {characters} 字；没有生成任何内容。运行时先规划故事，再逐个生成场景。",
    ),
    "not_planned": (
        "{name}: there are no scenes yet; they are the first thing that is made: scenelog run {target}",
        "{name}：还没有划分场景，运行时首先划分：scenelog run {target}",
    ),
    "cause_complete": ("complete", "已完成"),
    "cause_changed": ("{changed} changed", "{changed}已改变"),
    "cause_changed_kept": ("complete, {changed} changed: kept", "已完成；{changed}已改变，保留"),
    "cause_upstream_again": ("upstream scene regenerated", "上游场景已重新生成"),
    "cause_upstream_again_kept": ("complete, upstream scene regenerated: kept", "已完成；上游场景已重新生成，保留"),
    "cause_waits": ("waits for {upstream}", "等待{upstream}"),
    "cause_after": ("after its {upstream}", "在{upstream}之后"),
    "cause_no_source": ("source missing", "缺少原文"),
    "cause_died": ("the program died {crashes} times in a row while it was made", "生成时程序连续 {crashes} 次崩溃"),
    "cause_again": ("asked for again", "要求重新生成"),
    "cause_unread": ("its answer was received and not yet read", "回答已收到，尚未读取"),
    "cause_failed": ("failed {failures} times, retrying", "已失败 {failures} 次，重试"),
    "cause_interrupted": ("was interrupted", "曾被中断"),
    "cause_new": ("not started", "未开始"),
    "by_hand": (" (edited by hand)", "（手工修改过）"),
    "part_text": ("scene text", "场景原文"),
    "part_upstream": ("upstream scene", "上游场景"),
    "part_stage": ("rules of the stage", "阶段规则"),
    "part_prompt": ("prompt", "提示词"),
    "part_provider": ("provider", "服务方"),
    "part_model": ("model", "模型"),
    "part_style": ("style", "风格"),
    "part_bible": ("world bible", "世界观圣经"),
    "part_other": ("input or settings", "输入或设置"),
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


def called(stage: str) -> str:
    """What a stage is called in the reader's language; one that nobody has a word for by its own name."""
    return say(stage) if stage in WORDS else stage
