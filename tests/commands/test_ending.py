"""The end of a run that could save nothing: what was made is on the output, and every line can be taken in again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from stages.commands.attended import save_all
from stages.commands.failures import Exit
from stages.commands.screen import PlainScreen

if TYPE_CHECKING:
    import pytest


class Lost:
    """A project that neither its disk nor any folder for rescues takes in."""

    folder = "/p"

    def retry_saving(self) -> Exception:
        return OSError(28, "No space left on device")

    def new_id(self) -> str:
        return "r"

    def rescue(self, _run: str) -> None:
        return None

    def detached_lines(self) -> list[bytes]:
        return [b'{"id":"a"}\n', b'{"id":"b"}\n']


def test_what_can_be_saved_nowhere_is_printed_line_by_line(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert save_all(cast("Any", Lost()), PlainScreen()) is Exit.UNSAVED
    shown = capfdbinary.readouterr()
    assert shown.out == b'{"id":"a"}\n{"id":"b"}\n'
    assert b"free some space" in shown.err
