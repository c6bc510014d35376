"""`verify` and its `--deep`: what is printed of a verdict, and of what was derived from a log that is whole.

Law: the files are real, and made by hand; up to which entry one was made is told from the entries, not from the code.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from eventlog import EventLog, read
from eventlog.files import RealFiles
from eventlog.tool import progress, verify_command
from eventlog.tool.deep import Derived, derived
from eventlog.tool.look import look
from eventlog.tool.verify import verify
from eventlog.tool.view import CountingLens, CountingProjection, Mark
from tests.eventlog.test_tool import damage_the_middle, lose_the_end, make, run
from tests.eventlog.test_tool_waiting import to_a_person

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from click.testing import Result

    from eventlog import Entry
    from eventlog.tool.view import Read

FINISHED = "job.finished"  # seq 1, 3, 5, 7 and 9


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return make(tmp_path / "events.jsonl")


class FileLens(CountingLens):
    """Derives one file: how many entries there are."""

    def files(self, state: dict[str, Any], _read: Read) -> Mapping[str, bytes]:
        return {"count.txt": b"%d" % state["entries"]}


def deep(log: Path) -> tuple[int, dict[str, str]]:
    ran = CliRunner().invoke(verify_command(lens=FileLens()), [str(log), "--deep", "--json"])
    return ran.exit_code, {each["name"]: each["state"] for each in json.loads(ran.stdout).get("derived", [])}


def found(log: Path, lens: CountingLens) -> list[Derived]:
    with look(RealFiles(), str(log)) as seen:
        return derived(seen, lens)


def test_a_derived_file_is_equal_behind_missing_or_different(log: Path) -> None:
    count = log.with_name("count.txt")
    for content, expected in {b"10": (0, "equal"), b"7": (0, "behind"), b"x": (13, "different")}.items():
        count.write_bytes(content)
        assert deep(log) == (expected[0], {"count.txt": expected[1]})
    ran = CliRunner().invoke(verify_command(lens=FileLens()), [str(log), "--deep"])
    assert ran.stderr.startswith("count.txt: different: ")
    count.write_bytes(b"7")
    ran = CliRunner().invoke(verify_command(lens=FileLens()), [str(log), "--deep"])
    assert ran.stderr == "count.txt: 3 entries behind: it is what the log added up to at seq 6\n"
    count.unlink()
    assert deep(log) == (0, {"count.txt": "missing"})
    count.write_bytes(b"10")
    assert CliRunner().invoke(verify_command(lens=FileLens()), [str(log), "--deep"]).output == ""
    lose_the_end(log)
    assert deep(log) == (10, {})


def test_a_checkpoint_that_the_log_does_not_add_up_to_is_found(log: Path) -> None:
    log.with_name("count.txt").write_bytes(b"11")
    projection = CountingProjection()
    with EventLog.open(str(log)) as writer:
        state = writer.fold(projection)
        writer.save_checkpoint(projection, state)
        writer.append("noted")
        assert deep(log) == (0, {"checkpoint.json": "equal", "count.txt": "equal"})
        wrong = {**projection.initial(), "entries": 99}
        writer.save_checkpoint(projection, wrong)
    assert deep(log) == (13, {"checkpoint.json": "different", "count.txt": "equal"})


class Foreign(CountingProjection):
    """Another projection, or another version of it, whose states say nothing of ours."""

    def __init__(self, name: str, version: int) -> None:
        self.name, self.version = name, version


def test_only_a_checkpoint_of_this_very_projection_is_compared_and_the_order_of_its_keys_is_nothing(log: Path) -> None:
    with EventLog.open(str(log)) as writer:
        state = writer.fold(CountingProjection())
        reordered = {name: state[name] for name in sorted(state, reverse=True)}
        for projection, saved, told in (
            (CountingProjection(), reordered, [Derived(name="checkpoint.json", state="equal", seq=9)]),
            (CountingProjection(), {}, [Derived(name="checkpoint.json", state="different", seq=None)]),
            (Foreign("counts", 2), {}, []),
            (Foreign("others", 1), {}, []),
        ):
            writer.save_checkpoint(projection, saved)
            assert found(log, CountingLens()) == told


class LastProjection(CountingProjection):
    """Knows, too, where the last line stands; how often a fold was begun is counted."""

    folds = 0

    def initial(self) -> dict[str, Any]:
        self.folds += 1
        return {**super().initial(), "place": (0, 0)}

    def apply(self, state: dict[str, Any], entry: Entry) -> dict[str, Any]:
        return super().apply(state, entry) | {"place": (entry.offset, entry.size)}


class ManyLens(CountingLens):
    """Files that each depend on something else; one of them need not be there at the end. `asked` counts rebuilds."""

    projection: LastProjection

    def __init__(self) -> None:
        self.projection = LastProjection()
        self.asked: list[str] = []

    def files(self, state: dict[str, Any], read: Read) -> Mapping[str, bytes]:
        kinds, last = state["types"], read(*state["place"])
        done, begun = kinds.get(FINISHED, 0), kinds.get("job.started", 0)
        return {
            "done.txt": b"%d" % done,
            "open.txt": b"%d" % (9 - done - begun),
            "last.txt": last.subject.encode(),
        }

    def optional(self, state: dict[str, Any]) -> Collection[str]:
        return ["open.txt"] if state["entries"] == 10 else []

    def mark(self, state: dict[str, Any], name: str) -> Mark:
        if name == "done.txt":
            return Mark(amount=state["types"].get(FINISHED, 0), unit="job")
        if name == "open.txt":
            return Mark(amount=10 - state["entries"], unit="job")
        return Mark(amount=0, unit="job", others=state["place"])

    def gives(self, state: dict[str, Any], name: str, data: bytes, read: Read) -> bool:
        self.asked.append(name)
        return super().gives(state, name, data, read)


def put(log: Path, **contents: str) -> None:
    for name, content in contents.items():
        log.with_name(f"{name}.txt").write_text(content)


def test_what_is_derived_is_told_in_its_order_with_the_entry_it_was_made_at(log: Path) -> None:
    put(log, done="5", open="0", last="item/9")
    assert found(log, ManyLens()) == [
        Derived(name=f"{name}.txt", state="equal", seq=9) for name in ("done", "open", "last")
    ]
    log.with_name("done.txt").unlink()
    log.with_name("open.txt").unlink()
    put(log, last="x")
    with EventLog.open(str(log)) as writer:
        writer.save_checkpoint(CountingProjection(), {})
    assert found(log, ManyLens()) == [
        Derived(name="checkpoint.json", state="different", seq=None),
        Derived(name="done.txt", state="missing", seq=None),
        Derived(name="last.txt", state="different", seq=None),
    ]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("done", "4", (8, 1, "job")),
        ("done", "3", (6, 2, "job")),
        ("done", "0", (0, 5, "job")),
        ("open", "1", (8, 1, "entry")),
        ("open", "9", (0, 9, "entry")),
        ("last", "item/7", (7, 2, "entry")),
    ],
)
def test_a_file_is_behind_in_what_it_counts_or_else_in_entries_since_the_last_that_gave_it(
    name: str, content: str, told: tuple[int, int, str], log: Path
) -> None:
    put(log, **({"done": "5", "open": "0", "last": "item/9"} | {name: content}))
    seq, behind, unit = told
    unlike = [each for each in found(log, ManyLens()) if each.state != "equal"]
    assert unlike == [Derived(name=f"{name}.txt", state="behind", seq=seq, behind=behind, unit=unit)]


def test_a_rebuild_is_made_only_where_a_file_differs_and_once_for_each_of_its_marks(log: Path) -> None:
    put(log, done="5", open="0", last="item/9")
    lens = ManyLens()
    found(log, lens)
    assert (lens.projection.folds, lens.asked) == (1, [])
    put(log, done="x")
    found(log, lens)
    assert (lens.projection.folds, lens.asked) == (3, ["done.txt"] * 6)


def test_what_a_log_without_entries_adds_up_to_was_made_before_the_first(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    log.touch()
    put(log, count="0")
    assert found(log, FileLens()) == [Derived(name="count.txt", state="equal", seq=-1)]


def verified(log: Path, *options: str) -> Result:
    return CliRunner().invoke(verify_command(lens=FileLens(), program="prog log"), [str(log), *options])


def test_what_is_derived_stands_in_the_json_of_a_deep_verdict_alone(log: Path) -> None:
    put(log, count="7")
    told = json.loads(verified(log, "--json").stdout)
    assert told == dict.fromkeys(told) | {"path": str(log), "state": "clean", "entries": 10}
    derived = [{"name": "count.txt", "state": "behind", "seq": 6, "behind": 3, "unit": "entry"}]
    assert json.loads(verified(log, "--json", "--deep").stdout) == told | {"derived": derived}


def test_what_is_missing_or_different_is_told_with_what_becomes_of_it(log: Path) -> None:
    said = "count.txt: missing; it is written again when the log is next used\n"
    assert verified(log, "--deep").stderr == said
    put(log, count="x")
    said = "count.txt: different: the log never added up to this; delete it, and it is written again\n"
    assert verified(log, "--deep").stderr == said


def test_a_derived_file_that_cannot_be_read_is_named_and_the_log_is_not_blamed(log: Path) -> None:
    count = log.with_name("count.txt")
    count.mkdir()
    ran = verified(log, "--deep")
    assert ran.exit_code == 1
    assert ran.stderr == f"{count}: it cannot be compared with the log: Is a directory; move it away\n"


def test_unless_more_is_asked_for_nothing_is_printed_of_a_whole_log_and_nothing_derived_is_read(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(log, count="x")
    assert verify(str(log), lens=FileLens()) == 0
    assert capsys.readouterr() == ("", "")


def test_a_name_is_read_as_it_is_in_the_json_and_has_no_power_there(tmp_path: Path) -> None:
    printed = run("verify", "--json", make(tmp_path / "灯\u202e.jsonl")).stdout
    assert "灯\\u202e.jsonl" in printed
    assert printed.endswith("}\n")


def test_a_file_that_is_not_there_is_named(log: Path) -> None:
    none = log.with_name("none.jsonl")
    ran = run("verify", none)
    assert (ran.exit_code, ran.output) == (1, f"{none}: there is no such file; check the name\n")


def test_damage_that_comes_while_a_log_is_verified_names_the_command_of_the_program(log: Path) -> None:
    class Late(CountingLens):
        """The log is damaged while what is derived from it is read."""

        def files(self, _state: dict[str, Any], _read: Read) -> Mapping[str, bytes]:
            damage_the_middle(log)
            return {entry.type: b"" for entry in read(str(log))}

    ran = CliRunner().invoke(verify_command(lens=Late(), program="prog log"), [str(log), "--deep"])
    assert ran.exit_code == 11
    assert ran.stderr.endswith(f"; next: prog log verify {log}\n")


def test_whoever_waits_for_a_verdict_sees_how_far_it_is(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = to_a_person(monkeypatch)
    assert verify(str(log)) == 0
    assert seen.drawn() == ""
    monkeypatch.setattr(progress, "AFTER_S", 0)
    assert verify(str(log)) == 0
    drawn = seen.drawn()
    assert ("reading" in drawn, "100%" in drawn) == (True, True)
