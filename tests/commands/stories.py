"""Stories and servers for the tests of commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stages import prompts

if TYPE_CHECKING:
    from tests.loopback_server import Loopback

SCENES = 4


def paragraph(number: int) -> str:
    """A paragraph that no other scene has."""
    return f"第{number}天，林川走进雨里的街市。“还有灯吗？”他问第{number}个人。那人指了指第{number}盏灯，没有说话。"


STORY = "\n\n".join(paragraph(number) for number in range(1, 3 * SCENES + 1)) + "\n"


def is_storyboard_of(scene: int, asked: str) -> bool:
    """Whether a request asks for the storyboard of this scene (counted from 1)."""
    return prompts.system("storyboard", "zh") in asked and paragraph(3 * scene) in asked


def model(server: Loopback) -> tuple[str, ...]:
    """The options that ask this server."""
    return ("--provider", "openai", "--model", "test-model", "--base-url", server.base_url)
