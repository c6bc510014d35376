"""The old program: after every scene, all results so far are written again into one JSON file."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from bench import events
from bench.harness import Contender

if TYPE_CHECKING:
    from pathlib import Path

FINISHED = 100


def contenders(place: Path) -> list[Contender]:
    """One save when 100 scenes are finished, as it was and with an fsync."""
    return [_rewrites(place, is_durable=True), _rewrites(place, is_durable=False)]


def _rewrites(place: Path, *, is_durable: bool) -> Contender:
    pool, path = events.payloads(), place / f"old-{is_durable}.json"
    results = [{"scene_index": at, "storyboard_script": pool[at % len(pool)]} for at in range(FINISHED)]

    def act(number: int) -> None:
        results[number % FINISHED]["storyboard_script"] = pool[number % len(pool)]
        with path.open("w", encoding="utf-8") as file:
            json.dump({"results": results}, file, ensure_ascii=False, indent=2)
            if is_durable:
                file.flush()
                os.fsync(file.fileno())

    name = f"the old program, {FINISHED} scenes{', with fsync' if is_durable else ''}"
    return Contender(name=name, act=act, is_durable=is_durable)
