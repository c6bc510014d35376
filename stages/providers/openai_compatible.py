"""Ask any OpenAI-compatible server: one call is one answer or one failure, and each way to fail has its kind.

Law: nothing is retried here but a request with an option that the server refused, without it; and no key leaves this
file in a message, a repr or an exception's chain.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from eventlog.values import frozen
from stages.pipeline.contract import Answer, FailureKind, ProviderError, Request
from stages.providers import options
from stages.providers.address import address_of
from stages.providers.connection import Exchange, Timeouts, client, tls_of
from stages.providers.keys import cannot_be_sent
from stages.providers.options import Wishes
from stages.providers.redaction import redacted
from stages.providers.replies import Reply, Server, complaint_of, read

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from stages.providers.address import Address


@frozen
class Account:
    """Whose server is asked: the word of `--provider`, and where messages say to look for its key and its address."""

    name: str = "openai"
    needs_key: bool = True
    key_place: str = "the environment variable OPENAI_API_KEY"
    key_advice: str = "to any word, for a server that asks for none"
    address_place: str = "OPENAI_BASE_URL"


_DEFAULT_TIMEOUTS, _DEFAULT_WISHES, _GENERIC = Timeouts(), Wishes(), Account()


class Learned:
    """What the workers of one factory have found out together: the options that their server does not take."""

    def __init__(self, without: Iterable[str] = ()) -> None:
        self.without = tuple(dict.fromkeys(without))

    def add(self, names: Iterable[str]) -> None:
        """Remember more of them."""
        self.without = tuple(dict.fromkeys((*self.without, *names)))


def openai_factory(  # noqa: PLR0913 - all by keyword, most with a default
    *,
    base_url: str,
    api_key: str | None,
    model: str,
    now: Callable[[], datetime],
    timeouts: Timeouts = _DEFAULT_TIMEOUTS,
    wishes: Wishes = _DEFAULT_WISHES,
    without: Sequence[str] = (),
    account: Account = _GENERIC,
) -> Callable[[], OpenAICompatibleProvider]:
    """Return what makes one provider for each worker, all on one TLS context and with what one learns known to all.

    `now` returns an aware time; it is read only to turn dates into seconds. `without` are options known not to be
    taken. Raises ProviderError (REFUSED) at once where no request could succeed: a base URL that is none, a key that
    is missing or cannot be sent.
    """
    address = address_of(base_url, account.address_place)
    places = {"key_place": account.key_place, "address_place": account.address_place}
    server = Server(where=address.shown, model=model, **places)
    key = _checked(api_key, account, address)
    if not model.strip():
        raise ProviderError(FailureKind.REFUSED, f"No model is named for {address.shown}: say which one to ask.")
    tls, learned = cache(lambda: tls_of(address)), Learned(without)

    def provider() -> OpenAICompatibleProvider:
        return OpenAICompatibleProvider(
            address,
            key,
            server,
            tls=tls(),
            now=now,
            timeouts=timeouts,
            wishes=wishes,
            learned=learned,
            name=account.name,
        )

    return provider


def _checked(api_key: str | None, account: Account, address: Address) -> str:
    key = (api_key or "").strip()
    if cannot_be_sent(key):
        raise ProviderError(
            FailureKind.REFUSED,
            f"The key in {account.key_place} holds characters that no key has (a space, a line break, a letter outside "
            "ASCII): copy the key again.",
        )
    if not key and account.needs_key and not (address.is_loopback or address.userinfo):
        raise ProviderError(
            FailureKind.REFUSED, f"There is no key for {address.shown}: set {account.key_place} ({account.key_advice})."
        )
    return key


class OpenAICompatibleProvider:
    """One worker's connection to one server and one model; made by `openai_factory`."""

    def __init__(  # noqa: PLR0913 - one place makes it, from what is checked there
        self,
        address: Address,
        api_key: str,
        server: Server,
        *,
        tls: ssl.SSLContext,
        now: Callable[[], datetime],
        timeouts: Timeouts,
        wishes: Wishes,
        learned: Learned,
        name: str,
    ) -> None:
        self.status: int | None = None  # of the last reply
        self.was_streamed = False
        self._address, self._server, self._now = address, server, now
        self._timeouts, self._wishes, self._learned, self._name = timeouts, wishes, learned, name
        self._secrets = tuple(secret for secret in (api_key, *address.userinfo) if secret)
        self._client = client(address, api_key, tls, timeouts)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(model={self._server.model!r}, base_url={self._address.shown!r})"

    @property
    def name(self) -> str:
        """The word of `--provider`."""
        return self._name

    @property
    def model(self) -> str:
        """The model that is asked for, which is not always the one that answers."""
        return self._server.model

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
        reply = await self._reply(request)
        outcome = read(reply, self._server, self._now) if isinstance(reply, Reply) else reply
        if isinstance(outcome, Answer):
            return replace(outcome, without=self._learned.without)
        known = f"{self._address.shown} {self._server.model}"
        return ProviderError(
            outcome.kind,
            redacted(outcome.message, self._secrets, known=known),
            retry_after_s=outcome.retry_after_s,
            possibly_billed=outcome.possibly_billed,
        )

    async def _reply(self, request: Request) -> Reply | ProviderError:
        """Ask, leaving out what the server refuses; what was left out is learned once the server took the rest."""
        left_out: tuple[str, ...] = ()
        while True:
            asked = options.body(self._server.model, request, self._wishes, {*self._learned.without, *left_out})
            exchange = Exchange(self._address, self._timeouts, address_place=self._server.address_place)
            reply = await exchange.make(self._client, asked)
            if not isinstance(reply, Reply):
                return reply
            self.status, self.was_streamed = reply.status, reply.stream is not None
            if reply.is_success:
                self._learned.add(left_out)
                return reply
            refused = options.refused(complaint_of(reply), asked) if reply.status in options.REFUSES_OPTIONS else ()
            if not refused:
                return reply
            left_out += refused
