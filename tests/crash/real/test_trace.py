"""What the kernel was really asked for: the order of the system calls of whole processes, seen by strace.

Law: the rules are about what stands between two lines of the trace, and each of them is seen to fail on a program that
breaks it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.crash.real.layers import real, required
from tests.crash.real.traced import DISKS
from tests.program import ROOT, TIMEOUT_S, program_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.crash.real.conftest import Tell

pytestmark = real("traces of system calls")

CALLS = "openat,write,pwrite64,ftruncate,fdatasync,fsync,rename,renameat,renameat2,mkdir,unlink"
_LINE = re.compile(r"(\w+)\((.*)\) += (-?\d+)(?:<(.*)>)?")
_HANDLE = re.compile(r"(\d+)<(.*?)>")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
STDOUT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One system call that succeeded: its name, the file behind its handle, the paths it names."""

    name: str
    handle: int = -1
    path: str = ""
    paths: tuple[str, ...] = ()
    creates: bool = False


def calls(trace: Path) -> Iterator[Call]:
    """The calls of a trace that succeeded."""
    for line in trace.read_text(encoding="utf-8").splitlines():
        found = _LINE.match(line)
        if found is None or int(found[3]) < 0:
            continue
        name, said, opened = found[1], found[2], found[4]
        handle = _HANDLE.match(said)
        if name == "openat":
            yield Call(name=name, path=opened, creates="O_CREAT" in said)
        elif handle:
            yield Call(name=name, handle=int(handle[1]), path=handle[2])
        else:
            yield Call(name=name, paths=tuple(_QUOTED.findall(said)))


@dataclass(slots=True)
class Rules:
    """What must be on disk before what, for one log.

    `unsynced` holds the files that were written and not synced since, `unnamed` the names that were made, changed or
    removed in a folder that was not synced since.
    """

    log: Path
    unsynced: set[str] = field(default_factory=set)
    unnamed: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)

    def follow(self, found: Iterator[Call]) -> None:
        """Check a whole trace."""
        for call in found:
            match call.name:
                case "write" | "pwrite64" | "ftruncate" if call.handle == STDOUT:
                    self._acknowledged()
                case "write" | "pwrite64" | "ftruncate":
                    self._written(call.path)
                case "fdatasync" | "fsync":
                    self._synced(call.path)
                case "openat" if call.creates and call.path == str(self.log) and not self.counts["create"]:
                    self._named("create", call.path)
                case "rename" | "renameat" | "renameat2":
                    self._renamed(*call.paths)
                case "mkdir" | "unlink":
                    self._named(call.name, call.paths[0])
                case _:
                    pass

    def _acknowledged(self) -> None:
        self._expect_synced("a line was printed")
        self._expect_named("a line was printed")
        self.counts["acknowledgement"] += 1

    def _written(self, path: str) -> None:
        if path == str(self.log):
            self._expect_named("the log was written")
            self.counts["write to the log"] += 1
        if path == str(self.log.with_suffix(".head")):
            self._expect_synced("the head was written")
            self.counts["write to the head"] += 1
        self.unsynced.add(path)

    def _synced(self, path: str) -> None:
        self.unsynced.discard(path)
        self.unnamed = {name for name in self.unnamed if str(Path(name).parent) != path}

    def _named(self, how: str, path: str) -> None:
        if self._is_ours(path):
            self.unnamed.add(str(Path(path).absolute()))
            self.counts[how] += 1

    def _renamed(self, source: str, target: str) -> None:
        if self._is_ours(target):
            assert source not in self.unsynced, f"{source} was renamed before it was synced"
            self.unsynced.discard(target)
            self._named("rename", target)

    def _is_ours(self, path: str) -> bool:
        return Path(path).absolute().is_relative_to(self.log.parent)

    def _expect_synced(self, what: str) -> None:
        assert str(self.log) not in self.unsynced, f"{what} before the log was synced"

    def _expect_named(self, what: str) -> None:
        assert not self.unnamed, f"{what} before the folder of {sorted(self.unnamed)} was synced"


def traced(folder: Path, log: Path, command: Sequence[object], environment: Mapping[str, str] | None = None) -> Rules:
    """Run a command under strace in a folder, check its calls, and return what was counted."""
    strace = shutil.which("strace")
    assert strace
    trace = folder / "trace"
    watch = [strace, "-y", "-qq", "-s", "256", "-o", str(trace), "-e", f"trace={CALLS}"]
    done = subprocess.run(
        [*watch, *(str(word) for word in command)],
        cwd=folder,
        env=environment,
        timeout=TIMEOUT_S,
        stdout=subprocess.PIPE,
        check=True,
    )
    rules = Rules(log)
    rules.follow(calls(trace))
    assert rules.counts["acknowledgement"] == done.stdout.count(b"\n")
    return rules


def appending(folder: Path, files: str) -> Rules:
    """Trace a program that appends in every way there is."""
    log = folder / "logs" / "events.jsonl"
    command = [sys.executable, "-m", "tests.crash.real.traced", log, files]
    return traced(folder, log, command, {"PYTHONPATH": str(ROOT)})


def test_every_acknowledgement_comes_after_the_sync_of_the_log_and_the_head_after_that(
    tmp_path: Path, tell: Tell
) -> None:
    required("strace")
    counts = appending(tmp_path, "honest").counts
    tell(f"trace of appends: {dict(counts)}")
    assert counts["create"] == 1
    assert counts["rename"] == 2
    assert counts["mkdir"] == 1
    assert min(counts["write to the log"], counts["write to the head"]) >= len(DISKS)


@pytest.mark.parametrize(
    ("files", "seen"), [("unsynced", "before the log was synced"), ("nameless", "before the folder of .* was synced")]
)
def test_a_program_that_forgets_a_sync_is_seen(files: str, seen: str, tmp_path: Path) -> None:
    required("strace")
    with pytest.raises(AssertionError, match=seen):
        appending(tmp_path, files)


def test_a_whole_run_prints_no_entry_before_it_is_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tell: Tell
) -> None:
    required("strace")
    program = program_in(tmp_path, monkeypatch)
    program.story("story.txt", "第1天，林川走进雨里。\n\n“还有灯吗？”他问。\n\n那人没有说话。\n\n灯亮了。")
    log = program.project("story") / "events.jsonl"
    command = [sys.executable, "-m", "cli", "run", "story.txt", "--json"]
    counts = traced(program.here, log, command, program.environment).counts
    tell(f"trace of scenelog run: {dict(counts)}")
    assert counts["acknowledgement"] == len(log.read_bytes().splitlines())
    assert counts["rename"] >= 8
    assert counts["unlink"] >= 2
