"""`scenelog log`: what happened, and whether every byte of it is still there."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

from tests.commands.stories import STORY
from tests.program import files_of

if TYPE_CHECKING:
    from tests.program import Program


def test_a_whole_log_is_verified_in_silence_by_name_folder_and_file(program: Program) -> None:
    program("run", program.story("人生.txt", STORY))
    for target in ("人生", "projects/人生", "projects/人生/events.jsonl"):
        assert program("log", "verify", target).output == ""


def test_show_prints_every_entry_and_with_json_the_very_lines(program: Program) -> None:
    program("run", program.story("人生.txt", STORY))
    log = program.log("人生")
    assert len(program("log", "show", "人生").output.splitlines()) >= len(log)
    assert program("log", "show", "人生", "--json").stdout_bytes == files_of(program.project("人生"))["events.jsonl"]
    last = program("log", "show", "人生", "--json", "--reverse", "--limit", 2).output.splitlines()
    assert [json.loads(line) for line in last] == [log[-1], log[-2]]


def test_a_flipped_bit_anywhere_is_reported_with_its_place_and_nothing_is_touched(program: Program) -> None:
    program("run", program.story("s.txt", STORY), "--scenes", "1-2")
    log = program.project("s") / "events.jsonl"
    whole = log.read_bytes()
    chance, begin = random.Random(1), 0  # noqa: S311 - the same bits every time
    for number, line in enumerate(whole.split(b"\n")[:-1]):
        places = {begin, begin + len(line), *(chance.randrange(begin, begin + len(line)) for _ in range(2))}
        for place in places:
            damaged = bytearray(whole)
            damaged[place] ^= 1 << chance.randrange(8)
            log.write_bytes(damaged)
            before = files_of(program.project("s"))
            result = program("log", "verify", "s", code=None)
            assert result.exit_code in (10, 11), place
            assert f"line {number + 1}" in result.output
            assert f"byte {begin}" in result.output or "offset" in result.output
            assert f"seq {number}" in result.output
            assert files_of(program.project("s")) == before
        begin += len(line) + 1


def test_a_run_on_a_damaged_log_changes_nothing_and_says_what_helps(program: Program) -> None:
    program("run", program.story("s.txt", STORY), "--scenes", "1-2")
    log = program.project("s") / "events.jsonl"
    damaged = bytearray(log.read_bytes())
    damaged[len(damaged) // 2] ^= 4
    log.write_bytes(damaged)
    before = files_of(program.project("s"))
    for command in (["run", "s"], ["retry", "s"], ["snapshot", "s"], ["snapshot", "s", "-o", "copy"]):
        result = program(*command, code=1)
        assert "line" in result.output
        assert result.output.count("\n") == 1
    after = files_of(program.project("s"))
    assert {name: after[name] for name in before if name != "events.lock"} == {
        name: before[name] for name in before if name != "events.lock"
    }
    assert set(after) == set(before)


def test_a_file_that_is_no_log_is_told(program: Program) -> None:
    program.story("s.txt", STORY)
    for target in ("s.txt", "nothing", "../x", "projects"):
        result = program("log", "verify", target, code=1)
        assert result.output.count("\n") == 1
