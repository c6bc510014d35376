"""The house as DESIGN draws it, enforced on the syntax trees: who may import whom, what is pure, how large things are.

Law: a new module gets its place here before it gets its first import; a rule is changed here or not at all.
"""

from __future__ import annotations

import ast
import fnmatch
import inspect
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import eventlog

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
MODULE_LINES, FUNCTION_LINES, FRONT_DOOR_NAMES = 300, 40, 12

TOP = {
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "README.zh-CN.md",
    "bench",
    "cli.py",
    "eventlog",
    "examples",
    "pyproject.toml",
    "stages",
    "tests",
}

# The engine, floor by floor: a module imports what stands on its own floor or below, never in a circle.
ENGINE_FLOORS = (
    {"errors", "values"},
    {"plain", "entry", "head", "fused", "recovery", "projection", "salvage"},
    {"port"},
    {"files", "syncing"},
    {
        "lock",
        "checkpoint",
        "reading",
        "opening",
        "recent",
        "appending",
        "writer",
        "acknowledged",
        "told",
        "turn",
        "mounts",
        "commit",
        "log",
    },
    {"repair", "adoption"},
    {""},  # the front door, eventlog/__init__.py
    {"tool", "__main__"},
)

# The work, floor by floor.
WORK_FLOORS = (
    {"eventlog"},
    {"stages", "stages.pipeline", "stages.providers", "stages.prompts"},
    {"stages.storyboard", "stages.enhancement"},
    {"stages.registry"},
    {"stages.commands"},
    {"cli"},
)
PIPELINE = {
    "answers",
    "attempts",
    "bills",
    "briefs",
    "budget",
    "calls",
    "checks",
    "contract",
    "counts",
    "descriptions",
    "draft_files",
    "events",
    "fact_entries",
    "forecast",
    "history",
    "imported",
    "intake",
    "lens",
    "matching",
    "order",
    "originals",
    "outbox",
    "plan",
    "planning",
    "progress",
    "project",
    "projecting",
    "recheck",
    "results",
    "revision",
    "runner",
    "scene",
    "scene_maker",
    "script",
    "settings",
    "snapshots",
    "steps",
    "story",
    "surroundings",
    "system",
    "tables",
    "tally",
    "text",
    "tracing",
    "traffic",
    "upcasters",
    "view",
    "wordings",
}

PURE = {
    *(f"eventlog.{name}" for name in chain(*ENGINE_FLOORS[:2])),
    *(
        f"stages.pipeline.{name}"
        for name in (
            "answers",
            "attempts",
            "bills",
            "briefs",
            "budget",
            "checks",
            "contract",
            "counts",
            "descriptions",
            "events",
            "fact_entries",
            "forecast",
            "history",
            "imported",
            "intake",
            "matching",
            "plan",
            "planning",
            "progress",
            "recheck",
            "results",
            "revision",
            "scene",
            "script",
            "settings",
            "steps",
            "surroundings",
            "tables",
            "tally",
            "text",
            "upcasters",
        )
    ),
    "stages.registry",
    "stages.storyboard",
    "stages.enhancement",
    *(
        f"stages.providers.{name}"
        for name in (
            "complaints",
            "limits",
            "offline",
            "options",
            "presets",
            "redaction",
            "replies",
            "streams",
        )
    ),
}
IMPURE_MODULES = {
    "asyncio",
    "concurrent",
    "fcntl",
    "httpx",
    "io",
    "multiprocessing",
    "os",
    "pathlib",
    "random",
    "secrets",
    "shutil",
    "signal",
    "socket",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "uuid",
}
MAY_BE_ASYNC = {
    "eventlog.commit",
    "eventlog.log",
    "stages.commands.attended",
    "stages.pipeline.calls",
    "stages.pipeline.contract",
    "stages.pipeline.outbox",
    "stages.pipeline.project",
    "stages.pipeline.projecting",
    "stages.pipeline.runner",
    "stages.pipeline.scene_maker",
    "stages.pipeline.story",
    "stages.pipeline.traffic",
    "stages.providers.connection",
    "stages.providers.offline",
    "stages.providers.openai_compatible",
    "stages.providers.trial",
}
# Who may name the clock or chance at all, and then only as what stands in if nothing is passed in, or to wait.
MAY_KNOW_THE_CLOCK = {
    "eventlog.log",
    "eventlog.reading",
    "eventlog.repair",
    "eventlog.tool.progress",
    "eventlog.tool.waiting",
    "stages.commands.health",
    "stages.pipeline.system",
}
KNOWS_JSON = {"eventlog.plain", "eventlog.entry", "eventlog.checkpoint", "eventlog.head"}
DISK = {
    *(
        "open",
        "read",
        "pread",
        "write",
        "pwrite",
        "truncate",
        "ftruncate",
        "fsync",
        "fdatasync",
        "sync",
        "stat",
        "lstat",
    ),
    *("fstat", "access", "listdir", "scandir", "walk", "mkdir", "makedirs", "rmdir", "removedirs", "remove", "unlink"),
    *("rename", "renames", "replace", "link", "symlink", "chmod", "chown", "utime", "mkfifo", "mknod", "posix_fadvise"),
}
DISK_PATH = {"exists", "lexists", "isfile", "isdir", "islink", "getsize", "getmtime", "realpath", "samefile"}
PATH_WRITES = {"write_text", "write_bytes", "mkdir", "touch", "unlink", "rmdir", "rename", "symlink_to", "hardlink_to"}
HEAVY = (
    "httpx",
    "keyring",
    "rich",
    "asyncio",
    "hypothesis",
    "tenacity",
    "rapidfuzz",
    "charset_normalizer",
    "platformdirs",
    "psutil",
)
# What of Python itself `--help` and `status` do without; nearly all of it comes in by way of something else.
SPARED = (
    *("argparse", "decimal", "difflib", "email", "hmac", "html", "http", "importlib.metadata", "importlib.resources"),
    *("logging", "multiprocessing", "random", "secrets", "socket", "ssl", "statistics", "string", "subprocess"),
    *("tempfile", "tomli_w", "tomllib", "urllib.request", "zoneinfo"),
)
OUR_MODULES_AT_START = {"--help": 3, "status": 42}  # as many as there were when this was written: ours, and loaded
MADE_FOR_EACH_APPEND = {"eventlog.entry", "eventlog.appending"}
FOREIGN_WORDS = re.compile(r"scene|stage|\bstor(?:y|ies)|storyboard|\bmodels?\b|\bhttpx?\b|prompt", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One module of the program, as text and as a tree."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One import: of which module, and whether it happens when the importing module is loaded."""

    target: str
    line: int
    at_load: bool


@cache
def modules() -> tuple[Module, ...]:
    """Every module of the program."""
    found = []
    for path in [ROOT / "cli.py", *sorted((ROOT / "eventlog").rglob("*.py")), *sorted((ROOT / "stages").rglob("*.py"))]:
        text = path.read_text(encoding="utf-8")
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        found.append(Module(name=name, path=path, text=text, tree=ast.parse(text)))
    return tuple(found)


def under(package: str) -> list[Module]:
    """The modules of a package, the package itself among them."""
    return [module for module in modules() if belongs(module.name, package)]


def belongs(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def imports(module: Module) -> Iterator[Import]:
    """What a module imports, wherever in it; `from package import module` is an import of that module."""
    names = {one.name for one in modules()}
    skipped = {id(node) for node in ast.walk(module.tree) if isinstance(node, ast.If) and is_typing(node)}
    for node, at_load in walked(module.tree, skipped, at_load=True):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.name}: line {node.lineno}: a relative import"
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            targets = [name if name in names else str(node.module) for name in inner]
        else:
            continue
        yield from (Import(target=target, line=node.lineno, at_load=at_load) for target in targets)


def walked(node: ast.AST, skipped: set[int], *, at_load: bool) -> Iterator[tuple[ast.AST, bool]]:
    """Every node below, and whether it is run when the module is loaded."""
    for child in ast.iter_child_nodes(node):
        is_body = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or id(child) in skipped
        yield child, at_load and not is_body
        yield from walked(child, skipped, at_load=at_load and not is_body)


def is_typing(node: ast.If) -> bool:
    return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def functions(module: Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(module.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def dotted(node: ast.AST) -> str:
    """`a.b.c` of such an expression, as far as it is one."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def calls(module: Module) -> Iterator[tuple[str, ast.Call]]:
    """What a module calls, by its dotted name."""
    return ((dotted(node.func), node) for node in ast.walk(module.tree) if isinstance(node, ast.Call))


def floor_of(name: str, floors: tuple[set[str], ...]) -> int:
    """The floor of the longest package or module name that fits."""
    fits = [(len(place), at) for at, places in enumerate(floors) for place in places if belongs(name, place)]
    assert fits, f"{name} has no place in the house: give it one in tests/test_architecture.py"
    return max(fits)[1]


def engine_floor(name: str) -> int:
    place = name.removeprefix("eventlog").removeprefix(".").split(".", maxsplit=1)[0]
    found = [at for at, places in enumerate(ENGINE_FLOORS) if place in places]
    assert found, f"{name} has no floor in the engine: give it one in tests/test_architecture.py"
    return found[0]


EVERY = pytest.mark.parametrize("module", modules(), ids=repr)
ENGINE = pytest.mark.parametrize("module", under("eventlog"), ids=repr)


# who may import whom


@EVERY
def test_imports_only_go_down(module: Module) -> None:
    own = floor_of(module.name, WORK_FLOORS)
    up = [
        f"line {one.line}: {one.target}"
        for one in imports(module)
        if one.target.split(".")[0] in ("cli", "stages", "eventlog") and floor_of(one.target, WORK_FLOORS) > own
    ]
    assert up == []


@ENGINE
def test_the_engine_knows_nothing_of_the_work(module: Module) -> None:
    assert [one.target for one in imports(module) if one.target.split(".")[0] in ("stages", "cli", "tests")] == []


@ENGINE
def test_imports_inside_the_engine_only_go_down(module: Module) -> None:
    own = engine_floor(module.name)
    ours = [one for one in imports(module) if belongs(one.target, "eventlog")]
    assert [f"line {one.line}: {one.target}" for one in ours if engine_floor(one.target) > own] == []


def test_nothing_imports_in_a_circle() -> None:
    names = {module.name for module in modules()}
    at_load = {
        module.name: {one.target for one in imports(module) if one.at_load and one.target in names} - {module.name}
        for module in modules()
    }
    done: set[str] = set()
    while ready := {name for name, targets in at_load.items() if name not in done and targets <= done}:
        done |= ready
    assert names - done == set()


def test_every_module_of_the_pipeline_has_its_name_here() -> None:
    assert {module.path.stem for module in under("stages.pipeline")} - {"__init__"} == PIPELINE


def test_the_pipeline_does_not_know_who_does_the_work() -> None:
    targets = [one.target for module in under("stages.pipeline") for one in imports(module)]
    assert [target for target in targets if belongs(target, "stages.providers")] == []


@EVERY
def test_only_providers_speak_http(module: Module) -> None:
    speaks = {"httpx", "requests", "urllib.request", "http", "aiohttp"}
    found = [one.target for one in imports(module) if any(belongs(one.target, package) for package in speaks)]
    assert found == [] or belongs(module.name, "stages.providers")


def test_only_the_registry_and_what_is_above_it_name_the_stages() -> None:
    for module in [*under("stages.pipeline"), *under("stages.providers"), *under("stages.prompts")]:
        found = [one.target for one in imports(module)]
        assert not {"stages.storyboard", "stages.enhancement", "stages.registry"} & set(found), module.name


# what is pure


def is_pure(name: str) -> bool:
    return any(belongs(name, pure) for pure in PURE)


PURE_MODULES = pytest.mark.parametrize("module", [one for one in modules() if is_pure(one.name)], ids=repr)


def test_every_pure_module_exists() -> None:
    assert PURE - {module.name for module in modules()} == set()


@PURE_MODULES
def test_a_pure_module_has_no_clock_disk_network_or_chance(module: Module) -> None:
    assert [one.target for one in imports(module) if one.target.split(".")[0] in IMPURE_MODULES] == []
    assert [name for name, _ in calls(module) if name in ("open", "print", "input", "eval", "exec", "breakpoint")] == []
    assert [name for name, _ in calls(module) if name.endswith((".now", ".utcnow", ".today", ".fromtimestamp"))] == []


@PURE_MODULES
def test_a_pure_module_stands_on_pure_modules(module: Module) -> None:
    ours = [one.target for one in imports(module) if one.at_load and one.target.split(".")[0] in ("eventlog", "stages")]
    allowed = {"eventlog", "stages.prompts"}  # the front door for its values; the prompts are data of this package
    assert [target for target in ours if not is_pure(target) and target not in allowed] == []


@EVERY
def test_only_the_named_modules_are_async(module: Module) -> None:
    waits = [
        node for node in ast.walk(module.tree) if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor)
    ]
    asks = [one for one in imports(module) if one.target == "asyncio"]
    assert not (waits or asks) or module.name in MAY_BE_ASYNC


@EVERY
def test_clocks_and_chance_are_passed_in(module: Module) -> None:
    known = [one.target for one in imports(module) if one.target in ("time", "random", "secrets", "uuid")]
    assert known == [] or module.name in MAY_KNOW_THE_CLOCK


# what touches the disk


def touches_disk(module: Module) -> list[str]:
    """The calls of a module that reach a disk without the port."""
    found = []
    for name, call in calls(module):
        nowhere = any(dotted(argument) == "os.devnull" for argument in call.args)
        is_os = name.startswith("os.") and name.removeprefix("os.") in DISK
        is_path = name.startswith("os.path.") and name.rsplit(".", maxsplit=1)[-1] in DISK_PATH
        if (is_os or is_path or name in ("open", "io.open")) and not nowhere:
            found.append(f"line {call.lineno}: {name}")
    return found + [
        one.target for one in imports(module) if one.target.split(".")[0] in ("pathlib", "shutil", "tempfile")
    ]


@pytest.mark.parametrize("module", [*under("eventlog"), *under("stages.pipeline")], ids=repr)
def test_only_the_port_touches_the_disk(module: Module) -> None:
    allowed = ["shutil"] if module.name == "eventlog.tool.show" else []  # for the width of the terminal
    assert module.name == "eventlog.files" or touches_disk(module) == allowed


@pytest.mark.parametrize("module", under("stages.commands"), ids=repr)
def test_commands_write_through_the_port_alone(module: Module) -> None:
    written = []
    for name, call in calls(module):
        receiver, _, verb = name.rpartition(".")
        through_port = receiver.split(".")[-1] in ("files", "_files", "disk")
        if (receiver and verb in PATH_WRITES and not through_port) or (receiver == "os" and verb in DISK - {"open"}):
            written.append(f"line {call.lineno}: {name}")
    assert written == []


@ENGINE
def test_only_four_modules_of_the_engine_know_json(module: Module) -> None:
    found = [one.target for one in imports(module) if one.target in ("json", "orjson")]
    assert found == [] or module.name in KNOWS_JSON or belongs(module.name, "eventlog.tool")


# how large, and how told


def test_the_house_has_the_entries_of_its_plan() -> None:
    ignored = [line.strip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").split()]
    there = {path.name for path in ROOT.iterdir() if path.name != ".git"}
    kept = {name for name in there if not any(fnmatch.fnmatch(name, pattern) for pattern in ignored)}
    assert kept - TOP == set()
    assert {"README.md", "README.zh-CN.md", "LICENSE", "cli.py", "eventlog", "stages", "tests", "examples"} <= kept


@EVERY
def test_modules_fit_on_a_few_screens(module: Module) -> None:
    assert len(module.text.splitlines()) <= MODULE_LINES


@EVERY
def test_functions_fit_on_one_screen(module: Module) -> None:
    sizes = {function.name: (function.end_lineno or 0) - function.lineno + 1 for function in functions(module)}
    assert {name: size for name, size in sizes.items() if size > FUNCTION_LINES} == {}


@EVERY
def test_everything_public_says_what_it_is(module: Module) -> None:
    assert ast.get_docstring(module.tree), "the module has no docstring"
    untold = []
    waiting: list[ast.Module | ast.ClassDef] = [module.tree]
    while waiting:
        for node in waiting.pop().body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith(
                "_"
            ):
                untold += [] if ast.get_docstring(node) else [f"line {node.lineno}: {node.name}"]
                waiting += [node] if isinstance(node, ast.ClassDef) else []
    assert untold == []


@EVERY
def test_a_value_is_written_in_one_way(module: Module) -> None:
    """As `@frozen`, which costs a tenth of the dataclass that it stands for; but one is a little quicker to make."""
    written = "@dataclass(frozen=True, slots=True, kw_only=True)" in module.text.partition('"""\n\nfrom')[2]
    assert written == (module.name in MADE_FOR_EACH_APPEND)


ENGINE_TEXTS = sorted(path for kind in ("*.py", "*.md") for path in (ROOT / "eventlog").rglob(kind))


@pytest.mark.parametrize("path", ENGINE_TEXTS, ids=lambda path: path.name)
def test_the_words_of_the_work_do_not_occur_in_the_engine(path: Path) -> None:
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    assert [f"line {number}: {line.strip()}" for number, line in lines if FOREIGN_WORDS.search(line)] == []


def test_the_front_door_is_small_and_tells_types_and_errors() -> None:
    names = eventlog.__all__
    assert len(names) <= FRONT_DOOR_NAMES
    for name in names:
        assert inspect.getdoc(getattr(eventlog, name)), name
    methods = ("open", "append", "append_many", "append_async", "reopen", "save_checkpoint")
    for function in (eventlog.read, eventlog.verify, *(getattr(eventlog.EventLog, name) for name in methods)):
        assert "aises" in (inspect.getdoc(function) or ""), function
        assert "return" in function.__annotations__, function


@pytest.mark.parametrize("typed", [["--help"], ["status"], ["status", "lighthouse"]])
def test_help_and_status_load_nothing_heavy(typed: list[str], tmp_path: Path) -> None:
    run = "import sys, cli\nsys.argv = ['scenelog', {0}]\n"
    story = tmp_path / "lighthouse.txt"
    story.write_text("The lamp went out. Nobody came.\n", encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(tmp_path)}
    made = [sys.executable, "-c", run.format(f"'run', {str(story)!r}") + "cli.main()"]
    subprocess.run(made, cwd=tmp_path, env=environment, capture_output=True, timeout=60, check=True)
    program = run.format(", ".join(map(repr, typed))) + (
        f"try:\n    cli.main()\nfinally:\n    print([name for name in {HEAVY + SPARED!r} if name in sys.modules])\n"
        "    print(sum(name.split('.')[0] in ('cli', 'stages', 'eventlog') for name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    loaded, ours = done.stdout.splitlines()[-2:]
    assert loaded == "[]"
    assert int(ours) <= OUR_MODULES_AT_START[typed[0]]
    assert ("Commands:" if typed == ["--help"] else "lighthouse") in done.stdout
