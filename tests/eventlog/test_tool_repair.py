"""`repair`: what a person is told at two in the morning, and what is done when they say so.

Law: the files are real and damaged for real; every command that is named as the next one is typed as it stands.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from eventlog import EventLog, read, verify
from eventlog.entry import decode
from eventlog.tool import repair_command
from tests.eventlog.test_tool import (
    DAMAGES,
    PYTHON,
    damage_the_middle,
    head_of,
    in_shell,
    lines_of,
    lose_the_end,
    make,
    put,
    run,
    splice,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return make(tmp_path / "events.jsonl")


def tree(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {str(at): (at.read_bytes(), at.stat().st_mtime_ns) for at in sorted(folder.rglob("*")) if at.is_file()}


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_dry_run_tells_what_verify_tells_and_changes_nothing(kind: str, log: Path) -> None:
    damage, (code, state, _, _, _) = DAMAGES[kind]
    damage(log)
    before = tree(log.parent)
    ran = run("repair", log)
    assert ran.exit_code == code
    assert f": {state}: " in ran.output
    assert tree(log.parent) == before
    if code >= 10:
        assert [line.split()[0] for line in ran.stdout.splitlines()[1:] if line[0] != " "] == [
            "kept",
            "quarantined",
            "lost",
            "next",
        ]


@pytest.mark.parametrize("kind", [kind for kind, (_, expected) in DAMAGES.items() if expected[0] >= 10])
def test_the_commands_it_names_lead_to_a_whole_log(kind: str, log: Path) -> None:
    DAMAGES[kind][0](log)
    good = {entry.sum for line in lines_of(log) if (entry := decode(line + b"\n"))}
    damaged = log.read_bytes()
    for _ in range(2):
        following = json.loads(run("repair", log, "--json").stdout)["next"]
        ran = in_shell(following.replace("python", PYTHON, 1), cwd=log.parent)
        assert (ran.returncode, ran.stderr) == (0, b"")
    assert run("verify", log).exit_code == 0
    assert [each.read_bytes() for each in log.parent.glob("quarantine/events.jsonl.*")] == [damaged]
    told = json.loads(run("repair", log, "--json").stdout)
    assert (told["state"], told["next"]) == ("clean", None)
    with EventLog.open(str(log)) as writer:
        assert writer.read_only is None
        assert good <= {entry.meta.get("original_sum", entry.sum) for entry in writer.read()}


def test_kept_quarantined_and_lost_are_told_exactly(log: Path) -> None:
    lines = lines_of(log)
    begin = sum(len(line) + 1 for line in lines[:4])
    damage_the_middle(log)
    told = json.loads(run("repair", log, "--json").stdout)
    assert (told["kept"]["entries"], told["kept"]["verbatim"]) == (9, 4)
    assert told["kept"]["runs"] == [
        {"first_seq": 0, "last_seq": 3, "verbatim": True},
        {"first_seq": 5, "last_seq": 9, "verbatim": False},
    ]
    assert told["quarantined"]["bytes"] == log.stat().st_size
    assert told["quarantined"]["damaged"] == [{"offset": begin, "bytes": len(lines[4]) + 1}]
    assert told["lost"]["entries"] == 1
    assert [(gap["first_seq"], gap["last_seq"]) for gap in told["lost"]["gaps"]] == [(4, 4)]
    shown = run("repair", log).stdout
    assert "kept         9 entries, 4 of them byte for byte\n  seq 0 to 3\n  seq 5 to 9, with a new seq\n" in shown
    assert f"lost         1 entry\n  seq 4, {len(lines[4]) + 1} bytes at byte {begin}: " in shown
    assert shown.splitlines()[-1] == f"next         python -m eventlog repair {log} --salvage"


def kept_as(log: Path) -> str:
    return f"quarantine/events.jsonl.{hashlib.sha256(log.read_bytes()).hexdigest()[:8]}.damaged"


NOT_THERE = "these entries are not there, or do not verify"


def test_the_plan_is_one_json_object_that_leaves_nothing_out(log: Path) -> None:
    lines = lines_of(log)
    place = {"offset": sum(len(line) + 1 for line in lines[:4]), "bytes": len(lines[4]) + 1}
    damage_the_middle(log)
    ran = run("repair", log, "--json")
    assert json.loads(ran.stdout) == {
        "path": str(log),
        "state": "corrupt",
        "entries": 4,
        "reason": json.loads(run("verify", log, "--json").stdout)["reason"],
        "remedy": "what is before it is good: 4 entries",
        "kept": {
            "entries": 9,
            "verbatim": 4,
            "repeated_lines": 0,
            "runs": [
                {"first_seq": 0, "last_seq": 3, "verbatim": True},
                {"first_seq": 5, "last_seq": 9, "verbatim": False},
            ],
        },
        "quarantined": {"bytes": log.stat().st_size, "as": kept_as(log), "damaged": [place]},
        "lost": {"entries": 1, "gaps": [{"first_seq": 4, "last_seq": 4, **place, "reason": NOT_THERE}]},
        "salvage": str(log.with_name("events.salvaged.jsonl")),
        "written": False,
        "next": f"python -m eventlog repair {log} --salvage",
    }
    assert ran.stdout.count("\n") == 1


def test_the_plan_is_told_in_words_line_by_line(log: Path) -> None:
    lines = lines_of(log)
    begin = sum(len(line) + 1 for line in lines[:4])
    put(log, lines[:4] + lines[5:])
    reason = json.loads(run("verify", log, "--json").stdout)["reason"]
    told = [
        f"{log}: corrupt: {reason}",
        "kept         9 entries, 4 of them byte for byte",
        "  seq 0 to 3",
        "  seq 5 to 9, with a new seq",
        f"quarantined  the whole file, {log.stat().st_size} bytes, as {kept_as(log)}; damaged in it:",
        "  -",
        "lost         1 entry",
        f"  seq 4, 0 bytes at byte {begin}: {NOT_THERE}",
        f"next         python -m eventlog repair {log} --salvage",
    ]
    assert run("repair", log).stdout.splitlines() == told
    put(log, lines)
    damage_the_middle(log)
    assert run("repair", log).stdout.splitlines()[5] == f"  {len(lines[4]) + 1} bytes at byte {begin}"


def test_what_was_done_is_told_in_words_and_as_json(log: Path) -> None:
    damage_the_middle(log)
    kept, target = kept_as(log), log.with_name("events.salvaged.jsonl")
    following = f"python -m eventlog repair {log} --adopt"
    ran = run("repair", log, "--salvage")
    assert (ran.exit_code, ran.stdout.splitlines()[-2:]) == (0, [f"written: {target}", f"next: {following}"])
    assert f"next         python -m eventlog repair {log} --salvage" in ran.stdout.splitlines()
    ran = run("repair", log, "--salvage")
    assert (ran.exit_code, ran.stdout.splitlines()[-2:]) == (0, [f"there already: {target}", f"next: {following}"])
    told = json.loads(run("repair", log, "--salvage", "--json").stdout)
    assert (told["salvage"], told["written"], told["next"]) == (str(target), False, following)
    told = json.loads(run("repair", log, "--json").stdout)
    assert (told["written"], told["next"]) == (True, following)
    assert run("repair", log).stdout.splitlines()[-1] == f"next         {following}"
    target.unlink()
    told = json.loads(run("repair", log, "--salvage", "--json").stdout)
    assert (told["salvage"], told["written"], told["next"]) == (str(target), True, following)
    ran = run("repair", log, "--adopt", "--json")
    told = json.loads(ran.stdout)
    assert (ran.exit_code, told["adopted"], told["kept_in"], told["next"]) == (0, True, kept, None)
    told = json.loads(run("repair", log, "--adopt", "--json").stdout)
    assert (told["adopted"], told["kept_in"], told["next"]) == (False, kept, None)
    assert run("repair", log, "--adopt").stdout.splitlines() == [
        f"{log}: clean: nothing is to be repaired",
        f"the salvaged log was in its place already; the damaged log is {kept}",
    ]


def test_an_adoption_says_where_the_damaged_log_is(log: Path) -> None:
    damage_the_middle(log)
    kept = kept_as(log)
    ran = run("repair", log, "--salvage", "--adopt")
    assert ran.stdout.splitlines()[-2:] == [
        f"written: {log.with_name('events.salvaged.jsonl')}",
        f"the salvaged log in its place; the damaged log is {kept}",
    ]


def test_of_a_clean_log_nothing_is_salvaged_and_nothing_is_next(log: Path) -> None:
    ran = run("repair", log, "--salvage")
    assert (ran.exit_code, ran.output) == (0, f"{log}: clean: nothing is to be repaired\n")
    assert json.loads(run("repair", log, "--salvage", "--json").stdout) == {
        "path": str(log),
        "state": "clean",
        "entries": 10,
        "reason": "",
        "remedy": "",
        "next": None,
    }


def test_where_nothing_verifies_no_next_command_is_named(log: Path) -> None:
    put(log, [b'{"seq":' + b"x" * 50] * 3)
    ran = run("repair", log)
    assert (ran.exit_code, [line for line in ran.stdout.splitlines() if line.startswith("next")]) == (11, [])
    assert "kept         0 entries, 0 of them byte for byte" in ran.stdout.splitlines()
    assert json.loads(run("repair", log, "--json").stdout)["next"] is None


def test_a_place_where_no_entry_is_missing_names_no_seq(log: Path) -> None:
    splice(log)
    size = log.stat().st_size
    (gap,) = json.loads(run("repair", log, "--json").stdout)["lost"]["gaps"]
    assert (gap["first_seq"], gap["last_seq"], gap["offset"], gap["bytes"]) == (None, None, size, 0)
    assert f"  no seq, 0 bytes at byte {size}: {gap['reason']}" in run("repair", log).stdout.splitlines()


def test_a_torn_log_needs_no_repair_and_is_told_so(log: Path) -> None:
    lose_the_end(log)
    assert run("repair", log).stdout.splitlines()[-1] == (
        f"next         python -m eventlog repair {log} --salvage"
        " (not needed: the next writer moves these bytes to quarantine/ and goes on)"
    )


@pytest.mark.parametrize(("gaps", "more"), [(20, []), (21, ["  and 1 more; --json names all"] * 2)])
def test_twenty_gaps_are_named_and_the_others_counted(tmp_path: Path, gaps: int, more: list[str]) -> None:
    log = tmp_path / "events.jsonl"
    with EventLog.open(str(log)) as writer:
        for _ in range(2 * gaps - 1):
            writer.append("noted")
    put(log, lines_of(log)[::2])
    lines = run("repair", log).stdout.splitlines()
    assert len([line for line in lines if line.startswith("  seq ")]) == 40
    assert [line for line in lines if "more" in line] == more


def test_a_path_has_no_power_over_the_terminal(tmp_path: Path) -> None:
    log = make(tmp_path / "a\u202eb.jsonl")
    ran = run("repair", log, "--json")
    assert ("\\u202e" in ran.stdout, "\u202e" in ran.stdout) == (True, False)
    assert json.loads(ran.stdout)["path"] == str(log)
    assert run("repair", log).stdout == f"{tmp_path}/ab.jsonl: clean: nothing is to be repaired\n"
    assert run("repair", tmp_path / "none.jsonl").stderr.startswith(f"{tmp_path}/none.jsonl: there is no such file")


def test_both_at_once_and_once_more(log: Path) -> None:
    damage_the_middle(log)
    assert run("repair", log, "--salvage", "--adopt").exit_code == 0
    before = {name: data for name, (data, _) in tree(log.parent).items()}
    ran = run("repair", log, "--salvage", "--adopt")
    assert (ran.exit_code, "was in its place already" in ran.stdout) == (0, True)
    assert {name: data for name, (data, _) in tree(log.parent).items()} == before


def test_an_interrupted_adoption_is_told_and_finished(log: Path) -> None:
    damage_the_middle(log)
    old_head = head_of(log).read_bytes()
    run("repair", log, "--salvage", "--adopt")
    head_of(log).write_bytes(old_head)
    told = json.loads(run("repair", log, "--json").stdout)
    assert told["next"] == f"python -m eventlog repair {log} --adopt"
    assert run("repair", log).stdout == f"{log}: behind: the adoption of its salvage was interrupted\n"
    assert run("repair", log, "--salvage", "--adopt").exit_code == 0
    assert run("verify", log).exit_code == 0
    assert not list(log.parent.glob("*salvaged*"))


def test_what_cannot_be_done_is_one_plain_line(log: Path) -> None:
    damage_the_middle(log)
    ran = run("repair", log, "--adopt")
    assert (ran.exit_code, "make it first, with --salvage" in ran.stderr) == (1, True)
    run("repair", log, "--salvage")
    with EventLog.open(str(log)):
        ran = run("repair", log, "--adopt")
        assert (ran.exit_code, "is being written by pid" in ran.stderr) == (1, True)
    put(log, lines_of(log)[:2])
    ran = run("repair", log, "--adopt")
    assert (ran.exit_code, "is no salvage of what" in ran.stderr) == (1, True)
    assert run("repair", log.with_name("none.jsonl")).exit_code == 1


def test_many_gaps_are_shown_in_short_and_named_in_full(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    with EventLog.open(str(log)) as writer:
        for _ in range(80):
            writer.append("noted")
    put(log, lines_of(log)[::2])
    assert len(run("repair", log).stdout.splitlines()) < 80
    assert "more; --json names all" in run("repair", log).stdout
    assert len(json.loads(run("repair", log, "--json").stdout)["lost"]["gaps"]) == 40


def test_another_program_names_its_own_commands(log: Path) -> None:
    damage_the_middle(log)
    ran = CliRunner().invoke(repair_command(program="prog log"), [str(log)])
    assert ran.stdout.splitlines()[-1] == f"next         prog log repair {shlex.quote(str(log))} --salvage"


def test_a_salvage_says_where_its_log_was_and_can_be_looked_at(log: Path) -> None:
    damage_the_middle(log)
    assert run("repair", log, "--salvage").exit_code == 0
    made = log.with_name("events.salvaged.jsonl")
    assert verify(str(made)).confirmed == verify(str(made)).end
    assert run("show", made).stderr == ""
    kept = [entry for entry in read(str(made)) if "original_seq" in entry.meta]
    assert [entry.meta["original_seq"] for entry in kept] == [5, 6, 7, 8, 9]
