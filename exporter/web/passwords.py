"""Passwords against bcrypt hashes, off the event loop and one at a time. Remembers the last that were right.

In come users with their hashes, a name and a password; out goes whether they fit. A check takes as long for a name that
there is not. Knows no HTTP.
"""

import asyncio
import hmac
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import bcrypt

REMEMBERED = 64
LONGEST = 72
"""Bytes of a password that bcrypt looks at, in all of its implementations."""


class Passwords:
    """Checks passwords."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="passwords")
        self._key = os.urandom(32)
        self._right: dict[bytes, None] = {}

    async def fit(
        self, users: Mapping[str, str], name: str, password: bytes, *, on_wait: Callable[["asyncio.Future[bool]"], None]
    ) -> bool:
        """Whether the password is the user's. `on_wait` is told of the check if it takes one; it may cancel it."""
        found = users.get(name)
        hashed = found or self._somebody(users, name)
        proof = self._digest(name, hashed, password)
        if found and proof in self._right:
            return True
        check = asyncio.get_running_loop().run_in_executor(self._thread, _fits, hashed, password)
        on_wait(check)
        fits = await check
        if not (fits and found):
            return False
        self._right[proof] = None
        if len(self._right) > REMEMBERED:
            del self._right[next(iter(self._right))]
        return True

    def _somebody(self, users: Mapping[str, str], name: str) -> str:
        """A user's hash for who is none, always the same one: so costs differ among strangers as among users."""
        hashes = list(users.values())
        return hashes[int.from_bytes(self._digest(name)) % len(hashes)]

    def _digest(self, *parts: str | bytes) -> bytes:
        encoded = (part.encode() if isinstance(part, str) else part for part in parts)
        return hmac.digest(self._key, b"".join(len(part).to_bytes(8) + part for part in encoded), "sha256")


def _fits(hashed: str, password: bytes) -> bool:
    try:
        return bcrypt.checkpw(password[:LONGEST], hashed.encode())
    except ValueError:  # a hash that only looks like one
        return False
