"""Who is let through to an application, and what becomes of a question whose asker has left."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import bcrypt
import pytest

from exporter.web.access import Access, credentials
from exporter.web.config import WebConfig
from exporter.web.places import Place, Places

USERS = {"alice": bcrypt.hashpw(b"hunter2", bcrypt.gensalt(4)).decode()}
HEADER = (b"authorization", b"Basic YWxpY2U6aHVudGVyMg==")


@pytest.mark.parametrize(
    ("expected", "header"),
    [
        (("alice", b"hunter2"), b"Basic YWxpY2U6aHVudGVyMg=="),
        (("alice", b"hunter2"), b"bAsIc   YWxpY2U6aHVudGVyMg==  "),
        (("", b""), b"Basic Og=="),
        (("a", b"b:c"), b"Basic YTpiOmM="),
        (("a", b"\x80"), b"Basic YTqA"),
        (None, b"Basic gDp4"),
        (None, b"Basic YWxpY2U="),
        (None, b"Basic YWxpY2U"),
        (None, b"Basic"),
        (None, b"\xff"),
        (None, b""),
    ],
)
def test_what_a_header_says(expected: tuple[str, bytes] | None, header: bytes) -> None:
    """A name is UTF-8 and has no colon; a password is any bytes."""
    assert expected == credentials([header])


class Asking:
    """A client that asks with the right password, on a connection that has a place."""

    def __init__(self, place: Place) -> None:
        self.sent: list[object] = []
        self._access = Access(self._app, lambda: WebConfig(users=USERS))
        self._scope = {"type": "http", "headers": [HEADER], "state": {"place": place}}

    async def ask(self) -> None:
        await self._access(self._scope, self._receive, self._send)

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "application"})

    async def _receive(self) -> MutableMapping[str, Any]:
        return {}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        self.sent.append(message.get("status", message["type"]))


def test_who_knows_the_password_is_let_through() -> None:
    """And so keeps the place until the answer."""

    async def scenario() -> list[object]:
        places = Places(1, 10)
        place = await places.take()
        place.step_back()
        asking = Asking(place)
        await asking.ask()
        assert {} == places.waiting
        place.leave()
        return asking.sent

    assert ["application"] == asyncio.run(scenario())


@pytest.mark.invariant(13)
def test_a_check_is_given_up_with_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise those who guess and go would keep others waiting."""

    async def scenario() -> list[object]:
        loop = asyncio.get_running_loop()
        check: asyncio.Future[bool] = loop.create_future()
        monkeypatch.setattr(loop, "run_in_executor", lambda *_: check)
        place = await Places(1, 10).take()
        asking = Asking(place)
        answer = asyncio.ensure_future(asking.ask())
        await asyncio.sleep(0)
        place.leave()
        assert check.cancelled()
        await answer
        return asking.sent

    assert [401, "http.response.body"] == asyncio.run(scenario())
