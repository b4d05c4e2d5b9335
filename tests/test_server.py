"""The server from its start to its end."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from exporter.config import Config
from exporter.engine import Engine
from exporter.server import Server
from exporter.web.config.inforce import InForce


@pytest.fixture(autouse=True)
def interval() -> Iterator[None]:
    """A worker that starts changes how long threads wait for each other."""
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


def test_where_it_listened_is_known_after_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is ready only then says so; its socket, which is closed, could not tell."""

    def broken(engine: Engine, *, settled: bool = False) -> None:
        raise RuntimeError("no scan")

    monkeypatch.setattr(Engine, "scan", broken)
    config = Config(pipelines={}, listen=("127.0.0.1", 0), state=str(tmp_path / "state"))
    with capture_logs() as said:
        server = Server(config, lambda: config, InForce(None))
        url = server.url
        assert 1 == server.run()
        assert url == server.url
    assert {"serving": url} == {entry["event"]: entry["url"] for entry in said if "url" in entry}
