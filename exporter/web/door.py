"""How connections come in: accepted one at a time, each with a place, and through TLS where that is asked for.

In comes a listening socket; out go connections that are through, to whatever protocol is spoken on them. Knows nothing
of what is served.
"""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any, cast

import structlog

from exporter.telling import Seldom
from exporter.web.config import Tls
from exporter.web.places import Place, Places

RETRY_SECONDS = 0.1
"""How long no connection is accepted after one could not be, as where the process may open no more files."""

log = structlog.get_logger()


class Door:
    """Lets connections in from a listening socket. `tls` says at each of them how TLS is spoken now, or that it is not;
    `http` makes the protocol for one that is through."""

    def __init__(
        self,
        listener: socket.socket,
        places: Places,
        *,
        tls: Callable[[], Tls | None],
        http: Callable[[Place], asyncio.Protocol],
    ) -> None:
        self.places = places
        self.tls = tls
        self.http = http
        self._listener = listener
        self._tasks: set[asyncio.Task[None]] = set()
        self._may_log = Seldom()

    def open(self) -> None:
        """Starts to let connections in."""
        self._listener.setblocking(False)
        self.start(self._accept())

    def close(self) -> None:
        """Lets nobody in any more, and those go who are on the doorstep."""
        for task in self._tasks:
            task.cancel()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Does something until it is done, or the door is closed."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def refused(self, why: object) -> None:
        """Tells of a client that was not let in, now and then."""
        unreported = self._may_log()
        if unreported is not None:
            log.warning("connection_refused", error=str(why), unreported=unreported)

    async def _accept(self) -> None:
        """One at a time, so that no burst opens more files than there are places."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                client, _ = await loop.sock_accept(self._listener)
                await self._receive(client)
            except ConnectionAbortedError:
                continue
            except Exception as error:  # as where no more files may be opened; a closed door would help nobody
                self.places.make_room()
                self.refused(error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _receive(self, client: socket.socket) -> None:
        place = await self.places.take()
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: _Doorstep(self, place), client)
        except BaseException:
            place.leave()
            client.close()
            raise


class _Doorstep(asyncio.Protocol):
    """A connection from its accept to the end of its handshake. Keeps what comes with the end of the handshake."""

    def __init__(self, door: Door, place: Place) -> None:
        self._door = door
        self._place = place
        self._early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        raw = cast(asyncio.Transport, transport)
        self._place.sit(raw)
        tls = self._door.tls()
        if tls is None:
            self._let_in(raw)
        else:
            self._door.start(self._shake_hands(raw, tls))

    def data_received(self, data: bytes) -> None:
        self._early.append(data)

    async def _shake_hands(self, raw: asyncio.Transport, tls: Tls) -> None:
        seconds = self._door.places.seconds
        try:
            transport = await asyncio.get_running_loop().start_tls(
                raw,
                self,
                tls.context,
                server_side=True,
                ssl_handshake_timeout=seconds,
                ssl_shutdown_timeout=seconds,
            )
        except OSError as error:
            if not self._place.is_left:
                self._door.refused(getattr(error, "reason", None) or error.strerror or error)
            self._place.leave()
            return
        if transport is None or transport.is_closing():
            self._place.leave()
        elif not tls.admits(transport):
            self._door.refused("the client's certificate has no name of client_allowed_sans")
            self._place.give_up()
        else:
            self._let_in(transport)

    def _let_in(self, transport: asyncio.Transport) -> None:
        http = self._door.http(self._place)
        transport.set_protocol(http)
        http.connection_made(transport)
        for data in self._early:
            http.data_received(data)
