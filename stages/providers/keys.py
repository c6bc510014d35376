"""Where a key is: in the environment, else in the system's keyring; and which host it may be sent to.

Law: a key is never sent to a host that it does not belong to. A keyring that is missing, locked or silent is the same
as one without the key: it breaks no run and is waited for a few seconds at most.
"""

from __future__ import annotations

import ipaddress
import re
import threading
from contextlib import suppress
from dataclasses import field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from eventlog.values import frozen
from stages.providers.presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from stages.providers.presets import Preset

SERVICE = "scenelog"
GENERIC = "openai"
PATIENCE_S = 5.0  # a locked keyring may ask on a screen that nobody sits at


@frozen
class Key:
    """A key and where it was found: `place` is empty if there is none. The key itself is not shown."""

    value: str = field(default="", repr=False)
    place: str = ""


class KeyringError(Exception):
    """The keyring cannot be used; the message says why and what to do."""


def find_key(preset: Preset, base_url: str, environment: Mapping[str, str]) -> Key:
    """Return the key that belongs to the host of the address: the preset's own, or that of the host's own preset.

    With `openai`, the generic provider, OPENAI_API_KEY is the key of whatever host the user names. What stands in the
    keyring was stored for the preset's hosts and is sent to no other; a program of the user's own is not looked up.
    """
    found = find_environment_key(preset, base_url, environment)
    if found.value:
        return found
    with suppress(KeyringError):
        for one in _owners(preset, base_url):
            if not one.is_local and may_have(one, base_url) and (value := stored_key(one.name)):
                return Key(value=value, place=f"the keyring (scenelog providers key {one.name})")
    return Key()


def find_environment_key(preset: Preset, base_url: str, environment: Mapping[str, str]) -> Key:
    """Return the key that the environment holds for this address, if any."""
    for one in _owners(preset, base_url):
        belongs = may_have(one, base_url) or one.name == preset.name == GENERIC
        if belongs and one.key_variable and (value := environment.get(one.key_variable)):
            return Key(value=value, place=f"the environment variable {one.key_variable}")
    return Key()


def _owners(preset: Preset, base_url: str) -> list[Preset]:
    """Whose keys may be tried, in order: the generic provider asks whoever's host it is first."""
    owner = owner_of(base_url)
    return [preset] if owner is None or owner == preset or preset.name != GENERIC else [owner, preset]


def cannot_be_sent(key: str) -> bool:
    """Whether the key holds characters that no key has: a space, a line break, a letter outside ASCII."""
    return bool(re.search(r"[^!-~]", key))


def may_have(preset: Preset, base_url: str) -> bool:
    """Whether the key of the preset belongs to this address; one on the network gets it by https alone."""
    host = host_of(base_url)
    if preset.is_local:
        return is_near(host)
    return host in (host_of(preset.base_url), *preset.hosts) and urlsplit(base_url.strip()).scheme == "https"


def owner_of(base_url: str) -> Preset | None:
    """The preset on the network whose host this is."""
    return next((one for one in PRESETS.values() if not one.is_local and may_have(one, base_url)), None)


def host_of(base_url: str) -> str:
    """The host of an address, empty if it is none."""
    with suppress(ValueError):
        return urlsplit(base_url.strip()).hostname or ""
    return ""


def is_near(host: str) -> bool:
    """Whether the host is this computer or one of the user's own network."""
    with suppress(ValueError):
        address = ipaddress.ip_address(host)
        return address.is_loopback or address.is_private
    return bool(host) and ("." not in host or host.endswith((".localhost", ".local", ".lan", ".internal")))


def stored_key(name: str) -> str:
    """Return what the keyring holds for the preset, or nothing; raises KeyringError."""
    return _in_time(lambda: _keyring().get_password(SERVICE, name)) or ""


def store_key(name: str, value: str) -> None:
    """Put the key into the keyring; raises KeyringError."""
    _in_time(lambda: _keyring().set_password(SERVICE, name, value))


def delete_key(name: str) -> bool:
    """Take the key out of the keyring and say whether there was one; raises KeyringError."""
    if not stored_key(name):
        return False
    _in_time(lambda: _keyring().delete_password(SERVICE, name))
    return True


def _keyring() -> ModuleType:
    import keyring  # noqa: PLC0415 - heavy, and an extra that need not be there

    return keyring


def _in_time(work: Callable[[], Any]) -> Any:
    """Return what the work returns; what goes wrong in the keyring, or takes too long there, is a KeyringError.

    The thread is left behind if it hangs: it holds nothing, and ends with the program.
    """
    done: list[Any] = []
    failed: list[BaseException] = []

    def watched() -> None:
        try:
            done.append(work())
        except BaseException as error:  # noqa: BLE001 - backends raise what they like
            failed.append(error)

    thread = threading.Thread(target=watched, daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    if done:
        return done[0]
    if not failed:
        raise KeyringError(
            f"the keyring did not answer in {PATIENCE_S:g} s; unlock it, or use the environment variable"
        )
    if isinstance(failed[0], ImportError):
        raise KeyringError("the keyring needs the package `keyring`: pip install 'scenelog[keyring]'")
    # Only the name of what went wrong: the words of a backend may hold anything.
    raise KeyringError(f"the keyring cannot be used ({type(failed[0]).__name__}); use the environment variable instead")
