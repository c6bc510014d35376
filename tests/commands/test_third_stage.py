"""To add a stage is one file and one line: everything else follows from what the stage says of itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from stages.enhancement import Enhancement
from stages.pipeline.contract import Draft
from tests.commands.stories import SCENES, STORY
from tests.program import files_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from stages.pipeline.contract import Brief, Language, Request
    from tests.program import Program


class Prop:
    """A third stage: it lists what is needed for a scene."""

    name = "props"
    version = 1
    upstream = "enhancement"

    def prompt_digest(self, _language: Language, _wording: str = "") -> str:
        """It has one prompt."""
        return "props"

    def request(self, brief: Brief, missing: Sequence[str] = ()) -> Request:
        """Ask what the enhancement asks: the answer is another one only in what it is for."""
        return Enhancement().request(brief, missing)

    def read(self, _brief: Brief, text: str) -> Draft:
        """Anything goes."""
        return Draft(text=text.strip() + "\n")


def test_a_third_stage_needs_one_file_and_one_line(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    from stages import registry  # noqa: PLC0415 - the line that is added
    from stages.commands import conduct, status  # noqa: PLC0415 - and who has read it already

    stages = (*registry.STAGES, Prop())
    monkeypatch.setattr(registry, "STAGES", stages)
    monkeypatch.setattr(conduct, "STAGES", stages)
    if hasattr(status, "STAGES"):
        monkeypatch.setattr(status, "STAGES", stages)
    story = program.story("s.txt", STORY)
    program("run", story, "--scenes", "1")
    progress = json.loads((program.project("s") / "props_progress.json").read_bytes())
    assert len(progress["props_results"]) == 1
    assert progress["props_results"][0]["props_result"]
    program("run", story)
    made = files_of(program.project("s"))
    assert "props_progress.json" not in made
    assert len(json.loads(made["output/props.json"])["scenes"]) == SCENES
    assert "props/scene_004.md" in made
    program("run", story)
    assert files_of(program.project("s")) == made
