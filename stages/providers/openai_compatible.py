"""Ask any OpenAI-compatible server: one call is one HTTP request, and each way to fail has its kind.

Law: nothing is retried here, and no key leaves this file in a message, a repr or an exception's chain.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import re
import ssl
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import httpx

from stages.pipeline.contract import Answer, FailureKind, ProviderError, Request
from stages.providers.replies import ANSWER_LIMIT_BYTES, Reply, read, short

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

_ERROR_LIMIT_BYTES = 64 * 1024
_GUESSABLE = 6  # so many characters of a key in a row are as good as the key: some servers echo a part of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long a call may take: to connect, between two pieces of the answer, and altogether."""

    connect_s: float = 10.0
    read_s: float = 300.0
    total_s: float = 600.0


_DEFAULT_TIMEOUTS = Timeouts()


def openai_factory(
    *,
    base_url: str,
    api_key: str | None,
    model: str,
    now: Callable[[], datetime],
    timeouts: Timeouts = _DEFAULT_TIMEOUTS,
) -> Callable[[], OpenAICompatibleProvider]:
    """Return what makes one provider for each worker, all on one TLS context.

    `now` returns an aware time; it is read only to turn a Retry-After date into seconds. Raises ProviderError (REFUSED)
    at once where no request could succeed: a base URL that is none, a key that is missing or cannot be sent.
    """
    address = _address(base_url)
    key = (api_key or "").strip()
    if re.search(r"[^!-~]", key):
        raise ProviderError(
            FailureKind.REFUSED,
            "OPENAI_API_KEY holds characters that no key has (a space, a line break, a letter outside ASCII): "
            "copy the key again.",
        )
    if not (key or address.is_loopback or address.userinfo):
        raise ProviderError(
            FailureKind.REFUSED,
            f"There is no key for {address.shown}: set the environment variable OPENAI_API_KEY "
            "(to any word, for a server that asks for none).",
        )
    if not model.strip():
        raise ProviderError(FailureKind.REFUSED, f"No model is named for {address.shown}: say which one to ask.")
    tls = cache(lambda: _tls(address))

    def provider() -> OpenAICompatibleProvider:
        return OpenAICompatibleProvider(
            base_url=base_url, api_key=key, model=model, tls=tls(), now=now, timeouts=timeouts
        )

    return provider


class OpenAICompatibleProvider:
    """One worker's connection to one server and one model; made by `openai_factory`."""

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        model: str,
        tls: ssl.SSLContext,
        now: Callable[[], datetime],
        timeouts: Timeouts = _DEFAULT_TIMEOUTS,
    ) -> None:
        self._address = _address(base_url)
        self._model = model
        self._now = now
        self._timeouts = timeouts
        self._secrets = tuple(secret for secret in (api_key, *self._address.userinfo) if secret)
        self._client = _client(self._address, api_key, tls, timeouts)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(model={self._model!r}, base_url={self._address.shown!r})"

    @property
    def name(self) -> str:
        """The word of `--provider`."""
        return "openai"

    @property
    def model(self) -> str:
        """The model that is asked for, which is not always the one that answers."""
        return self._model

    async def close(self) -> None:
        """Give back the connection."""
        await self._client.aclose()

    async def answer(self, request: Request) -> Answer:
        """Send one request and return the raw answer; raises ProviderError for every expected failure."""
        # Raised here, where neither the chain of the exception nor a variable of this frame leads to the request.
        outcome = await self._outcome(request)
        if isinstance(outcome, ProviderError):
            raise outcome
        return outcome

    async def _outcome(self, request: Request) -> Answer | ProviderError:
        try:
            async with asyncio.timeout(self._timeouts.total_s):
                reply = await self._exchange(request)
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError) as error:
            outcome: Answer | ProviderError = self._broken(error)
        else:
            outcome = read(reply, where=self._address.shown, model=self._model, now=self._now)
        if isinstance(outcome, Answer):
            return outcome
        message = _redacted(outcome.message, self._secrets, known=f"{self._address.shown} {self._model}")
        return ProviderError(outcome.kind, message, retry_after_s=outcome.retry_after_s)

    async def _exchange(self, request: Request) -> Reply:
        asked = {"model": self._model, "messages": [dict(m) for m in request.messages], "stream": False}
        content = json.dumps(asked, ensure_ascii=False).encode("utf-8", "replace")
        async with self._client.stream("POST", self._address.url, content=content) as response:
            body = bytearray()
            limit = ANSWER_LIMIT_BYTES if response.is_success else _ERROR_LIMIT_BYTES
            try:
                async for chunk in response.aiter_raw():
                    body += chunk
                    if len(body) > limit:
                        break
            except httpx.HTTPError:
                if response.is_success:
                    raise  # of a refusal the status is enough
            headers = {name.lower(): value for name, value in response.headers.items()}
            is_too_large = response.is_success and len(body) > limit
            return Reply(status=response.status_code, headers=headers, body=bytes(body), is_too_large=is_too_large)

    def _broken(self, error: Exception) -> ProviderError:
        """Say why no reply came."""
        where, kind = self._address.shown, FailureKind.TRANSIENT
        why = short(str(error)) or type(error).__name__
        match error:
            case httpx.ConnectTimeout():
                message = f"No connection to {where} in {self._timeouts.connect_s:g} s."
            case httpx.TimeoutException():
                message = f"{where} was silent for {self._timeouts.read_s:g} s."
            case TimeoutError():
                message = f"No whole answer from {where} in {self._timeouts.total_s:g} s."
            case httpx.UnsupportedProtocol() | httpx.InvalidURL():
                kind, message = FailureKind.REFUSED, f"{where} cannot be asked ({why}): look at OPENAI_BASE_URL."
            case _ if certificate := _certificate_error(error):
                kind = FailureKind.REFUSED
                message = (
                    f"The certificate of {where} is not trusted ({certificate.verify_message}): look at the base URL, "
                    "at this computer's clock, and at SSL_CERT_FILE for certificates of your own."
                )
            case _:
                message = f"The connection to {where} failed: {why}."
        return ProviderError(kind, message)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Address:
    """A base URL, taken apart. `userinfo` is empty, or (user, password); only `shown` may be shown."""

    url: httpx.URL  # of the chat completions, without user and password
    shown: str
    userinfo: tuple[()] | tuple[str, str]
    is_loopback: bool


def _address(base_url: str) -> _Address:
    url = None
    with suppress(httpx.InvalidURL, ValueError):
        url = httpx.URL(base_url.strip())
    if url is None or url.scheme not in {"http", "https"} or not url.host:
        raise ProviderError(
            FailureKind.REFUSED,
            "The base URL is not an address that begins with http:// or https://: look at OPENAI_BASE_URL.",
        )
    path = url.path.rstrip("/").removesuffix("/chat/completions").rstrip("/")
    hidden = "***@" if url.userinfo else ""
    return _Address(
        url=url.copy_with(userinfo=b"", path=f"{path}/chat/completions", fragment=None),
        shown=short(f"{url.scheme}://{hidden}{url.netloc.decode('ascii')}{path}"),
        userinfo=(url.username, url.password) if url.userinfo else (),
        is_loopback=_is_loopback(url.host),
    )


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost" or host.endswith(".localhost")


def _tls(address: _Address) -> ssl.SSLContext:
    """Load the trusted roots (48 ms); where no TLS is spoken, a context that trusts nobody does as well."""
    if address.is_loopback and address.url.scheme == "http":
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.create_ssl_context()


def _client(address: _Address, api_key: str, tls: ssl.SSLContext, timeouts: Timeouts) -> httpx.AsyncClient:
    headers = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity"}
    if api_key and not address.userinfo:
        headers["Authorization"] = f"Bearer {api_key}"
    with suppress(ImportError, ValueError, httpx.InvalidURL):
        return httpx.AsyncClient(
            headers=headers,
            auth=address.userinfo or None,  # there is one Authorization header: what the base URL says wins
            verify=tls,
            timeout=httpx.Timeout(timeouts.read_s, connect=timeouts.connect_s),
            follow_redirects=False,
            trust_env=not address.is_loopback,  # a proxy cannot reach this computer's own servers
        )
    raise ProviderError(
        FailureKind.REFUSED,
        "The proxy named in HTTP_PROXY, HTTPS_PROXY or ALL_PROXY cannot be used (a SOCKS proxy needs the package "
        "`socksio`): change the variable or unset it.",
    )


def _certificate_error(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error


def _redacted(message: str, secrets: tuple[str, ...], *, known: str) -> str:
    """Return the message with each word replaced that holds a secret, or so much of one that it could be guessed.

    What is `known` anyway is no secret: a local server's key is often just its name.
    """
    for secret in secrets:
        size = min(len(secret), _GUESSABLE)
        pieces = {secret[at : at + size] for at in range(len(secret) - size + 1)}
        pieces = {piece for piece in pieces if piece not in known} or {secret}
        is_short = len(secret) < _GUESSABLE
        message = " ".join(
            "[key]" if (word.strip(".,:;'\"()[]") == secret if is_short else any(p in word for p in pieces)) else word
            for word in message.split(" ")
        )
    return message
