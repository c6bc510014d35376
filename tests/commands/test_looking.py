"""Every command that only looks: beside a running writer, read-only, on a damaged log, into a pipe.

Law: the files are compared before and after, with their times; what could act on a terminal is looked for.
"""

from __future__ import annotations

import json
import shlex
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eventlog import EventLog
from eventlog.files import RealFiles
from tests.commands.stories import STORY
from tests.eventlog.test_tool import EVIL, as_nobody, in_shell
from tests.program import files_of
from tests.stages.told import Told, scenes

if TYPE_CHECKING:
    from tests.program import Program

# What is typed after `scenelog log`, and the exit code on a log with a damaged line in its middle.
LOOKS = {
    "show": (("show", "s"), 11),
    "show the end": (("show", "s", "--reverse", "--limit", "3"), 0),
    "verify": (("verify", "s"), 11),
    "verify deeply": (("verify", "s", "--deep", "--json"), 11),
    "repair": (("repair", "s"), 11),
    "replay": (("replay", "s"), 11),
    "replay steps": (("replay", "s", "--step"), 11),
    "a progress file": (("replay", "s", "--file", "storyboard_progress.json"), 11),
    "diff": (("diff", "s", "--from", "3"), 11),
    "stats": (("stats", "s"), 11),
    "export": (("export", "s", "--format", "csv"), 11),
    "why": (("why", "s", "1"), 11),
    "doctor": (("doctor", "s"), 0),
}
EACH = pytest.mark.parametrize("look", LOOKS)


def project(program: Program) -> Path:
    program("run", program.story("s.txt", STORY), "--scenes", "1-2")
    return program.project("s")


def state_of(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {str(at): (at.read_bytes(), at.stat().st_mtime_ns) for at in sorted(folder.rglob("*")) if at.is_file()}


@EACH
def test_looking_takes_no_lock_and_changes_nothing_beside_a_running_writer(
    program: Program, look: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project(program)
    with EventLog.open(str(folder / "events.jsonl")):
        before = state_of(folder)
        monkeypatch.setattr(RealFiles, "lock", lambda *_: pytest.fail("a lock was taken"))
        assert program("log", *LOOKS[look][0]).stderr == ""
        assert state_of(folder) == before


@EACH
def test_looking_works_where_nothing_may_be_written(
    program: Program, look: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project(program)
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        monkeypatch.setenv("XDG_CONFIG_HOME", name)
        there = Path(name) / "s"
        there.mkdir()
        for path, data in files_of(folder).items():
            (there / path).parent.mkdir(exist_ok=True)
            (there / path).write_bytes(data)
        for each in [*there.rglob("*"), there, Path(name)]:
            each.chmod(0o555 if each.is_dir() else 0o444)
        before = state_of(there)
        with as_nobody():
            arguments = [name + "/s" if word == "s" else word for word in LOOKS[look][0]]
            result = program("log", *arguments, code=int(look == "doctor"))
        assert state_of(there) == before
        if look == "doctor":
            assert "problem  permissions" in result.output


@EACH
def test_looking_at_a_damaged_log_shows_what_is_good_and_marks_what_is_not(program: Program, look: str) -> None:
    folder = project(program)
    path = folder / "events.jsonl"
    lines = path.read_bytes().split(b"\n")
    at = next(n for n, line in enumerate(lines) if b'"answer.received"' in line and b"storyboard/s0001" in line)
    lines[at] = lines[at].replace(b"text", b"teyt", 1)
    path.write_bytes(b"\n".join(lines))
    before = state_of(folder)
    arguments, code = LOOKS[look]
    code = 1 if look == "a progress file" else code  # there was no finished scene in the good part
    result = program("log", *arguments, code=code)
    assert state_of(folder) == before
    if code == 11:
        assert "corrupt" in result.output
        assert look == "verify" or result.stdout
    if code == 1:
        assert "there was none yet" in result.stderr


@EACH
def test_a_reader_that_went_away_hears_nothing_and_a_pipe_has_no_colours(program: Program, look: str) -> None:
    project(program)
    ours = f"{shlex.quote(sys.executable)} -m cli log {shlex.join(LOOKS[look][0])}"
    environment = {**program.environment, "FORCE_COLOR": "1", "CLICOLOR_FORCE": "1"}
    for reader in ("head -c 1", "true"):
        assert in_shell(f"{ours} | {reader}", cwd=program.here, env=environment).stderr == b""
    assert b"\x1b" not in in_shell(f"{ours} | cat", cwd=program.here, env=environment).stdout


def test_what_a_model_or_a_file_says_has_no_power_over_the_terminal_and_is_no_markup(program: Program) -> None:
    folder = program.project("s")
    folder.mkdir(parents=True)
    said = f"[bold]{EVIL}[/bold]"
    log = Told()
    log.story("正文" * 5, scenes(1, title=said), name=said)
    log.complete("storyboard/s0001", said)
    log.fail("enhancement/s0001", message=said, kind=f"x{EVIL}")
    with EventLog.open(str(folder / "events.jsonl")) as writer:
        for entry in log.entries:
            writer.append_many([entry.to_event()])
    texts = ("show", "replay", "replay steps", "diff", "stats", "why", "doctor")
    for look in texts:
        shown = program("log", *LOOKS[look][0]).output
        assert {c for c in shown if not c.isprintable()} <= {"\n", "\t"}, look
    for look in ("replay", "why"):
        assert "[bold]灯redevil end[/bold]" in program("log", *LOOKS[look][0]).output
    told = json.loads(program("log", "why", "s", 1, "--json").output)
    assert told["title"] == said


def test_a_log_is_named_by_its_project_its_folder_or_its_file(program: Program) -> None:
    project(program)
    shown = [program("log", "stats", name, "--json").output for name in ("s", "projects/s", "projects/s/events.jsonl")]
    assert len(set(shown)) == 1
