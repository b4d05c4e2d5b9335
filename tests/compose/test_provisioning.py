"""What Grafana finds at its start, as it lies in grafana/provisioning, without Grafana."""

import re

import pytest

from tests.compose.files import PROVISIONING, ROOT, read, services

DATASOURCE_KEYS = {
    *("name", "uid", "type", "access", "orgId", "url", "user", "database", "basicAuth", "basicAuthUser"),
    *("withCredentials", "isDefault", "jsonData", "secureJsonData", "editable", "version"),
}
"""What Grafana reads of a datasource; it passes over anything else without a word."""

PROVIDER_KEYS = {
    *("name", "orgId", "type", "folder", "folderUid", "editable", "options"),
    *("disableDeletion", "updateIntervalSeconds", "allowUiUpdates"),
}
"""What Grafana reads of a provider of dashboards."""

[DASHBOARDS] = read(PROVISIONING / "dashboards" / "dashboards.yml")["providers"]
DATASOURCES = read(PROVISIONING / "datasources" / "datasources.yml")["datasources"]


def target(source: str) -> str:
    """Where something of the repository is mounted in Grafana's container."""
    [found] = [mount.split(":")[1] for mount in services()["grafana"]["volumes"] if mount.startswith(f"{source}:")]
    return str(found)


def test_files_lie_where_grafana_looks():
    """Grafana looks for the folders `datasources` and `dashboards` below its provisioning folder, for nothing else."""
    assert "/etc/grafana/provisioning" == target("./grafana/provisioning")
    assert ["dashboards", "datasources"] == sorted(path.name for path in PROVISIONING.iterdir())
    assert {1} == {read(path)["apiVersion"] for path in PROVISIONING.rglob("*.yml")}


@pytest.mark.parametrize("datasource", DATASOURCES, ids=lambda datasource: datasource["name"])
def test_a_datasource_is_a_service(datasource):
    """A datasource has a fixed uid and the address of the service of that name, and nobody can change it."""
    assert set() == datasource.keys() - DATASOURCE_KEYS
    name = datasource["type"]
    assert name == datasource["uid"]
    port = services()[name]["ports"][0].rpartition(":")[2]
    assert f"http://{name}:{port}" == datasource["url"]
    assert datasource["editable"] is False


def test_datasources_know_each_other():
    """Prometheus is the default, and its alerts are those of the Alertmanager beside it."""
    [default] = [datasource for datasource in DATASOURCES if datasource.get("isDefault")]
    assert "prometheus" == default["uid"]
    assert "alertmanager" == default["jsonData"]["alertmanagerUid"]
    assert {"prometheus", "alertmanager"} == {datasource["uid"] for datasource in DATASOURCES}


def test_the_interval_is_the_one_of_scrapes():
    """What Grafana takes for the interval of samples, and rate windows for a quarter of theirs, is the scrapes'."""
    scrapes = read(ROOT / "prometheus" / "prometheus.yml")["global"]["scrape_interval"]
    [prometheus] = [datasource for datasource in DATASOURCES if datasource["uid"] == "prometheus"]
    assert scrapes == prometheus["jsonData"]["timeInterval"]


def test_dashboards_are_read_where_they_are_mounted():
    """All dashboards go into one folder, which nobody can change, and the overview is the home page."""
    assert set() == DASHBOARDS.keys() - PROVIDER_KEYS
    path = DASHBOARDS["options"]["path"]
    assert path == target("./grafana/dashboards")
    assert "foldersFromFilesStructure" not in DASHBOARDS["options"]
    assert (False, True) == (DASHBOARDS["allowUiUpdates"], DASHBOARDS["disableDeletion"])
    home = services()["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert f"{path}/overview.json" == home


def test_whoever_comes_may_look():
    """Who is not logged in is a viewer, and the administrator's password is no word that stands in the repository."""
    environment = services()["grafana"]["environment"]
    assert ("true", "Viewer") == (
        environment["GF_AUTH_ANONYMOUS_ENABLED"],
        environment["GF_AUTH_ANONYMOUS_ORG_ROLE"],
    )
    assert re.fullmatch(r"\$\{GRAFANA_ADMIN_PASSWORD:-\$\$__file\{.*\}\}", environment["GF_SECURITY_ADMIN_PASSWORD"])
