"""A story that changed, shown scene by scene: what is unchanged, moved, edited, new or gone.

Law: pure but for the printing; the words are the reader's, the titles are the story's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eventlog.tool.text import clean
from stages.commands.words import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from stages.pipeline.revision import Change, Revision

_MARKS = {"unchanged": "=", "moved": ">", "edited": "~", "new": "+", "gone": "-"}


def show_changes(revision: Revision, tell: Callable[[str], None]) -> None:
    """Tell what became of each scene, and how many there are of each kind."""
    for change in revision.changes:
        tell(clean(f"{_MARKS[change.kind]} {_line(change)}"))
    counts = {kind: sum(change.kind == kind for change in revision.changes) for kind in _MARKS}
    tell(say("changes", total=len(revision.scenes), **counts))


def _line(change: Change) -> str:
    scene = f"{say('scene', number=change.scene.number)} {change.scene.title}"
    former = say("former_number", number=change.was + 1) if change.was not in (-1, change.scene.index) else ""
    said = say(f"change_{change.kind}", percent=round(100 * change.alike))
    return f"{scene}{former}: {said}"


def told_changes(revision: Revision) -> list[dict[str, Any]]:
    """The same for a script."""
    return [
        {
            "change": change.kind,
            "scene_id": change.scene.id,
            "scene_index": change.scene.index if change.kind != "gone" else None,
            "former_index": change.was if change.was >= 0 else None,
            "scene_title": change.scene.title,
            "alike": change.alike if change.kind == "edited" else None,
        }
        for change in revision.changes
    ]
