"""One file under several names."""

import os

import pytest

from tests.follow.reading import write

pytestmark = pytest.mark.invariant(9)


def test_a_hard_link_counts_once(tmp_path, follow):
    """Two names of one file are one log."""
    write(tmp_path / "a.log", "one")
    os.link(tmp_path / "a.log", tmp_path / "b.log")
    reading = follow(tmp_path / "*.log")
    assert ["one"] == reading.poll()
    write(tmp_path / "b.log", "two")
    assert ["two"] == reading.poll()
    (tmp_path / "a.log").unlink()
    write(tmp_path / "b.log", "three")
    assert ["three"] == reading.poll()
    write(tmp_path / "a.log", "four")
    assert ["four"] == reading.poll()


def test_a_symbolic_link_counts_once(tmp_path, follow):
    """A link to a log is no other log, in whichever order their names stand."""
    write(tmp_path / "m.log", "one")
    for name in ("a.log", "z.log"):
        (tmp_path / name).symlink_to("m.log")
    reading = follow(tmp_path / "*.log")
    assert ["one"] == reading.poll()
    write(tmp_path / "m.log", "two")
    assert ["two"] == reading.poll()


def test_overlapping_patterns_count_once(tmp_path, follow):
    """A file that several patterns match is read once."""
    write(tmp_path / "a.log", "one")
    reading = follow(
        tmp_path / "*.log", tmp_path / "a*", tmp_path / "a.log", tmp_path / "**" / "a.*", tmp_path / "." / "a.log"
    )
    assert ["one"] == reading.poll()


def test_a_hard_link_made_by_a_rotation_counts_once(log, follow):
    """Rotation by link and unlink is a rename."""
    write(log, "one")
    reading = follow(f"{log}*")
    reading.poll()
    os.link(log, log.with_name("a.log.1"))
    write(log, "two")
    assert ["two"] == reading.poll()
    log.unlink()
    write(log, "three")
    assert ["three"] == reading.poll()
    assert {str(log)} == set(reading.logs)


def test_a_link_that_is_turned_to_another_file_is_a_rotation(tmp_path, follow):
    """The file that it led to before is read to its end, within the folder."""
    link = tmp_path / "latest.log"
    write(tmp_path / "run-1", "one")
    link.symlink_to("run-1")
    reading = follow(link)
    reading.poll()
    for number in range(2, 5):
        write(tmp_path / f"run-{number - 1}", f"late {number}")
        write(tmp_path / f"run-{number}", f"early {number}")
        link.unlink()
        link.symlink_to(f"run-{number}")
        assert [f"late {number}", f"early {number}"] == reading.poll()
    assert {str(link)} == set(reading.logs)
    assert (3, 0, 0) == reading.events


def test_a_file_rotated_behind_a_link_is_read_to_its_end(tmp_path, follow):
    """As containers' logs are: the link stays and what it leads to is renamed in its own folder."""
    (tmp_path / "pod").mkdir()
    target, link = tmp_path / "pod" / "0.log", tmp_path / "container.log"
    write(target, "one")
    link.symlink_to(target)
    reading = follow(link)
    reading.poll()
    for number in range(3):
        write(target, f"late {number}")
        target.rename(target.with_name(f"0.log.2026013{number}"))
        write(target, f"early {number}")
        assert [f"late {number}", f"early {number}"] == reading.poll()


def test_a_link_that_leads_nowhere_is_waited_for(tmp_path, follow):
    """It is followed when there is something at its end, and a circle is reported."""
    (tmp_path / "a.log").symlink_to("later")
    (tmp_path / "b.log").symlink_to("b.log")
    write(tmp_path / "c.log", "one")
    reading = follow(tmp_path / "*.log")
    assert ["one"] == reading.poll()
    assert {"b.log": "error"} == reading.unfollowed
    write(tmp_path / "later", "two")
    assert ["two"] == reading.poll()
    (tmp_path / "c.log").unlink()
    for _ in range(3):
        reading.poll()
    assert [str(tmp_path / "a.log")] == reading.follower.paths()


def test_a_folder_reached_by_a_link_is_followed(tmp_path, follow):
    """Links to folders are gone through where a pattern names them, and not by `**`, which would never end."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real" / "circle").symlink_to("..")
    write(tmp_path / "real" / "a.log", "one")
    assert ["one"] == follow(tmp_path / "link" / "*.log").poll()
    assert ["one"] == follow(tmp_path / "**" / "*.log").poll()
    assert ["one"] == follow(tmp_path / "*" / "*.log").poll()
