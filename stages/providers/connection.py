"""One HTTP exchange with one server: a request goes out, and its reply is heard within its times, streamed or whole.

Law: nothing is sent twice. Whatever happens, it is known whether the request had gone out.
"""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx
from httpx_sse import EventSource

from eventlog.values import frozen
from stages.pipeline.contract import FailureKind, ProviderError
from stages.providers.complaints import short
from stages.providers.replies import ANSWER_LIMIT_BYTES, Reply, charset_of
from stages.providers.streams import STREAM_BEGINS, Gathering

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from stages.providers.address import Address

_ERROR_LIMIT_BYTES = 64 * 1024
_AFTER_THE_END_S = 2.0  # so long a whole stream may take to say its usage and to close


@frozen
class Timeouts:
    """How long a call may take: to connect, until the answer begins, between two pieces of it, and altogether."""

    connect_s: float = 10.0
    first_byte_s: float = 300.0
    idle_s: float = 120.0
    total_s: float = 1800.0


class _TooLargeError(Exception):
    """More came than anybody reads."""


def client(address: Address, api_key: str, tls: ssl.SSLContext, timeouts: Timeouts) -> httpx.AsyncClient:
    """Return a client for one worker; raises ProviderError where the proxy of the environment is unusable."""
    logging.getLogger("httpx").setLevel(logging.WARNING)  # below it, it writes addresses with all that stands in them
    headers = {
        "Content-Type": "application/json",
        "Accept": "text/event-stream, application/json",
        "Accept-Encoding": "identity",
    }
    if api_key and not address.userinfo:
        headers["Authorization"] = f"Bearer {api_key}"
    with suppress(ImportError, ValueError, httpx.InvalidURL):
        return httpx.AsyncClient(
            headers=headers,
            auth=address.userinfo or None,  # there is one Authorization header: what the base URL says wins
            verify=tls,
            timeout=httpx.Timeout(None, connect=timeouts.connect_s, write=timeouts.first_byte_s),
            follow_redirects=False,
            trust_env=not address.is_loopback,  # a proxy cannot reach this computer's own servers
        )
    raise ProviderError(
        FailureKind.REFUSED,
        "The proxy named in HTTP_PROXY, HTTPS_PROXY or ALL_PROXY cannot be used (a SOCKS proxy needs the package "
        "`socksio`): change the variable or unset it.",
    )


def tls_of(address: Address) -> ssl.SSLContext:
    """Load the trusted roots (48 ms); where no TLS is spoken, a context that trusts nobody does as well."""
    if address.is_loopback and address.url.scheme == "http":
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.create_ssl_context()


class Exchange:
    """One request and what comes back, made once; `address_place` is where the base URL is set."""

    def __init__(self, address: Address, timeouts: Timeouts, *, address_place: str) -> None:
        self._address, self._timeouts, self._address_place = address, timeouts, address_place
        self._is_sent = self._is_begun = False
        self._reply: Reply | None = None  # as far as it was heard

    async def make(self, client: httpx.AsyncClient, asked: Mapping[str, Any]) -> Reply | ProviderError:
        """Send what is asked and return the reply, or why there is none."""
        content = json.dumps(asked, ensure_ascii=False).encode("utf-8", "replace")
        try:
            async with asyncio.timeout(self._timeouts.total_s) as total, asyncio.timeout(None) as silence:
                return await self._hear(client, content, silence)
        except _TooLargeError:
            return Reply(status=200, is_too_large=True)
        except TimeoutError:
            return self._broken(self._too_slow(is_total=total.expired()))
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError) as error:
            return self._refused_before(error) or self._broken(self._why(error))

    async def _hear(self, client: httpx.AsyncClient, content: bytes, silence: asyncio.Timeout) -> Reply:
        clock = asyncio.get_running_loop()

        async def going_out() -> AsyncIterator[bytes]:
            silence.reschedule(clock.time() + self._timeouts.first_byte_s)
            self._is_sent = True
            yield content

        headers = {"Content-Length": str(len(content))}
        async with client.stream("POST", self._address.url, content=going_out(), headers=headers) as response:
            said = {name.lower(): value for name, value in response.headers.items()}
            self._reply = Reply(status=response.status_code, headers=said)

            async def coming_in() -> AsyncIterator[bytes]:
                async for piece in response.aiter_bytes():
                    self._is_begun = True
                    yield piece
                    stream = self._reply.stream if self._reply else None
                    is_over = stream is not None and stream.is_whole
                    idle_s = min(_AFTER_THE_END_S, self._timeouts.idle_s) if is_over else self._timeouts.idle_s
                    silence.reschedule(clock.time() + idle_s)

            self._reply = await self._heard(self._reply, coming_in())
        return self._reply

    async def _heard(self, reply: Reply, pieces: AsyncIterator[bytes]) -> Reply:
        limit = ANSWER_LIMIT_BYTES if reply.is_success else _ERROR_LIMIT_BYTES
        body = bytearray()
        async for piece in pieces:
            body += piece
            if len(body) > limit and reply.is_success:
                raise _TooLargeError
            if len(body) > limit:
                break
            if reply.is_success and STREAM_BEGINS.match(body):
                return await self._gathered(reply, bytes(body), pieces)
        return Reply(status=reply.status, headers=reply.headers, body=bytes(body))

    async def _gathered(self, reply: Reply, first: bytes, pieces: AsyncIterator[bytes]) -> Reply:
        """Hear a stream to its end. The library splits it as text: as Latin-1, so that each byte stays what it is."""
        stream = Gathering(charset_of(reply.headers))
        self._reply = Reply(status=reply.status, headers=reply.headers, stream=stream)

        async def bounded() -> AsyncIterator[bytes]:
            event_bytes = len(first)
            yield first.removeprefix(b"\xef\xbb\xbf")
            async for piece in pieces:
                event_bytes = len(piece) - piece.rfind(b"\n") - 1 if b"\n" in piece else event_bytes + len(piece)
                if max(event_bytes, stream.text_bytes) > ANSWER_LIMIT_BYTES:
                    raise _TooLargeError
                yield piece
            yield b"\n\n"  # an event that the end cuts short of its empty line is one all the same

        as_text = {"Content-Type": "text/event-stream; charset=latin-1"}
        source = EventSource(httpx.Response(reply.status, headers=as_text, content=bounded()))
        async for event in source.aiter_sse():
            stream.take(event.event, event.data.encode("latin-1"))
        if stream.text_bytes > ANSWER_LIMIT_BYTES:
            raise _TooLargeError
        return self._reply

    def _broken(self, why: str) -> Reply | ProviderError:
        """Make the best of a reply that did not come to its end: of a refusal the status is enough."""
        reply, where = self._reply, self._address.shown
        if reply is not None and (reply.stream is not None or not reply.is_success):
            return Reply(status=reply.status, headers=reply.headers, stream=reply.stream, broken=why)
        if not self._is_sent:
            return ProviderError(FailureKind.UNAVAILABLE, f"{where} cannot be reached: {why}.")
        return ProviderError(FailureKind.TRANSIENT, f"No answer from {where}: {why}.", possibly_billed=True)

    def _too_slow(self, *, is_total: bool) -> str:
        times = self._timeouts
        if not self._is_sent:
            return f"no connection in {times.total_s:g} s"
        if is_total:
            return f"it was not whole in {times.total_s:g} s"
        if not self._is_begun:
            return f"nothing came in {times.first_byte_s:g} s"
        return f"nothing more came in {times.idle_s:g} s"

    def _why(self, error: Exception) -> str:
        if isinstance(error, httpx.ConnectTimeout):
            return f"no connection in {self._timeouts.connect_s:g} s"
        if isinstance(error, httpx.WriteTimeout):
            return f"the request could not be sent in {self._timeouts.first_byte_s:g} s"
        return f"the connection failed ({short(str(error)).rstrip('.') or type(error).__name__})"

    def _refused_before(self, error: Exception) -> ProviderError | None:
        """What fails for every request, and before it is sent: an address or a certificate that is none."""
        where = self._address.shown
        if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL):
            why = short(str(error)) or type(error).__name__
            return ProviderError(
                FailureKind.REFUSED, f"{where} cannot be asked ({why}): look at {self._address_place}."
            )
        if certificate := _certificate_error(error):
            return ProviderError(
                FailureKind.REFUSED,
                f"The certificate of {where} is not trusted ({certificate.verify_message}): look at the base URL, "
                "at this computer's clock, and at SSL_CERT_FILE for certificates of your own.",
            )
        return None


def _certificate_error(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error
