"""Large answers, handed on as fast as they are fetched. In come bodies that many clients share; out go pieces.

A client that is slow to fetch keeps its body alive, and each second there may be another one: so only so many are being
sent at a time, and who still fetches the oldest gives way to the next.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from exporter.web.places import Place

BODIES = 8
PIECE_BYTES = 65536


class Bodies:
    """The bodies that are being sent, the one first begun first, and who fetches them."""

    def __init__(self) -> None:
        self._fetched_by: dict[int, set[Place]] = {}

    def answer(self, body: bytes, headers: Mapping[str, str]) -> Response:
        """The body as an answer."""
        return _InPieces(body, headers=headers, bodies=self)

    @contextmanager
    def sent(self, body: bytes, place: Place) -> Iterator[None]:
        """Counts the body as long as it is sent to the connection that has this place."""
        key = id(body)
        if key not in self._fetched_by and len(self._fetched_by) >= BODIES:
            for other in list(next(iter(self._fetched_by.values()))):
                other.give_up()
        places = self._fetched_by.setdefault(key, set())
        places.add(place)
        try:
            yield
        finally:
            places.discard(place)
            if not places:
                del self._fetched_by[key]


class _InPieces(Response):
    def __init__(self, content: bytes, *, headers: Mapping[str, str], bodies: Bodies) -> None:
        super().__init__(content, headers=headers)
        self._content = content
        self._bodies = bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        place: Place = scope["state"]["place"]
        with self._bodies.sent(self._content, place):
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            for start in range(0, len(self._content) or 1, PIECE_BYTES):
                if place.is_left:
                    return
                end = start + PIECE_BYTES
                piece, more = self._content[start:end], end < len(self._content)
                await send({"type": "http.response.body", "body": piece, "more_body": more})
