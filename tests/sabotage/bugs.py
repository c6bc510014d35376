"""What a seeded bug is, and the selections of tests that find such bugs.

Law: a bug replaces text that stands exactly once in its file; whatever is copied, changed and run is runner.py's job.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

Selection: TypeAlias = tuple[str, ...]

_EVERY_CRASH = "tests/crash/test_every_crash.py"
ONE_CRASH: Selection = (_EVERY_CRASH, "-k", "no_crash_loses")
AFTER_A_FAILURE: Selection = (_EVERY_CRASH, "-k", "no_crash_loses and (poison or rollback)")
AFTER_A_TEAR: Selection = (_EVERY_CRASH, "-k", "no_crash_loses and torn")
ANY_FAILURE: Selection = (_EVERY_CRASH, "-k", "no_failure_of_any_call and once and (good or cached)")
KILLED: Selection = (_EVERY_CRASH, "-k", "killed_process")
LOG: Selection = ("tests/eventlog/test_log.py",)
FILES: Selection = ("tests/eventlog/test_files.py",)
REAL_DISK: Selection = ("tests/eventlog/test_real_disk.py",)
SYNCING: Selection = ("tests/eventlog/test_syncing.py",)
_READING = "tests/eventlog/test_reading.py"
READING: Selection = (_READING, "-k", "without_a_head or replaced_by_another")
BESIDE_A_WRITER: Selection = (_READING, "-k", "survives_every_crash")
RECOVERY: Selection = ("tests/eventlog/test_recovery.py", "-k", "not whatever_is_written")
CHECKPOINT: Selection = ("tests/eventlog/test_checkpoint.py",)
REPAIR: Selection = ("tests/eventlog/test_repair.py", "-k", "harms_the_old_log_or_the_new and middle")
ENTRY: Selection = ("tests/eventlog/test_entry.py", "-k", "flipped_bit or json_cannot_hold")
DISKS: Selection = ("tests/resume/test_every_disk.py",)
PLAN: Selection = ("tests/stages/test_plan.py", "tests/stages/test_progress.py")
SNAPSHOTS: Selection = ("tests/stages/test_snapshots.py",)
POWER_CUTS: Selection = (*DISKS, "-k", "power_cut_at_every_operation")
NO_ROOM: Selection = (*DISKS, "-k", "full_for or rescue_file")
RUNS: Selection = ("tests/commands/test_run.py", "-k", "fails_stops_no_other or somebody_else")
CALLS: Selection = ("tests/resume/test_killed_runs.py", "-k", "in_flight")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """One seeded bug: in the file `path`, `old` becomes `new`; `found_by` are the tests that must notice."""

    name: str
    path: str
    old: str
    new: str
    found_by: Selection

    def apply(self, root: Path) -> None:
        """Break the copy of the project at `root`; raises LookupError if the bug does not fit it."""
        file = root / self.path
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        if text.count(self.old) != 1:
            raise LookupError(f"{self.name}: its text stands {text.count(self.old)} times in {self.path}, not once")
        file.write_text(text.replace(self.old, self.new), encoding="utf-8")
