"""`demo`: live logs until somebody ends it."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exporter import demo
from tests.commands.running import run


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The command takes over signals for as long as its process lives."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_writes_until_it_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """SIGTERM and Ctrl-C are its clean end."""
    write = demo.run

    def ended_at_the_first_pause(directory: Path, **kwargs: Any) -> None:
        write(directory, **kwargs | {"sleep": lambda seconds: os.kill(os.getpid(), number)})

    monkeypatch.setattr(demo, "run", ended_at_the_first_pause)
    done = run("demo", tmp_path / "logs")
    assert (0, "", "") == (done.code, done.out, done.err)
    assert {"persona", "distillation", "tagger", "crawl", "clustering"} == {
        path.name for path in (tmp_path / "logs").iterdir()
    }


@pytest.mark.parametrize("rate", ["0", "-1", "1e-9", "1e-300"])
def test_a_rate_is_above_zero_and_leaves_room_for_history(tmp_path: Path, rate: str) -> None:
    """A mistake is one line."""
    done = run("demo", tmp_path, "--rate", rate)
    assert (2, "", 1) == (done.code, done.out, len(done.err.splitlines()))
    assert done.err.startswith("pipeline-exporter: rate `")


def test_a_directory_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    """It names the path."""
    (tmp_path / "file").write_text("")
    done = run("demo", tmp_path / "file" / "logs")
    assert (2, "", 1) == (done.code, done.out, len(done.err.splitlines()))
    assert str(tmp_path / "file") in done.err
