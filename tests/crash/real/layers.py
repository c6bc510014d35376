"""What the tests of this package need of a machine, layer by layer.

Law: a layer that cannot run is skipped with its reason, or fails if SCENELOG_REQUIRED_LAYERS names it, so that a green
run has tested what it was required to test.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REQUIRED = "SCENELOG_REQUIRED_LAYERS"
ASKED = "SCENELOG_REAL"
SOAK = "SCENELOG_SOAK"


def tool(name: str) -> str | None:
    """Where a program is; those of the administrator are found with any PATH."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/bin")


def _without_root() -> str:
    return "" if os.geteuid() == 0 else "root"


def _without_disk(kind: str) -> str:
    needs = {"root": not _without_root(), "/dev/loop-control": Path("/dev/loop-control").exists()}
    needs[f"mkfs.{kind}"] = tool(f"mkfs.{kind}") is not None
    return ", ".join(name for name, there in needs.items() if not there)


LAYERS: Mapping[str, Callable[[], str]] = {
    "fork": lambda: "" if hasattr(os, "fork") else "fork",
    "ext4": lambda: _without_disk("ext4"),
    "xfs": lambda: _without_disk("xfs"),
    "tmpfs": _without_root,
    "nobody": _without_root,
    "strace": lambda: "" if tool("strace") else "strace",
    "states": str,
    "sabotage": str,
}
"""What is missing for each layer, empty if nothing is; the last two need nothing but time."""


def required_layers() -> set[str]:
    """The layers that must run here; raises ValueError for a name that is none."""
    named = {name.strip() for name in os.environ.get(REQUIRED, "").split(",") if name.strip()}
    if unknown := named - LAYERS.keys():
        raise ValueError(f"{REQUIRED} names {sorted(unknown)}; the layers are {sorted(LAYERS)}")
    return named


def required(layer: str) -> None:
    """Go on if the machine has what the layer needs; otherwise skip the test, or fail it if the layer is required."""
    missing = LAYERS[layer]()
    if not missing:
        return
    if layer in required_layers():
        pytest.fail(f"{REQUIRED} names the layer {layer}, and this machine lacks {missing}", pytrace=False)
    pytest.skip(f"layer {layer}: this machine lacks {missing}")


def real(what: str) -> list[pytest.MarkDecorator]:
    """The marks of a module of real tests, which runs only when it is asked for."""
    asked = bool(os.environ.get(ASKED)) or bool(required_layers())
    return [pytest.mark.real, pytest.mark.skipif(not asked, reason=f"{what}: set {ASKED}=1 to run this, as root")]


def long(layer: str) -> pytest.MarkDecorator:
    """The mark of a test that needs nothing but time, and runs only where its layer is required."""
    asked = layer in required_layers()
    return pytest.mark.skipif(not asked, reason=f"this takes minutes: set {REQUIRED}={layer} to run it")
