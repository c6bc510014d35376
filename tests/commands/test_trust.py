"""A project of somebody else's cannot send the user's key to a server that the user never named."""

from __future__ import annotations

from pathlib import Path

import pytest

from stages.commands.conduct import settings_of
from stages.commands.failures import CommandError
from stages.pipeline.system import System
from tests.commands.stories import STORY
from tests.program import Program, files_of

ADDRESS = "https://mine.example/v1"


def project_of_somebody_else(program: Program, address: str = ADDRESS) -> str:
    """A folder with settings."""
    folder = program.here / "p"
    folder.mkdir()
    (folder / "project.toml").write_text(f'provider = "openai"\nmodel = "m"\nbase_url = "{address}"\n')
    return str(folder)


def test_a_server_that_only_the_project_names_is_refused_before_anything_is_made(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    (program.here / "projects").mkdir()
    project_of_somebody_else(program)
    (program.here / "p").rename(program.here / "projects" / "s")
    before = files_of(program.here)
    story = program.story("s.txt", STORY)
    result = program("run", story, code=1)
    assert "projects/s/project.toml names the server mine.example" in result.output
    assert f"--base-url {ADDRESS}" in result.output
    assert files_of(program.here) == before | {"s.txt": STORY.encode()}


@pytest.mark.parametrize("where", ["options", "environment", "config"])
def test_a_server_that_the_user_named_once_is_known_from_then_on(
    program: Program, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    folder, system = project_of_somebody_else(program), System()
    with pytest.raises(CommandError):
        settings_of(system, folder, {})
    config = program.here.parent / "home/config/scenelog/config.toml"
    if where == "environment":
        monkeypatch.setenv("OPENAI_BASE_URL", f"{ADDRESS}/other")
    elif where == "config":
        config.parent.mkdir(parents=True)
        config.write_text(f'provider = "openai"\nbase_url = "{ADDRESS}"\n')
    settings_of(system, folder, {"base_url": ADDRESS} if where == "options" else {})
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    config.unlink(missing_ok=True)
    assert settings_of(system, folder, {}).base_url == ADDRESS
    Path(folder, "project.toml").write_text('provider = "openai"\nbase_url = "https://other.example/v1"\n')
    with pytest.raises(CommandError, match="the server other"):
        settings_of(system, folder, {})


@pytest.mark.parametrize("address", ["http://localhost:1/v1", "http://10.0.0.7/v1", "https://api.deepseek.com/v1"])
def test_a_server_at_home_or_with_a_name_need_not_be_named(program: Program, address: str) -> None:
    assert settings_of(System(), project_of_somebody_else(program, address), {}).base_url == address


def test_a_home_that_cannot_be_written_stops_nobody(program: Program) -> None:
    (program.here.parent / "home/state").write_text("a file", encoding="utf-8")
    assert settings_of(System(), project_of_somebody_else(program), {"base_url": ADDRESS}).base_url == ADDRESS
