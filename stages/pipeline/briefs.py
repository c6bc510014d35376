"""What a stage may read to make or to judge a scene, put together from a project, open or only looked at.

Law: pure: a function of the log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from stages.pipeline.contract import Brief
from stages.pipeline.plan import Basis

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stages.pipeline.contract import Scene, Stage
    from stages.pipeline.progress import Progress, Ref
    from stages.pipeline.settings import Settings


class Material(Protocol):
    """A project as far as it can be read."""

    @property
    def progress(self) -> Progress:
        """What happened so far."""

    def content(self, ref: Ref) -> Any:
        """The content of an entry that progress refers to."""

    def scene_text(self, scene: Scene) -> str:
        """The story's text of one scene."""

    def scene_digests(self) -> dict[str, str]:
        """The digest of each scene's text, by scene id."""

    def world_bible(self) -> str:
        """The world bible's text."""

    def result(self, stage: str, scene: Scene) -> str:
        """The finished text of a scene in a stage; empty if there is none."""


def wording_of(wordings: Mapping[str, str], language: str, task: str) -> str:
    """The prompt that stands in for the built-in one of a task; empty if there is none."""
    return wordings.get(f"{language}/{task}", "")


def brief_of(material: Material, stage: Stage, scene: Scene, *, style: str, wordings: Mapping[str, str]) -> Brief:
    """What a stage may read about one scene."""
    language = material.progress.language
    return Brief(
        scene=scene,
        language=language,
        source=material.scene_text(scene),
        world_bible=material.world_bible(),
        style=style,
        upstream=material.result(stage.upstream, scene) if stage.upstream else "",
        wording=wording_of(wordings, language, stage.name),
    )


def bases_of(
    material: Material,
    stages: Sequence[Stage],
    settings: Settings,
    *,
    wordings: Mapping[str, str],
    rerun: bool = False,
) -> list[Basis]:
    """What the steps of each stage have in common today."""
    digests = material.scene_digests()
    return [
        Basis(
            stage=stage,
            settings=settings,
            model=settings.model,
            scene_digests=digests,
            wording=wording_of(wordings, material.progress.language, stage.name),
            rerun=rerun,
        )
        for stage in stages
    ]
