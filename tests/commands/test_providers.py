"""`scenelog providers`: what there is, whether it works, and keys that are kept and never shown."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from stages.commands.conduct import settings_of
from stages.pipeline.settings import to_toml
from stages.pipeline.system import System
from stages.providers.presets import PRESETS
from tests import loopback_server as ls
from tests.commands.stories import SCENES, STORY, model
from tests.program import files_of
from tests.provider_calls import KEY, body

if TYPE_CHECKING:
    from tests.program import Program

KEYRING = {"PYTHON_KEYRING_BACKEND": "tests.file_keyring.FileKeyring"}


def tried(program: Program, server: ls.Loopback, *options: str, code: int = 0) -> dict[str, Any]:
    """What `providers test --json` says of a server."""
    result = program("providers", "test", *model(server)[1:], "--json", *options, code=code)
    return dict(json.loads(result.stdout))


# list


def test_every_preset_is_listed_with_its_address_and_where_its_key_was_found(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEY", KEY)
    shown = program("providers", "list").output
    rows = json.loads(program("providers", "list", "--json").stdout)
    assert [row["name"] for row in rows] == list(PRESETS)
    for row in rows:
        assert row["base_url"] in shown
    assert [row["name"] for row in rows if row["has_key"]] == ["deepseek"]
    assert "found: the environment variable DEEPSEEK_API_KEY" in shown
    assert "none; set MOONSHOT_API_KEY" in shown
    assert "needs none" in shown
    assert KEY not in shown + json.dumps(rows)


def test_a_keyring_that_fails_is_named_once_and_the_list_is_whole(program: Program) -> None:
    done = program.finish("providers", "list", PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring")
    assert done.returncode == 0
    assert done.stdout.count(b"none; set") == len([one for one in PRESETS.values() if not one.is_local])
    assert done.stderr.count(b"\n") == 1
    assert b"the keyring cannot be used (NoKeyringError)" in done.stderr


# test


def test_a_provider_that_works_is_told_with_all_that_one_call_can_tell(program: Program) -> None:
    with ls.loopback() as server:
        found = tried(program, server)
        assert len(server.requests) == 1
        assert server.requests[0].body["max_tokens"] == 64
        shown = program("providers", "test", *model(server)[1:]).output
    assert found.pop("latency_s") >= 0
    assert found == {
        "name": "openai",
        "ok": True,
        "base_url": server.base_url,
        "model": "test-model",
        "answered_by": "test-model-0001",
        "reachable": True,
        "key_ok": True,
        "model_ok": True,
        "streaming": True,
        "without": [],
        "problem": "",
    }
    assert "everything is taken" in shown


def test_options_that_are_not_taken_and_a_missing_stream_are_told(program: Program) -> None:
    refused = body({"error": {"message": "response_format is unknown"}}, 400)
    with ls.loopback(ls.always(ls.Fault(streams=False)), refuses={"response_format": refused}) as server:
        found = tried(program, server)
    assert (found["ok"], found["streaming"], found["without"]) == (True, False, ["response_format"])


@pytest.mark.parametrize(
    ("fault", "reachable", "key_ok", "model_ok"),
    [
        (ls.UNAUTHORIZED, True, False, None),
        (ls.NOT_FOUND, True, True, False),
        (ls.OUT_OF_QUOTA, True, None, None),
        (ls.SERVER_ERROR, True, None, None),
        (ls.CLOSES, True, None, None),
        (body({"error": {"message": "Model Not Exist"}}, 400), True, True, False),
    ],
)
def test_a_provider_that_says_no_is_exit_4_with_what_is_wrong(
    program: Program, fault: ls.Fault, *, reachable: bool, key_ok: bool | None, model_ok: bool | None
) -> None:
    with ls.loopback(ls.always(fault)) as server:
        found = tried(program, server, code=4)
        assert len(server.requests) == 1
        result = program("providers", "test", *model(server)[1:], code=4)
    assert (found["ok"], found["reachable"], found["key_ok"], found["model_ok"]) == (False, reachable, key_ok, model_ok)
    assert found["problem"]
    assert f"scenelog: {found['problem']}".split("127.0.0.1")[0] in result.stderr


def test_a_provider_that_cannot_be_reached_is_exit_4(program: Program) -> None:
    options = ("openai", "--model", "m", "--base-url", "http://127.0.0.1:1/v1")
    found = json.loads(program("providers", "test", *options, "--json", code=4).stdout)
    assert (found["reachable"], found["key_ok"]) == (False, None)


@pytest.mark.parametrize("options", [("deepseek",), ("ollama",), ("openai", "--model", "m", "--base-url", "nowhere")])
def test_what_cannot_be_tried_is_exit_1(program: Program, options: tuple[str, ...]) -> None:
    assert program("providers", "test", *options, code=1).output.startswith("scenelog: ")


def test_without_a_name_the_provider_of_the_settings_is_tried(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert json.loads(program("providers", "test", "--json").stdout) == {"name": "offline", "ok": True}
    with ls.loopback() as server:
        monkeypatch.setenv("SCENELOG_PROVIDER", "vllm")
        monkeypatch.setenv("SCENELOG_MODEL", "m")
        found = json.loads(program("providers", "test", "--base-url", server.base_url, "--json").stdout)
    assert (found["name"], found["model"], found["ok"]) == ("vllm", "m", True)


# key


def test_a_key_is_taken_from_a_pipe_kept_used_and_deleted(program: Program) -> None:
    more = {**KEYRING, "TEST_KEYRING": str(program.here / "ring.json")}
    with subprocess.Popen(
        [sys.executable, "-m", "cli", "providers", "key", "deepseek"],
        cwd=program.here,
        env={**program.environment, **more},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        out, _ = process.communicate(f"{KEY}\n".encode(), timeout=60)
    assert (process.returncode, out) == (0, b"deepseek: the key is in the keyring\n")
    assert json.loads((program.here / "ring.json").read_text(encoding="utf-8")) == {"scenelog deepseek": KEY}
    listed = program.finish("providers", "list", "--json", **more).stdout
    assert KEY.encode() not in listed
    assert [row["name"] for row in json.loads(listed) if row["key_place"] == "the keyring"] == ["deepseek"]
    for was_there in (True, False):
        deleted = program.finish("providers", "key", "deepseek", "--delete", "--json", **more)
        assert json.loads(deleted.stdout) == {"name": "deepseek", "deleted": was_there}


def test_a_key_that_is_typed_is_not_shown(program: Program) -> None:
    more = {**KEYRING, "TEST_KEYRING": str(program.here / "ring.json")}
    terminal, inside = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "cli", "providers", "key", "moonshot", "--json"],
        cwd=program.here,
        env={**program.environment, **more},
        stdin=inside,
        stdout=subprocess.PIPE,
        stderr=inside,
        start_new_session=True,
    ) as process:
        os.close(inside)
        seen = b""
        while b"Key of Moonshot" not in seen:
            seen += os.read(terminal, 1000)
        os.write(terminal, f"{KEY}\n".encode())
        out, _ = process.communicate(timeout=60)
        seen += os.read(terminal, 1000)
    os.close(terminal)
    assert json.loads(out) == {"name": "moonshot", "stored": True}
    assert KEY.encode() not in seen
    assert KEY in (program.here / "ring.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("typed", [b"", b"\n", b"two words\n", "钥匙\n".encode()])
def test_what_is_no_key_is_not_kept(program: Program, typed: bytes) -> None:
    more = {**KEYRING, "TEST_KEYRING": str(program.here / "ring.json")}
    done = subprocess.run(
        [sys.executable, "-m", "cli", "providers", "key", "deepseek"],
        cwd=program.here,
        env={**program.environment, **more},
        input=typed,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert b"that is no key" in done.stderr
    assert not (program.here / "ring.json").exists()


def test_a_provider_without_a_key_of_its_own_takes_none(program: Program) -> None:
    assert "needs no key" in program("providers", "key", "ollama", code=1).output
    assert "VLLM_API_KEY" in program("providers", "key", "vllm", code=1).output


def test_without_a_keyring_the_environment_is_named(program: Program) -> None:
    done = program.finish(
        "providers", "key", "deepseek", "--delete", PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring"
    )
    assert done.returncode == 1
    assert b"use the environment variable" in done.stderr


# runs


def test_a_run_by_the_name_of_a_preset_keeps_its_settings_and_shows_its_key_nowhere(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLLM_API_KEY", KEY)
    story = program.story("s.txt", STORY)
    with ls.loopback() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")  # of another provider
        program("run", story, "--provider", "vllm", "--model", "m", "--base-url", server.base_url)
        assert len(server.requests) == 2 + 2 * SCENES
        assert {one.headers["Authorization"] for one in server.requests} == {f"Bearer {KEY}"}
        program("retry", "s", "--scenes", "1")
        assert len(server.requests) == 2 + 2 * SCENES + 2
    settings = (program.project("s") / "project.toml").read_text(encoding="utf-8")
    assert 'provider = "vllm"' in settings
    for name, data in files_of(program.here).items():
        assert KEY.encode() not in data, name


def test_the_model_of_a_preset_is_kept_in_the_project_and_its_address_is_not(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "https://mine.example/v1")
    chosen = settings_of(System(), str(program.here), {"provider": "deepseek"})
    assert to_toml(chosen).decode().splitlines()[1:] == [
        'provider = "deepseek"',
        f'model = "{PRESETS["deepseek"].model}"',
    ]
    assert settings_of(System(), "", {"provider": "openai"}).base_url == "https://mine.example/v1"
    assert settings_of(System(), "", {"provider": "openai", "base_url": "http://a/v1"}).base_url == "http://a/v1"


def test_a_project_that_changes_its_provider_asks_the_new_ones_own_model(program: Program) -> None:
    (program.here / "project.toml").write_text('provider = "deepseek"\nmodel = "deepseek-v4-flash"\n', encoding="utf-8")
    assert settings_of(System(), str(program.here), {}).model == "deepseek-v4-flash"
    assert settings_of(System(), str(program.here), {"provider": "qwen"}).model == PRESETS["qwen"].model
    assert settings_of(System(), str(program.here), {"provider": "zhipu"}).model == ""
