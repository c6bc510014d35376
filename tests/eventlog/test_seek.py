"""Places in a log file that are found from its end or by halves, where every read is short and every byte counts.

Law: the file is in memory, so that a piece that is read may end at any of its bytes.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventlog import Event
from eventlog.entry import START
from eventlog.files import FileStat, RealFiles
from eventlog.tool import seek
from eventlog.tool.seek import last_line_end, place_before
from tests.eventlog.histories import write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventlog import Entry


class Memory(RealFiles):
    """One file, whose handle is 0."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def read_at(self, handle: int, offset: int, size: int) -> bytes:
        assert (handle, min(offset, size) >= 0) == (0, True)
        return self.content[offset : offset + size]

    def stat(self, target: str | int) -> FileStat:
        assert target == 0
        return FileStat(device=0, inode=0, size=len(self.content), is_dir=False)


@contextmanager
def limits(*, read: int, near: int = 1, line: int = 1000) -> Iterator[None]:
    """How much is read at once, how near is near enough, how long a line can be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seek, "READ_SIZE", read)
        patch.setattr(seek, "_NEAR", near)
        patch.setattr(seek, "LINE_LIMIT", line)
        yield


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> list[Entry]:
    path = tmp_path_factory.mktemp("seek") / "events.jsonl"
    return write(path, [[Event(type="job", data="x" * (at * 137 % 500))] for at in range(30)])


@given(content=st.lists(st.sampled_from([b"\n", b"x"]), max_size=12).map(b"".join), read=st.integers(1, 5))
def test_the_last_line_ends_with_the_last_newline(content: bytes, read: int) -> None:
    with limits(read=read):
        assert last_line_end(Memory(content), 0) == content.rfind(b"\n") + 1


def test_a_newline_is_not_looked_for_further_from_the_end_than_a_line_is_long() -> None:
    with limits(read=3, line=8):
        assert last_line_end(Memory(b"\n" + b"x" * 7), 0) == 1
        assert last_line_end(Memory(b"\n" + b"x" * 8), 0) == 0


@settings(deadline=None, max_examples=15)
@given(read=st.integers(1, 2000))
def test_a_place_is_that_of_the_entry_or_of_the_one_before_it(entries: list[Entry], read: int) -> None:
    files = Memory(b"".join(entry.line for entry in entries))
    exact = 0
    with limits(read=read, line=max(entry.size for entry in entries)):
        for seq in range(len(entries) + 3):
            place = place_before(files, 0, seq)
            wanted = min(seq, len(entries) - 1)
            assert place == (entries[place.seq].position if place.seq >= 0 else START)
            assert wanted - 2 <= place.seq < wanted or place is START
            exact += place.seq == wanted - 1
    assert exact > len(entries), "a line that begins where a half does is taken for none"


@settings(deadline=None, max_examples=10)
@given(read=st.integers(1, 2000))
def test_a_place_before_a_damaged_line_is_found(entries: list[Entry], read: int) -> None:
    for damaged in entries[1:]:
        lines = [entry.line.replace(b"job", b"jab") if entry is damaged else entry.line for entry in entries]
        files = Memory(b"".join(lines))
        with limits(read=read):
            for seq in (damaged.seq - 1, damaged.seq, damaged.seq + 1):
                place = place_before(files, 0, seq)
                assert place.seq < seq
                assert place == (entries[place.seq].position if place.seq >= 0 else START)


def test_where_no_first_line_verifies_the_place_is_the_start(entries: list[Entry]) -> None:
    for content in (b"", b"\n", b"x", b"{}\n" + entries[0].line):
        with limits(read=7):
            assert place_before(Memory(content), 0, 5) == START


@pytest.mark.parametrize("lost", [1, 2])
def test_in_a_log_without_its_first_line_every_place_is_its_start(entries: list[Entry], lost: int) -> None:
    log = Memory(b"".join(entry.line for entry in entries[lost:]))
    with limits(read=100):
        assert [place_before(log, 0, seq) for seq in range(len(entries))] == [START] * len(entries)
