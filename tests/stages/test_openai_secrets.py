"""What the provider promises of keys and addresses: no key is ever shown, and a wrong address is said to be one.

Law: every reply comes from a server on this computer; no test needs a network.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import ssl
import subprocess
import threading
from typing import TYPE_CHECKING

import httpx
import pytest

from stages.pipeline.contract import FailureKind, ProviderError
from tests import loopback_server as ls
from tests.provider_calls import KEY, ask, ask_once, body, factory, failure, failure_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_refused_and_shows_only_the_host(status: int) -> None:
    location = f"https://user:{KEY}@elsewhere.example/v1/?key={KEY}"
    error = failure(ls.Fault(status=status, body=b"", headers={"Location": location}))
    assert error.kind is FailureKind.REFUSED
    assert "https://elsewhere.example (" in error.message


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 200])
def test_a_key_that_the_server_echoes_is_not_shown(status: int) -> None:
    echo = f"bad key '{KEY}', Bearer={KEY}; {KEY[:12]}****\x1b[31m\u202e {KEY} " + "x" * 1000
    error = failure(body({"error": {"message": echo}}, status))
    assert "[key]" in error.message


def test_no_key_or_password_shows_in_the_provider_or_its_messages() -> None:
    with ls.loopback(ls.always(ls.UNAUTHORIZED)) as server:
        base_url = server.base_url.replace("//", f"//anna:{KEY}@")
        provider = factory(base_url)()
        error = failure_of(lambda: asyncio.run(ask_once(provider)))
        shown = repr(provider) + str(provider) + repr(provider.__dict__["_client"].headers)
        assert server.requests[0].headers["Authorization"].startswith("Basic ")
    assert KEY not in shown
    assert "anna" not in shown
    assert "***@127.0.0.1" in error.message


@pytest.mark.parametrize("fault", [ls.Fault(), ls.UNAUTHORIZED, ls.CUT_STREAM, ls.CLOSES])
def test_no_key_reaches_a_log_however_much_is_logged(fault: ls.Fault, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with ls.loopback(ls.always(fault)) as server:
        for base_url in (
            server.base_url,
            server.base_url.replace("//", f"//anna:{KEY}@"),
            f"{server.base_url}?k={KEY}",
        ):
            with contextlib.suppress(ProviderError):
                ask(base_url)
        assert len(server.requests) == 3
    assert caplog.records
    for record in caplog.records:
        assert KEY not in f"{record.getMessage()} {record.args!r} {record.exc_text}"


def test_a_missing_key_is_refused_unless_the_server_is_on_this_computer() -> None:
    for key in (None, "", "  "):
        error = failure_of(lambda key=key: factory("https://api.example.com/v1", key))  # type: ignore[misc]
        assert error.kind is FailureKind.REFUSED
        assert "OPENAI_API_KEY" in error.message
        with ls.loopback() as server:
            assert ask(server.base_url, key).text
            assert "Authorization" not in server.requests[0].headers
    for host in ("localhost:11434", "127.0.0.1:8000", "[::1]:8000", "ollama.localhost"):
        assert callable(factory(f"http://{host}/v1", None))
    for host in ("localhost.example.com", "127.0.0.1.example.com", "192.168.1.5"):
        failure_of(lambda host=host: factory(f"http://{host}/v1", None))  # type: ignore[misc]


@pytest.mark.parametrize("key", [f"{KEY} x", f"{KEY}\nX-Evil: 1", f"{KEY}，"])
def test_a_key_that_cannot_be_a_header_is_refused_before_any_request(key: str) -> None:
    assert failure_of(lambda: factory("https://api.example.com/v1", key)).kind is FailureKind.REFUSED


def test_a_line_break_around_the_key_does_no_harm() -> None:
    with ls.loopback() as server:
        ask(server.base_url, f"{KEY}\n")
        assert server.requests[0].headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("base_url", ["", "localhost:8000/v1", "ftp://a/v1", "http://", "http://[::1", "a\nb"])
def test_a_base_url_that_is_none_is_refused(base_url: str) -> None:
    error = failure_of(lambda: factory(base_url))
    assert error.kind is FailureKind.REFUSED
    assert "OPENAI_BASE_URL" in error.message


@pytest.mark.parametrize("tail", ["", "/", "/chat/completions", "/chat/completions/"])
def test_a_base_url_may_end_as_people_write_it(tail: str) -> None:
    with ls.loopback() as server:
        ask(server.base_url + tail)
        assert server.requests[0].path == "/v1/chat/completions"


def test_a_proxy_is_never_asked_for_this_computer_and_an_unusable_one_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"socks9://anna:{KEY}@127.0.0.1:9")
    with ls.loopback() as server:
        assert ask(server.base_url).text
    error = failure_of(factory("https://api.example.com/v1"))
    assert error.kind is FailureKind.REFUSED
    assert "ALL_PROXY" in error.message


def test_workers_have_a_client_each_and_share_one_tls_context(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[ssl.SSLContext] = []
    create = httpx.create_ssl_context

    def counted() -> ssl.SSLContext:
        made.append(create())
        return made[-1]

    monkeypatch.setattr(httpx, "create_ssl_context", counted)
    new = factory("https://api.example.com/v1")
    assert not made
    first, second = new(), new()
    assert len(made) == 1
    assert first is not second

    async def close() -> None:
        await first.close()
        await second.close()

    asyncio.run(close())


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate")
def test_a_certificate_that_is_not_trusted_is_refused(tmp_path: Path) -> None:
    made = [f"{tmp_path}/key.pem", f"{tmp_path}/cert.pem"]
    openssl = shutil.which("openssl") or "openssl"
    options = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command = [openssl, "req", *options, "-keyout", made[0], "-out", made[1]]
    subprocess.run(command, check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(made[1], made[0])
    with ls.Loopback() as server:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        error = failure_of(lambda: ask(server.base_url.replace("http:", "https:")))
        server.shutdown()
        assert not server.requests
    assert error.kind is FailureKind.REFUSED
    assert "certificate" in error.message


def test_a_server_that_speaks_no_tls_is_unavailable() -> None:
    with ls.loopback() as server:
        error = failure_of(lambda: ask(server.base_url.replace("http:", "https:")))
    assert error.kind is FailureKind.UNAVAILABLE
