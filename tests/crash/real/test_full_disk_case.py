"""The third failure users fear: the disk is full.

Law: the server is asked for everything in any case; the disk is filled and freed at moments that the program tells.
"""

from __future__ import annotations

import json
import re
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from tests.crash.real.layers import real, required
from tests.crash.real.mounts import fill, tmpfs
from tests.crash.real.runs import ALL_CALLS, expect_complete, finished, run, whole
from tests.loopback_server import Fault, loopback
from tests.program import TIMEOUT_S, entries, lines_of, of_type

if TYPE_CHECKING:
    import subprocess

    from tests.crash.real.conftest import Tell
    from tests.program import Program

pytestmark = real("full disks under the program")


class LastCallHeld:
    """Faults of a server that is well; `all_asked` is set by the last call, which waits until `go` is set."""

    def __init__(self) -> None:
        self.all_asked, self.go = threading.Event(), threading.Event()

    def __call__(self, number: int, _text: str) -> Fault | None:
        if number == ALL_CALLS - 1:
            self.all_asked.set()
            self.go.wait(TIMEOUT_S)
        return None


def fill_when_planned(process: subprocess.Popen[bytes], folder: Path) -> Path:
    """Fill the disk as soon as the scenes are planned."""
    next(entry for entry in lines_of(process) if entry["type"] == "scenes.planned")
    return fill(folder)


def test_a_full_disk_does_not_stop_the_work_and_saving_resumes_by_itself(program: Program, tell: Tell) -> None:
    required("tmpfs")
    undisturbed, held = whole(program), LastCallHeld()
    with tmpfs(program.here / "small", 512 * 1024) as disk, loopback(held) as server:
        with run(program, server, "--json", "--projects", disk) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            filler = fill_when_planned(process, disk)
            listener = threading.Thread(target=process.stdout.read)  # a full pipe would stop the program
            listener.start()
            warning = next(line for line in process.stderr if b"cannot be saved" in line).decode()
            assert held.all_asked.wait(TIMEOUT_S), "the work goes on"
            filler.unlink()
            between = []
            for line in process.stderr:
                between.append(line)
                if b"Saving works again" in line:
                    break
            held.go.set()
            rest = process.stderr.read()
            listener.join(TIMEOUT_S)
            assert process.wait(TIMEOUT_S) == 0, rest
        assert b"cannot be saved" not in b"".join([*between, rest]), "one warning, not one an event"
        assert f"{disk}/story" in warning
        assert "the disk is full: free some space" in warning
        expect_complete(disk / "story", undisturbed)
        assert len(server.requests) == ALL_CALLS
    tell(f"full disk: all {ALL_CALLS} calls were made, one warning, saving resumed by itself")


def test_what_a_full_disk_never_takes_is_rescued_and_taken_in_by_the_next_run(program: Program, tell: Tell) -> None:
    required("tmpfs")
    undisturbed = whole(program)
    with tmpfs(program.here / "small", 512 * 1024) as disk:
        with loopback() as server, run(program, server, "--json", "--projects", disk) as process:
            filler = fill_when_planned(process, disk)
            told = finished(process, code=5)
            assert len(server.requests) == ALL_CALLS
        rescue = Path(re.findall(r"They are in (\S+\.jsonl);", told)[0])
        assert stat.S_IMODE(rescue.stat().st_mode) == 0o600
        saved = [json.loads(line) for line in rescue.read_bytes().splitlines()]
        together = of_type([*entries(disk / "story"), *saved], "answer.received")
        assert len({entry["id"] for entry in together}) == len(together) == ALL_CALLS
        assert str(rescue) in program("status", "story", "--projects", disk).output
        filler.unlink()
        with loopback() as server:
            finished(run(program, server, "--projects", disk), code=0)
            assert server.requests == []
        assert not rescue.exists()
        expect_complete(disk / "story", undisturbed)
    tell(f"full disk to the end: exit 5, {len(saved)} entries rescued and taken in, no call was repeated")


def expect_all_in_the_log(program: Program, disk: Path, filler: Path) -> None:
    """Every answer is there while the disk is still full; once it is not, what is missing is made of them alone."""
    assert len(of_type(entries(disk / "story"), "answer.received")) == ALL_CALLS
    filler.unlink()
    with loopback() as server:
        finished(run(program, server, "--projects", disk), code=0)
        assert server.requests == []


def test_what_is_paid_for_is_in_the_log_though_others_filled_the_disk(program: Program) -> None:
    """The log had disk kept for it: no rescue is needed, and what the next run finds missing are files made of it."""
    required("tmpfs")
    undisturbed = whole(program)
    with tmpfs(program.here / "small", 4 * 1024 * 1024) as disk:
        with loopback() as server, run(program, server, "--json", "--projects", disk) as process:
            filler = fill_when_planned(process, disk)
            told = finished(process, code=5)
            assert len(server.requests) == ALL_CALLS
        assert "They are in" not in told
        expect_all_in_the_log(program, disk, filler)
        expect_complete(disk / "story", undisturbed)


def test_a_run_goes_on_in_the_disk_that_a_killed_one_had_kept(program: Program) -> None:
    required("tmpfs")
    undisturbed = whole(program)
    with tmpfs(program.here / "small", 4 * 1024 * 1024) as disk:
        with loopback() as server, run(program, server, "--json", "--projects", disk) as process:
            next(entry for entry in lines_of(process) if entry["type"] == "scenes.planned")
            process.kill()
        filler = fill(disk)
        with loopback() as server:
            assert "They are in" not in finished(run(program, server, "--projects", disk), code=5)
        expect_all_in_the_log(program, disk, filler)
        expect_complete(disk / "story", undisturbed)


def test_a_disk_that_is_full_from_the_start_is_told_before_any_call(program: Program) -> None:
    required("tmpfs")
    with tmpfs(program.here / "small", 64 * 1024) as disk, loopback() as server:
        (disk / "filler").write_bytes(b"x" * (60 * 1024))
        told = finished(run(program, server, "--projects", disk), code=1)
        assert server.requests == []
    assert len(told.splitlines()) == 1
    assert f"{disk}/story" in told
    assert "No space left on device" in told
    assert "free some space" in told, "what to do is told, too"
