"""A small change that breaks a rule, and a copy of the repository in which it is made."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("exporter", "tests", "docs", "benchmarks", "deploy", "pyproject.toml", "README.md")
PASSED, FAILED = 0, 1
"""Exit codes of pytest."""


@dataclass(frozen=True)
class Mutant:
    """What is broken: the invariant, the place (below `exporter/`), and the tests that must see it."""

    invariant: int
    what: str
    file: str
    before: str
    after: str
    tests: str
    """Where they are, as pytest takes it; of these, those of the invariant are run."""

    def __str__(self) -> str:
        return f"{self.invariant}: {self.what}"

    @property
    def places(self) -> int:
        """How often the text to be changed is there. It must be once."""
        return (ROOT / "exporter" / self.file).read_text().count(self.before)

    def applied(self, folder: Path) -> Path:
        """A copy of the repository in a folder, with the change made. Raises ValueError where it has no place."""
        if self.places != 1:
            raise ValueError(f"{self}: its place is there {self.places} times in {self.file}")
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder / name)
        path = folder / "exporter" / self.file
        path.write_text(path.read_text().replace(self.before, self.after))
        return folder

    def is_seen(self, folder: Path, *, seconds: float) -> tuple[bool, str]:
        """Whether a test of the invariant fails in the copy, and the last lines that pytest says."""
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider"]
        command += ["--invariant", str(self.invariant), *self.tests.split()]
        try:
            done = subprocess.run(
                command, cwd=self.applied(folder), capture_output=True, text=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            return True, f"it hangs for more than {seconds} s"
        said = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
        return done.returncode == FAILED and bool(said), "\n".join(said) or done.stdout[-500:] + done.stderr[-500:]
