"""Sifting: the entries whose line holds some bytes, found without taking the others apart.

Law: what is found is compared with a plain reading; what is read and verified is counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventlog import Event, EventLog, read
from eventlog import entry as lines
from eventlog.tool import sift as sifting
from eventlog.tool.look import look
from eventlog.tool.sift import Sift
from tests.eventlog.histories import HISTORIES, write
from tests.eventlog.test_tool import damage_the_middle, lose_the_end, make
from tests.eventlog.test_tool_seek import CountingFiles

if TYPE_CHECKING:
    from pathlib import Path

    from eventlog.entry import Entry

NEEDLES = (b'"subject":"item/1"', b'"type":"noted"')


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sift")


@settings(deadline=None, max_examples=40)
@given(history=HISTORIES, size=st.integers(1, 700))
def test_what_is_found_is_what_a_plain_reading_finds(folder: Path, history: list[list[Event]], size: int) -> None:
    log = folder / "events.jsonl"
    entries = write(log, history)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sifting, "_PIECE", size)
        files = CountingFiles()
        handle = files.open(str(log), "read")
        sift = Sift(files, handle)
        found = list(sift.entries(NEEDLES))
        files.close(handle)
    assert found == [entry for entry in entries if any(needle in entry.line for needle in NEEDLES)]
    assert (sift.lines, sift.unread) == (len(entries), 0)


def test_each_byte_is_read_once_and_only_what_is_wanted_is_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "events.jsonl"
    write(log, [[Event(type="job", subject=f"item/{n}", data="x" * 2000) for n in range(100)] for _ in range(20)])
    verified: list[int] = []

    def decode(line: bytes, *, offset: int = 0) -> Entry | None:
        verified.append(offset)
        return lines.decode(line, offset=offset)

    monkeypatch.setattr(sifting, "decode", decode)
    files = CountingFiles()
    handle = files.open(str(log), "read")
    assert len(list(Sift(files, handle).entries([b'"subject":"item/7"']))) == 20
    files.close(handle)
    assert files.read == log.stat().st_size
    assert len(verified) == 20


def test_a_needle_on_a_damaged_line_puts_the_log_in_doubt(tmp_path: Path) -> None:
    log = make(tmp_path / "events.jsonl")
    files = CountingFiles()
    with look(files, str(log)) as whole:
        assert len(list(whole.sifted([b"job."]))) == 9
        assert not whole.in_doubt
    damage_the_middle(log)
    with look(files, str(log)) as damaged:
        assert [entry.seq for entry, _ in damaged.sifted([b"job."])] == [1, 2, 3, 5, 6, 7, 8, 9]
        assert damaged.in_doubt
        assert damaged.code("x") == 11


def sifted(data: bytes, log: Path, *needles: bytes) -> tuple[list[tuple[int, int]], int, int]:
    """Seq and offset of what is found in these bytes, how many lines were met, how many did not verify."""
    log.write_bytes(data)
    files = CountingFiles()
    handle = files.open(str(log), "read")
    sift = Sift(files, handle)
    found = [(entry.seq, entry.offset) for entry in sift.entries(needles)]
    files.close(handle)
    return found, sift.lines, sift.unread


def test_a_needle_may_be_the_first_byte_of_the_file_or_follow_an_empty_line(tmp_path: Path) -> None:
    first = make(tmp_path / "events.jsonl").read_bytes().splitlines(keepends=True)[0]
    assert sifted(first, tmp_path / "found", b'{"seq":0') == ([(0, 0)], 1, 0)
    assert sifted(b"\n" + first, tmp_path / "found", b'"seq":0') == ([(0, 1)], 2, 0)


def test_a_line_of_a_newer_format_is_counted_as_unread(tmp_path: Path) -> None:
    log = make(tmp_path / "events.jsonl")
    first = log.read_bytes().splitlines(keepends=True)[0]
    newer = lines.seal(first[: first.index(b',"sum"')].replace(b'"v":', b'"version":'))
    assert sifted(newer, log, b'"version":') == ([], 1, 1)


def test_bytes_that_are_too_long_for_a_line_are_not_kept_and_move_no_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = make(tmp_path / "events.jsonl")
    good = list(read(str(log)))
    monkeypatch.setattr(sifting, "_PIECE", 500)
    monkeypatch.setattr(sifting, "LINE_LIMIT", max(entry.size for entry in good))
    junk = b"x" * 3000 + b"\n"
    found = sifted(junk + log.read_bytes(), log, b'"seq":')
    assert found == ([(entry.seq, len(junk) + entry.offset) for entry in good], len(good) + 1, 0)


def test_a_fused_line_puts_the_log_in_doubt_even_if_no_needle_is_on_it(tmp_path: Path) -> None:
    log = make(tmp_path / "events.jsonl")
    data = bytearray(log.read_bytes())
    data[data.index(b"\n")] ^= 1
    log.write_bytes(data)
    with look(CountingFiles(), str(log)) as fused:
        assert [entry.seq for entry, _ in fused.sifted([b'"item/5"'])] == [5]
        assert fused.in_doubt


def test_a_torn_tail_and_a_living_writer_are_no_doubt_about_what_was_found(tmp_path: Path) -> None:
    log = make(tmp_path / "events.jsonl")
    with EventLog.open(str(log)) as writer, look(CountingFiles(), str(log)) as seen:
        writer.append("job.more")
        found = seen.sifted([b'"type":"job.'])
        first = next(found)
        writer.append("job.later")
        rest = [entry.seq for entry, _ in found]
    assert first[0].seq == 1
    assert rest[-1] == 10
    lose_the_end(log)
    with look(CountingFiles(), str(log)) as torn:
        assert [entry.seq for entry, _ in torn.sifted([b'"type":"job.'])][-1] == 10


def test_unconfirmed_entries_are_marked(tmp_path: Path) -> None:
    log = make(tmp_path / "events.jsonl")
    with EventLog.open(str(log)) as writer:
        writer.append_many([Event(type="batch") for _ in range(3)])
    log.with_suffix(".head").unlink()
    with look(CountingFiles(), str(log)) as seen:
        marks = {entry.seq: confirmed for entry, confirmed in seen.sifted([b'"'])}
    assert [seq for seq, confirmed in marks.items() if not confirmed] == [10, 11, 12]
    assert len(marks) == len(list(read(str(log), unconfirmed=True)))
