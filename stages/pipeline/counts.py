"""How far each stage is, in scenes.

Law: pure; all it needs is progress and the stages' names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventlog.values import frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stages.pipeline.contract import Stage
    from stages.pipeline.progress import Progress


@frozen
class StageCount:
    """How far one stage is, in scenes."""

    name: str
    total: int
    done: int
    failed: int

    @property
    def remaining(self) -> int:
        """Scenes neither done nor failed."""
        return self.total - self.done - self.failed


def count(progress: Progress, stages: Sequence[Stage]) -> list[StageCount]:
    """How far each stage is."""
    counts = []
    for stage in stages:
        steps = [progress.step(stage.name, scene.id) for scene in progress.scenes]
        done = sum(step.is_done for step in steps)
        failed = sum(not step.is_done and step.failure is not None for step in steps)
        counts.append(StageCount(name=stage.name, total=len(steps), done=done, failed=failed))
    return counts
