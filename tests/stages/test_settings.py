"""What settings promise: the later place wins, a wrong value is named with its place, and no key is ever among them."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.pipeline.settings import (
    ENVIRONMENT,
    JOBS_LIMIT,
    PROVIDERS,
    TIMEOUT_LIMIT_S,
    Settings,
    SettingsError,
    from_environment,
    from_toml,
    merge,
    to_toml,
)

TEXTS = st.text(st.characters(codec="utf-8"), max_size=60)
CHOSEN = st.builds(
    Settings,
    provider=st.sampled_from(PROVIDERS),
    model=TEXTS,
    base_url=st.sampled_from(["https://api.deepseek.com/v1", "http://localhost:11434/v1", Settings().base_url]),
    style=TEXTS,
    jobs=st.integers(1, JOBS_LIMIT),
    temperature=st.none() | st.floats(0, 2),
    max_answer_tokens=st.integers(0, 100_000),
    idle_timeout_s=st.floats(0.001, TIMEOUT_LIMIT_S),
)


def test_nothing_has_to_be_chosen() -> None:
    assert merge(Settings(), "x", {}) == Settings(provider="offline", jobs=4, model="", style="")


def test_the_later_place_wins_and_the_others_stay() -> None:
    user = merge(Settings(), "config.toml", {"provider": "openai", "model": "a", "jobs": 8})
    project = merge(user, "project.toml", {"model": "b", "style": "水墨"})
    environment = merge(project, "environment", from_environment({"SCENELOG_MODEL": "c", "SCENELOG_JOBS": "2"}))
    chosen = merge(environment, "options", {"jobs": 16})
    assert (chosen.provider, chosen.model, chosen.style, chosen.jobs) == ("openai", "c", "水墨", 16)


@pytest.mark.parametrize(
    ("given_values", "says"),
    [
        (
            {"modle": "x"},
            r"project.toml: there is no setting 'modle'; known are provider, model, base_url, style, jobs, max_tokens",
        ),
        ({"api_key": "sk-1"}, r"there is no setting 'api_key'"),
        ({"jobs": "4"}, r"project.toml: jobs must be a whole number, not '4'"),
        ({"jobs": True}, r"jobs must be a whole number, not True"),
        ({"jobs": 4.0}, r"jobs must be a whole number, not 4.0"),
        ({"model": 3}, r"model must be a text in quotes, not 3"),
        ({"jobs": 0}, rf"jobs must be 1 to {JOBS_LIMIT}, not 0"),
        ({"jobs": JOBS_LIMIT + 1}, rf"jobs must be 1 to {JOBS_LIMIT}, not {JOBS_LIMIT + 1}"),
        ({"provider": "claude"}, r"there is no provider 'claude'; there are offline, openai, deepseek"),
        ({"temperature": "hot"}, r"temperature must be a number, not 'hot'"),
        ({"temperature": True}, r"temperature must be a number, not True"),
        ({"temperature": 2.1}, r"temperature must be 0 to 2, not 2.1"),
        ({"temperature": float("nan")}, r"temperature must be 0 to 2, not nan"),
        ({"max_answer_tokens": -1}, r"max_answer_tokens must be 0 to 10000000, not -1"),
        ({"idle_timeout_s": 0}, r"idle_timeout_s must be 0.001 to 86400, not 0"),
        ({"total_timeout_s": float("inf")}, r"total_timeout_s must be 0.001 to 86400, not inf"),
        ({"style": "a\udcff"}, r"style holds bytes that are not UTF-8 text"),
    ],
)
def test_a_wrong_setting_is_named_with_its_place_and_what_it_may_be(given_values: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        merge(Settings(), "project.toml", given_values)


def test_a_key_is_never_shown_in_an_error() -> None:
    with pytest.raises(SettingsError) as caught:
        merge(Settings(), "project.toml", {"api_key": "sk-secret"})
    assert "sk-secret" not in str(caught.value)


@given(CHOSEN)
def test_a_project_file_gives_back_what_was_chosen(chosen: Settings) -> None:
    assert merge(Settings(), "project.toml", from_toml("project.toml", to_toml(chosen))) == chosen


def test_a_project_file_holds_only_what_was_chosen_and_says_that_keys_do_not_go_there() -> None:
    assert to_toml(Settings()).decode().count("\n") == 1
    assert b"A key never goes here" in to_toml(Settings())
    assert to_toml(Settings(jobs=8)).endswith(b"\njobs = 8\n")


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://me:secret@example.org:8/v1", "https://example.org:8/v1"),
        ("https://example.org/v1?key=secret#secret", "https://example.org/v1"),
        ("http://[secret", ""),
    ],
)
def test_a_key_in_an_address_does_not_reach_the_project_file(url: str, kept: str) -> None:
    written = to_toml(Settings(base_url=url))
    assert b"secret" not in written
    assert from_toml("project.toml", written)["base_url"] == kept


def test_a_missing_file_chooses_nothing() -> None:
    assert from_toml("project.toml", None) == {}


@pytest.mark.parametrize("data", [b"jobs =", b"jobs = 4\njobs = 5", b"\xff\xfe", "风格".encode("gb18030")])
def test_a_broken_file_is_named_with_what_to_do(data: bytes) -> None:
    with pytest.raises(
        SettingsError, match=r"a/project.toml is not valid TOML: .*; mend it, or delete it to start from"
    ):
        from_toml("a/project.toml", data)


def test_every_setting_can_be_chosen_in_the_environment() -> None:
    assert set(ENVIRONMENT) == {field.name for field in fields(Settings)} - {"prices"}  # a table
    chosen = from_environment(dict.fromkeys(ENVIRONMENT.values(), "8"))
    texts = [field.name for field in fields(Settings) if isinstance(field.default, str)]
    assert chosen == dict.fromkeys(ENVIRONMENT, 8) | dict.fromkeys(texts, "8")
    assert [type(chosen[name]) for name in ("jobs", "temperature")] == [int, float]


def test_an_empty_variable_chooses_nothing() -> None:
    assert from_environment({"SCENELOG_MODEL": "", "OPENAI_API_KEY": "sk-1", "HOME": "/"}) == {}


@pytest.mark.parametrize("value", ["many", "-1", "4.0", " 4"])
def test_a_number_in_the_environment_must_be_one(value: str) -> None:
    with pytest.raises(SettingsError, match="environment: SCENELOG_JOBS must be a whole number"):
        from_environment({"SCENELOG_JOBS": value})


@pytest.mark.parametrize("value", ["warm", "nan", "inf", "1,5", "0x1"])
def test_a_time_or_a_temperature_in_the_environment_must_be_a_number(value: str) -> None:
    with pytest.raises(SettingsError, match="environment: SCENELOG_TEMPERATURE must be a number"):
        from_environment({"SCENELOG_TEMPERATURE": value})


def test_a_whole_number_is_a_number_too() -> None:
    assert merge(Settings(), "x", {"temperature": 1}).temperature == 1.0


def test_a_place_that_names_another_provider_lets_go_of_the_model_and_the_address_of_the_first() -> None:
    first = merge(Settings(), "config.toml", {"provider": "openai", "model": "m", "base_url": "http://a/v1", "jobs": 8})
    other = merge(first, "options", {"provider": "deepseek"})
    assert (other.model, other.base_url, other.jobs) == ("", "", 8)
    assert merge(first, "options", {"provider": "deepseek", "model": "n"}).model == "n"
    assert merge(first, "options", {"provider": "openai"}) == first
    unnamed = merge(Settings(), "environment", {"model": "m", "base_url": "http://a/v1"})
    assert merge(unnamed, "options", {"provider": "openai"}).base_url == "http://a/v1"


def test_no_setting_is_a_key() -> None:
    secret = {"key", "token", "secret", "password"}
    assert not [name for name in asdict(Settings()) if secret & set(name.split("_"))]
