"""The events that are measured: mixed Chinese and English storyboard text of 2.5 KB, the same in every run."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

ITEMS = 1000
_CHINESE = (
    "夜色海面灯塔女孩转身凝视远方镜头缓慢推进雨水落在玻璃窗上城市霓虹倒影老人低声说道我们必须在天亮之前离开这里"
    "风吹动窗帘音乐渐弱画面切换到空旷的街道红色汽车驶过留下尾灯光轨主角握紧手中的旧照片眼神坚定背景虚化暖色调柔和侧光"
)
_ENGLISH = (
    "wide shot of a lighthouse at dusk, soft rim light, fog, shallow depth of field, slow dolly in; she turns to the "
    "camera, rain on glass, neon reflections, film grain, muted teal, red scarf, silver pendant "
)
_POOL = 64


@cache
def payloads() -> list[dict[str, Any]]:
    """So many different contents of an event, about 2.4 KB of JSON each."""
    return [_payload(number) for number in range(_POOL)]


def _payload(number: int) -> dict[str, Any]:
    chance = random.Random(number)  # noqa: S311 - text, not a secret

    def chinese(length: int) -> str:
        return "".join(chance.choice(_CHINESE) for _ in range(length))

    def english(words: int) -> str:
        begin = chance.randrange(len(_ENGLISH))
        return (_ENGLISH[begin:] + _ENGLISH * 3)[: 6 * words]

    return {
        "title": chinese(12),
        "description": chinese(170),
        "prompt": english(70),
        "dialogue": [{"role": chinese(2), "text": chinese(24), "at": chance.random() * 10} for _ in range(3)],
        "shots": [{"shot": at, "camera": english(5), "action": chinese(40), "seconds": 2.5} for at in range(4)],
        "usage": {"prompt_tokens": chance.randint(500, 3000), "completion_tokens": chance.randint(200, 1500)},
    }


def text(number: int, size_bytes: int = 2400) -> str:
    """A result of so many bytes, as a stage would give it."""
    chance = random.Random(number)  # noqa: S311 - text, not a secret
    return "".join(chance.choice(_CHINESE) for _ in range(size_bytes // 3))


def subject(number: int) -> str:
    """What the event with this number is about: one of 1,000 items."""
    return f"item/{number % ITEMS:04d}"
