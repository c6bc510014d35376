"""What is written for a project as it grows: the log and the progress files, against the old program's rewrites."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bench.disk import CountingFiles
from bench.generate import project, script, step
from bench.result import Figure, Result
from stages.pipeline.project import LOG, Project
from stages.pipeline.projecting import Projecting
from stages.pipeline.system import System

if TYPE_CHECKING:
    from pathlib import Path

    from bench.result import Cell, Setting

NAME = "growth"


def measure(setting: Setting) -> Result:
    """Finish N scenes one after another and count the bytes; nothing is timed, so nothing is noisy."""
    sizes = (1, 12, 100, 1000) if setting.is_quick else (1, 12, 100, 1000, 5000)
    rows: list[list[Cell]] = []
    for scenes in sizes:
        setting.note(f"growth: {scenes:,} scenes")
        log, progress, files = written(setting.place(f"{NAME}-{scenes}"), scenes)
        rows.append(
            [scenes, log / 1e6, (log + progress) / log, (log + progress + files) / log, old_program(scenes) / log]
        )
    return Result(
        name=NAME,
        title="Bytes written for N scenes of 2.4 KB, over the size of the log",
        columns=("scenes", "log MB", "log + progress files", "with scene files", "the old program"),
        rows=rows,
        axes=("scenes", "bytes written / bytes of the log"),
        lines={
            "scenelog": [(float(row[0]), float(row[2])) for row in rows],
            "the old program": [(float(row[0]), float(row[4])) for row in rows],
        },
        figures=(
            Figure(
                what=f"bytes written for log and progress files, over the log, up to {sizes[-1]:,} scenes",
                what_zh=f"日志与进度文件的写入量，与日志大小相比，至 {sizes[-1]:,} 个场景",
                value=max(float(row[2]) for row in rows),
                limit=12,
            ),
        ),
    )


def written(folder: Path, scenes: int) -> tuple[int, int, int]:
    """The bytes that a project in a new folder writes to its log, to the progress files, and to the files of scenes."""
    files = CountingFiles()
    project(folder, scenes=scenes, done=0, files=files)
    with Project.open(str(folder), System(files=files)) as made:
        projecting = Projecting(made, lambda _: None)
        for number, scene in enumerate(made.progress.scenes, 1):
            made.log.append_many(step("storyboard", number, script(number)))
            projecting.scene_done("storyboard", scene)
        projecting.finish_run(["storyboard"])
    log = files.written[str(folder.resolve() / LOG)]
    progress = files.written[f"{folder}/storyboard_progress.json"]
    own = sum(size for path, size in files.written.items() if "/scene_" in path)
    return log, progress, own


def old_program(scenes: int) -> int:
    """How many bytes the old program wrote: after each scene all results so far, indented."""
    sizes = [len(json.dumps({"script": script(at)}, ensure_ascii=False, indent=2).encode()) for at in range(scenes)]
    return sum(size * (scenes - at) for at, size in enumerate(sizes))
