"""`scenelog log doctor`: what stands in the way, told from what is really there; nothing is changed by asking."""

from __future__ import annotations

import json
import tempfile
import threading
from collections import namedtuple
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from eventlog import EventLog
from eventlog.files import RealFiles
from stages.commands import health
from tests.commands.stories import STORY
from tests.eventlog.test_tool import as_nobody
from tests.loopback_server import loopback
from tests.program import files_of

if TYPE_CHECKING:
    from tests.program import Program

Mount = namedtuple("Mount", "mountpoint fstype")  # noqa: PYI024 - what psutil gives, as far as it is read
Usage = namedtuple("Usage", "free")  # noqa: PYI024 - what shutil gives, as far as it is read
KEY = "sk-0123456789-secret"


def checks(program: Program, *arguments: object, code: int = 0) -> dict[str, dict[str, Any]]:
    found = json.loads(program("log", "doctor", *arguments, "--json", code=code).output)["checks"]
    assert len({check["name"] for check in found}) == len(found)
    return {check["name"]: check for check in found}


def project(program: Program) -> Path:
    program("run", program.story("人生.txt", STORY), "--scenes", "1", "--stage", "storyboard")
    return program.project("人生")


def test_a_healthy_project_has_nothing_to_note_and_not_a_byte_is_changed(program: Program) -> None:
    folder = project(program)
    before = {path: path.stat().st_mtime_ns for path in [folder, *folder.rglob("*")]}
    contents = files_of(folder)
    found = checks(program, "人生")
    assert list(found) == [
        "versions",
        "clock",
        "space",
        "file system",
        "permissions",
        "sync",
        "lock",
        "log",
        "quarantine",
        "rescue files",
    ]
    assert {check["state"] for name, check in found.items() if name not in ("sync", "file system", "space")} == {"ok"}
    assert files_of(folder) == contents
    assert {path: path.stat().st_mtime_ns for path in [folder, *folder.rglob("*")]} == before


def test_without_a_project_the_machine_is_looked_at(program: Program) -> None:
    found = checks(program)
    assert list(found) == ["versions", "clock", "space", "file system", "permissions", "sync", "rescue files"]
    assert len(program("log", "doctor").output.splitlines()) == len(found)


def test_the_holder_of_the_lock_is_named(program: Program) -> None:
    folder = project(program)
    with EventLog.open(str(folder / "events.jsonl")):
        assert "being written by pid " in checks(program, "人生")["lock"]["message"]


def test_what_an_accident_left_behind_is_noted_with_what_to_do(program: Program) -> None:
    folder = project(program)
    with (folder / "events.jsonl").open("ab") as log:
        log.write(b'{"seq":')
    found = checks(program, "人生")
    assert (found["log"]["state"], found["log"]["next"]) == ("note", "scenelog log verify 人生")
    program("run", "人生", "--scenes", "1", "--stage", "storyboard")
    (folder / "events.salvaged.jsonl").touch()
    (folder / "storyboard_progress.json.new").touch()
    rescue = Path.home() / "state/scenelog/rescue"
    rescue.mkdir(parents=True)
    with EventLog.open(str(folder / "events.jsonl")) as log_:
        (rescue / f"{log_.id}.run.jsonl").touch()
    (rescue / "another.run.jsonl").touch()
    found = checks(program, "人生")
    assert found["quarantine"]["message"].startswith("1 file, 7 bytes, the newest of 20")
    assert found["salvage"]["next"] == "scenelog log repair 人生"
    assert "storyboard_progress.json.new" in found["temporary files"]["message"]
    assert "another" not in found["rescue files"]["message"]
    assert found["rescue files"]["next"] == "scenelog run 人生"
    assert "another.run.jsonl" in checks(program)["rescue files"]["message"]


@pytest.mark.parametrize(
    ("kind", "state"),
    [("ext4", "ok"), ("nfs4", "problem"), ("fuse.sshfs", "problem"), ("cifs", "problem"), ("tmpfs", "note")],
)
def test_the_kind_of_file_system_is_told_and_a_network_is_a_problem(
    program: Program, kind: str, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = [Mount("/", "ext4"), Mount(str(program.here), kind), Mount("/elsewhere", "nfs")]
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_all: mounts)
    found = checks(program, code=int(state == "problem"))["file system"]
    assert (found["state"], kind in found["message"]) == (state, True)


@pytest.mark.parametrize(("free", "state"), [(2**20, "problem"), (2**28, "note"), (2**34, "ok")])
def test_a_full_disk_is_a_problem(program: Program, free: int, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: Usage(free))
    assert checks(program, code=int(state == "problem"))["space"]["state"] == state


def test_a_folder_that_cannot_be_written_is_a_problem(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_arguments: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(RealFiles, "append", refused)
    found = checks(program, code=1)
    assert (found["permissions"]["state"], found["sync"]["state"]) == ("problem", "note")
    assert "ls -la" in found["permissions"]["next"]


@pytest.mark.parametrize(
    ("took_ms", "kind", "state"), [(0.001, "ext4", "note"), (0.001, "tmpfs", "ok"), (3, "ext4", "ok")]
)
def test_a_sync_too_quick_for_a_disk_is_noted(took_ms: float, kind: str, state: str) -> None:
    assert health._sync(took_ms, kind).state == state  # noqa: SLF001 - a disk that lies cannot be had at will


def test_a_clock_before_the_newest_entry_is_noted(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    project(program)
    now = datetime.now(tz=UTC)
    assert health.clock(now, now - timedelta(days=1)).state == "ok"
    monkeypatch.setattr("stages.pipeline.system.System.now", lambda _self: now - timedelta(days=1))
    found = checks(program, "人生")["clock"]
    assert (found["state"], "before the newest entry" in found["message"]) == ("note", True)
    assert health.clock(datetime(1970, 1, 2, tzinfo=UTC)).state == "note"


def test_the_provider_is_asked_only_when_it_is_asked_for(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks(program, "--provider")["provider"]["message"] == "offline: it needs no network"
    monkeypatch.setenv("SCENELOG_PROVIDER", "openai")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with loopback() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        assert "provider" not in checks(program)
        found = checks(program, "--provider")["provider"]
        assert (found["state"], "answers after" in found["message"]) == ("ok", True)
    found = checks(program, "--provider", code=1)["provider"]
    assert "cannot be reached" in found["message"]
    monkeypatch.setenv("OPENAI_BASE_URL", f"nowhere://{KEY}@x")
    assert KEY not in program("log", "doctor", "--provider", code=1).output


class Guarded(BaseHTTPRequestHandler):
    """A server that answers only with the key."""

    def do_GET(self) -> None:
        """Answer, or refuse."""
        self.send_response(200 if self.headers["Authorization"] == f"Bearer {KEY}" else 401)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


def test_a_key_that_is_refused_is_a_problem_and_the_right_one_is_sent(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCENELOG_PROVIDER", "openai")
    with ThreadingHTTPServer(("127.0.0.1", 0), Guarded) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        assert checks(program, "--provider")["provider"]["state"] == "ok"
        monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}x")
        assert "refuses the key" in checks(program, "--provider", code=1)["provider"]["message"]
        server.shutdown()


def test_a_log_that_belongs_to_somebody_else_is_a_problem(program: Program) -> None:
    project(program)
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        there = Path(name)
        log = there / "events.jsonl"
        log.write_bytes((program.project("人生") / "events.jsonl").read_bytes())
        log.chmod(0o444)
        there.chmod(0o777)
        with as_nobody():
            found = checks(program, name, code=1)
    assert "events.jsonl" in found["permissions"]["message"]


def test_a_project_that_is_none_is_one_plain_line(program: Program) -> None:
    assert program("log", "doctor", "nothing", code=1).output.count("\n") == 1
