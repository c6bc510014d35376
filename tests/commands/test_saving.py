"""When the disk says no in the middle of a run: the work goes on, and what was made is saved or rescued.

Law: the disks here are real ones; the moment at which they say no is a request that the server gets.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from stages.commands.places import real_system
from tests.commands.stories import SCENES, STORY, model
from tests.loopback_server import loopback
from tests.program import TIMEOUT_S, completed_twice, entries, files_of, of_type, results_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.loopback_server import Fault
    from tests.program import Program

_CAPBSET_DROP, _DAC_OVERRIDE, _DAC_READ_SEARCH = 24, 1, 2


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    with contextlib.suppress(OSError):
        if os.getuid() == 0 and subprocess.run(mount, check=False, capture_output=True).returncode == 0:
            yield place
            subprocess.run(["umount", "-l", str(place)], check=True)
            return
    pytest.skip("NOT TESTED: a full disk needs the right to mount one")


def fill(disk: Path) -> None:
    with contextlib.suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(b"x" * 512)


def at(moments: Mapping[int, Callable[[], object]]) -> Callable[[int, str], Fault | None]:
    """Do something when the server gets its n-th request; answer all of them well."""

    def fault(number: int, _text: str) -> Fault | None:
        moments.get(number, bool)()
        return None

    return fault


def test_a_full_disk_stops_no_scene_and_the_results_are_rescued_and_taken_in(
    program: Program, small_disk: Path
) -> None:
    story = program.story("s.txt", STORY)
    options = ("--projects", str(small_disk))
    with loopback(at({4: lambda: fill(small_disk)})) as server:
        result = program("run", story, *options, *model(server), code=5)
        assert len(server.requests) == 2 + 2 * SCENES
    assert result.output.count("Warning") == 1
    assert "the disk is full: free some space" in result.output.splitlines()[-1]
    status = program("status", "s", *options).output
    assert "results rescued in" in status
    rescued = list((program.here.parent / "home").rglob("*.jsonl"))
    assert len(rescued) == 1
    assert rescued[0].stat().st_mode & 0o777 == 0o600
    program("log", "verify", "s", *options)
    assert program("run", story, *options, code=1).output.startswith("scenelog: ")
    (small_disk / "filler").unlink()
    with loopback() as server:
        program("run", story, *options, *model(server))
        assert server.requests == []
        program("run", story, *model(server))
    assert results_of(small_disk / "s") == results_of(program.project("s"))
    assert not rescued[0].exists()
    log = entries(small_disk / "s")
    assert completed_twice(log) == []
    assert len({entry["id"] for entry in log}) == len(log)
    assert len(of_type(log, "answer.received")) == 2 + 2 * SCENES


def test_a_disk_that_gets_room_again_has_everything_at_the_end_of_the_run(program: Program, small_disk: Path) -> None:
    story = program.story("s.txt", STORY)
    moments = {4: lambda: fill(small_disk), 2 + SCENES + 2: (small_disk / "filler").unlink}
    with loopback(at(moments)) as server:
        result = program("run", story, "--projects", small_disk, *model(server))
    assert result.output.count("Warning") == 1
    assert "Saving works again" in result.output
    assert not list((program.here.parent / "home").rglob("*.jsonl"))
    assert len(of_type(entries(small_disk / "s"), "scene.completed")) == 2 * SCENES
    assert not [name for name in results_of(small_disk / "s") if "_progress" in name]


def _without_override() -> None:
    """Let root be refused by permissions like anybody else."""
    if os.getuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for capability in (_DAC_OVERRIDE, _DAC_READ_SEARCH):
            if libc.prctl(_CAPBSET_DROP, capability, 0, 0, 0) != 0:
                os._exit(99)


def _as_anybody(program: Program, *arguments: str) -> subprocess.CompletedProcess[str]:
    ended = subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        env=program.environment,
        preexec_fn=_without_override,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    if ended.returncode == 99:
        pytest.skip("NOT TESTED: permissions that refuse need a user who is not root, or the right to become one")
    return ended


@contextlib.contextmanager
def _read_only(folder: Path) -> Iterator[None]:
    folder.chmod(0o555)
    try:
        yield
    finally:
        folder.chmod(0o755)


def test_a_folder_that_may_not_be_written_is_told_before_any_call(program: Program) -> None:
    program.story("s.txt", STORY)
    (program.here / "projects").mkdir()
    with loopback() as server, _read_only(program.here / "projects"):
        ended = _as_anybody(program, "run", "s.txt", *model(server))
        assert server.requests == []
    assert ended.returncode == 1
    assert ended.stderr.startswith("scenelog: projects/s: ")
    assert ended.stderr.endswith("check the permissions of the folder (chmod u+rwx projects)\n")
    assert ended.stderr.count("\n") == 1


def test_a_project_that_became_read_only_is_told_before_any_call(program: Program) -> None:
    program("run", program.story("s.txt", STORY), "--scenes", "1")
    before = files_of(program.project("s"))
    for path in program.project("s").iterdir():
        if path.is_file():
            path.chmod(0o444)
    with loopback() as server, _read_only(program.project("s")):
        ended = _as_anybody(program, "run", "s", *model(server))
        assert server.requests == []
        assert _as_anybody(program, "status", "s").returncode == 0
        assert _as_anybody(program, "log", "verify", "s").returncode == 0
    assert ended.returncode == 1
    assert f"(chmod u+rwx {program.project('s')})" in ended.stderr
    assert files_of(program.project("s")) == before


def test_outputs_that_cannot_be_written_are_told_and_come_with_the_next_run(program: Program) -> None:
    """The log was open already and takes everything; only the files beside it cannot be made."""
    story = program.story("s.txt", STORY)
    folder = program.project("s")
    with loopback(at({3: lambda: folder.chmod(0o555)})) as server:
        ended = _as_anybody(program, "run", "s.txt", *model(server))
        folder.chmod(0o755)
        assert ended.returncode == 5, ended
        assert "output/" in ended.stderr.splitlines()[-1]
        asked = len(server.requests)
        program("run", story, *model(server))
        assert len(server.requests) == asked == 2 + 2 * SCENES
    assert "output/enhanced.md" in results_of(folder)


def test_results_go_to_the_second_folder_and_to_the_output_where_no_folder_takes_them(
    program: Program, small_disk: Path
) -> None:
    story, home = program.story("s.txt", STORY), program.here.parent / "home"
    (home / "state").write_text("no folder")
    with loopback(at({4: lambda: fill(small_disk)})) as server:
        program("run", story, "--projects", small_disk, *model(server), code=5)
    (rescued,) = home.rglob("*.jsonl")
    assert rescued.parent.name == f"scenelog-rescue-{os.getuid()}"
    lines = rescued.read_bytes().splitlines()
    (small_disk / "filler").unlink()
    program("run", story, "--projects", small_disk)
    assert not rescued.exists()
    for name in ("state", f"scenelog-rescue-{os.getuid()}"):
        with contextlib.suppress(OSError):
            (home / name).rmdir()
        (home / name).write_text("no folder")
    with loopback(at({4: lambda: fill(small_disk)})) as server:
        ended = program.finish("retry", "s", "--scenes", "1-4", "--projects", small_disk, *model(server))
    assert ended.returncode == 5, ended
    told = [line for line in ended.stdout.splitlines() if line.startswith(b"{")]
    assert all(b'"sum":"' in line and b'"seq":' not in line for line in (*told, *lines))
    assert any(b'"answer.received"' in line for line in told)


def test_a_rescue_folder_of_somebody_else_is_neither_read_nor_written(program: Program) -> None:
    shared = program.here.parent / "home" / f"scenelog-rescue-{os.getuid()}"
    assert str(shared) in real_system().rescue_folders
    shared.mkdir(mode=0o700)
    assert str(shared) in real_system().rescue_folders
    shared.chmod(0o777)
    assert str(shared) not in real_system().rescue_folders
    shared.rmdir()
    shared.symlink_to(program.here)
    assert str(shared) not in real_system().rescue_folders
