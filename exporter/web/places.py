"""Who may stay connected. Every connection has a place, from the moment it is accepted, and there are only so many.

One that comes when all are taken gets the place of the one that has kept us waiting longest: in its handshake, with its
request, with its password, or with fetching its answer. So a thousand silent clients do not keep a scraper out. Knows
neither TLS nor HTTP.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from math import inf

ANSWER_SECONDS = 60.0
"""How long a client may take to fetch an answer."""
SURE_SECONDS = 0.02
"""How long a client that is waited for keeps its place for sure: it must have a chance to say something."""


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
