"""Every rule has a way to be broken, and the places where it is broken are still there."""

import pytest

from tests.conftest import INVARIANTS
from tests.mutants.table import MUTANTS


def test_every_invariant_is_broken_by_one() -> None:
    """None of the 21 is believed without having been seen to fail."""
    assert set(INVARIANTS) == {mutant.invariant for mutant in MUTANTS}


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_the_place_is_there_once(mutant) -> None:
    """Code that has moved on takes its mutants along."""
    assert 1 == mutant.places
    assert mutant.before != mutant.after
