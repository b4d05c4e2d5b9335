"""Ways to hurt an exporter: how its logs are rotated, what happens while it is up, and while it is down.

A mode says what it may cost. Whatever a mode does follows from the chance that it is given.
"""

import signal
import subprocess
import sys
from collections.abc import Callable
from random import Random
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from tests.torture import autopsy
from tests.torture.watch import is_time
from tests.torture.writer import Writer, copy_and_truncate, copy_and_truncate_late, rename, rename_by_date

if TYPE_CHECKING:
    from tests.torture.run import Run


class NotPossibleError(Exception):
    """This machine does not allow what the mode needs; its text says what, and the way out."""


class Mode:
    """Renames logs, keeps all files, and kills. Nothing may be lost."""

    name: ClassVar[str] = "rename"
    rotations: ClassVar[tuple[Callable[[Writer], None], ...]] = (rename, rename_by_date)
    is_exact: ClassVar[bool] = True
    """Whether the ledger knows what must be counted, not only between which bounds it is."""
    cut_is_known: ClassVar[bool] = True
    """Whether it can be told which bytes lie below the offsets of a snapshot."""

    def begin(self, run: "Run") -> None:
        """Is called before anything is written. Raises NotPossibleError."""

    def expects_page(self) -> bool:
        """Whether a page must come after the start that has just been made."""
        return True

    def while_up(self, run: "Run", rng: Random) -> None:
        """Is called when the first page after a start has come."""

    def while_down(self, run: "Run", rng: Random) -> None:
        """Is called after each kill."""

    def may_be_behind(self, run: "Run") -> bool:
        """Whether what is durable may be less than what was shown last."""
        return False

    def recover(self, run: "Run") -> None:
        """Is called before the last start, after which everything must be counted."""

    def at_last(self, run: "Run") -> None:
        """Is called when everything is counted, before the exporter is ended."""

    def end(self, run: "Run") -> None:
        """Lets go of what it took."""

    def forgets(self, series: str) -> bool:
        """Whether a series may start anew or vanish now."""
        return False


class CopyTruncate(Mode):
    """Copies logs and empties them. Nothing may be lost while nobody writes in between."""

    name = "copytruncate"
    rotations = (copy_and_truncate,)
    cut_is_known = False  # an inode has several contents


class LateTruncate(CopyTruncate):
    """Copies logs and empties them a little later. What is written in between may be lost, and nothing else."""

    name = "late-truncate"
    rotations = (copy_and_truncate_late,)
    is_exact = False


class Deletion(Mode):
    """Deletes rotated files while the exporter is down. What it had not read is lost, and nothing else."""

    name = "deletion"
    cut_is_known = False  # what lies below the offsets is partly gone

    def while_down(self, run: "Run", rng: Random) -> None:
        """Deletes old files of some logs, and notes how far they had been read."""
        engine = run.durable()
        for writer in run.writers:
            if rng.random() < 0.5:
                read = autopsy.offsets(engine, writer.log) if engine else {}
                with writer.lock:
                    self._delete(run, writer, rng.randrange(3), read)

    def _delete(self, run: "Run", writer: Writer, kept: int, read: dict[tuple[int, int], int]) -> None:
        for path, file in writer.rotated[kept:]:
            assert file.identity is not None
            run.removed += file.remove(read.get(file.identity, 0))
            path.unlink()
        del writer.rotated[kept:]


class DiskFull(Mode):
    """Fills the disk of the state directory, and kills while it is full. Nothing may be lost."""

    name = "disk-full"
    SIZE = "4m"

    def begin(self, run: "Run") -> None:
        """Gives the state a small disk of its own."""
        run.serving.state.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={self.SIZE}", "none", str(run.serving.state)],
            capture_output=True,
            check=False,
        )
        if done.returncode != 0:
            raise NotPossibleError(f"a small disk needs mount, as root: {done.stderr.decode().strip()}")
        self._ballast = run.serving.state / "ballast"

    def expects_page(self) -> bool:
        return not self._ballast.exists()

    def while_up(self, run: "Run", rng: Random) -> None:
        """Fills the disk, perhaps not for long."""
        self._fill()
        if rng.random() < 0.5:
            run.watch.wait_for_page(1)
            self._ballast.unlink()
            run.watch.wait_for_page(1)

    def while_down(self, run: "Run", rng: Random) -> None:
        """Frees the disk, or not yet."""
        if rng.random() < 0.7:
            self._ballast.unlink(missing_ok=True)

    def _fill(self) -> None:
        with self._ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass  # that is what it is for

    def recover(self, run: "Run") -> None:
        self._ballast.unlink(missing_ok=True)

    def end(self, run: "Run") -> None:
        subprocess.run(["umount", str(run.serving.state)], check=True)


class Damage(Mode):
    """Damages the newest generation of the state after some kills. Nothing may be lost, and no line counts twice."""

    name = "damage"
    SLEPT_THROUGH = tuple(f"pipeline_exporter_{name}_total" for name in ("rotations", "truncations", "lost_bytes"))
    """Counts of events; two that befell a log since the older generation look like one."""

    def while_down(self, run: "Run", rng: Random) -> None:
        """Cuts the file short, or changes a byte of it; never twice without a page in between, as two are kept."""
        snapshot = run.serving.state / "state.snapshot"
        if not snapshot.exists() or run.watch.scrapes == self._scrapes:
            return
        self._scrapes = run.watch.scrapes
        data = bytearray(snapshot.read_bytes())
        at = rng.randrange(len(data))
        if rng.random() < 0.5:
            del data[at:]
        else:
            data[at] ^= 1 << rng.randrange(8)
        snapshot.write_bytes(data)

    _scrapes = -1

    def may_be_behind(self, run: "Run") -> bool:
        return run.watch.scrapes == self._scrapes

    def forgets(self, series: str) -> bool:
        return is_time(series) or series.startswith(self.SLEPT_THROUGH)  # times of what was born since


class TwoInstances(Mode):
    """Starts a second exporter on the same state. It ends at once with exit code 2; nothing may be lost."""

    name = "two-instances"

    def while_up(self, run: "Run", rng: Random) -> None:
        """Starts the second one, on a port of its own."""
        config = run.serving.folder / "second.yml"
        port = f"127.0.0.1:{run.port}"
        config.write_text(run.serving.config_path.read_text().replace(port, "127.0.0.1:0"))
        done = subprocess.run(
            [sys.executable, "-m", "exporter", "serve", "--config", str(config)],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        if done.returncode != 2 or "in use by another pipeline-exporter" not in done.stderr:
            run.watch.fault(f"a second instance ended with {done.returncode}: {done.stderr[-300:]}")


class Reload(Mode):
    """Reloads the configuration under load: good ones, bad ones, and ones that change what a metric means."""

    name = "reload"
    CHANGING = ("persona_cost_usd_total", "persona_cost_usd_created")
    """What starts anew when the price of tokens changes."""
    RESETS = 'pipeline_exporter_state_resets_total{reason="definition"}'

    def while_up(self, run: "Run", rng: Random) -> None:
        """Reloads a few times, and ends with a good configuration."""
        good = run.serving.config["pipelines"]
        for _ in range(rng.randint(1, 5)):
            changed = {name: dict(streams) for name, streams in good.items()}
            if rng.random() < 0.3:
                changed["persona"]["attempt"] = "nowhere.log"
            changed["persona"]["price_per_1000_tokens"] = rng.choice((0.00045, 0.001))
            run.serving.configure(pipelines=changed)
            self._reload(run, rng, bad="attempt" in changed["persona"])
        run.serving.configure(pipelines=good)

    def _reload(self, run: "Run", rng: Random, *, bad: bool) -> None:
        if rng.random() < 0.3:
            run.serving.signal(signal.SIGHUP)
            return
        try:
            answer = run.serving.ask("POST", "/-/reload")
        except OSError:
            return  # it is not there yet
        if answer.status != (400 if bad else 200):
            run.watch.fault(f"a {'bad' if bad else 'good'} configuration was answered {answer.status}: {answer.text}")

    def at_last(self, run: "Run") -> None:
        """A reset is counted when the price changes; before, chance may have kept it or a kill may have come first."""
        counted = run.watch.last.get(self.RESETS, 0)
        pipelines = run.serving.config["pipelines"]
        run.serving.configure(
            pipelines=pipelines | {"persona": pipelines["persona"] | {"price_per_1000_tokens": 0.002}}
        )
        run.serving.ask("POST", "/-/reload")
        end = monotonic() + 30
        while run.watch.last.get(self.RESETS, 0) == counted:
            if monotonic() > end:
                run.watch.fault("the price has changed, and no reset was counted")
                return
            run.watch.wait_for_page(1)

    def forgets(self, series: str) -> bool:
        return series.startswith(self.CHANGING)


MODES: dict[str, type[Mode]] = {
    mode.name: mode for mode in (Mode, CopyTruncate, LateTruncate, Deletion, DiskFull, Damage, TwoInstances, Reload)
}
