"""The enhancement stage: a scene's script becomes one enhanced picture description per shot, ready for an image model.

Law: pure. What descriptions must be to pass is said in stages/pipeline/descriptions.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stages.pipeline.contract import Brief, Draft, Language, Request


class Enhancement:
    """The second stage."""

    name = "enhancement"
    version = 1
    upstream: str | None = "storyboard"

    def prompt_digest(self, language: Language, wording: str = "") -> str:
        """Which prompt is in use."""
        from stages.prompts import digest  # noqa: PLC0415 - who only asks how far a stage is makes nothing

        return digest("enhancement", language, wording)

    def request(self, brief: Brief, missing: Sequence[str] = ()) -> Request:
        """Ask for the scene's picture descriptions."""
        from stages.pipeline.contract import Request  # noqa: PLC0415 - as above
        from stages.prompts import messages  # noqa: PLC0415

        inputs: Mapping[str, Any] = {
            "title": brief.scene.title,
            "number": brief.scene.number,
            "script": brief.upstream,
            "characters": list(brief.scene.characters),
            "bible": brief.world_bible,
            "style": brief.style,
            "missing": list(missing),
        }
        return Request(
            task="enhancement",
            language=brief.language,
            messages=messages("enhancement", brief.language, inputs, brief.wording),
            inputs=inputs,
        )

    def read(self, brief: Brief, text: str) -> Draft:
        """Read the descriptions and check them against the script's shots."""
        from stages.pipeline.answers import result_text  # noqa: PLC0415 - as above
        from stages.pipeline.checks import check_language  # noqa: PLC0415
        from stages.pipeline.contract import Draft  # noqa: PLC0415
        from stages.pipeline.descriptions import describe, violations  # noqa: PLC0415
        from stages.pipeline.script import Shot, parse  # noqa: PLC0415

        answer = result_text(text)
        shots = parse(brief.upstream) or [Shot(number=1)]
        described = describe(answer)
        remarks = check_language(brief, (body for _, body in described))
        return Draft(text=answer, violations=violations(brief, described, shots), remarks=remarks)
