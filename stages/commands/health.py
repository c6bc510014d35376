"""What `scenelog log doctor` looks at: the machine, the disk, and one project on it.

Law: nothing that a project holds is changed. Writing is tried, and the sync timed, on a file without a name that is
gone at once; a check that cannot be made says so.
"""

from __future__ import annotations

import contextlib
import platform
import shutil
import statistics
import tempfile
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from eventlog.tool.text import counted
from eventlog.values import frozen
from stages.commands import VERSION
from stages.pipeline.text import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventlog.files import Files
    from stages.pipeline.system import System

OK, NOTE, PROBLEM = "ok", "note", "problem"
NETWORK = (
    "nfs",
    "cifs",
    "smb",
    "9p",
    "afs",
    "ceph",
    "gluster",
    "lustre",
    "beegfs",
    "davfs",
    "sshfs",
    "vboxsf",
    "vmhgfs",
)
MEMORY = ("tmpfs", "ramfs")
LEAST_FREE, LITTLE_FREE = 10 * 2**20, 2**30
PROBE_BYTES, PROBES = 4096, 5
QUICK_MS, SLOW_MS = 0.02, 200.0
OLDEST_YEAR = 2024
_LIBRARIES = ("orjson", "click", "httpx", "rich", "watchfiles")


@frozen
class Check:
    """What was found: `state` is ok, note or problem; `next` is what to type or do, empty if nothing."""

    name: str
    state: str
    message: str
    next: str = ""


def versions() -> Check:
    """Which programs are at work."""
    found = ", ".join(f"{name} {metadata.version(name)}" for name in _LIBRARIES)
    system = f"Python {platform.python_version()}, {platform.system()} {platform.release()}"
    return Check(name="versions", state=OK, message=f"scenelog {VERSION}, {system}; {found}")


def clock(now: datetime, last: datetime | None = None) -> Check:
    """Whether the time can be right; `last` is that of the newest entry."""
    said = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if now.year < OLDEST_YEAR:
        return Check(name="clock", state=NOTE, message=f"{said} cannot be", next="set the clock of this machine")
    if last is not None and last > now:
        behind = f"{said} is {(last - now).total_seconds():.0f} s before the newest entry; order never depends on it"
        return Check(name="clock", state=NOTE, message=behind, next="set the clock, or times will mislead people")
    return Check(name="clock", state=OK, message=said)


def disk(files: Files, folder: Path, *, log: str = "") -> Iterator[Check]:
    """Permissions (of a log as well, if one is named), free space, the kind of file system, how long a sync takes."""
    yield _space(folder)
    kind = file_system(folder)
    yield _kind(kind)
    try:
        if log:
            files.close(files.open(log, "append"))
        took_ms = sync_ms(files, folder)
    except OSError as error:
        said = f"{log if log and error.filename == log else folder} cannot be written: {error.strerror or error}"
        yield Check(name="permissions", state=PROBLEM, message=said, next=f"look at: ls -la {quoted(str(folder))}")
        yield Check(name="sync", state=NOTE, message="not timed: nothing can be written there")
        return
    yield Check(name="permissions", state=OK, message=f"{folder} can be read and written")
    yield _sync(took_ms, kind)


def _space(folder: Path) -> Check:
    free = shutil.disk_usage(folder).free
    message = f"{free / 2**30:.1f} GiB free" if free >= LITTLE_FREE else f"{free / 2**20:.1f} MiB free"
    state = PROBLEM if free < LEAST_FREE else NOTE if free < LITTLE_FREE else OK
    return Check(name="space", state=state, message=message, next="" if state == OK else "free some space")


def file_system(folder: Path) -> str:
    """The kind of file system a folder is on; empty if nobody can tell."""
    import psutil  # noqa: PLC0415 - only for this

    try:
        mounts = {Path(each.mountpoint): each.fstype for each in psutil.disk_partitions(all=True)}
    except (OSError, psutil.Error):
        return ""
    here = folder.resolve()
    return next((mounts[above] for above in (here, *here.parents) if above in mounts), "")


def _kind(kind: str) -> Check:
    name = "file system"
    if any(word in kind.lower() for word in NETWORK):
        said = f"{kind} is a network file system: neither its lock nor its sync can be relied on"
        return Check(name=name, state=PROBLEM, message=said, next="keep projects on a disk of this machine")
    if kind in MEMORY:
        said = f"{kind} is memory: everything is gone after a restart"
        return Check(name=name, state=NOTE, message=said, next="keep projects on a disk")
    return Check(name=name, state=OK, message=kind or "its kind is not known")


def sync_ms(files: Files, folder: Path) -> float:
    """How many milliseconds it takes until 4 KiB are on disk, the median of a few tries; raises OSError."""
    import time  # noqa: PLC0415 - the one stop-watch

    took: list[float] = []
    with tempfile.TemporaryFile(dir=folder) as probe:
        for _ in range(PROBES):
            files.append(probe.fileno(), bytes(PROBE_BYTES))
            began = time.perf_counter()
            files.sync(probe.fileno())
            took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def _sync(took_ms: float, kind: str) -> Check:
    said = f"{PROBE_BYTES} bytes are on disk after {took_ms:.3g} ms"
    if took_ms < QUICK_MS and kind not in MEMORY:
        doubt = f"{said}: too quick for a disk; a cache may hold them, and a power cut may take them"
        return Check(name="sync", state=NOTE, message=doubt, next="look at the write cache of the disk or the machine")
    if took_ms > SLOW_MS:
        return Check(name="sync", state=NOTE, message=f"{said}: slow", next="look at what else writes to the disk")
    return Check(name="sync", state=OK, message=said)


def lock(files: Files, log: str) -> Check:
    """Who is writing a log."""
    from eventlog.lock import has_writer, holder  # noqa: PLC0415 - only for a project

    message = f"being written by {holder(files, log)}" if has_writer(files, log) else "nobody is writing"
    return Check(name="lock", state=OK, message=message)


def leftovers(folder: Path, target: str) -> Iterator[Check]:
    """What an accident or a repair left beside the log: quarantined bytes, a salvage, half-written files."""
    kept = sorted(path for path in folder.glob("quarantine/*") if path.is_file())
    if kept:
        size = sum(path.stat().st_size for path in kept)
        newest = datetime.fromtimestamp(max(path.stat().st_mtime for path in kept), tz=UTC)
        said = f"{counted(len(kept), 'file')}, {size} bytes, the newest of {newest:%Y-%m-%d}"
        advice = f"look at them, then delete them: {folder / 'quarantine'}"
        yield Check(name="quarantine", state=NOTE, message=said, next=advice)
    else:
        yield Check(name="quarantine", state=OK, message="empty")
    if (folder / "events.salvaged.jsonl").exists():
        said = "a salvaged log was made and not put into place"
        yield Check(name="salvage", state=NOTE, message=said, next=f"scenelog log repair {target}")
    unfinished = sorted(path.name for path in folder.rglob("*.new") if path.is_file())
    if unfinished:
        said = f"half-written files: {', '.join(unfinished[:5])}"
        yield Check(name="temporary files", state=NOTE, message=said, next="the next run clears them")


def rescues(system: System, log_id: str, target: str) -> Check:
    """Results that wait outside their project; of all projects if no log is named."""
    found: list[Path] = []
    for folder in map(Path, system.rescue_folders):
        with contextlib.suppress(OSError):  # there is none, or it is somebody else's
            found += sorted(path for path in folder.iterdir() if path.name.startswith(f"{log_id}.") or not log_id)
    if not found:
        return Check(name="rescue files", state=OK, message="none")
    said = f"results wait outside their project: {', '.join(map(str, found))}"
    return Check(name="rescue files", state=NOTE, message=said, next=f"scenelog run {target or 'PROJECT'}")
