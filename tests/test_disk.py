"""Tests write to a disk, whatever the system keeps its temporary files on."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.disk import BUILD, IN_MEMORY, kind, on_disk

ROOT = Path(__file__).parent.parent
MEMORY = [("/", "ext4"), ("/tmp", "tmpfs"), ("/var", "ext4"), ("/var/tmp", "tmpfs")]


def test_the_folders_of_tests_lie_on_a_disk(tmp_path):
    """Pytest's and those that a test makes by itself."""
    assert kind(tmp_path.resolve()) not in IN_MEMORY
    assert kind(Path(tempfile.gettempdir()).resolve()) not in IN_MEMORY


@pytest.mark.parametrize(
    ("mounts", "expected"),
    [
        ([("/", "ext4")], Path("/tmp")),
        ([("/", "overlay")], Path("/tmp")),
        (MEMORY[:2], Path("/var/tmp")),
        (MEMORY, BUILD),
        ([("/", "tmpfs"), ("/tmp", "tmpfs"), ("/tmp", "xfs")], Path("/tmp")),
    ],
)
def test_the_first_folder_on_a_disk_is_taken(tmp_path, mounts, expected):
    """What is mounted last over a path counts; the repository's own folder is the last resort."""
    assert expected == on_disk([Path("/tmp"), Path("/var/tmp"), BUILD], mounts)


@pytest.mark.skipif(kind(Path("/dev/shm")) not in IN_MEMORY, reason="NOT RUN: /dev/shm is not in memory")
def test_a_run_that_is_told_to_use_memory_uses_a_disk():
    """Also in the processes that tests start."""
    code = "import tests.conftest, os, tempfile; print(tempfile.gettempdir(), os.environ['TMPDIR'])"
    environment = {**os.environ, "TMPDIR": "/dev/shm", "PYTHONPATH": str(ROOT)}
    run = subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True)
    ours, theirs = run.stdout.split()
    assert ours == theirs
    assert kind(Path(ours).resolve()) not in IN_MEMORY
