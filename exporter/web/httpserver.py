"""uvicorn, with its signals left to us and its connections let in by a `Door`. In comes an application, out goes HTTP.

What asyncio has to say goes to our own log, in its form. Where nobody asks for anything, nothing wakes it.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any

import anyio.to_thread
import structlog
import uvicorn
from h11 import IDLE, SEND_RESPONSE
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from exporter.web.access import Access
from exporter.web.config.inforce import InForce
from exporter.web.door import Door
from exporter.web.places import ANSWER_SECONDS, Place, Places

THREADS = 16
"""In which requests are answered. More would only wait for each other."""
BACKLOG = 1024
"""Connections that the kernel keeps for us."""

log = structlog.get_logger()


class HttpServer(uvicorn.Server):
    """Serves an application on a listening socket until `end`."""

    def __init__(self, app: ASGIApp, listener: socket.socket, places: Places, web: InForce) -> None:
        settings = uvicorn.Config(
            Access(app, lambda: web.look().config),
            http=Http,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            log_level="critical",
            server_header=False,
            timeout_graceful_shutdown=2,
        )
        super().__init__(settings)
        self._ended = asyncio.Event()
        self._listener = listener
        self._door = Door(
            listener,
            places,
            tls=lambda: web.look().tls,
            http=lambda place: Http(place, config=settings, server_state=self.server_state),
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # says nothing that _report does not
        asyncio.get_running_loop().set_exception_handler(_report)
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        self.servers = []
        self._door.open()
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._door.close()
        await super().shutdown([self._listener])

    async def main_loop(self) -> None:
        """Waits; uvicorn's own looks ten times a second whether it is to end, which costs more than following does."""
        await self._ended.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def end(self) -> None:
        """Ends it, as soon as those who are being answered have their answers, or two seconds are over."""
        self.should_exit = True
        self._ended.set()


class Http(H11Protocol):
    """HTTP over a connection that has a place."""

    def __init__(self, place: Place, **settings: Any) -> None:
        super().__init__(app_state={"place": place}, **settings)
        self._place = place

    def handle_events(self) -> None:
        """Dates the answers to what has come; uvicorn would have a clock tick for that."""
        self.server_state.default_headers = [(b"date", formatdate(usegmt=True).encode())]
        super().handle_events()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._place.step_back()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        is_greedy = not self.cycle.response_complete
        is_fetching = is_greedy or self.flow.write_paused
        self._place.wait(ANSWER_SECONDS if is_fetching else None, is_greedy=is_greedy)

    def send_400_response(self, msg: str) -> None:
        """Also in the middle of a request, whose answer is given up then."""
        if self.cycle is not None:
            self.cycle.disconnected = True
        if self.conn.our_state in (IDLE, SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._place.leave()
        super().connection_lost(exc)


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    log.error("connection_failed", error=context.get("message"), exc_info=context.get("exception"))


def listen(address: tuple[str, int]) -> socket.socket:
    """A listening socket. Raises OSError whose text names the address."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
        found.listen(BACKLOG)
    except OSError as error:
        found.close()
        raise OSError(f"cannot listen on {address[0]}:{address[1]}: {error.strerror}") from None
    return found
