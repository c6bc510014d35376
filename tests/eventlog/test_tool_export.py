"""`export`: what an event says arrives exactly, in every format, and no file is lost to it.

Law: an export is read back by another parser than the one that wrote it, and compared with the entries.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from hypothesis import given, settings

from eventlog import Event, EventLog, EventLogError
from eventlog.entry import CREATED, START, encode
from eventlog.files import RealFiles
from eventlog.tool import export_command
from eventlog.tool.output import _PIECE, write_files, write_pieces
from tests.eventlog.histories import HISTORIES, write
from tests.eventlog.test_tool import damage_the_middle, make, run

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("export")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return make(tmp_path / "events.jsonl")


def exported(log: Path, *options: str) -> bytes:
    ran = run("export", log, *options)
    assert (ran.exit_code, ran.stderr) == (0, "")
    return ran.stdout_bytes


@settings(deadline=None, max_examples=40)
@given(history=HISTORIES)
def test_every_format_says_exactly_what_the_events_say(folder: Path, history: list[list[Event]]) -> None:
    log = folder / "events.jsonl"
    entries = write(log, history)
    plain = [
        {name: getattr(entry, name) for name in ("id", "time", "type", "v", "subject", "meta", "data")}
        for entry in entries
    ]
    assert [json.loads(line) for line in exported(log).split(b"\n")[:-1]] == plain
    rows = list(csv.DictReader(io.StringIO(exported(log, "--format", "csv").decode(), newline="")))
    assert [(int(row["seq"]), int(row["v"]), row["type"], row["subject"], row["id"], row["time"]) for row in rows] == [
        (entry.seq, entry.v, entry.type, entry.subject, entry.id, entry.time) for entry in entries
    ]
    assert [(json.loads(row["meta"]), json.loads(row["data"])) for row in rows] == [
        (entry.meta, entry.data) for entry in entries
    ]
    for entry, line in zip(entries, exported(log, "--format", "cloudevents").split(b"\n")[:-1], strict=True):
        event = json.loads(line)
        assert (event["specversion"], event["id"], event["type"], event["time"]) == (
            "1.0",
            entry.id,
            entry.type,
            entry.time,
        )
        assert event["source"] == f"urn:eventlog:{entries[0].meta['log']}"
        assert event.get("subject", "") == entry.subject
        assert event.get("subject") != ""
        assert event.get("data") == entry.data
        assert json.loads(event.get("meta", "{}")) == entry.meta
        assert all(name.isalnum() and name.islower() for name in event), "the names that CloudEvents allows"
        assert all(value is not None for value in event.values())
        assert ("datacontenttype" in event) == ("data" in event)


def test_a_time_range_is_exported(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    entries = write(log, [[Event(type="noted", data=number)] for number in range(5)])
    found = exported(log, "--since", entries[2].time, "--until", entries[3].time)
    assert [json.loads(line)["id"] for line in found.splitlines()] == [entries[2].id, entries[3].id]
    assert exported(log, "--since", "2023-11-15") == b""
    assert len(exported(log, "--until", "2023-11-15").splitlines()) == len(entries)
    assert len(exported(log, "--type", "noted", "--seq", "2:3").splitlines()) == 2


def test_a_file_is_written_whole_and_never_replaced_unasked(log: Path) -> None:
    out = log.parent / "out.jsonl"
    assert exported(log, "-o", str(out)) == b""
    assert out.read_bytes() == exported(log)
    out.write_bytes(b"mine")
    ran = run("export", log, "-o", out)
    assert ran.exit_code == 1
    assert "add --force" in ran.stderr
    assert out.read_bytes() == b"mine"
    assert exported(log, "-o", str(out), "--force") == b""
    assert out.read_bytes() == exported(log)
    assert not list(log.parent.glob("*.new"))


@pytest.mark.parametrize("name", ["events.jsonl", "events.head", "events.lock", "checkpoint.json", "link"])
def test_the_log_and_what_belongs_to_it_is_never_written_to(log: Path, name: str) -> None:
    (log.parent / "link").symlink_to(log)
    before = {path.name: path.read_bytes() for path in log.parent.iterdir()}
    ran = run("export", log, "-o", log.parent / name, "--force")
    assert ran.exit_code == 1
    assert "is the log, or belongs to it" in ran.stderr
    assert {path.name: path.read_bytes() for path in log.parent.iterdir()} == before


def test_of_a_damaged_log_what_is_good_is_exported(log: Path) -> None:
    damage_the_middle(log)
    ran = run("export", log)
    assert (ran.exit_code, len(ran.stdout_bytes.splitlines())) == (11, 4)
    out = log.parent / "out.csv"
    assert run("export", log, "--format", "csv", "-o", out).exit_code == 11
    assert len(out.read_bytes().splitlines()) == 5


def test_beside_a_living_writer_all_that_is_there_is_exported(log: Path) -> None:
    with EventLog.open(str(log)) as writer:
        writer.append("noted")
        assert len(exported(log).splitlines()) == 11


def test_a_cloud_event_holds_the_place_and_the_version_of_its_entry(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    entries = write(log, [[Event(type="noted", v=3, data="x")]])
    first, second = (json.loads(line) for line in exported(log, "--format", "cloudevents").splitlines())
    assert (first["sequence"], second["sequence"], second["eventversion"]) == ("0" * 20, "0" * 19 + "1", 3)
    assert second["datacontenttype"] == "application/json"
    assert list(second) == [
        *("specversion", "id", "source", "type", "time", "sequence", "eventversion", "datacontenttype", "data")
    ]
    assert first["source"] == second["source"] == f"urn:eventlog:{entries[0].meta['log']}"


def test_a_log_without_a_name_is_an_unknown_source(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    first = Event(type=CREATED, id="x", time="2026-11-23T12:00:00Z", meta={"format": 1, "log": ""})
    log.write_bytes(encode(first, after=START, dur=-1).line)
    (line,) = run("export", log, "--format", "cloudevents").stdout.splitlines()
    assert json.loads(line)["source"] == "urn:eventlog:unknown"


def test_an_empty_log_is_a_heading_or_nothing(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    log.touch()
    assert exported(log, "--format", "csv") == b"seq,time,type,v,subject,id,meta,data\r\n"
    assert exported(log, "--format", "cloudevents") == exported(log) == b""


def test_damage_is_told_with_the_command_of_the_program(log: Path) -> None:
    damage_the_middle(log)
    ran = CliRunner().invoke(export_command(program="prog log"), [str(log)])
    assert ran.stderr.endswith(f"; next: prog log repair {log}\n")
    none = log.with_name("none.jsonl")
    assert run("export", none).stderr.startswith(f"{none}: there is no such file")


class Recording(RealFiles):
    """Remembers what is done to the disk, and how much is appended at once."""

    def __init__(self) -> None:
        self.done: list[object] = []

    def append(self, handle: int, data: bytes) -> int:
        self.done.append(len(data))
        return super().append(handle, data)

    def sync(self, handle: int) -> None:
        self.done.append("sync")
        super().sync(handle)

    def rename(self, source: str, target: str, *, private: bool = False) -> None:
        self.done.append(("rename", source, target))
        super().rename(source, target, private=private)

    def sync_dir(self, path: str) -> None:
        self.done.append(("sync_dir", path))
        super().sync_dir(path)


@pytest.mark.parametrize(
    ("sizes", "written"),
    [
        ([_PIECE, 1], [_PIECE, 1]),
        ([_PIECE, _PIECE - 1, 1], [_PIECE, _PIECE]),
        ([_PIECE - 1, 1], [_PIECE]),
        ([_PIECE // 2 + 1] * 3, [_PIECE + 2, _PIECE // 2 + 1]),
        ([], []),
    ],
    ids=["full", "again", "just", "over", "none"],
)
def test_a_file_is_on_disk_before_it_has_its_name(log: Path, sizes: list[int], written: list[int]) -> None:
    out, files = log.parent / "out.jsonl", Recording()
    temporary = log.parent / "out.jsonl.new"
    temporary.write_bytes(b"left by another attempt")
    write_pieces(files, str(out), (b"x" * size for size in sizes), log=str(log), force=False)
    renamed = ("rename", str(temporary), str(out))
    assert files.done == [*written, "sync", renamed, ("sync_dir", str(log.parent))]
    assert out.read_bytes() == b"x" * sum(sizes)


def handles() -> set[str]:
    return {each.name for each in Path("/proc/self/fd").iterdir()}


def failing(then: Path | None) -> Iterator[bytes]:
    yield b"x" * _PIECE
    if then is not None:
        then.unlink()
    raise KeyboardInterrupt


@pytest.mark.parametrize("is_gone", [False, True])
def test_an_export_that_fails_leaves_nothing(log: Path, is_gone: bool) -> None:  # noqa: FBT001 - pytest fills it in
    before = {path.name for path in log.parent.iterdir()}
    temporary = log.parent / "out.jsonl.new"
    descriptors = handles()
    with pytest.raises(KeyboardInterrupt):
        write_pieces(
            RealFiles(),
            str(log.parent / "out.jsonl"),
            failing(temporary if is_gone else None),
            log=str(log),
            force=False,
        )
    assert {path.name for path in log.parent.iterdir()} == before
    assert handles() == descriptors


@pytest.mark.parametrize("name", ["/tmp/x", "../x", "below/../../x", ".."])  # noqa: S108 - never written to
def test_files_stay_in_their_folder(log: Path, name: str) -> None:
    out = log.parent / "out"
    with pytest.raises(EventLogError) as refused:
        write_files(RealFiles(), str(out), {"a": b"", name: b""}, log=str(log), force=True)
    assert str(refused.value) == f"{name!r} is no name for a file in {out}; nothing was written"
    assert not out.exists()
    write_files(RealFiles(), str(out), {"a..b": b"1", "c/d": b"2"}, log=str(log), force=False)
    assert ((out / "a..b").read_bytes(), (out / "c" / "d").read_bytes()) == (b"1", b"2")
