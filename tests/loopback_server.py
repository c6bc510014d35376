"""An OpenAI-compatible server on 127.0.0.1 that answers well, unless its script of faults says otherwise.

Law: every request is recorded before anything is answered, so that a test can count what would have been billed.

`python tests/loopback_server.py --port-file F --delay-s 0.05` runs it as a process: F holds the port once it listens,
F.count gets one line (`task title`) a request.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])  # tests/stages must not be found for stages

from tests.loopback_answers import completion, pieces, recognised, respond, title

if TYPE_CHECKING:
    from stages.pipeline.contract import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """How one reply differs from a good one; an answer is streamed to whoever asks for a stream."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None  # these bytes, not a good answer's JSON
    content: str | None = None  # this text of the model, not a good one
    finish_reason: str = "stop"
    encoding: str = "utf-8"
    wait_s: float = 0.0  # before the reply; ends early when the server stops
    drip_s: float = 0.0  # between two pieces of the body
    is_cut: bool = False  # the connection is closed instead of a reply
    tells_length: bool = True
    streams: bool = True  # False: in one piece, whatever is asked for
    events: Sequence[str] | None = None  # the data of the stream's events, not a good answer's
    between: str = ""  # what stands before each event
    ends: str = "\n\n"  # what stands after each event
    stops_after: int | None = None  # so many events are sent, and the rest never is
    hangs: bool = False  # and the connection stays open then


def _error(status: int, message: str, code: str = "", **headers: str) -> Fault:
    body = json.dumps({"error": {"message": message, "code": code or None}}, ensure_ascii=False).encode()
    return Fault(status=status, body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})


RATE_LIMITED = _error(429, "Rate limit reached", "rate_limit_exceeded")
RATE_LIMITED_7_S = _error(429, "Rate limit reached", "rate_limit_exceeded", Retry_After="7")
OUT_OF_QUOTA = _error(429, "You exceeded your current quota", "insufficient_quota")
SERVER_ERROR = _error(500, "The server had an error")
BAD_REQUEST = _error(400, "context length exceeded", "context_length_exceeded")
UNAUTHORIZED = _error(401, "Incorrect API key provided")
NOT_FOUND = _error(404, "The model does not exist", "model_not_found")
HANGS = Fault(wait_s=3600.0)
CLOSES = Fault(is_cut=True)
HTML = Fault(body=b"<html><body>Please log in</body></html>", headers={"Content-Type": "text/html"})
INVALID_JSON = Fault(body=b'{"choices": [')
EMPTY_CHOICES = Fault(body=b'{"choices": []}')
EMPTY_CONTENT = Fault(content="")
CUT_OFF = Fault(finish_reason="length")
FILTERED = Fault(finish_reason="content_filter")
SAYS_GBK = Fault(encoding="gbk", headers={"Content-Type": "application/json; charset=gbk"})
SAYS_LATIN_1 = Fault(headers={"Content-Type": "application/json; charset=latin-1"})
HIDES_GBK = Fault(encoding="gbk")
SLOW_DRIP = Fault(drip_s=0.05)
HUGE = Fault(content="x" * (10 * 2**20 + 1), tells_length=False)
HUGE_IN_ONE_PIECE = Fault(content="x" * (10 * 2**20 + 1), tells_length=False, streams=False)
CUT_STREAM = Fault(stops_after=5)
CUT_STREAM_UNSEEN = Fault(stops_after=5, tells_length=False)  # it looks like the end of the connection
HANGING_STREAM = Fault(stops_after=5, hangs=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as it came; `text` is all its messages, `task` is None if no prompt of ours began it."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    text: str
    task: Task | None
    title: str


Faults = Callable[[int, str], Fault | None]  # (number of the request from 0, its text) -> what goes wrong


def in_order(*faults: Fault | None) -> Faults:
    """The k-th request meets the k-th fault; those after the last are answered well."""
    return lambda number, _: faults[number] if number < len(faults) else None


def always(fault: Fault) -> Faults:
    """Every request meets the fault."""
    return lambda _number, _text: fault


def when(marker: str, *faults: Fault) -> Faults:
    """The k-th request whose text contains the marker meets the k-th fault; all others are answered well."""
    left, lock = list(faults), threading.Lock()

    def fault(_number: int, asked: str) -> Fault | None:
        with lock:
            return left.pop(0) if marker in asked and left else None

    return fault


class Loopback(ThreadingHTTPServer):
    """The server; `requests` holds what came, in order."""

    request_queue_size = 256

    def __init__(
        self,
        faults: Faults | None = None,
        *,
        delay_s: float = 0.0,
        count_file: Path | None = None,
        refuses: Mapping[str, Fault] | None = None,
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[Received] = []
        self.connections: set[int] = set()  # the ports they came from
        self.delay_s = delay_s
        self.stopping = threading.Event()
        self._faults = faults or in_order()
        self._refuses = refuses or {}
        self._count_file = count_file
        self._lock = threading.Lock()

    @property
    def base_url(self) -> str:
        """What `OPENAI_BASE_URL` is to be."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def receive(self, received: Received) -> Fault:
        """Record a request and return how its reply goes wrong, if at all."""
        with self._lock:
            number = len(self.requests)
            self.requests.append(received)
            if self._count_file:
                with self._count_file.open("a", encoding="utf-8") as file:
                    file.write(f"{received.task} {received.title}\n")
        refused = next((fault for option, fault in self._refuses.items() if received.body.get(option)), None)
        return refused or self._faults(number, received.text) or Fault()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients of tests go away as they please."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Loopback

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        """Record the request, then answer it."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        messages = body["messages"]
        asked = "\n".join(message["content"] for message in messages)
        task, _ = recognised(messages)
        came = {"path": self.path, "headers": dict(self.headers), "body": body, "text": asked}
        fault = self.server.receive(Received(task=task, title=title(asked), **came))
        self.server.connections.add(self.client_address[1])
        self.server.stopping.wait(fault.wait_s + self.server.delay_s)
        if fault.is_cut or self.server.stopping.is_set():
            self.close_connection = True
            return
        content = respond(messages) if fault.content is None and fault.body is None else fault.content or ""
        if fault.body is None and fault.streams and body.get("stream"):
            self._stream(fault, fault.events or pieces(content, body, fault.finish_reason))
            return
        whole = json.dumps(completion(content, body, fault.finish_reason), ensure_ascii=False)
        self._reply(fault, whole.encode(fault.encoding, "replace") if fault.body is None else fault.body)

    def _stream(self, fault: Fault, data: Sequence[str]) -> None:
        events = [f"{fault.between}data: {one}{fault.ends}".encode(fault.encoding, "replace") for one in data]
        sent = b"".join(events[: fault.stops_after])
        self._reply(fault, sent, kind="text/event-stream", size=len(b"".join(events)))
        if fault.stops_after is not None:
            self.close_connection = True
        if fault.hangs:
            self.server.stopping.wait(3600.0)

    def _reply(self, fault: Fault, body: bytes, *, kind: str = "application/json", size: int | None = None) -> None:
        length = {"Content-Length": str(size or len(body))} if fault.tells_length else {"Connection": "close"}
        headers = {"Content-Type": kind, **length, **fault.headers}
        head = f"HTTP/1.1 {fault.status} X\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n"
        self.close_connection = not fault.tells_length
        size = 64 if fault.drip_s else len(body) or 1
        self.wfile.write(head.encode() + body[:size])
        for at in range(size, len(body), size):
            if self.server.stopping.wait(fault.drip_s):
                return
            self.wfile.write(body[at : at + size])


@contextlib.contextmanager
def loopback(
    faults: Faults | None = None, *, delay_s: float = 0.0, refuses: Mapping[str, Fault] | None = None
) -> Iterator[Loopback]:
    """Run a server in a thread for the length of the block; a request with an option it `refuses` meets its fault."""
    with Loopback(faults, delay_s=delay_s, refuses=refuses) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.stopping.set()
            server.shutdown()
            thread.join()


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port-file", type=Path, required=True)
    parser.add_argument("--delay-s", type=float, default=0.0)
    options = parser.parse_args()
    port_file: Path = options.port_file
    with Loopback(delay_s=options.delay_s, count_file=Path(f"{port_file}.count")) as server:
        unfinished = Path(f"{port_file}.tmp")
        unfinished.write_text(str(server.server_address[1]), encoding="ascii")
        unfinished.replace(port_file)
        server.serve_forever()


if __name__ == "__main__":
    main()
