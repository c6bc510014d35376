"""What is said of a log as a whole: each kind of damage in all its words, and what is no log at all.

Law: the files are real and damaged for real; a place is told from the lines of the file, not from the code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eventlog import Event, EventLog, verify
from eventlog.files import RealFiles
from eventlog.tool.finding import Finding, command, examine
from tests.eventlog.test_tool import DAMAGES, damage_the_middle, head_of, lines_of, make, put

if TYPE_CHECKING:
    from pathlib import Path

OLDER = "this is an older or another copy of the log: put the right one back"
SAID = {  # reason, remedy and the next command for each of DAMAGES
    "clean": ("", "", ""),
    "torn": (
        "it has no end",
        "the next writer moves these bytes to quarantine/ and goes on",
        "prog show {} --reverse --limit 1",
    ),
    "middle": ("its sum does not match its bytes", "what is before it is good: 4 entries", "prog repair {}"),
    "last": ("its sum does not match its bytes", "what is before it is good: 9 entries", "prog repair {}"),
    "first": ("301 zero bytes: blocks that were never written", "nothing is before it", "prog repair {}"),
    "behind": ("the log ends here", OLDER, "prog repair {}"),
    "different": ("this is not the entry of its head", OLDER, "prog repair {}"),
    "newer": ("", "nothing is wrong with the log", ""),
    "foreign": ("", "name another file", ""),
}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return make(tmp_path / "events.jsonl")


@pytest.mark.parametrize("damage", SAID)
def test_each_kind_of_damage_is_told_in_all_its_words(damage: str, log: Path) -> None:
    harm, (code, state, entries, seq, _) = DAMAGES[damage]
    harm(log)
    evidence = verify(log).evidence
    reason, remedy, following = (each.format(log) for each in SAID[damage])
    if seq is None:
        expected, message = Finding(path=str(log), state=state, code=code, entries=entries), ""
    else:
        offset = sum(len(line) + 1 for line in lines_of(log)[:seq]) if damage != "foreign" else 0
        expected = Finding(
            path=str(log),
            state=state,
            code=code,
            entries=entries,
            line=seq + 1,
            offset=offset,
            seq=seq,
            reason=reason,
            evidence=evidence,
            remedy=remedy,
            next=following,
        )
        said = "; ".join(each for each in (reason, evidence, remedy) if each)
        message = f"{log}: line {seq + 1}, byte {offset}, seq {seq}: {state}: {said}"
        message += f"; next: {following}" if following else ""
    found = examine(str(log), "prog")
    assert found == expected
    assert found.message == message


def test_the_program_is_python_unless_told_otherwise_and_a_name_is_quoted(tmp_path: Path) -> None:
    log = make(tmp_path / "my events.jsonl")
    damage_the_middle(log)
    assert examine(str(log)).next == f"python -m eventlog repair '{log}'"
    assert command("prog log", "show", "a b") == "prog log show 'a b'"


def test_one_good_entry_is_counted_as_one(log: Path) -> None:
    lines = lines_of(log)
    put(log, [lines[0], b"x" * 50, *lines[2:]])
    assert examine(str(log)).remedy == "what is before it is good: 1 entry"


def test_the_unfinished_line_of_a_living_writer_is_told_with_its_place_and_nothing_to_do(log: Path) -> None:
    with EventLog.open(str(log)):
        size = log.stat().st_size
        log.write_bytes(log.read_bytes() + b'{"seq":10,')
        found = examine(str(log))
    assert (found.state, found.code, found.entries, found.message) == ("being written", 0, 10, "")
    assert (found.line, found.offset, found.seq, found.reason) == (11, size, 10, "it has no end")
    assert (found.evidence, found.remedy, found.next) == ("", "", "")


@pytest.mark.parametrize(("kept", "others"), [(5, 8), (9, 1)])
def test_an_entry_that_is_not_that_of_the_head_is_told_with_its_place_though_nothing_vouches_for_it(
    kept: int, others: int, log: Path
) -> None:
    """Within a batch that nothing vouches for, and as the last line."""
    copy = log.with_name("copy.jsonl")
    put(copy, lines_of(log)[:kept])
    with EventLog.open(str(copy)) as other:
        other.append_many([Event(type="other") for _ in range(others)])
    log.write_bytes(copy.read_bytes())
    found = examine(str(log))
    assert (found.state, found.line, found.seq) == ("behind", 10, 9)
    assert found.offset == sum(len(line) + 1 for line in lines_of(log)[:9])


@pytest.mark.parametrize("voucher", [1, 2, 5])
def test_a_file_is_a_log_as_soon_as_a_line_of_it_vouches_for_an_entry(voucher: int, log: Path) -> None:
    lines = lines_of(log)
    head_of(log).unlink()
    put(log, [b"Once upon a time " * 20, lines[voucher]])
    found = examine(str(log))
    assert (found.state, found.code) == ("corrupt", 11)


def test_a_file_is_a_log_if_it_has_a_head_or_begins_like_one(log: Path) -> None:
    text = [b"Once upon a time " * 20] * 20
    put(log, text)
    assert examine(str(log)).state == "corrupt"
    head_of(log).unlink()
    assert examine(str(log)).state == "foreign"
    put(log, [b"\0" + text[0], *text])
    assert examine(str(log)).state == "corrupt"
    put(log, [b'{"seq":' + text[0], *text])
    assert examine(str(log)).state == "corrupt"
    put(log, [b'x{"seq":' + text[0], *text])
    assert examine(str(log)).state == "foreign"


@pytest.mark.parametrize("part", [b"{", b'{"seq', b"{\0\0eq"], ids=["byte", "start", "zeros"])
def test_the_least_part_of_a_first_line_is_a_torn_log(part: bytes, tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    log.write_bytes(part)
    assert (examine(str(log)).state, examine(str(log)).code) == ("torn", 10)


def test_the_disk_that_is_given_is_the_one_that_is_read(log: Path) -> None:
    class Other(RealFiles):
        """Reads what does not stand on the disk."""

        def read_at(self, handle: int, offset: int, size: int) -> bytes:
            return super().read_at(handle, offset, size).replace(b"item", b"itex")

    assert examine(str(log)).state == "clean"
    assert examine(str(log), files=Other()).state == "corrupt"
