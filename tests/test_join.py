"""Joins: facts by a thing's id, the last telling wins, in bounded memory."""

import msgspec

from exporter.join import OPEN_THINGS, Join

RED, ROUND = 1, 2


def told(*tellings):
    """A join that was told these things."""
    join = Join()
    for thing, of, true in tellings:
        join.tell(thing, of, true)
    return join


def test_facts_of_one_thing_come_together_in_any_order():
    """A thing has every fact that was told of it, whichever came first."""
    assert 1 == told(("a", RED, RED), ("a", ROUND, ROUND)).count(RED | ROUND)
    assert 1 == told(("a", ROUND, ROUND), ("a", RED, RED)).count(RED | ROUND)


def test_the_last_telling_wins():
    """A fact that is told again replaces what was told of it before, and leaves other facts alone."""
    join = told(("a", RED | ROUND, RED | ROUND), ("a", RED, 0))

    assert (1, 0, 1) == (join.count(), join.count(RED), join.count(ROUND, but_not=RED))


def test_what_was_not_told_does_not_hold():
    """A thing of which nothing was told counts as a thing, with no fact."""
    join = told(("a", 0, 0))

    assert (1, 0, 1) == (join.count(), join.count(RED), join.count(but_not=RED | ROUND))


def test_a_number_and_its_text_are_two_things():
    """An id is what the log says, type included."""
    assert 2 == told((1, RED, RED), ("1", RED, RED)).count(RED)


def test_long_ids_are_told_apart_and_remembered_short():
    """Of a long id only a digest is kept."""
    join = told(("x" * 100_000 + "1", RED, RED), ("x" * 100_000 + "2", RED, RED), ("x" * 100_000 + "1", RED, 0))

    assert (2, 1) == (join.count(), join.count(RED))
    assert all(isinstance(thing, str) and len(thing) < 100 for thing in join.things)


def test_the_oldest_are_settled_over_the_cap():
    """One thing too many settles the oldest tenth: they stay in the counts and can no longer change."""
    join = told(*((thing, RED, RED) for thing in range(OPEN_THINGS + 1)))
    assert (OPEN_THINGS + 1, OPEN_THINGS * 9 // 10 + 1) == (join.count(RED), len(join.things))

    join.tell(OPEN_THINGS, RED, 0)
    assert OPEN_THINGS == join.count(RED)

    join.tell(0, RED, 0)
    assert (OPEN_THINGS, OPEN_THINGS + 2) == (join.count(RED), join.count())


def test_merging_is_telling_on():
    """A later join's tellings win, and what it was not told of stays."""
    join = told(("a", RED, RED), ("b", RED, RED))
    join.merge(told(("a", ROUND, ROUND), ("b", RED, 0), ("c", RED, RED)))

    assert (3, 2, 1) == (join.count(), join.count(RED), join.count(RED | ROUND))


def test_settled_things_survive_a_merge():
    """What the later join has settled is counted with the rest."""
    join = told(("a", RED, RED))
    join.merge(told(*((thing, RED, RED) for thing in range(OPEN_THINGS + 1))))

    assert OPEN_THINGS + 2 == join.count(RED)


def test_it_can_be_stored():
    """A join comes back from its bytes as it was, ids of both types included."""
    join = told((1, RED, RED), ("1", RED, 0))

    assert join == msgspec.msgpack.decode(msgspec.msgpack.encode(join), type=Join)
