"""An exporter whose disk fills up, in a process of its own: `python -m tests.full_disk FOLDER no room|limit`.

Prints as JSON what it showed with room, twice without, and with room again, and what a restart would have shown.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from tests.exporters import FAILURES, LINES, Exporter, value

SIZE = "256k"


def can_mount() -> bool:
    """Whether a small file system can be mounted here, where nobody else sees it."""
    unshare = shutil.which("unshare")
    return unshare is not None and not subprocess.run(mounting(Path("/mnt"), ["true"]), capture_output=True).returncode


def mounting(folder: Path, command: list[str]) -> list[str]:
    """A command that runs another with a small file system on a folder, which is made if need be."""
    script = f'mkdir -p "$0" && mount -t tmpfs -o size={SIZE} none "$0" && exec "$@"'
    return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, str(folder), *command]


@contextmanager
def without_room(state: Path, kind: str) -> Iterator[None]:
    """A disk that takes nothing more."""
    if kind == "limit":
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
        yield
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    elif os.path.ismount(state):
        filler = state / "filler"
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(1024)):
                pass
        yield
        filler.unlink()
    else:
        temporary = state / "state.temporary"
        temporary.symlink_to("/dev/full")
        yield
        temporary.unlink()


def main(folder: Path, kind: str) -> None:
    """Runs it."""
    exporter = Exporter(folder)
    exporter.publisher.births.admit(exporter.worker.engine.itself.metrics)
    pages, restarts = [], []
    for room in (True, False, False, True):
        exporter.write(10)
        with nullcontext() if room else without_room(exporter.state, kind):
            pages.append(exporter.scrape())
        copy = folder / f"copy {len(pages)}"
        shutil.copytree(exporter.state, copy)
        restarts.append(value(Exporter(folder, state=copy).scrape(), LINES))
    told = {
        "lines": [value(page, LINES) for page in pages],
        "failures": [value(page, FAILURES) for page in pages],
        "errors": exporter.failures,
        "restarts": restarts,
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
