"""The pictures that README and docs show: each is there, small, and drawn from the dashboard as it is committed."""

import re
from pathlib import Path

import pytest

from pictures.board import Board, boards
from pictures.image import stamp_of

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "pictures"
MOST_BYTES = 150_000
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def pictures_of(page):
    """The pictures of dashboards that a page shows."""
    return {
        (page.parent / path).resolve() for path in re.findall(r"!\[[^]]*\]\(([^)]*pictures/[^)]+)\)", page.read_text())
    }


@pytest.mark.parametrize("uid", boards())
def test_the_picture_is_drawn_from_the_committed_dashboard(uid):
    """It has the stamp of what can be seen of it. If this fails: `make pictures`, look at them, and commit them."""
    assert Board(uid).stamp == stamp_of(FOLDER / f"{uid}.png")


@pytest.mark.parametrize("uid", boards())
def test_the_picture_is_small(uid):
    """Nobody waits for it."""
    assert MOST_BYTES > (FOLDER / f"{uid}.png").stat().st_size


def test_every_picture_is_shown():
    """Each is on a page, and each that a page shows is there; the overview's is what README begins with."""
    shown = set().union(*map(pictures_of, PAGES))
    assert {FOLDER / f"{uid}.png" for uid in boards()} == shown == set(FOLDER.glob("*"))
    assert {FOLDER / "overview.png"} == pictures_of(ROOT / "README.md")
