"""Prompts of one's own: files that stand in for the built-in prompts, read and checked before any call.

Law: a file that cannot be used stops the run with its path, its line and what to do; one that somebody edited is never
replaced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from eventlog.files import folder_of, make_dirs_durably, read_file, replace_durably
from stages.pipeline.contract import Language, Task
from stages.prompts import built_in
from stages.prompts.checking import problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from eventlog.files import Files

LANGUAGES: tuple[Language, ...] = get_args(Language)
TASKS: tuple[Task, ...] = get_args(Task)
_TOLD = 5


class PromptError(ValueError):
    """A prompt of one's own cannot be used; the message says where, what and what to do."""


def load_wordings(files: Files, folders: Sequence[str]) -> Mapping[str, str]:
    """The texts of all prompts of one's own by `<language>/<task>`; later folders win.

    Raises PromptError and OSError.
    """
    return {key: text for folder in folders for key, text in _load(files, folder)}


def _load(files: Files, folder: str) -> Iterator[tuple[str, str]]:
    for language in LANGUAGES:
        place = files.stat(f"{folder}/{language}")
        for name in sorted(files.list_dir(f"{folder}/{language}")) if place is not None and place.is_dir else []:
            if not name.endswith(".md"):
                continue
            path = f"{folder}/{language}/{name}"
            task = next((task for task in TASKS if name == f"{task}.md"), None)
            if task is None:
                raise PromptError(f"{path}: there is no prompt of that name; there are {', '.join(TASKS)}; rename it")
            yield f"{language}/{task}", _checked(path, task, read_file(files, path) or b"")


def _checked(path: str, task: Task, data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise PromptError(
            f"{path} is not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8"
        ) from None
    wrong = problems(task, text)
    if wrong:
        told = "; ".join(f"line {line}: {sentence}" for line, sentence in wrong[:_TOLD])
        more = f"; and {len(wrong) - _TOLD} more" if len(wrong) > _TOLD else ""
        raise PromptError(f"{path}: {told}{more}. Correct it, or delete the file to use the built-in prompt")
    return text


def eject(files: Files, folder: str, languages: Sequence[Language]) -> Iterator[tuple[str, str]]:
    """Write the built-in prompts to a folder; each path with what was done: `written`, `same`, or `kept` if edited.

    Raises OSError.
    """
    for language in languages:
        for task in TASKS:
            path = f"{folder}/{language}/{task}.md"
            text = built_in(task, language).encode()
            there = read_file(files, path)
            if there is None:
                make_dirs_durably(files, folder_of(path))
                replace_durably(files, path, text)
                yield path, "written"
            else:
                yield path, "same" if there.replace(b"\r\n", b"\n") == text else "kept"
