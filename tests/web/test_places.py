"""Who gets a place, and who loses it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

import pytest

from exporter.web import places
from exporter.web.places import Place, Places

pytestmark = pytest.mark.invariant(13)


class Line:
    """A connection that only knows whether it was ended."""

    def __init__(self) -> None:
        self.is_ended = False

    def abort(self) -> None:
        self.is_ended = True


class Sitting:
    """So many places, and who takes them."""

    def __init__(self, limit: int) -> None:
        self.places = Places(limit, 1000)
        self.lines: list[Line] = []

    async def come(self) -> Place:
        """The place of one more connection."""
        place = await self.places.take()
        self.lines.append(Line())
        place.sit(cast(asyncio.Transport, self.lines[-1]))
        return place

    @property
    def ended(self) -> list[int]:
        """Which connections were ended, by the order in which they came."""
        return [at for at, line in enumerate(self.lines) if line.is_ended]

    def close(self) -> None:
        for place in list(self.places.taken):
            place.leave()


async def is_kept_waiting(coming: "asyncio.Future[Place]") -> bool:
    """Whether one that comes is still without a place after all that can be done at once."""
    for _ in range(5):
        await asyncio.sleep(0)
    return not coming.done()


def played(scenario: Callable[[Sitting], Awaitable[None]], limit: int) -> None:
    async def play() -> None:
        sitting = Sitting(limit)
        await scenario(sitting)
        sitting.close()

    asyncio.run(asyncio.wait_for(play(), 10))


@pytest.fixture
def unsure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is sure of a place only because of having just come."""
    monkeypatch.setattr(places, "SURE_SECONDS", 0.0)


def test_who_has_waited_longest_gives_way(unsure: None) -> None:
    """Not who came first: who is being answered stays, and who stepped back is last in the line."""

    async def scenario(sitting: Sitting) -> None:
        first, second, _ = [await sitting.come() for _ in range(3)]
        first.serve()
        second.step_back()
        await sitting.come()
        assert [2] == sitting.ended
        await sitting.come()
        assert [1, 2] == sitting.ended

    played(scenario, limit=3)


def test_who_comes_when_all_are_answered_waits(unsure: None) -> None:
    """Until one of them leaves, or is waited for."""

    async def scenario(sitting: Sitting) -> None:
        first, second = await sitting.come(), await sitting.come()
        first.serve()
        second.serve()
        coming = asyncio.ensure_future(sitting.come())
        assert await is_kept_waiting(coming)
        second.wait()
        await coming
        assert [1] == sitting.ended
        coming.result().serve()
        coming = asyncio.ensure_future(sitting.come())
        assert await is_kept_waiting(coming)
        first.leave()
        await coming
        assert [1] == sitting.ended

    played(scenario, limit=2)


def test_who_has_just_come_is_sure_of_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """For so long that a request can arrive; who is greedy is not."""
    monkeypatch.setattr(places, "SURE_SECONDS", 1000.0)

    async def scenario(sitting: Sitting) -> None:
        first = await sitting.come()
        coming = asyncio.ensure_future(sitting.come())
        assert await is_kept_waiting(coming)
        first.wait(is_greedy=True)
        first.serve()
        await coming
        assert [0] == sitting.ended

    played(scenario, limit=1)


def test_who_is_sure_is_so_for_a_while_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the next one need not wait for the deadline."""
    monkeypatch.setattr(places, "SURE_SECONDS", 0.001)

    async def scenario(sitting: Sitting) -> None:
        await sitting.come()
        await sitting.come()
        assert [0] == sitting.ended

    played(scenario, limit=1)
