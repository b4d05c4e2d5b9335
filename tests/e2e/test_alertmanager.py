"""What a real Alertmanager makes of alerts."""

from pathlib import Path

from tests.e2e.alertmanager import Alertmanager
from tests.e2e.serving import until

QUIET = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


def test_it_takes_alerts(tmp_path: Path) -> None:
    """An alert that is sent is known, and given to the receiver that the route names."""
    (tmp_path / "alertmanager.yml").write_text(QUIET)
    alertmanager = Alertmanager(tmp_path, tmp_path / "alertmanager.yml")
    try:
        alertmanager.start()
        alertmanager.post({"alertname": "PersonaRepairRatio"})
        (alert,) = until(alertmanager.alerts)
    finally:
        alertmanager.close()
    assert {"alertname": "PersonaRepairRatio"} == alert["labels"]
    assert [{"name": "nobody"}] == alert["receivers"]
