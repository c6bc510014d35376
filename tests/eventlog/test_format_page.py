"""FORMAT.md is executed: every example on it is read, and everything it says is done to a log is done to one."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from eventlog import Event, read, verify
from eventlog.checkpoint import Checkpoint, decode_checkpoint, encode_checkpoint
from eventlog.entry import LINE_LIMIT, META_LIMIT, START, Entry, decode_detached, encode, encode_detached
from eventlog.head import Head, decode_head, encode_head
from eventlog.lock import LOCK_SIZE
from eventlog.recent import LOOK_BACK
from eventlog.recovery import scan

PAGE = (Path(__file__).parents[2] / "eventlog" / "FORMAT.md").read_text(encoding="utf-8")


def shown(name: str) -> bytes:
    """The block that stands under this comment."""
    (block,) = re.findall(rf"^<!-- {name} -->\n```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(block).encode()


def entries() -> list[Entry]:
    found = [each for each in scan([shown("log")]) if isinstance(each, Entry)]
    assert len(found) == shown("log").count(b"\n") > 2
    return found


def done_to_a_log() -> list[tuple[str, str]]:
    """What the page says is done, and the verdict it names."""
    return re.findall(r"^\| `(.*)` \| (\w+) \|$", PAGE.split("| done | verdict |")[1], re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the log and the head of the page."""
    (tmp_path / "events.jsonl").write_bytes(shown("log"))
    (tmp_path / "events.head").write_bytes(shown("head"))
    return tmp_path


def test_the_example_is_a_log_that_this_code_writes_byte_for_byte() -> None:
    position = START
    for entry in entries():
        again = encode(entry.to_event(), after=position, dur=entry.dur)
        assert again.line == entry.line
        position = again.position


def test_the_table_of_fields_names_all_of_them_in_their_order() -> None:
    table = PAGE.split("| field | type | meaning |")[1].split("\n\n")[0]
    line = entries()[1].line.decode()
    named = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert [line.index(f'"{name}":') for name in named] == sorted(line.index(f'"{name}":') for name in named)
    assert set(named) == set(re.findall(r'[{,]"(\w+)":', re.sub(r'("meta"|"data"):\{[^}]*\}', r"\1:0", line)))


def test_the_head_the_checkpoint_and_the_detached_line_are_read_and_written_as_shown() -> None:
    last = entries()[-1]
    head = decode_head(shown("head"))
    assert head == Head(log_id=str(entries()[0].meta["log"]), position=last.position)
    assert encode_head(head) == shown("head")
    checkpoint = decode_checkpoint(shown("checkpoint"))
    assert isinstance(checkpoint, Checkpoint)
    assert (checkpoint.position, checkpoint.line_offset) == (last.position, last.offset)
    assert encode_checkpoint(checkpoint) == shown("checkpoint")
    event = decode_detached(shown("detached"))
    assert isinstance(event, Event)
    assert encode_detached(event) == shown("detached")
    assert event == entries()[1].to_event()


def test_the_sum_can_be_checked_in_a_shell(folder: Path) -> None:
    program = shown("in a folder with this log").decode()
    done = subprocess.run(["bash", "-c", program], cwd=folder, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == entries()[1].sum == program.split("# ")[-1].strip()


def test_the_example_is_read_as_a_log(folder: Path) -> None:
    assert [entry.line for entry in read(str(folder / "events.jsonl"))] == [entry.line for entry in entries()]


def test_the_page_does_something_for_every_verdict() -> None:
    assert {verdict for _, verdict in done_to_a_log()} == {"clean", "torn", "corrupt", "behind"}


@pytest.mark.parametrize(("done", "verdict"), done_to_a_log())
def test_what_is_done_to_the_log_has_the_verdict_of_the_page(folder: Path, done: str, verdict: str) -> None:
    subprocess.run(["bash", "-euc", done], cwd=folder, timeout=60, check=True)
    assert verify(str(folder / "events.jsonl")).state == verdict


def test_the_numbers_are_the_codes() -> None:
    for number in (f"at most {META_LIMIT:,} bytes", f"{LINE_LIMIT // 1024**2} MiB", f"the last {LOOK_BACK:,} entries"):
        assert number in PAGE, number
    assert f"The {LOCK_SIZE} bytes" in PAGE
    ending = re.sub(rb'.*(?=,"sum":")', b"", entries()[0].line)
    assert f"The {len(ending)} bytes of this ending" in PAGE
