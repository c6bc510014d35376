"""Settings: what a project or a user has chosen, from several places, the later ones winning.

Law: pure. A key never stands here: it comes from the environment and goes nowhere else.
"""

from __future__ import annotations

import math
import tomllib
from contextlib import suppress
from dataclasses import MISSING, asdict, field, fields, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import tomli_w

from eventlog.values import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

OFFLINE = "offline"
PROVIDERS = (
    *(OFFLINE, "openai", "deepseek", "qwen", "zhipu", "siliconflow", "moonshot", "doubao", "openrouter"),
    *("ollama", "lmstudio", "vllm", "llamacpp"),
)
JOBS_LIMIT = 256
TIMEOUT_LIMIT_S = 86_400
_MOST = 1e15
_KINDS = {str: "a text in quotes", int: "a whole number", float: "a number", dict: "a table"}
ENVIRONMENT = {
    "provider": "SCENELOG_PROVIDER",
    "model": "SCENELOG_MODEL",
    "style": "SCENELOG_STYLE",
    "jobs": "SCENELOG_JOBS",
    "base_url": "OPENAI_BASE_URL",
    "max_tokens": "SCENELOG_MAX_TOKENS",
    "max_cost": "SCENELOG_MAX_COST",
    "requests_per_minute": "SCENELOG_REQUESTS_PER_MINUTE",
    "tokens_per_minute": "SCENELOG_TOKENS_PER_MINUTE",
    "patience": "SCENELOG_PATIENCE",
    "fallback": "SCENELOG_FALLBACK",
    "temperature": "SCENELOG_TEMPERATURE",
    "max_answer_tokens": "SCENELOG_MAX_ANSWER_TOKENS",
    "connect_timeout_s": "SCENELOG_CONNECT_TIMEOUT_S",
    "first_byte_timeout_s": "SCENELOG_FIRST_BYTE_TIMEOUT_S",
    "idle_timeout_s": "SCENELOG_IDLE_TIMEOUT_S",
    "total_timeout_s": "SCENELOG_TOTAL_TIMEOUT_S",
}


class SettingsError(ValueError):
    """A setting cannot be used; the message names the place, the setting and what it may be."""


@frozen
class Settings:
    """How scenes are made. `jobs` is how many calls may be in flight at once.

    What is empty, None or 0 is left to the provider: its own model and address, its own temperature and length.

    `max_tokens` and `max_cost` bound what the project uses in all its runs, `prices` holds what a million tokens of a
    model cost ({model: {input, output}}). `patience` (minutes) is how long a provider that answers nobody is waited
    for, `fallback` who is asked then ("offline", or provider/model). 0 is no limit.
    """

    provider: str = OFFLINE
    model: str = ""
    base_url: str = ""
    style: str = ""
    jobs: int = 4
    max_tokens: int = 0
    max_cost: float = 0.0
    requests_per_minute: int = 0
    tokens_per_minute: int = 0
    patience: int = 30
    fallback: str = ""
    prices: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    temperature: float | None = None
    max_answer_tokens: int = 0
    connect_timeout_s: float = 10.0
    first_byte_timeout_s: float = 300.0
    idle_timeout_s: float = 120.0
    total_timeout_s: float = 1800.0

    @property
    def who(self) -> str:
        """Who is asked, as it stands in the log: `openai/gpt-4o`."""
        return f"{self.provider}/{self.model[:80]}"


_TYPES: dict[str, type] = {
    field.name: float if field.default is None else dict if field.default is MISSING else type(field.default)
    for field in fields(Settings)
}


def merge(base: Settings, place: str, given: Mapping[str, Any]) -> Settings:
    """Put the settings given in one place over those of the places before; raises SettingsError.

    A model and an address chosen for one provider are not those of another: a place that names another provider lets
    go of them.
    """
    given = dict(given)
    for name, value in given.items():
        if name not in _TYPES:
            raise SettingsError(f"{place}: there is no setting {name!r}; known are {', '.join(_TYPES)}")
        if _TYPES[name] is float and type(value) is int:
            given[name] = float(value)
        elif type(value) is not _TYPES[name]:
            raise SettingsError(f"{place}: {name} must be {_KINDS[_TYPES[name]]}, not {value!r}")
        if isinstance(value, str) and not _is_text(value):
            raise SettingsError(f"{place}: {name} holds bytes that are not UTF-8 text: {value!r}")
    if base.provider not in (OFFLINE, given.get("provider", base.provider)):
        given = {"model": "", "base_url": ""} | given
    merged = replace(base, **{**given, "prices": {**base.prices, **_prices(place, given.get("prices", {}))}})
    _check(merged, place)
    return merged


def _check(settings: Settings, place: str) -> None:
    """Raise SettingsError for a value that no setting may have."""
    if settings.provider not in PROVIDERS:
        raise SettingsError(f"{place}: there is no provider {settings.provider!r}; there are {', '.join(PROVIDERS)}")
    ranges: dict[str, tuple[float, float]] = {"jobs": (1, JOBS_LIMIT), "temperature": (0, 2)}
    ranges |= {"max_answer_tokens": (0, 10_000_000), "patience": (0, 100_000)}
    limits = ("max_tokens", "max_cost", "requests_per_minute", "tokens_per_minute")
    ranges |= dict.fromkeys(limits, (0, 10**15))
    ranges |= dict.fromkeys([name for name in _TYPES if name.endswith("_timeout_s")], (0.001, TIMEOUT_LIMIT_S))
    for name, (least, most) in ranges.items():
        value = getattr(settings, name)
        if value is not None and not least <= value <= most:  # a NaN is in no range
            raise SettingsError(f"{place}: {name} must be {least} to {most}, not {value}")


def _prices(place: str, given: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """The prices of models; raises SettingsError."""
    prices: dict[str, dict[str, float]] = {}
    for model, price in given.items():
        sides = price if isinstance(price, dict) else {}
        if set(sides) != {"input", "output"} or not all(_is_price(value) for value in sides.values()):
            raise SettingsError(
                f"{place}: the price of {model} must be what a million tokens cost, as in "
                f"{{ input = 0.27, output = 1.10 }}, not {price!r}"
            )
        prices[model] = {side: float(value) for side, value in sides.items()}
    return prices


def _is_price(value: object) -> bool:
    return type(value) in (int, float) and 0 <= value <= _MOST  # type: ignore[operator]


def _is_text(value: str) -> bool:
    """Whether the value can be written; an option may carry bytes that the terminal's encoding does not know."""
    return value.encode(errors="ignore").decode() == value


def from_toml(place: str, data: bytes | None) -> dict[str, Any]:
    """The settings of a TOML file, none if there is no file; raises SettingsError."""
    if data is None:
        return {}
    try:
        return tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{place} is not valid TOML: {error}; mend it, or delete it to start from the defaults"
        ) from None


def from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """The settings of the environment; raises SettingsError."""
    given = {name: environment[key] for name, key in ENVIRONMENT.items() if environment.get(key)}
    return {name: _read(_TYPES[name], said, ENVIRONMENT[name]) for name, said in given.items()}


def _read(kind: type, said: str, variable: str) -> str | float:
    if kind is str:
        return said
    with suppress(ValueError):
        if said.isdecimal() if kind is int else math.isfinite(float(said)):
            return int(said) if kind is int else float(said)
    raise SettingsError(f"environment: {variable} must be {_KINDS[kind]}, not {said!r}")


def fallback_of(settings: Settings) -> Settings | None:
    """The settings with which a run goes on where its provider cannot, if somebody is named; raises SettingsError."""
    if not settings.fallback:
        return None
    provider, _, model = settings.fallback.partition("/")
    return merge(replace(settings, fallback=""), "fallback", {"provider": provider, "model": model})


def to_toml(settings: Settings) -> bytes:
    """Write what differs from the defaults as project.toml."""
    defaults = asdict(Settings())
    chosen = {name: value for name, value in asdict(settings).items() if value != defaults[name]}
    if "base_url" in chosen:
        chosen["base_url"] = without_secrets(settings.base_url)
    note = "# Settings of this project; options on the command line win. A key never goes here.\n"
    return (note + tomli_w.dumps(chosen)).encode()


def without_secrets(url: str) -> str:
    """The address without a password or a key that it may carry: they stay where they came from."""
    try:
        address = urlsplit(url)
    except ValueError:  # it is no address: the provider says so when it is used
        return ""
    return urlunsplit((address.scheme, address.netloc.rpartition("@")[2], address.path, "", ""))
