"""A program of its own for every test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.program import Program, program_in

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """The program in an empty folder."""
    return program_in(tmp_path, monkeypatch)
