"""Plain data as bytes and back."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.encoding import decode, encode


class Pair(msgspec.Struct, array_like=True):
    """A struct that is stored without its names."""

    cells: dict[tuple[str, ...], list[int]]
    total: tuple[int, int]


class Whole(msgspec.Struct):
    """A struct that holds all there is in a state."""

    pair: Pair
    ids: set[int | str]
    head: bytes
    ratio: float | None = None


numbers = st.integers() | st.integers(-(2**80), 2**80)
texts = st.text(st.characters(exclude_categories=["Cs"]))
wholes = st.builds(
    Whole,
    st.builds(Pair, st.dictionaries(st.tuples(texts, texts), st.lists(numbers)), st.tuples(numbers, numbers)),
    st.sets(numbers | texts),
    st.binary(),
    st.none() | st.floats(allow_nan=False),
)


@given(wholes)
def test_what_is_encoded_comes_back(whole: Whole) -> None:
    """Whole numbers of any size, wherever they stand."""
    assert whole == decode(encode(whole), Whole)


@pytest.mark.parametrize("data", [b"", b"\xc1", encode("x"), msgspec.msgpack.encode(msgspec.msgpack.Ext(9, b"x"))])
def test_bytes_of_something_else_are_refused(data: bytes) -> None:
    """One kind of error, whatever is wrong."""
    with pytest.raises(msgspec.DecodeError):
        decode(data, int)
