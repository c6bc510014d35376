"""Where things are: our own short cut to a folder of the system leads where the library says."""

from __future__ import annotations

import platformdirs
import pytest

from stages.commands.places import state_folder


@pytest.mark.parametrize("home", ["/home/人", "relative", None])
@pytest.mark.parametrize("named", ["/var/state", "/var/state/", "relative", "", None])
def test_what_a_program_remembers_stands_where_the_library_says(
    named: str | None, home: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in (("XDG_STATE_HOME", named), ("HOME", home)):
        if value is None:
            monkeypatch.delenv(variable, raising=False)
        else:
            monkeypatch.setenv(variable, value)
    assert state_folder() == str(platformdirs.user_state_path("scenelog"))
