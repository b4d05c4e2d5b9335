"""What is there: patterns, what cannot be followed, and failures to look."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from exporter.follow.scan import look, matches
from tests.follow.reading import write


def error(number):
    return OSError(number, os.strerror(number))


@pytest.fixture
def failing(monkeypatch):
    """Makes calls of `os` fail for paths that end in something, or for all."""

    def fail(name, number, ending=""):
        real = getattr(os, name)

        def call(path, *args, **kwargs):
            if str(path).endswith(ending):
                raise error(number)
            return real(path, *args, **kwargs)

        monkeypatch.setattr(os, name, call)

    fail.undo = monkeypatch.undo  # type: ignore[attr-defined]  # the fixture's users end the failing by it
    return fail


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A folder of empty files, and what a pattern finds in it."""
    monkeypatch.chdir(tmp_path)
    for path in ("a.log", "b.log", ".c.log", "x/a.log", "x/y/a.log", "x/y/z/b.log", ".h/a.log", "x/[a].log", "a?.log"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    return tmp_path


PATTERNS = {
    "a.log": ["a.log"],
    "./a.log": ["a.log"],
    "*.log": ["a.log", "a?.log", "b.log"],
    "?.log": ["a.log", "b.log"],
    "[ab].log": ["a.log", "b.log"],
    "[!a].log": ["b.log"],
    "a[?].log": ["a?.log"],
    "x/[[]a].log": ["x/[a].log"],
    ".*.log": [".c.log"],
    "*/a.log": ["x/a.log"],
    "*/*/a.log": ["x/y/a.log"],
    "x/y/../a.log": ["x/y/../a.log"],
    "**/a.log": ["a.log", "x/a.log", "x/y/a.log"],
    "**/y/**/*.log": ["x/y/a.log", "x/y/z/b.log"],
    "x/**": ["x/[a].log", "x/a.log", "x/y/a.log", "x/y/z/b.log"],
    "x/**/**/b.log": ["x/y/z/b.log"],
    ".h/*": [".h/a.log"],
    "none/*": [],
    "a.log/*": [],
    "a.log/b": [],
}


@pytest.mark.parametrize(("pattern", "expected"), PATTERNS.items())
@pytest.mark.parametrize("absolute", [False, True])
def test_a_pattern_finds_what_it_means(tree, pattern, expected, absolute):
    """Relative or absolute, in the order of names."""
    before = f"{tree}/" if absolute else ""
    assert [before + path for path in expected] == list(look([before + pattern]).files)
    assert set() == look([before + pattern]).failed


@pytest.mark.parametrize(("pattern", "expected"), PATTERNS.items())
def test_a_path_matches_a_pattern_that_would_find_it(tree, pattern, expected):
    """Whether a file is there or not."""
    every = look(["**/*", "**/.*", ".h/*", "x/y/../a.log"]).files
    assert sorted(expected) == sorted(path for path in every if matches(path, pattern))


@pytest.mark.invariant(12)
def test_folders_and_pipes_are_reported_and_never_opened(tmp_path, follow):
    """Opening a pipe would wait for its writer for ever."""
    (tmp_path / "a.log").mkdir()
    os.mkfifo(tmp_path / "b.log")
    os.mkfifo(tmp_path / "c.log.1")
    write(tmp_path / "c.log", "one")
    reading = follow(tmp_path / "*.log")
    assert ["one"] == reading.poll()
    assert {"a.log": "directory", "b.log": "special"} == reading.unfollowed


@pytest.mark.invariant(12)
def test_a_pipe_that_takes_the_place_of_a_log_is_not_opened_blocking(log, follow, monkeypatch):
    """Not even if it does so between the look and the opening."""
    write(log, "one")
    reading = follow(log)
    status = log.stat()
    log.unlink()
    os.mkfifo(log)
    monkeypatch.setattr(os, "stat", lambda path, real=os.stat: status if str(path) == str(log) else real(path))
    assert [] == reading.poll()
    assert {"a.log": "error"} == reading.unfollowed


def test_a_name_that_is_no_text_is_reported(tmp_path, follow):
    """What is stored and shown is UTF-8."""
    write(tmp_path / os.fsdecode(b"b\xff.log"), "one")
    write(tmp_path / "a.log", "two")
    reading = follow(tmp_path / "*.log")
    assert ["two"] == reading.poll()
    assert {"b\\udcff.log": "special"} == reading.unfollowed
    (tmp_path / "a.log").rename(tmp_path / os.fsdecode(b"a.log-20260131\xff"))
    write(tmp_path / "a.log", "three")
    assert ["three"] == reading.poll()
    reading.restart()
    assert [] == reading.poll()


@pytest.mark.invariant(14)
@pytest.mark.parametrize("call", ["open", "pread"])
@pytest.mark.parametrize(
    ("number", "why"), [(errno.EACCES, "permission"), (errno.EMFILE, "error"), (errno.EIO, "error")]
)
def test_a_file_that_cannot_be_read_is_reported_and_tried_again(tmp_path, follow, monkeypatch, call, number, why):
    """Others are read meanwhile, and nothing of it is lost."""
    write(tmp_path / "a.log", "one")
    write(tmp_path / "b.log", "two")
    reading = follow(tmp_path / "*.log")
    if call == "open":
        real: Any = os.open

        def fail(path: Any, *args: Any, **kwargs: Any) -> Any:
            if str(path).endswith("a.log"):
                raise error(number)
            return real(path, *args, **kwargs)
    else:
        real = os.pread
        inode = (tmp_path / "a.log").stat().st_ino

        def fail(path: Any, *args: Any, **kwargs: Any) -> Any:
            if os.fstat(path).st_ino == inode:
                raise error(number)
            return real(path, *args)

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        for _ in range(3):
            assert [] == [line for line in reading.poll() if line != "two"]
            assert {"a.log": why} == reading.unfollowed
    assert ["one"] == reading.poll()
    assert {} == reading.unfollowed
    write(tmp_path / "a.log", "three")
    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        reading.restart()
        for _ in range(3):
            assert [] == reading.poll()
            assert {"a.log": why} == reading.unfollowed
    write(tmp_path / "a.log", "four")
    assert ["three", "four"] == reading.poll()
    assert (0, 0, 0) == reading.events


@pytest.mark.invariant(14)
@pytest.mark.parametrize("number", [errno.EACCES, errno.EMFILE, errno.EIO, errno.ESTALE])
@pytest.mark.parametrize("call", ["scandir", "stat"])
def test_a_failure_to_look_drops_nothing(log, follow, failing, call, number):
    """What could not be looked at is neither gone nor new."""
    write(log.with_name("a.log.1"), "rotated")
    write(log, "one")
    reading = follow(f"{log}*")
    assert ["rotated", "one"] == reading.poll()
    failing(call, number)
    for _ in range(4):
        assert [] == reading.poll()
        assert {"permission" if number == errno.EACCES else "error"} == set(reading.unfollowed.values())
    failing.undo()
    write(log, "two")
    write(log.with_name("a.log.1"), "late")
    assert ["late", "two"] == reading.poll()
    assert (0, 0, 0) == reading.events
    assert {} == reading.unfollowed


@pytest.mark.invariant(14)
def test_a_log_is_read_while_its_folder_cannot_be(log, follow_running, failing):
    """What is open is read on, and a plain path needs no list of names."""
    write(log, "one")
    write(log.with_name("b.log"), "two")
    reading = follow_running(log)
    failing("scandir", errno.EACCES)
    assert ["one"] == reading.poll()
    write(log, "three")
    assert ["three"] == reading.poll()
    assert {log.parent.name: "permission"} == reading.unfollowed


@pytest.mark.invariant(14)
def test_a_failed_look_after_a_rotation_loses_nothing(log, follow, failing):
    """What was renamed is found by the next look that succeeds."""
    write(log, "one")
    reading = follow(log)
    reading.poll()
    write(log, "two")
    log.rename(log.with_name("a.log.1"))
    write(log, "three")
    failing("scandir", errno.EMFILE)
    first = reading.poll()
    failing.undo()
    assert {"two", "three"} == {*first, *reading.poll()}
    assert [] == reading.poll()


@pytest.mark.invariant(14)
def test_history_stays_history_though_the_first_look_fails(log, follow, failing):
    """A look that failed was none."""
    write(log.with_name("a.log.1"), "history")
    write(log, "one")
    reading = follow(f"{log.parent}/*.log")
    failing("scandir", errno.EMFILE)
    assert [] == reading.poll()
    failing.undo()
    assert ["one"] == reading.poll()


def test_start_at_the_end_skips_what_is_there_at_first(tmp_path, follow):
    """Whole lines only, in rotated files too; what comes later is read from its beginning."""
    log = tmp_path / "a.log"
    write(tmp_path / "a.log.1", "old")
    with log.open("w") as file:
        file.write("one\ntwo\npart")
    reading = follow(f"{log}*", tmp_path / "b.log", skip_history=True)
    assert [] == reading.poll()
    with log.open("a") as file:
        file.write("ial\nthree\n")
    write(tmp_path / "b.log", "new")
    write(tmp_path / "a.log.1", "late")
    assert {"late", "partial", "three", "new"} == set(reading.poll())
    log.rename(tmp_path / "a.log.0")
    write(log, "four")
    assert ["four"] == reading.poll()
    assert (1, 0, 0) == reading.events


@pytest.mark.invariant(14)
def test_start_at_the_end_holds_although_the_first_look_fails(log, follow, failing):
    """Neither a folder nor a file that could not be opened at first is read from its beginning later."""
    write(log, "one")
    reading = follow(f"{log}*", skip_history=True)
    failing("scandir", errno.EMFILE)
    assert [] == reading.poll()
    failing.undo()
    failing("open", errno.EMFILE, "a.log")
    assert [] == reading.poll()
    failing.undo()
    assert [] == reading.poll()
    write(log, "two")
    assert ["two"] == reading.poll()


def test_start_at_the_end_of_a_long_partial_line_waits_for_its_end(log, follow):
    """The line that is being written is counted when it is whole."""
    log.write_text("one\n" + "x" * 100_000)
    reading = follow(log, skip_history=True)
    assert [] == reading.poll()
    write(log, "y")
    assert ["x" * 100_000 + "y"] == reading.poll()


class Untold:
    """A name of which the file system says only when it is asked what it is, and cannot say whether it is a link."""

    def __init__(self, entry: "os.DirEntry[str]") -> None:
        self._entry = entry

    def __getattr__(self, name: str) -> Any:
        return getattr(self._entry, name)

    def is_symlink(self) -> bool:
        """Fails."""
        raise error(errno.ESTALE)


def test_a_name_that_cannot_be_told_from_a_link_is_looked_at_as_it_is(tree, monkeypatch):
    """A look ends with what there is, and finds it."""
    real = os.scandir

    @contextmanager
    def scandir(folder: str) -> Iterator[list[Untold]]:
        with real(folder) as entries:
            yield list(map(Untold, entries))

    monkeypatch.setattr(os, "scandir", scandir)
    assert ["a.log", "x/a.log", "x/y/a.log"] == sorted(look(["**/a.log"]).files)
