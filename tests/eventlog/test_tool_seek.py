"""`show` from the middle and from the end: the same entries as from the start, without reading what is not wanted.

Law: every answer is compared with the plain reading of the log; what is read is counted at the port.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import partial
from itertools import count, islice
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog import Event, EventLog, read
from eventlog.files import READ_SIZE, RealFiles
from eventlog.reading import POLL_S
from eventlog.tool import waiting
from eventlog.tool.progress import AFTER_S, make_room, watched
from eventlog.tool.seek import place_before
from eventlog.tool.walk import Selection, Walk
from tests.eventlog.histories import write
from tests.eventlog.test_tool import ENVIRONMENT, EVIL, damage_the_middle, lines_of, lose_the_end, make, put, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COUNT = 3000


class CountingFiles(RealFiles):
    """Counts the bytes that are read."""

    def __init__(self) -> None:
        self.read = 0

    def read_at(self, handle: int, offset: int, size: int) -> bytes:
        data = super().read_at(handle, offset, size)
        self.read += len(data)
        return data


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of many reads."""
    log = tmp_path_factory.mktemp("long") / "events.jsonl"
    write(log, [[Event(type="job", data="x" * (at * 37 % 2000)) for at in range(50)] for _ in range(COUNT // 50)])
    assert log.stat().st_size > 40 * READ_SIZE
    return log


def walked(log: Path, selection: Selection, *, reverse: bool) -> tuple[list[int], bool, int]:
    """The seqs that are shown, whether the log is in doubt, and how many bytes were read."""
    files = CountingFiles()
    handle = files.open(str(log), "read")
    try:
        walk = Walk(files, str(log), handle, selection)
        entries = walk.backward() if reverse else walk.forward()
        found = [entry.seq for entry, _ in islice(entries, selection.limit)]
    finally:
        files.close(handle)
    return found, walk.in_doubt, files.read


@given(first=st.integers(0, COUNT + 5), span=st.integers(0, 20), reverse=st.booleans())
def test_a_range_of_seq_is_found_without_reading_the_rest(long: Path, first: int, span: int, *, reverse: bool) -> None:
    found, in_doubt, size = walked(long, Selection(first=first, last=first + span), reverse=reverse)
    expected = list(range(first, min(COUNT, first + span) + 1))
    assert found == (expected[::-1] if reverse else expected)
    assert not in_doubt
    assert size < 40 * READ_SIZE


def test_the_last_entries_are_shown_without_reading_the_rest(long: Path) -> None:
    found, in_doubt, size = walked(long, Selection(limit=3), reverse=True)
    assert (found, in_doubt) == ([COUNT, COUNT - 1, COUNT - 2], False)
    assert size < 8 * READ_SIZE


@given(seq=st.integers(0, COUNT + 5), damage=st.integers(0, 100))
def test_a_place_is_never_later_than_what_is_looked_for(long: Path, seq: int, damage: int) -> None:
    content = bytearray(long.read_bytes())
    begin = len(content) * damage // 101
    content[begin : begin + 3 * READ_SIZE] = bytes(len(content[begin : begin + 3 * READ_SIZE]))

    class Memory(RealFiles):
        def read_at(self, handle: int, offset: int, size: int) -> bytes:
            assert handle >= 0
            return bytes(content[offset : offset + size])

    files = Memory()
    handle = files.open(str(long), "read")
    try:
        place = place_before(files, handle, seq)
    finally:
        files.close(handle)
    assert place.seq < seq or place.offset == 0


def test_entries_after_damage_are_shown_when_they_are_asked_for(tmp_path: Path) -> None:
    log = make(tmp_path / "events.jsonl")
    good = log.read_bytes()
    damage_the_middle(log)
    for options, seqs in {("--reverse", "--limit", "2"): [9, 8], ("--reverse", "--seq", "2:3"): [3, 2]}.items():
        ran = run("show", log, "--json", *options)
        assert [json.loads(line)["seq"] for line in ran.stdout.splitlines()] == seqs
    ran = run("show", log, "--json", "--reverse", "--limit", "9")
    assert [json.loads(line)["seq"] for line in ran.stdout.splitlines()] == [9, 8, 7, 6, 5]
    assert ran.exit_code == 11
    log.write_bytes(good)
    lose_the_end(log)
    ran = run("show", log, "--json", "--reverse", "--limit", "2")
    assert [json.loads(line)["seq"] for line in ran.stdout.splitlines()] == [8, 7]
    assert (ran.exit_code, ": torn: " in ran.stderr) == (0, True)
    put(log, [*lines_of(log)[:6], b"\0" * 50])
    ran = run("show", log, "--json", "--reverse", "--limit", "2")
    assert [json.loads(line)["seq"] for line in ran.stdout.splitlines()] == [5, 4]


def test_entries_are_chosen_by_time_and_by_what_they_say(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    entries = write(log, [[Event(type="noted", data=f"第{n} Word", meta={"n": n})] for n in range(4)])

    def seqs(*options: str) -> list[int]:
        return [json.loads(line)["seq"] for line in run("show", log, "--json", *options).stdout.splitlines()]

    assert seqs("--grep", "第[12] W") == [2, 3]
    assert seqs("--grep", "(?i)word.*") == [1, 2, 3, 4]
    assert seqs("--grep", '"n":3') == [4]
    assert seqs("--since", entries[3].time) == [3, 4]
    assert seqs("--until", entries[3].time, "--since", entries[3].time, "--reverse") == [3]
    assert seqs("--until", "2023-11-14") == []
    for wrong in (("--grep", "("), ("--since", "soon"), ("--until", "1")):
        ran = run("show", log, *wrong)
        assert (ran.exit_code, "Error: " in ran.stderr) == (2, True)


def test_raw_prints_what_the_entries_hold_and_nothing_else(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    write(log, [[Event(type="noted", data=each) for each in ("two\nlines 灯", {"a": [1]}, None, EVIL)]])
    ran = run("show", log, "--raw", "--type", "noted")
    assert ran.stdout_bytes.decode() == f'two\nlines 灯\n{{"a":[1]}}\nnull\n{EVIL}\n'


class Told(ModuleType):
    """Stands in for the library that tells of changes: tells at once, or not at all."""

    def __init__(self, *, works: bool) -> None:
        super().__init__(waiting.LIBRARY)
        self.works = works
        self.folders: list[str] = []

    def watch(self, folder: str, **_options: Any) -> Iterator[set[object]]:
        self.folders.append(folder)
        if not self.works:
            raise OSError("no more watches")
        while True:
            yield set()


@pytest.mark.parametrize("works", [True, False])
def test_following_looks_when_it_is_told_to_and_now_and_then_where_nobody_tells(
    works: bool,  # noqa: FBT001 - pytest fills it in
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []
    told = Told(works=works)
    monkeypatch.setitem(sys.modules, waiting.LIBRARY, told)
    monkeypatch.setattr("time.sleep", slept.append)
    with waiting.waiter(str(tmp_path / "events.jsonl")) as wait:
        assert [wait() for _ in range(3)] == [True] * 3
    assert told.folders == [str(tmp_path)]
    assert slept == ([] if works else [POLL_S] * 3)


def test_following_polls_where_the_library_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setitem(sys.modules, waiting.LIBRARY, None)
    monkeypatch.setattr("time.sleep", slept.append)
    with waiting.waiter(str(tmp_path / "events.jsonl")) as wait:
        assert wait()
    assert slept == [POLL_S]


def test_a_long_reading_shows_a_bar_to_a_person_only_and_takes_it_away(
    long: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with watched() as files:
        assert type(files) is RealFiles
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    for tick, is_drawn in ((AFTER_S / 1_000_000, False), (AFTER_S, True)):
        ticks = count(step=tick)
        with watched(clock=partial(next, ticks)) as files:
            assert len(list(read(str(long), files=files))) == COUNT + 1
        assert ("reading" in capsys.readouterr().err) == is_drawn


def test_the_bar_makes_room_for_what_is_printed_and_comes_back_after_a_second(
    long: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    now = [0.0]

    def drawn(files: RealFiles, later_s: float) -> bool:
        now[0] += later_s
        capsys.readouterr()
        handle = files.open(str(long), "read")
        files.read_at(handle, 0, READ_SIZE)
        files.close(handle)
        return "reading" in capsys.readouterr().err

    with watched(clock=lambda: now[0]) as files:
        assert not drawn(files, AFTER_S / 2)
        assert drawn(files, AFTER_S / 2)
        make_room(files)
        assert not drawn(files, AFTER_S / 2)
        assert drawn(files, AFTER_S / 2)


def test_a_reader_of_the_middle_and_the_end_leaves_quietly(long: Path) -> None:
    for options in ("--seq 100:", "--reverse --limit 2000", "--grep x", "--raw"):
        typed = f"{sys.executable} -m eventlog show {long} {options} | head -c 0"
        shell = ["/usr/bin/env", "bash", "-o", "pipefail", "-c", typed]
        ran = subprocess.run(shell, capture_output=True, timeout=60, check=False, **ENVIRONMENT)  # type: ignore[call-overload]
        assert (ran.returncode, ran.stderr) == (0, b"")


def test_a_range_beside_a_living_writer_is_shown_with_its_newest(tmp_path: Path) -> None:
    log = make(tmp_path / "events.jsonl")
    with EventLog.open(str(log)) as writer:
        writer.append("noted")
        for options in (("--seq", "9:"), ("--reverse", "--limit", "2")):
            ran = run("show", log, *options)
            assert (ran.exit_code, ran.stderr) == (0, "")
            assert sorted(re.findall(r"^\d+\??", ran.stdout, re.MULTILINE)) == ["10", "9"]
