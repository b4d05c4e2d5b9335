"""Passwords against hashes: what fits, what is remembered, and how many are checked at once."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import bcrypt
import pytest

from exporter.web import passwords
from exporter.web.passwords import Passwords


def hashed(password: str, cost: int = 4) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bytes]]:
    """The checks that bcrypt is asked for, each with its hash and password."""
    asked: list[tuple[str, bytes]] = []
    fits = passwords._fits

    def told(hashed: str, password: bytes) -> bool:
        asked.append((hashed, password))
        return fits(hashed, password)

    monkeypatch.setattr(passwords, "_fits", told)
    return asked


def ask(users: dict[str, str], *questions: tuple[str, str]) -> list[bool]:
    """The answers to names and passwords, one after the other."""

    async def answers() -> list[bool]:
        found = Passwords()
        return [
            await found.fit(users, name, password.encode(), on_wait=lambda check: None) for name, password in questions
        ]

    return asyncio.run(answers())


def test_each_user_has_a_password() -> None:
    """Of any letters, and of as many bytes as bcrypt looks at: the others do not count, as in htpasswd."""
    users = {"alice": hashed("hunter2"), "bób": hashed("pässwörd ☃"), "carol": hashed("x" * 72)}
    assert [True, True, True, True] == ask(
        users, ("alice", "hunter2"), ("bób", "pässwörd ☃"), ("carol", "x" * 72), ("carol", "x" * 73)
    )
    wrong = [("alice", "pässwörd ☃"), ("alice", ""), ("alice", "hunter2 "), ("dave", "hunter2"), ("", ""), ("bob", "x")]
    assert [False] * 6 == ask(users, *wrong)


def test_what_was_right_is_remembered_and_what_was_wrong_is_not(checks: list[tuple[str, bytes]]) -> None:
    """A scraper costs one check, and so does each guess."""
    users = {"alice": hashed("hunter2")}
    right, wrong = ("alice", "hunter2"), ("alice", "hunter3")
    assert [True, True, False, True, False] == ask(users, right, right, wrong, right, wrong)
    assert [b"hunter2", b"hunter3", b"hunter3"] == [password for _, password in checks]


def test_a_new_hash_forgets_the_old_password() -> None:
    """What is remembered is that the password fits this hash."""

    async def answers() -> list[bool]:
        found = Passwords()
        users = {"alice": hashed("old")}
        first = await found.fit(users, "alice", b"old", on_wait=lambda check: None)
        users["alice"] = hashed("new")
        return [first, await found.fit(users, "alice", b"old", on_wait=lambda check: None)]

    assert [True, False] == asyncio.run(answers())


@pytest.mark.invariant(13)
def test_only_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch, checks: list[tuple[str, bytes]]) -> None:
    """The oldest is forgotten."""
    monkeypatch.setattr(passwords, "REMEMBERED", 2)
    users = {name: hashed(name) for name in "abc"}
    ask(users, ("a", "a"), ("b", "b"), ("c", "c"), ("b", "b"), ("a", "a"))
    assert [b"a", b"b", b"c", b"a"] == [password for _, password in checks]


def test_a_stranger_costs_as_much_as_a_user(checks: list[tuple[str, bytes]]) -> None:
    """Each is checked against the hash of a user, the same one each time, and fits none of them."""
    users = {"alice": hashed("x", 4), "bob": hashed("x", 5)}
    strangers = [(f"stranger {at}", "x") for at in range(40)]
    assert [False] * 80 == ask(users, *strangers, *strangers)
    against = [hash for hash, _ in checks]
    assert against[:40] == against[40:]
    assert set(users.values()) == set(against)


@pytest.mark.parametrize("nonsense", ["", "$2y$10$", "$2y$04$" + "." * 53])
def test_a_hash_that_only_looks_like_one_fits_nothing(nonsense: str) -> None:
    """And breaks nothing."""
    assert [False, False] == ask({"alice": nonsense}, ("alice", ""), ("alice", "x\0y"))


@pytest.mark.invariant(13)
def test_one_is_checked_at_a_time_and_who_left_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Off the event loop; a check that nobody waits for any more is never begun."""
    entered, go = threading.Semaphore(0), threading.Semaphore(0)
    begun: list[bytes] = []

    def slow(hashed: str, password: bytes) -> bool:
        begun.append(password)
        entered.release()
        return go.acquire(timeout=10)

    monkeypatch.setattr(passwords, "_fits", slow)

    async def scenario() -> list[Any]:
        found = Passwords()
        waiting: dict[bytes, asyncio.Future[bool]] = {}

        def keep(password: bytes) -> Callable[[asyncio.Future[bool]], None]:
            return lambda check: waiting.update({password: check})

        asked = [
            asyncio.ensure_future(found.fit({"alice": "x"}, "alice", password, on_wait=keep(password)))
            for password in (b"1", b"2", b"3")
        ]
        await asyncio.sleep(0)
        assert entered.acquire(timeout=10)
        assert [b"1"] == begun
        waiting[b"2"].cancel()
        await asyncio.sleep(0)  # the cancellation is on its way to the thread
        go.release()
        assert await asyncio.to_thread(entered.acquire, timeout=10)
        go.release()
        return await asyncio.gather(*asked, return_exceptions=True)

    first, second, third = asyncio.run(scenario())
    assert (True, True) == (first, third)
    assert isinstance(second, asyncio.CancelledError)
    assert [b"1", b"3"] == begun
