"""One option for all tests: `--soak` lets those that walk through crash states walk further, for hours."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.crash.real.layers import REQUIRED, SOAK

if TYPE_CHECKING:
    import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Know the option."""
    parser.addoption("--soak", action="store_true", help="walk through as many crash states as hours allow")


def pytest_configure(config: pytest.Config) -> None:
    """Tell the tests, which are told what to run by the environment."""
    if config.getoption("--soak"):
        os.environ[SOAK] = "1"
        os.environ[REQUIRED] = ",".join(filter(None, [os.environ.get(REQUIRED), "states"]))
