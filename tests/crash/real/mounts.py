"""Disks of our own: ext4 and xfs in a file, whose power can be cut, and small tmpfs.

Law: every mount is made in a mount namespace of this process, and every loop device clears itself with its last user:
both are gone with the process, however it ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import functools
import os
import struct
import subprocess
from dataclasses import dataclass
from enum import IntFlag
from typing import TYPE_CHECKING

from tests.crash.real.layers import tool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Numbers of the Linux system call interface: linux/mount.h, linux/sched.h, linux/loop.h, fs/ext4/ext4.h.
_CLONE_NEWNS = 0x00020000
_MNT_DETACH = 2
_LOOP_CTL_GET_FREE = 0x4C82
_LOOP_CONFIGURE = 0x4C0A
_LOOP_INFO_BYTES, _LOOP_FLAGS_AT, _LOOP_RESERVED_BYTES = 232, 52, 64
_AUTOCLEAR = 4
_SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN and XFS_IOC_GOINGDOWN
_WITHOUT_FLUSH = 2
_TRIES = 8


class How(IntFlag):
    """The flags of mount(2) that are used here."""

    PLAIN = 0
    READ_ONLY = 1
    REMOUNT = 32
    BIND = 4096
    RECURSIVE = 16384
    PRIVATE = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A file system and the smallest image it can live in; the image is sparse."""

    name: str
    image_bytes: int
    options: tuple[str, ...]


EXT4 = Kind(name="ext4", image_bytes=16 * 2**20, options=("-q", "-F"))
XFS = Kind(name="xfs", image_bytes=300 * 2**20, options=("-q", "-f"))


def mount(source: str, folder: Path, *, kind: str, how: How = How.PLAIN, data: str = "") -> None:
    """Mount something at a folder, with the words of the system call; raises OSError."""
    _be_private()
    _checked(_libc().mount(source.encode(), os.fsencode(folder), kind.encode(), int(how), data.encode()), folder)


def unmount(folder: Path, *, lazily: bool = False) -> None:
    """Take away what is mounted there; raises OSError, EBUSY while a file in it is open unless `lazily`."""
    _checked(_libc().umount2(os.fsencode(folder), _MNT_DETACH if lazily else 0), folder)


def remount(folder: Path, how: How = How.PLAIN, data: str = "") -> None:
    """Change how a folder is mounted; raises OSError."""
    mount("none", folder, kind="none", how=How.REMOUNT | how, data=data)


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int, place: object) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(place))


@functools.cache
def _be_private() -> None:
    """Move this process into a mount namespace of its own, whose mounts nobody else sees."""
    _checked(_libc().unshare(_CLONE_NEWNS), "a mount namespace")
    flags = int(How.RECURSIVE | How.PRIVATE)
    _checked(_libc().mount(b"none", b"/", None, flags, None), "/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """A file system in the file `image`, mounted at `folder`."""

    kind: Kind
    image: Path
    folder: Path

    def mount(self) -> None:
        """Mount it on a new loop device, which replays its journal; the device is gone when it is unmounted.

        A device that stayed would keep what the kernel knew of the disk before a power cut.
        """
        handle, device = _loop_device(self.image)
        try:
            mount(device, self.folder, kind=self.kind.name)
        finally:
            os.close(handle)

    def cut_power(self) -> None:
        """From now on nothing reaches the disk, and what only memory held is lost, as in a power cut. Twice is once."""
        try:
            handle = os.open(self.folder, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            if error.errno == errno.EIO:  # there is no power any more
                return
            raise
        try:
            fcntl.ioctl(handle, _SHUTDOWN, struct.pack("I", _WITHOUT_FLUSH))
        finally:
            os.close(handle)

    def power_up(self) -> None:
        """After a cut: mount the disk anew, with nothing in memory of what it held."""
        unmount(self.folder)
        self.mount()


def make_image(kind: Kind, image: Path) -> None:
    """Make a new file system in a file."""
    with image.open("wb") as file:
        file.truncate(kind.image_bytes)
    mkfs = tool(f"mkfs.{kind.name}")
    if mkfs is None:
        raise AssertionError(f"required({kind.name!r}) comes before a disk")
    subprocess.run([mkfs, *kind.options, image], check=True, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def loop_disk(kind: Kind, folder: Path) -> Iterator[Disk]:
    """A new file system, mounted in a folder that is made below `folder`."""
    image, place = folder / f"{kind.name}.image", folder / kind.name
    place.mkdir()
    make_image(kind, image)
    disk = Disk(kind=kind, image=image, folder=place)
    try:
        disk.mount()
        yield disk
    finally:
        with contextlib.suppress(OSError):
            unmount(place, lazily=True)
        image.unlink()


def _loop_device(image: Path) -> tuple[int, str]:
    """An open loop device with the image behind it; the device clears itself with its last user."""
    for _ in range(_TRIES):
        device = f"/dev/loop{_free_loop_device()}"
        handle = os.open(device, os.O_RDWR | os.O_CLOEXEC)
        if _attach(handle, image):
            return handle, device
        os.close(handle)
    raise OSError(errno.EBUSY, "somebody else takes every free loop device")


def _free_loop_device() -> int:
    control = os.open("/dev/loop-control", os.O_RDWR | os.O_CLOEXEC)
    try:
        return fcntl.ioctl(control, _LOOP_CTL_GET_FREE)
    finally:
        os.close(control)


def _attach(handle: int, image: Path) -> bool:
    """Put the image behind a loop device; False if somebody else has just taken it."""
    info = bytearray(_LOOP_INFO_BYTES)
    struct.pack_into("I", info, _LOOP_FLAGS_AT, _AUTOCLEAR)
    backing = os.open(image, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.ioctl(handle, _LOOP_CONFIGURE, struct.pack("II", backing, 0) + info + bytes(_LOOP_RESERVED_BYTES))
    except OSError as error:
        if error.errno == errno.EBUSY:
            return False
        raise
    finally:
        os.close(backing)
    return True


@contextlib.contextmanager
def tmpfs(folder: Path, size_bytes: int) -> Iterator[Path]:
    """A disk in memory of so many bytes (a multiple of 4096), mounted at `folder`, which is made if need be."""
    folder.mkdir(exist_ok=True)
    mount("scenelog-test", folder, kind="tmpfs", data=f"size={size_bytes},mode=755")
    try:
        yield folder
    finally:
        unmount(folder, lazily=True)


def fill(folder: Path) -> Path:
    """Fill the disk to the last byte with one file, which is returned."""
    filler = folder / "filler"
    with filler.open("ab", buffering=0) as file:
        for size in (2**16, 2**12, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
    return filler
