"""What is promised of keys: each is sent to its own hosts alone, and no keyring can break or hang a run.

Law: the keyring of the machine is never touched: tests put one of their own in its place.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING

import keyring
import keyring.backend
import keyring.backends.null
import pytest
from keyring.errors import KeyringLocked, NoKeyringError

from stages.pipeline.contract import FailureKind, ProviderError
from stages.pipeline.settings import PROVIDERS, Settings
from stages.providers import keys
from stages.providers.choosing import default_model, factory_for
from stages.providers.keys import Key, KeyringError, delete_key, find_key, may_have, store_key, stored_key
from stages.providers.presets import NAMES, PRESETS
from tests.provider_calls import KEY, NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stages.providers.presets import Preset

ON_THE_NETWORK = [preset for preset in PRESETS.values() if not preset.is_local]
LOCAL = [preset for preset in PRESETS.values() if preset.is_local]
EVERY_KEY = {preset.key_variable: f"key-of-{preset.name}" for preset in PRESETS.values() if preset.key_variable}
FOREIGN = (
    "https://evil.example/v1",
    "https://api.deepseek.com.evil.example/v1",
    "https://evil.example/api.deepseek.com",
)


class Ring(keyring.backend.KeyringBackend):
    """A keyring in memory that can go wrong."""

    priority = 1

    def __init__(self, trouble: Callable[[], None] = lambda: None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}
        self.trouble = trouble
        self.asked = 0

    def get_password(self, service: str, username: str) -> str | None:
        self.asked += 1
        self.trouble()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.trouble()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture(autouse=True)
def ring() -> Iterator[Ring]:
    """The keyring of a test."""
    own = Ring()
    keyring.set_keyring(own)
    yield own
    keyring.set_keyring(keyring.backends.null.Keyring())  # type: ignore[no-untyped-call]


def hang() -> None:
    """What a locked keyring does where nobody can unlock it."""
    threading.Event().wait(60)


# presets


def test_the_presets_are_the_providers_that_settings_know() -> None:
    assert NAMES == PROVIDERS
    assert [preset.name for preset in PRESETS.values()] == list(PRESETS)
    assert all(preset.base_url.startswith("https://") for preset in ON_THE_NETWORK)
    assert all(preset.base_url.startswith("http://localhost:") for preset in LOCAL)


def test_no_two_presets_share_a_host_or_a_key() -> None:
    hosts = [host for one in ON_THE_NETWORK for host in (keys.host_of(one.base_url), *one.hosts)]
    variables = [one.key_variable for one in PRESETS.values() if one.key_variable]
    assert len(set(hosts)) == len(hosts)
    assert len(set(variables)) == len(variables)


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_every_preset_makes_a_provider_of_its_name(preset: Preset) -> None:
    settings = Settings(provider=preset.name, model=preset.model or "m")
    made = factory_for(settings, {preset.key_variable: KEY}, lambda: NOW)()
    assert (made.name, made.model) == (preset.name, preset.model or "m")
    assert preset.base_url in repr(made)
    assert default_model(preset.name) == preset.model


def test_offline_needs_nothing() -> None:
    assert factory_for(Settings(), {}, lambda: NOW)().name == "offline"
    assert default_model("offline") == ""


@pytest.mark.parametrize("name", ["openai", "zhipu", "ollama"])
def test_a_provider_without_a_lasting_model_asks_for_one(name: str) -> None:
    with pytest.raises(ProviderError, match=f"add --model, as in --provider {name} --model"):
        factory_for(Settings(provider=name), EVERY_KEY, lambda: NOW)


# whose key goes where


@pytest.mark.parametrize("preset", ON_THE_NETWORK, ids=lambda preset: preset.name)
def test_a_preset_takes_its_own_key_from_the_environment(preset: Preset) -> None:
    found = find_key(preset, preset.base_url, EVERY_KEY)
    assert (found.value, found.place) == (
        f"key-of-{preset.name}",
        f"the environment variable {preset.key_variable}",
    )


@pytest.mark.parametrize("preset", ON_THE_NETWORK[1:], ids=lambda preset: preset.name)
@pytest.mark.parametrize(
    "base_url", [*FOREIGN, "http://api.deepseek.com/v1", "https://api.openai.com/v1", "x", "http://["]
)
def test_a_presets_key_goes_to_no_other_host_and_never_in_the_clear(preset: Preset, base_url: str, ring: Ring) -> None:
    ring.kept[keys.SERVICE, preset.name] = KEY
    assert find_key(preset, base_url, EVERY_KEY) == Key()
    with pytest.raises(ProviderError) as caught:
        factory_for(Settings(provider=preset.name, model="m", base_url=base_url), EVERY_KEY, lambda: NOW)
    assert caught.value.kind is FailureKind.REFUSED
    assert KEY not in str(caught.value)


def test_no_other_key_stands_in_for_a_presets_own() -> None:
    for preset in ON_THE_NETWORK:
        others = {name: value for name, value in EVERY_KEY.items() if name != preset.key_variable}
        assert find_key(preset, preset.base_url, others) == Key()
    with pytest.raises(ProviderError, match="DEEPSEEK_API_KEY"):
        factory_for(Settings(provider="deepseek"), {"OPENAI_API_KEY": KEY}, lambda: NOW)


def test_the_generic_provider_takes_the_key_of_the_host_before_its_own() -> None:
    generic = PRESETS["openai"]
    assert find_key(generic, PRESETS["deepseek"].base_url, EVERY_KEY).value == "key-of-deepseek"
    assert find_key(generic, PRESETS["deepseek"].base_url, {"OPENAI_API_KEY": KEY}).value == KEY
    assert find_key(generic, "https://mine.example/v1", EVERY_KEY).value == "key-of-openai"
    assert find_key(generic, "http://localhost:8000/v1", EVERY_KEY).value == "key-of-openai"


@pytest.mark.parametrize(
    ("base_url", "is_near"),
    [
        ("http://localhost:8000/v1", True),
        ("http://192.168.1.5:8000/v1", True),
        ("http://box:8000/v1", True),
        ("http://box.local/v1", True),
        ("https://evil.example/v1", False),
        ("http://8.8.8.8/v1", False),
        ("", False),
    ],
)
def test_the_key_of_a_program_of_ones_own_stays_in_the_house(base_url: str, is_near: bool) -> None:  # noqa: FBT001
    assert may_have(PRESETS["vllm"], base_url) is is_near
    assert bool(find_key(PRESETS["vllm"], base_url, EVERY_KEY).value) is is_near
    assert not find_key(PRESETS["ollama"], base_url, EVERY_KEY | {"OLLAMA_API_KEY": KEY}).value


def test_a_program_of_ones_own_needs_no_key_wherever_it_is() -> None:
    settings = Settings(provider="ollama", model="m", base_url="http://192.168.1.5:11434/v1")
    assert factory_for(settings, {}, lambda: NOW)().name == "ollama"


# the keyring


def test_a_key_is_stored_found_and_deleted(ring: Ring) -> None:
    store_key("deepseek", KEY)
    assert ring.kept == {("scenelog", "deepseek"): KEY}
    found = find_key(PRESETS["deepseek"], PRESETS["deepseek"].base_url, {})
    assert found.value == KEY
    assert "keyring" in found.place
    assert KEY not in repr(found)
    assert delete_key("deepseek")
    assert not delete_key("deepseek")
    assert find_key(PRESETS["deepseek"], PRESETS["deepseek"].base_url, {}) == Key()


def test_the_environment_comes_first_and_the_keyring_is_not_opened_without_need(ring: Ring) -> None:
    assert find_key(PRESETS["deepseek"], PRESETS["deepseek"].base_url, EVERY_KEY).value == "key-of-deepseek"
    find_key(PRESETS["openai"], "http://localhost:8000/v1", {})
    find_key(PRESETS["openai"], "https://mine.example/v1", {})
    find_key(PRESETS["ollama"], PRESETS["ollama"].base_url, {})
    assert ring.asked == 0


def test_a_key_stored_for_openai_goes_nowhere_else(ring: Ring) -> None:
    ring.kept[keys.SERVICE, "openai"] = KEY
    assert find_key(PRESETS["openai"], PRESETS["openai"].base_url, {}).value == KEY
    for base_url in (*FOREIGN, PRESETS["deepseek"].base_url, "http://api.openai.com/v1"):
        assert find_key(PRESETS["openai"], base_url, {}) == Key()


def raising(error: BaseException) -> Callable[[], None]:
    def trouble() -> None:
        raise error

    return trouble


@pytest.mark.parametrize(
    "error", [NoKeyringError(f"no {KEY}"), KeyringLocked(f"locked {KEY}"), RuntimeError(KEY), SystemExit(1), OSError()]
)
def test_a_keyring_that_fails_is_one_without_the_key(ring: Ring, error: BaseException) -> None:
    ring.trouble = raising(error)
    assert find_key(PRESETS["deepseek"], PRESETS["deepseek"].base_url, {}) == Key()
    with pytest.raises(KeyringError, match="cannot be used") as caught:
        store_key("deepseek", KEY)
    assert KEY not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_keyring_that_hangs_is_not_waited_out(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "PATIENCE_S", 0.05)
    ring.trouble = hang
    began = time.monotonic()
    assert find_key(PRESETS["openai"], PRESETS["deepseek"].base_url, {}) == Key()
    with pytest.raises(KeyringError, match="did not answer"):
        stored_key("deepseek")
    assert time.monotonic() - began < 2


def test_without_the_package_there_is_no_keyring_and_the_message_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert find_key(PRESETS["deepseek"], PRESETS["deepseek"].base_url, {}) == Key()
    with pytest.raises(KeyringError, match=r"scenelog\[keyring\]"):
        stored_key("deepseek")
