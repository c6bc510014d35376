"""What the documents promise: every command, option, number, path, output and program in them is true.

Law: nothing is looked for that a reader would not see; what a page shows is run, and compared with what is shown.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from dataclasses import fields
from functools import cache
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

import click
import pytest

import cli
import eventlog.__main__
from eventlog import read, verify
from eventlog.entry import LINE_LIMIT, META_LIMIT
from eventlog.recent import LOOK_BACK
from eventlog.tool import finding
from stages.commands import VERSION
from stages.commands.failures import Exit
from stages.pipeline.calls import RetryPolicy
from stages.pipeline.intake import SIZE_LIMIT_BYTES
from stages.pipeline.planning import PART_LIMIT
from stages.pipeline.settings import ENVIRONMENT, JOBS_LIMIT, Settings
from stages.pipeline.snapshots import ALWAYS_UP_TO_SCENES, LAG
from stages.providers.presets import PRESETS
from stages.providers.replies import ANSWER_LIMIT_BYTES

ROOT = Path(__file__).parents[1]
ENGLISH, CHINESE = "README.md", "README.zh-CN.md"
PAGES = (ENGLISH, CHINESE)
LOCALES = {ENGLISH: "C.UTF-8", CHINESE: "zh_CN.UTF-8"}
MIB = 1024 * 1024
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")


@cache
def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    """The fenced blocks of a page in one language."""
    return [body for kind, body in FENCE.findall(page(name)) if kind == language]


def prose(name: str) -> str:
    """A page without its fenced blocks."""
    return FENCE.sub("", page(name))


def tables(name: str) -> list[list[list[str]]]:
    """The tables of a page: rows of cells, the head row left out."""
    found = re.findall(r"(?:^\|.*\n)+", prose(name), re.MULTILINE)
    return [[[cell.strip() for cell in row.split("|")[1:-1]] for row in table.splitlines()[2:]] for table in found]


def section(name: str, number: int) -> str:
    """The part under the heading of the second level with this number, from 0."""
    return re.split(r"^## .*$", page(name), flags=re.MULTILINE)[number + 1]


def titled(title: str) -> int:
    """The number of a section of the English page; the Chinese one has the same sections."""
    return re.findall(r"^## (.*)$", page(ENGLISH), re.MULTILINE).index(title)


def without_comments(block: str) -> str:
    return re.sub(r" +#.*", "", block)


def lines_typed(name: str) -> list[str]:
    """Every command line that a page tells to type, in a block or in the text."""
    typed = [line for block in blocks(name, "sh") for line in without_comments(block).splitlines()]
    headings = re.compile(r"^#.*$", re.MULTILINE)
    spans = [span for span in SPAN.findall(headings.sub("", prose(name))) if re.match(r"scenelog \w", span)]
    return [part.strip() for line in typed + spans for part in line.split("&&")]


def programs(name: str) -> list[list[str]]:
    """The command lines of a page that run this project's own commands."""
    found = []
    for line in lines_typed(name):
        words = shlex.split(line)
        for at, word in enumerate(words):
            if word.endswith("scenelog"):
                found.append(["scenelog", *words[at + 1 :]])
            elif words[at : at + 2] == ["-m", "eventlog"]:
                found.append(["eventlog", *words[at + 2 :]])
    return found


def parse(words: list[str]) -> click.Command:
    """Read a command line as the program does, without running it; raises click's errors."""
    command: click.Command = cli.scenelog if words[0] == "scenelog" else eventlog.__main__.main
    arguments, parent = words[1:], None
    while isinstance(command, click.Group):
        parent = click.Context(command, parent=parent)
        found = command.get_command(parent, arguments[0])
        assert found is not None, f"there is no command {arguments[0]} in {shlex.join(words)}"
        command, arguments = found, arguments[1:]
    command.make_context(command.name, list(arguments), parent=parent)
    return command


def all_commands() -> dict[str, click.Command]:
    """Every command of the program by how it is typed."""
    found: dict[str, click.Command] = {}
    waiting: list[tuple[str, click.Command]] = [("scenelog", cli.scenelog)]
    while waiting:
        typed, command = waiting.pop()
        if isinstance(command, click.Group):
            context = click.Context(command)
            below = [(name, command.get_command(context, name)) for name in command.list_commands(context)]
            waiting += [(f"{typed} {name}", one) for name, one in below if one is not None]
        else:
            found[typed] = command
    return found


def options_of(command: click.Command) -> set[str]:
    return {name for one in command.params if isinstance(one, click.Option) for name in one.opts}


def run(folder: Path, *arguments: str, locale: str = "C.UTF-8") -> list[str]:
    """What the real program prints, line by line."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("SCENELOG", "OPENAI", "LC_"))
    }
    environment |= {"LC_ALL": locale, "PYTHONUTF8": "1", "XDG_CONFIG_HOME": str(folder), "XDG_STATE_HOME": str(folder)}
    command = [sys.executable, "-c", "import cli; cli.main()", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment | {"PYTHONPATH": str(ROOT)}, capture_output=True, timeout=60, check=True
    )
    return done.stdout.decode().splitlines()


# both pages


def test_both_pages_have_the_same_sections() -> None:
    levels = [re.findall(r"^#+", prose(name), re.MULTILINE) for name in PAGES]
    assert levels[0] == levels[1]
    commands = [re.findall(r"^### (.*)$", prose(name), re.MULTILINE) for name in PAGES]
    assert commands[0] == commands[1]


def test_both_pages_show_the_same_code() -> None:
    kinds = [[kind for kind, _ in FENCE.findall(page(name))] for name in PAGES]
    assert kinds[0] == kinds[1]
    for language in ("sh", "python"):
        english, chinese = ([without_comments(block) for block in blocks(name, language)] for name in PAGES)
        assert english == chinese


def test_both_pages_have_the_same_tables() -> None:
    english, chinese = tables(ENGLISH), tables(CHINESE)
    assert [len(table) for table in english] == [len(table) for table in chinese]
    for one, other in zip(english, chinese, strict=True):
        for row, same in zip(one, other, strict=True):
            spans = [SPAN.findall(cell) for cell in (row[0], row[-1])]
            assert spans == [SPAN.findall(cell) for cell in (same[0], same[-1])]


def test_each_page_leads_to_the_other() -> None:
    assert f"]({CHINESE})" in page(ENGLISH)
    assert f"]({ENGLISH})" in page(CHINESE)


# commands


@pytest.mark.parametrize("name", PAGES)
def test_every_command_line_can_be_typed(name: str) -> None:
    found = programs(name)
    assert len(found) > 10
    for words in found:
        parse(words)


@pytest.mark.parametrize("name", PAGES)
def test_the_set_up_is_two_lines_that_run_the_main_job_and_the_tests(name: str) -> None:
    first, second = blocks(name, "sh")[:2]
    assert first.count("\n") == second.count("\n") == 1
    assert first.startswith("python3 -m venv ")
    story = shlex.split(first)[-1]
    assert (ROOT / story).is_file()
    assert second.rstrip().endswith(" -m pytest")
    # the comments by which .ci/run finds the two lines
    assert f"<!-- run -->\n```sh\n{first}" in page(name)
    assert f"<!-- test -->\n```sh\n{second}" in page(name)


@pytest.mark.parametrize("name", PAGES)
def test_every_command_and_every_option_is_told_and_every_one_told_exists(name: str) -> None:
    told: dict[str, set[str]] = {}
    for heading, body in re.findall(r"^### `([^`\n]*)`$(.*?)(?=^##|\Z)", page(name), re.MULTILINE | re.DOTALL):
        typed = " ".join(word for word in heading.split() if word.islower())
        rows = re.findall(r"^\| (`-.*?) \|", body, re.MULTILINE)
        told[typed] = {span.split()[0] for row in rows for span in SPAN.findall(row)}
    assert told == {typed: options_of(command) for typed, command in all_commands().items()}


@pytest.mark.parametrize("name", PAGES)
def test_the_arguments_in_the_headings_are_those_of_the_help(name: str) -> None:
    headings = re.findall(r"^### `(.*)`$", page(name), re.MULTILINE)
    usages = set()
    for typed, command in all_commands().items():
        context = click.Context(command, info_name=typed)
        usages.add(" ".join([typed, *command.collect_usage_pieces(context)[1:]]))
    assert set(headings) == usages


@pytest.mark.parametrize(("typed", "command"), all_commands().items())
def test_every_help_has_an_example_that_can_be_typed(typed: str, command: click.Command) -> None:
    told = (command.epilog or "").replace("\\\n", " ")
    examples = [re.split(r" {3,}", line.strip())[0] for line in told.splitlines() if line.startswith("  scenelog ")]
    assert [example for example in examples if example.startswith(typed)]
    for example in examples:
        parse(shlex.split(example))


def test_the_help_of_the_program_itself_has_an_example() -> None:
    assert "scenelog run " in (cli.scenelog.epilog or "")


# numbers


@pytest.mark.parametrize("name", PAGES)
def test_every_limit_is_the_codes(name: str) -> None:
    stated = [re.findall(r"[\d,/]*\d", row[1]) for row in tables(name)[-1]]
    assert stated == [
        [str(SIZE_LIMIT_BYTES // 10**6)],
        ["1", str(JOBS_LIMIT)],
        [str(RetryPolicy().attempts)],
        [str(ANSWER_LIMIT_BYTES // MIB)],
        [f"{PART_LIMIT:,}"],
        [str(ALWAYS_UP_TO_SCENES), f"1/{LAG}"],
        [str(META_LIMIT // 1024)],
        [str(LINE_LIMIT // MIB)],
        [f"{LOOK_BACK:,}"],
    ]


@pytest.mark.parametrize("name", PAGES)
def test_every_exit_code_is_the_programs(name: str) -> None:
    coded = [[int(row[0]) for row in table] for table in tables(name) if all(row[0].isdecimal() for row in table)]
    assert coded[0] == sorted(Exit)
    assert coded[1] == [finding.OK, finding.FAILED, finding.TORN, finding.CORRUPT, finding.BEHIND, finding.DERIVED]


@pytest.mark.parametrize("name", PAGES)
def test_every_setting_is_told_with_its_variable_and_its_default(name: str) -> None:
    rows = [[cell.strip("` ") for cell in row] for table in tables(name) for row in table if len(row) == 5]
    told = {row[0]: tuple(row[1:4]) for row in rows}
    options = {f"--{field.name.replace('_', '-')}" for field in fields(Settings)}
    there = options & options_of(all_commands()["scenelog run"])
    assert "--provider" in there
    expected = {}
    for field in fields(Settings):
        option, default = f"--{field.name.replace('_', '-')}", getattr(Settings(), field.name)
        shown = "" if default is None or default == {} else str(default)
        expected[field.name] = (option if option in there else "", ENVIRONMENT.get(field.name, ""), shown)
    assert told == expected


@pytest.mark.parametrize("name", PAGES)
def test_every_preset_is_told_with_its_address_its_model_and_its_key(name: str) -> None:
    named = set(PRESETS)
    rows = [row for table in tables(name) for row in table if len(row) == 4 and row[0].strip("`") in named]
    told = [tuple("".join(SPAN.findall(cell)) for cell in row) for row in rows]
    assert told == [(one.name, one.base_url, one.model, one.key_variable) for one in PRESETS.values()]


def test_the_changelog_tells_of_this_version() -> None:
    version = tomllib.loads(page("pyproject.toml"))["project"]["version"]
    assert version == VERSION
    assert re.search(rf"^## \[{re.escape(VERSION)}\] - \d{{4}}-\d\d-\d\d$", page("CHANGELOG.md"), re.MULTILINE)


# paths


@pytest.mark.parametrize("name", PAGES)
def test_every_path_named_exists(name: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", page(name))
    spans = [span for span in SPAN.findall(prose(name)) if re.fullmatch(r"(tests|examples|eventlog|stages)/\S+", span)]
    words = [span for span in SPAN.findall(prose(name)) if re.fullmatch(r"LICENSE|[A-Z]+\.md|cli\.py", span)]
    assert len(spans) > 10
    assert [path for path in links + spans + words if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("name", PAGES)
def test_the_map_is_of_this_house(name: str) -> None:
    (drawn,) = [block for block in blocks(name, "text") if block.startswith("cli.py")]
    folder = ""
    for line in drawn.splitlines():
        path = line.split()[0]
        folder = folder if line.startswith("  ") else path
        assert (ROOT / (folder + path if line.startswith("  ") else path)).exists(), line


@pytest.mark.parametrize("name", PAGES)
def test_every_promise_names_a_file_of_tests(name: str) -> None:
    promised = [row[1].strip("`") for row in tables(name)[-2]]
    assert len(promised) > 5
    for path in promised:
        assert re.search(r"^(async )?def test_", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE), path


@pytest.mark.parametrize("name", [*PAGES, "CHANGELOG.md"])
def test_every_address_is_one_that_a_reader_may_need(name: str) -> None:
    hosts = set(re.findall(r"https?://([^/`\s:)]+)", page(name)))
    providers = {urlsplit(preset.base_url).hostname for preset in PRESETS.values()}
    assert hosts <= providers | {"keepachangelog.com", "semver.org"}


# what is shown


@pytest.fixture(scope="module", params=PAGES)
def shown(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, list[str]]:
    """A page, and a folder in which its main job was run, with what that printed."""
    name = str(request.param)
    folder = tmp_path_factory.mktemp("job")
    story = shlex.split(blocks(name, "sh")[0])[-1]
    return name, folder, run(folder, "run", str(ROOT / story), locale=LOCALES[name])


def assert_shown(block: str, printed: list[str]) -> None:
    """What a block shows was printed, in order; a line with nothing but … stands for what is left out."""
    lines = iter(printed)
    for line in block.splitlines():
        assert line == "…" or line in lines, line
    assert block.splitlines()[0] == printed[0]
    assert block.splitlines()[-1] == printed[-1]


def test_the_main_job_prints_what_the_page_shows(shown: tuple[str, Path, list[str]]) -> None:
    name, _, printed = shown
    assert_shown(blocks(name, "text")[0], printed)


def test_the_second_run_prints_what_the_page_shows(name: str, tmp_path: Path) -> None:
    story = str(ROOT / "examples/the-last-ferry.txt")
    run(tmp_path, "run", story, "--stage", "storyboard", "--scenes", "1-8")
    assert_shown(blocks(name, "text")[2], run(tmp_path, "run", story, locale=LOCALES[name]))


def test_the_shot_shown_is_one_of_the_story(name: str, tmp_path: Path) -> None:
    (story,) = re.findall(r"`(examples/[^`]*)`", section(name, titled("What you see")))
    run(tmp_path, "run", str(ROOT / story), "--scenes", "1", "--stage", "storyboard")
    (script,) = tmp_path.glob("projects/*/storyboard/scene_001.md")
    assert blocks(name, "text")[1] in script.read_text(encoding="utf-8")


@pytest.fixture(params=PAGES)
def name(request: pytest.FixtureRequest) -> str:
    """A page."""
    return str(request.param)


def test_the_project_folder_holds_what_the_page_shows(shown: tuple[str, Path, list[str]]) -> None:
    name, folder, _ = shown
    (drawn,) = [block for block in blocks(name, "text") if block.startswith("projects/")]
    first, *lines = drawn.splitlines()
    project = folder / first
    told = {entry.strip(" /") for line in lines for entry in re.split(r", | {2}", line[2:31]) if entry.strip()}
    told |= {f"output/{entry}" for line in lines if "output/" in line for entry in re.findall(r"\w+\.\w+", line)}
    there = {str(path.relative_to(project)) for path in [*project.iterdir(), *(project / "output").iterdir()]}
    assert told - there == {"storyboard_progress.json", "enhancement_progress.json"}
    assert there - told == set()


def test_what_can_be_deleted_comes_back(shown: tuple[str, Path, list[str]]) -> None:
    _, folder, _ = shown
    (project,) = (folder / "projects").iterdir()
    kept = {"events.jsonl", "project.toml", "events.lock", "events.head"}
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file() and path.name not in kept}
    for path in before:
        path.unlink()
    run(folder, "run", project.name)
    assert {path: path.read_bytes() for path in before} == before


# the worked example


def masked(text: str) -> str:
    """What is shown, with the numbers and digests that differ from run to run taken out."""
    lines = re.sub(r"\S*/(?=projects/)", "", text).splitlines()
    return "\n".join(re.sub(r"\b[0-9a-f]{8}\b|\d+", "#", line) for line in lines)


def test_the_accidents_on_the_page_end_as_they_are_told(name: str, tmp_path: Path) -> None:
    run(tmp_path, "run", str(ROOT / "examples/the-last-ferry.txt"))
    told = blocks(name, "console")
    assert len(told) == 3
    ours = f'scenelog() {{ {shlex.quote(sys.executable)} -c "import cli; cli.main()" "$@"; }}\n'
    environment = os.environ | {"PYTHONPATH": str(ROOT), "LC_ALL": LOCALES[name], "PYTHONUTF8": "1"}
    environment |= {"XDG_STATE_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    for block in told:
        for typed, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
            done = subprocess.run(
                ["/usr/bin/env", "bash", "-c", f"exec 2>&1\n{ours}{typed}"],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                timeout=60,
                check=True,
            )
            assert masked(done.stdout.decode()) == masked(shown), typed


SHELLS = {"bash": "bash --norc --noprofile -c", "zsh": "zsh -f -c", "fish": "fish --no-config -c"}
LOADED = {
    "bash": "complete -p scenelog",
    "zsh": "print -r -- $_comps[scenelog]",
    "fish": "complete --do-complete 'scenelog log w'",
}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_line_for_each_shell_turns_completion_on(name: str, shell: str, tmp_path: Path) -> None:
    (line,) = blocks(name, shell)
    program = shlex.split(SHELLS[shell])
    if shutil.which(program[0]) is None:
        pytest.skip(f"{shell} is not here")
    script = tmp_path / "scenelog"
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c "import cli; cli.main()" "$@"\n')
    script.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    before = "autoload -Uz compinit; compinit -D\n" if shell == "zsh" else ""
    typed = f"{before}{line}{LOADED[shell]}"
    done = subprocess.run([*program, typed], env=environment, cwd=tmp_path, capture_output=True, timeout=60, check=True)
    assert re.search(r"_scenelog_completion|^why\b", done.stdout.decode(), re.MULTILINE)


# the program


def test_the_program_of_the_page_goes_on_after_a_kill_without_repeating(tmp_path: Path) -> None:
    (program,) = blocks(ENGLISH, "python")
    lines = [line for line in program.splitlines() if line.strip()]
    assert len(lines) == 10
    items = [f"item{number}" for number in range(120)]
    (tmp_path / "items.txt").write_text("\n".join(items), encoding="utf-8")
    command = [sys.executable, "-c", program]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    started: list[str] = []
    for kills in (20, 50):
        with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            started += [line.split()[-1] for line in islice(running.stdout, kills)]
            running.kill()
            started += [line.split()[-1] for line in running.stdout]
    last = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    started += [line.split()[-1] for line in last.stdout.splitlines()]
    finished = [entry.subject for entry in read(str(tmp_path / "jobs.jsonl")) if entry.type == "item.finished"]
    assert finished == items
    assert len(started) - len(items) <= 2  # at most the item in hand at each of the two kills
    again = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, timeout=60, check=True)
    assert again.stdout == b""
    assert verify(str(tmp_path / "jobs.jsonl")).state == "clean"
