"""The progress files of the program before, put away once the log holds what they say.

Law: a file goes to imported/ only after progress.imported is acknowledged, and takes nobody's place there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eventlog.files import make_dirs_durably, read_file
from stages.pipeline.imported import FILE_NAMES, parse_progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventlog.files import Files

FOLDER = "imported"


def put_away(files: Files, folder: str, names: Sequence[str]) -> None:
    """Move files of the project folder to imported/; raises OSError."""
    if not names:
        return
    target = f"{folder}/{FOLDER}"
    make_dirs_durably(files, target)
    for name in names:
        place, number = f"{target}/{name}", 1
        while files.stat(place) is not None:
            number += 1
            place = f"{target}/{number}-{name}"
        files.rename(f"{folder}/{name}", place)
    files.sync_dir(target)
    files.sync_dir(folder)


def taken_over(files: Files, folder: str, content: dict[str, Any]) -> list[str]:
    """The progress files in the folder that say exactly what was imported: a crash kept them from being put away."""
    found = []
    for stage, name in FILE_NAMES.items():
        data = read_file(files, f"{folder}/{name}")
        try:
            is_original = data is not None and parse_progress(name, data) == (stage, content.get(stage))
        except ValueError:
            is_original = False
        if is_original:
            found.append(name)
    return found
