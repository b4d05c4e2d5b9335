"""Facts that several records tell about one thing, joined by the thing's id; the last telling wins.

In come ids and facts; out goes how many things have which facts. At most `OPEN_THINGS` things are known by id: the
oldest are settled, which leaves them in the counts as they are. A settled thing that is told of again counts as new.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from itertools import islice
from typing import TypeVar

import msgspec

from exporter.record import Identifier

OPEN_THINGS = 200_000
"""At most so many things are known by id; a tenth of them goes at once, as a dict is slow to give up one first key."""

ID_CHARACTERS = 128
"""A longer id is remembered by its digest, so that ids cannot fill the memory."""

T = TypeVar("T", str, Identifier)

FACTS = 8
"""A fact is one of so many bits."""

Facts = tuple[int, int]
"""What is told of a thing: which of the bits that are known of it are kept, and which are added."""


def facts(told: int, true: int) -> Facts:
    """The facts `told`, of which those in `true` hold and the others do not."""
    return ~(told << FACTS | told), told << FACTS | true


class Join(msgspec.Struct):
    """Each thing's facts as bits: those that are true, and above them those that were told at all.

    >>> TOPIC, COVERED = 1, 2
    >>> lectures = Join()
    >>> lectures.tell("lecture 1", COVERED, true=COVERED)
    >>> lectures.tell("lecture 1", TOPIC, true=0)
    >>> lectures.tell("lecture 2", TOPIC, true=TOPIC)
    >>> lectures.count(), lectures.count(COVERED), lectures.count(COVERED, but_not=TOPIC)
    (2, 1, 1)
    """

    things: dict[Identifier, int] = {}
    tally: dict[int, int] = {}
    """How many things have these very bits, settled ones included."""

    def tell(self, thing: Identifier, told: int, true: int) -> None:
        """Takes in the facts `told` of a thing, of which those in `true` hold and the others do not."""
        self.tell_all([(thing, facts(told, true))])

    def tell_all(self, tellings: Iterable[tuple[Identifier, Facts]]) -> None:
        """Takes in one telling after the other: of which thing, and its `facts`."""
        things, tally = self.things, self.tally
        for thing, (kept, told) in tellings:
            before = things.get(thing)
            if before is None and not isinstance(thing, int) and len(thing) > ID_CHARACTERS:
                thing = short(thing)
                before = things.get(thing)
            if before is None:
                if len(things) >= OPEN_THINGS:
                    self._settle_oldest()
                things[thing] = told
                tally[told] = tally.get(told, 0) + 1
            elif told:
                after = before & kept | told
                if after != before:
                    things[thing] = after
                    tally[before] -= 1
                    tally[after] = tally.get(after, 0) + 1

    def _settle_oldest(self) -> None:
        for oldest in list(islice(self.things, OPEN_THINGS // 10)):
            del self.things[oldest]

    def count(self, having: int = 0, *, but_not: int = 0) -> int:
        """How many things have all facts of `having` and none of `but_not`; what was not told does not hold."""
        return sum(times for bits, times in self.tally.items() if bits & (having | but_not) == having)

    def merges_exactly(self, later: "Join") -> bool:
        """Whether no thing is settled, nor would be, so that `merge` is as if one join had been told everything."""
        settled = self.count() > len(self.things) or later.count() > len(later.things)
        return not settled and len(self.things.keys() | later.things.keys()) <= OPEN_THINGS

    def merge(self, later: "Join") -> None:
        """Takes in what another join was told afterwards."""
        for bits, times in later.tally.items():
            self.tally[bits] = self.tally.get(bits, 0) + times
        for thing, bits in later.things.items():
            self.tally[bits] -= 1
            self.tell(thing, bits >> FACTS, bits & ((1 << FACTS) - 1))


def short(thing: Identifier) -> Identifier:
    """An id as it is remembered: itself, or the digest of a long one."""
    if isinstance(thing, int) or len(thing) <= ID_CHARACTERS:
        return thing
    return blake2b(thing.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def shortened(things: Sequence[T]) -> Sequence[T]:
    """Ids or texts as they are remembered; the same sequence where none of them is long.

    >>> shortened(["a", "b"]), [len(text) for text in shortened(["x" * 1000])]
    (['a', 'b'], [32])
    """
    try:
        longest = max({*map(len, things)}, default=0)  # type: ignore[arg-type]  # a number has no length, and raises
    except TypeError:
        longest = ID_CHARACTERS + 1
    return things if longest <= ID_CHARACTERS else [short(thing) for thing in things]  # type: ignore[misc]
