"""Where the files of tests lie: on a disk, also where the system's folder for temporary files is kept in memory.

A file system in memory never hands a freed inode out again and syncs at once, so tests that pass there say little of
the disks that logs and snapshots are kept on.
"""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import psutil

IN_MEMORY = {"tmpfs", "ramfs"}
BUILD = Path(__file__).parent.parent / "build" / "tests"


def kind(path: Path, mounts: Iterable[tuple[str, str]] | None = None) -> str:
    """The type of the file system that a path lies on, or would; `mounts` are mount points, each with its type.

    >>> kind(Path("/tmp/x"), [("/", "ext4"), ("/tmp", "tmpfs"), ("/tm", "xfs")])
    'tmpfs'
    """
    if mounts is None:
        mounts = [(part.mountpoint, part.fstype) for part in psutil.disk_partitions(all=True)]
    within = [
        (len(Path(point).parts), at, name) for at, (point, name) in enumerate(mounts) if path.is_relative_to(point)
    ]
    return max(within)[2] if within else "unknown"  # of those mounted over each other the last one is seen


def on_disk(folders: Iterable[Path], mounts: Iterable[tuple[str, str]] | None = None) -> Path:
    """The first of some folders that lies on a disk, else the last."""
    *others, last = folders
    return next((folder for folder in others if kind(folder.resolve(), mounts) not in IN_MEMORY), last)


def use_disk() -> None:
    """Has every test, and every process that one starts, make its temporary files on a disk."""
    default = Path(tempfile.gettempdir())
    folder = on_disk([default, Path("/var/tmp"), BUILD])
    if folder != default:
        folder.mkdir(parents=True, exist_ok=True)
        os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
