"""Whether a server can be reached at all: one small request that costs nothing.

Law: no key and no password leaves this file in a message.
"""

from __future__ import annotations

from contextlib import suppress

import httpx

TIMEOUT_S = 10.0
_REFUSALS = (401, 403)


def reach(base_url: str, api_key: str) -> tuple[bool, str]:
    """Ask the server for its list of models; whether it answered and takes the key, and what to say of it.

    A server without such a list (status 404, 405, 501) is reached all the same.
    """
    url = httpx.URL()
    with suppress(httpx.InvalidURL, ValueError):
        url = httpx.URL(base_url.strip())
    if url.scheme not in ("http", "https") or not url.host:
        return False, "the base URL is not an address that begins with http:// or https://"
    shown = f"{url.scheme}://{url.netloc.decode('ascii')}"
    headers = {"Authorization": f"Bearer {api_key}"} if api_key and not url.userinfo else {}
    is_local = url.host in ("localhost", "127.0.0.1", "::1")  # a proxy cannot reach this computer's own servers
    try:
        asked = url.copy_with(path=f"{url.path.removesuffix('/chat/completions').rstrip('/')}/models", fragment=None)
        reply = httpx.get(asked, headers=headers, timeout=TIMEOUT_S, trust_env=not is_local)
    except httpx.TimeoutException:
        return False, f"{shown} did not answer in {TIMEOUT_S:g} s"
    except (httpx.HTTPError, OSError, ValueError, ImportError) as error:
        return False, f"{shown} cannot be reached ({type(error).__name__})"
    if reply.status_code in _REFUSALS:
        return False, f"{shown} answers and refuses the key (status {reply.status_code})"
    took_ms = reply.elapsed.total_seconds() * 1000
    is_well = not reply.is_server_error or reply.status_code == httpx.codes.NOT_IMPLEMENTED
    return is_well, f"{shown} answers after {took_ms:.0f} ms (status {reply.status_code})"
