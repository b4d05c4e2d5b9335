"""Draws the dashboards from a demo run, into docs/pictures."""

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from pictures.answers import Answers, answers
from pictures.board import Board, boards
from pictures.image import write
from pictures.stage import staged

INTERRUPTED = 130


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("dashboards", nargs=-1, metavar="[DASHBOARD]...")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("docs/pictures"), show_default=True
)
@click.option("--whole", is_flag=True, help="All of each dashboard, not only the first screen.")
def main(dashboards: tuple[str, ...], out: Path, whole: bool) -> None:
    """Draw DASHBOARDs, or all of them, as a demo run fills them: it takes about two minutes.

    Exits 0 if all are drawn, 2 if something needed is missing or fails.
    """
    if unknown := set(dashboards) - set(boards()):
        raise click.BadParameter(f"no such dashboard `{min(unknown)}` (there are: {', '.join(boards())})")
    if shutil.which("prometheus") is None:
        _fail("prometheus is missing: apt-get install prometheus", 2)
    if find_spec("matplotlib") is None:
        _fail("matplotlib is missing: `make pictures` installs it", 2)
    shown = [Board(uid) for uid in dashboards or boards()]
    try:
        with _progress() as progress:
            found = _found(shown, progress)
            for board in progress.track(shown, description="drawing"):
                _draw(board, found[board.uid], out, whole=whole)
    except KeyboardInterrupt:
        _fail("interrupted, and all that was started is ended", INTERRUPTED)
    except AssertionError as error:  # of what starts and asks the servers
        _fail(f"the demo run failed: {error}", 2)
    click.echo(f"pictures: {len(shown)} drawn into {out}", err=True)


def _found(shown: list[Board], progress: Progress) -> dict[str, Answers]:
    """What Prometheus answers to all dashboards at the end of the demo run."""
    running = progress.add_task("demo run", total=1)
    with (
        TemporaryDirectory(prefix="pipeline-exporter-pictures-") as folder,
        staged(Path(folder), lambda done: progress.update(running, completed=done)) as (prometheus, window),
    ):
        asking = progress.track(shown, description="asking")
        return {board.uid: answers(board, prometheus.ask, window) for board in asking}


def _draw(board: Board, found: Answers, out: Path, *, whole: bool) -> None:
    from pictures.screen import drawn  # matplotlib, which only `make pictures` installs

    write(out / f"{board.uid}.png", drawn(board, found, whole=whole), board.stamp)


def _progress() -> Progress:
    console = Console(stderr=True)
    columns = TextColumn("{task.description:<9}"), BarColumn(), TimeElapsedColumn()
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _fail(why: str, code: int) -> None:
    click.echo(f"pictures: {why}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
