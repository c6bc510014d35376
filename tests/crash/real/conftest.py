"""What each real test counted, told once more at the end of the run.

Law: the figures travel with the tests' reports; nothing is kept on the side.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest

from tests.crash.real.runs import STORY
from tests.program import Program, program_in

if TYPE_CHECKING:
    from collections.abc import Iterator

Tell: TypeAlias = Callable[[str], None]
_COUNTED = "real kernel"


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """Tell what was counted, in one line that stands in the summary."""
    return lambda line: record_property(_COUNTED, line)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """An empty folder that every user may enter, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="scenelog-real-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def program(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """The program in a folder that every user may enter."""
    program = program_in(open_folder, monkeypatch)
    program.story("story.txt", STORY)
    return program


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures of all tests that passed."""
    passed = terminalreporter.getreports("passed")
    lines = [str(told) for report in passed for name, told in report.user_properties if name == _COUNTED]
    if lines:
        terminalreporter.section(_COUNTED)
    for line in lines:
        terminalreporter.line(line)
