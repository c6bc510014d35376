"""The storyboard stage: a scene's text becomes a professional script, shot by shot.

Law: pure. What a script must be to pass is said in stages/pipeline/checks.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stages.pipeline.contract import Brief, Draft, Language, Request


class Storyboard:
    """The first stage."""

    name = "storyboard"
    version = 1
    upstream: str | None = None

    def prompt_digest(self, language: Language, wording: str = "") -> str:
        """Which prompt is in use."""
        from stages.prompts import digest  # noqa: PLC0415 - who only asks how far a stage is makes nothing

        return digest("storyboard", language, wording)

    def request(self, brief: Brief, missing: Sequence[str] = ()) -> Request:
        """Ask for the scene's script."""
        from stages.pipeline.contract import Request  # noqa: PLC0415 - as above
        from stages.prompts import messages  # noqa: PLC0415

        inputs: Mapping[str, Any] = {
            "title": brief.scene.title,
            "number": brief.scene.number,
            "text": brief.source,
            "characters": list(brief.scene.characters),
            "bible": brief.world_bible,
            "style": brief.style,
            "missing": list(missing),
        }
        return Request(
            task="storyboard",
            language=brief.language,
            messages=messages("storyboard", brief.language, inputs, brief.wording),
            inputs=inputs,
        )

    def read(self, brief: Brief, text: str) -> Draft:
        """Read a script and check it against the scene."""
        from stages.pipeline.answers import result_text  # noqa: PLC0415 - as above
        from stages.pipeline.checks import no_shots, remarks, violations  # noqa: PLC0415
        from stages.pipeline.contract import Draft  # noqa: PLC0415
        from stages.pipeline.script import in_order, parse  # noqa: PLC0415

        script = result_text(text)
        shots = in_order(parse(script))
        if not shots:
            return Draft(text=script, violations=[no_shots(brief)])
        return Draft(text=script, violations=violations(brief, shots), remarks=remarks(brief, shots))
