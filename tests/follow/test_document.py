"""Documents, which are read whole, and folders, whose files are counted."""

import errno
import os

import msgspec
import pytest

from exporter.follow.document import DocumentFollower, FolderFollower, Version
from tests.follow.reading import failing

LIMIT = 100


class Reading:
    """Follows documents, and takes what it gets."""

    def __init__(self, *patterns):
        self.patterns = tuple(map(str, patterns))
        self.follower = DocumentFollower(self.patterns, {}, limit=LIMIT)

    def poll(self, **options):
        self.follower.scan(**options)
        contents = []
        for document in self.follower.documents():
            contents.append(document.content)
            document.take()
        return contents

    def restart(self):
        taken = msgspec.msgpack.decode(msgspec.msgpack.encode(self.follower.taken), type=dict[str, Version])
        self.follower = DocumentFollower(self.patterns, taken, limit=LIMIT)


@pytest.fixture
def document(tmp_path):
    return tmp_path / "summary.json"


@pytest.fixture
def reading(document):
    return Reading(document)


def test_a_document_is_read_when_two_looks_found_it_the_same(document, reading):
    """One in the middle of being written is left alone."""
    assert [] == reading.poll()
    document.write_bytes(b"{")
    assert [] == reading.poll()
    document.write_bytes(b"{}")
    assert [] == reading.poll()
    assert [b"{}"] == reading.poll()
    assert [] == reading.poll()


def test_a_document_that_nobody_writes_is_read_at_once(document, reading):
    """So that a command that looks once sees it."""
    document.write_bytes(b"{}")
    assert [b"{}"] == reading.poll(settled=True)
    assert [] == reading.poll(settled=True)


def test_a_document_is_read_again_when_it_changed(document, reading):
    """Written in place or replaced, of the same size or another."""
    for second, content in enumerate((b"1", b"2", b"33")):
        document.write_bytes(content)
        os.utime(document, (second, second))
        assert [] == reading.poll()
        assert [content] == reading.poll()
    new = document.with_name("new")
    new.write_bytes(b"44")
    os.utime(new, ns=(0, document.stat().st_mtime_ns))
    new.rename(document)
    assert [] == reading.poll()
    assert [b"44"] == reading.poll()
    assert {str(document)} == reading.follower.paths()


def test_a_document_that_was_not_taken_is_read_again(document, reading):
    """Reading and taking are two steps."""
    document.write_bytes(b"1")
    reading.follower.scan(settled=True)
    assert [b"1"] == [document.content for document in reading.follower.documents()]
    assert [b"1"] == [document.content for document in reading.follower.documents()]


def test_a_restart_reads_only_what_changed_meanwhile(document, reading):
    """What is stored tells the version that was taken."""
    document.write_bytes(b"1")
    assert [b"1"] == reading.poll(settled=True)
    reading.restart()
    assert [] == reading.poll(settled=True)
    document.write_bytes(b"22")
    reading.restart()
    assert [b"22"] == reading.poll(settled=True)


def test_a_document_over_the_limit_has_no_content(document, reading):
    """It is told that it is there, and how large it is."""
    document.write_bytes(b"x" * LIMIT)
    assert [b"x" * LIMIT] == reading.poll(settled=True)
    document.write_bytes(b"x" * (LIMIT + 1))
    reading.follower.scan(settled=True)
    (found,) = reading.follower.documents()
    assert (None, LIMIT + 1) == (found.content, found.size)


def test_a_document_that_is_written_after_the_look_waits_for_the_next(document, reading):
    """What is read is what was looked at."""
    document.write_bytes(b"1")
    reading.poll()
    reading.follower.scan()
    document.write_bytes(b"22")
    assert [] == list(reading.follower.documents())
    assert {} == reading.follower.unfollowed()
    reading.poll()
    assert [b"22"] == reading.poll()


def test_a_document_that_is_deleted_after_the_look_is_none(document, reading):
    """It is reported until the next look finds that it is gone."""
    document.write_bytes(b"1")
    reading.follower.scan(settled=True)
    document.unlink()
    assert [] == list(reading.follower.documents())
    assert {str(document): "error"} == reading.follower.unfollowed()
    assert [] == reading.poll()
    assert {} == reading.follower.unfollowed()


@pytest.mark.invariant(14)
def test_a_document_that_cannot_be_read_is_reported_and_tried_again(document, reading, monkeypatch):
    """Nothing is dropped because of a failure."""
    document.write_bytes(b"1")

    def fail(*_):
        raise PermissionError(errno.EACCES, "no")

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", fail)
        assert [] == reading.poll(settled=True)
        assert {str(document): "permission"} == reading.follower.unfollowed()
    assert [b"1"] == reading.poll(settled=True)
    assert {} == reading.follower.unfollowed()


@pytest.mark.invariant(12)
def test_a_pipe_is_no_document(document, reading):
    """It is reported and not opened."""
    os.mkfifo(document)
    assert [] == reading.poll(settled=True)
    assert {str(document): "special"} == reading.follower.unfollowed()


@pytest.mark.invariant(14)
def test_versions_of_documents_that_are_gone_are_forgotten(tmp_path, monkeypatch):
    """But not because a look failed."""
    reading = Reading(tmp_path / "*" / "summary.json")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "summary.json").write_bytes(b"1")
    assert 2 == len(reading.poll(settled=True))
    (tmp_path / "one" / "summary.json").unlink()

    def fail(*_):
        raise OSError(errno.EMFILE, "no")

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", fail)
        reading.poll(settled=True)
        assert 2 == len(reading.follower.taken)
    reading.poll(settled=True)
    assert [str(tmp_path / "two" / "summary.json")] == list(reading.follower.taken)


def counts(follower, path):
    return [msgspec.structs.astuple(count) for count in follower.counts([str(path)])]


def test_the_files_of_a_folder_beside_a_path_are_counted(tmp_path):
    """Files only, and only when there is something new."""
    follower = FolderFollower("errors")
    log, folder = tmp_path / "a.log", tmp_path / "errors"
    assert [] == counts(follower, log)
    folder.mkdir()
    (folder / "1").touch()
    (folder / "2").touch()
    (folder / "deep").mkdir()
    assert [(str(folder), 2)] == counts(follower, log)
    counts(follower, log)
    assert [] == counts(follower, log)
    (folder / "1").unlink()
    assert [(str(folder), 1)] == counts(follower, log)


def test_a_file_that_comes_in_the_moment_of_a_count_is_counted(tmp_path):
    """A folder is counted once more after a change, as its time is a coarse one."""
    follower = FolderFollower("errors")
    folder = tmp_path / "errors"
    folder.mkdir()
    counts(follower, tmp_path / "a.log")
    times = folder.stat()
    (folder / "1").touch()
    os.utime(folder, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert [(str(folder), 1)] == counts(follower, tmp_path / "a.log")


def test_a_folder_that_is_gone_has_no_files(tmp_path, monkeypatch):
    """It is told once; a failure to look tells nothing."""
    follower = FolderFollower("errors")
    folder = tmp_path / "errors"
    folder.mkdir()
    assert [(str(folder), 0)] == counts(follower, tmp_path / "a.log")
    folder.rmdir()
    assert [(str(folder), 0)] == counts(follower, tmp_path / "a.log")
    assert [] == counts(follower, tmp_path / "a.log")
    folder.mkdir()
    (folder / "1").touch()

    def fail(*_):
        raise OSError(errno.EMFILE, "no")

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", fail)
        assert [] == counts(follower, tmp_path / "a.log")
    assert [(str(folder), 1)] == counts(follower, tmp_path / "a.log")


@pytest.mark.invariant(14)
@pytest.mark.parametrize("call", ["stat", "scandir"])
def test_a_folder_that_is_gone_after_a_failure_to_look_has_no_files(tmp_path, call):
    """The failure does not make it one that was never there."""
    follower = FolderFollower("errors")
    folder = tmp_path / "errors"
    folder.mkdir()
    assert [(str(folder), 0)] == counts(follower, tmp_path / "a.log")
    (folder / "1").touch()
    assert [(str(folder), 1)] == counts(follower, tmp_path / "a.log")
    with failing(call, errno.EIO):
        assert [] == counts(follower, tmp_path / "a.log")
    (folder / "1").unlink()
    folder.rmdir()
    assert [(str(folder), 0)] == counts(follower, tmp_path / "a.log")
