"""Where things are: the projects folder, and what the argument STORY|PROJECT means.

Law: a name never leads out of the projects folder; what cannot be a project is refused with what to type instead.
"""

from __future__ import annotations

import os
import stat
import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eventlog.values import frozen
from stages.commands.failures import CommandError
from stages.commands.words import say
from stages.pipeline.text import quoted

if TYPE_CHECKING:
    from collections.abc import Callable

    from stages.pipeline.system import System

LOG = "events.jsonl"
STORY_SUFFIXES = (".txt", ".md", ".markdown", ".text")
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}
_NAME_LIMIT_BYTES = 200


@frozen
class Place:
    """What an argument means: a project folder with its name, and the story file if one was named."""

    folder: Path
    name: str
    story: Path | None = None


def projects_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option --projects."""
    return click.option(
        "--projects",
        envvar="SCENELOG_PROJECTS",
        default="projects",
        show_default=True,
        metavar="DIR",
        help="The folder that holds all projects (or set SCENELOG_PROJECTS).",
    )(command)


def projects_parameter() -> click.Option:
    """The same option for a command that is made elsewhere; its value is asked for with `projects_folder`."""
    option = click.Option(
        ["--projects"],
        envvar="SCENELOG_PROJECTS",
        default="projects",
        show_default=True,
        metavar="DIR",
        help="The folder that holds all projects (or set SCENELOG_PROJECTS).",
        expose_value=False,
        callback=lambda context, _option, value: context.meta.__setitem__("projects", value),
    )
    option.is_eager = True
    return option


def projects_folder() -> str:
    """What --projects of the current command says."""
    return str(click.get_current_context().meta["projects"])


def find(argument: str, projects: str) -> Place:
    """What STORY|PROJECT means; raises CommandError if it is neither."""
    if not argument or "\0" in argument:
        raise CommandError(say("no_name"))
    path = Path(argument)
    if path.is_file() and path.name != LOG:
        if path.suffix.lower() not in STORY_SUFFIXES:
            raise CommandError(say("not_text", path=path))
        name = checked_name(unicodedata.normalize("NFC", path.stem), instead=say("rename_file"))
        return Place(folder=Path(projects) / name, name=name, story=path)
    return find_project(argument, projects)


def find_project(argument: str, projects: str) -> Place:
    """The project an argument names: a folder with a log, its log, or a name under the projects folder."""
    path = Path(argument)
    if path.name == LOG and path.is_file():
        path = path.parent
    is_folder = path.is_dir() and path.resolve() != Path(projects).resolve()
    if is_folder and (_is_project(path) or "/" in argument.rstrip("/")):
        return Place(folder=path, name=path.resolve().name)
    if "/" in argument or argument in (".", ".."):
        raise CommandError(say("no_such_path", path=argument))
    name = unicodedata.normalize("NFC", argument)
    if problem := _wrong_with(name):
        raise CommandError(say("no_such_file_and_bad_name", path=argument[:80], problem=problem))
    if not (Path(projects) / name).is_dir():
        raise CommandError(say("no_such_project", path=argument, projects=projects))
    return Place(folder=Path(projects) / name, name=name)


def _is_project(folder: Path) -> bool:
    return any((folder / name).exists() for name in (LOG, "storyboard_progress.json", "enhancement_progress.json"))


def checked_name(name: str, *, instead: str) -> str:
    """The name, if a project may have it; raises CommandError, with what to do `instead`."""
    if problem := _wrong_with(name):
        raise CommandError(say("bad_name", name=repr(name[:80]), problem=problem, instead=instead))
    return name


def _wrong_with(name: str) -> str:
    """Why a project may not have this name; empty if it may."""
    problem = ""
    if not name.strip():
        problem = say("name_empty")
    elif any(c in '/\\:*?"<>|' or unicodedata.category(c)[0] == "C" for c in name):
        problem = say("name_characters")
    elif name.startswith("."):
        problem = say("name_dot")
    elif name.startswith("-"):
        problem = say("name_dash")
    elif name != name.rstrip(" ."):
        problem = say("name_end")
    elif name.split(".", maxsplit=1)[0].lower() in _RESERVED:
        problem = say("name_reserved")
    elif len(name.encode()) > _NAME_LIMIT_BYTES:
        problem = say("name_long", limit=_NAME_LIMIT_BYTES)
    return problem


def typed(place: Place) -> str:
    """How the project of a place is named in the next command."""
    root = os.environ.get("SCENELOG_PROJECTS") or "projects"
    return quoted(place.name if place.folder == Path(root) / place.name else str(place.folder))


def require_log(place: Place) -> str:
    """The path of the project's log; raises CommandError if there is none."""
    log = place.folder / LOG
    if not log.is_file():
        if old := import_command(place):
            raise CommandError(say("old_files", folder=place.folder, command=old))
        raise CommandError(say("no_log", folder=place.folder, log=LOG))
    return str(log)


def import_command(place: Place) -> str:
    """What is typed to take over the progress files of another program in a folder; empty if there are none."""
    old = [str(found) for found in sorted(place.folder.glob("*_progress.json"))]
    return f"scenelog import {' '.join(map(quoted, old))} --story STORY" if old else ""


def log_path(argument: str) -> str:
    """The log that PROJECT|FILE means in the current command."""
    from stages.commands.failures import explained  # noqa: PLC0415 - only for the commands that look into a log

    if Path(argument).is_file():
        return argument
    with explained():
        return require_log(find_project(argument, projects_folder()))


def real_system() -> System:
    """The machine at hand, with the places where results are rescued to."""
    from stages.commands import VERSION  # noqa: PLC0415
    from stages.pipeline.system import System as Machine  # noqa: PLC0415

    temporary = os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 - the folder in it is private, and checked
    shared = f"{temporary}/scenelog-rescue-{os.getuid()}"
    folders = [f"{state_folder()}/rescue", *([shared] if _may_be_ours(shared) else [])]
    return Machine(rescue_folders=folders, program=f"scenelog {VERSION}")


def state_folder() -> str:
    """Where this system keeps what a program remembers.

    The rule of Linux stands here as well as in the library, which takes as long to load as a log to read.
    """
    named, home = os.environ.get("XDG_STATE_HOME", ""), os.environ.get("HOME", "")
    if sys.platform == "linux" and (named.startswith("/") or home.startswith("/")):
        return str((Path(named) if named.startswith("/") else Path(home, ".local/state")) / "scenelog")
    from platformdirs import user_state_path  # noqa: PLC0415 - see above

    return str(user_state_path("scenelog"))


def _may_be_ours(folder: str) -> bool:
    """Whether a folder where everybody may write is not there yet, or is our own: nobody else's is read or written."""
    try:
        found = Path(folder).lstat()
    except OSError:
        return True
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022
