"""What a request costs the client at 64 in flight: one client a worker and one TLS context, or one client for all."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx

from bench.process import server
from bench.result import Figure, Result
from stages.pipeline.contract import Request
from stages.providers.openai_compatible import openai_factory

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bench.result import Cell, Setting

NAME = "client"
_WORKERS = 64
_MESSAGES = ({"role": "system", "content": "Say something."}, {"role": "user", "content": "雨" * 400})


def measure(setting: Setting) -> Result:
    """CPU time of this process for each request; the server is another process and answers at once."""
    requests = 640 if setting.is_quick else 3200
    place = setting.place(NAME)
    setting.note("client: 64 workers against a local server")
    with server(place, 0.0) as url:
        asyncio.run(_ours(url, _WORKERS))  # warm
        ours = asyncio.run(_ours(url, requests))
        shared = asyncio.run(_shared(url, requests // 4))
    rows: list[list[Cell]] = [
        ["one client a worker, one TLS context (ours)", ours[0] * 1e3, ours[1]],
        ["one httpx.AsyncClient for all", shared[0] * 1e3, shared[1]],
    ]
    return Result(
        name=NAME,
        title="A request at 64 in flight, the client's side",
        columns=("client", "CPU ms a request", "requests/s"),
        rows=rows,
        figures=(
            Figure(
                what="client CPU of a request at 64 in flight",
                what_zh="64 个并发时每次请求的客户端 CPU 时间",
                value=ours[0] * 1e3,
                unit="ms",
                limit=2,
            ),
        ),
    )


async def _ours(url: str, requests: int) -> tuple[float, float]:
    new_provider = openai_factory(base_url=url, api_key="x", model="m", now=lambda: datetime.now(UTC))
    request = Request(task="storyboard", language="zh", messages=_MESSAGES, inputs={})
    providers = [new_provider() for _ in range(_WORKERS)]
    try:
        return await _timed(lambda worker: providers[worker].answer(request), requests)
    finally:
        for provider in providers:
            await provider.close()


async def _shared(url: str, requests: int) -> tuple[float, float]:
    body = {"model": "m", "messages": list(_MESSAGES), "stream": False}
    limits = httpx.Limits(max_connections=_WORKERS, max_keepalive_connections=_WORKERS)
    async with httpx.AsyncClient(limits=limits, timeout=60, trust_env=False) as client:
        return await _timed(lambda _: client.post(f"{url}/chat/completions", json=body), requests)


async def _timed(ask: Callable[[int], Awaitable[object]], requests: int) -> tuple[float, float]:
    left = requests

    async def work(worker: int) -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await ask(worker)

    begin, busy = time.perf_counter(), time.process_time()
    await asyncio.gather(*[work(worker) for worker in range(_WORKERS)])
    return (time.process_time() - busy) / requests, requests / (time.perf_counter() - begin)
