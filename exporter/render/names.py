"""What an indicator is called where it is recorded and where it alerts, and where links to it lead."""

import msgspec


def record_name(table: str, name: str) -> str:
    """What an indicator is recorded as.

    >>> record_name("persona", "repair_ratio")
    'persona:repair_ratio'
    """
    return f"{table}:{name}"


def alert_name(table: str, name: str) -> str:
    """What an indicator's alerts are called, whatever their severity.

    >>> alert_name("persona", "repair_ratio")
    'PersonaRepairRatio'
    """
    return f"{table}_{name}".title().replace("_", "")


class Links(msgspec.Struct, frozen=True):
    """Where links lead: a page with the runbook, Grafana's dashboards, named like the tables, Alertmanager's alerts."""

    runbook: str = "http://localhost:10210/runbook"
    dashboards: str = "http://localhost:3000/d"
    alerts: str = "http://localhost:9093/#/alerts"

    def runbook_of(self, alert: str) -> str:
        """An alert's heading in the runbook.

        >>> Links().runbook_of("PersonaRepairRatio")
        'http://localhost:10210/runbook#personarepairratio'
        """
        return f"{self.runbook}#{alert.lower()}"

    def firing(self, alert: str) -> str:
        """An alert where it fires, and can be silenced.

        >>> Links().firing("PersonaRepairRatio")
        'http://localhost:9093/#/alerts?filter=%7Balertname%3D%22PersonaRepairRatio%22%7D'
        """
        return f"{self.alerts}?filter=%7Balertname%3D%22{alert}%22%7D"
