"""Examples in the docstrings of what needs no library to draw."""

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize("name", ["answers", "colour", "pace", "unit"])
def test_examples_are_true(name):
    """Each gives what it says, and there are some."""
    done = doctest.testmod(import_module(f"pictures.{name}"))
    assert 0 == done.failed < done.attempted
