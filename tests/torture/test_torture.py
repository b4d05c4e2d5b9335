"""A few seconds of each way to be tortured: no line is lost or repeated, nothing falls, and every series is right."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.torture.mode import MODES, NotPossibleError
from tests.torture.run import Run

SECONDS = 8.0
SEED = 1

INVARIANTS = {
    "rename": (1, 2, 3, 4, 5, 6, 7, 9, 10, 19),
    "copytruncate": (3, 8, 9),
    "late-truncate": (3, 8),
    "deletion": (3, 8, 9),
    "disk-full": (1, 3, 5, 6, 16),
    "damage": (1, 3, 5, 7),
    "two-instances": (3, 18),
    "reload": (1, 3, 20),
}


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.invariant(*INVARIANTS[name])) for name in MODES])
def test_nothing_is_lost_repeated_or_taken_back(
    name: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Killed at any moment, it counts what was written, and no page falls behind another."""
    try:
        result = Run(tmp_path, MODES[name](), seed=SEED).run(seconds=SECONDS)
    except NotPossibleError as error:
        pytest.skip(f"NOT RUN: {error}")
    record_property("told", f"torture by {result}")
    assert (0, 0, []) == (result.wrong, result.backward, result.faults), f"seed {SEED}"
    assert result.kills > 1
    assert result.scrapes > 1
