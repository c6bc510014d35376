"""What a person writes into the files of a project is never lost without a word.

Law: a file is somebody's own if it holds what the log never held; what this program wrote, in whatever state, is not.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.commands.stories import STORY, model
from tests.loopback_server import loopback
from tests.program import files_of

if TYPE_CHECKING:
    from tests.loopback_server import Fault
    from tests.program import Program


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("storyboard/scene_001.md", "storyboard/scene_001.edited.md"),
        ("enhancement/scene_002.md", "enhancement/scene_002.edited.md"),
        ("output/storyboard.md", "output/storyboard.edited.md"),
        ("output/enhanced.json", "output/enhanced.edited.json"),
        ("source.txt", "source.edited.txt"),
    ],
)
def test_what_somebody_wrote_into_a_file_is_kept_beside_it_and_told_once(
    program: Program, name: str, kept: str
) -> None:
    story = program.story("s.txt", STORY)
    program("run", story)
    before, path = files_of(program.project("s")), program.project("s") / name
    for written, place in ((b"mine", kept), (b"mine again", kept.replace(".edited", ".edited-2"))):
        path.write_bytes(written)
        told = program("run", story).output
        assert told.count(place) == 1, told
        assert (program.project("s") / place).read_bytes() == written
        assert path.read_bytes() == before[name]
    assert "edited" not in program("run", story).output
    assert set(files_of(program.project("s"))) == {*before, kept, kept.replace(".edited", ".edited-2")}


def test_what_the_program_itself_wrote_in_an_older_state_is_no_edit(program: Program) -> None:
    story = program.story("s.txt", STORY)
    program("run", story)
    program.story("s.txt", STORY.replace("第1天", "第一百天"))
    program("run", story, "--update-source", "--stale", "rerun")
    program.story("s.txt", STORY.split("\n\n")[0] + "\n")
    program("run", story, "--update-source")
    program("retry", "s", "--scenes", "1")
    program("run", story, "--style", "水墨", "--stale", "rerun")
    names = files_of(program.project("s"))
    assert not [name for name in names if "edited" in name]
    assert [name for name in names if "scene_" in name] == ["enhancement/scene_001.md", "storyboard/scene_001.md"]


def test_an_edited_file_of_a_scene_that_is_gone_is_kept(program: Program) -> None:
    story = program.story("s.txt", STORY)
    program("run", story)
    (program.project("s") / "storyboard/scene_004.md").write_text("mine")
    program.story("s.txt", STORY.split("\n\n")[0] + "\n")
    program("run", story, "--update-source")
    assert (program.project("s") / "storyboard/scene_004.edited.md").read_text() == "mine"
    assert not (program.project("s") / "storyboard/scene_004.md").exists()


def test_a_progress_file_that_somebody_puts_there_during_a_run_is_left_as_it_is(program: Program) -> None:
    item = {"scene_index": 0, "scene_info": "a", "storyboard_script": "the only copy"}
    theirs = json.dumps({"storyboard_results": [item], "total_scenes": 1}).encode()
    place = program.project("s") / "storyboard_progress.json"

    def fault(number: int, _text: str) -> Fault | None:
        if number == 3:
            place.write_bytes(theirs)
        return None

    story = program.story("s.txt", STORY)
    with loopback(fault) as server:
        assert program("run", story, *model(server)).output.count("not written by this project") == 1
    assert place.read_bytes() == theirs
    assert "not written by this project" in program("run", story, code=1).output
    assert place.read_bytes() == theirs


def test_a_world_bible_that_somebody_wrote_into_a_progress_file_is_not_overwritten(program: Program) -> None:
    story = program.story("s.txt", STORY)
    program("run", story, "--scenes", "1")
    path = program.project("s") / "storyboard_progress.json"
    content = json.loads(path.read_bytes())
    path.write_text(json.dumps({**content, "world_bible": "mine"}))
    program("run", story, code=1)
    assert json.loads(path.read_bytes())["world_bible"] == "mine"
    path.write_text(json.dumps(content))
    program("run", story)
