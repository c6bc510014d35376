"""What a person is writing for a scene, in a file of its own until the log has it.

Law: the file is there before the editor opens it and goes only after the edit is acknowledged: nothing typed is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventlog.files import folder_of, make_dirs_durably, read_file, replace_durably

if TYPE_CHECKING:
    from eventlog.files import Files

SIZE_LIMIT_BYTES = 10 * 1024 * 1024


class DraftError(ValueError):
    """A text cannot be taken as a result; the message says why and what to do."""


def draft_path(folder: str, stage: str, number: int) -> str:
    """Where the text for a scene (1-based number) stands while somebody is writing it."""
    return f"{folder}/edits/{stage}_scene_{number:03d}.md"


def read_draft(files: Files, path: str) -> str | None:
    """The text of a file, None if there is none; raises DraftError and OSError."""
    data = read_file(files, path)
    if data is None:
        return None
    if len(data) > SIZE_LIMIT_BYTES:
        raise DraftError(f"{path} has more than {SIZE_LIMIT_BYTES // 1024**2} MiB; that is not one scene")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise DraftError(f"{path} is not UTF-8 text (at byte {error.start}); save it as UTF-8") from None


def write_draft(files: Files, path: str, text: str) -> None:
    """Put a text where the editor finds it; raises OSError."""
    make_dirs_durably(files, folder_of(path))
    replace_durably(files, path, text.encode())


def remove_draft(files: Files, path: str) -> None:
    """Remove the file of a text that the log has; raises OSError."""
    if files.stat(path) is not None:
        files.remove(path)
        files.sync_dir(folder_of(path))
