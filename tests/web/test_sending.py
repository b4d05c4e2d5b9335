"""Large answers: whole, in pieces, and no longer than somebody fetches them."""

import asyncio

import pytest
from starlette.types import Message

from exporter.web.places import Place, Places
from exporter.web.sending import PIECE_BYTES, Bodies


async def answered(body: bytes, *, left_after: int | None = None) -> list[Message]:
    """The messages of an answer to a client that leaves after so many."""
    sent: list[Message] = []
    place = Place(Places(1, 1000))

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)
        if len(sent) == left_after:
            place.leave()

    scope = {"type": "http", "state": {"place": place}}
    await Bodies().answer(body, {"Content-Type": "text/plain"})(scope, receive, send)
    return sent


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES])
def test_a_body_is_sent_whole_and_in_pieces(size: int) -> None:
    """The last piece says that it is the last: a message of its own would cost as much as one with something in it."""
    body = bytes(at % 251 for at in range(size))
    start, *pieces = asyncio.run(answered(body))
    assert (b"content-length", str(size).encode()) in start["headers"]
    assert body == b"".join(piece["body"] for piece in pieces)
    assert [False] == [piece["more_body"] for piece in pieces if not piece["more_body"]]
    assert not pieces[-1]["more_body"]
    assert all(len(piece["body"]) <= PIECE_BYTES for piece in pieces)
    assert max(1, -(-size // PIECE_BYTES)) == len(pieces)


def test_who_has_left_is_sent_no_more() -> None:
    """The start and a piece came before."""
    assert 2 == len(asyncio.run(answered(bytes(3 * PIECE_BYTES), left_after=2)))
