"""A log in a folder, and its reading."""

import pytest

from tests.follow.reading import Reading


@pytest.fixture
def log(tmp_path):
    return tmp_path / "a.log"


@pytest.fixture(params=[{}, {"restarts": True}, {"rests": True}], ids=["running", "restarting", "resting"])
def follow(request):
    """Makes readings: of one process, of one that restarts before every poll and after every chunk, and of one that
    finds at every poll that nothing has come or gone for long."""
    readings = []

    def make(*patterns, **options):
        readings.append(Reading(*patterns, **request.param, **options))
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
