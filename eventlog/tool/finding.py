"""What the tool says of a log as a whole: where, what, what vouches, what to type next, and the exit code.

Law: every command judges a log here, and so in the same words and with the same code.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, assert_never

from eventlog import reading
from eventlog.files import RealFiles
from eventlog.recovery import State
from eventlog.tool.text import counted
from eventlog.values import frozen

if TYPE_CHECKING:
    from eventlog.files import Files
    from eventlog.reading import Verification

PROGRAM = "python -m eventlog"
OK, FAILED, TORN, CORRUPT, BEHIND, DERIVED, INTERRUPTED = 0, 1, 10, 11, 12, 13, 130
BEING_WRITTEN = "being written"
FOREIGN = "foreign"
_BEGINNINGS = (b'{"seq":', b"\0")  # what a damaged log still begins with, and no other file


@frozen
class Finding:
    """A judged log. `entries` counts the good ones from its start; `line`, `offset` (bytes) and `seq` tell the place.

    `reason` is what stands there, `evidence` why that is judged so, `remedy` what it means for the user and `next` the
    command to type; all are empty or None for a log with which nothing is wrong.
    """

    path: str
    state: str
    code: int
    entries: int
    line: int | None = None
    offset: int | None = None
    seq: int | None = None
    reason: str = ""
    evidence: str = ""
    remedy: str = ""
    next: str = ""

    @property
    def message(self) -> str:
        """Everything in one line; empty if nothing is wrong."""
        if self.state in (State.CLEAN, BEING_WRITTEN):
            return ""
        where = f"{self.path}: line {self.line}, byte {self.offset}, seq {self.seq}"
        said = "; ".join(part for part in (self.reason, self.evidence, self.remedy) if part)
        return f"{where}: {self.state}: {said}" + (f"; next: {self.next}" if self.next else "")


def command(program: str, *arguments: str) -> str:
    """A command line that can be typed as it stands."""
    return f"{program} {shlex.join(arguments)}"


def examine(path: str, program: str = PROGRAM, *, files: Files | None = None) -> Finding:
    """Read every byte of a log and judge it. Raises OSError, EventLogError."""
    found = reading.verify(path, files=files)
    entries = found.end.seq + 1
    if found.state is State.CLEAN and not found.being_written:
        return Finding(path=path, state=State.CLEAN, code=OK, entries=entries)
    if found.being_written:
        state, code, remedy, following = BEING_WRITTEN, OK, "", ""
    elif _is_foreign(found):
        state, code, remedy, following = FOREIGN, FAILED, "name another file", ""
    else:
        state = found.state
        code, remedy, following = _sentence(found, path, program)
    line, offset, seq, reason = _place(found)
    return Finding(
        path=path,
        state=state,
        code=code,
        entries=entries,
        line=line,
        offset=offset,
        seq=seq,
        reason="" if state == FOREIGN else reason,
        evidence=found.evidence,
        remedy=remedy,
        next=following,
    )


def _sentence(found: Verification, path: str, program: str) -> tuple[int, str, str]:
    """The exit code, what the state means for the user, and what to type next."""
    last_entry = command(program, "show", path, "--reverse", "--limit", "1")
    match found.state:
        case State.CLEAN:
            return OK, "", ""
        case State.TORN:
            return TORN, "the next writer moves these bytes to quarantine/ and goes on", last_entry
        case State.CORRUPT:
            good = counted(found.end.seq + 1, "entry")
            before = f"what is before it is good: {good}" if found.end.seq >= 0 else "nothing is before it"
            return CORRUPT, before, command(program, "repair", path)
        case State.BEHIND:
            return (
                BEHIND,
                "this is an older or another copy of the log: put the right one back",
                command(program, "repair", path),
            )
        case State.NEWER:
            return FAILED, "nothing is wrong with the log", ""
        case _:
            assert_never(found.state)


def _place(found: Verification) -> tuple[int, int, int, str]:
    """The line, offset, seq and nature of what is wrong, where no fault tells it: behind the head, or newer."""
    if found.fault is not None:
        return found.fault.line, found.fault.offset, found.fault.seq, found.fault.reason
    end = found.end
    if found.state is State.BEHIND and found.head is not None and found.head.position.seq <= end.seq:
        seq = found.head.position.seq
        entries = reading.read(found.path, after=seq - 1, unconfirmed=True)
        return seq + 1, next((entry.offset for entry in entries), end.offset), seq, "this is not the entry of its head"
    reason = "the log ends here" if found.state is State.BEHIND else ""
    return end.seq + 2, end.offset, end.seq + 1, reason


def _is_foreign(found: Verification) -> bool:
    """Whether this never was a log: its beginning is not that of one, and nothing vouches for a single entry."""
    if found.fault is None or not found.fault.foreign or found.fault.vouched >= 0 or found.head is not None:
        return False
    files = RealFiles()
    handle = files.open(found.path, "read")
    try:
        return not files.read_at(handle, 0, 8).startswith(_BEGINNINGS)
    finally:
        files.close(handle)
