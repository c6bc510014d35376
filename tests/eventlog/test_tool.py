"""The generic log tool: what it shows, what it says of a damaged log, and that it changes nothing.

Law: the files are real and damaged for real; what a process does at its edges (pipes, exit codes) is asked
of a process.
"""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from eventlog import EventLog
from eventlog.__main__ import main
from eventlog.entry import CREATED, START, Event, encode
from eventlog.files import READ_SIZE, RealFiles
from eventlog.head import Head, encode_head
from eventlog.tool import show_command, verify_command
from eventlog.tool.text import clean, escape, shorten, width
from eventlog.tool.walk import lines_backward

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = str(Path(__file__).parents[2])
NOBODY = 65534
PYTHON = shlex.quote(sys.executable)
ENTRIES = 10
EVIL = "灯\x1b[31mred\x1b]0;title\x07\x9b2J\x7f\u202eevil\u2066\u2028end"


def make(path: Path) -> Path:
    """A log of ten entries, one after the other."""
    with EventLog.open(str(path)) as log:
        for number in range(1, ENTRIES):
            kind = "job.finished" if number % 2 else "job.started"
            log.append(
                kind, {"text": f"第{number} " + "long " * 50}, subject=f"item/{number}", meta={"attempt": number}
            )
    return path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A clean log."""
    return make(tmp_path / "events.jsonl")


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def process(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[bytes]:
    """`python -m eventlog`, as a person runs it."""
    command = [sys.executable, "-m", "eventlog", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, timeout=60, check=False, **(ENVIRONMENT | options))  # type: ignore[call-overload,no-any-return]


ENVIRONMENT: dict[str, object] = {"env": os.environ | {"PYTHONPATH": ROOT, "PYTHONDONTWRITEBYTECODE": "1"}}


def in_shell(typed: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    """A command line, as a person types it; every part of a pipe must succeed."""
    shell = ["/usr/bin/env", "bash", "-o", "pipefail", "-c", typed]
    return subprocess.run(shell, capture_output=True, timeout=60, check=False, **(ENVIRONMENT | options))  # type: ignore[call-overload,no-any-return]


def lines_of(log: Path) -> list[bytes]:
    return log.read_bytes().split(b"\n")[:-1]


def put(log: Path, lines: list[bytes], tail: bytes = b"") -> None:
    log.write_bytes(b"".join(line + b"\n" for line in lines) + tail)


def head_of(log: Path) -> Path:
    return log.with_suffix(".head")


def lose_the_end(log: Path) -> None:
    head_of(log).unlink()
    log.write_bytes(log.read_bytes()[:-20])


def damage_the_middle(log: Path) -> None:
    lines = lines_of(log)
    lines[4] = lines[4].replace(b"item", b"itex")
    put(log, lines)


def damage_the_last(log: Path) -> None:
    """Only the head vouches for it."""
    lines = lines_of(log)
    lines[-1] = lines[-1].replace(b"item", b"itex")
    put(log, lines)


def damage_the_first(log: Path) -> None:
    put(log, [b"\0" * 300, *lines_of(log)[1:]])


def lose_the_last_entries(log: Path) -> None:
    put(log, lines_of(log)[:7])


def splice(log: Path) -> None:
    """The same log, but with another history from seq 5 on."""
    copy = log.with_name("copy.jsonl")
    put(copy, lines_of(log)[:5])
    with EventLog.open(str(copy)) as other:
        other.append_many([Event(type="other") for _ in range(20)])
    log.write_bytes(copy.read_bytes())


def make_newer(log: Path) -> None:
    head_of(log).unlink()
    first = Event(type=CREATED, id="x", time="2030-01-01T00:00:00Z", meta={"format": 99, "log": "y"})
    log.write_bytes(encode(first, after=START, dur=-1).line)


def replace_with_text(log: Path) -> None:
    head_of(log).unlink()
    log.write_text("Once upon a time\n" * 200)


Damage = tuple[int, str, int, int | None, int]
DAMAGES: dict[str, tuple[Callable[[Path], None], Damage]] = {
    # exit code of verify, state, good entries, seq of the place, exit code of show
    "clean": (lambda _log: None, (0, "clean", 10, None, 0)),
    "torn": (lose_the_end, (10, "torn", 9, 9, 0)),
    "middle": (damage_the_middle, (11, "corrupt", 4, 4, 11)),
    "last": (damage_the_last, (11, "corrupt", 9, 9, 11)),
    "first": (damage_the_first, (11, "corrupt", 0, 0, 11)),
    "behind": (lose_the_last_entries, (12, "behind", 7, 7, 12)),
    "different": (splice, (12, "behind", 25, 9, 12)),
    "newer": (make_newer, (1, "newer", 0, 0, 1)),
    "foreign": (replace_with_text, (1, "foreign", 0, 0, 1)),
}


@pytest.fixture(params=DAMAGES)
def damaged(request: pytest.FixtureRequest, log: Path) -> tuple[Path, Damage]:
    """A log with each kind of damage, and what must be said of it."""
    damage, expected = DAMAGES[request.param]
    damage(log)
    return log, expected


def test_verify_tells_each_kind_of_damage_by_its_exit_code_and_changes_nothing(damaged: tuple[Path, Damage]) -> None:
    log, (code, state, _, seq, _) = damaged
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in log.parent.iterdir()}
    ran = process("verify", log)
    assert ran.returncode == code
    assert ran.stdout == b""
    if seq is None:
        assert ran.stderr == b""
    else:
        place = rf"{re.escape(str(log))}: line {seq + 1}, byte \d+, seq {seq}: {state}: .+\n"
        assert re.fullmatch(place, ran.stderr.decode())
    assert before == {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in log.parent.iterdir()}


def test_verify_prints_the_same_verdict_as_one_json_object(damaged: tuple[Path, Damage]) -> None:
    log, (code, state, entries, seq, _) = damaged
    ran = run("verify", log, "--json")
    assert ran.exit_code == code
    told = json.loads(ran.stdout)
    assert list(told) == ["path", "state", "entries", "line", "offset", "seq", "reason", "evidence", "next"]
    assert (told["path"], told["state"], told["entries"], told["seq"]) == (str(log), state, entries, seq)
    if seq is None:
        assert set(list(told.values())[3:]) == {None}
    else:
        assert told["line"] == seq + 1
        assert told["offset"] == sum(len(line) + 1 for line in lines_of(log)[:seq])
        assert told["evidence"]


def test_the_next_command_that_verify_names_can_be_typed(damaged: tuple[Path, Damage]) -> None:
    log, (_, state, entries, _, shown) = damaged
    following = json.loads(run("verify", log, "--json").stdout)["next"]
    if state not in ("torn", "corrupt", "behind"):
        assert following is None
        return
    ran = in_shell(following.replace("python", PYTHON, 1), cwd=log.parent)
    if state in ("corrupt", "behind"):
        assert (ran.returncode, b"kept  " in ran.stdout) == (shown, True)
    else:
        assert ran.returncode == shown
        assert ran.stdout.startswith(b"%d" % (entries - 1))


@pytest.mark.parametrize("options", [(), ("--reverse",)], ids=["forward", "reverse"])
def test_show_shows_what_is_good_and_then_says_what_is_not(
    damaged: tuple[Path, Damage], options: tuple[str, ...]
) -> None:
    log, (_, state, entries, _, code) = damaged
    ran = run("show", log, "--json", *options)
    assert ran.exit_code == code
    shown = ran.stdout_bytes.split(b"\n")[:-1]
    assert (shown[::-1] if options else shown) == lines_of(log)[:entries]
    said = ran.stderr.splitlines()
    if state == "clean":
        assert said == []
    else:
        assert f": {state}: " in said[-1]
        assert ("next: python -m eventlog " in said[-1]) == (state in ("torn", "corrupt", "behind"))


def test_json_lines_are_those_of_the_log(log: Path) -> None:
    assert process("show", log, "--json").stdout == log.read_bytes()
    assert process("show", log, "--json", "--seq", "3:4").stdout.split(b"\n")[:-1] == lines_of(log)[3:5]


def seqs(*arguments: str | Path) -> list[int]:
    ran = run("show", "--json", *arguments)
    assert ran.exit_code == 0
    return [json.loads(line)["seq"] for line in ran.stdout.splitlines()]


def test_entries_are_chosen_by_type_subject_seq_and_number(log: Path) -> None:
    assert seqs(log, "--type", "job.f*") == [1, 3, 5, 7, 9]
    assert seqs(log, "--subject", "item/[45]") == [4, 5]
    assert seqs(log, "--seq", "7:") == [7, 8, 9]
    assert seqs(log, "--seq", ":2") == [0, 1, 2]
    assert seqs(log, "--seq", "6") == [6]
    assert seqs(log, "--limit", "2") == [0, 1]
    assert seqs(log, "--reverse", "--limit", "2") == [9, 8]
    assert seqs(log, "--reverse", "--type", "job.s*", "--seq", "3:6") == [6, 4]
    assert seqs(log, "--type", "nothing") == []


@pytest.mark.parametrize("options", [("--seq", "a:b"), ("--seq", ""), ("--limit", "0"), ("--follow", "--reverse")])
def test_a_wrong_option_is_one_plain_error(log: Path, options: tuple[str, ...]) -> None:
    ran = run("show", log, *options)
    assert ran.exit_code == 2
    assert "Error: " in ran.stderr


def test_an_entry_is_one_line_of_six_fields_in_a_pipe(log: Path) -> None:
    shown = [line.split("\t") for line in run("show", log).stdout.splitlines()]
    assert [fields[0] for fields in shown] == [str(seq) for seq in range(ENTRIES)]
    assert {len(fields) for fields in shown} == {6}
    assert shown[3][2:5] == ["job.finished", "item/3", "attempt=3"]
    assert shown[3][5].startswith('{"text":"第3 long')
    assert shown[3][5].endswith("…")
    full = [line.split("\t")[5] for line in run("show", log, "--full").stdout.splitlines()]
    assert json.loads(full[3]) == {"text": "第3 " + "long " * 50}


def test_entries_that_nothing_vouches_for_are_marked(log: Path) -> None:
    with EventLog.open(str(log)) as writer:
        writer.append_many([Event(type="batch") for _ in range(3)])
    head_of(log).unlink()
    for options in ((), ("--reverse",)):
        ran = run("show", log, *options)
        assert ran.exit_code == 0
        marked = [line.split("\t")[0] for line in ran.stdout.splitlines() if "?" in line.split("\t")[0]]
        assert sorted(marked) == ["10?", "11?", "12?"]
        assert "seq 10 to 12: verified, but" in ran.stderr
    assert "?" not in run("show", log, "--seq", ":9").stdout


def test_a_foreign_head_vouches_for_nothing(log: Path) -> None:
    with EventLog.open(str(log)) as writer:
        position = writer.position
    head_of(log).write_bytes(encode_head(Head(log_id="another", position=position)))
    assert run("verify", log).exit_code == 0
    assert run("show", log).stdout.splitlines()[-1].startswith("9?\t")


def test_an_empty_file_is_a_log_without_entries(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    log.touch()
    assert run("verify", log).exit_code == 0
    for options in ((), ("--reverse",)):
        ran = run("show", log, *options)
        assert (ran.exit_code, ran.output) == (0, "")


@pytest.mark.parametrize("command", ["show", "verify"])
def test_what_is_no_file_is_one_clear_line(command: str, log: Path) -> None:
    fifo = log.with_name("fifo")
    os.mkfifo(fifo)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(log.with_name("socket")))
        for path, said in {
            log.with_name("nothing.jsonl"): "there is no such file",
            log / "below": "there is no such file",
            log.parent: "this is a folder, not a log",
            fifo: "not a regular file",
            log.with_name("socket"): "not a regular file",
            log.with_name("x" * 300): "File name too long",
            log.with_name("evil\x1b[31m\n"): "evil : there is no such file",
        }.items():
            ran = process(command, path)
            assert (ran.returncode, ran.stdout) == (1, b"")
            assert said in ran.stderr.decode()
            assert ran.stderr.count(b"\n") == 1
            assert b"\x1b" not in ran.stderr


def test_a_name_that_is_no_unicode_is_no_traceback(tmp_path: Path) -> None:
    log = make(tmp_path / os.fsdecode(b"\xff\xfe.jsonl"))
    assert process("show", log, "--json").stdout == log.read_bytes()
    damage_the_middle(log)
    ran = process("verify", "--json", log)
    assert ran.returncode == 11
    assert json.loads(ran.stdout)["path"] == str(log)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without the rights of root, for whom no folder is read-only."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_log_that_may_only_be_read_is_read() -> None:
    with tempfile.TemporaryDirectory() as name:
        log = make(Path(name) / "events.jsonl")
        before = {path: path.read_bytes() for path in log.parent.iterdir()}
        for path in before:
            path.chmod(0o444)
        log.parent.chmod(0o555)
        with as_nobody():
            with pytest.raises(PermissionError):
                EventLog.open(str(log))
            assert (run("verify", log).exit_code, run("verify", log).output) == (0, "")
            for options in ((), ("--reverse",)):
                ran = run("show", log, *options)
                assert (ran.exit_code, ran.stderr, ran.stdout.count("\n")) == (0, "", ENTRIES)
        assert {path: path.read_bytes() for path in log.parent.iterdir()} == before
        log.chmod(0o000)
        with as_nobody():
            ran = run("verify", log)
        assert (ran.exit_code, ran.stdout) == (1, "")
        assert "Permission denied; nothing was read" in ran.stderr
        log.parent.chmod(0o700)


def test_the_unfinished_line_of_a_living_writer_is_no_damage(log: Path) -> None:
    with EventLog.open(str(log)) as writer:
        last = writer.append("job.finished")
        with log.open("ab") as file:
            file.write(b'{"seq":11,"prev":"' + last.sum.encode() + b'","du')
        ran = process("verify", log)
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"", b"")
        assert json.loads(process("verify", log, "--json").stdout)["state"] == "being written"
        ran = process("show", log)
        assert (ran.returncode, ran.stderr, ran.stdout.count(b"\n")) == (0, b"", ENTRIES + 1)
    assert process("verify", log).returncode == 10


def test_follow_shows_each_new_entry_until_it_has_enough(log: Path) -> None:
    command = [sys.executable, "-m", "eventlog", "show", str(log), "--follow", "--json", "--seq", "9:", "--limit", "3"]
    with (
        EventLog.open(str(log)) as writer,
        subprocess.Popen(command, stdout=subprocess.PIPE, **ENVIRONMENT) as follower,  # type: ignore[call-overload]
    ):
        lines = [follower.stdout.readline()]
        for _ in range(2):
            writer.append("job.started")
            lines.append(follower.stdout.readline())
        assert follower.wait(timeout=60) == 0
    assert b"".join(lines) == log.read_bytes()[-sum(map(len, lines)) :]
    assert [json.loads(line)["seq"] for line in lines] == [9, 10, 11]


def test_follow_ends_quietly_on_interrupt(log: Path) -> None:
    command = [sys.executable, "-m", "eventlog", "show", str(log), "--follow"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, **ENVIRONMENT) as follower:  # type: ignore[call-overload]
        follower.stdout.readline()
        follower.send_signal(signal.SIGINT)
        _, said = follower.communicate(timeout=60)
        assert (follower.returncode, said) == (130, b"")


def test_follow_names_damage_and_the_next_command(log: Path) -> None:
    damage_the_middle(log)
    ran = process("show", log, "--follow")
    assert ran.returncode == 11
    assert f"next: python -m eventlog verify {log}\n".encode() in ran.stderr


def test_a_reader_that_went_away_is_no_error(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    with EventLog.open(str(log)) as writer:
        writer.append_many([Event(type="job", data="x" * 1000) for _ in range(1000)])
    for options in ("", "--json", "--reverse", "--limit 1"):
        ran = in_shell(f"{PYTHON} -m eventlog show {shlex.quote(str(log))} {options} | head -c 0")
        assert (ran.returncode, ran.stderr) == (0, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no full device")  # noqa: PTH110
def test_an_output_that_cannot_be_written_is_one_clear_line(log: Path) -> None:
    for redirect in ("> /dev/full", ">&-"):
        ran = in_shell(f"{PYTHON} -m eventlog show {shlex.quote(str(log))} {redirect}")
        assert ran.returncode == 1
        assert re.fullmatch(rb"standard output: .+; nothing more is printed\n", ran.stderr)


def on_a_terminal(*arguments: str | Path, columns: int = 100) -> str:
    """What a person sees."""
    ours, theirs = pty.openpty()
    environment = {"env": ENVIRONMENT["env"] | {"COLUMNS": str(columns)}}  # type: ignore[operator]
    command = [sys.executable, "-m", "eventlog", *map(str, arguments)]
    with subprocess.Popen(command, stdout=theirs, **environment) as ran:
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, READ_SIZE):
                shown += chunk
        except OSError:  # how Linux tells that the other side is closed
            pass
        finally:
            os.close(ours)
    assert ran.returncode == 0
    return shown.decode().replace("\r\n", "\n")


def test_a_terminal_shows_an_aligned_table_that_fits(log: Path) -> None:
    shown = on_a_terminal("show", log).splitlines()
    assert shown[0].split() == ["seq", "time", "type", "subject", "meta", "data"]
    assert len(shown) == ENTRIES + 1
    assert {line.index("attempt=") for line in shown[2:]} == {shown[0].index("meta")}
    assert {width(line) <= 100 for line in shown} == {True}
    assert len(on_a_terminal("show", log, "--full").splitlines()[3]) > 250


def test_control_sequences_never_reach_the_reader(log: Path) -> None:
    with EventLog.open(str(log)) as writer:
        writer.append(f"a{EVIL}", EVIL, subject=f"b{EVIL}", meta={f"k{EVIL}": f"v{EVIL}"})
    harmless = "灯redevil end"
    shown = run("show", log, "--full", "--seq", "10").stdout
    assert {c for c in shown if not c.isprintable()} == {"\t", "\n"}
    fields = shown.rstrip("\n").split("\t")
    assert fields[2:5] == [f"a{harmless}", f"b{harmless}", f"k{harmless}=v{harmless}"]
    for options in ((), ("--json",)):
        seen = on_a_terminal("show", log, *options, "--full", "--seq", "10")
        assert {c for c in seen if not c.isprintable()} <= {"\n"}
    assert json.loads(seen)["data"] == EVIL


def test_an_output_without_the_characters_is_no_traceback(log: Path) -> None:
    environment = os.environ | {"PYTHONPATH": ROOT, "PYTHONIOENCODING": "ascii"}
    ran = process("show", log, env=environment)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert b"\\u7b2c3 long" in ran.stdout


@pytest.mark.parametrize("command", ["show", "verify"])
def test_the_examples_of_the_help_run(command: str, log: Path) -> None:
    printed = process(command, "--help").stdout.decode().partition("Examples:\n")[2]
    examples = [line.strip() for line in printed.splitlines() if line.strip()]
    assert len(examples) >= 2
    for example in examples:
        assert example.startswith("python -m eventlog ")
        ran = process(*shlex.split(example)[3:], cwd=log.parent)
        assert (ran.returncode, ran.stderr) == (0, b"")


def test_another_program_mounts_the_commands_under_its_own_name(log: Path) -> None:
    def resolve(name: str) -> str:
        return str(log) if name == "mine" else name

    more = {"program": "prog log", "metavar": "PROJECT", "example": "mine"}
    group = click.Group(commands=[show_command(resolve, **more), verify_command(resolve, **more)])
    assert "prog log show mine --reverse" in CliRunner().invoke(group, ["show", "--help"]).stdout
    assert CliRunner().invoke(group, ["show", "mine", "--json"]).stdout_bytes == log.read_bytes()
    damage_the_middle(log)
    ran = CliRunner().invoke(group, ["verify", "mine"])
    assert ran.exit_code == 11
    assert f"next: prog log repair {log}\n" in ran.stderr


def peak_bytes(*arguments: str | Path) -> int:
    """The most memory that a command allocated."""
    measured = (
        "import sys, tracemalloc; from eventlog.__main__ import main; tracemalloc.start()\n"
        "try: main(sys.argv[1:])\n"
        "finally: print(tracemalloc.get_traced_memory()[1], file=sys.stderr)"
    )
    command = [sys.executable, "-c", measured, *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, timeout=60, check=True, **ENVIRONMENT)  # type: ignore[call-overload]
    return int(ran.stderr.splitlines()[-1])


FLAT = (
    "show",
    "show --json",
    "show --reverse",
    "verify",
    "verify --deep",
    "replay",
    "diff",
    "stats",
    "export",
    "repair",
)


@pytest.mark.parametrize("command", [each.split() for each in FLAT], ids=FLAT)
def test_memory_stays_flat_however_long_the_log(log: Path, command: list[str]) -> None:
    long = log.with_name("long.jsonl")
    with EventLog.open(str(long)) as writer:
        for _ in range(40):
            writer.append_many([Event(type="job", data="x" * 100_000) for _ in range(10)])
    head_of(long).unlink()
    assert peak_bytes(*command, long) < long.stat().st_size / 8


@given(st.lists(st.binary(max_size=3).map(lambda line: line.replace(b"\n", b"")), max_size=8), st.integers(1, 5))
def test_lines_read_backward_are_those_read_forward(lines: list[bytes], size: int) -> None:
    content = b"".join(line + b"\n" for line in lines)

    class Memory(RealFiles):
        def read_at(self, handle: int, offset: int, size: int) -> bytes:
            assert handle == 0
            return content[offset : offset + size]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("eventlog.tool.walk.READ_SIZE", size)
        found = list(lines_backward(Memory(), 0, len(content)))
    assert [line for _, line in reversed(found)] == [line + b"\n" for line in lines]
    assert all(content[offset:].startswith(line) for offset, line in found)
    assert sum(len(line) for _, line in found) == len(content)


@given(st.text() | st.text(alphabet="\x1b\x9b\x9d[];0m\x07\\a\u202e"))
def test_cleaned_text_has_no_power(text: str) -> None:
    cleaned = clean(text)
    assert not re.search("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", cleaned)
    assert clean(cleaned) == cleaned


@given(st.text())
def test_escaped_json_means_the_same(text: str) -> None:
    escaped = escape(json.dumps(text, ensure_ascii=False))
    assert json.loads(escaped) == text
    assert clean(escaped) == escaped


@given(st.text() | st.text(alphabet="a灯\u0301"), st.integers(1, 12))
def test_shortened_text_fits(text: str, columns: int) -> None:
    cut = shorten(text, columns)
    assert width(cut) <= columns
    assert cut == text or (text.startswith(cut[:-1]) and width(text) > columns)
