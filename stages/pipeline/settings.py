"""Settings: what a project or a user has chosen, from several places, the later ones winning.

Law: pure. A key never stands here: it comes from the environment and goes nowhere else.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import tomli_w

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

OFFLINE = "offline"
PROVIDERS = (OFFLINE, "openai")
JOBS_LIMIT = 256
_MOST = 1e15
# How numbers are written in the environment.
_SAID: Mapping[type, tuple[str, Callable[[str], Any]]] = {
    int: (r"[0-9]{1,15}", int),
    float: (r"[0-9]{1,15}(\.[0-9]{1,15})?", float),
}
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
}


class SettingsError(ValueError):
    """A setting cannot be used; the message names the place, the setting and what it may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How scenes are made. `jobs` is how many calls may be in flight at once.

    `max_tokens` and `max_cost` bound what the project uses in all its runs, `prices` holds what a million tokens of a
    model cost ({model: {input, output}}). `patience` (minutes) is how long a provider that answers nobody is waited
    for, `fallback` who is asked then ("offline", or provider/model). 0 is no limit.
    """

    provider: str = OFFLINE
    model: str = ""
    base_url: str = "https://api.openai.com/v1"
    style: str = ""
    jobs: int = 4
    max_tokens: int = 0
    max_cost: float = 0.0
    requests_per_minute: int = 0
    tokens_per_minute: int = 0
    patience: int = 30
    fallback: str = ""
    prices: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def who(self) -> str:
        """Who is asked, as it stands in the log: `openai/deepseek-chat`."""
        return f"{self.provider}/{self.model[:80]}"


def merge(base: Settings, place: str, given: Mapping[str, Any]) -> Settings:
    """Put the settings given in one place over those of the places before; raises SettingsError."""
    known = {name: type(value) for name, value in asdict(Settings()).items()}
    for name, value in given.items():
        if name not in known:
            raise SettingsError(f"{place}: there is no setting {name!r}; known are {', '.join(known)}")
        if type(value) is not known[name] and not (known[name] is float and type(value) is int):
            raise SettingsError(f"{place}: {name} must be {_KINDS[known[name]]}, not {value!r}")
        if isinstance(value, str) and not _is_text(value):
            raise SettingsError(f"{place}: {name} holds bytes that are not UTF-8 text: {value!r}")
    prices = {**base.prices, **_prices(place, given.get("prices", {}))}
    merged = replace(base, **{**given, "prices": prices})
    if merged.provider not in PROVIDERS:
        raise SettingsError(f"{place}: there is no provider {merged.provider!r}; there are {', '.join(PROVIDERS)}")
    if not 1 <= merged.jobs <= JOBS_LIMIT:
        raise SettingsError(f"{place}: jobs must be 1 to {JOBS_LIMIT}, not {merged.jobs}")
    for name in ("max_tokens", "max_cost", "requests_per_minute", "tokens_per_minute", "patience"):
        if not 0 <= getattr(merged, name) <= _MOST:
            raise SettingsError(f"{place}: {name} must be 0 (no limit) or more, not {getattr(merged, name)}")
    return merged


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
    kinds = {name: type(value) for name, value in asdict(Settings()).items()}
    given: dict[str, Any] = {}
    for name, key in ENVIRONMENT.items():
        if said := environment.get(key):
            pattern, kind = _SAID.get(kinds[name], (".*", str))
            if not re.fullmatch(pattern, said, re.DOTALL):
                raise SettingsError(f"environment: {key} must be {_KINDS[kinds[name]]}, not {said!r}")
            given[name] = kind(said)
    return given


def fallback_of(settings: Settings) -> Settings | None:
    """The settings with which a run goes on where its provider cannot, if somebody is named; raises SettingsError."""
    if not settings.fallback:
        return None
    provider, _, model = settings.fallback.partition("/")
    if provider != OFFLINE and not model:
        raise SettingsError(f"fallback must be offline, or PROVIDER/MODEL, not {settings.fallback!r}")
    return merge(replace(settings, fallback=""), "fallback", {"provider": provider, "model": model})


def to_toml(settings: Settings) -> bytes:
    """Write what differs from the defaults as project.toml."""
    defaults = asdict(Settings())
    chosen = {name: value for name, value in asdict(settings).items() if value != defaults[name]}
    if "base_url" in chosen:
        chosen["base_url"] = _without_secrets(settings.base_url)
    note = "# Settings of this project; options on the command line win. A key never goes here.\n"
    return (note + tomli_w.dumps(chosen)).encode()


def _without_secrets(url: str) -> str:
    """The address without a password or a key that it may carry: they stay where they came from."""
    try:
        address = urlsplit(url)
    except ValueError:  # it is no address: the provider says so when it is used
        return ""
    return urlunsplit((address.scheme, address.netloc.rpartition("@")[2], address.path, "", ""))
