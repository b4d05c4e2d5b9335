"""Who may stay connected. Accepts connections, speaks TLS with them where that is asked for, and hands them on to HTTP.

Every connection has a place from the moment it is accepted, and there are only so many. One that comes when all are
taken gets the place of the one that has kept us waiting longest: in its handshake, with its request, with its password,
or with fetching its answer. So a thousand silent clients do not keep a scraper out. Knows nothing of what is served.
"""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from contextlib import suppress
from email.utils import formatdate
from math import inf
from typing import Any, cast

import structlog
from h11 import IDLE, SEND_RESPONSE
from uvicorn.protocols.http.h11_impl import H11Protocol

from exporter.telling import Seldom
from exporter.web.config import Tls

ANSWER_SECONDS = 60.0
"""How long a client may take to fetch an answer."""
SURE_SECONDS = 0.02
"""How long a client that is waited for keeps its place for sure: it must have a chance to say something."""
RETRY_SECONDS = 0.1
"""How long no connection is accepted after one could not be, as where the process may open no more files."""

log = structlog.get_logger()


class Places:
    """The places. A client that is waited for may do so for `seconds`."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self.seconds = seconds
        self.taken: set[Place] = set()
        self.waiting: dict[Place, None] = {}
        """Those that may lose their place, the one that has waited longest first."""
        self.changed = asyncio.Event()

    async def take(self) -> "Place":
        """A place, as soon as there is one."""
        while len(self.taken) >= self.limit and (left := self._seconds_left()) > 0:
            self.changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self.changed.wait()
        if len(self.taken) >= self.limit:
            self.make_room()
        return Place(self)

    def make_room(self) -> None:
        """Ends the connection that has waited longest, if any waits."""
        loser = next(iter(self.waiting), None)
        if loser is not None:
            loser.give_up()

    def _seconds_left(self) -> float:
        """How long the one that has waited longest is sure of its place."""
        loser = next(iter(self.waiting), None)
        return inf if loser is None else loser.since + SURE_SECONDS - asyncio.get_running_loop().time()


class Place:
    """One connection's place, from `sit` on."""

    def __init__(self, places: Places) -> None:
        self.since = -inf
        self.is_left = False
        self.on_leave: Callable[[], object] = lambda: None
        self._places = places
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._is_greedy = False
        places.taken.add(self)

    def sit(self, transport: asyncio.Transport) -> None:
        """Is that of a connection, whose client is waited for."""
        self._transport = transport
        self.wait()

    def wait(self, seconds: float | None = None, *, is_greedy: bool = False) -> None:
        """The client is waited for, and from now on. A greedy one has asked more without waiting for its answer."""
        self._is_greedy = is_greedy
        self.since = -inf if is_greedy else asyncio.get_running_loop().time()
        self.step_back()
        self._give(self._places.seconds if seconds is None else seconds)

    def step_back(self) -> None:
        """May lose its place, after those who may already."""
        if not self.is_left:
            self._places.waiting.pop(self, None)
            self._places.waiting[self] = None
            self._places.changed.set()

    def serve(self) -> None:
        """Keeps its place until it is answered, unless it is greedy."""
        if not self._is_greedy:
            self._places.waiting.pop(self, None)
        self._give(ANSWER_SECONDS)

    def give_up(self) -> None:
        """Leaves, and ends the connection."""
        self.leave()
        if self._transport is not None:
            self._transport.abort()

    def leave(self) -> None:
        """Makes room."""
        if self.is_left:
            return
        self.is_left = True
        self._places.taken.discard(self)
        self._places.waiting.pop(self, None)
        self._places.changed.set()
        if self._deadline is not None:
            self._deadline.cancel()
        self.on_leave()

    def _give(self, seconds: float) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        if not self.is_left:
            self._deadline = asyncio.get_running_loop().call_later(seconds, self.give_up)


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
