"""The fuzz targets, driven by hypothesis for a moment, so that they cannot rot. `make fuzz` drives them for long."""

from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.driver import NAMES, main
from tests.fuzz.target import Target

TARGETS: dict[str, Target] = {name: import_module(f"tests.fuzz.{name}_fuzzer").TARGET for name in NAMES}


def mutated(target: Target) -> st.SearchStrategy[bytes]:
    """Bytes, or a seed with something else in one place of it."""
    seeds = sorted(target.seeds(), key=len)[:200]
    words = st.sampled_from([word.encode() for word in target.words] or [b""])

    @st.composite
    def one(draw: Any) -> bytes:
        seed: bytes = draw(st.sampled_from(seeds))
        start = draw(st.integers(0, len(seed)))
        end = draw(st.integers(start, min(len(seed), start + 40)))
        put: bytes = draw(words | st.binary(max_size=8))
        return seed[:start] + put + seed[end:]

    return st.binary(max_size=200) | one()


@pytest.mark.invariant(2, 11, 15)
@pytest.mark.parametrize("name", NAMES)
def test_a_target_holds_for_its_seeds_and_what_is_near_them(name: str) -> None:
    """What must hold for any bytes holds for these."""
    target = TARGETS[name]
    for seed in target.seeds():
        target.check(seed)

    @settings(max_examples=150)
    @given(mutated(target))
    def check(data: bytes) -> None:
        target.check(data)

    check()


@pytest.mark.parametrize("arguments", [[], ["nope"]])
def test_the_driver_says_which_targets_there_are(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2."""
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert f"fuzz: say which target (there are: {', '.join(NAMES)})\n" == capsys.readouterr().err
