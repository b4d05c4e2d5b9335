"""Every series that a dashboard may ask for, by what is declared, what is live, and what the rules record."""

from exporter.render.live import LIVE, PROCESS
from tests.rules.exposed import declared
from tests.rules.expressions import TARGET, Labels
from tests.rules.files import records, rule_files


def known() -> dict[str, Labels]:
    """The labels of every series that is scraped."""
    live = {name: TARGET | set(live.labels) for live in LIVE for name in live.names}
    process = {name: TARGET | set(labels) for name, labels in PROCESS.items()}
    return {**declared(), **live, **process, "up": TARGET}


KNOWN = known()
RECORDED = {record["record"]: record["expr"].strip() for table in rule_files() for record in records(table)}
"""The expressions of records."""
