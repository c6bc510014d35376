"""What a person sees of a run on a terminal: text is data, times say what they are, the end is not hidden."""

from __future__ import annotations

import pytest
from rich.console import Console

from stages.commands.screen import BarScreen, PlainScreen
from stages.pipeline.contract import Scene
from stages.pipeline.counts import StageCount

COUNT = StageCount(name="storyboard", total=3, done=1, failed=0)
SCENE = Scene(id="s0001", index=0, title="[bold]门[/bold] \x1b[31m[/nothing]")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """An output that is a terminal, as wide as can be."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setattr(Console, "is_terminal", True)


@pytest.mark.usefixtures("terminal")
def test_titles_and_problems_are_shown_as_they_are_on_bars(capsys: pytest.CaptureFixture[str]) -> None:
    with BarScreen() as screen:
        screen.stage_started(COUNT, 2)
        screen.scene_finished("storyboard", SCENE, "[red]no[/red] \x1b]0;x\x07[/]")
        screen.note("[link=http://x]y[/link]")
    shown = capsys.readouterr().out
    for text in ("[bold]门[/bold]", "[/nothing]", "[red]no[/red]", "[link=http://x]y[/link]"):
        assert text in shown
    assert "\x1b[31m" not in shown
    assert "\x1b]0;" not in shown


@pytest.mark.usefixtures("terminal")
def test_a_bar_says_which_of_its_times_is_which(capsys: pytest.CaptureFixture[str]) -> None:
    with BarScreen() as screen:
        screen.stage_started(COUNT, 2)
    shown = capsys.readouterr().out
    assert "elapsed" in shown
    assert "left" in shown.split("elapsed")[-1]
    assert "1 done, 0 failed, 2 left" in shown


@pytest.mark.parametrize("kind", [PlainScreen, BarScreen])
@pytest.mark.usefixtures("terminal")
def test_trouble_is_told_on_stderr(kind: type[PlainScreen | BarScreen], capsys: pytest.CaptureFixture[str]) -> None:
    with kind() as screen:
        screen.trouble("[b]it stopped[/b] \x1b[2J")
    shown = capsys.readouterr()
    assert "[b]it stopped[/b]" in shown.err
    assert "\x1b" not in shown.err
    assert "it stopped" not in shown.out


def test_the_parts_of_a_long_story_are_counted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    screen = PlainScreen()
    screen.planning("scenes", 2, 3)
    screen.planning("world_bible", 1, 1)
    assert capsys.readouterr().out == "scenes 2/3 …\nworld bible …\n"
