"""Whether a log lies on a network file system, where neither the lock nor the sync means what this rests on.

Law: a look, never a failure: where the system does not tell, nothing is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventlog.files import read_file

if TYPE_CHECKING:
    from eventlog.files import Files

_TABLE = "/proc/self/mountinfo"
_OVER_THE_NETWORK = frozenset(
    ("9p", "afs", "ceph", "cifs", "fuse.sshfs", "glusterfs", "fuse.glusterfs", "nfs", "nfs4", "smb3", "smbfs", "vboxsf")
)


class NetworkFileSystemWarning(UserWarning):
    """A log is written on a network file system; see "What is assumed" in FORMAT.md."""


def network_kind(files: Files, handle: int) -> str | None:
    """The type of the network file system that holds an open file; None if it is on no such one that is known."""
    try:
        found, table = files.stat(handle), read_file(files, _TABLE)
    except OSError:
        return None
    if found is None or table is None:
        return None
    device = f"{found.device >> 8 & 0xFFF}:{found.device & 0xFF | found.device >> 12 & 0xFFFFF00}".encode()
    for line in table.split(b"\n"):
        place, _, kind = line.partition(b" - ")
        fields = place.split(b" ")
        if len(fields) > 2 and fields[2] == device:  # noqa: PLR2004 - id, parent, major:minor (proc(5))
            name = kind.partition(b" ")[0].decode(errors="replace")
            return name if name in _OVER_THE_NETWORK else None
    return None
