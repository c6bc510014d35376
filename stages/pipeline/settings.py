"""Settings: what a project or a user has chosen, from several places, the later ones winning.

Law: pure. A key never stands here: it comes from the environment and goes nowhere else.
"""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import tomli_w

if TYPE_CHECKING:
    from collections.abc import Mapping

PROVIDERS = ("offline", "openai")
JOBS_LIMIT = 256
_KINDS = {str: "a text in quotes", int: "a whole number"}
ENVIRONMENT = {
    "provider": "SCENELOG_PROVIDER",
    "model": "SCENELOG_MODEL",
    "style": "SCENELOG_STYLE",
    "jobs": "SCENELOG_JOBS",
    "base_url": "OPENAI_BASE_URL",
}


class SettingsError(ValueError):
    """A setting cannot be used; the message names the place, the setting and what it may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How scenes are made. `jobs` is how many calls may be in flight at once."""

    provider: str = "offline"
    model: str = ""
    base_url: str = "https://api.openai.com/v1"
    style: str = ""
    jobs: int = 4


def merge(base: Settings, place: str, given: Mapping[str, Any]) -> Settings:
    """Put the settings given in one place over those of the places before; raises SettingsError."""
    known = {field.name: type(field.default) for field in fields(Settings)}
    for name, value in given.items():
        if name not in known:
            raise SettingsError(f"{place}: there is no setting {name!r}; known are {', '.join(known)}")
        if type(value) is not known[name]:
            raise SettingsError(f"{place}: {name} must be {_KINDS[known[name]]}, not {value!r}")
        if isinstance(value, str) and not _is_text(value):
            raise SettingsError(f"{place}: {name} holds bytes that are not UTF-8 text: {value!r}")
    merged = replace(base, **given)
    if merged.provider not in PROVIDERS:
        raise SettingsError(f"{place}: there is no provider {merged.provider!r}; there are {', '.join(PROVIDERS)}")
    if not 1 <= merged.jobs <= JOBS_LIMIT:
        raise SettingsError(f"{place}: jobs must be 1 to {JOBS_LIMIT}, not {merged.jobs}")
    return merged


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
    given: dict[str, Any] = {name: environment[key] for name, key in ENVIRONMENT.items() if environment.get(key)}
    if "jobs" in given:
        if not given["jobs"].isdecimal():
            raise SettingsError(f"environment: {ENVIRONMENT['jobs']} must be a whole number, not {given['jobs']!r}")
        given["jobs"] = int(given["jobs"])
    return given


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
