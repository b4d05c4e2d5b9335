"""The compose file with a folder of the user's own, the exporter alone."""

from datetime import UTC, datetime

from exporter import demo
from tests.compose.stack import brought_up
from tests.e2e.serving import until
from tests.exposition import key
from tests.tools import engine


def test_logs_of_ones_own_are_followed(tmp_path):
    """With LOGS_DIR the exporter follows a folder that its group may read, in batches as real runs want them."""
    engine()
    log = tmp_path / "logs" / "persona" / "generation.log"
    log.parent.mkdir(parents=True)
    log.write_text("".join(f"{line}\n" for line in demo.lines("persona", "attempts", 7, start=datetime.now(UTC))))
    for path, mode in ((log, 0o640), (log.parent, 0o750), (tmp_path / "logs", 0o750)):
        path.chmod(mode)
    settings = {"LOGS_DIR": str(tmp_path / "logs"), "LOGS_GID": str(log.stat().st_gid), "DEMO": "0"}
    with brought_up(["exporter"], settings) as stack:
        assert 7 == until(stack.scrape)[key("pipeline_exporter_lines_total", pipeline="persona", stream="attempts")]
        assert "Read-only file system" in stack.inside("exporter", "touch", "/logs/written")
        settled = stack.inside("exporter", "printenv", "BATCH_SIZE", "RUN_TTL")
        assert ["1000", "6h"] == settled.split()
