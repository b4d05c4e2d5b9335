"""What a web configuration asks of every request: a user's password, and headers on the answer.

Wraps an application. A connection keeps its place for sure only from here on, once it is known who asks.
"""

import asyncio
import binascii
from base64 import b64decode
from collections.abc import Callable
from typing import NamedTuple

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exporter.web.config import WebConfig
from exporter.web.passwords import Passwords
from exporter.web.places import Place

CHALLENGE = 'Basic realm="pipeline-exporter", charset="UTF-8"'


class Credentials(NamedTuple):
    """What a client says who it is."""

    name: str
    password: bytes


class Access:
    """An application behind the configuration that `config` returns at each request."""

    def __init__(self, app: ASGIApp, config: Callable[[], WebConfig]) -> None:
        self._app = app
        self._config = config
        self._passwords = Passwords()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        config = self._config()
        place: Place = scope["state"]["place"]
        answer = _with_headers(send, config) if config.headers else send
        if config.users and not await self._is_known(scope, config, place):
            await PlainTextResponse("unauthorized\n", 401, {"WWW-Authenticate": CHALLENGE})(scope, receive, answer)
            return
        place.serve()
        await self._app(scope, receive, answer)

    async def _is_known(self, scope: Scope, config: WebConfig, place: Place) -> bool:
        given = credentials([value for name, value in scope["headers"] if name == b"authorization"])
        if given is None:
            return False

        def on_wait(check: "asyncio.Future[bool]") -> None:
            place.on_leave = check.cancel

        try:
            return await self._passwords.fit(config.users, given.name, given.password, on_wait=on_wait)
        except asyncio.CancelledError:
            if place.is_left:
                return False  # nobody waits for it any more
            raise


def _with_headers(send: Send, config: WebConfig) -> Send:
    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(config.headers)
        await send(message)

    return answer


def credentials(headers: list[bytes]) -> Credentials | None:
    """What the Authorization headers say; None unless it is just one of the kind Basic, and well formed.

    >>> credentials([b"Basic YWxpY2U6aHVudGVyMg=="])
    Credentials(name='alice', password=b'hunter2')
    >>> credentials([b"Bearer YWxpY2U6aHVudGVyMg=="]), credentials([b"Basic !"]), credentials([])
    (None, None, None)
    """
    if len(headers) != 1:
        return None
    scheme, _, token = headers[0].partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        name, colon, password = b64decode(token.strip(), validate=True).partition(b":")
        return Credentials(name.decode(), password) if colon else None
    except (binascii.Error, UnicodeDecodeError):
        return None
