"""A base URL as people write it, taken apart: what is asked, what may be shown, and whose it is.

Law: a user name or password that stands in it is never shown.
"""

from __future__ import annotations

import ipaddress
from contextlib import suppress

import httpx

from eventlog.values import frozen
from stages.pipeline.contract import FailureKind, ProviderError
from stages.providers.complaints import short


@frozen
class Address:
    """A base URL, taken apart. `userinfo` is empty, or (user, password); only `shown` may be shown."""

    url: httpx.URL  # of the chat completions, without user and password
    shown: str
    userinfo: tuple[()] | tuple[str, str]
    is_loopback: bool


def address_of(base_url: str, address_place: str = "OPENAI_BASE_URL") -> Address:
    """Return the address; raises ProviderError if it is none."""
    url = None
    with suppress(httpx.InvalidURL, ValueError):
        url = httpx.URL(base_url.strip())
    if url is None or url.scheme not in {"http", "https"} or not url.host:
        raise ProviderError(
            FailureKind.REFUSED,
            f"The base URL is not an address that begins with http:// or https://: look at {address_place}.",
        )
    path = url.path.rstrip("/").removesuffix("/chat/completions").rstrip("/")
    hidden = "***@" if url.userinfo else ""
    return Address(
        url=url.copy_with(userinfo=b"", path=f"{path}/chat/completions", fragment=None),
        shown=short(f"{url.scheme}://{hidden}{url.netloc.decode('ascii')}{path}"),
        userinfo=(url.username, url.password) if url.userinfo else (),
        is_loopback=is_loopback(url.host),
    )


def is_loopback(host: str) -> bool:
    """Whether the host is this computer."""
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost" or host.endswith(".localhost")
