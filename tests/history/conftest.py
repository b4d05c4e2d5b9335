"""Histories of any size are read in parts here."""

from collections.abc import Iterator

import pytest

from exporter import history


@pytest.fixture(autouse=True, scope="module")
def _small_is_large_enough() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(history, "WORTH_BYTES", 0)
        patch.setattr(history, "PART_BYTES", 1)
        yield
