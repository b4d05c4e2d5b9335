"""What lies on disk where files are rendered to."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.render.rendered import render

PAGE = "docs/metrics.md"


def test_what_cannot_be_written_is_told_with_its_path(tmp_path: Path) -> None:
    """In the system's words, without its number for them."""
    (tmp_path / PAGE).mkdir(parents=True)
    done = render(tmp_path)
    assert (2, f"pipeline-exporter: {tmp_path / PAGE}: Is a directory\n") == (done.code, done.err)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder in which everything was rendered."""
    assert 0 == render(tmp_path).code
    return tmp_path


def test_what_was_rendered_is_not_written_again(root: Path) -> None:
    """Nor is it told."""
    before = (root / PAGE).stat().st_mtime_ns
    assert "" == render(root).out
    assert before == (root / PAGE).stat().st_mtime_ns


@pytest.mark.parametrize(
    "change",
    [
        lambda rendered: b"\xff",
        lambda rendered: b"",
        lambda rendered: rendered.replace(b"\n", b"\r\n"),
    ],
    ids=["no UTF-8", "empty", "other ends of lines"],
)
def test_whatever_lies_there_otherwise_is_told_and_replaced(root: Path, change: Callable[[bytes], bytes]) -> None:
    """To the byte."""
    rendered = (root / PAGE).read_bytes()
    (root / PAGE).write_bytes(change(rendered))
    done = render(root, "--check")
    assert (1, f"{PAGE} is not what would be rendered: run pipeline-exporter render\n") == (done.code, done.out)
    assert f"{PAGE} written\n" == render(root).out
    assert rendered == (root / PAGE).read_bytes()
