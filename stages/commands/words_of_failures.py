"""The words people read when something cannot be done, and the table of `status`; the same in both languages.

Law: pure data; each pair names the same values.
"""

from __future__ import annotations

WORDS_OF_FAILURES: dict[str, tuple[str, str]] = {
    "unplanned": (
        (
            "{name}: the story could not be planned, so no scene was made: {problem} What was answered is saved. "
            "Try another model (--model M), or a shorter story: scenelog run {target}"
        ),
        (
            "{name}：故事未能划分场景，还没有生成任何场景：{problem} 已收到的回答都已保存。"
            "请换一个模型（--model M）或缩短故事后再试：scenelog run {target}"
        ),
    ),
    "plan_failed": ("the story could not be planned: {problem}", "故事未能划分场景：{problem}"),
    "interrupted_early": ("interrupted; everything finished is saved", "已中断；已完成的都已保存"),
    "no_scene": (
        "there is no scene {number}: {name} has {total} scenes; name some of these, as in --scenes 1-{total}",
        "没有场景{number}：{name} 共有 {total} 个场景；请写其中的，例如 --scenes 1-{total}",
    ),
    "no_name": (
        "an empty name or one with a NUL is neither a story nor a project",
        "空的名字或含有 NUL 的名字既不是故事也不是项目",
    ),
    "not_text": (
        "{path} is not a .txt or .md file; save the story as one of these",
        "{path} 不是 .txt 或 .md 文件；请把故事另存为其中一种",
    ),
    "no_such_path": (
        "{path}: there is no such story and no such project; see what there is: scenelog status",
        "{path}：没有这个故事，也没有这个项目；查看已有的项目：scenelog status",
    ),
    "no_such_project": (
        (
            "{path}: no such file, and no project of that name in {projects}; "
            "give the path of a .txt or .md story, or see what there is: scenelog status"
        ),
        (
            "{path}：没有这个文件，{projects} 里也没有这个项目；"
            "请写 .txt 或 .md 故事的路径，或查看已有的项目：scenelog status"
        ),
    ),
    "no_such_file_and_bad_name": (
        "{path}: there is no such file, and no project can have that name: {problem}",
        "{path}：没有这个文件，项目也不能用这个名字：{problem}",
    ),
    "bad_name": (
        "{name} cannot be the name of a project: {problem}; {instead}",
        "{name} 不能作为项目名：{problem}；{instead}",
    ),
    "rename_file": ("rename the file", "请给文件改名"),
    "choose_name": ("choose another one with --name", "请用 --name 另取一个"),
    "name_empty": ("it is empty", "它是空的"),
    "name_characters": (
        'it holds one of / \\ : * ? " < > | or a control character',
        '它含有 / \\ : * ? " < > | 之一或控制字符',
    ),
    "name_dot": ("it begins with a dot", "它以点开头"),
    "name_dash": ("it begins with a dash, as options do", "它以横线开头，会被当作选项"),
    "name_end": ("it ends with a dot or a blank", "它以点或空格结尾"),
    "name_reserved": ("some systems keep that name for themselves", "某些系统保留了这个名字"),
    "name_long": ("it has more than {limit} bytes", "它超过 {limit} 个字节"),
    "scenes_unreadable": (
        "'{piece}' is not a scene number or a range; write scenes like 1-5,8",
        "“{piece}”不是场景编号或范围；请写成 1-5,8 这样",
    ),
    "scenes_below": (
        "'{piece}' is not a range of scenes; they are counted from 1",
        "“{piece}”不是场景范围；场景从 1 开始编号",
    ),
    "scenes_backwards": ("'{piece}' runs backwards; write {high}-{low}", "“{piece}”前后颠倒；请写 {high}-{low}"),
    "scenes_beyond": (
        "'{piece}' is more than a story has: no scene is above {limit}",
        "“{piece}”超出了故事可能的场景数：编号不超过 {limit}",
    ),
    "waiting": ("{why}; going on in {seconds} s", "{why}；{seconds} 秒后继续"),
    "no_stage": ("there is no stage {name}; there are {known}", "没有阶段 {name}；有 {known}"),
    "needs_story": (
        "--update-source needs the story's file: name that, not the project",
        "--update-source 需要故事文件：请写故事文件，而不是项目",
    ),
    "imported": (
        "{name}: imported; go on with: scenelog run {target}",
        "{name}：已接管；继续请运行：scenelog run {target}",
    ),
    "story_changed": (
        (
            "{path} is not the story that {name} was made from: {then} characters then, {now} now; the first "
            "difference is in line {line}: {was} became {became}. "
            "See what that changes: scenelog plan {story} --update-source. "
            "Take it in: scenelog run {story} --update-source. Go on with the old text: scenelog run {target}"
        ),
        (
            "{path} 已不是生成 {name} 时的故事：当时 {then} 字，现在 {now} 字；"
            "第一处不同在第 {line} 行：{was} 变成了 {became}。"
            "查看影响：scenelog plan {story} --update-source。收入改动：scenelog run {story} --update-source。"
            "继续用旧文本：scenelog run {target}"
        ),
    ),
    "old_files": (
        "{folder} holds progress files of another program and no log; take them over: {command}",
        "{folder} 里有另一个程序的进度文件，没有日志；接管它们：{command}",
    ),
    "no_log": (
        "{folder} has no {log}: nothing was made there yet; start with: scenelog run STORY",
        "{folder} 里没有 {log}：还没有生成过任何东西；请先运行：scenelog run 故事文件",
    ),
    "not_there": (
        "there is nothing at that path: check how it is written",
        "这个路径不存在：请检查写法",
    ),
    "is_a_file": (
        "a part of that path is a file and no folder: name another folder",
        "路径中的一段是文件而不是文件夹：请换一个文件夹",
    ),
    "is_a_folder": ("that is a folder: name a file", "那是一个文件夹：请写一个文件"),
    "no_projects": (
        "{projects}: there are no projects yet; begin one with: scenelog run STORY",
        "{projects}：还没有项目；请先运行：scenelog run 故事文件",
    ),
    "projects_is_file": (
        "{projects} is a file, and no folder of projects; name another with --projects",
        "{projects} 是文件，不是存放项目的文件夹；请用 --projects 另写一个",
    ),
    "status_project": ("project", "项目"),
    "status_state": ("state", "状态"),
    "state_new": ("new", "新建"),
    "state_running": ("running", "运行中"),
    "state_complete": ("complete", "完成"),
    "state_failed": ("failed", "有失败"),
    "state_unfinished": ("unfinished", "未完成"),
    "state_damaged": ("damaged", "日志损坏"),
    "state_newer": ("newer", "更新版本"),
    "state_old": ("old files", "旧进度文件"),
    "done_of": ("{done}/{total} done", "完成 {done}/{total}"),
    "done_failed": (", {failed} failed", "，失败 {failed}"),
    "done_left": (", {remaining} left", "，剩余 {remaining}"),
    "status_rescued": (
        "results rescued in {path}; take them in with: scenelog run {target}",
        "有结果暂存在 {path}；收回请运行：scenelog run {target}",
    ),
    "status_damage": (
        "{damage}; look at it with: scenelog log verify {target}",
        "{damage}；查看：scenelog log verify {target}",
    ),
    "status_source": (
        "source missing for {count} scenes; add the story with: scenelog import --story STORY --name {target}",
        "{count} 个场景缺少原文；请补上：scenelog import --story 故事文件 --name {target}",
    ),
    "status_go_on": ("go on with: scenelog run {target}", "继续请运行：scenelog run {target}"),
    "status_old": ("take over the old progress files: {command}", "接管旧进度文件：{command}"),
    "retry_unplanned": (
        "{name}: there are no scenes yet, so none failed; make them: scenelog run {target}",
        "{name}：还没有划分场景，也就没有失败的场景；请运行：scenelog run {target}",
    ),
}
