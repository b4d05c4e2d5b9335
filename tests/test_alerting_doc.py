"""docs/alerting.md and the help of `render` say what is so: their examples are taken, and their table is rendered."""

import re
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import msgspec
import pytest

from exporter.render.alertmanager import TIMINGS
from exporter.render.receivers import KINDS, Receiver
from tests.commands.running import run
from tests.render.rendered import alertmanager_config, render, with_secrets

TEXT = (Path(__file__).parent.parent / "docs" / "alerting.md").read_text()


def example(option: str) -> str:
    """The file that the page shows for an option."""
    found = re.search(rf"^```yaml {option}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def taught(option: str) -> str:
    """The file that the help shows for an option."""
    found = re.search(rf"\n  --{option} names [^:]*:\n((?:    .*\n)+)", run("render", "--help").out)
    assert found is not None
    return dedent(found[1])


@pytest.mark.parametrize("text", [example, taught])
def test_examples_are_taken(tmp_path: Path, text: Callable[[str], str]) -> None:
    """With the secrets that they name in place."""
    done = render(with_secrets(tmp_path), limits=text("limits"), receivers=text("receivers"))
    assert (0, "") == (done.code, done.err)


@pytest.mark.parametrize("text", [example, taught])
def test_the_example_shows_every_kind_of_receiver(tmp_path: Path, text: Callable[[str], str]) -> None:
    """So that each can be copied."""
    render(with_secrets(tmp_path), receivers=text("receivers"))
    receivers = alertmanager_config(tmp_path)["receivers"]
    assert {kind.key for kind in KINDS.values()} == {key for one in receivers for key in one} - {"name"}


def test_the_timings_are_those_that_are_rendered() -> None:
    """By severity, the worst first."""
    rows = re.findall(r"^\| (critical|warning|info) \| (\w+) \| (\w+) \|", TEXT, re.MULTILINE)
    assert rows == [(name, *timing.values()) for name, timing in TIMINGS.items()]


def words(cell: str) -> set[str]:
    """What a cell names."""
    return set(re.findall(r"`(\w+)`", cell))


def settings(kind: type[Receiver], *, required: bool) -> set[str]:
    """The settings that a receiver needs, or may have."""
    return {field.encode_name for field in msgspec.structs.fields(kind) if field.required == required}


def test_every_kind_of_receiver_has_its_row() -> None:
    """With the settings that it needs, and those that it may have."""
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|(.*)\|$", TEXT, re.MULTILINE)
    coded = {name: (settings(kind, required=True), settings(kind, required=False)) for name, kind in KINDS.items()}
    assert coded == {name: (words(needs), words(may)) for name, needs, may in rows}
