"""The server at rest, at its end, and the time of day that its answers tell."""

import asyncio
from collections.abc import Callable
from contextvars import Context
from email.utils import parsedate_to_datetime
from typing import Any, TypeVarTuple

import pytest
from starlette.responses import PlainTextResponse

from exporter.web import httpserver
from exporter.web.config.inforce import InForce
from exporter.web.httpserver import HttpServer, listen
from exporter.web.places import Places

Ts = TypeVarTuple("Ts")

PATIENCE = 10.0
"""Seconds after which a test that waits for the server has failed."""
ROUNDS = 20
"""So many turns of the loop are enough for all that can be done at once."""


class Loop(asyncio.SelectorEventLoop):
    """A loop that counts how often it is asked to wake up later."""

    alarms = 0

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        self.alarms += 1
        return super().call_at(when, callback, *args, context=context)


async def fetched(address: tuple[str, int]) -> str:
    """The answer to one request, with its headers."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return answer.decode()


def run(scenario: Callable[[Loop, tuple[str, int]], Any]) -> None:
    """Plays a scenario while a server runs, which then ends."""
    listener = listen(("127.0.0.1", 0))
    server = HttpServer(PlainTextResponse("well"), listener, Places(4, 1000), InForce(None))
    with asyncio.Runner(loop_factory=Loop) as runner:

        async def play() -> None:
            serving = asyncio.create_task(server.serve())
            for _ in range(ROUNDS):
                await asyncio.sleep(0)
            loop = asyncio.get_running_loop()
            assert isinstance(loop, Loop)
            await scenario(loop, listener.getsockname())
            server.end()
            async with asyncio.timeout(PATIENCE):
                await serving

        runner.run(play())


def test_nothing_wakes_a_server_that_nobody_asks() -> None:
    """Neither before the first request nor after the last; ten ticks a second would cost more than following does."""

    async def scenario(loop: Loop, address: tuple[str, int]) -> None:
        assert 0 == loop.alarms
        assert "well" in await fetched(address)
        alarms = loop.alarms
        for _ in range(ROUNDS):
            await asyncio.sleep(0)
        assert alarms == loop.alarms

    run(scenario)


def test_an_answer_tells_the_time_at_which_it_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Although no clock ticks in between."""

    def date(answer: str) -> str:
        return next(line for line in answer.splitlines() if line.startswith("date: ")).removeprefix("date: ")

    async def scenario(_: Loop, address: tuple[str, int]) -> None:
        assert parsedate_to_datetime(date(await fetched(address))).tzinfo is not None
        for time in ("Sat, 31 Jan 2026 09:00:00 GMT", "Sat, 31 Jan 2026 09:00:01 GMT"):
            monkeypatch.setattr(httpserver, "formatdate", lambda *, usegmt, time=time: time)
            assert time == date(await fetched(address))

    run(scenario)
