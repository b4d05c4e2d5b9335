"""Looks that read no folder in which nothing happened, and still miss nothing that comes, goes or is renamed."""

import errno
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exporter.follow.lookout import REREAD_SECONDS, SETTLED_SECONDS, Lookout
from tests.follow.reading import counting, write
from tests.follow.resting import LOOKS, Resting


class Watch:
    """A lookout over a folder, and the time that passes between its looks."""

    def __init__(self, folder: Path, *patterns: str) -> None:
        self.folder = folder
        self.clock = Resting(folder)
        self.lookout = Lookout([f"{folder}/{pattern}" for pattern in patterns], elapsed=self.clock)

    def look(self) -> bool:
        return self.lookout.look()

    def rest(self) -> None:
        """Looks until no folder is read any more."""
        self.clock.stamp()
        for _ in range(LOOKS):
            self.look()
            self.clock.pause()
        assert not self.look()

    @property
    def there(self) -> list[str]:
        return [path.removeprefix(f"{self.folder}/") for path in self.lookout.seen.files]


@pytest.fixture
def stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system whose clock stands still: no folder's times ever change."""
    real = os.stat

    def call(path: Any, *args: Any, **kwargs: Any) -> os.stat_result:
        status = real(path, *args, **kwargs)
        if not stat.S_ISDIR(status.st_mode):
            return status
        return os.stat_result((*tuple(status)[:7], 0, 0, 0), {"st_mtime_ns": 0, "st_ctime_ns": 0})

    monkeypatch.setattr(os, "stat", call)


CHANGES: dict[str, Callable[[Path], object]] = {
    "a new file": lambda folder: write(folder / "b.log"),
    "a new file in a folder below": lambda folder: write(folder / "x" / "y" / "b.log"),
    "a new folder with a file": lambda folder: shutil.copytree(folder / "x", folder / "z"),
    "a deletion": lambda folder: (folder / "a.log").unlink(),
    "a rename": lambda folder: (folder / "a.log").rename(folder / "c.log"),
    "a rename of a folder": lambda folder: (folder / "x").rename(folder / "w"),
    "a rename of a folder below": lambda folder: (folder / "x" / "y").rename(folder / "x" / "w"),
    "a link": lambda folder: (folder / "l.log").symlink_to("x/y/a.log"),
}


@pytest.mark.invariant(9)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_comes_or_goes_is_seen_at_once(tmp_path, change):
    """However long nothing has happened, and in every folder that the pattern passes through."""
    for path in ("a.log", "x/y/a.log"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        write(tmp_path / path)
    watch = Watch(tmp_path, "**/*.log")
    watch.rest()
    change(tmp_path)
    watch.clock.stamp()
    assert watch.look()
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.log")) == sorted(watch.there)


@pytest.mark.parametrize("folder", ["logs", "runs/*"])
def test_what_a_link_leads_to_may_change_without_its_folder(tmp_path, folder):
    """A link to another folder, to nothing yet, to a folder where a log should be."""
    logs, elsewhere = tmp_path / "logs", tmp_path / "elsewhere"
    (tmp_path / "runs").mkdir()
    elsewhere.mkdir()
    for link, target in (
        (logs, "first"),
        (tmp_path / "runs" / "1", "second"),
        (elsewhere / "dangling.log", "there.log"),
    ):
        link.symlink_to(tmp_path / target)
    watch = Watch(tmp_path, f"{folder}/*.log", "elsewhere/*.log")
    watch.rest()
    assert [] == watch.there
    write(tmp_path / "there.log")
    assert watch.look()
    assert ["elsewhere/dangling.log"] == watch.there
    watch.rest()
    for target in ("first", "second"):
        (tmp_path / target).mkdir()
        write(tmp_path / target / "a.log")
    assert watch.look()
    assert 2 == len(watch.there)
    watch.rest()
    (tmp_path / "there.log").unlink()
    (tmp_path / "there.log").mkdir()
    assert watch.look()
    assert 1 == len(watch.there)


def test_a_file_that_is_written_to_is_told_without_reading_its_folder(tmp_path):
    """Nothing came or went; another look tells nothing more."""
    for name in ("a.log", "b.log"):
        write(tmp_path / name, "one")
    watch = Watch(tmp_path, "*.log")
    watch.rest()
    write(tmp_path / "b.log", "two")
    with counting() as calls:
        assert not watch.look()
        assert [str(tmp_path / "b.log")] == watch.lookout.written
        assert 8 == watch.lookout.statuses[str(tmp_path / "b.log")].st_size
        assert not watch.look()
        assert [] == watch.lookout.written
    assert {"stat": 6} == calls


@pytest.mark.invariant(9)
def test_a_file_in_anothers_place_is_seen_although_its_folder_tells_nothing(tmp_path, stopped):
    """As on a network, where a folder's times may be late."""
    write(tmp_path / "a.log", "one")
    watch = Watch(tmp_path, "*.log")
    watch.rest()
    write(tmp_path / "b.tmp", "two")
    (tmp_path / "b.tmp").replace(tmp_path / "a.log")
    assert watch.look()


@pytest.mark.invariant(9)
def test_a_rename_in_the_tick_in_which_the_folder_was_read_is_seen(tmp_path, stopped):
    """As long as a tick may be, what was read is not relied on."""
    write(tmp_path / "a.log")
    watch = Watch(tmp_path, "*.log")
    assert watch.look()
    (tmp_path / "a.log").rename(tmp_path / "b.log")
    assert watch.look()
    assert ["b.log"] == watch.there
    watch.clock.pause()
    (tmp_path / "b.log").rename(tmp_path / "c.log")
    assert watch.look()
    assert ["c.log"] == watch.there
    assert not watch.look()


@pytest.mark.invariant(9)
def test_a_folder_whose_time_is_set_back_is_read(tmp_path):
    """Whoever unpacks an archive sets times back; when that was done cannot be set."""
    write(tmp_path / "a.log")
    watch = Watch(tmp_path, "*.log")
    watch.rest()
    before = tmp_path.stat()
    write(tmp_path / "b.log")
    while before.st_ctime_ns == tmp_path.stat().st_ctime_ns:  # for a tick of the system's clock, of some milliseconds
        os.utime(tmp_path, ns=(before.st_atime_ns, before.st_mtime_ns))
    os.utime(tmp_path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert before.st_mtime_ns == tmp_path.stat().st_mtime_ns
    assert watch.look()
    assert ["a.log", "b.log"] == watch.there


def test_a_file_system_that_keeps_no_times_is_found_out(tmp_path, stopped):
    """What it hides is seen some seconds late once; from then on its folders are read at every look."""
    write(tmp_path / "a.log")
    watch = Watch(tmp_path, "*.log")
    watch.rest()
    write(tmp_path / "b.log")
    for _ in range(int(REREAD_SECONDS / SETTLED_SECONDS)):
        watch.look()
        watch.clock.pause()
    assert ["a.log", "b.log"] == watch.there
    for name in ("c.log", "d.log"):
        watch.clock.pause()
        write(tmp_path / name)
        assert watch.look()
        assert name in watch.there


@pytest.mark.invariant(14)
@pytest.mark.parametrize("call", ["stat", "scandir"])
def test_a_look_that_failed_is_repeated(tmp_path, monkeypatch, call):
    """What could not be looked at is not known to be as it was."""
    write(tmp_path / "a.log")
    watch = Watch(tmp_path, "*.log")
    watch.rest()

    def fail(path: Any, *args: Any, **kwargs: Any) -> Any:
        raise OSError(errno.EIO, "I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        watch.clock.pause()
        for _ in range(LOOKS):
            watch.lookout.look(closely=True)
            watch.clock.pause()
            assert {"error"} == set(watch.lookout.seen.unfollowed.values())
    assert watch.look()
    assert ["a.log"] == watch.there


def test_folders_are_read_now_and_then_whatever_they_tell(tmp_path):
    """Once in `REREAD_SECONDS`."""
    write(tmp_path / "a.log")
    watch = Watch(tmp_path, "*.log")
    watch.rest()
    with counting() as calls:
        for _ in range(int(10 * REREAD_SECONDS / SETTLED_SECONDS)):
            watch.look()
            watch.clock.pause()
    assert 10 == calls["scandir"]
