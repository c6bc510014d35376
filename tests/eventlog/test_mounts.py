"""What the table of mounts says of the file system that a log lies on.

Law: the table is what proc(5) describes; where it cannot be understood, nothing is said.
"""

from __future__ import annotations

import os

import pytest

from eventlog.files import FileStat
from eventlog.mounts import network_kind
from tests.simulated_disk import SimulatedDisk

TABLE = "/proc/self/mountinfo"


def kind_of(table: bytes, device: int = 1) -> str | None:
    """What is said of a file on this device."""

    class OnDevice(SimulatedDisk):
        def stat(self, target: str | int) -> FileStat | None:
            found = super().stat(target)
            return found and FileStat(device=device, inode=found.inode, size=found.size, is_dir=found.is_dir)

    disk = OnDevice({TABLE: table, "/d/file": b""})
    return network_kind(disk, disk.open("/d/file", "read"))


@pytest.mark.parametrize(
    ("major", "minor"), [(0, 1), (8, 1), (16, 0), (259, 255), (259, 256), (4095, 2**20 - 1), (0, 300_000)]
)
def test_a_mount_is_found_by_the_numbers_of_its_device(major: int, minor: int) -> None:
    others = "".join(f"22 1 {a}:{b} / / rw - ext4 x rw\n" for a, b in ((major + 1, minor), (major, minor + 1)))
    table = f"{others}36 22 {major}:{minor} / /d rw shared:1 - nfs4 server:/x rw\n"
    assert kind_of(table.encode(), os.makedev(major, minor)) == "nfs4"


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        (b"36 22 0:1 / /d rw - nfs server:/a - b rw\n", "nfs"),
        (b"36 22\n36 22 0:1 / /d rw - cifs x rw\n", "cifs"),
        (b"36 22 0:1 / /d rw - \xff x rw\n", None),
        (b"36 22 0:1 / /d rw\n", None),
    ],
    ids=["dash in a name", "short line", "no text", "no kind"],
)
def test_a_strange_line_is_no_failure(table: bytes, kind: str | None) -> None:
    assert kind_of(table) == kind


def test_without_a_table_nothing_is_said() -> None:
    disk = SimulatedDisk({"/d/file": b""})
    assert network_kind(disk, disk.open("/d/file", "read")) is None
    disk = SimulatedDisk({"/d/file": b""}, folders=[TABLE])
    assert network_kind(disk, disk.open("/d/file", "read")) is None
