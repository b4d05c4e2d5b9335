"""A log in a folder, and its reading."""

import pytest

from tests.follow.reading import Reading


@pytest.fixture
def log(tmp_path):
    return tmp_path / "a.log"


@pytest.fixture(params=[False, True], ids=["running", "restarting"])
def follow(request):
    """Makes readings: of one process, and of one that restarts before every poll and after every chunk."""
    readings = []

    def make(*patterns, **options):
        readings.append(Reading(*patterns, restarts=request.param, **options))
        return readings[-1]

    yield make
    for reading in readings:
        reading.follower.close()


@pytest.fixture
def follow_running(request):
    """Makes readings of one process, for what a restart cannot know."""
    readings = []

    def make(*patterns, **options):
        readings.append(Reading(*patterns, **options))
        return readings[-1]

    yield make
    for reading in readings:
        reading.follower.close()
