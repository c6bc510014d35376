"""`python -m tests.sabotage.mutants [--children N] [MINUTES [FILE...]]`: mutmut changes each expression of a module.

Law: a mutant that survives, has no test or was not reached in time is an error, unless SURVIVORS.md says why it may
live. Without arguments this is the run of CI: all mutants of `entry.py` and `recovery.py`, in at most 3 minutes.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.sabotage.runner import copy_project

CI_MINUTES = 3.0
CI_FILES = ("eventlog/entry.py", "eventlog/recovery.py")
QUICK = ("log", "survivors", "interruptions", "checkpoint", "files")  # what goes through the front door, in seconds
TESTS = {  # which tests/eventlog/test_*.py are run on the mutants of a module; QUICK where nothing else is said
    "entry": ("entry",),
    "recovery": ("recovery",),
    "fused": ("fused", "recovery"),
    "head": (*QUICK, "entry"),
    "lock": (*QUICK, "lock"),
    "projection": (*QUICK, "projection"),
    "log": (*QUICK, "projection", "real_disk", "room_ahead"),
    "writer": (*QUICK, "real_disk", "room_ahead"),
    "syncing": ("syncing",),
    "reading": (*QUICK, "reading", "projection"),
    "salvage": ("salvage", "repair"),
    "adoption": (*QUICK, "repair"),
    "repair": ("repair", "salvaged"),
    "tool/repair": ("tool_repair", "tool_defaults"),
    "tool/export": ("tool_export", "tool_show", "tool_defaults"),
    "tool/output": ("tool_export", "tool_replay"),
    "tool/replay": ("tool_replay", "tool_show", "tool_defaults"),
    "tool/diff": ("tool_diff", "tool_defaults"),
    "tool/text": ("tool_text",),
    "tool/choosing": ("tool_choosing",),
    "tool/show": ("tool_show", "tool_seek", "tool_defaults"),
    "tool/stats": ("tool_stats", "tool_defaults"),
    "tool/table": ("tool_text",),
    "tool/wording": ("tool_text",),
    "tool/console": ("tool_console",),
    "tool/waiting": ("tool_waiting",),
    "tool/progress": ("tool_waiting",),
    "files": ("files", "real_disk", "lock", "log"),
    "plain": ("plain", "entry"),
    "turn": ("log", "interruptions"),
    "told": ("log", "interruptions"),
    "mounts": ("mounts", "log"),
    "seek": ("seek", "tool_seek"),
    "sift": ("tool_sift",),
    "look": ("look", "tool_sift", "tool_seek"),
    "tool/walk": ("walk", "look", "tool", "tool_seek"),
    "tool/finding": ("finding", "tool", "look"),
    "tool/verify": ("tool_verify", "tool", "tool_defaults"),
    "tool/deep": ("tool_verify",),
    "tool/view": ("tool_view", "tool_verify", "tool_diff", "tool_replay", "tool_stats"),
    "values": ("values",),
    "errors": ("lock", "log"),
    "port": ("log", "lock"),
    "__init__": ("packages",),
}
EXHAUSTIVE = (  # left out: they try every bit or every crash, for seconds or a minute, which no single mutant is worth
    "tests/eventlog/test_reading.py::test_what_a_reader_was_shown_beside_a_writer_survives_every_crash",
    "tests/eventlog/test_recovery.py::test_every_flipped_bit_of_an_acknowledged_log_is_refused_at_its_line",
    "tests/eventlog/test_recovery.py::test_without_a_head_only_damage_to_the_last_batch_looks_like_a_tear",
    "tests/eventlog/test_recovery.py::test_a_batch_torn_anywhere_is_torn_with_the_head_that_was_there_before",
    "tests/eventlog/test_repair.py::test_no_crash_at_any_moment_harms_the_old_log_or_the_new",
)
PROCESSES = (  # left out: they ask a process in another folder, in which a mutant does not begin
    "tests/eventlog/test_tool.py::test_verify_tells_each_kind_of_damage_by_its_exit_code_and_changes_nothing",
    "tests/eventlog/test_tool.py::test_the_next_command_that_verify_names_can_be_typed",
    "tests/eventlog/test_tool.py::test_json_lines_are_those_of_the_log",
    "tests/eventlog/test_tool.py::test_what_is_no_file_is_one_clear_line",
    "tests/eventlog/test_tool.py::test_a_name_that_is_no_unicode_is_no_traceback",
    "tests/eventlog/test_tool.py::test_the_unfinished_line_of_a_living_writer_is_no_damage",
    "tests/eventlog/test_tool.py::test_follow_shows_each_new_entry_until_it_has_enough",
    "tests/eventlog/test_tool.py::test_follow_ends_quietly_on_interrupt",
    "tests/eventlog/test_tool.py::test_follow_names_damage_and_the_next_command",
    "tests/eventlog/test_tool.py::test_a_reader_that_went_away_is_no_error",
    "tests/eventlog/test_tool.py::test_an_output_that_cannot_be_written_is_one_clear_line",
    "tests/eventlog/test_tool.py::test_a_terminal_shows_an_aligned_table_that_fits",
    "tests/eventlog/test_tool.py::test_control_sequences_never_reach_the_reader",
    "tests/eventlog/test_tool.py::test_an_output_without_the_characters_is_no_traceback",
    "tests/eventlog/test_tool.py::test_the_examples_of_the_help_run",
    "tests/eventlog/test_tool.py::test_memory_stays_flat_however_long_the_log",
    "tests/eventlog/test_tool_repair.py::test_the_commands_it_names_lead_to_a_whole_log",
    "tests/eventlog/test_tool_replay.py::test_a_reader_that_went_away_is_no_error",
    "tests/eventlog/test_tool_replay.py::test_the_examples_of_the_help_run",
    "tests/eventlog/test_tool_seek.py::test_a_reader_of_the_middle_and_the_end_leaves_quietly",
)
WITHOUT_SHRINKING = """

from hypothesis import Phase, settings
settings.register_profile(
    "mutants", settings.get_profile("ci"), max_examples=25, phases=[Phase.explicit, Phase.generate]
)
"""
SURVIVORS = Path(__file__).with_name("SURVIVORS.md")
MUTMUT = str(Path(sys.executable).with_name("mutmut"))  # with -m, the folder itself would come before its mutants
EXPLAINED = re.compile(r"^```diff\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Interrupted: an interruption that a test makes within an append went further than it may, and ended all tests.
DEAD, UNREACHED = ("killed", "timeout", "check was interrupted by user"), "not checked"


def chosen(file: str) -> tuple[str, ...]:
    """The tests for a module, which TESTS knows by its name, or in a folder by both, for two are called repair.py."""
    own = file.removeprefix("eventlog/").removesuffix(".py")
    return TESTS.get(own, TESTS.get(Path(file).stem, QUICK))


def configuration(files: tuple[str, ...]) -> str:
    """What mutmut is told: what to change, what to copy, which tests; chance is fixed and no test has a deadline."""
    names = dict.fromkeys(name for file in files for name in chosen(file))
    arguments = [
        "-n",
        "0",
        "--hypothesis-profile=mutants",
        *(f"--deselect={test}" for test in (*EXHAUSTIVE, *PROCESSES)),
    ]
    return (
        "\n[tool.mutmut]\n"
        f"source_paths = {list(files)}\n"
        f"also_copy = {['eventlog', 'stages', 'cli.py', 'tests', 'examples', 'pyproject.toml']}\n"
        f"pytest_add_cli_args_test_selection = {[f'tests/eventlog/test_{name}.py' for name in names]}\n"
        f"pytest_add_cli_args = {arguments}\n"
        "timeout_multiplier = 5.0\n"  # of what its tests take and a second; an endless loop costs that much
    )


def mutate(root: Path, files: tuple[str, ...], minutes: float, children: int) -> str:
    """Run mutmut for at most so long; what it printed if it did not even begin.

    The mutants are named, though they are all: only then does mutmut first run the tests as it will on a mutant, by
    their ids, in a process that collected before. A test that is not found so would pass for one that failed.
    """
    every = [f"{file.removesuffix('.py').removesuffix('/__init__').replace('/', '.')}.*" for file in files]
    command = [MUTMUT, "run", "--max-children", str(children), *every]
    with (root / "told").open("w+", encoding="utf-8") as told:
        process = subprocess.Popen(
            command, cwd=root, env=own_environment(), stdout=told, stderr=told, start_new_session=True
        )
        try:
            process.wait(minutes * 60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        told.seek(0)
        return told.read()[-2000:]


def asked(root: Path, *question: str) -> str:
    """What mutmut answers about a run."""
    done = subprocess.run(
        [MUTMUT, *question], cwd=root, env=own_environment(), capture_output=True, text=True, timeout=120, check=False
    )
    return done.stdout


def results(root: Path) -> dict[str, str]:
    """The fate of each mutant by its name."""
    told = asked(root, "results", "--all", "true")
    return dict(re.findall(r"^\s+(\S+__mutmut_\d+): (.+)$", told, re.MULTILINE))


def own_environment() -> dict[str, str]:
    """Without a path of ours: mutmut itself puts the mutants before everything else."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"PYTHONWARNINGS": "ignore"}


def change(name: str, lines: list[str]) -> tuple[str, ...]:
    """A mutant by its function and what it changes there: its number is another one as soon as the function is."""
    told = [f"{line[0]} {' '.join(line[1:].split())}" for line in lines if re.match(r"[+-](?![+-])", line)]
    return name.partition("__mutmut_")[0], *told


def explained() -> set[tuple[str, ...]]:
    """The changes that SURVIVORS.md gives a reason for."""
    parts = [
        part.splitlines()
        for block in EXPLAINED.findall(SURVIVORS.read_text(encoding="utf-8"))
        for part in re.split(r"^(?=eventlog\.)", block, flags=re.MULTILINE)
    ]
    return {change(name, lines) for name, *lines in filter(None, parts)}


def report(files: tuple[str, ...], found: dict[str, str], root: Path) -> bool:
    """Print the counts and every mutant that nobody explained, with what it changes; whether there is none."""
    counts = ", ".join(f"{count} {fate}" for fate, count in sorted(Counter(found.values()).items()))
    sys.stdout.write(f"{len(found)} mutants of {' '.join(files)}: {counts}\n")
    known, unexplained = explained(), 0
    for name in sorted(name for name, fate in found.items() if fate not in (*DEAD, UNREACHED)):
        lines = change(name, asked(root, "show", name).splitlines())
        if lines not in known:
            unexplained += 1
            sys.stdout.write(f"{found[name]} and is not explained: {name}\n" + "".join(f"{one}\n" for one in lines[1:]))
    for name in sorted(name for name, fate in found.items() if fate == "timeout"):
        sys.stdout.write(f"ended by its time limit: {name}\n")
    unreached = sum(fate == UNREACHED for fate in found.values())
    if unreached:
        sys.stdout.write(f"{unreached} were not reached in time\n")
    return not unexplained and not unreached


def main(arguments: list[str]) -> int:
    """Run and report; exit 1 unless each mutant was reached, and is dead or explained."""
    parser = argparse.ArgumentParser(prog="python -m tests.sabotage.mutants")
    parser.add_argument("--children", type=int, default=os.cpu_count() or 1)
    parser.add_argument("minutes", type=float, nargs="?", default=CI_MINUTES)
    parser.add_argument("files", nargs="*", default=CI_FILES)
    given = parser.parse_args(arguments)
    files = tuple(given.files)
    place = Path(tempfile.mkdtemp(prefix="scenelog-mutants-"))
    try:
        root = copy_project(place / "copy")
        with (root / "pyproject.toml").open("a", encoding="utf-8") as file:
            file.write(configuration(files))
        with (root / "tests" / "conftest.py").open("a", encoding="utf-8") as file:
            file.write(WITHOUT_SHRINKING)  # that a test fails is all there is to know
        told = mutate(root, files, given.minutes, given.children)
        found = results(root)
        if "killed" not in found.values():
            sys.stdout.write(f"mutmut did not run: {told}\n")
            return 1
        return 0 if report(files, found, root) else 1
    finally:
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
